//! The section of a study that asks for a mixed model.

use std::collections::BTreeMap;

use notochord_proto::fields::{FieldValue, Fields, FromField, OneOrMany, one_of};
use notochord_proto::name::VariableName;
use notochord_proto::problem::Problem;
use notochord_proto::scope::{EVENT, Scope};

use super::Mixed;
use super::likelihood::Method;
use super::means::{Contrast, Means};
use super::patient::Shape;
use crate::design::{Design, DesignError, Response};
use crate::formula::{Atom, Formula, Group, RandomTerm};
use crate::levels::Levels;
use crate::statistic::{Rounds, Statistic};

/// What is asked, beside the formula.
pub(super) struct Asked {
    pub(super) method: Method,
    /// Whether patients have a random intercept, and whether a slope.
    pub(super) intercept: bool,
    pub(super) slope: Option<Atom>,
    pub(super) visits: bool,
    pub(super) means: Vec<Means>,
    pub(super) contrasts: Vec<Contrast>,
}

/// The word of `covariance`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Named {
    Unstructured,
}

/// The most levels of visits, those nobody has included.
const MOST_VISITS: usize = 40;

impl FromField for Method {
    fn from_field(value: &FieldValue) -> Result<Self, String> {
        one_of(value, &[("reml", Self::Reml), ("ml", Self::Ml)])
    }
}

impl FromField for Named {
    fn from_field(value: &FieldValue) -> Result<Self, String> {
        one_of(value, &[("unstructured", Self::Unstructured)])
    }
}

impl Asked {
    pub(super) fn shape(&self) -> Shape {
        match (self.visits, self.intercept, &self.slope) {
            (true, ..) => Shape::Visits,
            (false, false, _) => Shape::Independent,
            (false, true, None) => Shape::Intercept,
            (false, true, Some(_)) => Shape::Slope,
        }
    }

    /// How many random terms a patient has.
    pub(super) fn terms(&self) -> usize {
        usize::from(self.intercept) + usize::from(self.slope.is_some())
    }
}

/// Reads a section of kind `mixed`.
pub(crate) fn parse(fields: &mut Fields<'_>, scope: &Scope) -> Result<Box<dyn Statistic>, Problem> {
    let text: String = fields.required("formula")?;
    let (formula, random) =
        Formula::parse_mixed(&text).map_err(|message| fields.problem("formula", message))?;
    if !formula.offsets.is_empty() {
        return Err(fields.problem(
            "formula",
            "`offset` is not offered in mixed models; `I(y - x) ~ …` is the same model",
        ));
    }
    let references: BTreeMap<String, String> = fields.optional("reference")?.unwrap_or_default();
    let method = fields.optional("method")?.unwrap_or(Method::Reml);
    let covariance: Option<Named> = fields.optional("covariance")?;
    let visit: Option<String> = fields.optional("visit")?;
    let patient =
        one_of_group(&random, Group::Patient).map_err(|message| fields.problem("formula", message))?;
    let site = one_of_group(&random, Group::Site).map_err(|message| fields.problem("formula", message))?;
    let visits = match covariance {
        Some(_) if patient.is_some() => {
            let message =
                "`unstructured` has every covariance of a patient's rows; leave `(… | patient)` out";
            return Err(fields.problem("covariance", message));
        }
        Some(_) => Some(
            visits(visit.as_deref().unwrap_or(EVENT), scope)
                .map_err(|message| fields.problem("visit", message))?,
        ),
        None if visit.is_some() => {
            return Err(fields.problem("visit", "`visit` belongs to `covariance = \"unstructured\"`"));
        }
        None if random.is_empty() => {
            let message = "a mixed model has `(1 | patient)`, `(1 + x | patient)` or `(1 | site)`, or `covariance = \"unstructured\"`";
            return Err(fields.problem("formula", message));
        }
        None => None,
    };
    let slope = patient.and_then(|term| term.slope.clone());
    let (formula, added) =
        with_slope(formula, slope.as_ref()).map_err(|message| fields.problem("formula", message))?;
    let design =
        Design::new(&formula, &references, Response::Number, scope).map_err(|error| match error {
            DesignError::Formula(message) => fields.problem("formula", message),
            DesignError::Reference(message) => fields.problem("reference", message),
        })?;
    let named: Option<OneOrMany<String>> = fields.optional("means")?;
    let means = named
        .map_or(Vec::new(), |named| named.0)
        .iter()
        .map(|name| Means::of(name, &design))
        .collect::<Result<Vec<_>, _>>();
    let means = means.map_err(|message| fields.problem("means", message))?;
    let mut contrasts = Vec::new();
    for section in fields.sections("contrasts")? {
        let mut own = section.fields();
        contrasts.push(Contrast { name: own.required("name")?, weights: own.required("weights")? });
        own.finish()?;
    }
    if let Some(problem) = Contrast::problem(&contrasts, &means, &design) {
        return Err(fields.problem("contrasts", problem));
    }
    let sites = match site {
        Some(_) => Some(levels("site", scope).map_err(|message| fields.problem("formula", message))?),
        None => None,
    };
    let asked =
        Asked { method, intercept: patient.is_some(), slope, visits: visits.is_some(), means, contrasts };
    let mixed = Mixed::new(asked, design, added, visits, sites)
        .map_err(|message| fields.problem("formula", message))?;
    Ok(Box::new(Rounds(mixed)))
}

fn one_of_group(random: &[RandomTerm], group: Group) -> Result<Option<&RandomTerm>, String> {
    let mut own = random.iter().filter(|term| term.group == group);
    match (own.next(), own.next()) {
        (term, None) => Ok(term),
        _ => Err("a patient and a site have one random term each".to_owned()),
    }
}

fn visits(name: &str, scope: &Scope) -> Result<Levels, String> {
    let levels = levels(name, scope).map_err(|message| {
        format!("{message}; `covariance = \"unstructured\"` is over the events of rows of visits, or over the factor that `visit` names")
    })?;
    match levels.len() {
        2..=MOST_VISITS => Ok(levels),
        count => {
            Err(format!("`{name}` has {count} levels; an unstructured covariance is over 2 to {MOST_VISITS}"))
        }
    }
}

fn levels(name: &str, scope: &Scope) -> Result<Levels, String> {
    let name = VariableName::new(name).map_err(|error| error.to_string())?;
    Levels::of(&scope.require(&name)?)
}

/// The formula with the number of the random slope among its terms, and whether it had to be added.
fn with_slope(mut formula: Formula, slope: Option<&Atom>) -> Result<(Formula, bool), String> {
    let Some(slope) = slope else { return Ok((formula, false)) };
    let position = formula.atoms.iter().position(|atom| atom == slope);
    match position {
        Some(position) if formula.terms.contains(&vec![position]) => Ok((formula, false)),
        Some(_) => Err(format!(
            "`{slope}` is part of an interaction, so that its random slope needs the term `{slope}` as well"
        )),
        None => {
            formula.atoms.push(slope.clone());
            let at = formula.terms.iter().take_while(|term| term.len() == 1).count();
            formula.terms.insert(at, vec![formula.atoms.len() - 1]);
            Ok((formula, true))
        }
    }
}

impl Mixed {
    /// The column of the random slope's number.
    pub(super) fn column_of(design: &Design, slope: &Atom) -> Option<usize> {
        let name = slope.to_string();
        let term = design.terms.iter().find(|term| term.name == name && term.atoms.len() == 1);
        term.map(|term| term.columns.start).filter(|column| design.numbers_of(*column).next().is_some())
    }
}
