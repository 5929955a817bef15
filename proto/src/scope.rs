//! The variables a study may name.

use std::collections::BTreeMap;

use crate::dictionary::Dictionary;
use crate::name::VariableName;
use crate::problem::{Problem, suggestion};
use crate::study::Study;
use crate::variable::{Level, Variable, VariableKind};

/// The dictionary's variables, `site`, and the variables a study derives.
#[derive(Debug, Clone, PartialEq)]
pub struct Scope {
    variables: BTreeMap<String, Variable>,
    /// Fields of the dictionary that no study may name, and why.
    withheld: BTreeMap<String, &'static str>,
}

/// The name of the factor of contributing sites.
pub const SITE: &str = "site";

/// The levels of `site` where nobody knows the sites yet, as when a study is checked.
const SITES_UNKNOWN: [&str; 3] = ["A", "B", "C"];

impl Scope {
    /// The dictionary's variables and `site`, whose levels are the labels of `sites` sorted by bytes. Without
    /// sites, as when a study is checked, they are `A`, `B` and `C`.
    pub fn new(dictionary: &Dictionary, sites: &[String]) -> Scope {
        let mut variables: BTreeMap<_, _> = dictionary
            .variables()
            .into_iter()
            .map(|variable| (variable.name.as_str().to_owned(), variable))
            .collect();
        if let Some(site) = site(sites) {
            variables.insert(SITE.to_owned(), site);
        }
        Scope { variables, withheld: dictionary.withheld() }
    }

    /// The same scope with the variables that the study derives, each checked over those before it.
    pub fn with_derived(mut self, study: &Study) -> Result<Scope, Vec<Problem>> {
        let mut problems = Vec::new();
        for derived in &study.derived {
            match derived.variable(&self) {
                Ok(variable) => drop(self.variables.insert(derived.name.as_str().to_owned(), variable)),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() { Ok(self) } else { Err(problems) }
    }

    /// The variable of that name.
    pub fn variable(&self, name: &str) -> Option<&Variable> {
        self.variables.get(name)
    }

    /// The names of all variables, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.keys().map(String::as_str)
    }

    /// The variable of that name, or an error that says why it cannot be used or names the nearest.
    pub fn require(&self, name: &VariableName) -> Result<&Variable, String> {
        let name = name.as_str();
        self.variable(name).ok_or_else(|| match self.withheld.get(name) {
            Some(why) => format!("`{name}` cannot be used in a study: it is {why}"),
            None => format!("unknown variable `{name}`{}", suggestion(name, self.names())),
        })
    }

    /// Whether a field of the dictionary has that name, usable or not.
    pub(crate) fn has(&self, name: &VariableName) -> bool {
        self.variables.contains_key(name.as_str()) || self.withheld.contains_key(name.as_str())
    }
}

/// The factor of sites.
fn site(sites: &[String]) -> Option<Variable> {
    let mut codes: Vec<_> = sites.to_vec();
    if codes.is_empty() {
        codes = SITES_UNKNOWN.map(str::to_owned).to_vec();
    }
    codes.sort_unstable();
    codes.dedup();
    let levels = codes.into_iter().map(|code| Level { label: code.clone(), code }).collect();
    Some(Variable {
        name: VariableName::new(SITE).ok()?,
        label: "Site".to_owned(),
        kind: VariableKind::Factor { levels },
        unit: None,
        grid: None,
        sensitive: false,
    })
}
