//! `roc`: how well one or two scores tell an outcome: the area under the curve, its interval, and thresholds.
//!
//! A higher score speaks for the event. Areas are computed from the counts of scores on the public grid, by outcome, so
//! that tied scores are those of the pooled data wherever every value lies on the grid; `grid.exact` says so. Two scores
//! are compared on the rows that have both, by the placements of each row (one more round). `threshold`, one for each
//! score, counts values at or above it, whatever the grid.
//!
//! Tidy columns: `score`, `threshold`, `sensitivity`, `specificity`: the curve, lowest threshold first.

mod area;
mod report;

use std::collections::BTreeSet;

use notochord_proto::fields::{Fields, OneOrMany};
use notochord_proto::layout::{Layout, TablePurpose};
use notochord_proto::name::VariableName;
use notochord_proto::problem::Problem;
use notochord_proto::scope::Scope;
use serde::{Deserialize, Serialize};

use crate::contribution::{ContributeError, Contribution};
use crate::figure::Figure;
use crate::frame::Frame;
use crate::grid::Grid;
use crate::outcome::Outcome;
use crate::prediction::{self, Binary, Score};
use crate::quantity::Numeric;
use crate::question::QuestionError;
use crate::statistic::{Iterative, Next, Rounds, Statistic, Summed, Unit};
use crate::totals::Totals;
use crate::vector::{Cells, LONGEST, Tables};

use area::Occupied;

/// The specification of one or two curves.
pub(crate) struct Roc {
    outcome: Binary,
    scores: Vec<Scored>,
    classes: Cells,
    missing: usize,
    first: Layout,
}

/// A score, and where its counts stand.
struct Scored {
    number: Numeric,
    label: String,
    grid: Grid,
    threshold: Option<f64>,
    /// A row for each outcome, a column for each cell of the grid.
    counts: Cells,
    /// How many values lie between the points of the grid, where that can be.
    missed: Option<usize>,
    /// A row for each outcome; below the threshold, and at or above it.
    sides: Option<Cells>,
}

/// What the first round gave: all of it public.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct State {
    /// The rows without and with the event.
    classes: [u64; 2],
    missing: Option<u64>,
    scores: Vec<Counted>,
}

/// The counts of a score.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Counted {
    /// The cells that somebody is in; none where a rule withheld one.
    occupied: Option<Occupied>,
    missed: Option<u64>,
    /// Without and with the event: how many are at or above the threshold; none where withheld.
    above: Option<[u64; 2]>,
}

/// The most rows that are compared, so that products of their counts fit 128 bits.
const MOST_ROWS: u64 = 1 << 30;

/// Reads the section of a study.
pub(crate) fn parse(fields: &mut Fields<'_>, scope: &Scope) -> Result<Box<dyn Statistic>, Problem> {
    let outcome = Binary::parse(fields, "outcome", scope)?;
    let OneOrMany(names): OneOrMany<Score> = fields.required("scores")?;
    let width: Option<f64> = fields.optional("grid")?;
    let thresholds = fields.optional::<OneOrMany<f64>>("threshold")?.map(|OneOrMany(given)| given);
    if !(1..=2).contains(&names.len()) {
        return Err(fields.problem("scores", "`scores` names one score, or two to compare"));
    }
    if names.get(1) == names.first() {
        return Err(fields.problem("scores", format!("`scores` names `{}` twice", names[0].0)));
    }
    if thresholds.as_ref().is_some_and(|given| given.len() != names.len()) {
        return Err(fields.problem("threshold", "`threshold` gives one number for each score"));
    }
    let mut tables = Tables::default();
    let by = outcome.0.codes();
    let classes = tables.list(TablePurpose::Frequency, outcome.0.name.as_str(), by.clone());
    let mut scores = Vec::new();
    for (at, name) in names.iter().enumerate() {
        let (number, variable) = prediction::number(fields, "scores", name, scope)?;
        if number.name == outcome.0.name {
            return Err(fields.problem("scores", "the outcome is no score of itself"));
        }
        let grid = Grid::of_ranks(&variable, width).map_err(|message| fields.problem("grid", message))?;
        if tables.len() + 2 * grid.cells() > LONGEST {
            let message = format!("the grids have more than {LONGEST} cells; a wider `grid` has fewer");
            return Err(fields.problem("grid", message));
        }
        let starts = (0..grid.cells()).map(|cell| grid.start(cell).to_string()).collect();
        let counts = tables.table(TablePurpose::Grid, format!("{} from", name.0), by.clone(), starts);
        let off = format!("{} off the grid", name.0);
        let missed = grid.may_be_missed().then(|| tables.count(TablePurpose::Grid, off, "all"));
        let threshold = thresholds.as_ref().and_then(|given| given.get(at)).copied();
        let sides = threshold.map(|threshold| {
            let sides = vec![format!("below {threshold}"), format!("from {threshold}")];
            tables.table(TablePurpose::Frequency, format!("{} at its threshold", name.0), by.clone(), sides)
        });
        scores.push(Scored { number, label: variable.label.clone(), grid, threshold, counts, missed, sides });
    }
    let missing = tables.count(TablePurpose::Missing, "outcome and scores", "missing");
    let first = tables.sums().finish();
    Ok(Box::new(Rounds(Roc { outcome, scores, classes, missing, first })))
}

impl Roc {
    /// The outcome of every row that has all scores, and the cell of each.
    fn rows(
        &self,
        frame: &Frame,
        mut found: impl FnMut(Option<(usize, &[(usize, f64)])>),
    ) -> Result<(), ContributeError> {
        let outcomes = self.outcome.read(frame)?;
        let columns =
            self.scores.iter().map(|score| score.number.read(frame)).collect::<Result<Vec<_>, _>>()?;
        for row in 0..frame.rows() {
            let mut cells = Vec::with_capacity(self.scores.len());
            for (column, score) in columns.iter().zip(&self.scores) {
                if let Some((value, _)) = column.at(row)? {
                    cells.push((score.grid.cell(value), value.to_number()));
                }
            }
            let outcome = outcomes.at(row)?.filter(|_| cells.len() == self.scores.len());
            found(outcome.map(|outcome| (outcome, cells.as_slice())));
        }
        Ok(())
    }

    /// The second round: the products of two placements.
    fn placements(&self) -> Layout {
        let mut tables = Tables::default();
        let classes = tables.list(TablePurpose::Base, self.outcome.0.name.as_str(), self.outcome.0.codes());
        let mut sums = tables.sums();
        for (class, code) in self.outcome.0.codes().iter().enumerate() {
            let most = 2 * i128::from(MOST_ROWS);
            sums.sum(format!("placements of {code}"), vec![classes.at(class, 0)], most * most);
        }
        sums.finish()
    }

    fn count(&self, totals: &Totals) -> Result<State, Box<Outcome>> {
        let class = |class: usize| match totals.count(self.classes.at(class, 0)) {
            Figure::Known(count) if count <= MOST_ROWS => Ok(count),
            Figure::Withheld => {
                let reason = "how many rows have the outcome was withheld by a disclosure rule";
                Err(Box::new(Outcome::suppressed(reason)))
            }
            _ => Err(Box::new(Outcome::refused("the totals are not those of any rows"))),
        };
        let classes = [class(0)?, class(1)?];
        if classes == [0, 0] {
            return Err(Box::new(Outcome::refused("no row has the outcome and every score")));
        }
        if classes.contains(&0) {
            let reason =
                format!("`{}` is the same in every row; a curve needs both outcomes", self.outcome.0.name);
            return Err(Box::new(Outcome::refused(reason)));
        }
        let mut scores = Vec::new();
        for score in &self.scores {
            let cell = |class: usize, cell: usize| totals.count(score.counts.at(class, cell));
            let cells = (0..score.grid.cells()).map(|at| cell(0, at).and(cell(1, at)));
            let occupied = Figure::all(cells).map(|cells| Occupied::of(&cells)).known();
            if occupied.as_ref().is_some_and(|occupied| !occupied.is_sound(score.grid.cells(), classes)) {
                return Err(Box::new(Outcome::refused("the totals are not those of any rows")));
            }
            let above = score.sides.and_then(|sides| {
                let side = |class: usize| totals.count(sides.at(class, 1)).known();
                Some([side(0)?, side(1)?])
            });
            let missed = score.missed.and_then(|missed| totals.count(missed).known());
            scores.push(Counted { occupied, missed, above });
        }
        Ok(State { classes, missing: totals.count(self.missing).known(), scores })
    }
}

impl State {
    /// Whether a state from outside is one of this analysis.
    fn is_sound(&self, roc: &Roc) -> bool {
        let sound = |(counted, score): (&Counted, &Scored)| {
            let cells = score.grid.cells();
            counted.occupied.as_ref().is_some_and(|occupied| occupied.is_sound(cells, self.classes))
                && counted
                    .above
                    .is_none_or(|above| above[0] <= self.classes[0] && above[1] <= self.classes[1])
        };
        self.scores.len() == 2
            && roc.scores.len() == 2
            && self.classes.iter().all(|count| (1..=MOST_ROWS).contains(count))
            && self.scores.iter().zip(&roc.scores).all(sound)
    }
}

impl Iterative for Roc {
    type State = State;

    fn unit(&self) -> Unit {
        Unit::Row
    }

    fn variables(&self) -> BTreeSet<VariableName> {
        let scores = self.scores.iter().map(|score| score.number.name.clone());
        scores.chain([self.outcome.0.name.clone()]).collect()
    }

    fn summed(&self) -> Vec<Summed> {
        Vec::new()
    }

    fn layout(&self, state: Option<&State>) -> Layout {
        match state {
            None => self.first.clone(),
            Some(state) if state.is_sound(self) => self.placements(),
            Some(_) => Layout::default(),
        }
    }

    fn contribute(&self, frame: &Frame, state: Option<&State>) -> Result<Contribution, ContributeError> {
        let Some(state) = state else {
            let mut contribution = Contribution::zero(self.first.len());
            self.rows(frame, |found| {
                let Some((outcome, cells)) = found else { return contribution.tally(self.missing, 1) };
                contribution.tally(self.classes.at(outcome, 0), 1);
                for ((cell, value), score) in cells.iter().zip(&self.scores) {
                    contribution.tally(score.counts.at(outcome, *cell), 1);
                    let is_missed = score.grid.is_missed_by(crate::quantity::Value::Number(*value));
                    if let Some(missed) = score.missed.filter(|_| is_missed) {
                        contribution.tally(missed, 1);
                    }
                    if let Some((sides, threshold)) = score.sides.zip(score.threshold) {
                        contribution.tally(sides.at(outcome, usize::from(*value >= threshold)), 1);
                    }
                }
            })?;
            return Ok(contribution);
        };
        if !state.is_sound(self) {
            return Err(QuestionError::State(1).into());
        }
        let mut contribution = Contribution::zero(self.placements().len());
        let occupied: Vec<&Occupied> =
            state.scores.iter().filter_map(|score| score.occupied.as_ref()).collect();
        self.rows(frame, |found| {
            let Some((outcome, cells)) = found else { return };
            contribution.tally(outcome, 1);
            let placements = occupied.iter().zip(cells).map(|(own, (cell, _))| own.placement(outcome, *cell));
            contribution.tally(2 + outcome, placements.map(i128::from).product());
        })?;
        Ok(contribution)
    }

    fn advance(&self, state: Option<State>, totals: &Totals) -> Next<State> {
        let Some(state) = state else {
            return match self.count(totals) {
                Ok(state) if state.is_sound(self) => Next::Ask(state),
                Ok(state) => Next::Answer(report::outcome(self, &state, totals, None)),
                Err(outcome) => Next::Answer(*outcome),
            };
        };
        if !state.is_sound(self) {
            return Next::Answer(Outcome::refused("the state is none of this analysis"));
        }
        if totals.withheld() > 0 {
            let reason = "numbers the comparison needs were withheld by a disclosure rule";
            return Next::Answer(Outcome::suppressed(reason));
        }
        let known = |at: usize| totals.sum(at).known().unwrap_or(-1);
        if [0, 1].map(known) != state.classes.map(i128::from) {
            return Next::Answer(Outcome::refused("the rows are not those of the first round"));
        }
        let most = 4 * i128::from(MOST_ROWS) * i128::from(MOST_ROWS) * i128::from(MOST_ROWS);
        let products = [known(2), known(3)];
        if products.iter().any(|product| !(0..=most).contains(product)) {
            return Next::Answer(Outcome::refused("the totals are not those of any rows"));
        }
        Next::Answer(report::outcome(self, &state, totals, Some(products)))
    }
}

#[cfg(test)]
mod tests;
