//! The contract every statistic keeps.

use std::collections::BTreeSet;

use notochord_proto::layout::Layout;
use notochord_proto::name::VariableName;
use serde::{Deserialize, Serialize};

use crate::contribution::{ContributeError, Contribution};
use crate::frame::Frame;
use crate::outcome::Outcome;
use crate::totals::Totals;

/// A statistic, resolved against the variables of a study.
///
/// # The law
/// For any split of a frame between units, the contributions of the parts add up to the contribution of the
/// whole, integer for integer; an empty frame contributes zeros. `tests/laws.rs` holds every registered kind
/// to it.
pub trait Statistic: Send + Sync {
    /// What a frame may be split between.
    fn unit(&self) -> Unit;

    /// The columns of the frame it reads, `site` among them where it asks about sites.
    fn variables(&self) -> BTreeSet<VariableName>;

    /// What each integer of the vector is.
    fn layout(&self) -> Layout;

    /// The node's half: the vector of these rows, as long as the layout.
    fn contribute(&self, frame: &Frame) -> Result<Contribution, ContributeError>;

    /// The terms whose values it adds up as numbers. What is only counted is not among them.
    fn summed(&self) -> Vec<Summed>;

    /// The network's half: the answer from the added vectors. It always answers: what cannot be computed is
    /// an outcome with a reason in words, and no number in it is infinite or not a number.
    fn advance(&self, totals: &Totals) -> Outcome;
}

/// A term whose values are added up. The rules on counts cannot protect a sum of something the study itself
/// defines: it may be 0 for everybody but one patient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Summed {
    /// A variable, or its logarithm.
    Variable(VariableName),
    /// Arithmetic written in the analysis, as R names it.
    Expression(String),
}

/// What a frame may be split between without changing the total.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Any rows.
    Row,
    /// All rows of a patient stay together.
    Patient,
    /// All rows of a site stay together.
    Site,
}
