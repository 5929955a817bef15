//! `table`: a cross table of two factors, in all and in the layers of a third, with tests of association.
//!
//! Rows without one of the factors are counted as missing. Levels of whole numbers that nobody has are left out.
//! Tests leave out every empty row and column, and but for `mantel_haenszel` take all layers together. One that these
//! counts do not allow has a `reason` in place of numbers. A table of two occupied rows and two occupied columns also has
//! `effects`: odds ratio, risk ratio and risk difference of its second row against its first, the second column being
//! the event.
//!
//! Every number is computed from the released counts alone, so tests withhold nothing more and give nothing more away.
//!
//! Tidy columns: `layer` (where there are layers), `row`, `column`, `count`.

mod association;
mod fisher;
mod mantel_haenszel;
mod mcnemar;
mod network;
mod report;
mod sampled;
mod trend;
mod two_by_two;

use std::collections::BTreeSet;

use notochord_proto::fields::{FieldValue, Fields, FromField, one_of};
use notochord_proto::layout::{Layout, TablePurpose};
use notochord_proto::name::VariableName;
use notochord_proto::problem::Problem;
use notochord_proto::scope::Scope;

use crate::contribution::{ContributeError, Contribution};
use crate::frame::Frame;
use crate::levels::Levels;
use crate::outcome::Outcome;
use crate::statistic::{OneRound, Statistic, Summed, Unit};
use crate::totals::Totals;
use crate::vector::{Cells, LONGEST, MOST_CELLS, Tables};

pub(crate) use association::{Test, chi_squared, occupied};
pub(crate) use fisher::test as fisher_test;

/// The specification of a cross table.
pub struct CrossTable {
    rows: Levels,
    columns: Levels,
    layers: Option<Levels>,
    tests: Vec<Asked>,
    /// The table of each layer; of everybody where there are none.
    counts: Vec<Cells>,
    missing: usize,
    layout: Layout,
}

/// A test a study asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    ChiSquared,
    Fisher,
    Trend,
    MantelHaenszel,
    McNemar,
}

impl FromField for Asked {
    fn from_field(value: &FieldValue) -> Result<Self, String> {
        let offered = [
            ("chi_squared", Self::ChiSquared),
            ("fisher", Self::Fisher),
            ("trend", Self::Trend),
            ("mantel_haenszel", Self::MantelHaenszel),
            ("mcnemar", Self::McNemar),
        ];
        one_of(value, &offered)
    }
}

/// Reads the section of a study.
pub(crate) fn parse(fields: &mut Fields<'_>, scope: &Scope) -> Result<Box<dyn Statistic>, Problem> {
    let (rows, columns) = (fields.required("rows_by")?, fields.required("columns_by")?);
    let rows = levels(fields, "rows_by", rows, scope)?;
    let columns = levels(fields, "columns_by", columns, scope)?;
    let layers: Option<VariableName> = fields.optional("layers_by")?;
    let layers = layers.map(|name| levels(fields, "layers_by", name, scope)).transpose()?;
    if rows.name == columns.name {
        return Err(fields.problem("columns_by", "`rows_by` and `columns_by` are the same variable"));
    }
    if let Some(layers) = layers.as_ref().filter(|layers| [&rows.name, &columns.name].contains(&&layers.name))
    {
        return Err(fields.problem("layers_by", format!("`{}` is named twice", layers.name)));
    }
    let tests: Vec<Asked> = fields.optional("tests")?.unwrap_or_default();
    if tests.contains(&Asked::MantelHaenszel) && layers.is_none() {
        return Err(
            fields.problem("tests", "`mantel_haenszel` compares within layers; name them in `layers_by`")
        );
    }
    if tests.contains(&Asked::McNemar) && rows.codes() != columns.codes() {
        let message =
            "`mcnemar` compares two ratings with the same levels; those of `rows_by` and `columns_by` differ";
        return Err(fields.problem("tests", message));
    }
    let cells = rows.len() * columns.len();
    if cells > MOST_CELLS || cells * layers.as_ref().map_or(1, Levels::len) > LONGEST {
        let message = format!("a table has at most {MOST_CELLS} cells, and those of all layers {LONGEST}");
        return Err(fields.problem("rows_by", message));
    }
    let mut tables = Tables::default();
    let name = format!("{} by {}", rows.name, columns.name);
    let mut add = |name: &str| tables.table(TablePurpose::Frequency, name, rows.codes(), columns.codes());
    let counts = match &layers {
        None => vec![add(&name)],
        Some(layers) => {
            let layer = |code: &String| format!("{name}, {} {code}", layers.name);
            layers.codes().iter().map(|code| add(&layer(code))).collect()
        }
    };
    let missing = tables.count(TablePurpose::Missing, name, "missing");
    let layout = tables.sums().finish();
    Ok(Box::new(CrossTable { rows, columns, layers, tests, counts, missing, layout }))
}

fn levels(
    fields: &Fields<'_>,
    key: &'static str,
    name: VariableName,
    scope: &Scope,
) -> Result<Levels, Problem> {
    let levels = scope.require(&name).and_then(|variable| Levels::of(&variable));
    levels.map_err(|message| fields.problem(key, message))
}

impl OneRound for CrossTable {
    fn unit(&self) -> Unit {
        Unit::Row
    }

    fn variables(&self) -> BTreeSet<VariableName> {
        let layers = self.layers.iter().map(|layers| layers.name.clone());
        layers.chain([self.rows.name.clone(), self.columns.name.clone()]).collect()
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
        let layers = self.layers.as_ref().map(|layers| layers.read(frame)).transpose()?;
        for at in 0..frame.rows() {
            let layer = layers.as_ref().map_or(Ok(Some(0)), |layers| layers.at(at))?;
            match (layer.and_then(|layer| self.counts.get(layer)), rows.at(at)?, columns.at(at)?) {
                (Some(cells), Some(row), Some(column)) => contribution.tally(cells.at(row, column), 1),
                _ => contribution.tally(self.missing, 1),
            }
        }
        Ok(contribution)
    }

    fn advance(&self, totals: &Totals) -> Outcome {
        report::outcome(self, totals)
    }
}

#[cfg(test)]
mod tests;
