//! `compare`: a number in groups, in pairs or against a value, with the tests of means, of variances and of ranks.
//!
//! An outcome of few whole values is counted by group, as in [`describe`](crate::describe); of any other the
//! counts, sums and a grid of each group are sent. Rows without the outcome or the group are counted as
//! missing; levels nobody has are left out. A difference is the first occupied level less the second.
//!
//! Pairs are two variables of a row (`pair` names the second, and the outcome less it is compared), or two rows of a
//! patient (`pair = "patient"`, `by` tells them apart, and the first of its two `levels` less the second is compared).
//! A patient without exactly one value at each level is counted as missing.
//!
//! Tests of ranks read the counts on the grid, so that mid-ranks are those of the pooled values wherever every value lies
//! on the grid; where not, the values are binned and the result says so. `grid` makes it finer or wider.
//!
//! Tidy columns: `level`, `n`, `mean`, `sd`, `median`, then on each row the test's `test`, `statistic`, `df`,
//! `df_within` (analysis of variance only), `p`, `estimate`, `lower`, `upper`.

mod arrangement;
mod asked;
mod outcome_by_group;
mod rank_tests;
mod report;
mod tests_of_means;

use std::collections::BTreeSet;

use notochord_proto::fields::Fields;
use notochord_proto::layout::{Layout, TablePurpose};
use notochord_proto::name::VariableName;
use notochord_proto::problem::Problem;
use notochord_proto::scope::Scope;

use crate::contribution::{ContributeError, Contribution};
use crate::frame::Frame;
use crate::outcome::Outcome;
use crate::statistic::{OneRound, Statistic, Summed, Unit};
use crate::totals::Totals;
use crate::vector::{LONGEST, Tables};

use arrangement::Arrangement;
use asked::Asked;
use outcome_by_group::OutcomeByGroup;

pub(crate) use tests_of_means::{Sample, welch_anova};

/// The specification of a comparison.
pub struct Compare {
    outcome: OutcomeByGroup,
    label: String,
    arrangement: Arrangement,
    test: Asked,
    /// The difference, or the value, under the null hypothesis.
    mu: f64,
    missing: usize,
    layout: Layout,
}

/// Reads the section of a study.
pub(crate) fn parse(fields: &mut Fields<'_>, scope: &Scope) -> Result<Box<dyn Statistic>, Problem> {
    let name: VariableName = fields.required("outcome")?;
    let test: Asked = fields.required("test")?;
    let mu: Option<f64> = fields.optional("mu")?;
    let width: Option<f64> = fields.optional("grid")?;
    let variable = scope.require(&name).map_err(|message| fields.problem("outcome", message))?;
    let (arrangement, variable) = Arrangement::parse(fields, scope, test, variable)?;
    if mu.is_some_and(|mu| !(test.has_mu() && mu.is_finite())) {
        let message = format!("`mu` is the value of a mean or a shift; {} compares none", test.name());
        return Err(fields.problem("mu", message));
    }
    let headings = arrangement.headings();
    let mut tables = Tables::default();
    let outcome = OutcomeByGroup::new(&variable, test, width, &headings, &mut tables);
    let mut outcome = outcome.map_err(|message| fields.problem("outcome", message))?;
    if tables.len() > LONGEST {
        let message =
            format!("the grids of all groups have more than {LONGEST} cells; a wider `grid` has fewer");
        return Err(fields.problem("grid", message));
    }
    let missing = tables.count(TablePurpose::Missing, arrangement.title(&name), "missing");
    let mut sums = tables.sums();
    outcome.add_sums(&headings, &mut sums);
    let (label, mu, layout) = (variable.label.clone(), mu.unwrap_or(0.0), sums.finish());
    Ok(Box::new(Compare { outcome, label, arrangement, test, mu, missing, layout }))
}

impl OneRound for Compare {
    fn unit(&self) -> Unit {
        self.arrangement.unit()
    }

    fn variables(&self) -> BTreeSet<VariableName> {
        self.arrangement.variables()
    }

    fn layout(&self) -> Layout {
        self.layout.clone()
    }

    fn summed(&self) -> Vec<Summed> {
        match &self.outcome {
            OutcomeByGroup::Counted(_) => Vec::new(),
            OutcomeByGroup::Added(_) => {
                self.arrangement.numbers().into_iter().map(Summed::Variable).collect()
            }
        }
    }

    fn contribute(&self, frame: &Frame) -> Result<Contribution, ContributeError> {
        let mut contribution = Contribution::zero(self.layout.len());
        for found in self.arrangement.values(frame)? {
            match found {
                Some((group, value)) => self.outcome.tally(group, value, &mut contribution)?,
                None => contribution.tally(self.missing, 1),
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
