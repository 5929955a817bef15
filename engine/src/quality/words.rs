//! The report in lines for a terminal, the most important first.

use std::cmp::Reverse;

use super::numbers::{counted, grouped, hundredths, percent};
use super::visible::visible;
use super::{Change, ChangeCount, Expected, Quality, columns, findings};
use crate::import::{FindingKind, UnknownColumn};

/// The most kinds of findings, findings, rules, variables, events and columns that are listed, each.
const MOST: usize = 10;
/// The most characters of a line.
const LONGEST_LINE: usize = 200;

impl Quality {
    /// The report in at most some hundred lines; the page and the quarantine list have the rest.
    pub fn in_words(&self) -> Vec<String> {
        let mut lines = vec![self.headline()];
        lines.extend(self.change_in_words());
        lines.extend(self.notes());
        lines.extend(self.findings_in_words());
        lines.extend(self.contradictions_in_words());
        lines.extend(self.completeness_in_words());
        lines.extend(self.visits_in_words());
        lines.extend(self.files_in_words());
        lines.into_iter().map(one_line).collect()
    }

    /// What else there is to know of the patients as a whole.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.patients_erased > 0 {
            let patients = counted(self.patients_erased, "patient");
            notes.push(format!("{patients} left out, having withdrawn consent"));
        }
        if let Some(known) = self.patients_with_day_zero.filter(|known| *known < self.patients) {
            let patients = counted(self.patients - known, "patient");
            notes.push(format!("{patients} without a day 0, whose dates are missing"));
        }
        notes
    }

    fn change_in_words(&self) -> Option<String> {
        let (last, changes) = match &self.change {
            Change::NoneBefore => return None,
            Change::LastSnapshot { last, count } => {
                let ChangeCount { patients_new, patients_gone, patients_changed, patients_same } = count;
                let [new, gone] = [patients_new, patients_gone].map(|patients| grouped(*patients));
                let [changed, same] = [patients_changed, patients_same].map(|patients| grouped(*patients));
                (last, format!("{new} new, {gone} gone, {changed} changed, {same} the same"))
            }
            Change::LastSnapshotOfAnotherDictionary {
                last,
                patients_new,
                patients_gone,
                patients_in_both,
            } => {
                let [new, gone] = [patients_new, patients_gone].map(|patients| grouped(*patients));
                let both = grouped(*patients_in_both);
                (last, format!("{new} new, {gone} gone, {both} in both; it has another data dictionary"))
            }
        };
        let (snapshot, day) = (last.snapshot.short(), last.imported_at.date());
        Some(format!("patients since the last snapshot ({snapshot}, {day}): {changes}"))
    }

    fn findings_in_words(&self) -> Vec<String> {
        let kinds = self.findings.most_frequent();
        if kinds.is_empty() {
            return Vec::new();
        }
        let mut lines = vec![String::new(), counted(self.findings.count, "finding")];
        let rows = kinds.iter().map(|(kind, count)| [grouped(*count), findings::in_words(*kind)]);
        lines.extend(first(aligned(rows), "more kinds"));
        let listed = self.findings.beside_contradictions().take(MOST);
        let listed: Vec<String> = listed.map(|finding| format!("  {finding}")).collect();
        let count = self.findings.count - self.findings.of_kind(FindingKind::Contradiction);
        let more = count.saturating_sub(listed.len() as u64);
        if !listed.is_empty() {
            lines.push(String::new());
        }
        lines.extend(listed);
        if more > 0 {
            lines.push(format!("  and {} in the quarantine list", counted(more, "more finding")));
        }
        lines
    }

    fn contradictions_in_words(&self) -> Vec<String> {
        let mut found: Vec<_> = self.contradictions.iter().filter(|rule| rule.count > 0).collect();
        if found.is_empty() {
            return Vec::new();
        }
        found.sort_by_key(|rule| Reverse(rule.count));
        let rows = found.iter().map(|rule| {
            [grouped(rule.count), format!("{} (`{}`): {}", rule.says, rule.id, rule.places_in_words())]
        });
        let mut lines = vec![String::new(), "contradictions".to_owned()];
        lines.extend(first(aligned(rows), "more rules"));
        lines
    }

    /// The least complete variables, each at its worst event.
    fn completeness_in_words(&self) -> Vec<String> {
        let (present, expected) = self.completeness.overall();
        if expected == 0 {
            return Vec::new();
        }
        let basis = match self.completeness.expected_at {
            Expected::DesignatedVisits => "visits that the dictionary designates",
            Expected::VisitsWithEntry => "visits with an entry of the form",
        };
        let all = percent(present, expected);
        let mut lines = vec![String::new(), format!("{all} complete, of the values expected at {basis}")];
        let variables = self.completeness.forms.iter().flat_map(|form| &form.variables);
        let share = |present: &super::Present| hundredths(present.present_visits, present.expected_visits);
        let mut least: Vec<_> = variables
            .filter_map(|variable| {
                Some((variable, variable.events.iter().min_by_key(|present| share(present))?))
            })
            .filter(|(_, present)| present.present_visits < present.expected_visits)
            .collect();
        least.sort_by_key(|(_, present)| (share(present), Reverse(present.expected_visits)));
        let rows = least.iter().map(|(variable, present)| {
            let at = if present.event.is_empty() { String::new() } else { format!("at {}", present.event) };
            let of = format!("{} of {}", grouped(present.present_visits), grouped(present.expected_visits));
            [percent(present.present_visits, present.expected_visits), of, variable.variable.clone(), at]
        });
        lines.extend(first(aligned(rows), "more incomplete variables"));
        lines
    }

    fn visits_in_words(&self) -> Vec<String> {
        let [_, _, ..] = self.events.as_slice() else { return Vec::new() };
        let rows = self
            .events
            .iter()
            .map(|event| [grouped(event.visits), event.event.clone(), counted(event.patients, "patient")]);
        let mut lines = vec![String::new(), counted(self.visits(), "visit")];
        lines.extend(first(aligned(rows), "more events"));
        lines
    }

    fn files_in_words(&self) -> Vec<String> {
        let mut lines = vec![String::new(), counted(self.files.len() as u64, "file")];
        let rows = self.files.iter().map(|file| {
            let read = format!("{}, cells hold {}", file.format, file.encoding);
            [grouped(file.rows_read), file.name.clone(), read]
        });
        lines.extend(first(aligned(rows), "more files"));
        for (reason, names) in columns::dropped(&self.files) {
            lines.push(format!("dropped, {reason}: {}", names_in_words(&names)));
        }
        let unknown = columns::unknown(&self.files);
        if !unknown.is_empty() {
            let names: Vec<String> = unknown.iter().map(|column| column_in_words(column)).collect();
            lines.push(format!("dropped, not in the dictionary: {}", names_in_words(&names)));
        }
        if !self.absent.is_empty() {
            lines.push(format!("in no file: {}", names_in_words(&self.absent)));
        }
        lines
    }
}

fn column_in_words(column: &UnknownColumn) -> String {
    match (column.name.as_str(), &column.nearest) {
        ("", _) => format!("column {}, which has no heading", column.position),
        (name, Some(nearest)) => format!("{name} (did you mean {nearest}?)"),
        (name, None) => name.to_owned(),
    }
}

fn names_in_words<T: AsRef<str>>(names: &[T]) -> String {
    let listed: Vec<&str> = names.iter().take(MOST).map(AsRef::as_ref).collect();
    match names.len() - listed.len() {
        0 => listed.join(", "),
        more => format!("{} and {} more", listed.join(", "), grouped(more as u64)),
    }
}

/// Rows of cells, indented, under one another: numbers end and texts begin in the same place.
fn aligned<const N: usize>(rows: impl Iterator<Item = [String; N]> + Clone) -> impl Iterator<Item = String> {
    let mut widths = [0; N];
    for row in rows.clone() {
        widths.iter_mut().zip(&row).for_each(|(width, cell)| *width = (*width).max(cell.chars().count()));
    }
    rows.map(move |row| {
        let cells = row.iter().zip(widths).map(|(cell, width)| {
            let is_number = cell.starts_with(|c: char| c.is_ascii_digit() || c == '<');
            if is_number { format!("  {cell:>width$}") } else { format!("  {cell:width$}") }
        });
        cells.collect::<String>().trim_end().to_owned()
    })
}

/// The first of some lines, and how many more there are.
fn first(lines: impl Iterator<Item = String>, more: &str) -> Vec<String> {
    let mut lines: Vec<String> = lines.collect();
    let unlisted = lines.len().saturating_sub(MOST);
    lines.truncate(MOST);
    if unlisted > 0 {
        lines.push(format!("  and {} {more}", grouped(unlisted as u64)));
    }
    lines
}

/// A line that a terminal shows as one line and takes no orders from.
fn one_line(line: String) -> String {
    let mut text: String = line.chars().map(visible).take(LONGEST_LINE).collect();
    if line.chars().nth(LONGEST_LINE).is_some() {
        text.push('…');
    }
    text
}
