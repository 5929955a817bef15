//! The outcome of a comparison in the vector: the counts of its values, or sums and counts on a grid.

use notochord_proto::variable::Variable;

use super::asked::Asked;
use crate::by_group::NumberByGroup;
use crate::contribution::{ContributeError, Contribution};
use crate::counts_by_group::CountsByGroup;
use crate::figure::Figure;
use crate::grid::{Grid, GridUsed};
use crate::moments::Moments;
use crate::quantity::{Quantity, Value};
use crate::totals::Totals;
use crate::vector::{Sums, Tables};

/// Where the integers of the outcome stand.
pub(super) enum OutcomeByGroup {
    /// A whole number of few values.
    Counted(Box<CountsByGroup>),
    /// Any other number.
    Added(Box<NumberByGroup>),
}

impl OutcomeByGroup {
    /// Adds its tables, a row for each group. Tests of ranks may ask for a finer grid than others.
    pub(super) fn new(
        variable: &Variable,
        test: Asked,
        width: Option<f64>,
        groups: &[String],
        tables: &mut Tables,
    ) -> Result<Self, String> {
        if let Some(counts) = CountsByGroup::new(variable, groups, tables) {
            return Ok(Self::Counted(Box::new(counts)));
        }
        let grid =
            if test.is_of_ranks() { Grid::of_ranks(variable, width)? } else { Grid::fine(variable, width)? };
        Ok(Self::Added(Box::new(NumberByGroup::on_grid(variable, grid, groups, tables)?)))
    }

    /// Adds its sums, once every table is there.
    pub(super) fn add_sums(&mut self, groups: &[String], sums: &mut Sums) {
        if let Self::Added(number) = self {
            number.add_sums(groups, sums);
        }
    }

    pub(super) fn quantity(&self) -> Quantity {
        match self {
            Self::Counted(counts) => counts.quantity,
            Self::Added(number) => number.numeric.quantity,
        }
    }

    /// Counts and adds one value.
    pub(super) fn tally(
        &self,
        group: usize,
        value: Value,
        contribution: &mut Contribution,
    ) -> Result<(), ContributeError> {
        let outside = |name: &str| ContributeError::OutOfBounds(name.to_owned());
        match self {
            Self::Counted(counts) => {
                let position = counts.quantity.encode(value).and_then(|at| usize::try_from(at).ok());
                let position = position.ok_or_else(|| outside(counts.levels.name.as_str()))?;
                contribution.tally(counts.cells.at(group, position), 1);
            }
            Self::Added(number) => {
                let integer = number.numeric.quantity.encode(value);
                let integer = integer.ok_or_else(|| outside(number.numeric.name.as_str()))?;
                number.tally(group, value, integer, contribution);
            }
        }
        Ok(())
    }

    /// How many values a group has.
    pub(super) fn count(&self, group: usize, totals: &Totals) -> Figure<u64> {
        match self {
            Self::Counted(counts) => counts.count(group, totals),
            Self::Added(number) => number.count(group, totals),
        }
    }

    /// The sum of a group's integers and that of their squares.
    pub(super) fn sums(&self, group: usize, totals: &Totals) -> Figure<(i128, i128)> {
        match self {
            Self::Counted(counts) => counts.sums(group, totals),
            Self::Added(number) => number.sums(group, totals),
        }
    }

    pub(super) fn moments(&self, group: usize, totals: &Totals) -> Moments {
        Moments::new(self.count(group, totals), self.sums(group, totals), &self.quantity())
    }

    /// The median of a group, and the grid it is read from.
    pub(super) fn median(&self, group: usize, totals: &Totals) -> (Figure<f64>, GridUsed) {
        let (median, grid) = match self {
            Self::Counted(counts) => counts.quantiles(&[0.5], group, totals),
            Self::Added(number) => number.quantiles(&[0.5], group..group + 1, totals),
        };
        (median.into_iter().next().unwrap_or(Figure::Undefined), grid)
    }

    /// The counts of a group on the grid.
    pub(super) fn on_grid(&self, group: usize, totals: &Totals) -> Figure<Vec<u64>> {
        match self {
            Self::Counted(counts) => counts.counts(group, totals),
            Self::Added(number) => number.on_grid_of(group, totals),
        }
    }

    /// Where the grid begins, and how wide its cells are.
    pub(super) fn grid(&self) -> (f64, f64) {
        let grid = match self {
            Self::Counted(counts) => &counts.grid,
            Self::Added(number) => &number.grid,
        };
        (grid.start(0), grid.width())
    }
}
