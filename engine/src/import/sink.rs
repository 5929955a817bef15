//! Where a reader puts what it reads.

use super::{Finding, ImportError};
use crate::record::Record;

/// Takes the rows of a file, one after the other.
pub(crate) trait Sink {
    /// A row of a known patient, after what was wrong in it.
    fn record(&mut self, record: Record) -> Result<(), ImportError>;

    /// Something wrong.
    fn finding(&mut self, finding: Finding) -> Result<(), ImportError>;
}
