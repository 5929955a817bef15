//! A ledger open for writing.

use std::io;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::chain::{self, Chain};
use crate::checkpoint::Checkpoint;
use crate::cosignature::CosignedCheckpoint;
use crate::entry::{self, Entry, EntryError};
use crate::fault::Fault;
use crate::note::{CheckpointKey, VerifierKey};
use crate::proof::{ConsistencyProof, InclusionProof};
use crate::storage::{DirectoryStorage, Document, Storage};
use crate::subtrees::Subtrees;

/// A ledger open for writing. Several may be open on one storage, in one process or in many.
#[derive(Debug)]
pub struct Ledger<S = DirectoryStorage> {
    storage: S,
    key: CheckpointKey,
    chain: Chain,
    subtrees: Subtrees,
    entries: Vec<Entry>,
    recoveries: Vec<Recovery>,
    /// Set once a sync has failed: what the disk holds is then unknown until the ledger is opened again.
    unsure: bool,
}

/// What an interrupted append left behind and how it was put right: to be said to the person. The entry,
/// whole or not, was not acknowledged, so nothing was lost; to sign for it would let somebody who can write
/// to the log, but has no key, add entries.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Recovery {
    /// The last line had not been signed for.
    #[error("line {line} was not yet signed for when the machine stopped; its {bytes} bytes were cut off")]
    TornTail {
        /// The line, counted from 1.
        line: u64,
        /// How many bytes of it there were.
        bytes: u64,
    },
}

/// What a ledger shows to those who do not hold it: its checkpoint, and proofs that lead there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Testimony {
    /// The checkpoint file.
    pub checkpoint: String,
    /// How the ledger grew since each of the sizes asked for that it has had.
    pub since: Vec<(u64, ConsistencyProof)>,
    /// The entries asked for.
    pub entries: Vec<ProvenEntry>,
}

/// An entry and the proof that a checkpoint covers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProvenEntry {
    /// The entry's exact JSON.
    pub json: String,
    /// Where it stands, and the proof.
    pub proof: InclusionProof,
}

/// Why a ledger cannot be opened or written.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// It is not what was written. It stays locked until a person has looked.
    #[error("the ledger is locked: {0}")]
    Broken(#[from] Fault),
    /// A witness remembers more, or something else. It stays locked: there is nothing that unlocks it.
    #[error("the ledger is locked: {0}")]
    Locked(String),
    /// Asked to create a ledger where one is.
    #[error("there is a ledger here already")]
    Exists,
    /// What was to be written cannot be an entry.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// The disk failed.
    #[error("the ledger's disk failed while {doing}: {source}")]
    Storage {
        /// What was being done.
        doing: &'static str,
        /// How it failed.
        source: io::Error,
    },
    /// An earlier sync failed.
    #[error("the disk failed to keep an earlier entry; check the disk, then start again")]
    Unsure,
}

impl<S: Storage> Ledger<S> {
    /// Makes an empty ledger and signs that it is empty.
    pub fn create(storage: S, key: CheckpointKey) -> Result<Self, LedgerError> {
        let mut ledger = Self::unread(storage, key);
        let _lock = ledger.lock()?;
        let length = ledger.storage.log_length().map_err(failed(READING))?;
        let checkpoint = ledger.storage.read(Document::Checkpoint).map_err(failed(READING))?;
        if length > 0 || checkpoint.is_some() {
            return Err(LedgerError::Exists);
        }
        ledger.sign(Chain::default())?;
        Ok(ledger)
    }

    /// Opens a ledger: checks every line against the chain and the signed checkpoint, and repairs what an
    /// interrupted append left behind, and nothing else.
    pub fn open(storage: S, key: CheckpointKey) -> Result<Self, LedgerError> {
        let mut ledger = Self::unread(storage, key);
        ledger.refresh()?;
        // The disk may hold a younger memory than the log: then the log alone was put back.
        if let Some(note) = ledger.storage.read(Document::Cosigned).map_err(failed(READING))? {
            let cosigned = CosignedCheckpoint::open(&note, &ledger.verifier()).map_err(Fault::Checkpoint)?;
            ledger.confront(&cosigned)?;
        }
        Ok(ledger)
    }

    /// Reads, and checks, what others have appended since.
    pub fn refresh(&mut self) -> Result<(), LedgerError> {
        let _lock = self.lock()?;
        self.catch_up()
    }

    /// Appends an entry. Once this returns, the entry and the checkpoint that covers it outlast a power cut.
    ///
    /// `body` is a struct or map; its fields stand in the entry beside `index`, `time` and `kind`.
    pub fn append<B: Serialize>(
        &mut self,
        now: OffsetDateTime,
        kind: &str,
        body: &B,
    ) -> Result<&Entry, LedgerError> {
        let _lock = self.lock()?;
        self.catch_up()?;
        let json = entry::write(self.chain.size(), now, kind, body)?;
        let line = self.chain.line(&json);
        self.storage.append_log(&line).map_err(failed("writing an entry"))?;
        self.keep(&line)?;
        Ok(&self.entries[self.entries.len() - 1])
    }

    /// The entries this process has read or written, oldest first.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// How many entries there are, and their Merkle root.
    pub fn checkpoint(&self) -> Checkpoint {
        self.chain.checkpoint()
    }

    /// The key its checkpoints are verified with.
    pub fn verifier(&self) -> VerifierKey {
        self.key.verifier()
    }

    /// The newest checkpoint, how the ledger grew since the sizes in `since`, and the entries that are `wanted`.
    pub fn testify(
        &mut self,
        since: &[u64],
        wanted: impl Fn(&Entry) -> bool,
    ) -> Result<Testimony, LedgerError> {
        let _lock = self.lock()?;
        self.catch_up()?;
        let size = self.chain.size();
        let since = since.iter().filter_map(|old| Some((*old, self.subtrees.consistency(*old, size)?)));
        let since = since.collect();
        let log = self.storage.read_log(0).map_err(failed(READING))?;
        let lines = log.split_inclusive(|byte| *byte == b'\n').zip(&self.entries);
        let entries = lines.filter(|(_, entry)| wanted(entry)).filter_map(|(line, entry)| {
            let json = String::from_utf8(chain::json(line)?.to_vec()).ok()?;
            Some(ProvenEntry { json, proof: self.subtrees.inclusion(entry.index, size)? })
        });
        Ok(Testimony {
            checkpoint: self.chain.checkpoint().sign(&self.key),
            since,
            entries: entries.collect(),
        })
    }

    /// Compares the ledger with a checkpoint of its own that somebody else remembers, and keeps that one if it
    /// is the newest. If the ledger is behind it, or is another history, it is locked for good: an older copy was
    /// put back, and to go on would be to answer again what was answered already.
    pub fn confront(&mut self, remembered: &CosignedCheckpoint) -> Result<(), LedgerError> {
        let _lock = self.lock()?;
        self.catch_up()?;
        let told = remembered.checkpoint();
        let contradiction = match self.subtrees.root(told.size) {
            None => Contradiction::Behind { remembered: told.size, found: self.chain.size() },
            Some(root) if root != told.root => Contradiction::OtherHistory { size: told.size },
            Some(_) => return self.remember(remembered),
        };
        let reason = contradiction.to_string();
        self.storage.replace(Document::Locked, reason.as_bytes()).map_err(failed("locking it"))?;
        Err(LedgerError::Locked(reason))
    }

    /// Keeps a cosigned checkpoint that is no older than the one that is kept.
    fn remember(&mut self, cosigned: &CosignedCheckpoint) -> Result<(), LedgerError> {
        let kept = self.storage.read(Document::Cosigned).map_err(failed(READING))?;
        let kept = kept.and_then(|note| CosignedCheckpoint::open(&note, &self.verifier()).ok());
        let order = |one: &CosignedCheckpoint| (one.checkpoint().size, one.as_str().len());
        if kept.is_some_and(|kept| order(&kept) >= order(cosigned)) {
            return Ok(());
        }
        let note = cosigned.as_str().as_bytes();
        self.storage.replace(Document::Cosigned, note).map_err(failed("keeping a cosigned checkpoint"))
    }

    /// What was repaired since this ledger was opened, oldest first.
    pub fn recoveries(&self) -> &[Recovery] {
        &self.recoveries
    }

    fn unread(storage: S, key: CheckpointKey) -> Self {
        let chain = Chain::default();
        let subtrees = Subtrees::default();
        Self { storage, key, chain, subtrees, entries: Vec::new(), recoveries: Vec::new(), unsure: false }
    }

    fn lock(&self) -> Result<S::Lock, LedgerError> {
        self.storage.lock().map_err(failed("waiting for its lock"))
    }

    /// Follows the log to its end. The caller holds the lock.
    fn catch_up(&mut self) -> Result<(), LedgerError> {
        if self.unsure {
            return Err(LedgerError::Unsure);
        }
        if let Some(reason) = self.storage.read(Document::Locked).map_err(failed(READING))? {
            return Err(LedgerError::Locked(String::from_utf8_lossy(&reason).trim_end().to_owned()));
        }
        let note =
            self.storage.read(Document::Checkpoint).map_err(failed(READING))?.ok_or(Fault::NoCheckpoint)?;
        let signed = Checkpoint::open(&note, &self.key.verifier()).map_err(Fault::Checkpoint)?;
        if signed.size > self.chain.size() {
            // Whoever put this checkpoint here may have failed before it was sure to last.
            self.storage.sync_documents().map_err(failed("making its checkpoint last"))?;
        }
        let length = self.storage.log_length().map_err(failed(READING))?;
        if signed.size < self.chain.size() || length < self.chain.bytes() {
            return Err(Fault::RolledBack { known: self.chain.size(), found: signed.size }.into());
        }
        let bytes = self.storage.read_log(self.chain.bytes()).map_err(failed(READING))?;
        let (entries, subtrees) = (&mut self.entries, &mut self.subtrees);
        let tail = self.chain.follow_until(signed.size, &bytes, |entry, leaf| {
            entries.push(entry);
            subtrees.push(leaf);
        })?;
        self.chain.agree(&signed)?;
        self.repair(tail)
    }

    /// Cuts off what stands after the last signed entry: at most one line that follows from it, and what is none. Two
    /// lines that follow are no torn write: an older checkpoint was put back. (A cut that did not last and a torn write
    /// over it can leave a line break in the middle of what is no line.)
    fn repair(&mut self, tail: &[u8]) -> Result<(), LedgerError> {
        if tail.is_empty() {
            return Ok(());
        }
        let line = self.chain.size() + 1;
        let mut longer = self.chain.clone();
        let follows = |one: &&[u8]| one.ends_with(b"\n") && longer.follow(one).is_ok();
        if tail.split_inclusive(|byte| *byte == b'\n').take_while(follows).nth(1).is_some() {
            return Err(Fault::Unsigned { line, signed: self.chain.size() }.into());
        }
        self.storage.truncate_log(self.chain.bytes()).map_err(failed("cutting off an unsigned line"))?;
        self.recoveries.push(Recovery::TornTail { line, bytes: tail.len() as u64 });
        Ok(())
    }

    /// Makes the line at the end of the log last, signs for it, and only then counts it in.
    fn keep(&mut self, line: &[u8]) -> Result<(), LedgerError> {
        let mut longer = self.chain.clone();
        let (entry, leaf) = longer.follow(line)?;
        let synced = self.storage.sync_log().map_err(failed("making an entry last"));
        self.unsure = synced.is_err();
        synced?;
        self.sign(longer)?;
        self.entries.push(entry);
        self.subtrees.push(leaf);
        Ok(())
    }

    fn sign(&mut self, chain: Chain) -> Result<(), LedgerError> {
        let note = chain.checkpoint().sign(&self.key);
        self.storage
            .replace(Document::Checkpoint, note.as_bytes())
            .map_err(failed("writing its checkpoint"))?;
        self.chain = chain;
        Ok(())
    }
}

/// How a witness's memory contradicts a ledger.
#[derive(Debug, thiserror::Error)]
enum Contradiction {
    #[error(
        "witnesses remember {remembered} entries of it and it has {found}: an older copy was put back. Restore the \
         newest copy, or make a new node; see docs/evidence.md"
    )]
    Behind { remembered: u64, found: u64 },
    #[error(
        "its first {size} entries are not those that witnesses remember: there are two histories of it. Keep both \
         copies, tell the network's steering committee, and make a new node; see docs/evidence.md"
    )]
    OtherHistory { size: u64 },
}

const READING: &str = "reading it";

/// Says what the disk was asked for when it failed.
fn failed(doing: &'static str) -> impl FnOnce(io::Error) -> LedgerError {
    move |source| LedgerError::Storage { doing, source }
}

#[cfg(test)]
mod tests;
