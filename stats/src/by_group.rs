//! A number in groups: how many values, their sums, and their counts on a public grid.

use std::ops::Range;

use notochord_proto::layout::TablePurpose;
use notochord_proto::variable::Variable;

use crate::contribution::Contribution;
use crate::figure::Figure;
use crate::grid::{Grid, GridUsed};
use crate::moments::Moments;
use crate::quantity::{Numeric, Value};
use crate::totals::Totals;
use crate::vector::{Cells, Sums, Tables};

/// Where the integers of a number in groups stand in the vector.
pub(crate) struct NumberByGroup {
    /// The number.
    pub(crate) numeric: Numeric,
    /// The grid its values are counted on.
    pub(crate) grid: Grid,
    present: Cells,
    cells: Cells,
    /// How many values lie between the points of the grid, where that can be.
    missed: Option<usize>,
    sums: Vec<usize>,
    squares: Vec<usize>,
}

impl NumberByGroup {
    /// Adds its tables, a row for each group. `width` is that of its grid, where the study gives one.
    pub(crate) fn new(
        variable: &Variable,
        width: Option<f64>,
        groups: &[String],
        tables: &mut Tables,
    ) -> Result<Self, String> {
        Self::on_grid(variable, Grid::fine(variable, width)?, groups, tables)
    }

    /// As [`NumberByGroup::new`], on a grid of the variable.
    pub(crate) fn on_grid(
        variable: &Variable,
        grid: Grid,
        groups: &[String],
        tables: &mut Tables,
    ) -> Result<Self, String> {
        let (name, numeric) = (&variable.name, Numeric::of(variable)?);
        let starts = (0..grid.cells()).map(|cell| grid.start(cell).to_string()).collect();
        let present = tables.list(TablePurpose::Base, name.as_str(), groups.to_vec());
        let cells = tables.table(TablePurpose::Grid, format!("{name} from"), groups.to_vec(), starts);
        let off = format!("{name} off the grid");
        let missed = grid.may_be_missed().then(|| tables.count(TablePurpose::Grid, off, "all"));
        Ok(Self { numeric, grid, present, cells, missed, sums: Vec::new(), squares: Vec::new() })
    }

    /// Adds its sums, once every table is there.
    pub(crate) fn add_sums(&mut self, groups: &[String], sums: &mut Sums) {
        let (name, bound) = (&self.numeric.name, self.numeric.quantity.bound());
        for (group, heading) in groups.iter().enumerate() {
            let over = vec![self.present.at(group, 0)];
            self.sums.push(sums.sum(format!("{name} sum: {heading}"), over.clone(), bound));
            self.squares.push(sums.sum(format!("{name} squares: {heading}"), over, bound * bound));
        }
    }

    /// Counts and adds one value, whose integer is `integer`.
    pub(crate) fn tally(&self, group: usize, value: Value, integer: i64, contribution: &mut Contribution) {
        contribution.tally(self.present.at(group, 0), 1);
        contribution.tally(self.cells.at(group, self.grid.cell(value)), 1);
        if let Some(missed) = self.missed.filter(|_| self.grid.is_missed_by(value)) {
            contribution.tally(missed, 1);
        }
        let integer = i128::from(integer);
        contribution.tally(self.sums[group], integer);
        contribution.tally(self.squares[group], integer * integer);
    }

    /// The cell that counts the values of a group.
    pub(crate) fn base(&self, group: usize) -> usize {
        self.present.at(group, 0)
    }

    /// How many values a group has.
    pub(crate) fn count(&self, group: usize, totals: &Totals) -> Figure<u64> {
        totals.count(self.present.at(group, 0))
    }

    /// The sum of a group's integers and that of their squares.
    pub(crate) fn sums(&self, group: usize, totals: &Totals) -> Figure<(i128, i128)> {
        totals.sum(self.sums[group]).and(totals.sum(self.squares[group]))
    }

    /// The moments of some groups taken together.
    pub(crate) fn moments(&self, groups: Range<usize>, totals: &Totals) -> Moments {
        let n = Figure::total(groups.clone().map(|group| self.count(group, totals)));
        Moments::new(n, self.pooled_sums(groups, totals), &self.numeric.quantity)
    }

    /// The sum of the integers of some groups and that of their squares.
    pub(crate) fn pooled_sums(&self, groups: Range<usize>, totals: &Totals) -> Figure<(i128, i128)> {
        let sums = Figure::all(groups.map(|group| self.sums(group, totals)));
        sums.map(|sums| {
            let add = |(one, two): (i128, i128), (sum, squares)| {
                (one.saturating_add(sum), two.saturating_add(squares))
            };
            sums.into_iter().fold((0, 0), add)
        })
    }

    /// The counts of a group on the grid.
    pub(crate) fn on_grid_of(&self, group: usize, totals: &Totals) -> Figure<Vec<u64>> {
        Figure::all((0..self.grid.cells()).map(|cell| totals.count(self.cells.at(group, cell))))
    }

    /// The quantiles of some groups taken together, and the grid they are read from.
    pub(crate) fn quantiles(
        &self,
        probabilities: &[f64],
        groups: Range<usize>,
        totals: &Totals,
    ) -> (Vec<Figure<f64>>, GridUsed) {
        let (counts, used) = self.pooled(groups, totals);
        (self.grid.quantiles(probabilities, &counts, used), used)
    }

    /// The counts of some groups taken together on the grid, and the grid.
    pub(crate) fn pooled(&self, groups: Range<usize>, totals: &Totals) -> (Figure<Vec<u64>>, GridUsed) {
        let used = self.grid.used(self.missed.and_then(|missed| totals.count(missed).known()));
        let count =
            |cell| Figure::total(groups.clone().map(|group| totals.count(self.cells.at(group, cell))));
        (Figure::all((0..self.grid.cells()).map(count)), used)
    }
}
