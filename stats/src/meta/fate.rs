//! What became of a site's own fit.

use crate::outcome::{Outcome, Status};

/// What became of a site's own fit, as one small number of the vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// No row of the site was used, or a disclosure rule held its numbers back.
    Nothing,
    /// It gave an answer.
    Answered,
    /// Nobody has the reference level of a factor.
    NoReference,
    /// Too few rows for its parameters.
    TooFewRows,
    /// One value of the outcome, or one of all events.
    Constant,
    /// The errors are 0.
    Exact,
    /// A combination of terms tells the outcome, so that estimates are infinite.
    Separated,
    /// It found no estimates within its rounds.
    NotConverged,
    /// Another reason.
    Refused,
}

impl Fate {
    /// No code is larger.
    pub(super) const MOST: i128 = 16;

    const ALL: [Self; 9] = [
        Self::Nothing,
        Self::Answered,
        Self::NoReference,
        Self::TooFewRows,
        Self::Constant,
        Self::Exact,
        Self::Separated,
        Self::NotConverged,
        Self::Refused,
    ];

    /// By the outcome's status and the words of its reason.
    pub(super) fn of(outcome: &Outcome) -> Self {
        if !matches!(outcome.status, Status::Released | Status::PartlySuppressed) {
            let reason = outcome.reason.as_deref().unwrap_or_default();
            let words = [
                ("theta grows", Self::Refused),
                ("separat", Self::Separated),
                ("without bound", Self::Separated),
                ("converge", Self::NotConverged),
                ("degrees of freedom", Self::TooFewRows),
                ("same value", Self::Constant),
                ("is 0 in all", Self::Constant),
                ("exactly", Self::Exact),
            ];
            let found = words.iter().find(|(word, _)| reason.contains(word));
            return found.map_or(Self::Refused, |(_, fate)| *fate);
        }
        Self::Answered
    }

    /// Its number.
    pub(super) fn code(self) -> i128 {
        Self::ALL.iter().position(|fate| *fate == self).map_or(0, |at| at as i128)
    }

    /// The fate of a number.
    pub(super) fn coded(code: i128) -> Option<Self> {
        Self::ALL.get(usize::try_from(code).ok()?).copied()
    }

    /// Its word in results.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Nothing => "no_rows",
            Self::Answered => "answered",
            Self::NoReference => "no_reference_level",
            Self::TooFewRows => "too_few_rows",
            Self::Constant => "constant_outcome",
            Self::Exact => "exact_fit",
            Self::Separated => "separated",
            Self::NotConverged => "not_converged",
            Self::Refused => "refused",
        }
    }
}
