//! What can be wrong with a ledger, in words for the person who must look.

use crate::checkpoint::CheckpointError;

/// The first thing wrong with a ledger. Lines count from 1, as an editor shows them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A line that does not fit the one before it.
    #[error(
        "line {line} does not follow from the lines before it: it was changed, added or moved, or a line before \
         it was removed"
    )]
    Chain {
        /// The line.
        line: u64,
    },
    /// The checkpoint cannot be believed.
    #[error("the checkpoint cannot be believed: {0}")]
    Checkpoint(CheckpointError),
    /// A line that is not of the form the ledger writes.
    #[error("line {line} is not an entry: {what}")]
    Form {
        /// The line.
        line: u64,
        /// What is wrong with it.
        what: String,
    },
    /// Fewer lines than the checkpoint signed for.
    #[error("the checkpoint covers {signed} entries but the log ends after {found}: entries are missing")]
    Missing {
        /// Entries the checkpoint covers.
        signed: u64,
        /// Entries in the log.
        found: u64,
    },
    /// No checkpoint.
    #[error("there is no checkpoint: it was removed, or this folder is not a ledger")]
    NoCheckpoint,
    /// Lines and checkpoint tell different histories.
    #[error(
        "the {size} entries agree with one another but not with the signed checkpoint: the log was rewritten, \
         or the checkpoint is of another history"
    )]
    Root {
        /// Entries the checkpoint covers.
        size: u64,
    },
    /// Files older than what this process has already seen.
    #[error("the ledger had {known} entries and now has {found}: an older copy was put in its place")]
    RolledBack {
        /// Entries this process knows of.
        known: u64,
        /// Entries the checkpoint covers now.
        found: u64,
    },
    /// Lines that no checkpoint covers.
    #[error(
        "line {line} stands after the {signed} entries that the checkpoint covers: an interrupted append, which \
         the next start repairs if it is only one line, or an addition"
    )]
    Unsigned {
        /// The first such line.
        line: u64,
        /// Entries the checkpoint covers.
        signed: u64,
    },
}
