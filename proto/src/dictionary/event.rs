//! The events of a longitudinal registry, and `events.csv`, which lists them.

use std::collections::BTreeMap;

use super::files::{EVENTS, LONGEST_FILE};
use super::table::{self, Row, Titles};
use crate::document;
use crate::problem::{Place, Problem, suggestion};

/// An event: a visit that every patient of its arm is meant to have.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// REDCap's unique name, such as `month3_arm_1`.
    pub name: String,
    /// Its label, for reports and for exports with labels.
    pub label: String,
    /// The days since day 0 on which it is due, both ends included.
    pub window: Option<(i64, i64)>,
    /// The forms that are filled in at it; every form may be where absent.
    pub forms: Option<Vec<String>>,
}

/// The name under which the first event, or the first visit, can always be asked for.
pub const BASELINE: &str = "baseline";

/// The most events of a dictionary.
pub const MOST_EVENTS: usize = 200;

/// The longest name of an event, in bytes.
const LONGEST_NAME: usize = 100;

/// Days since day 0 that are farther away are no visit: a thousand years.
const FARTHEST_DAY: i64 = 365_250;

impl Event {
    /// Its name without the arm: `month3` of `month3_arm_1`.
    pub fn stem(&self) -> &str {
        self.split().map_or(&self.name, |(stem, _)| stem)
    }

    /// The arm it belongs to: `1` of `month3_arm_1`.
    pub fn arm(&self) -> Option<&str> {
        self.split().map(|(_, arm)| arm)
    }

    /// Whether a form is filled in at it.
    pub fn has(&self, form: &str) -> bool {
        self.forms.as_ref().is_none_or(|forms| forms.iter().any(|one| one == form))
    }

    fn split(&self) -> Option<(&str, &str)> {
        let (stem, arm) = self.name.rsplit_once("_arm_")?;
        let counts = !arm.is_empty() && arm.bytes().all(|byte| byte.is_ascii_digit());
        (!stem.is_empty() && counts).then_some((stem, arm))
    }
}

const NAME: &str = "unique_event_name";
const LABEL: &str = "label";
const FROM: &str = "day_from";
const TO: &str = "day_to";
const FORMS: &str = "forms";

const TITLES: Titles = Titles {
    required: &[NAME, LABEL, FROM, TO],
    optional: &[FORMS],
    whose: "an event's 4",
    file: "a list of events",
};

/// An event and the line it stands on.
pub(super) type PlacedEvent = (usize, Event);

/// Reads `events.csv`, and gathers every problem it can find in one go.
pub(super) fn events(bytes: &[u8]) -> Result<Vec<PlacedEvent>, Vec<Problem>> {
    let text = document::text(EVENTS, bytes, LONGEST_FILE).map_err(|problem| vec![problem])?;
    let (columns, rows) = table::open(EVENTS, text, &TITLES)?;
    let (mut events, mut problems) = (Vec::new(), Vec::new());
    for row in columns.rows(rows) {
        match row.and_then(|row| event(&row)) {
            Ok(event) => events.push(event),
            Err(problem) => problems.push(problem),
        }
        if events.len() + problems.len() > MOST_EVENTS {
            let message = format!("has more than {MOST_EVENTS} events, the most there may be");
            problems.push(Problem::new(Place::file(EVENTS), message));
            return Err(problems);
        }
    }
    if events.is_empty() && problems.is_empty() {
        problems.push(Problem::new(Place::file(EVENTS), "names no event; take the file away"));
    }
    problems.extend(alike(&events));
    if problems.is_empty() { Ok(events) } else { Err(problems) }
}

/// Events that cannot be told apart.
fn alike(events: &[PlacedEvent]) -> Vec<Problem> {
    let mut lines: BTreeMap<&str, usize> = BTreeMap::new();
    let mut problems = Vec::new();
    for (line, event) in events {
        if let Some(first) = lines.insert(&event.name, *line) {
            let message = format!("`{}` is taken by the event of line {first}", event.name);
            problems.push(at(*line, NAME, message));
        }
    }
    for (line, event) in events {
        let shadowed = (event.stem() != event.name).then(|| lines.get(event.stem())).flatten();
        if let Some(other) = shadowed {
            let message = format!(
                "`{}` without its arm is the event of line {other}; give that one an arm too",
                event.name
            );
            problems.push(at(*line, NAME, message));
        }
    }
    problems
}

/// What is wrong with the forms of events, where `known` are the dictionary's.
pub(super) fn unknown_forms<'a>(
    events: &'a [PlacedEvent],
    known: &'a [String],
) -> impl Iterator<Item = Problem> + 'a {
    let wrong = move |line: usize, form: &String| {
        let near = suggestion(form, known.iter().map(String::as_str));
        at(line, FORMS, format!("unknown form `{form}`{near}"))
    };
    events
        .iter()
        .flat_map(|(line, event)| event.forms.iter().flatten().map(|form| (*line, form)))
        .filter(|(_, form)| !known.contains(form))
        .map(move |(line, form)| wrong(line, form))
}

/// What is unwise about events.
pub(super) fn warnings(events: &[PlacedEvent]) -> Vec<Problem> {
    let mut warnings = Vec::new();
    let first = events.first().map(|(_, event)| event);
    let mut labels = BTreeMap::new();
    for (line, event) in events {
        if let Some(first) = first.filter(|first| event.stem() == BASELINE && first.stem() != BASELINE) {
            let message = format!("`@baseline` means the first event, `{}`, and not this one", first.name);
            warnings.push(at(*line, NAME, message));
        }
        if let Some(first) = labels.insert((&event.label, event.arm()), *line) {
            let message = format!(
                "has the label of the event of line {first}; exports of labels cannot tell them apart"
            );
            warnings.push(at(*line, LABEL, message));
        }
    }
    warnings
}

fn at(line: usize, column: &str, message: String) -> Problem {
    Problem::new(Place::line(EVENTS, line).in_column(column), message)
}

fn event(row: &Row<'_>) -> Result<PlacedEvent, Problem> {
    let (name, label) = (row.cell(NAME), row.cell(LABEL));
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if name.is_empty() || name.len() > LONGEST_NAME || !name.bytes().all(fits) {
        let message = format!(
            "`{name}` is not an event's unique name: lower-case letters, digits and `_`, at most {LONGEST_NAME}"
        );
        return Err(row.problem(NAME, message));
    }
    if label.is_empty() {
        return Err(row.problem(LABEL, "has no label; exports with labels name the event by it"));
    }
    let window = match (day(row, FROM)?, day(row, TO)?) {
        (None, None) => None,
        (Some(from), Some(to)) if from <= to => Some((from, to)),
        (Some(_), Some(_)) => return Err(row.problem(TO, "is before `day_from`")),
        (Some(_), None) => return Err(row.problem(TO, "is empty; a window has two ends, or none")),
        (None, Some(_)) => return Err(row.problem(FROM, "is empty; a window has two ends, or none")),
    };
    let forms = row.has(FORMS).then(|| row.cell(FORMS).split_whitespace().map(str::to_owned).collect());
    let (name, label) = (name.to_owned(), label.to_owned());
    Ok((row.line(), Event { name, label, window, forms }))
}

/// A day since day 0, where one is written.
fn day(row: &Row<'_>, column: &'static str) -> Result<Option<i64>, Problem> {
    let written = row.cell(column);
    if written.is_empty() {
        return Ok(None);
    }
    let day = written.parse().ok().filter(|day: &i64| day.abs() <= FARTHEST_DAY);
    let wrong = || row.problem(column, format!("`{written}` is not a whole number of days since day 0"));
    day.map(Some).ok_or_else(wrong)
}
