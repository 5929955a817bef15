//! What a dictionary gives to every scope.

use std::collections::{BTreeMap, BTreeSet};

use crate::dictionary::Dictionary;
use crate::schedule::Schedule;
use crate::variable::Variable;

/// The dictionary's variables, their forms and their events.
#[derive(Debug, PartialEq)]
pub(super) struct Known {
    pub(super) variables: BTreeMap<String, Variable>,
    /// The form of every variable that is on one.
    pub(super) forms: BTreeMap<String, String>,
    /// Fields that no study may name, and why.
    pub(super) withheld: BTreeMap<String, &'static str>,
    pub(super) schedule: Schedule,
}

impl Known {
    pub(super) fn of(dictionary: &Dictionary) -> Self {
        let named = |variable: Variable| (variable.name.as_str().to_owned(), variable);
        let variables: BTreeMap<_, _> = dictionary.variables().into_iter().map(named).collect();
        let form = |name: &String| Some((name.clone(), dictionary.form_of(name)?.to_owned()));
        let forms = variables.keys().filter_map(form).collect();
        Self { variables, forms, withheld: dictionary.withheld(), schedule: Schedule::of(dictionary) }
    }

    /// Whether a form has variables; one without has no entries either.
    pub(super) fn has_form(&self, form: &str) -> bool {
        self.forms.values().any(|one| one == form)
    }

    /// The forms with variables, sorted.
    pub(super) fn form_names(&self) -> BTreeSet<&str> {
        self.forms.values().map(String::as_str).collect()
    }

    /// Whether a form has a sensitive variable: to have filled it in may tell as much.
    pub(super) fn is_sensitive(&self, form: &str) -> bool {
        let mut variables = self.forms.iter().filter(|(_, one)| *one == form).map(|(name, _)| name);
        variables.any(|name| self.variables.get(name).is_some_and(|variable| variable.sensitive))
    }
}
