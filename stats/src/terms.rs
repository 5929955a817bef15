//! The terms that an analysis reports, for analyses that stand on it.

use crate::levels::Levels;

/// The name of the intercept.
pub(crate) const INTERCEPT: &str = "(Intercept)";

/// The terms of a model, before anything is known of the data.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Terms {
    /// Every name that may stand in `terms` of the result, in its order. Terms of levels nobody has are among them.
    pub(crate) names: Vec<String>,
    /// The reference level of each factor that is coded by contrasts with it, by position. Where nobody has it, the
    /// terms of the factor are contrasts with another level, and the names mean something else.
    pub(crate) references: Vec<(Levels, usize)>,
}
