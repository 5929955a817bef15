//! The coordinator's key changes whole, wherever a start that changes it was interrupted.
#![allow(clippy::unwrap_used)]

use notochord_link::private_file::create_private;
use notochord_proto::root::ROOT_TYPE;
use zeroize::Zeroizing;

use super::*;

const NOW: OffsetDateTime = time::macros::datetime!(2026-12-01 12:00 UTC);

fn key(seed: u8) -> SecretKey {
    SecretKey::from_seed(&Zeroizing::new([seed; 32]))
}

/// A coordinator's directory with the next root document, signed with `by`, waiting beside the one in force.
fn waiting(directory: &tempfile::TempDir, by: impl Fn(&Home) -> SecretKey) -> (Home, Envelope, Root) {
    let path = directory.path().join("office");
    let dictionary = directory.path().join("dictionary.csv");
    fs::write(&dictionary, include_str!("../../../tests/tests/commands/base/dictionary.csv")).unwrap();
    let [home, dictionary] = [&path, &dictionary].map(|path| path.display().to_string());
    let (investigator, approver) = (format!("i={}", key(1).public()), format!("a={}", key(2).public()));
    let arguments = ["notochord", "--home", &home, "init", "--name", "net", "--dictionary", &dictionary]
        .into_iter()
        .chain(["--investigator", &investigator, "--approver", &approver]);
    let made = crate::main(arguments.map(Into::into));
    assert_eq!(format!("{made:?}"), format!("{:?}", std::process::ExitCode::SUCCESS));
    let home = Home::open(&path).unwrap();
    create_private(&home.path(NEXT_KEY), key(3).to_file_text().as_bytes()).unwrap();
    let held = home.root().unwrap().1;
    let next = Root { version: 2, coordinator: key(3).public(), ..held };
    let envelope = Envelope::seal(ROOT_TYPE, next.to_bytes(), &by(&home));
    wait(&home, &envelope).unwrap();
    (home, envelope, next)
}

fn root_key(home: &Home) -> SecretKey {
    read_signing_key(&home.path("keys/root.key")).unwrap()
}

#[test]
fn a_start_that_was_interrupted_anywhere_is_finished_by_the_next_one() {
    for steps_done in 0..=4 {
        let directory = tempfile::tempdir().unwrap();
        let (home, envelope, next) = waiting(&directory, root_key);
        match steps_done {
            0 => {}
            1 => home.rename(LEDGER, "ledger.until-root-2").unwrap(),
            done => {
                change_ledgers(&home, &envelope, &next, &key(3), NOW).unwrap();
                if done >= 3 {
                    home.rename(NEXT_KEY, KEY).unwrap();
                }
                if done >= 4 {
                    home.write_root(&envelope, 2).unwrap();
                }
            }
        }
        assert_eq!(settle(&home, NOW).unwrap(), Some(2), "after {steps_done} steps");
        assert_eq!(home.root().unwrap().1, next);
        assert_eq!(home.coordinator_key().unwrap().public(), next.coordinator);
        let ledger = Ledger::open(home.ledger_storage().unwrap(), home.checkpoint_key().unwrap()).unwrap();
        let kinds: Vec<_> = ledger.entries().iter().map(|entry| entry.kind.as_str()).collect();
        assert_eq!(kinds, ["ledger_continued"], "after {steps_done} steps");
        assert!(home.path("ledger.until-root-2/ledger.log").exists());
        assert_eq!(settle(&home, NOW).unwrap(), None);
    }
}

#[test]
fn a_document_that_the_root_keys_did_not_seal_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let (home, ..) = waiting(&directory, |_| key(9));
    let before = home.coordinator_key().unwrap().public();
    assert!(matches!(settle(&home, NOW), Err(SuccessionError::Root(RootError::OldKeys(_)))));
    assert_eq!(home.coordinator_key().unwrap().public(), before);
    assert_eq!(home.root().unwrap().1.version, 1);
}
