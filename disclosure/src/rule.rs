//! The rules, one file each, and what is said when one fires.

pub(crate) mod complement;
pub(crate) mod design;
pub(crate) mod primary;
pub(crate) mod rows;
pub(crate) mod secondary;
pub(crate) mod sums;

use notochord_proto::study::Rows;
use serde::{Deserialize, Serialize};

use crate::profile::Threshold;

/// A disclosure rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// R2: all but a few of a group.
    Complement,
    /// R9: a model with a factor level of few patients.
    Level,
    /// R9: a model with too many parameters for its patients.
    Parameters,
    /// R1: a small count.
    Primary,
    /// R9: a model with few residual degrees of freedom.
    ResidualDf,
    /// An analysis of few patients, or of nobody.
    Rows,
    /// R4: a count from which a withheld one could be worked out.
    Secondary,
    /// R8: a sum over few patients.
    Sum,
}

/// A rule that fired, where, and how many numbers it held back. It carries no counts of patients, so it may
/// be kept in a ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fired {
    /// The rule.
    pub rule: Rule,
    /// The table, the sum or the model, in the layout's words.
    pub what: String,
    /// How many numbers it held back.
    pub withheld: usize,
}

impl Rule {
    /// Every rule.
    pub const ALL: [Self; 8] = [
        Self::Complement,
        Self::Level,
        Self::Parameters,
        Self::Primary,
        Self::ResidualDf,
        Self::Rows,
        Self::Secondary,
        Self::Sum,
    ];

    /// The rule's name in messages and results.
    pub fn name(self) -> &'static str {
        match self {
            Self::Complement => "complement",
            Self::Level => "level",
            Self::Parameters => "parameters",
            Self::Primary => "primary",
            Self::ResidualDf => "residual_df",
            Self::Rows => "rows",
            Self::Secondary => "secondary",
            Self::Sum => "sum",
        }
    }

    /// The rule of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.name() == name)
    }

    /// The rule's reason, for the people who read the result. Where rows are visits the rules ask how few
    /// patients they could be of ([`Rules::for_rows_per_patient`](crate::Rules::for_rows_per_patient)).
    pub fn reason(self, minimum: Threshold, rows: Rows) -> String {
        match self {
            Self::Complement => complement::reason(minimum, rows),
            Self::Level => design::level_reason(minimum, rows),
            Self::Parameters => design::parameters_reason(rows),
            Self::Primary => primary::reason(minimum, rows),
            Self::ResidualDf => design::residual_df_reason(rows),
            Self::Rows => rows::reason(minimum, rows),
            Self::Secondary => secondary::reason(minimum, rows),
            Self::Sum => sums::reason(minimum, rows),
        }
    }
}
