//! The variables a study may name.

mod known;
mod places;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::dictionary::Dictionary;
use crate::expression::Expression;
use crate::name::{FormName, VariableName};
use crate::problem::{Problem, suggestion};
use crate::study::{Rows, Study};
use crate::variable::Variable;

use known::Known;

/// The dictionary's variables, `site`, what tells visits apart, and the variables a study derives.
#[derive(Debug, Clone, PartialEq)]
pub struct Scope {
    rows: Rows,
    /// What the dictionary gives.
    known: Arc<Known>,
    /// `site`, `event`, `day`, and what the study derives.
    more: BTreeMap<String, Variable>,
    /// Those of `more` that differ between the visits of a patient.
    of_visits: BTreeSet<String>,
}

/// The name of the factor of contributing sites.
pub const SITE: &str = "site";

/// The name of the factor of events, known where a row is a visit.
pub const EVENT: &str = "event";

/// The name of the days since day 0, known where a row is a visit.
pub const DAY: &str = "day";

impl Scope {
    /// What rows of patients have: the dictionary's variables and `site`, whose levels are the labels of `sites`
    /// sorted by bytes. Without sites, as when a study is checked, they are `A`, `B` and `C`.
    pub fn new(dictionary: &Dictionary, sites: &[String]) -> Scope {
        Self::of(dictionary, sites, Rows::Patient)
    }

    /// As [`Scope::new`], for rows of a kind. Rows of visits also have `event` and `day`, where the dictionary
    /// has events and a day 0.
    pub fn of(dictionary: &Dictionary, sites: &[String], rows: Rows) -> Scope {
        let mut scope = Self::without_sites(dictionary, rows);
        scope.more.extend(places::site(sites).map(|site| (SITE.to_owned(), site)));
        scope
    }

    /// What a study may name, its derived variables among it. A study written for another version of the
    /// dictionary is refused.
    pub fn for_study(
        dictionary: &Dictionary,
        sites: &[String],
        study: &Study,
    ) -> Result<Scope, Vec<Problem>> {
        study.check_dictionary(dictionary).map_err(|problem| vec![problem])?;
        Self::of(dictionary, sites, study.cohort.rows).with_derived(study)
    }

    /// What the dictionary's rules may name: they are judged at a centre by itself.
    pub fn without_sites(dictionary: &Dictionary, rows: Rows) -> Scope {
        let mut more = BTreeMap::new();
        if rows == Rows::Visit {
            more.extend(places::event(dictionary).map(|event| (EVENT.to_owned(), event)));
            more.extend(places::day(dictionary).map(|day| (DAY.to_owned(), day)));
        }
        let of_visits = more.keys().cloned().collect();
        Scope { rows, known: Arc::new(Known::of(dictionary)), more, of_visits }
    }

    /// The same scope with the variables that the study derives, each checked over those before it.
    pub fn with_derived(mut self, study: &Study) -> Result<Scope, Vec<Problem>> {
        let mut problems = Vec::new();
        for derived in &study.derived {
            match derived.variable(&self) {
                Ok(variable) => {
                    let name = derived.name.as_str().to_owned();
                    if derived.rows == Rows::Visit {
                        self.of_visits.insert(name.clone());
                    }
                    self.more.insert(name, variable);
                }
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() { Ok(self) } else { Err(problems) }
    }

    /// What a row is.
    pub fn rows(&self) -> Rows {
        self.rows
    }

    /// What is known of rows of this kind: of patients, all but what differs between their visits.
    pub fn for_rows(&self, rows: Rows) -> Cow<'_, Scope> {
        if rows == self.rows || rows == Rows::Visit {
            return Cow::Borrowed(self);
        }
        let more = self.more.iter().filter(|(name, _)| !self.of_visits.contains(*name));
        let more = more.map(|(name, variable)| (name.clone(), variable.clone())).collect();
        Cow::Owned(Scope { rows, more, ..self.clone() })
    }

    /// The variable of that name, which may be a `variable@event`.
    pub fn variable(&self, name: &str) -> Option<Variable> {
        self.require(&VariableName::new(name).ok()?).ok()
    }

    /// The names of all variables, without those at events.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.known.variables.keys().chain(self.more.keys()).map(String::as_str)
    }

    /// The variable of that name, or an error that says why it cannot be used or names the nearest.
    pub fn require(&self, name: &VariableName) -> Result<Variable, String> {
        match name.event() {
            Some(event) => self.at_event(name, event),
            None => self.bare(name.as_str()).cloned(),
        }
    }

    /// The form of a variable of the dictionary; `None` for one that is on no form, such as `site`.
    pub(crate) fn form_of(&self, name: &VariableName) -> Option<&str> {
        let is_shadowed = self.more.contains_key(name.field());
        self.known.forms.get(name.field()).filter(|_| !is_shadowed).map(String::as_str)
    }

    /// The form of that name, or an error that names the nearest.
    pub(crate) fn require_form(&self, form: &FormName) -> Result<(), String> {
        match self.known.has_form(form.as_str()) {
            true => Ok(()),
            false => {
                Err(format!("unknown form `{form}`{}", suggestion(form.as_str(), self.known.form_names())))
            }
        }
    }

    /// Whether something sensitive can be learnt from an expression.
    pub(crate) fn is_sensitive(&self, expression: &Expression) -> bool {
        let is_sensitive = |name: &VariableName| self.require(name).is_ok_and(|variable| variable.sensitive);
        let counts_sensitive = |part: &Expression| match part {
            Expression::Count(form) => self.known.is_sensitive(form.as_str()),
            _ => false,
        };
        expression.variables().iter().any(is_sensitive)
            || expression.reductions().into_iter().any(counts_sensitive)
    }

    /// Whether a field of the dictionary has that name, usable or not.
    pub(crate) fn has(&self, name: &VariableName) -> bool {
        let name = name.as_str();
        self.more.contains_key(name)
            || self.known.variables.contains_key(name)
            || self.known.withheld.contains_key(name)
    }

    fn bare(&self, name: &str) -> Result<&Variable, String> {
        if let Some(variable) = self.more.get(name).or_else(|| self.known.variables.get(name)) {
            return Ok(variable);
        }
        if let Some(why) = self.known.withheld.get(name) {
            return Err(format!("`{name}` cannot be used in a study: it is {why}"));
        }
        if self.of_visits.contains(name) {
            return Err(format!(
                "`{name}` differs between the visits of a patient; this is computed once for each"
            ));
        }
        if self.rows == Rows::Patient && (name == EVENT || name == DAY) {
            return Err(format!("unknown variable `{name}`; it is known where `rows = \"visit\"`"));
        }
        Err(format!("unknown variable `{name}`{}", suggestion(name, self.names())))
    }

    /// A variable of a form, at an event at which the form is filled in.
    fn at_event(&self, name: &VariableName, event: &str) -> Result<Variable, String> {
        let variable = self.bare(name.field())?;
        let Some(form) = self.form_of(name) else {
            return Err(format!("`{name}`: `{}` is on no form, so it has no events", name.field()));
        };
        self.known.schedule.positions(form, event).map_err(|error| format!("`{name}`: {error}"))?;
        let label = format!("{} ({})", variable.label, self.known.schedule.label(event));
        Ok(Variable { name: name.clone(), label, ..variable.clone() })
    }
}

/// Whether the rules of a dictionary fit it.
pub fn check_rules(dictionary: &Dictionary) -> Result<(), Vec<Problem>> {
    let of_patients = Scope::without_sites(dictionary, Rows::Patient);
    let of_visits = Scope::without_sites(dictionary, Rows::Visit);
    let wrong = dictionary.rules().iter().filter_map(|rule| {
        let scope = match rule.rows {
            Rows::Patient => &of_patients,
            Rows::Visit => &of_visits,
        };
        let error = rule.condition.resolve_condition(scope).err()?;
        Some(Problem::new(rule.place.clone(), format!("rule `{}`: {error}", rule.id)))
    });
    let problems: Vec<_> = wrong.collect();
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;
