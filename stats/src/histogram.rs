//! `histogram`: how many values lie in each cell of a public grid, by group.
//!
//! Cells are `[from, to)`, the last one closed. The width is `grid`, or the dictionary's, or a round one that
//! gives at most 40 cells.
//!
//! Tidy columns: `by_<factor>` for each factor of `by` (empty in the group of all rows), `from`, `to`,
//! `count`.

use std::collections::BTreeSet;

use notochord_proto::fields::Fields;
use notochord_proto::layout::{Layout, TablePurpose};
use notochord_proto::name::VariableName;
use notochord_proto::problem::Problem;
use notochord_proto::scope::Scope;
use serde::Serialize;
use serde_json::Value;

use crate::contribution::{ContributeError, Contribution};
use crate::figure::Figure;
use crate::frame::Frame;
use crate::grid::Grid;
use crate::groups::Groups;
use crate::outcome::{Cell, Outcome, Table};
use crate::quantity::Numeric;
use crate::statistic::{OneRound, Statistic, Summed, Unit};
use crate::totals::Totals;
use crate::vector::{Cells, LONGEST, Tables};

/// The specification of a histogram.
pub struct Histogram {
    numeric: Numeric,
    label: String,
    groups: Groups,
    grid: Grid,
    counts: Cells,
    missing: Cells,
    layout: Layout,
}

/// The result.
#[derive(Serialize)]
struct Bars {
    variable: String,
    width: f64,
    groups: Vec<Group>,
}

/// The rows of one group, or all rows.
#[derive(Serialize)]
struct Group {
    /// The group's level, or levels; null for all rows.
    by: Value,
    n: Figure<u64>,
    missing: Figure<u64>,
    bins: Vec<Bin>,
    #[serde(skip)]
    codes: Vec<String>,
    #[serde(skip)]
    label: String,
}

/// A cell of the grid.
#[derive(Serialize)]
struct Bin {
    from: f64,
    to: f64,
    count: Figure<u64>,
}

/// Reads the section of a study.
pub(crate) fn parse(fields: &mut Fields<'_>, scope: &Scope) -> Result<Box<dyn Statistic>, Problem> {
    let name: VariableName = fields.required("variable")?;
    let variable = scope.require(&name).map_err(|message| fields.problem("variable", message))?;
    let numeric = Numeric::of(&variable).map_err(|message| fields.problem("variable", message))?;
    let groups = Groups::parse(fields, scope)?;
    let width: Option<f64> = fields.optional("grid")?;
    let grid = Grid::coarse(&variable, width).map_err(|message| fields.problem("grid", message))?;
    let headings = groups.headings();
    if grid.cells() * headings.len() > LONGEST {
        return Err(fields.problem("grid", format!("the grids of all groups have more than {LONGEST} cells")));
    }
    let mut tables = Tables::default();
    let starts = (0..grid.cells()).map(|cell| grid.start(cell).to_string()).collect();
    let counts = tables.table(TablePurpose::Frequency, format!("{name} from"), headings.clone(), starts);
    let missing = tables.list(TablePurpose::Missing, format!("{name} missing"), headings);
    let layout = tables.sums().finish();
    Ok(Box::new(Histogram { numeric, label: variable.label.clone(), groups, grid, counts, missing, layout }))
}

impl OneRound for Histogram {
    fn unit(&self) -> Unit {
        Unit::Row
    }

    fn variables(&self) -> BTreeSet<VariableName> {
        let by = self.groups.by().iter().map(|levels| levels.name.clone());
        by.chain([self.numeric.name.clone()]).collect()
    }

    fn layout(&self) -> Layout {
        self.layout.clone()
    }

    fn summed(&self) -> Vec<Summed> {
        Vec::new()
    }

    fn contribute(&self, frame: &Frame) -> Result<Contribution, ContributeError> {
        let mut contribution = Contribution::zero(self.layout.len());
        let column = self.numeric.read(frame)?;
        for (row, group) in self.groups.of_rows(frame)?.into_iter().enumerate() {
            match column.at(row)? {
                Some((value, _)) => contribution.tally(self.counts.at(group, self.grid.cell(value)), 1),
                None => contribution.tally(self.missing.at(group, 0), 1),
            }
        }
        Ok(contribution)
    }

    fn advance(&self, totals: &Totals) -> Outcome {
        let by = &self.groups;
        let unnamed = vec![String::new(); by.by().len()];
        let everybody = self.group(0..by.headings().len(), Value::Null, unnamed, "All".to_owned(), totals);
        let each = (0..by.len())
            .filter(|_| !by.is_everybody())
            .map(|group| {
                self.group(group..group + 1, by.value(group), by.codes(group), by.label(group), totals)
            })
            .filter(|group| !(by.leave_out_empty() && group.is_empty()));
        let groups: Vec<Group> = std::iter::once(everybody).chain(each).collect();
        let (tidy, shown) = (self.tidy(&groups), self.shown(&groups));
        let result = Bars { variable: self.numeric.name.to_string(), width: self.grid.width(), groups };
        Outcome::answered(totals, &result, tidy, vec![shown])
    }
}

impl Histogram {
    /// The groups in these rows of the tables, taken together.
    fn group(
        &self,
        rows: std::ops::Range<usize>,
        by: Value,
        codes: Vec<String>,
        label: String,
        totals: &Totals,
    ) -> Group {
        let count = |cell| Figure::total(rows.clone().map(|row| totals.count(self.counts.at(row, cell))));
        let bins: Vec<Bin> = (0..self.grid.cells())
            .map(|cell| Bin { from: self.grid.start(cell), to: self.grid.end(cell), count: count(cell) })
            .collect();
        let n = Figure::total(bins.iter().map(|bin| bin.count));
        let missing = Figure::total(rows.clone().map(|row| totals.count(self.missing.at(row, 0))));
        Group { by, n, missing, bins, codes, label }
    }

    fn tidy(&self, groups: &[Group]) -> Table {
        let by = self.groups.by().iter().map(|levels| format!("by_{}", levels.name));
        let mut table = Table::new("histogram", by.chain(["from", "to", "count"].map(str::to_owned)));
        for group in groups {
            for bin in &group.bins {
                let by = group.codes.iter().map(|code| Cell::from(code.as_str()));
                table.rows.push(by.chain([bin.from.into(), bin.to.into(), bin.count.into()]).collect());
            }
        }
        table
    }

    /// For people: a row for each cell, a column for each group.
    fn shown(&self, groups: &[Group]) -> Table {
        let labels = groups.iter().map(|group| group.label.clone());
        let mut table =
            Table::new(self.label.clone(), ["From".to_owned(), "To".to_owned()].into_iter().chain(labels));
        for cell in 0..self.grid.cells() {
            let counts = groups.iter().map(|group| Cell::from(group.bins[cell].count));
            table.rows.push(
                [self.grid.start(cell).into(), self.grid.end(cell).into()]
                    .into_iter()
                    .chain(counts)
                    .collect(),
            );
        }
        table
    }
}

impl Group {
    fn is_empty(&self) -> bool {
        Figure::total([self.n, self.missing]) == Figure::Known(0)
    }
}

#[cfg(test)]
mod tests;
