//! Spearman's correlation, in two rounds: the counts of each number give mid-ranks, then products of these are added.
//!
//! Ranks are doubled, so that mid-ranks are whole and every sum exact.

use std::collections::{BTreeMap, BTreeSet};

use notochord_proto::layout::{Layout, Sum, TablePurpose};
use notochord_proto::name::VariableName;
use notochord_proto::variable::Variable;
use serde::{Deserialize, Serialize};

use super::coefficient::Spread;
use super::numbers::Numbers;
use super::report::{Answer, GridLine, Products, Unit as Scale};
use crate::contribution::{ContributeError, Contribution, MOST_UNITS};
use crate::figure::Figure;
use crate::frame::Frame;
use crate::grid::{Grid, GridUsed};
use crate::outcome::Outcome;
use crate::statistic::{Iterative, Next, Summed, Unit};
use crate::totals::Totals;
use crate::vector::{Cells, Tables};

/// The specification of Spearman's correlations.
pub(super) struct Spearman {
    numbers: Numbers,
    grids: Vec<Grid>,
    /// The counts on each grid, in the first round.
    cells: Vec<Cells>,
    /// How many values lie between the points of a grid, where that can be; in the first round.
    missed: Vec<Option<usize>>,
    first: Layout,
    /// The tables of the second round.
    second: Layout,
}

/// The mid-ranks of the pooled rows.
#[derive(Serialize, Deserialize)]
pub(super) struct Ranks {
    /// How many rows are ranked.
    n: u64,
    /// For each number the cells that are not empty, in order, and twice the mid-rank of their values.
    doubled: Vec<Vec<(usize, u64)>>,
    /// Whether every value of a number lies on a point of its grid.
    exact: Vec<bool>,
}

impl Spearman {
    pub(super) fn new(
        numbers: Numbers,
        tables: Tables,
        variables: &[Variable],
        widths: &BTreeMap<String, f64>,
    ) -> Result<Self, String> {
        let grids = variables
            .iter()
            .map(|variable| Grid::of_ranks(variable, widths.get(variable.name.as_str()).copied()));
        let grids = grids.collect::<Result<Vec<_>, _>>()?;
        let second = tables.clone().sums().finish_model(numbers.design());
        let mut tables = tables;
        let (mut cells, mut missed) = (Vec::new(), Vec::new());
        for (variable, grid) in variables.iter().zip(&grids) {
            let name = &variable.name;
            let starts = (0..grid.cells()).map(|cell| grid.start(cell).to_string()).collect();
            let row = vec!["complete rows".to_owned()];
            cells.push(tables.table(TablePurpose::Grid, format!("{name} from"), row, starts));
            // The ranks do not need it, so a small one may stay behind.
            let count = || tables.count(TablePurpose::Missing, format!("{name} off the grid"), "all");
            missed.push(grid.may_be_missed().then(count));
        }
        let first = tables.sums().finish_model(numbers.design());
        Ok(Self { numbers, grids, cells, missed, first, second })
    }

    /// How many integers the first round has.
    pub(super) fn cells(&self) -> usize {
        self.first.len()
    }

    /// Where the sum of the products of the ranks of two numbers stands, `two` being no later one than `one`.
    fn product(&self, one: usize, two: usize) -> usize {
        self.second.len() + one * (one + 1) / 2 + two
    }

    /// The mid-ranks that the counts give.
    fn rank(&self, totals: &Totals) -> Next<Ranks> {
        let optional: Vec<usize> = self.missed.iter().copied().flatten().chain([self.numbers.lost]).collect();
        let withheld = optional.iter().filter(|at| totals.count(**at) == Figure::Withheld).count();
        if totals.withheld() > withheld {
            let reason = "counts that the ranks are made from were withheld by a disclosure rule; a wider `grid` \
                          counts more rows in each cell";
            return Next::Answer(Outcome::suppressed(reason));
        }
        let Figure::Known(n) = totals.count(self.numbers.used) else { return impossible() };
        let counts =
            self.grids.iter().zip(&self.cells).map(|(grid, cells)| {
                Figure::all((0..grid.cells()).map(|cell| totals.count(cells.at(0, cell))))
            });
        let Figure::Known(counts) = Figure::all(counts) else { return impossible() };
        let complete =
            |counts: &Vec<u64>| counts.iter().try_fold(0_u64, |sum, count| sum.checked_add(*count));
        if counts.iter().any(|counts| complete(counts) != Some(n)) {
            return impossible();
        }
        if n == 0 {
            return Next::Answer(Outcome::refused("no row has every variable"));
        }
        let missed = self.missed.iter().map(|at| at.and_then(|at| totals.count(at).known()));
        let exact = self.grids.iter().zip(missed).map(|(grid, missed)| grid.used(missed).exact).collect();
        Next::Ask(Ranks { n, doubled: counts.iter().map(|counts| doubled_ranks(counts)).collect(), exact })
    }

    fn answer(&self, ranks: &Ranks, totals: &Totals) -> Outcome {
        let lost = totals.count(self.numbers.lost);
        if totals.withheld() > usize::from(lost == Figure::Withheld) {
            return Outcome::suppressed("numbers the correlations need were withheld by a disclosure rule");
        }
        if totals.count(self.numbers.used) != Figure::Known(ranks.n) {
            return Outcome::refused("the second round is not over the rows that the first one ranked");
        }
        let product = |one: usize, two: usize| totals.sum(self.product(one, two)).known();
        let row = |one: usize| (0..=one).map(|two| product(one, two)).collect::<Option<Vec<_>>>();
        let products = (0..self.numbers.len()).map(row).collect::<Option<Vec<_>>>();
        let Some(products) = products else {
            return Outcome::refused("the totals are not those of any rows");
        };
        let n = i128::from(ranks.n);
        let line = |(at, grid): (usize, &Grid)| GridLine {
            variable: self.numbers.numerics[at].name.to_string(),
            // A state from outside may lack it.
            grid: GridUsed { width: grid.width(), exact: ranks.exact.get(at) == Some(&true) },
        };
        let answer = Answer {
            numbers: &self.numbers,
            method: "spearman",
            spread: Spread::BonettWright,
            n: ranks.n,
            lost,
            units: vec![Scale::Rank; self.numbers.len()],
            grids: Some(self.grids.iter().enumerate().map(line).collect()),
        };
        answer.outcome(totals, &Products { sums: vec![n * (n + 1); self.numbers.len()], products })
    }
}

fn impossible() -> Next<Ranks> {
    Next::Answer(Outcome::refused("the totals are not those of any rows"))
}

/// Twice the mid-rank of the values in each cell that has any.
fn doubled_ranks(counts: &[u64]) -> Vec<(usize, u64)> {
    let mut before = 0;
    let rank = |(cell, count): (usize, &u64)| {
        let rank = (cell, 2 * before + count + 1);
        before += count;
        rank
    };
    counts.iter().enumerate().filter(|(_, count)| **count > 0).map(rank).collect()
}

impl Iterative for Spearman {
    type State = Ranks;

    fn unit(&self) -> Unit {
        Unit::Row
    }

    fn variables(&self) -> BTreeSet<VariableName> {
        self.numbers.variables()
    }

    fn summed(&self) -> Vec<Summed> {
        self.numbers.summed()
    }

    fn layout(&self, state: Option<&Ranks>) -> Layout {
        let Some(ranks) = state else { return self.first.clone() };
        let mut layout = self.second.clone();
        let most = 2 * i128::from(ranks.n).min(MOST_UNITS);
        let all = &self.numbers.numerics;
        for (at, one) in all.iter().enumerate() {
            for two in &all[..=at] {
                let name = format!("rank of {} × rank of {}", one.name, two.name);
                let over = vec![self.numbers.used];
                layout.sums.push(Sum { name, over, unit_bound: most * most });
            }
        }
        layout
    }

    fn contribute(&self, frame: &Frame, state: Option<&Ranks>) -> Result<Contribution, ContributeError> {
        let mut contribution = Contribution::zero(self.layout(state).len());
        let most = |ranks: &Ranks| 2 * i128::from(ranks.n).min(MOST_UNITS);
        self.numbers.tally(frame, &mut contribution, |contribution, values| {
            let cells = self.grids.iter().zip(values).map(|(grid, (value, _))| grid.cell(*value));
            let Some(ranks) = state else {
                for (at, cell) in cells.enumerate() {
                    contribution.tally(self.cells[at].at(0, cell), 1);
                    if let Some(missed) =
                        self.missed[at].filter(|_| self.grids[at].is_missed_by(values[at].0))
                    {
                        contribution.tally(missed, 1);
                    }
                }
                return;
            };
            // A state from outside may lack a cell, or hold a rank beyond the last.
            let rank = |(at, cell): (usize, usize)| {
                let doubled = ranks.doubled.get(at).and_then(|ranks| {
                    let found = ranks.binary_search_by_key(&cell, |(cell, _)| *cell).ok()?;
                    ranks.get(found).map(|(_, doubled)| *doubled)
                });
                i128::from(doubled.unwrap_or(0)).min(most(ranks))
            };
            let own: Vec<i128> = cells.enumerate().map(rank).collect();
            for (one, rank) in own.iter().enumerate() {
                for (two, other) in own[..=one].iter().enumerate() {
                    contribution.tally(self.product(one, two), rank * other);
                }
            }
        })?;
        Ok(contribution)
    }

    fn advance(&self, state: Option<Ranks>, totals: &Totals) -> Next<Ranks> {
        match state {
            None => self.rank(totals),
            Some(ranks) => Next::Answer(self.answer(&ranks, totals)),
        }
    }
}
