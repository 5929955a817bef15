//! What travels between the rounds of a fit.

use serde::{Deserialize, Serialize};

use super::Cox;
use super::across::Blocks;
use super::hazards::Hazards;
use super::newton::{Evaluation, Fit};
use super::proportional::Interactions;
use crate::standard::Standard;

/// The public state of an analysis.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct State {
    pub(super) round: u32,
    /// The rows used.
    pub(super) rows: u64,
    /// The rows that lack a variable of the model; none where a rule withheld it.
    pub(super) lost: Option<u64>,
    pub(super) events: u64,
    /// The columns of the design that have somebody in them.
    pub(super) used: Vec<usize>,
    /// The coordinates of the columns of the fit.
    pub(super) standard: Standard,
    pub(super) fit: Fit,
    /// What was found at zeros; none until somebody asked.
    pub(super) start: Option<Start>,
    /// The event times of each stratum of a model on the grid.
    pub(super) blocks: Vec<Blocks>,
    /// Where events happen on the grid, over all strata, and one less survival before each; only for the test of
    /// proportional hazards.
    pub(super) transform: Vec<(usize, f64)>,
    /// Set once the estimates are final.
    pub(super) finishing: Option<Finishing>,
    /// The evaluation at zeros in the coordinates of the fit, between two steps of one round.
    #[serde(skip)]
    pub(super) begun: Option<Evaluation>,
}

/// What was found where all coefficients are 0.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Start {
    pub(super) loglik: f64,
    /// Rao's statistic.
    pub(super) score: f64,
    /// Half the logarithm of the determinant of the information.
    pub(super) penalty: f64,
}

/// What a model on the grid knows at the final estimates.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Finishing {
    /// The hazards of each stratum.
    pub(super) hazards: Vec<Hazards>,
    pub(super) interactions: Option<Interactions>,
}

impl State {
    /// Whether a state from outside is one of this analysis.
    pub(super) fn is_sound(&self, cox: &Cox) -> bool {
        let count = self.standard.columns.len();
        let strata = if cox.grid().is_some() { cox.strata.len() } else { 0 };
        let times = cox.grid().map_or(0, super::follow_up::Times::len);
        let finishing = self.finishing.as_ref().is_none_or(|finishing| {
            finishing.hazards.len() == strata
                && finishing.hazards.iter().all(|hazards| hazards.is_sound(count))
                && finishing.interactions.as_ref().is_none_or(|own| own.is_sound(count))
        });
        count > 0
            && self.standard.is_sound(&cox.design)
            && self.used.iter().all(|column| *column < cox.design.columns.len() - 1)
            && self.fit.is_sound(count)
            && self.blocks.len() == strata
            && self.blocks.iter().all(|blocks| blocks.is_sound(times))
            && finishing
    }
}
