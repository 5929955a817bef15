//! A witness: it remembers the last checkpoint it cosigned of every ledger, and cosigns the next one only if the
//! ledger grew from there.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::PathBuf;

use notochord_proto::digest::Digest;
use time::OffsetDateTime;

use crate::checkpoint::CheckpointError;
use crate::cosignature::CosignedCheckpoint;
use crate::note::{CheckpointKey, NoteError, Origin, VerifierKey};
use crate::proof::{ConsistencyProof, ProofError};
use crate::storage::{replace, sync_directory};

/// A witness of other ledgers.
#[derive(Debug)]
pub struct Witness<M = DirectoryMemory> {
    key: CheckpointKey,
    memory: M,
}

/// A checkpoint that somebody wants cosigned.
#[derive(Debug, Clone, Copy)]
pub struct Offer<'a> {
    /// The key of the ledger it speaks of.
    pub log: &'a VerifierKey,
    /// The checkpoint file.
    pub checkpoint: &'a [u8],
    /// From how many entries the proof leads there.
    pub since: u64,
    /// That the ledger only grew.
    pub proof: &'a ConsistencyProof,
}

/// Why a witness does not cosign.
#[derive(Debug, thiserror::Error)]
pub enum Unwitnessed {
    /// The checkpoint itself.
    #[error("the checkpoint cannot be believed: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// The ledger was known by another key.
    #[error("`{0}` is known to this witness by another key")]
    Key(String),
    /// The proof does not start where this witness stands.
    #[error("the proof must lead from the {known} entries that this witness cosigned last")]
    Since {
        /// Entries it cosigned last.
        known: u64,
    },
    /// An older checkpoint than one it cosigned.
    #[error("rollback: the checkpoint covers {offered} entries, and this witness has cosigned {known}")]
    Rollback {
        /// Entries it cosigned.
        known: u64,
        /// Entries offered.
        offered: u64,
    },
    /// Two histories.
    #[error(
        "split view: the {offered} entries do not continue the {known} that this witness cosigned: {reason}"
    )]
    SplitView {
        /// Entries it cosigned.
        known: u64,
        /// Entries offered.
        offered: u64,
        /// What the proof lacks.
        reason: ProofError,
    },
    /// Too many ledgers.
    #[error("this witness follows {MOST_LEDGERS} ledgers and takes no further one")]
    Full,
    /// What it keeps of the ledger cannot be read.
    #[error("what this witness keeps of `{0}` is damaged; restore the file")]
    Damaged(String),
    /// The disk.
    #[error("the witness's disk failed: {0}")]
    Memory(#[from] io::Error),
    /// A clock before 1970.
    #[error("the cosignature cannot be written: {0}")]
    Note(#[from] NoteError),
}

/// Where a witness keeps one document for each ledger. Tests put a failing one in its place.
pub trait Memory {
    /// The document of this name, if there is one.
    fn recall(&self, name: &str) -> io::Result<Option<Vec<u8>>>;

    /// Keeps a document in the place of the old one, to last.
    fn keep(&mut self, name: &str, bytes: &[u8]) -> io::Result<()>;

    /// The names of all documents.
    fn names(&self) -> io::Result<Vec<String>>;
}

/// A witness's memory in a folder: one file for each ledger, named by the hash of its origin. Its first line is the
/// ledger's verifier key, the rest the checkpoint that was cosigned last.
#[derive(Debug)]
pub struct DirectoryMemory(PathBuf);

/// The most ledgers a witness follows.
const MOST_LEDGERS: usize = 2048;

/// The most bytes of a document that are read.
const MOST_BYTES: u64 = 512 * 1024;

impl<M: Memory> Witness<M> {
    /// A witness that cosigns with `key`.
    pub fn new(key: CheckpointKey, memory: M) -> Self {
        Self { key, memory }
    }

    /// What others need to verify its cosignatures.
    pub fn verifier(&self) -> VerifierKey {
        self.key.verifier()
    }

    /// Cosigns a checkpoint that continues the last one. What is cosigned is kept first, so that no crash makes
    /// the witness forget it.
    pub fn cosign(&mut self, offer: &Offer<'_>, now: OffsetDateTime) -> Result<String, Unwitnessed> {
        let offered = CosignedCheckpoint::open(offer.checkpoint, offer.log)?;
        let line = offered.cosign(&self.key, now)?;
        match self.last(offer.log.origin())? {
            None if self.memory.names()?.len() >= MOST_LEDGERS => return Err(Unwitnessed::Full),
            None if offer.since != 0 => return Err(Unwitnessed::Since { known: 0 }),
            None => {}
            Some((key, _)) if key != *offer.log => {
                return Err(Unwitnessed::Key(key.origin().as_str().to_owned()));
            }
            Some((_, last)) => continues(&last, &offered, offer)?,
        }
        let document = format!("{}\n{}", offer.log, offered.as_str());
        self.memory.keep(&name(offer.log.origin()), document.as_bytes())?;
        Ok(line)
    }

    /// The last checkpoint it cosigned of a ledger.
    pub fn recall(&self, origin: &Origin) -> Result<Option<CosignedCheckpoint>, Unwitnessed> {
        Ok(self.last(origin)?.map(|(_, checkpoint)| checkpoint))
    }

    /// The keys of the ledgers it follows.
    pub fn ledgers(&self) -> Result<Vec<VerifierKey>, Unwitnessed> {
        let mut keys = Vec::new();
        for name in self.memory.names()? {
            keys.extend(self.read(&name)?.map(|(key, _)| key));
        }
        keys.sort_by(|one, other| one.origin().as_str().cmp(other.origin().as_str()));
        Ok(keys)
    }

    fn last(&self, origin: &Origin) -> Result<Option<(VerifierKey, CosignedCheckpoint)>, Unwitnessed> {
        match self.read(&name(origin))? {
            Some((key, _)) if key.origin() != origin => Err(Unwitnessed::Damaged(origin.as_str().to_owned())),
            last => Ok(last),
        }
    }

    fn read(&self, name: &str) -> Result<Option<(VerifierKey, CosignedCheckpoint)>, Unwitnessed> {
        let Some(bytes) = self.memory.recall(name)? else { return Ok(None) };
        let parsed = || {
            let (key, note) = std::str::from_utf8(&bytes).ok()?.split_once('\n')?;
            let key: VerifierKey = key.parse().ok()?;
            let checkpoint = CosignedCheckpoint::open(note.as_bytes(), &key).ok()?;
            Some((key, checkpoint))
        };
        // A witness that forgot would cosign a second history.
        parsed().map(Some).ok_or_else(|| Unwitnessed::Damaged(name.to_owned()))
    }
}

/// Whether `offered` is a later state of the ledger than `last`, or the same.
fn continues(
    last: &CosignedCheckpoint,
    offered: &CosignedCheckpoint,
    offer: &Offer<'_>,
) -> Result<(), Unwitnessed> {
    let (last, new) = (last.checkpoint(), offered.checkpoint());
    let (known, offered) = (last.size, new.size);
    if offered < known {
        return Err(Unwitnessed::Rollback { known, offered });
    }
    if offered == known && new != last {
        return Err(Unwitnessed::SplitView { known, offered, reason: ProofError::Root });
    }
    if offer.since != known && new != last {
        return Err(Unwitnessed::Since { known });
    }
    if new == last {
        return Ok(());
    }
    offer.proof.verify(&last, &new).map_err(|reason| Unwitnessed::SplitView { known, offered, reason })
}

fn name(origin: &Origin) -> String {
    Digest::of(origin.as_str().as_bytes()).hex()
}

impl DirectoryMemory {
    /// Opens the folder, making it where it is missing.
    pub fn open(directory: impl Into<PathBuf>) -> io::Result<Self> {
        let directory = directory.into();
        fs::create_dir_all(&directory)?;
        if let Some(parent) = directory.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            sync_directory(parent)?;
        }
        Ok(Self(directory))
    }
}

impl Memory for DirectoryMemory {
    fn recall(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        let file = match File::open(self.0.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        let mut bytes = Vec::new();
        file.take(MOST_BYTES).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }

    fn keep(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        replace(&self.0, name, bytes)
    }

    fn names(&self) -> io::Result<Vec<String>> {
        let names = fs::read_dir(&self.0)?.filter_map(|file| file.ok()?.file_name().into_string().ok());
        Ok(names.filter(|name| name.len() == 64 && name.bytes().all(|b| b.is_ascii_hexdigit())).collect())
    }
}

#[cfg(test)]
mod tests;
