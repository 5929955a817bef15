//! What a variable may hold.

use serde::{Deserialize, Serialize};

use crate::name::VariableName;

/// A variable of the analysis frame: from the dictionary, derived by the study, or `site`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Variable {
    /// Its name.
    pub name: VariableName,
    /// Its label, for reports.
    pub label: String,
    /// What it may hold.
    pub kind: VariableKind,
    /// Its unit, for reports.
    pub unit: Option<String>,
    /// Width of its default grid, where the dictionary gives one.
    pub grid: Option<f64>,
    /// Whether group disclosure rules apply.
    pub sensitive: bool,
}

/// The type of a variable. Bounds are public: they come from the dictionary, never from data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VariableKind {
    /// Whole numbers. `yesno` and `truefalse` are 0 and 1.
    Integer {
        /// Smallest and largest value, where known.
        bounds: Option<(i64, i64)>,
    },
    /// Real numbers.
    Number {
        /// Smallest and largest value, where known.
        bounds: Option<(f64, f64)>,
    },
    /// One of a list of codes; the first is the reference level.
    Factor {
        /// Codes and labels, in the dictionary's order; never empty.
        levels: Vec<Level>,
    },
}

/// A level of a factor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Level {
    /// The code, as data and results carry it.
    pub code: String,
    /// The label, as reports print it.
    pub label: String,
}

/// The most levels a variable may have to be used as a factor.
pub const MOST_LEVELS: usize = 40;

impl VariableKind {
    /// The levels of the variable used as a factor: its own, or the integers between its bounds where they
    /// are at most [`MOST_LEVELS`]. `None` where it cannot be one.
    pub fn levels(&self) -> Option<Vec<String>> {
        match self {
            Self::Factor { levels } => Some(levels.iter().map(|level| level.code.clone()).collect()),
            Self::Integer { bounds: Some((min, max)) } if max.abs_diff(*min) < MOST_LEVELS as u64 => {
                Some((*min..=*max).map(|value| value.to_string()).collect())
            }
            Self::Integer { .. } | Self::Number { .. } => None,
        }
    }

    /// Whether it can be added and averaged.
    pub fn is_numeric(&self) -> bool {
        matches!(self, Self::Integer { .. } | Self::Number { .. })
    }
}
