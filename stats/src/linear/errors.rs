//! A linear model with errors that do not come from the model: one more round, at the estimates.
//!
//! The state of that round is the totals of the first, from which everybody finds the same fit. Rows are scored in
//! coordinates about the means of their columns, with the outcome in units of its deviation.

use std::collections::BTreeSet;

use notochord_proto::layout::{Layout, TablePurpose};
use notochord_proto::name::VariableName;
use serde::{Deserialize, Serialize};

use super::Linear;
use crate::contribution::{ContributeError, Contribution};
use crate::design::Column;
use crate::figure::Figure;
use crate::frame::Frame;
use crate::outcome::Outcome;
use crate::sandwich::{Errors, Model, Sample, Scored, leverage, sandwich};
use crate::standard::{Estimates, Standard};
use crate::statistic::{Iterative, Next, OneRound, Summed, Unit};
use crate::terms::{INTERCEPT, Terms};
use crate::totals::Totals;
use crate::twofold::Twofold;
use crate::vector::{Sums, Tables};
use crate::weighted;

/// A linear model with sandwich errors.
pub(super) struct Robust {
    pub(super) linear: Linear,
    pub(super) errors: Errors,
}

/// The totals of the first round.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct State(Vec<Option<i128>>);

/// A fit in the coordinates of the second round.
struct Scorer {
    rows: u64,
    standard: Standard,
    /// The places of the estimates: 0 is the intercept.
    places: Vec<usize>,
    estimates: Vec<f64>,
    /// The inverse of the cross-products.
    bread: Vec<Vec<f64>>,
    /// The outcome's centre, and its scale in steps.
    outcome: (f64, f64),
    /// That scale in the outcome's own units.
    scale: Twofold,
}

impl Robust {
    fn layout_of_meat(&self) -> Layout {
        let design = &self.linear.design;
        let mut tables = Tables::default();
        let used = tables.count(TablePurpose::Base, &design.outcome, "rows used");
        if self.errors == Errors::Cluster {
            tables.count(TablePurpose::Base, &design.outcome, "patients");
        }
        let mut sums = tables.sums();
        sums.sum("meat: rows out of range", vec![used], 1);
        let constant = design.intercept.then(|| INTERCEPT.to_owned());
        let columns = &design.columns[..design.columns.len() - 1];
        let labels: Vec<String> =
            constant.into_iter().chain(columns.iter().map(|column| column.name.clone())).collect();
        triangle(&mut sums, &labels, used);
        sums.finish_model(self.linear.shape(used))
    }

    /// The fit of the first round's totals, and how its rows are scored.
    fn scorer(&self, state: &State) -> Option<Scorer> {
        let (totals, linear) = (Totals::new(state.0.clone()), &self.linear);
        let (moments, columns, fit) = linear.fitted(&totals).ok()?;
        let constant = usize::from(linear.design.intercept);
        let kept: Vec<usize> =
            (0..columns.len()).filter(|at| fit.coefficients[at + constant].is_some()).collect();
        let spread = |at: usize| moments.spread(at, linear.design.intercept);
        let (centres, scales): (Vec<f64>, Vec<f64>) = kept.iter().map(|at| spread(*at)).unzip();
        let (centre, deviation) = spread(columns.len());
        let standard = Standard::new(kept.iter().map(|at| columns[*at]).collect(), centres, scales);
        if !(standard.is_sound(&linear.design) && deviation > 0.0 && deviation.is_finite()) {
            return None;
        }
        let quantity = |column: &Column| column.quantity.step();
        let scale = quantity(linear.design.columns.last()?) * Twofold::from(deviation);
        let places: Vec<usize> = (1 - constant..1).chain((0..kept.len()).map(|at| at + 1)).collect();
        let unit = |at: usize| standard.unit(at, &linear.design);
        let slopes = kept.iter().enumerate().map(|(at, column)| {
            let estimate = Twofold::from(fit.coefficients[column + constant].unwrap_or_default());
            (estimate * unit(at) / scale).rounded()
        });
        // About their means the columns are orthogonal to the intercept, whose estimate is the outcome's mean: 0.
        let estimates = std::iter::repeat_n(0.0, constant).chain(slopes).collect();
        let variance = Twofold::from(fit.sigma) * Twofold::from(fit.sigma);
        let size = constant + kept.len();
        let entry = |one: usize, two: usize| match (one < constant, two < constant) {
            (true, true) => 1.0 / fit.n as f64,
            (false, false) => {
                let covariance = Twofold::from(fit.covariance[one][two]) / variance;
                (covariance * unit(one - constant) * unit(two - constant)).rounded()
            }
            _ => 0.0,
        };
        let bread = (0..size).map(|one| (0..size).map(|two| entry(one, two)).collect()).collect();
        Some(Scorer { rows: fit.n, standard, places, estimates, bread, outcome: (centre, deviation), scale })
    }

    fn contribute_meat(&self, frame: &Frame, scorer: &Scorer) -> Result<Contribution, ContributeError> {
        let layout = self.layout_of_meat();
        let mut contribution = Contribution::zero(layout.len());
        let columns = self.linear.design.read(frame)?;
        let last = self.linear.design.columns.len() - 1;
        let mut rows = Vec::with_capacity(frame.rows());
        for row in 0..frame.rows() {
            let Some(row) = columns.at(row)? else {
                rows.push(None);
                continue;
            };
            contribution.tally(0, 1);
            let all = scorer.standard.row(&row.integers);
            let x: Vec<f64> = scorer.places.iter().map(|place| all[*place]).collect();
            let y = (row.integers[last] as f64 - scorer.outcome.0) / scorer.outcome.1;
            let score = x.iter().zip(&scorer.estimates).fold(y, |rest, (x, estimate)| rest - x * estimate);
            let leverage = leverage(1.0, &x, &scorer.bread);
            rows.push(Some(Scored { x, score, leverage }));
        }
        let (patients, sums) = self.errors.meat(&rows, frame, scorer.places.len());
        let first = self.errors.first_sum();
        if self.errors == Errors::Cluster {
            contribution.tally(1, patients.into());
        }
        // The layout has room for columns that are aliased or nobody's; the sums of those in use come first.
        for (at, sum) in sums.into_iter().enumerate() {
            contribution.tally(first + at, sum);
        }
        Ok(contribution)
    }

    fn finish(&self, state: &State, totals: &Totals) -> Outcome {
        let nonsense = || Outcome::refused("the totals are not those of any rows");
        if totals.withheld() > 0 {
            return Outcome::suppressed("numbers the model needs were withheld by a disclosure rule");
        }
        let first_totals = Totals::new(state.0.clone());
        let first = self.errors.first_sum();
        let (Some(scorer), Ok((moments, columns, mut fit)), Some(clusters)) =
            (self.scorer(state), self.linear.fitted(&first_totals), self.errors.clusters(totals))
        else {
            return nonsense();
        };
        if totals.count(0) != Figure::Known(scorer.rows) {
            return Outcome::refused("the rows are not those of the first round");
        }
        if totals.sum(first) != Figure::Known(0) {
            return Outcome::refused(format!(
                "`{}` errors do not exist: a row has a coefficient to itself, or a residual out of range",
                self.errors.name()
            ));
        }
        if clusters.is_some_and(|clusters| clusters < 2) {
            return Outcome::refused("errors by patient need more than one patient");
        }
        let count = scorer.places.len();
        let mut numbers = (first + 1..first + Errors::length(count))
            .map_while(|at| totals.sum(at).known().filter(|sum| sum.unsigned_abs() <= 1 << 126))
            .map(weighted::number);
        let Some(meat) = weighted::symmetric(count, &mut numbers) else { return nonsense() };
        let sample = Sample { rows: scorer.rows, parameters: count as u64, clusters };
        let factor = Twofold::from(self.errors.factor(sample, Model::Linear)) * scorer.scale * scorer.scale;
        let meat: Vec<Vec<Twofold>> =
            meat.iter().map(|row| row.iter().map(|entry| *entry * factor).collect()).collect();
        let bread: Vec<Vec<Twofold>> =
            scorer.bread.iter().map(|row| row.iter().map(|entry| Twofold::from(*entry)).collect()).collect();
        let values = scorer.estimates.iter().map(|estimate| Twofold::from(*estimate)).collect();
        let estimates = Estimates { values, covariance: sandwich(&bread, &meat) };
        let natural = scorer.standard.natural(&scorer.places, &estimates, &self.linear.design);
        let rounded = |row: &Vec<Twofold>| row.iter().map(|entry| entry.rounded()).collect();
        fit.covariance = natural.covariance.iter().map(rounded).collect();
        self.linear.report(&first_totals, &moments, &columns, &fit, (self.errors, clusters))
    }
}

fn triangle(sums: &mut Sums, labels: &[String], used: usize) {
    for (at, one) in labels.iter().enumerate() {
        for two in &labels[..=at] {
            sums.sum(format!("meat: {one} × {two}"), vec![used], weighted::BOUND);
        }
    }
}

impl Iterative for Robust {
    type State = State;

    fn unit(&self) -> Unit {
        match self.errors {
            Errors::Cluster => Unit::Patient,
            _ => Unit::Row,
        }
    }

    fn variables(&self) -> BTreeSet<VariableName> {
        OneRound::variables(&self.linear)
    }

    fn summed(&self) -> Vec<Summed> {
        OneRound::summed(&self.linear)
    }

    fn terms(&self) -> Terms {
        self.linear.terms()
    }

    fn layout(&self, state: Option<&State>) -> Layout {
        match state {
            None => OneRound::layout(&self.linear),
            Some(_) => self.layout_of_meat(),
        }
    }

    fn contribute(&self, frame: &Frame, state: Option<&State>) -> Result<Contribution, ContributeError> {
        let Some(state) = state else { return OneRound::contribute(&self.linear, frame) };
        match self.scorer(state) {
            Some(scorer) => self.contribute_meat(frame, &scorer),
            None => Err(crate::question::QuestionError::State(1).into()),
        }
    }

    fn advance(&self, state: Option<State>, totals: &Totals) -> Next<State> {
        let Some(state) = state else {
            return match self.linear.fitted(totals) {
                Err(outcome) => Next::Answer(*outcome),
                Ok(_) => {
                    let state = State((0..totals.len()).map(|at| totals.sum(at).known()).collect());
                    match self.scorer(&state) {
                        Some(_) => Next::Ask(state),
                        None => Next::Answer(Outcome::refused("the totals are not those of any rows")),
                    }
                }
            };
        };
        Next::Answer(self.finish(&state, totals))
    }
}
