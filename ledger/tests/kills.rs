//! Writers that are killed again and again, as `kill -9` does, while others write on: whatever one of them said was
//! written is there.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{JoinHandle, spawn};

use ed25519_dalek::SigningKey;
use notochord_ledger::{CheckpointKey, DirectoryStorage, Ledger, LedgerError, Origin, verify};
use serde_json::json;
use time::OffsetDateTime;

/// Where a writer writes, for the process that is one.
const FOLDER: &str = "NOTOCHORD_LEDGER_FOLDER";
/// Which writer it is, in the order in which they start.
const WRITER: &str = "NOTOCHORD_LEDGER_WRITER";
/// How often writers are killed; unless it is set, fifty times.
const KILLS: &str = "NOTOCHORD_LEDGER_KILLS";
/// How many write at a time.
const WRITERS: usize = 3;
/// After so many kills another ledger is begun: each is read whole after each kill.
const KILLS_OF_A_LEDGER: usize = 50;

fn key() -> CheckpointKey {
    CheckpointKey::new(Origin::new("net.example/site/a").unwrap(), SigningKey::from_bytes(&[7; 32]))
}

fn open(folder: &Path) -> Result<Ledger, LedgerError> {
    Ledger::open(DirectoryStorage::open(folder).unwrap(), key())
}

/// As a node does: the intent is written, then something leaves.
#[test]
#[ignore = "it is the process that the other test kills"]
fn the_writer() {
    let Some(folder) = env::var_os(FOLDER) else { return };
    let mut ledger = open(Path::new(&folder)).unwrap();
    let (mut said, id) = (std::io::stdout().lock(), env::var(WRITER).unwrap());
    // It is killed long before; should its parent end first, writing to the closed pipe ends it.
    for number in 0..1_000_000_usize {
        let name = format!("{id}-{number}");
        let body = json!({ "name": name, "padding": "x".repeat(number * 37 % 700) });
        ledger.append(OffsetDateTime::now_utc(), "intent", &body).unwrap();
        if writeln!(said, "left {name}").and_then(|()| said.flush()).is_err() {
            return;
        }
    }
}

/// A writer, and what it said so far.
struct Writer {
    child: Child,
    said: Receiver<String>,
    hearing: JoinHandle<()>,
}

impl Writer {
    fn start(folder: &Path, number: usize) -> Self {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "the_writer", "--ignored", "--nocapture", "--test-threads", "1"])
            .env(FOLDER, folder)
            .env(WRITER, number.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let (hear, said) = channel();
        let hearing = spawn(move || {
            let names = lines.filter_map(|line| line.strip_prefix("left ").map(str::to_owned));
            // Nobody listens any more only when the test has failed.
            names.for_each(|name| drop(hear.send(name)));
        });
        Self { child, said, hearing }
    }

    /// Waits until it has said some more names; gives them.
    fn hear(&self, count: usize) -> Vec<String> {
        (0..count).map(|_| self.said.recv().unwrap()).collect()
    }

    /// Kills it; what it said before it died counts too.
    fn kill(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.hearing.join().unwrap();
        self.said.try_iter().collect()
    }
}

#[test]
fn writers_that_are_killed_under_load_leave_a_durable_intent_of_everything_that_left() {
    let mut times: usize = env::var(KILLS).ok().map_or(KILLS_OF_A_LEDGER, |text| text.parse().unwrap());
    while times > 0 {
        let of_this = times.min(KILLS_OF_A_LEDGER);
        kill_and_check(of_this);
        times -= of_this;
    }
}

fn kill_and_check(times: usize) {
    let folder = tempfile::tempdir().unwrap();
    drop(Ledger::create(DirectoryStorage::open(folder.path()).unwrap(), key()).unwrap());
    let mut writers: Vec<Writer> = (0..WRITERS).map(|number| Writer::start(folder.path(), number)).collect();
    let (mut left, mut seen) = (BTreeSet::new(), 0);
    for time in 0..times {
        // The one that has written longest is killed; the others go on meanwhile.
        left.extend(writers[0].hear(1 + time * 7 % 13));
        left.extend(writers.remove(0).kill());
        let ledger = open(folder.path()).unwrap_or_else(|error| panic!("kill {time}: {error}"));
        let names = ledger.entries().iter().map(|entry| (entry.body["name"].as_str().unwrap(), entry.index));
        let names: BTreeMap<&str, u64> = names.collect();
        assert_eq!(names.len(), ledger.entries().len(), "kill {time}: an intent is there twice");
        for name in &left {
            assert!(names.contains_key(name.as_str()), "kill {time}: {name} left without an intent");
        }
        assert!(names.len() >= seen, "kill {time}: entries are gone");
        seen = names.len();
        let storage = DirectoryStorage::open(folder.path()).unwrap();
        assert!(verify(&storage, &key().verifier()).unwrap().is_sound(), "kill {time}");
        writers.push(Writer::start(folder.path(), WRITERS + time));
    }
    writers.into_iter().for_each(|writer| left.extend(writer.kill()));
    let ledger = open(folder.path()).unwrap();
    let names: BTreeSet<&str> =
        ledger.entries().iter().map(|entry| entry.body["name"].as_str().unwrap()).collect();
    assert!(left.iter().all(|name| names.contains(name.as_str())), "something left without an intent");
    println!("{times} kills; {} left, {} written", left.len(), names.len());
}
