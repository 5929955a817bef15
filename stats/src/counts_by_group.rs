//! A whole number of few values in groups: how often each value occurs. Everything about it is computed from
//! these counts, since sums sent beside them would give withheld ones away.

use notochord_proto::layout::TablePurpose;
use notochord_proto::variable::Variable;

use crate::figure::Figure;
use crate::grid::{Grid, GridUsed};
use crate::levels::Levels;
use crate::moments::sums_of_positions;
use crate::quantity::Quantity;
use crate::totals::Totals;
use crate::vector::{Cells, Tables};

/// Where the counts of a number in groups stand in the vector.
pub(crate) struct CountsByGroup {
    /// Its values.
    pub(crate) levels: Levels,
    /// The values as a quantity: a value's integer is its position.
    pub(crate) quantity: Quantity,
    /// A cell for each value.
    pub(crate) grid: Grid,
    /// A row for each group, a column for each value.
    pub(crate) cells: Cells,
}

impl CountsByGroup {
    /// Adds its table; nothing where the variable is no whole number of few values.
    pub(crate) fn new(variable: &Variable, groups: &[String], tables: &mut Tables) -> Option<Self> {
        let levels = Levels::of(variable).ok()?;
        let (quantity, grid) = levels.grid()?;
        let name = variable.name.as_str();
        let cells = tables.table(TablePurpose::Frequency, name, groups.to_vec(), levels.codes());
        Some(Self { levels, quantity, grid, cells })
    }

    /// How many values a group has.
    pub(crate) fn count(&self, group: usize, totals: &Totals) -> Figure<u64> {
        Figure::total(self.cells_of(group).map(|cell| totals.count(cell)))
    }

    /// The sum of a group's integers and that of their squares.
    pub(crate) fn sums(&self, group: usize, totals: &Totals) -> Figure<(i128, i128)> {
        self.counts(group, totals).map(|counts| sums_of_positions(&counts))
    }

    /// The quantiles of a group, and the grid they are read from.
    pub(crate) fn quantiles(
        &self,
        probabilities: &[f64],
        group: usize,
        totals: &Totals,
    ) -> (Vec<Figure<f64>>, GridUsed) {
        let used = self.grid.used(None);
        (self.grid.quantiles(probabilities, &self.counts(group, totals), used), used)
    }

    /// How often a group has each value.
    pub(crate) fn counts(&self, group: usize, totals: &Totals) -> Figure<Vec<u64>> {
        Figure::all(self.cells_of(group).map(|cell| totals.count(cell)))
    }

    fn cells_of(&self, group: usize) -> impl Iterator<Item = usize> {
        (0..self.levels.len()).map(move |value| self.cells.at(group, value))
    }
}
