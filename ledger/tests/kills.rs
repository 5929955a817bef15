//! A writer that is killed again and again, as `kill -9` does: whatever it said was written is there.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

use std::env;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use ed25519_dalek::SigningKey;
use notochord_ledger::{CheckpointKey, DirectoryStorage, Ledger, LedgerError, Origin, Recovery, verify};
use serde_json::json;
use time::OffsetDateTime;

/// Where the writer writes, for the process that is one.
const FOLDER: &str = "NOTOCHORD_LEDGER_FOLDER";

fn key() -> CheckpointKey {
    CheckpointKey::new(Origin::new("net.example/site/a").unwrap(), SigningKey::from_bytes(&[7; 32]))
}

fn open(folder: &Path) -> Result<Ledger, LedgerError> {
    Ledger::open(DirectoryStorage::open(folder).unwrap(), key())
}

#[test]
#[ignore = "it is the process that the other tests kill"]
fn the_writer() {
    let Some(folder) = env::var_os(FOLDER) else { return };
    let mut ledger = open(Path::new(&folder)).unwrap();
    let mut said = std::io::stdout().lock();
    // It is killed long before; should its parent end first, writing to the closed pipe ends it.
    for _ in 0..1_000_000 {
        let number = ledger.entries().len();
        let body = json!({ "number": number, "padding": "x".repeat(number % 700) });
        ledger.append(OffsetDateTime::now_utc(), "note", &body).unwrap();
        if writeln!(said, "kept {number}").and_then(|()| said.flush()).is_err() {
            return;
        }
    }
}

fn writer(folder: &Path) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "the_writer", "--ignored", "--nocapture", "--test-threads", "1"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Kills the writer after it has said some number of times that it wrote; gives the last number it said.
fn kill_after(folder: &Path, sayings: usize) -> Option<usize> {
    let mut writer = writer(folder);
    let mut said = BufReader::new(writer.stdout.take().unwrap()).lines().map_while(Result::ok);
    let number = |line: String| line.strip_prefix("kept ").and_then(|number| number.parse::<usize>().ok());
    let before = said.by_ref().filter_map(number).take(sayings).last();
    writer.kill().unwrap();
    // What it said before it died counts too.
    let after = said.filter_map(number).last();
    writer.wait().unwrap();
    after.or(before)
}

fn kill_and_check(times: usize) {
    let folder = tempfile::tempdir().unwrap();
    drop(Ledger::create(DirectoryStorage::open(folder.path()).unwrap(), key()).unwrap());
    let mut repaired = 0;
    for time in 0..times {
        let said = kill_after(folder.path(), 1 + time * 7 % 13).unwrap();
        let ledger = open(folder.path()).unwrap_or_else(|error| panic!("kill {time}: {error}"));
        let kept = ledger.entries().len();
        assert!(
            kept == said + 1 || kept == said + 2,
            "kill {time}: it said {said}, {kept} entries are there"
        );
        assert!(ledger.entries().iter().enumerate().all(|(n, entry)| entry.body["number"] == n));
        let is_torn = |recovery: &Recovery| matches!(recovery, Recovery::TornTail { .. });
        repaired += ledger.recoveries().iter().filter(|recovery| is_torn(recovery)).count();
        let storage = DirectoryStorage::open(folder.path()).unwrap();
        assert!(verify(&storage, &key().verifier()).unwrap().is_sound(), "kill {time}");
    }
    println!("{repaired} of {times} kills came in the middle of a write");
}

#[test]
fn a_writer_killed_fifty_times_keeps_everything_it_said_it_wrote() {
    kill_and_check(50);
}

#[test]
#[ignore = "some minutes; run it with --ignored"]
fn a_writer_killed_a_thousand_times_keeps_everything_it_said_it_wrote() {
    kill_and_check(1000);
}
