//! `describe`: counts, means and quantiles of variables, in all and by group.
//!
//! A number with bounds is a count, a sum and a sum of squares for each group, and counts on a public grid
//! for the quantiles. A factor, a yes/no variable or an integer of few values is its counts; every other
//! number about it is computed from them, so nothing is sent twice. Those whose group is missing are counted
//! apart, and the group of all rows is the total. Groups are compared in each variable: a test, and standardised
//! differences.
//!
//! Tidy columns: `by_<factor>` for each factor of `by` (empty in the group of all rows), `variable`,
//! `statistic` (`n`, `missing`, `mean`, `sd`, `se`, `mean_lower`, `mean_upper`, `skewness`, `kurtosis`, `quantile`,
//! `quantile_type2`, `count`, `share`, `wilson_lower`, `wilson_upper`, `exact_lower`, `exact_upper`, and of the groups
//! compared `p` and `smd`), `level` (the quantile, the level, the test or the two groups), `value`.

mod comparison;
mod report;

use std::collections::BTreeSet;

use notochord_proto::fields::Fields;
use notochord_proto::layout::{Layout, TablePurpose};
use notochord_proto::name::VariableName;
use notochord_proto::problem::Problem;
use notochord_proto::scope::Scope;
use notochord_proto::variable::Variable;

use crate::by_group::NumberByGroup;
use crate::contribution::{ContributeError, Contribution};
use crate::frame::Frame;
use crate::groups::Groups;
use crate::levels::Levels;
use crate::outcome::Outcome;
use crate::shape::Shape;
use crate::statistic::{OneRound, Statistic, Summed, Unit};
use crate::totals::Totals;
use crate::vector::{Cells, LONGEST, Sums, Tables};

/// The specification of a description.
pub struct Describe {
    groups: Groups,
    quantiles: Vec<f64>,
    variables: Vec<Described>,
    layout: Layout,
}

/// A variable and where its integers stand.
struct Described {
    name: VariableName,
    label: String,
    missing: Cells,
    content: Content,
}

/// What is counted and added of a variable; a row of cells and a sum for each group.
enum Content {
    /// A factor, or an integer of few values.
    Counts { levels: Levels, cells: Cells },
    /// A number, and once the tables are there the sums of its third and fourth powers.
    Number { number: Box<NumberByGroup>, shape: Option<Shape> },
}

/// The quantiles reported by default.
const QUARTILES: [f64; 3] = [0.25, 0.5, 0.75];

/// The most variables, and the most quantiles, of one analysis.
const MOST: usize = 200;

/// Reads the section of a study.
pub(crate) fn parse(fields: &mut Fields<'_>, scope: &Scope) -> Result<Box<dyn Statistic>, Problem> {
    let names: Vec<VariableName> = fields.required("variables")?;
    if names.is_empty() || names.len() > MOST {
        return Err(fields.problem("variables", format!("`variables` lists 1 to {MOST} variables")));
    }
    if let Some((_, twice)) = names.iter().enumerate().find(|(at, name)| names[..*at].contains(name)) {
        return Err(fields.problem("variables", format!("`variables` names `{twice}` twice")));
    }
    let groups = Groups::parse(fields, scope)?;
    let quantiles: Vec<f64> = fields.optional("quantiles")?.unwrap_or(QUARTILES.to_vec());
    if quantiles.len() > MOST || !quantiles.iter().all(|p| *p > 0.0 && *p < 1.0) {
        let message = "quantiles lie between 0 and 1; the extremes are single patients and are not offered";
        return Err(fields.problem("quantiles", message));
    }
    let width: Option<f64> = fields.optional("grid")?;
    let headings = groups.headings();
    let mut tables = Tables::default();
    let mut variables = Vec::new();
    for name in &names {
        let variable = scope.require(name).map_err(|message| fields.problem("variables", message))?;
        let described = Described::new(&variable, width, &headings, &mut tables);
        variables.push(described.map_err(|message| fields.problem("variables", message))?);
        if tables.len() > LONGEST {
            let message =
                format!("the grids of all groups have more than {LONGEST} cells; a wider `grid` has fewer");
            return Err(fields.problem("variables", message));
        }
    }
    let mut sums = tables.sums();
    variables.iter_mut().for_each(|described| described.add_sums(&headings, &mut sums));
    Ok(Box::new(Describe { groups, quantiles, variables, layout: sums.finish() }))
}

impl OneRound for Describe {
    fn unit(&self) -> Unit {
        Unit::Row
    }

    fn variables(&self) -> BTreeSet<VariableName> {
        let by = self.groups.by().iter().map(|levels| levels.name.clone());
        self.variables.iter().map(|described| described.name.clone()).chain(by).collect()
    }

    fn layout(&self) -> Layout {
        self.layout.clone()
    }

    fn summed(&self) -> Vec<Summed> {
        let added =
            self.variables.iter().filter(|described| matches!(described.content, Content::Number { .. }));
        added.map(|described| Summed::Variable(described.name.clone())).collect()
    }

    fn contribute(&self, frame: &Frame) -> Result<Contribution, ContributeError> {
        let mut contribution = Contribution::zero(self.layout.len());
        let groups = self.groups.of_rows(frame)?;
        for described in &self.variables {
            described.contribute(frame, &groups, &mut contribution)?;
        }
        Ok(contribution)
    }

    fn advance(&self, totals: &Totals) -> Outcome {
        report::outcome(self, totals)
    }
}

impl Described {
    fn new(
        variable: &Variable,
        width: Option<f64>,
        headings: &[String],
        tables: &mut Tables,
    ) -> Result<Self, String> {
        let name = &variable.name;
        let content = match Levels::of(variable) {
            Ok(levels) => {
                let cells =
                    tables.table(TablePurpose::Frequency, name.as_str(), headings.to_vec(), levels.codes());
                Content::Counts { levels, cells }
            }
            Err(_) => {
                let number = Box::new(NumberByGroup::new(variable, width, headings, tables)?);
                Content::Number { number, shape: None }
            }
        };
        let missing = tables.list(TablePurpose::Missing, format!("{name} missing"), headings.to_vec());
        Ok(Self { name: name.clone(), label: variable.label.clone(), missing, content })
    }

    fn add_sums(&mut self, headings: &[String], sums: &mut Sums) {
        if let Content::Number { number, shape } = &mut self.content {
            number.add_sums(headings, sums);
            let cells: Vec<usize> = (0..headings.len()).map(|group| number.base(group)).collect();
            let bound = number.numeric.quantity.bound();
            *shape = Some(Shape::new(self.name.as_str(), headings, &cells, bound, sums));
        }
    }

    fn contribute(
        &self,
        frame: &Frame,
        groups: &[usize],
        contribution: &mut Contribution,
    ) -> Result<(), ContributeError> {
        match &self.content {
            Content::Counts { levels, cells } => {
                let column = levels.read(frame)?;
                for (row, group) in groups.iter().enumerate() {
                    match column.at(row)? {
                        Some(level) => contribution.tally(cells.at(*group, level), 1),
                        None => contribution.tally(self.missing.at(*group, 0), 1),
                    }
                }
            }
            Content::Number { number, shape } => {
                let column = number.numeric.read(frame)?;
                for (row, group) in groups.iter().enumerate() {
                    match column.at(row)? {
                        Some((value, integer)) => {
                            number.tally(*group, value, integer, contribution);
                            shape.iter().for_each(|shape| shape.tally(*group, integer, contribution));
                        }
                        None => contribution.tally(self.missing.at(*group, 0), 1),
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
