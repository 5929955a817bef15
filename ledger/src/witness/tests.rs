#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use ed25519_dalek::SigningKey;
use serde_json::json;
use time::macros::datetime;

use super::*;
use crate::ledger::Ledger;
use crate::storage::{DirectoryStorage, Storage};

const NOW: OffsetDateTime = datetime!(2026-11-22 14:50:00 UTC);

#[derive(Debug, Default)]
struct Shelf {
    documents: BTreeMap<String, Vec<u8>>,
    is_full: bool,
}

impl Memory for Shelf {
    fn recall(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        Ok(self.documents.get(name).cloned())
    }

    fn keep(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        if self.is_full {
            return Err(io::Error::other("the disk is full"));
        }
        self.documents.insert(name.to_owned(), bytes.to_vec());
        Ok(())
    }

    fn names(&self) -> io::Result<Vec<String>> {
        Ok(self.documents.keys().cloned().collect())
    }
}

fn key(name: &str, seed: u8) -> CheckpointKey {
    CheckpointKey::new(Origin::new(name).unwrap(), SigningKey::from_bytes(&[seed; 32]))
}

fn witness() -> Witness<Shelf> {
    Witness::new(key("net.example/w", 9), Shelf::default())
}

/// A ledger in a folder that goes with it.
struct Log {
    _folder: tempfile::TempDir,
    ledger: Ledger,
}

impl Log {
    fn of(texts: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let storage = DirectoryStorage::open(folder.path()).unwrap();
        let ledger = Ledger::create(storage, key("net.example/a", 1)).unwrap();
        let mut log = Self { _folder: folder, ledger };
        texts.iter().for_each(|text| log.append(text));
        log
    }

    fn append(&mut self, text: &str) {
        self.ledger.append(NOW, "note", &json!({ "text": text })).unwrap();
    }

    /// Offers its newest checkpoint, with the proof from where the witness is said to stand.
    fn offer<M: Memory>(&mut self, witness: &mut Witness<M>, since: u64) -> Result<String, Unwitnessed> {
        let testimony = self.ledger.testify(&[since], |_| false).unwrap();
        let none = ConsistencyProof(Vec::new());
        let proof = testimony.since.first().map_or(&none, |(_, proof)| proof);
        let (log, checkpoint) = (self.ledger.verifier(), testimony.checkpoint.as_bytes());
        witness.cosign(&Offer { log: &log, checkpoint, since, proof }, NOW)
    }
}

#[test]
fn a_ledger_that_grows_is_cosigned_again_and_again() {
    let (mut witness, mut log) = (witness(), Log::of(&["a", "b"]));
    log.offer(&mut witness, 0).unwrap();
    log.offer(&mut witness, 2).unwrap();
    log.append("c");
    let line = log.offer(&mut witness, 2).unwrap();
    let note = log.ledger.testify(&[], |_| false).unwrap().checkpoint;
    let mut cosigned = CosignedCheckpoint::open(note.as_bytes(), &log.ledger.verifier()).unwrap();
    cosigned.add(&line, &witness.verifier()).unwrap();
    assert_eq!(cosigned.cosigned_by(&witness.verifier()).unwrap().unwrap().time, NOW);
    let origin = Origin::new("net.example/a").unwrap();
    assert_eq!(witness.recall(&origin).unwrap().unwrap().checkpoint().size, 3);
    assert_eq!(witness.ledgers().unwrap(), [log.ledger.verifier()]);
}

#[test]
fn a_rollback_is_refused_and_named() {
    let (mut witness, mut log) = (witness(), Log::of(&["a", "b", "c"]));
    log.offer(&mut witness, 0).unwrap();
    let refused = Log::of(&["a", "b"]).offer(&mut witness, 2).unwrap_err();
    assert!(matches!(refused, Unwitnessed::Rollback { known: 3, offered: 2 }), "{refused}");
}

#[test]
fn a_split_view_is_refused_and_named() {
    let (mut witness, mut log) = (witness(), Log::of(&["a", "b", "c"]));
    log.offer(&mut witness, 0).unwrap();
    for texts in [&["a", "b", "x"][..], &["a", "x", "c", "d"], &["x", "b", "c", "d", "e"]] {
        let refused = Log::of(texts).offer(&mut witness, 3).unwrap_err();
        assert!(matches!(refused, Unwitnessed::SplitView { known: 3, .. }), "{refused}");
    }
    log.append("d");
    log.offer(&mut witness, 3).unwrap();
}

#[test]
fn a_proof_that_does_not_start_where_the_witness_stands_is_refused_with_the_place() {
    let (mut witness, mut log) = (witness(), Log::of(&["a", "b", "c"]));
    assert!(matches!(log.offer(&mut witness, 2), Err(Unwitnessed::Since { known: 0 })));
    log.offer(&mut witness, 0).unwrap();
    log.append("d");
    assert!(matches!(log.offer(&mut witness, 0), Err(Unwitnessed::Since { known: 3 })));
    assert!(matches!(log.offer(&mut witness, 2), Err(Unwitnessed::Since { known: 3 })));
}

#[test]
fn another_key_under_a_known_name_is_refused() {
    let (mut witness, mut log) = (witness(), Log::of(&["a"]));
    log.offer(&mut witness, 0).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let storage = DirectoryStorage::open(folder.path()).unwrap();
    let ledger = Ledger::create(storage, key("net.example/a", 2)).unwrap();
    let mut usurper = Log { _folder: folder, ledger };
    usurper.append("a");
    assert!(matches!(usurper.offer(&mut witness, 1), Err(Unwitnessed::Key(_))));
}

#[test]
fn a_checkpoint_with_a_wrong_signature_is_refused() {
    let (mut witness, mut log) = (witness(), Log::of(&["a"]));
    let note = log.ledger.testify(&[], |_| false).unwrap().checkpoint.replacen("\n1\n", "\n2\n", 1);
    let (key, proof) = (log.ledger.verifier(), ConsistencyProof(Vec::new()));
    let offer = Offer { log: &key, checkpoint: note.as_bytes(), since: 0, proof: &proof };
    assert!(matches!(witness.cosign(&offer, NOW), Err(Unwitnessed::Checkpoint(_))));
}

#[test]
fn nothing_is_cosigned_that_could_not_be_kept_or_whose_memory_is_damaged() {
    let (mut witness, mut log) = (witness(), Log::of(&["a"]));
    witness.memory.is_full = true;
    assert!(matches!(log.offer(&mut witness, 0), Err(Unwitnessed::Memory(_))));
    witness.memory.is_full = false;
    log.offer(&mut witness, 0).unwrap();
    witness.memory.documents.values_mut().for_each(|document| document[100] ^= 1);
    assert!(matches!(log.offer(&mut witness, 1), Err(Unwitnessed::Damaged(_))));
}

#[test]
fn a_witness_remembers_across_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let open =
        || Witness::new(key("net.example/w", 9), DirectoryMemory::open(folder.path().join("w")).unwrap());
    let mut log = Log::of(&["a", "b"]);
    log.offer(&mut open(), 0).unwrap();
    assert!(matches!(Log::of(&["a"]).offer(&mut open(), 1), Err(Unwitnessed::Rollback { .. })));
    log.append("c");
    log.offer(&mut open(), 2).unwrap();
}

/// A copy of a ledger's folder, opened.
fn copy(log: &Log) -> (tempfile::TempDir, DirectoryStorage) {
    let folder = tempfile::tempdir().unwrap();
    for file in fs::read_dir(log._folder.path()).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), folder.path().join(file.file_name())).unwrap();
    }
    let storage = DirectoryStorage::open(folder.path()).unwrap();
    (folder, storage)
}

fn remembered(log: &mut Log) -> CosignedCheckpoint {
    let note = log.ledger.testify(&[], |_| false).unwrap().checkpoint;
    CosignedCheckpoint::open(note.as_bytes(), &log.ledger.verifier()).unwrap()
}

#[test]
fn an_older_copy_that_was_put_back_locks_itself_once_it_is_told_and_stays_locked() {
    use crate::ledger::LedgerError;
    use crate::storage::Document;
    let mut log = Log::of(&["a", "b"]);
    let (_folder, storage) = copy(&log);
    log.append("c");
    let memory = remembered(&mut log);
    log.ledger.confront(&memory).unwrap();

    let open = || Ledger::open(DirectoryStorage::open(_folder.path()).unwrap(), key("net.example/a", 1));
    let mut older = open().unwrap();
    let refused = older.confront(&memory).unwrap_err().to_string();
    assert!(refused.contains("witnesses remember 3 entries of it and it has 2"), "{refused}");
    let appended = older.append(NOW, "note", &json!({})).map(|_| ());
    assert!(matches!(appended, Err(LedgerError::Locked(_))));
    assert!(matches!(older.testify(&[], |_| true), Err(LedgerError::Locked(_))));
    assert!(matches!(open(), Err(LedgerError::Locked(_))));
    assert!(storage.read(Document::Locked).unwrap().is_some());
}

#[test]
fn two_histories_of_one_ledger_lock_it() {
    let mut log = Log::of(&["a", "b"]);
    let (_folder, storage) = copy(&log);
    log.append("c");
    let mut other = Ledger::open(storage, key("net.example/a", 1)).unwrap();
    other.append(NOW, "note", &json!({ "text": "x" })).unwrap();
    other.append(NOW, "note", &json!({ "text": "y" })).unwrap();
    let refused = other.confront(&remembered(&mut log)).unwrap_err().to_string();
    assert!(refused.contains("its first 3 entries are not those that witnesses remember"), "{refused}");
}

#[test]
fn a_log_that_was_put_back_beside_a_newer_cosigned_checkpoint_is_found_at_the_start() {
    let mut log = Log::of(&["a", "b"]);
    let (folder, _) = copy(&log);
    log.append("c");
    let memory = remembered(&mut log);
    fs::write(folder.path().join("cosigned"), memory.as_str()).unwrap();
    let opened = Ledger::open(DirectoryStorage::open(folder.path()).unwrap(), key("net.example/a", 1));
    assert!(opened.unwrap_err().to_string().contains("an older copy was put back"));
}

#[test]
fn the_newest_cosigned_checkpoint_is_kept_and_an_older_one_changes_nothing() {
    use crate::storage::Document;
    let mut log = Log::of(&["a"]);
    let older = remembered(&mut log);
    log.append("b");
    let newer = remembered(&mut log);
    log.append("c");
    log.ledger.confront(&newer).unwrap();
    log.ledger.confront(&older).unwrap();
    let storage = DirectoryStorage::open(log._folder.path()).unwrap();
    assert_eq!(storage.read(Document::Cosigned).unwrap().unwrap(), newer.as_str().as_bytes());
}

#[test]
fn a_testimony_proves_the_entries_asked_for() {
    let mut log = Log::of(&["a", "b", "c", "d", "e"]);
    let wanted = |entry: &crate::Entry| entry.body["text"] == "b" || entry.body["text"] == "e";
    let testimony = log.ledger.testify(&[2, 9], wanted).unwrap();
    let checkpoint =
        crate::Checkpoint::open(testimony.checkpoint.as_bytes(), &log.ledger.verifier()).unwrap();
    assert_eq!(testimony.since.len(), 1, "of a size it never had there is no proof");
    assert_eq!(testimony.entries.len(), 2);
    for entry in &testimony.entries {
        assert_eq!(entry.proof.verify(entry.json.as_bytes(), &checkpoint), Ok(()));
        assert!(
            entry.proof.verify(entry.json.replace('b', "x").as_bytes(), &checkpoint).is_err()
                || !entry.json.contains('b')
        );
    }
}
