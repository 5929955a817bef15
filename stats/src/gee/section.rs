//! The section of a study that asks for estimating equations.

use std::collections::BTreeMap;

use notochord_proto::fields::{FieldValue, Fields, FromField, one_of};
use notochord_proto::name::VariableName;
use notochord_proto::problem::Problem;
use notochord_proto::scope::Scope;

use super::Gee;
use crate::design::{Design, DesignError, Response};
use crate::formula::Formula;
use crate::glm::{Family, Link};
use crate::levels::Levels;
use crate::statistic::{Rounds, Statistic};

/// What is asked, beside the formula.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub(super) family: Family,
    pub(super) correlation: Correlation,
}

/// The working correlation of two rows of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Correlation {
    /// None.
    Independence,
    /// The same for any two.
    Exchangeable,
}

/// The word of `family`.
#[derive(Debug, Clone, Copy)]
enum Named {
    Gaussian,
    Binomial,
    Poisson,
}

/// The word of `cluster`.
#[derive(Debug, Clone, Copy)]
enum Cluster {
    Patient,
    Site,
}

impl FromField for Correlation {
    fn from_field(value: &FieldValue) -> Result<Self, String> {
        one_of(value, &[("independence", Self::Independence), ("exchangeable", Self::Exchangeable)])
    }
}

impl FromField for Named {
    fn from_field(value: &FieldValue) -> Result<Self, String> {
        one_of(
            value,
            &[("gaussian", Self::Gaussian), ("binomial", Self::Binomial), ("poisson", Self::Poisson)],
        )
    }
}

impl FromField for Cluster {
    fn from_field(value: &FieldValue) -> Result<Self, String> {
        one_of(value, &[("patient", Self::Patient), ("site", Self::Site)])
    }
}

/// Reads a section of kind `gee`.
pub(crate) fn parse(fields: &mut Fields<'_>, scope: &Scope) -> Result<Box<dyn Statistic>, Problem> {
    let text: String = fields.required("formula")?;
    let formula = Formula::parse(&text).map_err(|message| fields.problem("formula", message))?;
    let references: BTreeMap<String, String> = fields.optional("reference")?.unwrap_or_default();
    let correlation = fields.optional("correlation")?.unwrap_or(Correlation::Independence);
    let cluster = fields.optional("cluster")?.unwrap_or(Cluster::Patient);
    let (family, response) = match fields.required("family")? {
        Named::Gaussian => (Family::Gaussian, Response::Number),
        Named::Binomial => (Family::Binomial(Link::Logit), Response::Binary),
        Named::Poisson => (Family::Poisson, Response::Count),
    };
    let design = Design::new(&formula, &references, response, scope).map_err(|error| match error {
        DesignError::Formula(message) => fields.problem("formula", message),
        DesignError::Reference(message) => fields.problem("reference", message),
    })?;
    let sites = match cluster {
        Cluster::Patient => None,
        Cluster::Site => {
            let name =
                VariableName::new("site").map_err(|error| fields.problem("cluster", error.to_string()))?;
            let levels = scope.require(&name).and_then(|variable| Levels::of(&variable));
            Some(levels.map_err(|message| fields.problem("cluster", message))?)
        }
    };
    Ok(Box::new(Rounds(Gee::new(Asked { family, correlation }, design, sites))))
}
