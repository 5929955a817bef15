//! What `Field Annotation` says to us.

use super::{Field, FieldKind};
use crate::problem::nearest;

/// Our own tags of a field's annotation; REDCap's are left to REDCap.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Annotations {
    /// `@GRID(width)`: the width of its default grid, above 0.
    pub grid: Option<f64>,
    /// `@SENSITIVE`: class disclosure rules apply.
    pub sensitive: bool,
    /// `@SCORE(name)`: the validated instrument that computes it.
    pub score: Option<String>,
    /// `@UNIT(text)`: its unit, for reports.
    pub unit: Option<String>,
    /// `@DAY0`: day 0 of a patient is the earliest of the dates so marked.
    pub day_zero: bool,
    /// `@DAYS(min,max)`: the bounds of a date, in days since day 0.
    pub days: Option<(i64, i64)>,
    /// `@VISIT`: the date on which a visit took place.
    pub visit: bool,
    /// `@NOT_PATIENT`: its rows describe no patient.
    pub not_patient: bool,
}

/// Our tags.
const OURS: [&str; 8] = ["GRID", "SENSITIVE", "SCORE", "UNIT", "DAY0", "DAYS", "VISIT", "NOT_PATIENT"];

/// Days farther from day 0 than a calendar has.
const FARTHEST_DAY: u64 = 4_000_000;

/// Reads an annotation; the error says which tag is wrong and how it is written.
pub(super) fn annotations(written: &str) -> Result<Annotations, String> {
    let mut annotations = Annotations::default();
    for tag in tags(written) {
        annotations.take(&tag)?;
    }
    Ok(annotations)
}

impl Annotations {
    fn take(&mut self, tag: &Tag<'_>) -> Result<(), String> {
        match tag.name {
            "GRID" => self.grid = Some(tag.read("@GRID(5)", width)?),
            "SCORE" => self.score = Some(tag.read("@SCORE(sins)", text)?),
            "UNIT" => self.unit = Some(tag.read("@UNIT(kg)", text)?),
            "DAYS" => self.days = Some(tag.read("@DAYS(0,3650)", days)?),
            "SENSITIVE" => self.sensitive = tag.bare()?,
            "DAY0" => self.day_zero = tag.bare()?,
            "VISIT" => self.visit = tag.bare()?,
            "NOT_PATIENT" => self.not_patient = tag.bare()?,
            other => return not_ours(other),
        }
        Ok(())
    }
}

/// What is wrong with a field's annotations, given what it holds.
pub(super) fn misfit(field: &Field) -> Option<String> {
    let Annotations { grid, score, day_zero, days, visit, .. } = &field.annotations;
    let is_date = field.kind == FieldKind::Date;
    let dated = [("DAY0", *day_zero), ("DAYS", days.is_some()), ("VISIT", *visit)];
    if let Some((tag, _)) = dated.into_iter().find(|(_, stands)| *stands && !is_date) {
        return Some(format!("`@{tag}` is for dates, and `{}` is none; validate it as a date", field.name));
    }
    if let Some((tag, _)) = dated.into_iter().find(|(_, stands)| *stands && field.identifier) {
        return Some(format!(
            "`@{tag}` stands on an identifier, which is dropped before anything is computed; clear \
             `Identifier?`: a date never reaches a snapshot"
        ));
    }
    let is_number = matches!(
        field.kind,
        FieldKind::Integer { .. }
            | FieldKind::Number { .. }
            | FieldKind::Calc { .. }
            | FieldKind::Slider { .. }
    );
    if grid.is_some() && !is_number && !is_date {
        return Some(format!("`@GRID` is for numbers, and `{}` is none; take it away", field.name));
    }
    let message = || format!("`@SCORE` is for numbers, and `{}` is none; take it away", field.name);
    (score.is_some() && !is_number).then(message)
}

/// `@NAME` or `@NAME(argument)`
struct Tag<'a> {
    name: &'a str,
    argument: Option<&'a str>,
}

impl Tag<'_> {
    /// The argument, read by `read`.
    fn read<T>(&self, example: &str, read: fn(&str) -> Option<T>) -> Result<T, String> {
        let wrong = || format!("`@{}` is not written like `{example}`", self.name);
        self.argument.and_then(|argument| read(argument.trim())).ok_or_else(wrong)
    }

    /// True, for a tag that takes no argument.
    fn bare(&self) -> Result<bool, String> {
        match self.argument {
            None => Ok(true),
            Some(_) => Err(format!("`@{}` takes nothing in parentheses", self.name)),
        }
    }
}

/// The tags of an annotation: `@` where a word begins, a name, and what stands in parentheses behind it.
fn tags(written: &str) -> Vec<Tag<'_>> {
    let begins_a_word = |at: usize| written[..at].chars().next_back().is_none_or(char::is_whitespace);
    written
        .match_indices('@')
        .filter(|(at, _)| begins_a_word(*at))
        .map(|(at, _)| tag(&written[at + 1..]))
        .collect()
}

fn tag(rest: &str) -> Tag<'_> {
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "_-".contains(c))).unwrap_or(rest.len());
    let (name, rest) = rest.split_at(end);
    let argument =
        rest.strip_prefix('(').map(|rest| rest.split_once(')').map_or("", |(argument, _)| argument));
    Tag { name, argument }
}

/// A tag of REDCap's is none of our business, unless it looks like one of ours misspelt: a lost `@SENSITIVE`
/// would switch a protection off.
fn not_ours(name: &str) -> Result<(), String> {
    let upper = name.to_ascii_uppercase();
    match nearest(&upper, OURS) {
        Some(ours) if strsim::damerau_levenshtein(&upper, ours) <= ours.len() / 4 => {
            Err(format!("unknown annotation `@{name}`; did you mean `@{ours}`?"))
        }
        _ => Ok(()),
    }
}

fn width(written: &str) -> Option<f64> {
    written.parse().ok().filter(|width: &f64| width.is_finite() && *width > 0.0)
}

fn text(written: &str) -> Option<String> {
    (!written.is_empty()).then(|| written.to_owned())
}

fn days(written: &str) -> Option<(i64, i64)> {
    let (min, max) = written.split_once(',')?;
    let (min, max): (i64, i64) = (min.trim().parse().ok()?, max.trim().parse().ok()?);
    let is_near = |day: i64| day.unsigned_abs() <= FARTHEST_DAY;
    (min < max && is_near(min) && is_near(max)).then_some((min, max))
}
