//! The record that must not lie.
//!
//! A node and the coordinator each keep a ledger: what they were asked, what they decided, and what they let
//! out. It is written before anything leaves, it is really on the disk before writing returns, and nobody can
//! change, remove, add or reorder a byte of it without [`verify`] saying which line.
//!
//! No patient value, row number or count below a threshold belongs in a ledger: it is kept for ever and shown
//! to people who may not see records.
//!
//! # The files
//!
//! A ledger is a folder with these files.
//!
//! ## `ledger.log`
//!
//! One line for each entry, oldest first:
//!
//! ```text
//! <64 hexadecimal digits> <JSON object>\n
//! ```
//!
//! | bytes | what they are |
//! |---|---|
//! | 0–63 | the chain hash, lower-case hexadecimal |
//! | 64 | a space |
//! | 65–(end−1) | the entry: a JSON object in UTF-8 without line breaks, at most [`MOST_ENTRY_BYTES`] long |
//! | end | a newline, `0x0A` |
//!
//! The JSON object starts with three fields; those of the entry's kind follow in its own order:
//!
//! ```json
//! {"index":0,"time":"2026-11-22T14:50:00Z","kind":"started","software":"0.1.0"}
//! ```
//!
//! `index` counts from 0 without gaps, `time` is RFC 3339 in UTC. Hashes are over the bytes as they stand in
//! the file, so nothing depends on how JSON is written:
//!
//! ```text
//! leaf(i)  = SHA-256(0x00 || JSON bytes of entry i)          the leaf hash of RFC 6962
//! chain(i) = SHA-256(chain(i-1) || leaf(i))                  chain(-1) is 32 zero bytes
//! root(n)  = the Merkle tree hash of RFC 6962 over leaf(0) … leaf(n-1)
//! ```
//!
//! The chain says which line was touched first; the root is what the checkpoint signs, and what a witness
//! elsewhere can cosign and later check for consistency.
//!
//! ## `checkpoint`
//!
//! The newest signed statement about the log, in the text forms of C2SP `tlog-checkpoint` and `signed-note`:
//!
//! ```text
//! <origin>\n
//! <n in decimal>\n
//! <base64 of root(n)>\n
//! \n
//! — <origin> <base64(key id || signature)>\n
//! ```
//!
//! The signature is Ed25519 over the first three lines, newlines included. The key id is the first four bytes
//! of `SHA-256(origin || 0x0A || 0x01 || public key)`. Lines of other
//! keys are looked over.
//!
//! ## `cosigned`
//!
//! The newest checkpoint that witnesses have cosigned, in the same form; under the ledger's own signature stands a
//! line of each witness, as C2SP `tlog-cosignature` defines `cosignature/v1`. It is there once a witness was had.
//!
//! ## `locked`
//!
//! There only if somebody else remembers a checkpoint of this ledger that it contradicts: why, in words. Nothing is
//! appended any more, and nothing removes the lock but a person who has understood what happened.
//!
//! ## `lock`
//!
//! Empty. Whoever appends holds an exclusive advisory lock on it, so that the node's service and a command
//! may write to one ledger; each first reads, and checks, the lines the other wrote.
//!
//! # Writing
//!
//! Under the lock: read and check what is new; append one line; fsync the log; write the checkpoint to
//! another name, fsync it, rename it over the old one, fsync the folder. Only then does [`Ledger::append`]
//! return. So the log never holds more than one line that the checkpoint does not cover.
//!
//! # Opening, and what is repaired
//!
//! A machine may stop between any two of those steps. What it leaves is one line beyond the checkpoint, torn or
//! whole. The append did not return, so nobody acted on the entry: the line is cut off, and that is said in
//! [`Ledger::recoveries`]. A whole line is never signed afterwards: anybody who can write to the log can
//! continue the chain, and only the checkpoint says that the ledger's owner wrote it.
//!
//! Anything else is a [`Fault`]: lines missing below the checkpoint, a chain, root or signature that does not
//! fit, a missing checkpoint. It is never repaired. The ledger stays locked and a person must look.
//!
//! # Witnesses
//!
//! Whoever holds the signing key can write another history, and a complete older copy of the folder verifies. Both
//! are found by somebody else who keeps a checkpoint. A [`Witness`] keeps the last one it cosigned of each ledger,
//! and cosigns the next only with a proof that the ledger grew from there: a ledger that shows two histories finds
//! no witness for one of them. What witnesses remember is shown to the ledger again ([`Ledger::confront`]); an older
//! copy that was put back then locks itself.
//!
//! # Honest limits
//!
//! Witnesses that all collude with a ledger's owner can cosign two histories. Between two cosignatures the newest
//! entries stand on the owner's word alone.

mod chain;
mod checkpoint;
mod cosignature;
mod entry;
mod export;
mod fault;
mod ledger;
mod merkle;
mod message;
mod note;
mod proof;
mod record;
mod storage;
mod subtrees;
mod verification;
mod witness;

pub use checkpoint::{Checkpoint, CheckpointError};
pub use cosignature::{Cosigned, CosignedCheckpoint};
pub use entry::{Entry, EntryError, MOST_ENTRY_BYTES};
pub use export::{Audit, CosignedFault, CosignedPart, Export, ExportError};
pub use fault::Fault;
pub use ledger::{Ledger, LedgerError, ProvenEntry, Recovery, Testimony};
pub use message::{MOST_ITEMS, MessageError, ReceivedOffer};
pub use note::{CheckpointKey, NoteError, Origin, OriginError, VerifierKey, VerifierKeyError};
pub use proof::{ConsistencyProof, InclusionProof, MOST_PROOF_HASHES, ProofError};
pub use record::Record;
pub use storage::{DirectoryStorage, Document, Storage};
pub use verification::{Verification, verify, verify_bytes};
pub use witness::{DirectoryMemory, Memory, Offer, Unwitnessed, Witness};
