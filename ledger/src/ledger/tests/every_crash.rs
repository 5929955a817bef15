//! Every state a disk can be in after the power goes, at every point of a workload.
//!
//! A disk may keep any part of what was not synced, in any order: a part of the appended bytes, the file's new length
//! without its data, a later block without an earlier one, a new name without its directory entry, a truncation or
//! none. The workload is written down as a list of operations; for each beginning of the list every disk that the
//! operations allow is made, and the ledger must open there with everything that was acknowledged.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io;
use std::rc::Rc;

use super::*;
use crate::storage::{Document, Storage};

/// How many entries there are, all acknowledged, before a workload.
const BEFORE: usize = 2;

/// What was asked of a disk.
#[derive(Debug, Clone)]
enum Operation {
    Append(Vec<u8>),
    Sync,
    Truncate(u64),
    Replace(Document, Vec<u8>),
    /// Not of the disk: from here on the first `entries` entries were acknowledged.
    Acknowledge(usize),
}

/// What a storage in between does with an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Honesty {
    /// It passes it on.
    Honest,
    /// It says that it synced, and did not.
    SyncsNothing,
}

/// A disk that writes down what is asked of it.
#[derive(Debug, Clone)]
struct Journal {
    disk: FaultyStorage,
    operations: Rc<RefCell<Vec<Operation>>>,
    honesty: Honesty,
}

impl Journal {
    fn on(disk: FaultyStorage, honesty: Honesty) -> Self {
        Self { disk, operations: Rc::default(), honesty }
    }

    fn note(&self, operation: Operation) {
        self.operations.borrow_mut().push(operation);
    }
}

impl Storage for Journal {
    type Lock = ();

    fn lock(&self) -> io::Result<()> {
        self.disk.lock()
    }

    fn log_length(&self) -> io::Result<u64> {
        self.disk.log_length()
    }

    fn read_log(&self, from: u64) -> io::Result<Vec<u8>> {
        self.disk.read_log(from)
    }

    fn append_log(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.note(Operation::Append(bytes.to_vec()));
        self.disk.append_log(bytes)
    }

    fn sync_log(&mut self) -> io::Result<()> {
        if self.honesty == Honesty::Honest {
            self.note(Operation::Sync);
        }
        self.disk.sync_log()
    }

    fn truncate_log(&mut self, length: u64) -> io::Result<()> {
        self.note(Operation::Truncate(length));
        self.disk.truncate_log(length)
    }

    fn read(&self, document: Document) -> io::Result<Option<Vec<u8>>> {
        self.disk.read(document)
    }

    fn replace(&mut self, document: Document, bytes: &[u8]) -> io::Result<()> {
        self.note(Operation::Replace(document, bytes.to_vec()));
        self.disk.replace(document, bytes)
    }

    fn sync_documents(&mut self) -> io::Result<()> {
        self.disk.sync_documents()
    }
}

/// A disk after the power came back.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct After {
    log: Vec<u8>,
    checkpoint: Option<Vec<u8>>,
}

/// Every disk that may be found after `done` operations, of which the last may have been under way.
fn disks(start: &After, done: &[Operation]) -> BTreeSet<After> {
    let Some((last, before)) = done.split_last() else { return BTreeSet::from([start.clone()]) };
    let mut synced = start.clone();
    let mut floating: Vec<u8> = Vec::new();
    for operation in before {
        match operation {
            Operation::Append(bytes) => floating.extend(bytes),
            Operation::Sync => synced.log.append(&mut floating),
            Operation::Truncate(length) => {
                synced.log.append(&mut floating);
                synced.log.truncate(*length as usize);
            }
            // It is synced before its new name is, and the directory after.
            Operation::Replace(Document::Checkpoint, bytes) => synced.checkpoint = Some(bytes.clone()),
            Operation::Replace(..) | Operation::Acknowledge(_) => {}
        }
    }
    let mut checkpoints = vec![synced.checkpoint.clone()];
    let mut logs = BTreeSet::new();
    match last {
        Operation::Append(bytes) => floating.extend(bytes),
        Operation::Truncate(length) => {
            let mut cut = [synced.log.as_slice(), &floating].concat();
            cut.truncate(*length as usize);
            logs.insert(cut);
        }
        Operation::Replace(Document::Checkpoint, bytes) => checkpoints.push(Some(bytes.clone())),
        Operation::Sync | Operation::Replace(..) | Operation::Acknowledge(_) => {}
    }
    for tail in tails(&floating) {
        logs.insert([synced.log.as_slice(), &tail].concat());
    }
    let after = |log: &Vec<u8>, checkpoint: &Option<Vec<u8>>| After {
        log: log.clone(),
        checkpoint: checkpoint.clone(),
    };
    logs.iter().flat_map(|log| checkpoints.iter().map(move |checkpoint| after(log, checkpoint))).collect()
}

/// What a disk may keep of bytes that were not synced.
fn tails(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut tails: Vec<Vec<u8>> = (0..=bytes.len()).map(|kept| bytes[..kept].to_vec()).collect();
    if bytes.is_empty() {
        return tails;
    }
    tails.push(vec![0; bytes.len()]);
    // Blocks reach the disk in any order: each of eight parts alone may be missing, or alone be there.
    let part = bytes.len().div_ceil(8);
    for start in (0..bytes.len()).step_by(part) {
        let end = (start + part).min(bytes.len());
        let mut without = bytes.to_vec();
        without[start..end].fill(0);
        let mut alone = vec![0; bytes.len()];
        alone[start..end].copy_from_slice(&bytes[start..end]);
        tails.extend([without, alone]);
    }
    tails
}

/// The first disk, after some number of operations, on which the ledger does not open with all that was
/// acknowledged; otherwise how many disks there were.
fn explore(start: &After, operations: &[Operation]) -> Result<usize, String> {
    let mut acknowledged = BEFORE;
    let mut explored = 0;
    for count in 0..=operations.len() {
        if let Some(Operation::Acknowledge(entries)) = count.checked_sub(1).map(|last| &operations[last]) {
            acknowledged = *entries;
        }
        for after in disks(start, &operations[..count]) {
            explored += 1;
            check(&after, acknowledged).map_err(|what| format!("after {count} operations: {what}"))?;
        }
    }
    Ok(explored)
}

fn check(after: &After, acknowledged: usize) -> Result<(), String> {
    let disk = FaultyStorage::holding(&after.log, after.checkpoint.as_deref());
    let mut ledger = Ledger::open(disk.clone(), key()).map_err(|error| error.to_string())?;
    let kept = ledger.entries().len();
    let in_order = ledger.entries().iter().enumerate().all(|(n, entry)| entry.body["number"] == n);
    if kept < acknowledged || kept > acknowledged + 1 || !in_order {
        return Err(format!("{acknowledged} entries were acknowledged, {kept} are there"));
    }
    append(&mut ledger, kept).map_err(|error| error.to_string())?;
    let verified = verify(&disk, &key().verifier()).map_err(|error| error.to_string())?;
    if verified.is_sound() { Ok(()) } else { Err(verified.to_string()) }
}

/// Three appends, a line that another process tore, its repair, and an append.
fn workload(honesty: Honesty) -> (After, Vec<Operation>) {
    let disk = written(BEFORE);
    let (log, checkpoint) = disk.contents();
    let journal = Journal::on(disk, honesty);
    let mut ledger = Ledger::open(journal.clone(), key()).unwrap();
    for number in BEFORE..5 {
        append(&mut ledger, number).unwrap();
        journal.note(Operation::Acknowledge(number + 1));
    }
    journal.clone().append_log(b"0123 torn").unwrap();
    append(&mut ledger, 5).unwrap();
    journal.note(Operation::Acknowledge(6));
    let operations = journal.operations.borrow().clone();
    (After { log, checkpoint }, operations)
}

#[test]
fn no_disk_that_a_power_cut_can_leave_lacks_what_was_acknowledged() {
    let (start, operations) = workload(Honesty::Honest);
    let explored = explore(&start, &operations).unwrap();
    assert!(explored > 1000, "{explored} disks");
}

#[test]
fn the_exploration_finds_a_ledger_whose_log_is_not_synced_before_its_checkpoint() {
    let (start, operations) = workload(Honesty::SyncsNothing);
    let found = explore(&start, &operations).unwrap_err();
    assert!(found.contains("entries are missing") || found.contains("is not an entry"), "{found}");
}

#[test]
fn the_exploration_finds_a_checkpoint_that_is_written_before_the_log() {
    let (start, mut operations) = workload(Honesty::Honest);
    let is_checkpoint = |operation: &Operation| matches!(operation, Operation::Replace(..));
    let at = operations.iter().position(is_checkpoint).unwrap();
    let checkpoint = operations.remove(at);
    operations.insert(at - 2, checkpoint);
    let found = explore(&start, &operations).unwrap_err();
    assert!(found.contains("entries are missing"), "{found}");
}
