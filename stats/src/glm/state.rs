//! What travels between the rounds of a fit.

use serde::{Deserialize, Serialize};

use super::Glm;
use super::family::Family;
use super::progress::Progress;
use crate::standard::Standard;

/// The public state of all fits of an analysis: the model, the model without its terms, and models that lack one term.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct State {
    pub(super) round: u32,
    /// The rows used.
    pub(super) rows: u64,
    /// The rows that lack a variable of the model; none where a rule withheld it.
    pub(super) lost: Option<u64>,
    /// The sum of the outcome over its scale.
    pub(super) total: f64,
    /// The coordinates of every column that has somebody in it.
    pub(super) standard: Standard,
    /// The fits: the model first, then the null model, then the smaller ones of its tests.
    pub(super) fits: Vec<Progress>,
    /// Whether all fits are done, and the round asks for the meat of a sandwich.
    pub(super) finishing: bool,
}

impl State {
    /// Whether a state from outside is one of this analysis.
    pub(super) fn is_sound(&self, glm: &Glm) -> bool {
        let columns = self.standard.columns.len();
        let sound = |(at, fit): (usize, &Progress)| fit.is_sound(columns, glm.asked.has_theta(at));
        self.standard.is_sound(&glm.design)
            && self.fits.len() == 2 + glm.compared(&self.standard.columns).len()
            && self.fits.iter().enumerate().all(sound)
            && self.total.is_finite()
            && (!self.finishing || self.fits.iter().all(|fit| fit.done.is_some()))
    }

    /// The fits on their way, with their positions.
    pub(super) fn running(&self) -> impl Iterator<Item = (usize, &Progress)> {
        self.fits.iter().enumerate().filter(|(_, fit)| fit.done.is_none())
    }

    /// What a fit is called in layouts.
    pub(super) fn name(&self, at: usize) -> String {
        match at {
            0 => "model".to_owned(),
            1 => "null model".to_owned(),
            at => format!("smaller model {}", at - 1),
        }
    }

    /// Whether a fit has the model's theta.
    pub(super) fn borrows_theta(&self, at: usize) -> bool {
        let model = &self.fits[0];
        at == 1 && model.estimates.len() > model.places.len()
    }

    /// The logarithm of theta of a fit: the null model has the model's.
    pub(super) fn tau(&self, at: usize) -> f64 {
        let fit = &self.fits[if at == 1 { 0 } else { at }];
        fit.estimates.get(fit.places.len()).copied().unwrap_or_default()
    }
}

impl super::section::Asked {
    /// Whether a fit has a theta of its own.
    pub(super) fn has_theta(&self, at: usize) -> bool {
        self.family == Family::NegativeBinomial && at != 1
    }
}
