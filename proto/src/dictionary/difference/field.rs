//! One field before and after.

use std::fmt::Display;
use std::mem::discriminant;

use super::Difference;
use super::passage::{Passage, recoded};
use crate::dictionary::{Annotations, Dictionary, Field, FieldKind};
use crate::variable::Level;

/// A field of the old dictionary and what it became in the new one.
pub(super) struct Versions<'a> {
    pub(super) old: &'a Dictionary,
    pub(super) before: &'a Field,
    pub(super) new: &'a Dictionary,
    pub(super) after: &'a Field,
    /// Changes of its codes that migrations state, in turn.
    pub(super) recodings: &'a [&'a [(String, String)]],
}

/// Says what changes in a field, and what of it no step of the passage states.
pub(super) fn compare(field: &Versions<'_>, passage: &Passage<'_>, found: &mut Difference) {
    let Versions { before, after, .. } = field;
    let name = &after.name;
    if before.name != *name {
        found.say(format!("`{}` becomes `{name}`", before.name));
    }
    if kind_in_words(&before.kind) != kind_in_words(&after.kind) {
        let (from, to) = (kind_in_words(&before.kind), kind_in_words(&after.kind));
        found.say(format!("`{name}` was {from} and is {to}"));
    }
    if before.form != after.form {
        found.say(format!("`{name}` moves from the form `{}` to `{}`", before.form, after.form));
    }
    if before.label != after.label {
        found.say(format!("the label of `{name}` was \"{}\" and is \"{}\"", before.label, after.label));
    }
    bounds(before, after, found);
    choices(field, found);
    annotations(name, &before.annotations, &after.annotations, found);
    marked(name, ("an identifier", before.identifier, after.identifier), found);
    marked(name, ("required", before.required, after.required), found);
    meaning(field, passage, found);
}

/// What changes for studies and snapshots, and stands in no migration.
fn meaning(field: &Versions<'_>, passage: &Passage<'_>, found: &mut Difference) {
    let Versions { old, before, new, after, .. } = field;
    let (was_data, is_data) = (old.why_withheld(before).is_none(), new.why_withheld(after).is_none());
    let name = &after.name;
    let remedy = "name it in `removed` and in `added`, or give it a new name";
    match (was_data, is_data) {
        (true, true) if differs(&before.kind, &after.kind) => {
            found.need(after, format!("the type of `{name}` changes, and no migration says so: {remedy}"));
        }
        (true, false) => {
            found.need(after, format!("`{name}` is data no more, and no migration says so: {remedy}"));
        }
        (false, true) if !passage.adds(name.as_str()) => {
            found.need(after, format!("`{name}` becomes data, and no migration says so: name it in `added`"));
        }
        _ => {}
    }
}

/// Whether values of one kind cannot stand for values of the other.
fn differs(before: &FieldKind, after: &FieldKind) -> bool {
    let is_truth = |kind: &FieldKind| matches!(kind, FieldKind::YesNo | FieldKind::TrueFalse);
    discriminant(before) != discriminant(after) && !(is_truth(before) && is_truth(after))
}

fn kind_in_words(kind: &FieldKind) -> &'static str {
    match kind {
        FieldKind::Integer { .. } => "a whole number",
        FieldKind::Number { .. } => "a number",
        FieldKind::Date => "a date",
        FieldKind::YesNo => "yes or no",
        FieldKind::TrueFalse => "true or false",
        FieldKind::Choice { .. } => "one choice of several",
        FieldKind::Checkbox { .. } => "any of several choices",
        FieldKind::Text => "text",
        FieldKind::Notes => "notes",
        FieldKind::Calc { .. } => "a calculation",
        FieldKind::Slider { .. } => "a slider",
        FieldKind::Descriptive => "a text shown to people",
        FieldKind::File => "a file",
    }
}

fn bounds(before: &Field, after: &Field, found: &mut Difference) {
    let (from, to) = (bounds_in_words(&before.kind), bounds_in_words(&after.kind));
    // A type without bounds, such as a choice, loses none.
    let compares = !differs(&before.kind, &after.kind) || (from.is_some() && to.is_some());
    if compares && from != to {
        found.say(format!(
            "the bounds of `{}` were {} and are {}",
            after.name,
            from.unwrap_or_else(|| "none".to_owned()),
            to.unwrap_or_else(|| "none".to_owned())
        ));
    }
}

fn bounds_in_words(kind: &FieldKind) -> Option<String> {
    match kind {
        FieldKind::Integer { bounds } => bounds.map(range),
        FieldKind::Slider { bounds } => Some(range(*bounds)),
        FieldKind::Number { bounds } | FieldKind::Calc { bounds } => bounds.map(range),
        _ => None,
    }
}

fn range<T: Display>((min, max): (T, T)) -> String {
    format!("{min} to {max}")
}

/// The choices before, under the codes that migrations give them, beside those after.
fn choices(field: &Versions<'_>, found: &mut Difference) {
    let (name, after) = (&field.after.name, levels(&field.after.kind));
    let before: Vec<(&Level, &str)> = levels(&field.before.kind)
        .into_iter()
        .map(|level| (level, recoded(&level.code, field.recodings)))
        .collect();
    if before.is_empty() || after.is_empty() {
        return;
    }
    for (level, code) in &before {
        if level.code != *code {
            found.say(format!("the choice `{}` of `{name}` becomes `{code}`", level.code));
        }
        match after.iter().find(|now| now.code == *code) {
            None => {
                found.say(format!("the choice `{}, {}` of `{name}` is gone", level.code, level.label));
                let message = format!(
                    "the choice `{}` of `{name}` is gone, and no migration says so: say under `recoded` what it \
                     becomes",
                    level.code
                );
                found.need(field.after, message);
            }
            Some(now) if now.label != level.label => found.say(format!(
                "the choice `{code}` of `{name}` was labelled \"{}\" and is labelled \"{}\"",
                level.label, now.label
            )),
            Some(_) => {}
        }
    }
    let is_known = |code: &str| before.iter().any(|(_, known)| *known == code);
    for level in after.iter().filter(|level| !is_known(&level.code)) {
        found.say(format!("`{name}` has the new choice `{}, {}`", level.code, level.label));
    }
    let stays = |code: &str| after.iter().any(|level| level.code == code);
    let mut order: Vec<&str> = before.iter().map(|(_, code)| *code).filter(|code| stays(code)).collect();
    order.dedup();
    let now: Vec<&str> = after.iter().map(|level| &*level.code).filter(|code| is_known(code)).collect();
    if order != now && order.len() == now.len() {
        found
            .say(format!("the choices of `{name}` stand in another order; the first is the reference level"));
    }
}

fn levels(kind: &FieldKind) -> Vec<&Level> {
    match kind {
        FieldKind::Choice { levels } => levels.iter().collect(),
        FieldKind::Checkbox { levels } => levels.iter().map(|choice| &choice.level).collect(),
        _ => Vec::new(),
    }
}

fn annotations(name: &impl Display, before: &Annotations, after: &Annotations, found: &mut Difference) {
    let none = || "none".to_owned();
    let written = |annotations: &Annotations| {
        [
            ("grid", annotations.grid.map_or_else(none, |width| width.to_string())),
            ("unit", annotations.unit.clone().unwrap_or_else(none)),
            ("score", annotations.score.clone().unwrap_or_else(none)),
            ("range in days", annotations.days.map_or_else(none, range)),
        ]
    };
    for ((what, was), (_, is)) in written(before).into_iter().zip(written(after)) {
        if was != is {
            found.say(format!("the {what} of `{name}` was {was} and is {is}"));
        }
    }
    marked(name, ("sensitive", before.sensitive, after.sensitive), found);
    marked(name, ("a date of visits", before.visit, after.visit), found);
    marked(name, ("of no patient", before.not_patient, after.not_patient), found);
    if before.day_zero != after.day_zero {
        let now = if after.day_zero { "marks day 0 now" } else { "marks day 0 no more" };
        found.say(format!("`{name}` {now}: days may be counted from another date; import again"));
    }
}

/// Says what a field is now, or is no more.
fn marked(name: &impl Display, (what, was, is): (&str, bool, bool), found: &mut Difference) {
    match (was, is) {
        (false, true) => found.say(format!("`{name}` is {what} now")),
        (true, false) => found.say(format!("`{name}` is {what} no more")),
        _ => {}
    }
}
