//! `table`: a cross table of two factors, with tests of association.
//!
//! Rows without one of the two are counted as missing. Levels of whole numbers that nobody has are left out.
//! Tests leave out every empty row and column. One that these counts do not allow has a `reason` in place of
//! numbers.
//!
//! Tidy columns: `row`, `column`, `count`.

mod association;
mod fisher;

use std::collections::{BTreeMap, BTreeSet};

use notochord_proto::fields::{FieldValue, Fields, FromField, one_of};
use notochord_proto::layout::{Layout, TablePurpose};
use notochord_proto::name::VariableName;
use notochord_proto::problem::Problem;
use notochord_proto::scope::Scope;
use serde::Serialize;

use crate::contribution::{ContributeError, Contribution};
use crate::figure::Figure;
use crate::frame::Frame;
use crate::levels::Levels;
use crate::outcome::{Cell, Outcome, Table};
use crate::statistic::{OneRound, Statistic, Summed, Unit};
use crate::totals::Totals;
use crate::vector::{Cells, Tables};

use association::Test;

/// The specification of a cross table.
pub struct CrossTable {
    rows: Levels,
    columns: Levels,
    tests: Vec<Asked>,
    counts: Cells,
    missing: usize,
    layout: Layout,
}

/// A test a study asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    ChiSquared,
    Fisher,
}

/// The result.
#[derive(Serialize)]
struct Counts {
    rows: Vec<String>,
    columns: Vec<String>,
    counts: Vec<Vec<Figure<u64>>>,
    row_totals: Vec<Figure<u64>>,
    column_totals: Vec<Figure<u64>>,
    total: Figure<u64>,
    /// How many rows lack one of the two.
    missing: Figure<u64>,
    tests: BTreeMap<&'static str, Test>,
}

impl FromField for Asked {
    fn from_field(value: &FieldValue) -> Result<Self, String> {
        let word = String::from_field(value)?;
        if ["trend", "mantel_haenszel", "mcnemar"].contains(&word.as_str()) {
            return Err(format!(
                "the test `{word}` is not offered by this version; it offers chi_squared and fisher"
            ));
        }
        one_of(value, &[("chi_squared", Self::ChiSquared), ("fisher", Self::Fisher)])
    }
}

/// Reads the section of a study.
pub(crate) fn parse(fields: &mut Fields<'_>, scope: &Scope) -> Result<Box<dyn Statistic>, Problem> {
    let rows = levels(fields, "rows_by", scope)?;
    let columns = levels(fields, "columns_by", scope)?;
    if rows.name == columns.name {
        return Err(fields.problem("columns_by", "`rows_by` and `columns_by` are the same variable"));
    }
    if fields.optional::<FieldValue>("layers_by")?.is_some() {
        return Err(fields.problem("layers_by", "`layers_by` is not offered by this version"));
    }
    let tests: Vec<Asked> = fields.optional("tests")?.unwrap_or_default();
    let mut tables = Tables::default();
    let name = format!("{} by {}", rows.name, columns.name);
    let counts = tables.table(TablePurpose::Frequency, &name, rows.codes(), columns.codes());
    let missing = tables.count(TablePurpose::Missing, name, "missing");
    let layout = tables.sums().finish();
    Ok(Box::new(CrossTable { rows, columns, tests, counts, missing, layout }))
}

fn levels(fields: &mut Fields<'_>, key: &'static str, scope: &Scope) -> Result<Levels, Problem> {
    let name: VariableName = fields.required(key)?;
    scope
        .require(&name)
        .and_then(|variable| Levels::of(&variable))
        .map_err(|message| fields.problem(key, message))
}

impl OneRound for CrossTable {
    fn unit(&self) -> Unit {
        Unit::Row
    }

    fn variables(&self) -> BTreeSet<VariableName> {
        BTreeSet::from([self.rows.name.clone(), self.columns.name.clone()])
    }

    fn layout(&self) -> Layout {
        self.layout.clone()
    }

    fn summed(&self) -> Vec<Summed> {
        Vec::new()
    }

    fn contribute(&self, frame: &Frame) -> Result<Contribution, ContributeError> {
        let mut contribution = Contribution::zero(self.layout.len());
        let (rows, columns) = (self.rows.read(frame)?, self.columns.read(frame)?);
        for at in 0..frame.rows() {
            match (rows.at(at)?, columns.at(at)?) {
                (Some(row), Some(column)) => contribution.tally(self.counts.at(row, column), 1),
                _ => contribution.tally(self.missing, 1),
            }
        }
        Ok(contribution)
    }

    fn advance(&self, totals: &Totals) -> Outcome {
        let count = |row: usize, column: usize| totals.count(self.counts.at(row, column));
        let (all_rows, all_columns) = (0..self.rows.len(), 0..self.columns.len());
        let row_total = |row| Figure::total(all_columns.clone().map(|column| count(row, column)));
        let column_total = |column| Figure::total(all_rows.clone().map(|row| count(row, column)));
        let kept =
            |levels: &Levels, total: &Figure<u64>| !(levels.are_integers() && *total == Figure::Known(0));
        let rows: Vec<usize> = all_rows.clone().filter(|row| kept(&self.rows, &row_total(*row))).collect();
        let columns: Vec<usize> =
            all_columns.clone().filter(|column| kept(&self.columns, &column_total(*column))).collect();
        let counts: Vec<Vec<_>> =
            rows.iter().map(|row| columns.iter().map(|column| count(*row, *column)).collect()).collect();
        let tests = self.tests.iter().flat_map(|asked| asked.run(&counts)).collect();
        let result = Counts {
            rows: rows.iter().map(|row| self.rows.code(*row).to_owned()).collect(),
            columns: columns.iter().map(|column| self.columns.code(*column).to_owned()).collect(),
            counts,
            row_totals: rows.iter().map(|row| row_total(*row)).collect(),
            column_totals: columns.iter().map(|column| column_total(*column)).collect(),
            total: Figure::total(all_rows.clone().map(row_total)),
            missing: totals.count(self.missing),
            tests,
        };
        let labels =
            |levels: &Levels, kept: &[usize]| kept.iter().map(|at| levels.label_of(*at).to_owned()).collect();
        let shown = result.shown(self, labels(&self.rows, &rows), labels(&self.columns, &columns));
        Outcome::answered(totals, &result, result.tidy(), shown)
    }
}

impl Asked {
    /// The test's results by name: chi-squared has two for a table of two rows and two columns.
    fn run(self, counts: &[Vec<Figure<u64>>]) -> Vec<(&'static str, Test)> {
        let counts = Figure::all(counts.iter().map(|row| Figure::all(row.iter().copied())));
        match (self, counts.known()) {
            (Self::ChiSquared, Some(counts)) => association::chi_squared(&association::occupied(&counts)),
            (Self::Fisher, Some(counts)) => vec![("fisher", fisher::test(&association::occupied(&counts)))],
            (Self::ChiSquared, None) => vec![("chi_squared", Test::withheld())],
            (Self::Fisher, None) => vec![("fisher", Test::withheld())],
        }
    }
}

impl Counts {
    fn tidy(&self) -> Table {
        let mut table = Table::new("table", ["row", "column", "count"]);
        for (row, counts) in self.rows.iter().zip(&self.counts) {
            for (column, count) in self.columns.iter().zip(counts) {
                table.rows.push(vec![row.as_str().into(), column.as_str().into(), (*count).into()]);
            }
        }
        table
    }

    /// For people: the counts with their margins, then the tests.
    fn shown(&self, asked: &CrossTable, rows: Vec<String>, columns: Vec<String>) -> Vec<Table> {
        let title = format!("{} by {}", asked.rows.label, asked.columns.label);
        let headings = std::iter::once(asked.rows.label.clone()).chain(columns).chain(["Total".to_owned()]);
        let mut counts = Table::new(title, headings);
        for ((label, row), total) in rows.iter().zip(&self.counts).zip(&self.row_totals) {
            let cells = row.iter().chain([total]).map(|count| Cell::from(*count));
            counts.rows.push(std::iter::once(label.as_str().into()).chain(cells).collect());
        }
        let margin = self.column_totals.iter().chain([&self.total]).map(|count| Cell::from(*count));
        counts.rows.push(std::iter::once("Total".into()).chain(margin).collect());
        let mut tests = Table::new("Tests", Test::HEADINGS);
        tests.rows.extend(self.tests.iter().map(|(name, test)| test.shown(name)));
        if self.tests.is_empty() { vec![counts] } else { vec![counts, tests] }
    }
}

#[cfg(test)]
mod tests;
