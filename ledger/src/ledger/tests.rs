#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod every_crash;
mod faulty_storage;
mod random_disks;

use ed25519_dalek::SigningKey;
use proptest::prelude::*;
use serde_json::json;
use time::macros::datetime;

use self::faulty_storage::{Crash, FaultyStorage, Tear};
use super::*;
use crate::note::Origin;
use crate::verification::{Verification, verify, verify_bytes};

const NOW: OffsetDateTime = datetime!(2026-11-22 14:50:00 UTC);

fn key() -> CheckpointKey {
    CheckpointKey::new(Origin::new("net.example/site/a").unwrap(), SigningKey::from_bytes(&[7; 32]))
}

fn append<S: Storage>(ledger: &mut Ledger<S>, number: usize) -> Result<(), LedgerError> {
    ledger.append(NOW, "note", &json!({"number": number})).map(|_| ())
}

/// A ledger of `size` entries, on its disk.
fn written(size: usize) -> FaultyStorage {
    let disk = FaultyStorage::default();
    let mut ledger = Ledger::create(disk.clone(), key()).unwrap();
    for number in 0..size {
        append(&mut ledger, number).unwrap();
    }
    disk
}

fn check(log: &[u8], checkpoint: Option<&[u8]>) -> Verification {
    verify_bytes(log, checkpoint, &key().verifier())
}

fn lines(log: &[u8]) -> Vec<&[u8]> {
    log.split_inclusive(|byte| *byte == b'\n').collect()
}

#[test]
fn what_was_written_is_read_back_and_verifies() {
    let disk = written(5);
    let ledger = Ledger::open(disk.clone(), key()).unwrap();
    let numbers: Vec<_> = ledger.entries().iter().map(|entry| entry.body["number"].clone()).collect();
    assert_eq!(numbers, [0, 1, 2, 3, 4]);
    assert!(ledger.recoveries().is_empty());
    let verification = verify(&disk, &key().verifier()).unwrap();
    assert!(verification.is_sound(), "{verification}");
    assert_eq!((verification.size, verification.root), (5, ledger.checkpoint().root));
    assert_eq!(verification.to_string(), "5 entries verify against the signed checkpoint");
}

#[test]
fn a_folder_keeps_a_ledger() {
    let folder = tempfile::tempdir().unwrap();
    let storage = || DirectoryStorage::open(folder.path().join("ledger")).unwrap();
    let mut ledger = Ledger::create(storage(), key()).unwrap();
    assert!(matches!(Ledger::create(storage(), key()), Err(LedgerError::Exists)));
    append(&mut ledger, 0).unwrap();
    drop(ledger);
    let mut ledger = Ledger::open(storage(), key()).unwrap();
    append(&mut ledger, 1).unwrap();
    assert_eq!(ledger.entries().len(), 2);
    assert!(verify(&storage(), &key().verifier()).unwrap().is_sound());
    let mut names: Vec<_> = std::fs::read_dir(folder.path().join("ledger"))
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["checkpoint", "ledger.log", "lock"]);
}

#[test]
fn many_writers_on_one_folder_make_one_chain() {
    let folder = tempfile::tempdir().unwrap();
    let storage = || DirectoryStorage::open(folder.path()).unwrap();
    Ledger::create(storage(), key()).unwrap();
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let mut ledger = Ledger::open(storage(), key()).unwrap();
            scope.spawn(move || (0..10).for_each(|n| append(&mut ledger, writer * 10 + n).unwrap()));
        }
    });
    let ledger = Ledger::open(storage(), key()).unwrap();
    let mut numbers: Vec<_> =
        ledger.entries().iter().map(|entry| entry.body["number"].as_u64().unwrap()).collect();
    numbers.sort();
    assert_eq!(numbers, (0..40).collect::<Vec<_>>());
    assert!(verify(&storage(), &key().verifier()).unwrap().is_sound());
}

#[test]
fn a_crash_at_any_write_loses_nothing_acknowledged_and_leaves_a_ledger_that_verifies() {
    for at_write in 0..12 {
        let tears = (0..200).step_by(7).map(Tear::Prefix).chain([Tear::Zeros]);
        for tear in tears {
            let disk = written(2);
            let mut ledger = Ledger::open(disk.clone(), key()).unwrap();
            disk.crash(Crash { at_write, tear });
            let acknowledged = (2..6).take_while(|n| append(&mut ledger, *n).is_ok()).count() + 2;

            let disk = disk.after_power_cut();
            let mut ledger = Ledger::open(disk.clone(), key()).unwrap();
            let kept = ledger.entries().len();
            assert!((acknowledged..=acknowledged + 1).contains(&kept), "{at_write} {tear:?}");
            let order = ledger.entries().iter().enumerate().all(|(n, entry)| entry.body["number"] == n);
            assert!(order && verify(&disk, &key().verifier()).unwrap().is_sound());
            append(&mut ledger, kept).unwrap();
            assert!(verify(&disk, &key().verifier()).unwrap().is_sound());
        }
    }
}

#[test]
fn a_crash_while_repairing_is_repaired_too() {
    for at_write in 0..3 {
        for tail in [1, 60, 100, 145] {
            let (whole, _) = written(3).contents();
            let (log, checkpoint) = written(2).contents();
            let torn = &whole[..whole.len().min(log.len() + tail)];
            let disk = FaultyStorage::holding(torn, checkpoint.as_deref());
            disk.crash(Crash { at_write, tear: Tear::Prefix(0) });
            let _ = Ledger::open(disk.clone(), key());
            let disk = disk.after_power_cut();
            Ledger::open(disk.clone(), key()).unwrap();
            assert!(verify(&disk, &key().verifier()).unwrap().is_sound());
        }
    }
}

#[test]
fn a_torn_last_line_is_cut_off_and_said() {
    let (log, checkpoint) = written(3).contents();
    let torn = [&log[..], b"0123 torn"].concat();
    let disk = FaultyStorage::holding(&torn, checkpoint.as_deref());
    let ledger = Ledger::open(disk.clone(), key()).unwrap();
    assert_eq!(ledger.recoveries(), [Recovery::TornTail { line: 4, bytes: 9 }]);
    assert_eq!(
        ledger.recoveries()[0].to_string(),
        "line 4 was not yet signed for when the machine stopped; its 9 bytes were cut off"
    );
    assert_eq!(disk.contents().0, log);
}

#[test]
fn a_whole_last_line_that_was_not_signed_for_is_cut_off_and_said() {
    let (log, _) = written(4).contents();
    let (signed, older) = written(3).contents();
    let disk = FaultyStorage::holding(&log, older.as_deref());
    assert!(matches!(
        verify(&disk, &key().verifier()).unwrap().fault,
        Some(Fault::Unsigned { line: 4, signed: 3 })
    ));
    let ledger = Ledger::open(disk.clone(), key()).unwrap();
    let bytes = (log.len() - signed.len()) as u64;
    assert_eq!(ledger.recoveries(), [Recovery::TornTail { line: 4, bytes }]);
    assert_eq!(ledger.entries().len(), 3);
    assert_eq!(disk.contents().0, signed);
    assert!(verify(&disk, &key().verifier()).unwrap().is_sound());
}

#[test]
fn a_torn_line_that_another_process_left_is_cut_off_before_the_next_is_written() {
    let disk = written(1);
    let mut ledger = Ledger::open(disk.clone(), key()).unwrap();
    disk.clone().append_log(b"torn").unwrap();
    append(&mut ledger, 1).unwrap();
    assert_eq!(ledger.recoveries(), [Recovery::TornTail { line: 2, bytes: 4 }]);
    assert!(verify(&disk, &key().verifier()).unwrap().is_sound());
}

#[test]
fn two_lines_beyond_the_checkpoint_are_not_taken_for_a_crash() {
    let (log, _) = written(5).contents();
    let (_, older) = written(3).contents();
    let opened = Ledger::open(FaultyStorage::holding(&log, older.as_deref()), key());
    assert!(matches!(opened, Err(LedgerError::Broken(Fault::Unsigned { line: 4, signed: 3 }))));
}

#[test]
fn lines_missing_below_the_checkpoint_lock_the_ledger() {
    let (log, checkpoint) = written(5).contents();
    let cut = lines(&log)[..3].concat();
    let error = Ledger::open(FaultyStorage::holding(&cut, checkpoint.as_deref()), key()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the ledger is locked: the checkpoint covers 5 entries but the log ends after 3: entries are missing"
    );
}

#[test]
fn a_ledger_without_its_checkpoint_is_locked() {
    let (log, _) = written(1).contents();
    for log in [&log[..], b""] {
        let opened = Ledger::open(FaultyStorage::holding(log, None), key());
        assert!(matches!(opened, Err(LedgerError::Broken(Fault::NoCheckpoint))));
    }
}

#[test]
fn an_older_copy_under_a_running_process_is_found() {
    let disk = written(3);
    let mut ledger = Ledger::open(disk.clone(), key()).unwrap();
    let (log, checkpoint) = written(2).contents();
    disk.clone().truncate_log(log.len() as u64).unwrap();
    assert!(matches!(append(&mut ledger, 3), Err(LedgerError::Broken(Fault::RolledBack { known: 3, .. }))));
    disk.clone().replace(Document::Checkpoint, &checkpoint.unwrap()).unwrap();
    assert!(matches!(
        append(&mut ledger, 3),
        Err(LedgerError::Broken(Fault::RolledBack { known: 3, found: 2 }))
    ));
}

#[test]
fn a_failed_sync_locks_the_ledger_until_it_is_opened_again() {
    let disk = written(1);
    let mut ledger = Ledger::open(disk.clone(), key()).unwrap();
    disk.fail_syncs(true);
    assert!(matches!(append(&mut ledger, 1), Err(LedgerError::Storage { .. })));
    disk.fail_syncs(false);
    assert!(matches!(append(&mut ledger, 1), Err(LedgerError::Unsure)));
    assert!(append(&mut Ledger::open(disk, key()).unwrap(), 2).is_ok());
}

#[test]
fn a_full_disk_at_the_checkpoint_fails_one_append_and_the_next_goes_on() {
    let disk = written(1);
    let mut ledger = Ledger::open(disk.clone(), key()).unwrap();
    disk.fail_checkpoints(true);
    assert!(append(&mut ledger, 1).is_err());
    assert_eq!(ledger.entries().len(), 1);
    disk.fail_checkpoints(false);
    append(&mut ledger, 2).unwrap();
    assert!(matches!(ledger.recoveries(), [Recovery::TornTail { line: 2, .. }]));
    let numbers: Vec<_> = ledger.entries().iter().map(|entry| entry.body["number"].clone()).collect();
    assert_eq!(numbers, [0, 2]);
    assert!(verify(&disk, &key().verifier()).unwrap().is_sound());
}

#[test]
fn a_refused_entry_leaves_the_ledger_as_it_was() {
    let disk = written(1);
    let mut ledger = Ledger::open(disk.clone(), key()).unwrap();
    let before = disk.contents();
    assert!(matches!(ledger.append(NOW, "note", &"no fields"), Err(LedgerError::Entry(_))));
    assert_eq!(disk.contents(), before);
}

#[test]
fn a_history_rewritten_without_the_key_is_found() {
    let (log, _) = {
        let disk = FaultyStorage::default();
        let mut ledger = Ledger::create(disk.clone(), key()).unwrap();
        (10..13).for_each(|number| append(&mut ledger, number).unwrap());
        disk.contents()
    };
    let (_, checkpoint) = written(3).contents();
    assert_eq!(check(&log, checkpoint.as_deref()).fault, Some(Fault::Root { size: 3 }));
}

#[test]
fn another_key_does_not_open_the_ledger() {
    let other =
        CheckpointKey::new(Origin::new("net.example/site/a").unwrap(), SigningKey::from_bytes(&[8; 32]));
    let opened = Ledger::open(written(1), other);
    assert!(matches!(opened, Err(LedgerError::Broken(Fault::Checkpoint(_)))));
}

proptest! {
    #[test]
    fn any_changed_byte_is_found(position: prop::sample::Index, change in 1u8..) {
        let (mut log, checkpoint) = written(6).contents();
        let mut checkpoint = checkpoint.unwrap();
        let place = position.index(log.len() + checkpoint.len());
        match place.checked_sub(log.len()) {
            None => log[place] ^= change,
            Some(place) => checkpoint[place] ^= change,
        }
        prop_assert!(!check(&log, Some(&checkpoint)).is_sound());
    }

    #[test]
    fn any_removed_added_or_moved_line_is_found(a in 0usize..6, b in 0usize..6) {
        let (log, checkpoint) = written(6).contents();
        let sound = |lines: Vec<&[u8]>| check(&lines.concat(), checkpoint.as_deref()).is_sound();
        let original = lines(&log);

        let mut removed = original.clone();
        removed.remove(a);
        prop_assert!(!sound(removed));

        let mut repeated = original.clone();
        repeated.insert(b, original[a]);
        prop_assert!(!sound(repeated));

        let mut swapped = original.clone();
        swapped.swap(a, b);
        prop_assert_eq!(sound(swapped), a == b);

        prop_assert!(!sound(original[..a].to_vec()));
    }

    #[test]
    fn any_cut_or_addition_of_bytes_is_found(
        position: prop::sample::Index,
        added in prop::collection::vec(any::<u8>(), 1..40),
    ) {
        let (log, checkpoint) = written(4).contents();
        let place = position.index(log.len());
        prop_assert!(!check(&log[..place], checkpoint.as_deref()).is_sound());
        let longer = [&log[..place], &added, &log[place..]].concat();
        prop_assert!(!check(&longer, checkpoint.as_deref()).is_sound());
    }

    #[test]
    fn two_processes_that_crash_and_start_again_keep_every_acknowledged_entry(
        steps in prop::collection::vec((0usize..2, 0usize..40, 0usize..200), 1..12),
    ) {
        let mut disk = FaultyStorage::default();
        Ledger::create(disk.clone(), key()).unwrap();
        let mut acknowledged = Vec::new();
        for (round, (first, at_write, kept)) in steps.into_iter().enumerate() {
            let open = || Ledger::open(disk.clone(), key()).unwrap();
            let mut processes = [open(), open()];
            disk.crash(Crash { at_write, tear: Tear::Prefix(kept) });
            for turn in 0..4 {
                let number = round * 10 + turn;
                match append(&mut processes[(first + turn) % 2], number) {
                    Ok(()) => acknowledged.push(number as u64),
                    Err(_) => break,
                }
            }
            disk = disk.after_power_cut();
        }
        let ledger = Ledger::open(disk.clone(), key()).unwrap();
        let mut kept = ledger.entries().iter().map(|entry| entry.body["number"].as_u64().unwrap());
        prop_assert!(acknowledged.iter().all(|number| kept.any(|other| other == *number)));
        prop_assert!(verify(&disk, &key().verifier()).unwrap().is_sound());
    }
}
