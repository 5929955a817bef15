//! The outcome of a comparison in the vector: the counts of its values, or sums and counts on a grid.

use notochord_proto::name::VariableName;
use notochord_proto::variable::Variable;

use crate::by_group::NumberByGroup;
use crate::contribution::{ContributeError, Contribution};
use crate::counts_by_group::CountsByGroup;
use crate::figure::Figure;
use crate::frame::Frame;
use crate::grid::GridUsed;
use crate::levels::Levels;
use crate::moments::Moments;
use crate::quantity::Quantity;
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
    pub(super) fn new(variable: &Variable, groups: &[String], tables: &mut Tables) -> Result<Self, String> {
        match CountsByGroup::new(variable, groups, tables) {
            Some(counts) => Ok(Self::Counted(Box::new(counts))),
            None => Ok(Self::Added(Box::new(NumberByGroup::new(variable, None, groups, tables)?))),
        }
    }

    /// Adds its sums, once every table is there.
    pub(super) fn add_sums(&mut self, groups: &[String], sums: &mut Sums) {
        if let Self::Added(number) = self {
            number.add_sums(groups, sums);
        }
    }

    pub(super) fn name(&self) -> &VariableName {
        match self {
            Self::Counted(counts) => &counts.levels.name,
            Self::Added(number) => &number.numeric.name,
        }
    }

    pub(super) fn quantity(&self) -> Quantity {
        match self {
            Self::Counted(counts) => counts.quantity,
            Self::Added(number) => number.numeric.quantity,
        }
    }

    /// Counts and adds the rows that have outcome and group; `missing` counts the others.
    pub(super) fn contribute(
        &self,
        frame: &Frame,
        by: &Levels,
        missing: usize,
        contribution: &mut Contribution,
    ) -> Result<(), ContributeError> {
        let groups = by.read(frame)?;
        match self {
            Self::Counted(counts) => {
                let outcomes = counts.levels.read(frame)?;
                for row in 0..frame.rows() {
                    match (outcomes.at(row)?, groups.at(row)?) {
                        (Some(value), Some(group)) => contribution.tally(counts.cells.at(group, value), 1),
                        _ => contribution.tally(missing, 1),
                    }
                }
            }
            Self::Added(number) => {
                let outcomes = number.numeric.read(frame)?;
                for row in 0..frame.rows() {
                    match (outcomes.at(row)?, groups.at(row)?) {
                        (Some((value, integer)), Some(group)) => {
                            number.tally(group, value, integer, contribution);
                        }
                        _ => contribution.tally(missing, 1),
                    }
                }
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
}
