//! `correlate`: correlations of all pairs of some numbers, over the rows complete in all of them.
//!
//! Pearson's takes one round: the exact sums of every number and of every product of two, as R's
//! `cor(use = "complete.obs")` and `cor.test` would have them. Spearman's takes two. The first counts the values of
//! each number on its public grid, which gives everybody the mid-ranks of the pooled rows; the second adds the
//! products of mid-ranks. No joint table of two numbers leaves a node but that of two numbers of two values each,
//! which the products would give away and the disclosure rules therefore judge.
//!
//! A number of more values than its grid has cells is binned: values in one cell share a rank. The result says so of
//! each number (`grids`: `exact`), and `grid` names finer or wider ones.
//!
//! The test is by Student's t with `n - 2` degrees of freedom, for ranks too (R's `cor.test(exact = FALSE)`). The
//! interval is Fisher's; that of Spearman's coefficient has the variance `(1 + r²/2) / (n - 3)` of Bonett and Wright
//! (Psychometrika 65, 2000).
//!
//! Tidy columns: `x`, `y`, `n`, `estimate`, `statistic`, `df`, `p`, `lower`, `upper`.

mod coefficient;
mod numbers;
mod pearson;
mod report;
mod spearman;

use std::collections::BTreeMap;

use notochord_proto::fields::{FieldValue, Fields, FromField, one_of};
use notochord_proto::name::VariableName;
use notochord_proto::problem::Problem;
use notochord_proto::scope::Scope;

use crate::statistic::{Rounds, Statistic};
use crate::vector::LONGEST;

use numbers::Numbers;
use pearson::Pearson;
use spearman::Spearman;

/// Which coefficient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    Pearson,
    Spearman,
}

/// The most variables of one analysis.
const MOST: usize = 50;

impl FromField for Method {
    fn from_field(value: &FieldValue) -> Result<Self, String> {
        one_of(value, &[("pearson", Self::Pearson), ("spearman", Self::Spearman)])
    }
}

/// Reads the section of a study.
pub(crate) fn parse(fields: &mut Fields<'_>, scope: &Scope) -> Result<Box<dyn Statistic>, Problem> {
    let names: Vec<VariableName> = fields.required("variables")?;
    if !(2..=MOST).contains(&names.len()) {
        return Err(fields.problem("variables", format!("`variables` lists 2 to {MOST} variables")));
    }
    if let Some((_, twice)) = names.iter().enumerate().find(|(at, name)| names[..*at].contains(name)) {
        return Err(fields.problem("variables", format!("`variables` names `{twice}` twice")));
    }
    let method = fields.optional("method")?.unwrap_or(Method::Pearson);
    let widths: Option<BTreeMap<String, f64>> = fields.optional("grid")?;
    let variables = names.iter().map(|name| scope.require(name)).collect::<Result<Vec<_>, _>>();
    let variables = variables.map_err(|message| fields.problem("variables", message))?;
    let (numbers, tables) =
        Numbers::new(&variables).map_err(|message| fields.problem("variables", message))?;
    match method {
        Method::Pearson if widths.is_some() => {
            Err(fields.problem("grid", "Pearson's correlation reads no grid; `method = \"spearman\"` does"))
        }
        Method::Pearson => Ok(Box::new(Pearson::new(numbers, tables))),
        Method::Spearman => {
            let widths = widths.unwrap_or_default();
            if let Some(other) = widths.keys().find(|key| !names.iter().any(|name| name.as_str() == *key)) {
                return Err(fields.problem("grid", format!("`{other}` is not one of the `variables`")));
            }
            let spearman = Spearman::new(numbers, tables, &variables, &widths);
            let spearman = spearman.map_err(|message| fields.problem("grid", message))?;
            match spearman.cells() {
                cells if cells > LONGEST => {
                    let message =
                        format!("the grids have {cells} cells, more than {LONGEST}; wider ones have fewer");
                    Err(fields.problem("variables", message))
                }
                _ => Ok(Box::new(Rounds(spearman))),
            }
        }
    }
}

#[cfg(test)]
mod tests;
