#![allow(clippy::unwrap_used)]
use notochord_proto::digest::Digest;
use notochord_proto::keys::SecretKey;
use notochord_proto::name::NetworkName;
use notochord_proto::role::Role;
use notochord_proto::root::ROOT_TYPE;
use notochord_proto::status_list::{STATUS_TYPE, StatusList};
use time::Duration;
use time::macros::{date, datetime};
use zeroize::Zeroizing;

use super::*;

/// Takes news, and gives what was new.
fn taken(
    directory: &Path,
    trust: &mut Trust,
    sent: &TrustRequest,
    now: OffsetDateTime,
) -> Result<News, NewsError> {
    let mut news = News::default();
    take(directory, trust, sent, now, &mut news).map(|()| news)
}

const NOW: OffsetDateTime = datetime!(2026-12-01 12:00 UTC);

fn key(seed: u8) -> SecretKey {
    SecretKey::from_seed(&Zeroizing::new([seed; 32]))
}

fn files(label: &str) -> DictionaryFiles {
    let csv = include_str!("../../../tests/tests/commands/base/dictionary.csv");
    DictionaryFiles::of_fields(csv.replace("Record ID", label).as_bytes())
}

fn root(version: u32, dictionary: &DictionaryFiles) -> Root {
    let role = |name: &str, seed: u8| Role::of_one(name, key(seed).public());
    Root {
        network: NetworkName::new("net").unwrap(),
        version,
        expires: date!(2027 - 01 - 31),
        authority: Digest::of(b"ca"),
        former_authority: None,
        coordinator: key(3).public(),
        dictionary_version: "1".into(),
        dictionary: dictionary.digest(),
        root: role("root", 1),
        approvers: role("approvers", 4),
        investigators: role("investigators", 5),
        throwaway_minimum: None,
    }
}

fn sealed(root: &Root) -> Envelope {
    Envelope::seal(ROOT_TYPE, root.to_bytes(), &key(1))
}

fn bytes(envelope: &Envelope) -> Vec<u8> {
    envelope.to_json().into_bytes()
}

fn status(root: &Root, version: u64) -> Vec<u8> {
    let list = StatusList {
        network: root.network.clone(),
        version,
        issued: NOW,
        expires: NOW + Duration::hours(24),
        root: RootReference { version: root.version, digest: sealed(root).payload_digest() },
        revoked: Vec::new(),
        withdrawn: Vec::new(),
        superseded: Vec::new(),
        recused: Vec::new(),
    };
    bytes(&Envelope::seal(STATUS_TYPE, list.to_bytes(), &key(3)))
}

/// A member's directory with version 1 of the root document.
fn directory() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    dictionary_directory::keep(directory.path(), &files("one")).unwrap();
    write(directory.path(), ROOT, &sealed(&root(1, &files("one")))).unwrap();
    directory
}

#[test]
fn a_member_who_was_away_takes_every_root_document_it_missed_and_the_status_list_of_the_last() {
    let directory = directory();
    let mut trust = read(directory.path()).unwrap();
    let roots: Vec<_> = (1..=4).map(|version| root(version, &files("one"))).collect();
    let sent = TrustRequest {
        sealed_roots: roots.iter().map(|root| bytes(&sealed(root))).collect(),
        dictionary: Vec::new(),
        sealed_status: status(&roots[3], 7),
    };
    let news = taken(directory.path(), &mut trust, &sent, NOW).unwrap();
    assert_eq!(news.roots.iter().map(|root| root.version).collect::<Vec<_>>(), [2, 3, 4]);
    assert_eq!(news.status, Some(7));
    assert_eq!(read(directory.path()).unwrap(), trust);
    trust.in_force(NOW).unwrap();
    // The same message again, or an older one that was delayed, changes nothing.
    assert_eq!(taken(directory.path(), &mut trust, &sent, NOW).unwrap(), News::default());
    let older = TrustRequest { sealed_status: Vec::new(), ..sent };
    assert!(!taken(directory.path(), &mut trust, &older, NOW).unwrap().is_any());
}

#[test]
fn a_fault_in_the_chain_leaves_the_member_where_it_was() {
    let directory = directory();
    let mut trust = read(directory.path()).unwrap();
    let (second, fourth) = (root(2, &files("one")), root(4, &files("one")));
    let sent = TrustRequest {
        sealed_roots: vec![bytes(&sealed(&second)), bytes(&sealed(&fourth))],
        sealed_status: status(&second, 1),
        ..Default::default()
    };
    assert!(matches!(taken(directory.path(), &mut trust, &sent, NOW), Err(NewsError::Root(_))));
    assert_eq!(trust.root_reference().version, 1);
    assert_eq!(read(directory.path()).unwrap(), trust);
}

#[test]
fn a_root_document_is_told_of_and_stays_in_force_though_the_status_list_beside_it_is_refused() {
    let directory = directory();
    let mut trust = read(directory.path()).unwrap();
    let (first, second) = (root(1, &files("one")), root(2, &files("one")));
    let sent = TrustRequest {
        sealed_roots: vec![bytes(&sealed(&second))],
        sealed_status: status(&first, 1),
        ..Default::default()
    };
    let mut news = News::default();
    let refused = take(directory.path(), &mut trust, &sent, NOW, &mut news);
    assert!(matches!(refused, Err(NewsError::Status(_))));
    assert_eq!(news.roots.iter().map(|root| root.version).collect::<Vec<_>>(), [2]);
    assert_eq!(read(directory.path()).unwrap().root_reference().version, 2);
}

#[test]
fn a_root_document_that_names_a_new_dictionary_comes_with_it_or_not_at_all() {
    let directory = directory();
    let mut trust = read(directory.path()).unwrap();
    let next = root(2, &files("two"));
    let with = |files: &DictionaryFiles| TrustRequest {
        sealed_roots: vec![bytes(&sealed(&next))],
        dictionary: files
            .iter()
            .map(|(name, content)| DictionaryFile { name: name.into(), content: content.into() })
            .collect(),
        sealed_status: status(&next, 1),
    };
    for wrong in [with(&files("three")), TrustRequest { dictionary: Vec::new(), ..with(&files("two")) }] {
        let refused = taken(directory.path(), &mut trust, &wrong, NOW);
        assert!(matches!(refused, Err(NewsError::Dictionary { version: 2, .. })));
        assert_eq!(read(directory.path()).unwrap().root_reference().version, 1);
    }
    taken(directory.path(), &mut trust, &with(&files("two")), NOW).unwrap();
    assert_eq!(dictionary_directory::named(directory.path(), &next.dictionary).unwrap(), files("two"));
}

#[test]
fn a_status_list_that_is_refused_is_not_written_down() {
    let directory = directory();
    let mut trust = read(directory.path()).unwrap();
    let current = root(1, &files("one"));
    let sent = |version| TrustRequest { sealed_status: status(&current, version), ..Default::default() };
    taken(directory.path(), &mut trust, &sent(5), NOW).unwrap();
    assert!(matches!(taken(directory.path(), &mut trust, &sent(4), NOW), Err(NewsError::Status(_))));
    assert_eq!(read(directory.path()).unwrap().last_heard().unwrap().version, 5);
}

#[test]
fn no_bytes_from_the_coordinator_make_a_member_panic() {
    let directory = directory();
    let mut trust = read(directory.path()).unwrap();
    for rubbish in
        [&b""[..], b"{}", b"\xff\xfe", b"[[[[", b"{\"payload\":\"\",\"payloadType\":\"\",\"signatures\":[]}"]
    {
        let sent = TrustRequest {
            sealed_roots: vec![rubbish.to_vec()],
            sealed_status: rubbish.to_vec(),
            ..Default::default()
        };
        assert!(taken(directory.path(), &mut trust, &sent, NOW).is_err());
    }
    let flood = TrustRequest { sealed_roots: vec![Vec::new(); MOST_ROOTS + 1], ..Default::default() };
    assert!(matches!(taken(directory.path(), &mut trust, &flood, NOW), Err(NewsError::TooMany)));
}
