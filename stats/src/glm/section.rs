//! The section of a study that asks for a generalised linear model.

use std::collections::BTreeMap;

use notochord_proto::fields::{FieldValue, Fields, FromField, OneOrMany, one_of};
use notochord_proto::problem::Problem;
use notochord_proto::scope::Scope;

use super::Glm;
use super::family::{Family, Link};
use super::progress::Progress;
use super::sums::{Extra, Wanted};
use crate::design::{Design, DesignError, Response};
use crate::formula::Formula;
use crate::sandwich::Errors;
use crate::statistic::{Rounds, Statistic};
use crate::term_tests;

/// What is asked, beside the formula.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// The kind's name in a study.
    pub(super) kind: &'static str,
    pub(super) family: Family,
    pub(super) dispersion: Dispersion,
    pub(super) penalty: Penalty,
    pub(super) errors: Errors,
    /// Tests of whole terms.
    pub(super) tests: Vec<term_tests::Asked>,
}

/// The factor of the variance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dispersion {
    /// 1, as the family says.
    One,
    /// Estimated by Pearson's chi-squared over the residual degrees of freedom: R's quasi families, and `gaussian`.
    Estimated,
}

/// What is taken from the likelihood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Penalty {
    /// Nothing.
    None,
    /// Jeffreys' prior: Firth's bias reduction.
    Firth,
}

/// The word of `family`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Named {
    Binomial,
    QuasiBinomial,
    Poisson,
    QuasiPoisson,
    Gaussian,
}

/// The word of `link`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NamedLink {
    Logit,
    Probit,
    Log,
    Identity,
}

impl FromField for Penalty {
    fn from_field(value: &FieldValue) -> Result<Self, String> {
        one_of(value, &[("none", Self::None), ("firth", Self::Firth)])
    }
}

impl FromField for Named {
    fn from_field(value: &FieldValue) -> Result<Self, String> {
        let words = [
            ("binomial", Self::Binomial),
            ("quasibinomial", Self::QuasiBinomial),
            ("poisson", Self::Poisson),
            ("quasipoisson", Self::QuasiPoisson),
            ("gaussian", Self::Gaussian),
        ];
        one_of(value, &words)
    }
}

impl FromField for NamedLink {
    fn from_field(value: &FieldValue) -> Result<Self, String> {
        let words = [
            ("logit", Self::Logit),
            ("probit", Self::Probit),
            ("log", Self::Log),
            ("identity", Self::Identity),
        ];
        one_of(value, &words)
    }
}

impl Asked {
    /// R's name of the family.
    pub(super) fn family_name(&self) -> &'static str {
        match (self.family, self.dispersion) {
            (Family::Binomial(_), Dispersion::Estimated) => "quasibinomial",
            (Family::Poisson, Dispersion::Estimated) => "quasipoisson",
            (family, _) => family.name(),
        }
    }

    /// What a fit of the analysis needs of each round.
    pub(super) fn wanted(&self, at: usize, fit: &Progress) -> Wanted {
        let extra = match self.penalty {
            _ if self.has_theta(at) => Extra::Theta,
            Penalty::Firth => Extra::Third,
            Penalty::None => Extra::None,
        };
        Wanted { family: self.family, columns: fit.places.len(), extra }
    }
}

/// Reads a section of kind `logistic`.
pub(crate) fn parse_logistic(fields: &mut Fields<'_>, scope: &Scope) -> Result<Box<dyn Statistic>, Problem> {
    let link = match fields.optional("link")? {
        None | Some(NamedLink::Logit) => Link::Logit,
        Some(NamedLink::Probit) => Link::Probit,
        Some(NamedLink::Log) => Link::Log,
        Some(NamedLink::Identity) => {
            return Err(
                fields.problem("link", "`identity` is not a link of `logistic`; it has logit, probit, log")
            );
        }
    };
    model("logistic", Family::Binomial(link), Dispersion::One, fields, scope)
}

/// Reads a section of kind `poisson`.
pub(crate) fn parse_poisson(fields: &mut Fields<'_>, scope: &Scope) -> Result<Box<dyn Statistic>, Problem> {
    if !matches!(fields.optional("link")?, None | Some(NamedLink::Log)) {
        return Err(fields.problem("link", "`poisson` has the link log"));
    }
    model("poisson", Family::Poisson, Dispersion::One, fields, scope)
}

/// Reads a section of kind `negative_binomial`.
pub(crate) fn parse_negative_binomial(
    fields: &mut Fields<'_>,
    scope: &Scope,
) -> Result<Box<dyn Statistic>, Problem> {
    if !matches!(fields.optional("link")?, None | Some(NamedLink::Log)) {
        return Err(fields.problem("link", "`negative_binomial` has the link log"));
    }
    model("negative_binomial", Family::NegativeBinomial, Dispersion::One, fields, scope)
}

/// Reads a section of kind `glm`.
pub(crate) fn parse_glm(fields: &mut Fields<'_>, scope: &Scope) -> Result<Box<dyn Statistic>, Problem> {
    let named: Named = fields.required("family")?;
    let link: Option<NamedLink> = fields.optional("link")?;
    let wrong = |links: &str| Err(fields.problem("link", format!("this family has the links {links}")));
    let family = match (named, link) {
        (Named::Binomial | Named::QuasiBinomial, link) => Family::Binomial(match link {
            None | Some(NamedLink::Logit) => Link::Logit,
            Some(NamedLink::Probit) => Link::Probit,
            Some(NamedLink::Log) => Link::Log,
            Some(NamedLink::Identity) => return wrong("logit, probit, log"),
        }),
        (Named::Poisson | Named::QuasiPoisson, None | Some(NamedLink::Log)) => Family::Poisson,
        (Named::Poisson | Named::QuasiPoisson, _) => return wrong("log"),
        (Named::Gaussian, None | Some(NamedLink::Identity)) => Family::Gaussian,
        (Named::Gaussian, _) => return wrong("identity"),
    };
    let dispersion = match named {
        Named::Binomial | Named::Poisson => Dispersion::One,
        Named::QuasiBinomial | Named::QuasiPoisson | Named::Gaussian => Dispersion::Estimated,
    };
    model("glm", family, dispersion, fields, scope)
}

fn model(
    kind: &'static str,
    family: Family,
    dispersion: Dispersion,
    fields: &mut Fields<'_>,
    scope: &Scope,
) -> Result<Box<dyn Statistic>, Problem> {
    let text: String = fields.required("formula")?;
    let formula = Formula::parse(&text).map_err(|message| fields.problem("formula", message))?;
    let references: BTreeMap<String, String> = fields.optional("reference")?.unwrap_or_default();
    let penalty = fields.optional("penalty")?.unwrap_or(Penalty::None);
    if penalty == Penalty::Firth && (family, dispersion) != (Family::Binomial(Link::Logit), Dispersion::One) {
        return Err(fields.problem("penalty", "`firth` is offered for logistic models with the link logit"));
    }
    let errors = fields.optional("errors")?.unwrap_or(Errors::Model);
    let tests: Option<OneOrMany<term_tests::Asked>> = fields.optional("tests")?;
    let tests = tests.map_or(Vec::new(), |tests| tests.0);
    if penalty == Penalty::Firth && errors != Errors::Model {
        return Err(fields.problem("errors", "errors of `firth` are from the model"));
    }
    if penalty == Penalty::Firth && tests.contains(&term_tests::Asked::Type2) {
        return Err(fields.problem("tests", "`type2` is not offered with `penalty = \"firth\"`; `wald` is"));
    }
    let response = match family {
        Family::Binomial(_) => Response::Binary,
        Family::Poisson | Family::NegativeBinomial => Response::Count,
        Family::Gaussian => Response::Number,
    };
    let design = Design::new(&formula, &references, response, scope).map_err(|error| match error {
        DesignError::Formula(message) => fields.problem("formula", message),
        DesignError::Reference(message) => fields.problem("reference", message),
    })?;
    Ok(Box::new(Rounds(Glm::new(Asked { kind, family, dispersion, penalty, errors, tests }, design))))
}
