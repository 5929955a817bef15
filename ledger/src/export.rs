//! A copy of a ledger that an auditor can check without its owner.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use crate::chain::Chain;
use crate::checkpoint::CheckpointError;
use crate::cosignature::{Cosigned, CosignedCheckpoint};
use crate::entry::Entry;
use crate::fault::Fault;
use crate::note::{NoteError, VerifierKey, VerifierKeyError};
use crate::storage::{Document, Storage};
use crate::verification::{Verification, verify_bytes};

/// A copy of a ledger, and what is needed to check it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// The key its checkpoints are verified with.
    pub verifier: VerifierKey,
    /// The keys of its witnesses.
    pub witnesses: Vec<VerifierKey>,
    log: Vec<u8>,
    checkpoint: Option<Vec<u8>>,
    cosigned: Option<Vec<u8>>,
    locked: Option<Vec<u8>>,
}

/// What was found in a copy of a ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    /// The lines, the chain and the ledger's own signature.
    pub verification: Verification,
    /// The newest checkpoint that witnesses cosigned; nothing where there is none.
    pub cosigned: Option<Result<CosignedPart, CosignedFault>>,
    /// Why the ledger locked itself, if it did.
    pub locked: Option<String>,
}

/// How much of a ledger witnesses have cosigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CosignedPart {
    /// How many entries, from the first.
    pub size: u64,
    /// The witnesses whose keys are known and whose cosignatures hold.
    pub by: Vec<Cosigned>,
}

/// Why a cosigned checkpoint does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CosignedFault {
    /// The ledger's own signature under it.
    #[error("the cosigned checkpoint cannot be believed: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// A witness's line.
    #[error("the cosignature of {witness}: {reason}")]
    Cosignature {
        /// Whose.
        witness: String,
        /// Why.
        reason: NoteError,
    },
    /// The log is not what was cosigned.
    #[error("the log is not the one that witnesses cosigned: {0}")]
    Log(#[from] Fault),
}

/// Why a directory is not an exported ledger.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// A file.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A key.
    #[error("{path}: {source}")]
    Key {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: VerifierKeyError,
    },
}

const LOG: &str = "ledger.log";
const VERIFIER: &str = "verifier-key";
const WITNESSES: &str = "witness-keys";
const README: &str = "README.md";

/// The most bytes of a log that are read.
const MOST_LOG_BYTES: u64 = 4 << 30;
/// The most bytes of any other file.
const MOST_FILE_BYTES: u64 = 512 << 10;

impl Export {
    /// A copy of the ledger where it lies, whatever its state: nothing is repaired or changed.
    pub fn of<S: Storage>(
        storage: &S,
        verifier: VerifierKey,
        witnesses: Vec<VerifierKey>,
    ) -> io::Result<Self> {
        let _lock = storage.lock()?;
        Ok(Self {
            verifier,
            witnesses,
            log: storage.read_log(0)?,
            checkpoint: storage.read(Document::Checkpoint)?,
            cosigned: storage.read(Document::Cosigned)?,
            locked: storage.read(Document::Locked)?,
        })
    }

    /// Writes the copy into a directory, which is made. No file that is there is replaced.
    pub fn write(&self, directory: &Path) -> Result<Vec<PathBuf>, ExportError> {
        fs::create_dir_all(directory)
            .map_err(|source| ExportError::File { path: directory.to_owned(), source })?;
        let keys: String = self.witnesses.iter().map(|key| format!("{key}\n")).collect();
        let verifier = format!("{}\n", self.verifier);
        let document = |document: Document, bytes| Some((document.file_name(), Option::as_deref(bytes)?));
        let documents = [
            Some((LOG, self.log.as_slice())),
            document(Document::Checkpoint, &self.checkpoint),
            document(Document::Cosigned, &self.cosigned),
            document(Document::Locked, &self.locked),
            Some((VERIFIER, verifier.as_bytes())),
            Some((WITNESSES, keys.as_bytes())),
            Some((README, include_bytes!("export/README.md").as_slice())),
        ];
        let mut written = Vec::new();
        for (name, bytes) in documents.into_iter().flatten() {
            let path = directory.join(name);
            let file = OpenOptions::new().write(true).create_new(true).open(&path);
            let done = file.and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
            done.map_err(|source| ExportError::File { path: path.clone(), source })?;
            written.push(path);
        }
        Ok(written)
    }

    /// Reads what [`Export::write`] wrote.
    pub fn read(directory: &Path) -> Result<Self, ExportError> {
        let key = |name: &str, text: &str| {
            text.parse().map_err(|source| ExportError::Key { path: directory.join(name), source })
        };
        let text = |name: &str| {
            let bytes = required(directory, name, MOST_FILE_BYTES)?;
            String::from_utf8(bytes).map_err(|error| ExportError::File {
                path: directory.join(name),
                source: io::Error::new(io::ErrorKind::InvalidData, error.utf8_error()),
            })
        };
        Ok(Self {
            verifier: key(VERIFIER, text(VERIFIER)?.trim_end())?,
            witnesses: text(WITNESSES)?.lines().map(|line| key(WITNESSES, line)).collect::<Result<_, _>>()?,
            log: required(directory, LOG, MOST_LOG_BYTES)?,
            checkpoint: file(directory, Document::Checkpoint.file_name(), MOST_FILE_BYTES)?,
            cosigned: file(directory, Document::Cosigned.file_name(), MOST_FILE_BYTES)?,
            locked: file(directory, Document::Locked.file_name(), MOST_FILE_BYTES)?,
        })
    }

    /// Checks every byte, signature and cosignature.
    pub fn audit(&self) -> Audit {
        Audit {
            verification: verify_bytes(&self.log, self.checkpoint.as_deref(), &self.verifier),
            cosigned: self.cosigned.as_deref().map(|note| self.cosigned_part(note)),
            locked: self.locked.as_deref().map(|why| String::from_utf8_lossy(why).trim_end().to_owned()),
        }
    }

    /// The entries, oldest first, up to the first line that is at fault.
    pub fn entries(&self) -> Vec<Entry> {
        let mut entries = Vec::new();
        // What is at fault is said by `audit`.
        let _ = Chain::default().follow_until(u64::MAX, &self.log, |entry, _| entries.push(entry));
        entries
    }

    fn cosigned_part(&self, note: &[u8]) -> Result<CosignedPart, CosignedFault> {
        let checkpoint = CosignedCheckpoint::open(note, &self.verifier)?;
        let mut chain = Chain::default();
        chain.follow_until(checkpoint.checkpoint().size, &self.log, |_, _| {})?;
        chain.agree(&checkpoint.checkpoint())?;
        let mut by = Vec::new();
        for witness in &self.witnesses {
            let named = |reason| {
                let witness = witness.origin().as_str().to_owned();
                CosignedFault::Cosignature { witness, reason }
            };
            by.extend(checkpoint.cosigned_by(witness).map_err(named)?);
        }
        Ok(CosignedPart { size: checkpoint.checkpoint().size, by })
    }
}

impl Audit {
    /// Whether every byte is as it was written and cosigned, and the ledger was never locked.
    pub fn is_sound(&self) -> bool {
        let cosigned = self.cosigned.as_ref().is_none_or(Result::is_ok);
        self.verification.is_sound() && cosigned && self.locked.is_none()
    }
}

fn required(directory: &Path, name: &str, most: u64) -> Result<Vec<u8>, ExportError> {
    file(directory, name, most)?.ok_or_else(|| ExportError::File {
        path: directory.join(name),
        source: io::Error::new(io::ErrorKind::NotFound, "it is missing; this is not an exported ledger"),
    })
}

fn file(directory: &Path, name: &str, most: u64) -> Result<Option<Vec<u8>>, ExportError> {
    let path = directory.join(name);
    let failed = |source| ExportError::File { path: path.clone(), source };
    let file = match File::open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file.map_err(failed)?,
    };
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes).map_err(failed)?;
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests;
