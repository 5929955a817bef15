//! `calibration`: whether predicted probabilities are those that come true.
//!
//! The first round counts predictions on the public grid and adds up what Brier's score needs; the second counts events
//! in groups of about as many rows each, whose ends are read off the grid; the later ones fit the logit of the outcome to
//! that of the prediction (slope and intercept) and with it as an offset (calibration in the large), starting from
//! predictions that are right. A prediction of exactly 0 or 1 has no logit: there is then no fit, and `reason` says so.
//!
//! Tidy columns: `group`, `up_to`, `n`, `events`, `predicted`, `observed`, `lower`, `upper`.

mod fit;
mod report;
mod state;

use std::collections::BTreeSet;

use notochord_proto::fields::{Fields, OneOrMany};
use notochord_proto::layout::{self, Layout, TablePurpose};
use notochord_proto::name::VariableName;
use notochord_proto::problem::Problem;
use notochord_proto::scope::Scope;

use crate::contribution::{ContributeError, Contribution};
use crate::frame::Frame;
use crate::grid::Grid;
use crate::outcome::Outcome;
use crate::prediction::{self, Binary, Score};
use crate::quantity::{Numeric, Value};
use crate::question::QuestionError;
use crate::statistic::{Iterative, Next, Rounds, Statistic, Summed, Unit};
use crate::totals::Totals;
use crate::vector::{Cells, Tables};
use crate::weighted;

use fit::{Fit, SUMS};
use state::State;

/// The specification of a calibration.
pub(crate) struct Calibration {
    outcome: Binary,
    predicted: Numeric,
    grid: Grid,
    groups: usize,
    thresholds: Vec<f64>,
    classes: Cells,
    /// Predictions that have a logit, and those of exactly 0 or 1.
    certain: Cells,
    counts: Cells,
    missed: Option<usize>,
    /// For each threshold, by outcome: below it, and at or above it.
    sides: Vec<Cells>,
    missing: usize,
    /// For each outcome: the sum of predictions and that of their squares.
    sums: [[usize; 2]; 2],
    first: Layout,
}

const MOST_GROUPS: u32 = 100;
const MOST_THRESHOLDS: usize = 99;

/// Reads the section of a study.
pub(crate) fn parse(fields: &mut Fields<'_>, scope: &Scope) -> Result<Box<dyn Statistic>, Problem> {
    let outcome = Binary::parse(fields, "outcome", scope)?;
    let predicted: Score = fields.required("predicted")?;
    let groups = fields.optional::<u32>("groups")?.unwrap_or(10);
    let thresholds = fields.optional::<OneOrMany<f64>>("decision_curve")?.map_or(Vec::new(), |given| given.0);
    let (predicted, variable) = prediction::probability(fields, "predicted", &predicted, scope)?;
    let grid = Grid::fine(&variable, None).map_err(|message| fields.problem("predicted", message))?;
    if !(2..=MOST_GROUPS).contains(&groups) {
        return Err(fields.problem("groups", format!("`groups` is between 2 and {MOST_GROUPS}")));
    }
    let between = |threshold: &f64| 0.0 < *threshold && *threshold < 1.0;
    if thresholds.len() > MOST_THRESHOLDS || !thresholds.iter().all(between) {
        let message =
            format!("`decision_curve` lists at most {MOST_THRESHOLDS} probabilities between 0 and 1");
        return Err(fields.problem("decision_curve", message));
    }
    let mut tables = Tables::default();
    let (by, name) = (outcome.0.codes(), predicted.name.clone());
    let classes = tables.list(TablePurpose::Frequency, outcome.0.name.as_str(), by.clone());
    let logits = ["between 0 and 1", "0 or 1"].map(str::to_owned).to_vec();
    let certain = tables.list(TablePurpose::Frequency, name.as_str(), logits);
    let starts = (0..grid.cells()).map(|cell| grid.start(cell).to_string()).collect();
    let counts = tables.list(TablePurpose::Grid, format!("{name} from"), starts);
    let off = format!("{name} off the grid");
    let missed = grid.may_be_missed().then(|| tables.count(TablePurpose::Grid, off, "all"));
    let mut sides = Vec::new();
    for threshold in &thresholds {
        let columns = vec![format!("below {threshold}"), format!("from {threshold}")];
        sides.push(tables.table(
            TablePurpose::Frequency,
            format!("{name} at {threshold}"),
            by.clone(),
            columns,
        ));
    }
    let missing = tables.count(TablePurpose::Missing, name.as_str(), "missing");
    let mut added = tables.sums();
    let bound = predicted.quantity.bound();
    let sums = [0, 1].map(|class: usize| {
        let over = vec![classes.at(class, 0)];
        [
            added.sum(format!("{name} sum: {}", by[class]), over.clone(), bound),
            added.sum(format!("{name} squares: {}", by[class]), over, bound * bound),
        ]
    });
    let first = added.finish();
    let groups = groups as usize;
    Ok(Box::new(Rounds(Calibration {
        outcome,
        predicted,
        grid,
        groups,
        thresholds,
        classes,
        certain,
        counts,
        missed,
        sides,
        missing,
        sums,
        first,
    })))
}

/// A row that has both: its outcome, its prediction and the integer of that.
type Row = (usize, Value, i128);

impl Calibration {
    fn rows(&self, frame: &Frame, mut found: impl FnMut(Option<Row>)) -> Result<(), ContributeError> {
        let (outcomes, predicted) = (self.outcome.read(frame)?, self.predicted.read(frame)?);
        for row in 0..frame.rows() {
            let both = outcomes.at(row)?.zip(predicted.at(row)?);
            found(both.map(|(class, (value, integer))| (class, value, i128::from(integer))));
        }
        Ok(())
    }

    /// The second round: events in groups.
    fn grouped(&self) -> Layout {
        let mut tables = Tables::default();
        let names = (1..=self.groups).map(|group| format!("group {group}")).collect();
        let name = format!("{} by group", self.predicted.name);
        let cells = tables.table(TablePurpose::Frequency, name, names, self.outcome.0.codes());
        let mut sums = tables.sums();
        for group in 0..self.groups {
            let over = vec![cells.at(group, 0), cells.at(group, 1)];
            sums.sum(format!("sum of group {}", group + 1), over, self.predicted.quantity.bound());
        }
        sums.finish()
    }

    /// A later round: derivatives of the fits on their way.
    fn fitted(&self, state: &State) -> Layout {
        let mut tables = Tables::default();
        let used = tables.count(TablePurpose::Base, self.outcome.0.name.as_str(), "rows used");
        let mut sums = tables.sums();
        for (name, fit) in ["in the large", "slope"].iter().zip(&state.fits) {
            if fit.is_running() {
                sums.sum(format!("{name}: rows out of range"), vec![used], 1);
                for sum in SUMS {
                    sums.sum(format!("{name}: {sum}"), vec![used], weighted::BOUND);
                }
            }
        }
        sums.finish_model(layout::Design { columns: 2, rows: used })
    }

    fn contribute_first(&self, frame: &Frame) -> Result<Contribution, ContributeError> {
        let mut contribution = Contribution::zero(self.first.len());
        self.rows(frame, |found| {
            let Some((class, value, integer)) = found else { return contribution.tally(self.missing, 1) };
            let risk = value.to_number();
            contribution.tally(self.classes.at(class, 0), 1);
            contribution.tally(self.certain.at(usize::from(risk <= 0.0 || risk >= 1.0), 0), 1);
            contribution.tally(self.counts.at(self.grid.cell(value), 0), 1);
            if let Some(missed) = self.missed.filter(|_| self.grid.is_missed_by(value)) {
                contribution.tally(missed, 1);
            }
            for (sides, threshold) in self.sides.iter().zip(&self.thresholds) {
                contribution.tally(sides.at(class, usize::from(risk >= *threshold)), 1);
            }
            contribution.tally(self.sums[class][0], integer);
            contribution.tally(self.sums[class][1], integer * integer);
        })?;
        Ok(contribution)
    }

    fn contribute_groups(&self, frame: &Frame, cuts: &[usize]) -> Result<Contribution, ContributeError> {
        let mut contribution = Contribution::zero(self.grouped().len());
        self.rows(frame, |found| {
            let Some((class, value, integer)) = found else { return };
            let cell = self.grid.cell(value);
            let group = cuts.iter().filter(|cut| **cut < cell).count();
            contribution.tally(2 * group + class, 1);
            contribution.tally(2 * self.groups + group, integer);
        })?;
        Ok(contribution)
    }

    fn contribute_fits(&self, frame: &Frame, state: &State) -> Result<Contribution, ContributeError> {
        let mut contribution = Contribution::zero(self.fitted(state).len());
        let running: Vec<&Fit> = state.fits.iter().filter(|fit| fit.is_running()).collect();
        self.rows(frame, |found| {
            let Some((class, value, _)) = found else { return };
            contribution.tally(0, 1);
            for (at, fit) in running.iter().enumerate() {
                let first = 1 + at * (1 + SUMS.len());
                let terms = fit.terms(value.to_number(), class).map(weighted::quantised);
                match terms.into_iter().collect::<Option<Vec<_>>>() {
                    Some(terms) => {
                        terms
                            .into_iter()
                            .enumerate()
                            .for_each(|(at, term)| contribution.tally(first + 1 + at, term));
                    }
                    None => contribution.tally(first, 1),
                }
            }
        })?;
        Ok(contribution)
    }
}

impl Iterative for Calibration {
    type State = State;

    fn unit(&self) -> Unit {
        Unit::Row
    }

    fn variables(&self) -> BTreeSet<VariableName> {
        [self.outcome.0.name.clone(), self.predicted.name.clone()].into_iter().collect()
    }

    fn summed(&self) -> Vec<Summed> {
        vec![Summed::Variable(self.predicted.name.clone())]
    }

    fn layout(&self, state: Option<&State>) -> Layout {
        match state {
            None => self.first.clone(),
            Some(state) if !state.is_sound(self) => Layout::default(),
            Some(state) if state.fits.is_empty() => self.grouped(),
            Some(state) => self.fitted(state),
        }
    }

    fn contribute(&self, frame: &Frame, state: Option<&State>) -> Result<Contribution, ContributeError> {
        match state {
            None => self.contribute_first(frame),
            Some(state) if !state.is_sound(self) => Err(QuestionError::State(1).into()),
            Some(state) if state.fits.is_empty() => self.contribute_groups(frame, &state.cuts),
            Some(state) => self.contribute_fits(frame, state),
        }
    }

    fn advance(&self, state: Option<State>, totals: &Totals) -> Next<State> {
        match state {
            None => State::first(self, totals),
            Some(state) if !state.is_sound(self) => {
                Next::Answer(Outcome::refused("the state is none of this analysis"))
            }
            Some(state) if state.fits.is_empty() => state.with_groups(self, totals),
            Some(state) => state.with_fits(self, totals),
        }
    }
}

#[cfg(test)]
mod tests;
