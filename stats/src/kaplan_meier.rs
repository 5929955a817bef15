//! `kaplan_meier`: survival on a public time grid, by group, and tests that groups survive alike.
//!
//! A node sends how many leave observation at each grid time, with the event and without. Grid times are 0, `every`,
//! 2·`every` … `until`; a time counts at the smallest one not below it, one beyond `until` is censored there. With the
//! data's own unit as `every` all is as `survfit` and `survdiff` have it. A wider grid moves events to the end of their
//! interval, and counts whoever is censored within an interval as at risk for the whole of it.
//!
//! Tidy columns, a row for each step of a curve: `by_<factor>` for each factor of `by` (empty in the group of all rows),
//! `time`, `at_risk`, `events`, `censored`, `survival`, `se`, `lower`, `upper`, `cumulative_hazard`,
//! `cumulative_hazard_se`.

mod curve;
mod rank_test;
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

/// The specification of survival curves.
pub struct KaplanMeier {
    exits: Exits,
    report_at: Vec<usize>,
    tests: Vec<Asked>,
    /// Up to when mean survival is wanted.
    tau: Option<f64>,
    scale: Scale,
}

/// A test a study asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Logrank,
    Peto,
}

impl FromField for Asked {
    fn from_field(value: &FieldValue) -> Result<Self, String> {
        one_of(value, &[("logrank", Self::Logrank), ("peto", Self::Peto)])
    }
}

/// Reads the section of a study.
pub(crate) fn parse(fields: &mut Fields<'_>, scope: &Scope) -> Result<Box<dyn Statistic>, Problem> {
    let exits = Exits::parse(fields, scope, Events::One)?;
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
    let tau: Option<f64> = fields.optional("rmst")?;
    if tau.is_some_and(|tau| !(tau > 0.0 && tau <= exits.grid.until())) {
        return Err(fields.problem("rmst", "`rmst` is a time above 0 and not beyond `until`"));
    }
    let scale = fields.optional("interval")?.unwrap_or(Scale::Log);
    Ok(Box::new(KaplanMeier { exits, report_at, tests, tau, scale }))
}

impl OneRound for KaplanMeier {
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
