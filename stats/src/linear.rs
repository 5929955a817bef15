//! `linear`: a linear model by least squares.
//!
//! A node sends how many rows it used and lost, how many of them have each level of each factor, and the
//! exact sums of every column and of every product of two columns, the outcome among them. Rows that lack a
//! variable of the model are lost. For the disclosure rules it also counts the values of whole numbers of few
//! values, and the combinations that interactions add numbers over: sums would give small counts away. Levels
//! nobody has leave the model; where the reference is one of them the next level takes its place. Columns that
//! earlier ones give are reported in `aliased`, as R's `lm` does.
//!
//! Errors other than the model's take one more round, at the estimates.
//!
//! Tidy columns: `term`, `estimate`, `se`, `statistic`, `p`, `lower`, `upper`.

mod errors;
mod fit;
mod report;

use std::collections::{BTreeMap, BTreeSet};

use notochord_proto::fields::{Fields, OneOrMany};
use notochord_proto::layout::{self, Layout};
use notochord_proto::name::VariableName;
use notochord_proto::problem::Problem;
use notochord_proto::scope::Scope;

use crate::census::Census;
use crate::contribution::{ContributeError, Contribution};
use crate::design::{Column, Design, DesignError, Response};
use crate::formula::Formula;
use crate::frame::Frame;
use crate::outcome::Outcome;
use crate::sandwich::Errors;
use crate::statistic::{OneRound, Rounds, Statistic, Summed, Unit};
use crate::term_tests;
use crate::terms::Terms;
use crate::totals::Totals;
use crate::vector::Tables;

use errors::Robust;
use fit::{Fit, Moments};

/// The specification of a linear model.
pub struct Linear {
    design: Design,
    census: Census,
    /// Where the sum of each column stands; the outcome is the last.
    sums: Vec<usize>,
    /// Where the sum of the products of two columns stands, `products[i][j]` with `j <= i`; none where it is
    /// always 0.
    products: Vec<Vec<Option<usize>>>,
    layout: Layout,
    /// Tests of whole terms.
    tests: Vec<term_tests::Asked>,
}

/// Reads the section of a study.
pub(crate) fn parse(fields: &mut Fields<'_>, scope: &Scope) -> Result<Box<dyn Statistic>, Problem> {
    let text: String = fields.required("formula")?;
    let formula = Formula::parse(&text).map_err(|message| fields.problem("formula", message))?;
    if !formula.offsets.is_empty() {
        let message = "`offset` is not offered in linear models; `I(y - x) ~ …` is the same model";
        return Err(fields.problem("formula", message));
    }
    let references: BTreeMap<String, String> = fields.optional("reference")?.unwrap_or_default();
    let errors = fields.optional("errors")?.unwrap_or(Errors::Model);
    let tests: Option<OneOrMany<term_tests::Asked>> = fields.optional("tests")?;
    let design =
        Design::new(&formula, &references, Response::Number, scope).map_err(|error| match error {
            DesignError::Formula(message) => fields.problem("formula", message),
            DesignError::Reference(message) => fields.problem("reference", message),
        })?;
    let linear = Linear::new(design, tests.map_or(Vec::new(), |tests| tests.0));
    Ok(match errors {
        Errors::Model => Box::new(linear),
        errors => Box::new(Rounds(Robust { linear, errors })),
    })
}

impl Linear {
    fn new(design: Design, tests: Vec<term_tests::Asked>) -> Self {
        let mut tables = Tables::default();
        let census = Census::new(&design, &mut tables);
        let used = census.used;
        let mut added = tables.sums();
        let counted =
            |column: &Column| column.indicator().map(|(factor, level)| census.levels[factor].at(level, 0));
        let sums = design.columns.iter().map(|column| {
            counted(column).unwrap_or_else(|| added.sum(&column.name, vec![used], column.quantity.bound()))
        });
        let sums = sums.collect();
        let mut products: Vec<Vec<Option<usize>>> = Vec::new();
        for (at, one) in design.columns.iter().enumerate() {
            let with = |two: &Column| match (one.indicator(), two.indicator()) {
                (Some(own), Some(other)) if own == other => counted(one),
                (Some((own, _)), Some((other, _))) if own == other => None,
                _ => {
                    let over = counted(one).or_else(|| counted(two)).unwrap_or(used);
                    let bound = one.quantity.bound() * two.quantity.bound();
                    Some(added.sum(format!("{} × {}", one.name, two.name), vec![over], bound))
                }
            };
            products.push(design.columns[..=at].iter().map(with).collect());
        }
        let columns = design.columns.len() - 1 + usize::from(design.intercept);
        let layout = added.finish_model(layout::Design { columns, rows: used });
        Self { design, census, sums, products, layout, tests }
    }

    /// The shape of the design, whose rows are counted there.
    fn shape(&self, rows: usize) -> layout::Design {
        layout::Design { columns: self.design.columns.len() - 1 + usize::from(self.design.intercept), rows }
    }

    /// The moments, the columns in use and the fit, or why there is none.
    fn fitted(&self, totals: &Totals) -> Result<(Moments, Vec<usize>, Fit), Box<Outcome>> {
        let refused = |reason: String| Box::new(Outcome::refused(reason));
        let n = self.census.rows(totals)?;
        let columns = self.census.columns(&self.design, totals);
        let moments = self.moments(n, &columns, totals);
        let moments = moments.ok_or_else(|| refused("the totals are not those of any rows".to_owned()))?;
        match Fit::new(&moments, self.design.intercept) {
            Ok(fit) => Ok((moments, columns, fit)),
            Err(reason) => Err(refused(reason.to_string())),
        }
    }

    /// The sums of these columns and of the outcome.
    fn moments(&self, n: u64, columns: &[usize], totals: &Totals) -> Option<Moments> {
        let all: Vec<usize> = columns.iter().copied().chain([self.design.columns.len() - 1]).collect();
        let product = |one: usize, two: usize| match self.products[one.max(two)][one.min(two)] {
            Some(at) => totals.sum(at).known(),
            None => Some(0),
        };
        let row = |one: &usize| all.iter().map(|two| product(*one, *two)).collect::<Option<Vec<_>>>();
        Some(Moments {
            n,
            quantities: all.iter().map(|column| self.design.columns[*column].quantity).collect(),
            sums: all.iter().map(|column| totals.sum(self.sums[*column]).known()).collect::<Option<_>>()?,
            products: all.iter().map(row).collect::<Option<_>>()?,
        })
    }
}

impl OneRound for Linear {
    fn unit(&self) -> Unit {
        Unit::Row
    }

    fn variables(&self) -> BTreeSet<VariableName> {
        self.design.variables()
    }

    fn layout(&self) -> Layout {
        self.layout.clone()
    }

    fn summed(&self) -> Vec<Summed> {
        self.design.summed.clone()
    }

    fn terms(&self) -> Terms {
        self.design.reported()
    }

    fn contribute(&self, frame: &Frame) -> Result<Contribution, ContributeError> {
        let mut contribution = Contribution::zero(self.layout.len());
        let columns = self.design.read(frame)?;
        let counts = self.layout.count_cells();
        for row in 0..frame.rows() {
            let row = columns.at(row)?;
            self.census.tally(row.as_ref(), &mut contribution);
            let Some(row) = row else { continue };
            for (at, one) in row.integers.iter().enumerate() {
                let one = i128::from(*one);
                if one == 0 {
                    continue;
                }
                let sum = self.sums[at];
                if sum >= counts {
                    contribution.tally(sum, one);
                }
                for (product, two) in self.products[at].iter().zip(&row.integers) {
                    if let Some(product) = product.filter(|product| *product >= counts) {
                        contribution.tally(product, one * i128::from(*two));
                    }
                }
            }
        }
        Ok(contribution)
    }

    fn advance(&self, totals: &Totals) -> Outcome {
        match self.fitted(totals) {
            Ok((moments, columns, fit)) => {
                self.report(totals, &moments, &columns, &fit, (Errors::Model, None))
            }
            Err(outcome) => *outcome,
        }
    }
}

#[cfg(test)]
mod tests;
