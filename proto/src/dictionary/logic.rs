//! Branching logic and calculations: read as far as to know which fields they name.

use std::collections::BTreeMap;

use super::{Event, Field, FieldKind, MissingCode};
use crate::problem::{Place, Problem, suggestion};

/// A branching logic or a calculation.
pub(super) struct Logic {
    /// Where it stands.
    pub(super) place: Place,
    references: Vec<Reference>,
}

/// A field it names: `[field]`, `[field(code)]` or `[event][field]`.
#[derive(Debug, PartialEq)]
struct Reference {
    event: Option<String>,
    field: String,
    code: Option<String>,
}

/// What a logic may name.
pub(super) struct Known<'a> {
    fields: BTreeMap<&'a str, &'a Field>,
    forms: &'a [String],
    events: Vec<&'a str>,
    missing_codes: &'a [MissingCode],
}

impl Logic {
    /// Reads a logic; the error says what keeps it from being read.
    pub(super) fn read(place: Place, written: &str) -> Result<Logic, Problem> {
        match references(written) {
            Ok(references) => Ok(Logic { place, references }),
            Err(message) => Err(Problem::new(place, message)),
        }
    }

    /// The first thing it names that is not there.
    pub(super) fn unknown(&self, known: &Known<'_>) -> Option<Problem> {
        let message = self.references.iter().find_map(|reference| known.lacks(reference))?;
        Some(Problem::new(self.place.clone(), message))
    }
}

impl<'a> Known<'a> {
    /// These fields, forms, events and codes.
    pub(super) fn new(
        fields: &'a [Field],
        forms: &'a [String],
        events: impl Iterator<Item = &'a Event>,
        missing_codes: &'a [MissingCode],
    ) -> Self {
        let fields = fields.iter().map(|field| (field.name.as_str(), field)).collect();
        Self { fields, forms, events: events.map(|event| event.name.as_str()).collect(), missing_codes }
    }

    /// Why a reference leads nowhere. Events are known only to a dictionary that lists them.
    fn lacks(&self, reference: &Reference) -> Option<String> {
        let Reference { event, field, code } = reference;
        if let Some(event) = event.as_deref().filter(|_| !self.events.is_empty())
            && !self.events.contains(&event)
        {
            let near = suggestion(event, self.events.iter().copied());
            return Some(format!("names the event `{event}`, which is not in events.csv{near}"));
        }
        let Some(found) = self.fields.get(field.as_str()) else {
            let is_status = field.strip_suffix("_complete").is_some_and(|form| self.has_form(form));
            let near = || suggestion(field, self.fields.keys().copied());
            return (!is_status).then(|| format!("names the field `{field}`, which is not there{}", near()));
        };
        let code = code.as_deref()?;
        match &found.kind {
            FieldKind::Checkbox { levels } => {
                let mut codes = levels.iter().map(|choice| choice.level.code.as_str());
                let is_missing = self.missing_codes.iter().any(|missing| missing.code == code);
                let near = || suggestion(code, levels.iter().map(|choice| choice.level.code.as_str()));
                let lacks = !is_missing && !codes.any(|known| known == code);
                lacks.then(|| format!("names the choice `{code}`, which `{field}` lacks{}", near()))
            }
            _ => Some(format!("names `[{field}({code})]`, and `{field}` is no checkbox; write `[{field}]`")),
        }
    }

    fn has_form(&self, name: &str) -> bool {
        self.forms.iter().any(|form| form == name)
    }
}

/// The fields that a logic names; the error says which quote, parenthesis or bracket is alone.
fn references(written: &str) -> Result<Vec<Reference>, String> {
    let text = without_comments(written);
    let mut rest = text.as_str();
    let (mut open, mut found) = (0_usize, Vec::new());
    while let Some(c) = rest.chars().next() {
        let behind = rest.get(c.len_utf8()..).unwrap_or_default();
        rest = match c {
            '"' | '\'' => {
                behind_quotes(behind, c).ok_or_else(|| format!("a quotation mark {c} is not closed"))?
            }
            '(' => {
                open += 1;
                behind
            }
            ')' => {
                open = open.checked_sub(1).ok_or("a `)` closes no parenthesis")?;
                behind
            }
            '[' => {
                let (names, behind) = bracketed(rest)?;
                found.extend(reference(&names)?);
                behind
            }
            ']' => return Err("a `]` closes no bracket".to_owned()),
            _ => behind,
        };
    }
    if open == 0 { Ok(found) } else { Err("a parenthesis `(` is not closed".to_owned()) }
}

/// The lines that are no comments: REDCap skips those that begin with `//` or `#`.
fn without_comments(written: &str) -> String {
    let is_said = |line: &&str| !(line.trim_start().starts_with("//") || line.trim_start().starts_with('#'));
    written.lines().filter(is_said).collect::<Vec<_>>().join("\n")
}

/// What stands behind the closing quotation mark; `\` takes its meaning from a mark behind it.
fn behind_quotes(text: &str, mark: char) -> Option<&str> {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if c == mark && !escaped {
            return text.get(at + c.len_utf8()..);
        }
        escaped = c == '\\' && !escaped;
    }
    None
}

/// The contents of brackets that follow one another without a gap, `[event][field][instance]`, and the rest.
fn bracketed(text: &str) -> Result<(Vec<&str>, &str), String> {
    let (mut names, mut rest) = (Vec::new(), text);
    while let Some(within) = rest.strip_prefix('[') {
        let closed = within.split_once(']').filter(|(name, _)| !name.contains('['));
        let (name, behind) = closed.ok_or("a bracket `[` is not closed")?;
        names.push(name.trim());
        rest = behind;
    }
    Ok((names, rest))
}

/// The field that brackets name; none where they hold a smart variable of REDCap's, such as `[event-name]`.
fn reference(brackets: &[&str]) -> Result<Option<Reference>, String> {
    let names = match brackets {
        [names @ .., last] if !names.is_empty() && is_instance(last) => names,
        names => names,
    };
    let (event, written) = match names {
        [field] => (None, *field),
        [event, field] => (Some(*event), *field),
        _ => {
            let written: String = brackets.iter().map(|name| format!("[{name}]")).collect();
            return Err(format!("`{written}` is more than an event, a field and an instance"));
        }
    };
    let (field, code) = match written.split_once('(') {
        Some((field, code)) => {
            let code = code.split_once(')').ok_or_else(|| format!("`[{written}]` lacks a `)`"))?.0;
            (field.trim(), Some(code.trim().to_owned()))
        }
        None => (written.split(':').next().unwrap_or_default().trim(), None),
    };
    if field.is_empty() {
        return Err(format!("`[{written}]` names no field"));
    }
    let event = event.filter(|event| !is_smart(event)).map(str::to_owned);
    Ok((!is_smart(field)).then(|| Reference { event, field: field.to_owned(), code }))
}

/// REDCap's smart variables have a hyphen or a colon in their names; fields and events have neither.
fn is_smart(name: &str) -> bool {
    name.contains(['-', ':'])
}

/// `[2]`, `[last-instance]`
fn is_instance(name: &str) -> bool {
    name.ends_with("-instance") || (!name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    fn named(written: &str) -> Vec<(Option<String>, String, Option<String>)> {
        let references = references(written).unwrap();
        references.into_iter().map(|one| (one.event, one.field, one.code)).collect()
    }

    #[test]
    fn the_fields_of_a_logic_are_found_beside_texts_events_instances_and_smart_variables() {
        let written = "([age] > 18 and [pmh(-1)] = '1') or [month3_arm_1][nrs][2] <> \"[no]\" or \
                       [event-name] = 'x' or [first-event-name][ais:value] = 'it\\'s' or [x][last-instance] = ''";
        let name = |text: &str| Some(text.to_owned());
        let wanted = [
            (None, "age".to_owned(), None),
            (None, "pmh".to_owned(), name("-1")),
            (name("month3_arm_1"), "nrs".to_owned(), None),
            (None, "ais".to_owned(), None),
            (None, "x".to_owned(), None),
        ];
        assert_eq!(named(written), wanted);
        assert_eq!(named("// [a\n # (\n[b]"), [(None, "b".to_owned(), None)]);
    }

    #[test]
    fn what_is_not_closed_is_said() {
        for (written, message) in [
            ("[a", "a bracket `[` is not closed"),
            ("[a[b]", "a bracket `[` is not closed"),
            ("a]", "a `]` closes no bracket"),
            ("([a] = 1", "a parenthesis `(` is not closed"),
            ("[a] = 1)", "a `)` closes no parenthesis"),
            ("[a] = '1", "a quotation mark ' is not closed"),
            ("[a] = \"1'", "a quotation mark \" is not closed"),
            ("[]", "`[]` names no field"),
            ("[a(1]", "`[a(1]` lacks a `)`"),
            ("[a][b][c]", "`[a][b][c]` is more than an event, a field and an instance"),
        ] {
            assert_eq!(references(written), Err(message.to_owned()), "{written}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_text_makes_the_reader_of_logic_panic(written in "[\\[\\]()'\"\\\\a1:é\n/#-]{0,40}") {
            let _ = references(&written);
        }
    }
}
