//! `cumulative_incidence`: how many have had each of several competing events, on a public time grid, and tests that
//! groups have one equally often.
//!
//! A node sends how many leave observation at each grid time, by cause and without any. The grid is that of
//! [`kaplan_meier`](crate::kaplan_meier). With the data's own unit as `every` all is as `cmprsk::cuminc` has it. One minus
//! Kaplan and Meier's curve of a cause, with the others counted as censored, is not this: it is larger.
//!
//! Tidy columns, a row for each step of a curve: `by_<factor>` for each factor of `by` (empty in the group of all rows),
//! `cause`, `time`, `at_risk`, `events`, `incidence`, `se`, `lower`, `upper`.

mod curve;
mod gray;
mod report;
mod tables;

use std::collections::BTreeSet;

use notochord_proto::fields::{FieldValue, Fields, FromField, one_of};
use notochord_proto::layout::Layout;
use notochord_proto::name::VariableName;
use notochord_proto::problem::Problem;
use notochord_proto::scope::Scope;

use crate::contribution::{ContributeError, Contribution};
use crate::exits::{Events, Exits};
use crate::frame::Frame;
use crate::interval::Scale;
use crate::outcome::Outcome;
use crate::statistic::{OneRound, Statistic, Summed, Unit};
use crate::totals::Totals;

/// The specification of incidence curves.
pub struct CumulativeIncidence {
    exits: Exits,
    report_at: Vec<usize>,
    tests: Vec<Asked>,
    scale: Scale,
}

/// A test a study asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Gray,
}

impl FromField for Asked {
    fn from_field(value: &FieldValue) -> Result<Self, String> {
        one_of(value, &[("gray", Self::Gray)])
    }
}

/// Reads the section of a study.
pub(crate) fn parse(fields: &mut Fields<'_>, scope: &Scope) -> Result<Box<dyn Statistic>, Problem> {
    let exits = Exits::parse(fields, scope, Events::Competing)?;
    let report_at = exits.grid.parse_report_at(fields)?;
    let tests: Vec<Asked> = fields.optional("tests")?.unwrap_or_default();
    if !tests.is_empty() && exits.groups.is_everybody() {
        return Err(fields.problem("tests", "a test compares groups; name them in `by`"));
    }
    if exits.strata() > 1 && tests.is_empty() {
        let message =
            "`strata` are for tests and none is asked for; for a curve of each stratum add it to `by`";
        return Err(fields.problem("strata", message));
    }
    let scale = fields.optional("interval")?.unwrap_or(Scale::LogLog);
    Ok(Box::new(CumulativeIncidence { exits, report_at, tests, scale }))
}

impl OneRound for CumulativeIncidence {
    fn unit(&self) -> Unit {
        Unit::Row
    }

    fn variables(&self) -> BTreeSet<VariableName> {
        self.exits.variables()
    }

    fn layout(&self) -> Layout {
        self.exits.layout()
    }

    fn summed(&self) -> Vec<Summed> {
        Vec::new()
    }

    fn contribute(&self, frame: &Frame) -> Result<Contribution, ContributeError> {
        self.exits.contribute(frame)
    }

    fn advance(&self, totals: &Totals) -> Outcome {
        report::outcome(self, totals)
    }
}

#[cfg(test)]
mod tests;
