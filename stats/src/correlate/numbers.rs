//! The numbers that are correlated, and what is counted of them in every round.

use std::collections::BTreeSet;

use notochord_proto::layout::{Design, TablePurpose};
use notochord_proto::name::VariableName;
use notochord_proto::variable::Variable;

use crate::contribution::{ContributeError, Contribution};
use crate::frame::Frame;
use crate::levels::Levels;
use crate::quantity::{Numeric, Quantity, Value};
use crate::statistic::Summed;
use crate::vector::{Cells, Tables};

/// The numbers, and where the counts stand that the disclosure rules judge their sums by.
pub(super) struct Numbers {
    pub(super) numerics: Vec<Numeric>,
    pub(super) labels: Vec<String>,
    /// How many rows are complete.
    pub(super) used: usize,
    /// How many are not.
    pub(super) lost: usize,
    /// How many rows have each value, for the numbers of few values.
    few: Vec<(usize, Cells)>,
    /// How many have each pair of values, for two numbers of two values each.
    pairs: Vec<((usize, usize), Cells)>,
}

impl Numbers {
    /// The numbers and their counts, which stand first in the vector of every round.
    pub(super) fn new(variables: &[Variable]) -> Result<(Self, Tables), String> {
        let numerics = variables.iter().map(Numeric::of).collect::<Result<Vec<_>, _>>()?;
        let labels = variables.iter().map(label).collect();
        let mut tables = Tables::default();
        let used = tables.count(TablePurpose::Base, "rows", "complete in every variable");
        let lost = tables.count(TablePurpose::Missing, "rows", "without one of the variables");
        let mut few = Vec::new();
        for (at, variable) in variables.iter().enumerate() {
            if let Ok(levels) = Levels::of(variable) {
                few.push((at, tables.list(TablePurpose::Frequency, variable.name.as_str(), levels.codes())));
            }
        }
        let twos: Vec<usize> = (0..numerics.len()).filter(|at| is_of_two(&numerics[*at].quantity)).collect();
        let codes = |at: usize| Levels::of(&variables[at]).map(|levels| levels.codes());
        let mut pairs = Vec::new();
        for (first, one) in twos.iter().enumerate() {
            for two in &twos[first + 1..] {
                let name = format!("{} and {}", variables[*one].name, variables[*two].name);
                let cells = tables.table(TablePurpose::Frequency, name, codes(*one)?, codes(*two)?);
                pairs.push(((*one, *two), cells));
            }
        }
        Ok((Self { numerics, labels, used, lost, few, pairs }, tables))
    }

    /// How many.
    pub(super) fn len(&self) -> usize {
        self.numerics.len()
    }

    pub(super) fn variables(&self) -> BTreeSet<VariableName> {
        self.numerics.iter().map(|numeric| numeric.name.clone()).collect()
    }

    pub(super) fn summed(&self) -> Vec<Summed> {
        self.numerics.iter().map(|numeric| Summed::Variable(numeric.name.clone())).collect()
    }

    /// The products of all numbers are those of a model of one of them on the others.
    pub(super) fn design(&self) -> Design {
        Design { columns: self.len(), rows: self.used }
    }

    /// The cells that count the rows which the product of two numbers is not 0 in.
    pub(super) fn over(&self, one: usize, two: usize) -> usize {
        let of_two = |at: usize| {
            let found = self.few.iter().find(|(other, _)| *other == at);
            found.filter(|_| is_of_two(&self.numerics[at].quantity)).map(|(_, cells)| cells.at(1, 0))
        };
        of_two(one).or_else(|| of_two(two)).unwrap_or(self.used)
    }

    /// Counts every row of a frame, and hands the complete ones on: the value and the integer of each number.
    pub(super) fn tally(
        &self,
        frame: &Frame,
        contribution: &mut Contribution,
        mut each: impl FnMut(&mut Contribution, &[(Value, i64)]),
    ) -> Result<(), ContributeError> {
        let columns =
            self.numerics.iter().map(|numeric| numeric.read(frame)).collect::<Result<Vec<_>, _>>()?;
        for row in 0..frame.rows() {
            let values =
                columns.iter().map(|column| column.at(row)).collect::<Result<Option<Vec<_>>, _>>()?;
            let Some(values) = values else {
                contribution.tally(self.lost, 1);
                continue;
            };
            contribution.tally(self.used, 1);
            let position = |at: usize| usize::try_from(values[at].1).unwrap_or(0);
            for (at, cells) in &self.few {
                contribution.tally(cells.at(position(*at), 0), 1);
            }
            for ((one, two), cells) in &self.pairs {
                contribution.tally(cells.at(position(*one), position(*two)), 1);
            }
            each(contribution, &values);
        }
        Ok(())
    }
}

fn label(variable: &Variable) -> String {
    match variable.label.as_str() {
        "" => variable.name.to_string(),
        label => label.to_owned(),
    }
}

/// Whether a number has two values: its integers are then 0 and 1.
fn is_of_two(quantity: &Quantity) -> bool {
    matches!(quantity, Quantity::Integer { .. }) && quantity.bound() == 1
}
