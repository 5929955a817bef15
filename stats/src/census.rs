//! The counts that come with a model, so that disclosure rules can act before any of its sums is opened.
//!
//! How many rows have every variable of the model, how many lack one, how many have each level of each factor and
//! each value of whole numbers of few values, and how many have each combination that interactions add numbers over.

use std::collections::BTreeSet;

use notochord_proto::layout::TablePurpose;

use crate::contribution::Contribution;
use crate::design::{Design, DesignRow};
use crate::figure::Figure;
use crate::levels::Levels;
use crate::outcome::Outcome;
use crate::totals::Totals;
use crate::vector::{Cells, LONGEST, MOST_CELLS, Tables};

/// Where the counts of a model stand.
pub(crate) struct Census {
    /// The rows used.
    pub(crate) used: usize,
    /// The rows that lack a variable of the model.
    pub(crate) lost: usize,
    /// How many rows have each level, for each factor.
    pub(crate) levels: Vec<Cells>,
    /// How many rows have each value, for each number of few values.
    values: Vec<Cells>,
    /// How many rows have each combination of values, where an interaction adds numbers over combinations.
    crossings: Vec<Crossing>,
}

/// A table of combinations.
struct Crossing {
    /// What is crossed: positions among the countable, and how many values each has.
    of: Vec<(usize, usize)>,
    cells: Cells,
}

impl Census {
    /// Adds the tables of a design to a layout.
    pub(crate) fn new(design: &Design, tables: &mut Tables) -> Self {
        let used = tables.count(TablePurpose::Base, &design.outcome, "rows used");
        let lost = tables.count(TablePurpose::Missing, &design.outcome, "rows lost");
        let mut count =
            |levels: &Levels| tables.list(TablePurpose::Frequency, levels.name.as_str(), levels.codes());
        let levels: Vec<Cells> = design.factors.iter().map(|factor| count(&factor.levels)).collect();
        let values = design.counted.iter().map(count).collect();
        let crossings = crossings(design, tables);
        Self { used, lost, levels, values, crossings }
    }

    /// Counts a row; none is one that lacks a variable of the model.
    pub(crate) fn tally(&self, row: Option<&DesignRow>, contribution: &mut Contribution) {
        let Some(row) = row else { return contribution.tally(self.lost, 1) };
        contribution.tally(self.used, 1);
        let counted = self.levels.iter().zip(&row.levels).chain(self.values.iter().zip(&row.values));
        for (cells, level) in counted {
            contribution.tally(cells.at(*level, 0), 1);
        }
        for crossing in &self.crossings {
            let value = |at: usize| row.levels.iter().chain(&row.values).nth(at).copied().unwrap_or(0);
            let cell = crossing.of.iter().fold(0, |cell, (at, count)| cell * count + value(*at));
            contribution.tally(crossing.cells.at(cell, 0), 1);
        }
    }

    /// How many rows the model uses, or why there is no model.
    pub(crate) fn rows(&self, totals: &Totals) -> Result<u64, Box<Outcome>> {
        // A small number of lost rows stays at its site; the model does not need it.
        if totals.withheld() > usize::from(totals.count(self.lost) == Figure::Withheld) {
            let reason = "numbers the model needs were withheld by a disclosure rule";
            return Err(Box::new(Outcome::suppressed(reason)));
        }
        match totals.count(self.used) {
            Figure::Known(0) => Err(Box::new(Outcome::refused("no row has every variable of the model"))),
            Figure::Known(rows) => Ok(rows),
            _ => Err(Box::new(Outcome::refused("the totals are not those of any rows"))),
        }
    }

    /// The columns of the design that are part of the model: levels nobody has leave it.
    pub(crate) fn columns(&self, design: &Design, totals: &Totals) -> Vec<usize> {
        let factors = design.factors.iter().zip(&self.levels);
        let occupied = factors.map(|(factor, cells)| {
            let somebody = |level: &usize| totals.count(cells.at(*level, 0)) != Figure::Known(0);
            factor.order.iter().copied().filter(somebody).collect()
        });
        let occupied: Vec<Vec<usize>> = occupied.collect();
        let last = design.columns.len() - 1;
        (0..last).filter(|column| design.columns[*column].is_used(&occupied)).collect()
    }
}

/// The tables of combinations that the sums of a design are over.
fn crossings(design: &Design, tables: &mut Tables) -> Vec<Crossing> {
    let pairs =
        design.columns.iter().enumerate().flat_map(|(at, one)| {
            design.columns[..=at].iter().filter_map(move |two| design.crossed(one, two))
        });
    let countable = design.countable();
    let distinct: BTreeSet<BTreeSet<usize>> = pairs.collect();
    let mut crossings = Vec::new();
    for picked in distinct {
        // Tables too large, or too many, are refused by the plan and need not be written out in full.
        if tables.len() > LONGEST {
            break;
        }
        let crossed: Vec<&Levels> = picked.iter().map(|at| countable[*at]).collect();
        let name: Vec<&str> = crossed.iter().map(|levels| levels.name.as_str()).collect();
        let mut rows = vec![String::new()];
        for levels in crossed {
            if rows.len() > MOST_CELLS {
                break;
            }
            let codes = levels.codes();
            rows =
                rows.iter().flat_map(|row| codes.iter().map(move |code| format!("{row} {code}"))).collect();
        }
        let rows = rows.iter().map(|row| row.trim_start().to_owned()).collect();
        let cells = tables.list(TablePurpose::Frequency, name.join(" and "), rows);
        let of = picked.iter().map(|at| (*at, countable[*at].len())).collect();
        crossings.push(Crossing { of, cells });
    }
    crossings
}
