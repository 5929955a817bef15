//! What travels between the rounds of a mixed model.

use serde::{Deserialize, Serialize};

use super::Mixed;
use super::coordinates::Coordinates;
use crate::standard::Standard;

/// The public state of a fit.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct State {
    pub(super) round: u32,
    /// The rows used.
    pub(super) rows: u64,
    /// The patients they are of.
    pub(super) patients: u64,
    /// The rows that lack a variable of the model; none where a rule withheld it.
    pub(super) lost: Option<u64>,
    /// The coordinates of every column that has somebody in it.
    pub(super) standard: Standard,
    /// The columns with an estimate: 0 is the intercept, then those of the coordinates from 1.
    pub(super) kept: Vec<usize>,
    /// The outcome's, in steps.
    pub(super) centre: f64,
    pub(super) scale: f64,
    /// The levels of each factor that somebody has, the reference first.
    pub(super) occupied: Vec<Vec<usize>>,
    /// The levels of visits that somebody has.
    pub(super) visits: Vec<usize>,
    pub(super) coordinates: Coordinates,
    /// Where the likelihood is asked for.
    pub(super) at: Vec<f64>,
    /// The best place so far.
    pub(super) best: Option<Best>,
}

/// A place and how good it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Best {
    pub(super) at: Vec<f64>,
    /// `-2 ℓ` up to a constant.
    pub(super) value: f64,
}

/// The furthest a coordinate goes.
const FURTHEST: f64 = 40.0;

impl State {
    /// Whether a state from outside is one of this analysis.
    pub(super) fn is_sound(&self, mixed: &Mixed) -> bool {
        let shape = mixed.asked.shape();
        let sizes = match &mixed.visits {
            Some(levels) => {
                let rising = self.visits.windows(2).all(|pair| pair[0] < pair[1]);
                let known = self.visits.last().is_some_and(|last| *last < levels.len());
                if !(rising && known) {
                    return false;
                }
                self.visits.len()
            }
            None => mixed.asked.terms(),
        };
        let positive = |size: &f64| size.is_finite() && *size > 0.0;
        let within = |at: &[f64]| {
            at.len() == self.coordinates.count(shape)
                && at.iter().enumerate().all(|(place, x)| {
                    x.abs() <= FURTHEST && (*x >= 0.0 || !self.coordinates.is_bounded(shape, place))
                })
        };
        self.standard.is_sound(&mixed.design)
            && mixed.slope.is_none_or(|slope| self.standard.columns.contains(&slope))
            && self.kept.windows(2).all(|pair| pair[0] < pair[1])
            && self.kept.last().is_some_and(|last| *last <= self.standard.columns.len())
            && self.occupied.len() == mixed.design.factors.len()
            && self.occupied.iter().zip(&mixed.design.factors).all(|(own, factor)| {
                own.len() <= factor.levels.len() && own.iter().all(|level| *level < factor.levels.len())
            })
            && self.centre.is_finite()
            && positive(&self.scale)
            && self.coordinates.sizes.len() == sizes
            && self.coordinates.sizes.iter().all(positive)
            && self.coordinates.site.is_some() == mixed.sites.is_some()
            && self.coordinates.site.iter().all(positive)
            && within(&self.at)
            && self.best.as_ref().is_none_or(|best| within(&best.at))
            && mixed.length_of_round(self) <= crate::vector::LONGEST
    }

    /// The coordinates of a point kept within what can be computed with.
    pub(super) fn bounded(at: f64) -> f64 {
        at.clamp(-FURTHEST, FURTHEST)
    }
}
