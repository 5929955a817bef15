//! The section of a study that asks for a Cox model.

use std::collections::BTreeMap;

use notochord_proto::fields::{FieldValue, Fields, FromField, one_of};
use notochord_proto::problem::Problem;
use notochord_proto::scope::Scope;

use super::Cox;
use super::follow_up::{FollowUp, Surv, Times};
use super::newton::Penalty;
use super::partial::Ties;
use super::risk::Order;
use super::strata::Strata;
use crate::design::{Design, DesignError, Response};
use crate::formula::Formula;
use crate::sandwich::Errors;
use crate::statistic::{Rounds, Statistic};

/// What is asked, beside the formula.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) ties: Ties,
    pub(super) penalty: Penalty,
    pub(super) errors: Errors,
    /// The grid, where anything is counted on one.
    pub(super) times: Option<Times>,
    pub(super) proportionality: Proportionality,
    pub(super) concordance: Concordance,
}

/// Whether proportional hazards are tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proportionality {
    Tested,
    Untested,
}

/// Whether pairs of patients are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Concordance {
    Counted,
    Uncounted,
}

/// The word of `errors`.
struct Named(Errors);

impl FromField for Ties {
    fn from_field(value: &FieldValue) -> Result<Self, String> {
        one_of(value, &[("efron", Self::Efron), ("breslow", Self::Breslow)])
    }
}

impl FromField for Penalty {
    fn from_field(value: &FieldValue) -> Result<Self, String> {
        one_of(value, &[("none", Self::None), ("firth", Self::Firth)])
    }
}

impl FromField for Named {
    fn from_field(value: &FieldValue) -> Result<Self, String> {
        let words = [("model", Errors::Model), ("robust", Errors::Hc0), ("cluster", Errors::Cluster)];
        one_of(value, &words).map(Self)
    }
}

impl Asked {
    /// Which moments the fit needs.
    pub(super) fn order(&self) -> Order {
        match self.penalty {
            Penalty::None => Order::Second,
            Penalty::Firth => Order::Third,
        }
    }

    /// The errors' name in a study.
    pub(super) fn errors_name(&self) -> &'static str {
        match self.errors {
            Errors::Model => "model",
            Errors::Cluster => "cluster",
            _ => "robust",
        }
    }
}

/// Reads a section of kind `cox`.
pub(crate) fn parse(fields: &mut Fields<'_>, scope: &Scope) -> Result<Box<dyn Statistic>, Problem> {
    let text: String = fields.required("formula")?;
    let wrong = |message: String| fields.problem("formula", message);
    let surv = Surv::parse(&text).map_err(wrong)?;
    let mut formula = Formula::parse(&surv.of_event).map_err(wrong)?;
    let follow_up = FollowUp::new(&surv, scope).map_err(wrong)?;
    // The baseline hazard is the intercept, and factors are coded as if it stood there, as in R.
    formula.intercept = true;
    if formula.terms.is_empty() {
        return Err(fields.problem("formula", "a Cox model needs at least one term"));
    }
    let references: BTreeMap<String, String> = fields.optional("reference")?.unwrap_or_default();
    let ties = fields.optional("ties")?.unwrap_or(Ties::Efron);
    let penalty = fields.optional("penalty")?.unwrap_or(Penalty::None);
    let errors = fields.optional::<Named>("errors")?.map_or(Errors::Model, |named| named.0);
    let strata: Option<Vec<String>> = fields.optional("strata")?;
    let strata = Strata::new(strata, scope).map_err(|message| fields.problem("strata", message))?;
    let proportionality = match fields.optional("check_proportional")?.unwrap_or(false) {
        true => Proportionality::Tested,
        false => Proportionality::Untested,
    };
    let concordance = match fields.optional("concordance")?.unwrap_or(false) {
        true => Concordance::Counted,
        false => Concordance::Uncounted,
    };
    let every: Option<f64> = fields.optional("every")?;
    let until: Option<f64> = fields.optional("until")?;
    let times = match (every, until) {
        (Some(every), Some(until)) => {
            Some(Times::new(every, until).map_err(|message| fields.problem("every", message))?)
        }
        (None, None) => None,
        _ => return Err(fields.problem("every", "`every` and `until` stand together")),
    };
    let needs = match (strata.by_site(), proportionality) {
        (false, _) => Some("a model that is not stratified by `site` is computed on a grid of times"),
        (true, Proportionality::Tested) => Some("`check_proportional` reads survival from a grid of times"),
        (true, Proportionality::Untested) => None,
    };
    match (needs, times) {
        (Some(why), None) => {
            return Err(fields.problem("every", format!("{why}; give `every` and `until`")));
        }
        (None, Some(_)) => {
            return Err(fields.problem(
                "every",
                "a model stratified by `site` has no grid of times unless it asks for `check_proportional`",
            ));
        }
        _ => {}
    }
    if penalty == Penalty::Firth && errors != Errors::Model {
        return Err(fields.problem("errors", "errors of `firth` are from the model"));
    }
    if concordance == Concordance::Counted && !strata.by_site() {
        return Err(fields.problem(
            "concordance",
            "pairs of patients are counted within sites only; `concordance` needs `strata = [\"site\"]`",
        ));
    }
    let design =
        Design::new(&formula, &references, Response::Binary, scope).map_err(|error| match error {
            DesignError::Formula(message) => fields.problem("formula", message),
            DesignError::Reference(message) => fields.problem("reference", message),
        })?;
    let asked = Asked { ties, penalty, errors, times, proportionality, concordance };
    Ok(Box::new(Rounds(Cox::new(asked, design, follow_up, strata))))
}
