//! The first round: counts for the rules and, stratified by site, the evaluation at zeros; on a grid, where events are.

use notochord_proto::layout::TablePurpose;

use super::across::Blocks;
use super::follow_up::FollowUp;
use super::newton::{Evaluation, Fit, Penalty};
use super::section::{Asked, Proportionality};
use super::state::{Start, State};
use super::strata::Strata;
use super::{Cox, MOST, proportional};
use crate::cholesky::Cholesky;
use crate::contribution::{ContributeError, Contribution};
use crate::design::Design;
use crate::frame::Frame;
use crate::outcome::Outcome;
use crate::standard::Standard;
use crate::totals::Totals;
use crate::twofold::Twofold;
use crate::vector::{Cells, Sums, Tables};

/// A column is set aside when the earlier ones leave less of its information than R's `toler.chol` does.
const COLLINEAR: f64 = 1.8e-12;
/// The most events whose ties are taken apart one by one.
pub(super) const MOST_EVENTS: u64 = 1 << 20;

/// Where the counts of the first round stand, beside those of the census.
pub(super) struct Counts {
    events: usize,
    strata: Option<Cells>,
    /// Who leaves at each time of the grid, with an event and without, in each stratum.
    pub(super) leaving: Vec<Cells>,
    /// Who enters at each time of the grid, in each stratum.
    pub(super) entering: Vec<Cells>,
}

impl Counts {
    pub(super) fn new(
        asked: &Asked,
        design: &Design,
        follow_up: &FollowUp,
        strata: &Strata,
        tables: &mut Tables,
    ) -> Self {
        let outcome = &design.outcome;
        let events = tables.count(TablePurpose::Base, outcome, "events");
        let codes: Vec<String> = (0..strata.len()).map(|at| strata.code(at)).collect();
        let listed = (codes.len() > 1)
            .then(|| tables.list(TablePurpose::Base, format!("{outcome}: strata"), codes.clone()));
        let (mut leaving, mut entering) = (Vec::new(), Vec::new());
        // A model stratified by site reads the survival of everybody, whatever their stratum.
        let on_grid = if strata.by_site() { vec![String::new()] } else { codes };
        if let Some(times) = asked.times {
            for code in on_grid {
                let name = format!("{outcome} by time {code}").trim_end().to_owned();
                let columns = vec!["with an event".to_owned(), "without".to_owned()];
                leaving.push(tables.table(TablePurpose::Base, &name, times.headings(), columns));
                if follow_up.has_start() {
                    let name = format!("{name}: entering");
                    entering.push(tables.list(TablePurpose::Base, name, times.headings()));
                }
            }
        }
        Self { events, strata: listed, leaving, entering }
    }
}

impl Cox {
    /// Adds the sums of the first round.
    pub(super) fn describe_first(&self, sums: &mut Sums) {
        let used = self.census.used;
        let columns = &self.design.columns[..self.design.columns.len() - 1];
        if self.strata.by_site() {
            let labels: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
            return self.describe_evaluation(&labels, used, sums);
        }
        for column in columns {
            let bound = column.quantity.bound();
            sums.sum(&column.name, vec![used], bound);
            sums.sum(format!("{} squared", column.name), vec![used], bound * bound);
        }
    }

    pub(super) fn contribute_first(&self, frame: &Frame) -> Result<Contribution, ContributeError> {
        let mut contribution = Contribution::zero(self.first.len());
        let first = self.first.count_cells();
        let by_site = self.strata.by_site();
        let last = self.design.columns.len() - 1;
        self.followed(frame, |row| {
            self.census.tally(row.as_ref().map(|row| &row.row), &mut contribution);
            let Some(row) = row else { return };
            contribution.tally(self.counts.events, row.event.into());
            if let Some(cells) = &self.counts.strata {
                contribution.tally(cells.at(row.stratum.factors, 0), 1);
            }
            if let Some(times) = self.asked.times {
                let stratum = if by_site { 0 } else { row.stratum.factors };
                let (interval, ends) = match by_site {
                    true => times.interval(row.interval),
                    false => (row.interval, true),
                };
                let without = !(row.event && ends);
                if let Some(cells) = self.counts.leaving.get(stratum) {
                    contribution.tally(cells.at(interval.stop as usize, usize::from(without)), 1);
                }
                if let Some(cells) = self.counts.entering.get(stratum) {
                    let start = (interval.start.max(0.0) as usize).min(times.len() - 1);
                    contribution.tally(cells.at(start, 0), 1);
                }
            }
            if !by_site {
                for (at, integer) in row.row.integers[..last].iter().enumerate() {
                    let integer = i128::from(*integer);
                    contribution.tally(first + 2 * at, integer);
                    contribution.tally(first + 2 * at + 1, integer * integer);
                }
            }
        })?;
        if by_site {
            let standard = Standard::of_bounds(&self.design);
            self.add_evaluation(frame, &standard, &vec![0.0; last], first, &mut contribution)?;
        }
        Ok(contribution)
    }

    /// The state of the second round, or why there is none.
    pub(super) fn start(&self, totals: &Totals) -> Result<State, Box<Outcome>> {
        let rows = self.census.rows(totals)?;
        let refused = |reason: String| Box::new(Outcome::refused(reason));
        let nonsense = || refused("the totals are not those of any rows".to_owned());
        let events = totals.count(self.counts.events).known().filter(|events| *events <= rows);
        let events = events.ok_or_else(nonsense)?;
        if events == 0 {
            return Err(refused(format!(
                "no row has an event: `{}` is 0 in all {rows} rows",
                self.design.outcome
            )));
        }
        if events > MOST_EVENTS {
            return Err(refused(format!("there are {events} events; at most {MOST_EVENTS} are allowed")));
        }
        let used = self.census.columns(&self.design, totals);
        if used.is_empty() {
            return Err(refused("the model has no term that anybody has".to_owned()));
        }
        let mut transform = Vec::new();
        if self.asked.proportionality == Proportionality::Tested {
            transform = self.transform(totals).ok_or_else(nonsense)?;
        }
        let lost = totals.count(self.census.lost).known();
        let state = |standard: Standard, blocks: Vec<Blocks>| State {
            round: 1,
            rows,
            lost,
            events,
            used: used.clone(),
            fit: Fit::new(standard.columns.len()),
            standard,
            start: None,
            blocks,
            transform: transform.clone(),
            finishing: None,
            begun: None,
        };
        let first = self.first.count_cells();
        let last = self.design.columns.len() - 1;
        if self.strata.by_site() {
            let at = self.read_within(last, totals, first).ok_or_else(nonsense)?;
            let whole = Standard::of_bounds(&self.design);
            return self.step(state(whole, Vec::new()), at.as_ref());
        }
        let blocks: Option<Vec<Blocks>> =
            (0..self.strata.len()).map(|stratum| self.blocks(stratum, totals)).collect();
        let blocks = blocks.ok_or_else(nonsense)?;
        if blocks.iter().map(|blocks| blocks.events()).sum::<u64>() != events {
            return Err(nonsense());
        }
        let standard = self.standard(rows, &used, totals).ok_or_else(nonsense)?;
        if standard.columns.is_empty() {
            return Err(refused(
                "no term of the model varies among those at risk together at any event".to_owned(),
            ));
        }
        let state = state(standard, blocks);
        let length = self.layout_across_length(&state);
        if length > crate::vector::LONGEST {
            return Err(refused(format!(
                "a round would send {length} numbers; at most {} are allowed, so a wider grid or fewer terms",
                crate::vector::LONGEST
            )));
        }
        Ok(state)
    }

    /// The coordinates in which every column that varies has mean 0 and standard deviation 1.
    fn standard(&self, rows: u64, used: &[usize], totals: &Totals) -> Option<Standard> {
        let first = self.first.count_cells();
        let known =
            |at: usize| totals.sum(at).known().filter(|sum| sum.unsigned_abs() <= MOST.unsigned_abs());
        let (mut columns, mut centres, mut scales) = (Vec::new(), Vec::new(), Vec::new());
        for column in used {
            let (total, squares) = (known(first + 2 * column)?, known(first + 2 * column + 1)?);
            // `n Σq² - (Σq)²`, exactly where it fits.
            let exact = total.checked_mul(total).zip(squares.checked_mul(rows.into()));
            if exact.is_some_and(|(square, squares)| squares <= square) {
                continue;
            }
            let mean = Twofold::from(total) / Twofold::from(rows);
            let variance = (Twofold::from(squares) / Twofold::from(rows) - mean * mean).rounded();
            if variance > 0.0 {
                columns.push(*column);
                centres.push(mean.rounded());
                scales.push(variance.sqrt());
            }
        }
        Some(Standard::new(columns, centres, scales))
    }

    /// One less survival before each time of the grid that has an event.
    fn transform(&self, totals: &Totals) -> Option<Vec<(usize, f64)>> {
        let times = self.asked.times?;
        let sum = |cells: &[Cells], at: usize, column: usize| {
            cells
                .iter()
                .try_fold(0_u64, |sum, cells| sum.checked_add(totals.count(cells.at(at, column)).known()?))
        };
        let (mut events, mut others, mut entering) = (Vec::new(), Vec::new(), Vec::new());
        for at in 0..times.len() {
            events.push(sum(&self.counts.leaving, at, 0)?);
            others.push(sum(&self.counts.leaving, at, 1)?);
            entering.push(sum(&self.counts.entering, at, 0)?);
        }
        Some(proportional::transform(&events, &others, &entering))
    }

    /// Chooses the columns of the fit from the evaluation at zeros.
    pub(super) fn begin(&self, state: State, at: &Evaluation) -> Result<State, Box<Outcome>> {
        let refused = |reason: String| Box::new(Outcome::refused(reason));
        // Positions among the columns of the state.
        let places: Vec<usize> = (0..state.standard.columns.len())
            .filter(|at| state.used.contains(&state.standard.columns[*at]))
            .collect();
        let of_used: Vec<Vec<Twofold>> =
            places.iter().map(|one| places.iter().map(|two| at.information[*one][*two]).collect()).collect();
        let rounding = Twofold::from(1e-13 * state.events as f64);
        let least = |(at, row): (usize, &Vec<Twofold>)| {
            let share = row[at].max_zero() * Twofold::from(COLLINEAR);
            match self.strata.by_site() {
                // Within a site a column that does not vary has no information at all.
                true => share,
                false => share + rounding,
            }
        };
        let least: Vec<Twofold> = of_used.iter().enumerate().map(least).collect();
        let factors = Cholesky::new(&of_used, &least);
        let kept: Vec<usize> = factors.kept.iter().map(|at| places[*at]).collect();
        if kept.is_empty() {
            return Err(refused(
                "no term of the model varies among those at risk together at any event".to_owned(),
            ));
        }
        if state.events < kept.len() as u64 {
            return Err(refused(format!(
                "{} events are fewer than the {} parameters",
                state.events,
                kept.len()
            )));
        }
        let events = state.events as f64;
        let scales: Vec<f64> = (0..state.standard.columns.len())
            .map(|place| (at.information[place][place].max_zero().rounded() / events).sqrt())
            .map(|scale| if scale > 0.0 { scale } else { 1.0 })
            .collect();
        let zeros = vec![0.0; scales.len()];
        let scaled = at.scaled(&kept, &scales);
        let none: Vec<Twofold> = vec![Twofold::ZERO; kept.len()];
        let penalty = match self.asked.penalty {
            Penalty::None => 0.0,
            Penalty::Firth => 0.5 * Cholesky::new(&scaled.information, &none).log_determinant(),
        };
        let start = Start { loglik: scaled.loglik.rounded(), score: scaled.score_statistic(), penalty };
        Ok(State {
            standard: state.standard.narrowed(&kept, &zeros, &scales),
            fit: Fit::new(kept.len()),
            start: Some(start),
            begun: Some(scaled),
            ..state
        })
    }
}
