//! Typed entries.

use serde::Serialize;
use time::OffsetDateTime;

use crate::ledger::{Ledger, LedgerError};
use crate::storage::Storage;

/// An entry of a known kind.
pub trait Record: Serialize {
    /// The entry's kind.
    const KIND: &'static str;

    /// Appends it; it is durable when this returns.
    fn write<S: Storage>(&self, ledger: &mut Ledger<S>, now: OffsetDateTime) -> Result<(), LedgerError>
    where
        Self: Sized,
    {
        ledger.append(now, Self::KIND, self).map(|_| ())
    }
}

/// Gives types their kinds: `kinds!(Enrolled = "enrolled", Invited = "invited");`
#[macro_export]
macro_rules! kinds {
    ($($type:ident = $kind:literal),* $(,)?) => {
        $(impl $crate::Record for $type { const KIND: &'static str = $kind; })*
    };
}
