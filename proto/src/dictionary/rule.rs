//! Contradictions between fields, and `rules.toml`, which lists them.

use super::files::RULES;
use super::findings::Findings;
use crate::document;
use crate::expression::Expression;
use crate::fields::Section;
use crate::problem::{Place, Problem};
use crate::study::Rows;

/// A contradiction: rows for which the condition is true cannot all be right.
#[derive(Debug, Clone, PartialEq)]
pub struct ContradictionRule {
    /// Its id, unlike any other.
    pub id: String,
    /// What is contradictory, in a sentence for the person who mends it.
    pub says: String,
    /// Whether it is judged over patients or over visits.
    pub rows: Rows,
    /// True where the fields contradict each other.
    pub condition: Expression,
    /// Where the condition stands.
    pub place: Place,
}

/// The most rules of a dictionary.
pub const MOST_RULES: usize = 500;

/// The longest id, in bytes.
const LONGEST_ID: usize = 63;

/// Reads `rules.toml`; a rule that says nothing of its rows has those given.
pub(super) fn rules(bytes: &[u8], rows: Rows) -> Result<Vec<ContradictionRule>, Vec<Problem>> {
    let section = Section::from_bytes(RULES, bytes).map_err(|problem| vec![problem])?;
    let mut fields = section.fields();
    let mut found = Findings::default();
    let sections = found.keep(fields.sections("rules")).unwrap_or_default();
    if sections.len() > MOST_RULES {
        found.push(fields.problem("rules", format!("has more than {MOST_RULES} rules")));
        return Err(found.problems());
    }
    found.keep(fields.finish());
    let rules: Vec<_> = sections.iter().filter_map(|section| found.keep(rule(section, rows))).collect();
    if let Some(id) = document::repeated(rules.iter().map(|rule| &rule.id)) {
        let again = rules.iter().rev().find(|rule| rule.id == *id);
        let place = again.map_or(Place::file(RULES), |rule| rule.place.clone());
        found.push(Problem::new(place, format!("the id `{id}` is taken by a rule above; choose another")));
    }
    found.or(rules)
}

fn rule(section: &Section, rows: Rows) -> Result<ContradictionRule, Problem> {
    let mut fields = section.fields();
    let id: String = fields.required("id")?;
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    if id.is_empty() || id.len() > LONGEST_ID || !id.bytes().all(fits) {
        let message = format!("an id is of lower-case letters, digits, `-` and `_`, at most {LONGEST_ID}");
        return Err(fields.problem("id", message));
    }
    let says: String = fields.required("says")?;
    if says.trim().is_empty() {
        return Err(fields.problem("says", "is empty; say in a sentence what is contradictory"));
    }
    let rows = fields.optional("rows")?.unwrap_or(rows);
    let condition = fields.required("where")?;
    let place = fields.place("where");
    fields.finish()?;
    Ok(ContradictionRule { id, says: says.trim().to_owned(), rows, condition, place })
}
