#![allow(clippy::unwrap_used, clippy::panic)]

use ed25519_dalek::SigningKey;
use serde_json::json;
use time::macros::datetime;

use super::*;
use crate::ledger::Ledger;
use crate::note::{CheckpointKey, Origin};
use crate::proof::ConsistencyProof;
use crate::storage::DirectoryStorage;
use crate::witness::{DirectoryMemory, Offer, Witness};

fn key(name: &str, seed: u8) -> CheckpointKey {
    CheckpointKey::new(Origin::new(name).unwrap(), SigningKey::from_bytes(&[seed; 32]))
}

/// A ledger of four entries of which a witness has cosigned three, exported.
fn exported(folder: &Path) -> PathBuf {
    let now = datetime!(2026-11-22 14:50:00 UTC);
    let mut ledger =
        Ledger::create(DirectoryStorage::open(folder.join("ledger")).unwrap(), key("net.example/a", 1))
            .unwrap();
    (0..3).for_each(|number| drop(ledger.append(now, "note", &json!({ "number": number })).unwrap().clone()));
    let mut witness =
        Witness::new(key("net.example/w", 2), DirectoryMemory::open(folder.join("witness")).unwrap());
    let testimony = ledger.testify(&[], |_| false).unwrap();
    let (log, proof) = (ledger.verifier(), ConsistencyProof(Vec::new()));
    let checkpoint = testimony.checkpoint.as_bytes();
    let line = witness.cosign(&Offer { log: &log, checkpoint, since: 0, proof: &proof }, now).unwrap();
    let mut cosigned = CosignedCheckpoint::open(checkpoint, &log).unwrap();
    cosigned.add(&line, &witness.verifier()).unwrap();
    ledger.confront(&cosigned).unwrap();
    ledger.append(now, "note", &json!({})).unwrap();
    let storage = DirectoryStorage::open(folder.join("ledger")).unwrap();
    let stranger = key("net.example/x", 3).verifier();
    let out = folder.join("export");
    Export::of(&storage, log, vec![witness.verifier(), stranger]).unwrap().write(&out).unwrap();
    out
}

#[test]
fn an_export_holds_everything_that_is_needed_to_check_it() {
    let folder = tempfile::tempdir().unwrap();
    let out = exported(folder.path());
    let export = Export::read(&out).unwrap();
    let audit = export.audit();
    assert!(audit.is_sound(), "{audit:?}");
    assert_eq!(audit.verification.size, 4);
    let part = audit.cosigned.unwrap().unwrap();
    let by: Vec<&str> = part.by.iter().map(|one| one.witness.as_str()).collect();
    assert_eq!((part.size, by), (3, vec!["net.example/w"]));
    assert_eq!(export.entries().len(), 4);
    let again = export.write(&out).unwrap_err().to_string();
    assert!(again.contains("ledger.log"), "an export is never replaced: {again}");
}

#[test]
fn whatever_is_changed_in_an_export_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let out = exported(folder.path());
    let change = |name: &str, from: &str, to: &str| {
        let text = fs::read_to_string(out.join(name)).unwrap();
        assert!(text.contains(from), "{name}");
        fs::write(out.join(name), text.replacen(from, to, 1)).unwrap();
        let audit = Export::read(&out).map(|export| export.audit());
        fs::write(out.join(name), text).unwrap();
        audit
    };
    let unsound = |name, from, to| !change(name, from, to).unwrap().is_sound();
    assert!(unsound("ledger.log", "\"number\":1", "\"number\":7"));
    assert!(unsound("checkpoint", "\n4\n", "\n3\n"));
    assert!(unsound("cosigned", "\n3\n", "\n2\n"));
    assert!(unsound("cosigned", "— net.example/w ", "— net.example/w A"));
    let lines = |name| fs::read_to_string(out.join(name)).unwrap();
    let other = key("net.example/a", 4).verifier().to_string();
    assert!(unsound("verifier-key", lines("verifier-key").trim_end(), &other));
    assert!(change("witness-keys", "net.example/w+", "net.example/v+").is_err());
    assert!(Export::read(&out).unwrap().audit().is_sound());
    fs::write(out.join("locked"), "witnesses remember more\n").unwrap();
    assert_eq!(Export::read(&out).unwrap().audit().locked.as_deref(), Some("witnesses remember more"));
    fs::remove_file(out.join("locked")).unwrap();
    fs::remove_file(out.join("verifier-key")).unwrap();
    assert!(Export::read(&out).unwrap_err().to_string().contains("not an exported ledger"));
}

#[test]
fn a_log_that_is_shorter_than_what_was_cosigned_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let out = exported(folder.path());
    let mut export = Export::read(&out).unwrap();
    let cosigned = export.audit().cosigned.unwrap().unwrap().size;
    let line = export.log.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    export.log.truncate(line);
    let Some(Err(CosignedFault::Log(fault))) = export.audit().cosigned else { panic!("it is sound") };
    assert_eq!(fault, Fault::Missing { signed: cosigned, found: 1 });
}
