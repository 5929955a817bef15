//! How a site took part in a run.

use serde::{Deserialize, Serialize};

/// How a site took part in a run. Each site of a run has exactly one, whatever happened to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SiteStatus {
    /// It answered with what is no answer.
    BrokenAnswer,
    /// Its numbers are in the totals.
    Contributed,
    /// Its data steward has not accepted the study.
    NotAccepted,
    /// It declined; the reason is in its own ledger.
    Refused,
    /// It took longer than the run's deadline.
    TooSlow,
    /// It was not connected.
    Unreachable,
}

impl SiteStatus {
    /// The word for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::BrokenAnswer => "broken_answer",
            Self::Contributed => "contributed",
            Self::NotAccepted => "not_accepted",
            Self::Refused => "refused",
            Self::TooSlow => "too_slow",
            Self::Unreachable => "unreachable",
        }
    }
}
