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
    /// It was being asked when the coordinator stopped. It may have answered.
    Interrupted,
    /// Its node, or the coordinator, is of another release and lacks what the study needs.
    Lacking,
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
            Self::Interrupted => "interrupted",
            Self::Lacking => "lacking",
            Self::NotAccepted => "not_accepted",
            Self::Refused => "refused",
            Self::TooSlow => "too_slow",
            Self::Unreachable => "unreachable",
        }
    }

    /// What it did, for people, after its name.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::BrokenAnswer => "answered with what is no answer",
            Self::Contributed => "contributed",
            Self::Interrupted => "was being asked when the coordinator stopped",
            Self::Lacking => "lacks what the study needs",
            Self::NotAccepted => "has not accepted the study (yet)",
            Self::Refused => "refused",
            Self::TooSlow => "took too long",
            Self::Unreachable => "cannot be reached",
        }
    }

    /// The status of this name.
    pub fn named(name: &str) -> Option<Self> {
        let all = [
            Self::BrokenAnswer,
            Self::Contributed,
            Self::Interrupted,
            Self::Lacking,
            Self::NotAccepted,
            Self::Refused,
            Self::TooSlow,
            Self::Unreachable,
        ];
        all.into_iter().find(|status| status.name() == name)
    }
}
