//! The last round, where errors are asked for that do not come from the model.

use notochord_proto::layout::{Layout, TablePurpose};

use super::state::State;
use super::{Family, Glm, columns_of, overdispersed, predictor, report, triangle};
use crate::contribution::{ContributeError, Contribution};
use crate::figure::Figure;
use crate::frame::Frame;
use crate::outcome::Outcome;
use crate::sandwich::{Errors, Model, Sample, Scored, leverage, sandwich};
use crate::totals::Totals;
use crate::twofold::Twofold;
use crate::vector::Tables;
use crate::weighted;

impl Glm {
    /// The rows used, the patients they are of, and the sums of the meat.
    pub(super) fn errors_layout(&self, state: &State) -> Layout {
        let mut tables = Tables::default();
        let used = tables.count(TablePurpose::Base, &self.design.outcome, "rows used");
        if self.asked.errors == Errors::Cluster {
            tables.count(TablePurpose::Base, &self.design.outcome, "patients");
        }
        let mut sums = tables.sums();
        sums.sum("meat: rows out of range", vec![used], 1);
        let labels = self.labels(state, &state.fits[0].places);
        triangle(&mut sums, &labels, &[used], weighted::BOUND);
        sums.finish_model(columns_of(&self.design, used))
    }

    pub(super) fn contribute_errors(
        &self,
        frame: &Frame,
        state: &State,
    ) -> Result<Contribution, ContributeError> {
        let mut contribution = Contribution::zero(self.errors_layout(state).len());
        let columns = self.design.read(frame)?;
        let model = &state.fits[0];
        let bread = model.done.as_ref().map(|done| done.inverse.as_slice()).unwrap_or_default();
        let mut rows = Vec::with_capacity(frame.rows());
        for row in 0..frame.rows() {
            let Some(row) = columns.at(row)? else {
                rows.push(None);
                continue;
            };
            contribution.tally(0, 1);
            let all = state.standard.row(&row.integers);
            let x: Vec<f64> = model.places.iter().map(|place| all[*place]).collect();
            let (y, eta) = (self.outcome(&row), predictor(&x, model.coefficients(), self.offset(&row)));
            let terms = match self.asked.family {
                Family::NegativeBinomial => overdispersed::at(y, eta, state.tau(0)).0,
                family => family.at(y, eta),
            };
            let leverage = leverage(terms.expected, &x, bread);
            rows.push(Some(Scored { x, score: terms.score, leverage }));
        }
        let (patients, sums) = self.asked.errors.meat(&rows, frame, model.places.len());
        let first = self.asked.errors.first_sum();
        if self.asked.errors == Errors::Cluster {
            contribution.tally(1, patients.into());
        }
        for (at, sum) in sums.into_iter().enumerate() {
            contribution.tally(first + at, sum);
        }
        Ok(contribution)
    }

    pub(super) fn with_errors(&self, state: &State, totals: &Totals) -> Outcome {
        let nonsense = || Outcome::refused("the totals are not those of any rows");
        let model = &state.fits[0];
        let errors = self.asked.errors;
        let (Some(done), Some(clusters)) = (&model.done, errors.clusters(totals)) else { return nonsense() };
        let first = errors.first_sum();
        if totals.sum(first) != Figure::Known(0) {
            return Outcome::refused(format!(
                "`{}` errors do not exist: a row has a coefficient to itself, or a score out of range",
                errors.name()
            ));
        }
        if clusters.is_some_and(|clusters| clusters < 2) {
            return Outcome::refused("errors by patient need more than one patient");
        }
        let count = model.places.len();
        let mut numbers = (first + 1..first + Errors::length(count))
            .map_while(|at| {
                totals.sum(at).known().filter(|sum| sum.unsigned_abs() <= super::MOST.unsigned_abs())
            })
            .map(weighted::number);
        let Some(meat) = weighted::symmetric(count, &mut numbers) else { return nonsense() };
        let sample = Sample { rows: state.rows, parameters: count as u64, clusters };
        let factor = Twofold::from(errors.factor(sample, Model::Generalised));
        let meat: Vec<Vec<Twofold>> =
            meat.iter().map(|row| row.iter().map(|entry| *entry * factor).collect()).collect();
        let bread: Vec<Vec<Twofold>> =
            done.inverse.iter().map(|row| row.iter().map(|entry| Twofold::from(*entry)).collect()).collect();
        let robust = report::Robust { covariance: sandwich(&bread, &meat), clusters };
        let state = State { round: state.round + 1, ..state.clone() };
        report::outcome(self, totals, &state, Some(robust))
    }
}
