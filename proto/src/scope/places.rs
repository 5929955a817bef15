//! The variables that say where and when a row comes from.

use super::{DAY, EVENT, SITE};
use crate::dictionary::Dictionary;
use crate::name::VariableName;
use crate::schedule::{Schedule, VisitDay};
use crate::variable::{Level, Variable, VariableKind};

/// The levels of `site` where nobody knows the sites yet, as when a study is checked.
const SITES_UNKNOWN: [&str; 3] = ["A", "B", "C"];

/// The factor of sites.
pub(super) fn site(sites: &[String]) -> Option<Variable> {
    let mut codes: Vec<_> = sites.to_vec();
    if codes.is_empty() {
        codes = SITES_UNKNOWN.map(str::to_owned).to_vec();
    }
    codes.sort_unstable();
    codes.dedup();
    let levels = codes.into_iter().map(|code| Level { label: code.clone(), code }).collect();
    variable(SITE, "Site", VariableKind::Factor { levels })
}

/// The factor of events, whatever the arm; `None` where the dictionary has none.
pub(super) fn event(dictionary: &Dictionary) -> Option<Variable> {
    let schedule = Schedule::of(dictionary);
    let level = |(stem, label): (&str, &str)| Level { code: stem.to_owned(), label: label.to_owned() };
    let levels: Vec<_> = schedule.stems().into_iter().map(level).collect();
    if levels.is_empty() {
        return None;
    }
    variable(EVENT, "Event", VariableKind::Factor { levels })
}

/// The day of a visit; `None` where the dictionary has no day 0.
pub(super) fn day(dictionary: &Dictionary) -> Option<Variable> {
    let told = VisitDay::of(dictionary)?;
    let windows: Option<Vec<_>> = dictionary.events().iter().map(|event| event.window).collect();
    let bounds = match (&told, windows.and_then(widest)) {
        (VisitDay::Earliest(_), Some(window)) => Some(window),
        _ => {
            let dates = dictionary.variables().into_iter().filter(|one| told.dates().contains(&one.name));
            let bounds: Option<Vec<_>> = dates
                .map(|date| match date.kind {
                    VariableKind::Integer { bounds } => bounds,
                    _ => None,
                })
                .collect();
            bounds.and_then(widest)
        }
    };
    let day = variable(DAY, "Days since day 0", VariableKind::Integer { bounds })?;
    Some(Variable { unit: Some("days".to_owned()), ..day })
}

/// From the least lower to the greatest upper end; `None` of none.
fn widest(ends: Vec<(i64, i64)>) -> Option<(i64, i64)> {
    ends.into_iter().reduce(|(min, max), (from, to)| (min.min(from), max.max(to)))
}

fn variable(name: &str, label: &str, kind: VariableKind) -> Option<Variable> {
    let name = VariableName::new(name).ok()?;
    Some(Variable { name, label: label.to_owned(), kind, unit: None, grid: None, sensitive: false })
}
