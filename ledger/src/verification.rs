//! Verification: is this ledger what was written?

use std::{fmt, io};

use notochord_proto::digest::Digest;

use crate::chain::Chain;
use crate::checkpoint::Checkpoint;
use crate::fault::Fault;
use crate::note::VerifierKey;
use crate::storage::{Document, Storage};

/// What verification found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// How many entries, from the first, stand as they were written one after another.
    pub size: u64,
    /// The Merkle root over those entries.
    pub root: Digest,
    /// The first thing wrong.
    pub fault: Option<Fault>,
}

/// Verifies a ledger where it lies, changing nothing.
///
/// Fails only where the files cannot be read.
pub fn verify<S: Storage>(storage: &S, key: &VerifierKey) -> io::Result<Verification> {
    let _lock = storage.lock()?;
    let log = storage.read_log(0)?;
    Ok(verify_bytes(&log, storage.read(Document::Checkpoint)?.as_deref(), key))
}

/// Verifies a copy of a ledger: the bytes of its log and of its checkpoint.
pub fn verify_bytes(log: &[u8], checkpoint: Option<&[u8]>, key: &VerifierKey) -> Verification {
    let mut chain = Chain::default();
    let fault = find_fault(&mut chain, log, checkpoint, key).err();
    let Checkpoint { size, root } = chain.checkpoint();
    Verification { size, root, fault }
}

impl Verification {
    /// Whether every byte is as it was written.
    pub fn is_sound(&self) -> bool {
        self.fault.is_none()
    }
}

impl fmt::Display for Verification {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.fault {
            None => write!(out, "{} entries verify against the signed checkpoint", self.size),
            Some(fault) => write!(out, "the ledger does not verify: {fault}"),
        }
    }
}

fn find_fault(
    chain: &mut Chain,
    log: &[u8],
    checkpoint: Option<&[u8]>,
    key: &VerifierKey,
) -> Result<(), Fault> {
    let signed = checkpoint
        .ok_or(Fault::NoCheckpoint)
        .and_then(|bytes| Checkpoint::open(bytes, key).map_err(Fault::Checkpoint));
    // A line at fault says more than a bad checkpoint, so the lines come first.
    let covered = signed.as_ref().map_or(u64::MAX, |signed| signed.size);
    let rest = chain.follow_until(covered, log, |_, _| {})?;
    let signed = signed?;
    chain.agree(&signed)?;
    if rest.is_empty() { Ok(()) } else { Err(Fault::Unsigned { line: signed.size + 1, signed: signed.size }) }
}
