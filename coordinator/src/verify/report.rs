//! What was checked, and what was found.

use std::fmt::Display;

use serde::Serialize;

/// What was checked, in order.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Each check.
    pub checks: Vec<Check>,
}

/// One check.
#[derive(Debug, Serialize)]
pub struct Check {
    /// What was checked.
    pub what: String,
    /// What was found.
    #[serde(flatten)]
    pub found: Found,
}

/// What a check found.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "found", content = "detail")]
pub enum Found {
    /// It holds; what exactly, in words.
    Holds(String),
    /// There is nothing to check.
    Missing(String),
    /// It does not hold; why.
    Fails(String),
}

impl Report {
    /// The checks that do not hold.
    pub fn failures(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| matches!(check.found, Found::Fails(_)))
    }

    /// What could not be checked because it is not there.
    pub fn missing(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| matches!(check.found, Found::Missing(_)))
    }

    pub(super) fn holds(&mut self, what: impl Into<String>, detail: impl Into<String>) {
        self.checks.push(Check { what: what.into(), found: Found::Holds(detail.into()) });
    }

    pub(super) fn misses(&mut self, what: impl Into<String>, detail: impl Into<String>) {
        self.checks.push(Check { what: what.into(), found: Found::Missing(detail.into()) });
    }

    pub(super) fn fails(&mut self, what: impl Into<String>, reason: impl Display) {
        let reason = reason.to_string().chars().take(1000).collect();
        self.checks.push(Check { what: what.into(), found: Found::Fails(reason) });
    }

    /// Notes how a check ended, and goes on with what it gave.
    pub(super) fn take<T, E: Display>(
        &mut self,
        what: impl Into<String>,
        checked: Result<T, E>,
    ) -> Option<T> {
        checked.map_err(|reason| self.fails(what, reason)).ok()
    }
}
