//! The first round of a generalised linear model, for other fits of the same means that start as it does.

use notochord_proto::layout::Layout;

use super::Glm;
use super::family::Family;
use super::section::{Asked, Dispersion, Penalty};
use crate::contribution::{ContributeError, Contribution};
use crate::design::{Design, DesignRow};
use crate::frame::Frame;
use crate::outcome::Outcome;
use crate::sandwich::Errors;
use crate::standard::Standard;
use crate::totals::Totals;

/// Where a fit starts.
pub(crate) struct Starting {
    pub(crate) rows: u64,
    /// The rows that lack a variable of the model; none where a rule withheld it.
    pub(crate) lost: Option<u64>,
    pub(crate) standard: Standard,
    /// The columns that earlier ones do not give: 0 is the intercept, then those of the coordinates from 1.
    pub(crate) kept: Vec<usize>,
    pub(crate) estimates: Vec<f64>,
}

impl Glm {
    /// The model of a family, with nothing else asked of it.
    pub(crate) fn of_family(kind: &'static str, family: Family, design: Design) -> Self {
        let dispersion = Dispersion::Estimated;
        let asked = Asked {
            kind,
            family,
            dispersion,
            penalty: Penalty::None,
            errors: Errors::Model,
            tests: Vec::new(),
        };
        Self::new(asked, design)
    }

    pub(crate) fn design(&self) -> &Design {
        &self.design
    }

    /// What outcomes and offsets are divided by.
    pub(crate) fn scale(&self) -> f64 {
        self.scale
    }

    /// The outcome and the offset of a row over the scale.
    pub(crate) fn outcome_and_offset(&self, row: &DesignRow) -> (f64, f64) {
        (self.outcome(row), self.offset(row))
    }

    pub(crate) fn first_layout(&self) -> &Layout {
        &self.first
    }

    pub(crate) fn first_contribution(&self, frame: &Frame) -> Result<Contribution, ContributeError> {
        self.contribute_first(frame)
    }

    /// The first step, or why there is no fit.
    pub(crate) fn first_step(&self, totals: &Totals) -> Result<Starting, Box<Outcome>> {
        let state = self.start(totals)?;
        let (rows, lost, standard) = (state.rows, state.lost, state.standard);
        match state.fits.into_iter().next() {
            Some(fit) => Ok(Starting { rows, lost, standard, kept: fit.places, estimates: fit.estimates }),
            None => Err(Box::new(Outcome::refused("the model has no term"))),
        }
    }
}
