//! The codes a network declares for values that are missing.

use std::collections::HashSet;

use notochord_proto::dictionary::Settings;

use super::label::plain;

/// What stands in a cell whose value is missing for a declared reason.
pub(super) struct MissingCodes {
    written: HashSet<String>,
}

impl MissingCodes {
    pub(super) fn new(settings: &Settings) -> Self {
        let codes = settings.missing_codes.iter();
        Self { written: codes.flat_map(|missing| [missing.code.clone(), plain(&missing.label)]).collect() }
    }

    /// Whether a cell is a code for a missing value, or its label.
    pub(super) fn has(&self, cell: &str) -> bool {
        // Software that knows only decimal numbers adds a zero to a code.
        let whole = || cell.strip_suffix(".0").is_some_and(|code| self.written.contains(code));
        !self.written.is_empty() && (self.written.contains(cell) || whole())
    }
}
