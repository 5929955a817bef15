//! What is there and what is missing, form by form.

use std::collections::{BTreeSet, HashMap};

use super::markup::{bar, heading, number_heading, shortened, table, text};
use crate::quality::numbers::{counted, grouped, percent};
use crate::quality::{EventCount, Expected, FormCompleteness, Present, Quality, VariableCompleteness};

/// The most events side by side, as paper is no wider.
const MOST_EVENTS: usize = 6;
/// The most bars on the page.
const MOST_BARS: usize = 10_000;
/// The most characters of a label.
const LONGEST_LABEL: usize = 70;
/// What divides a field from the code of one of its boxes.
const BOX: &str = "___";

/// A row of the table: a variable, or the boxes of a field that are all alike.
struct Row<'a> {
    variable: &'a VariableCompleteness,
    boxes: usize,
}

/// The events that forms are asked for at.
struct Columns<'a> {
    labels: HashMap<&'a str, &'a str>,
    /// The same for every form, where all of them stand side by side.
    of_all: Option<Vec<&'a str>>,
}

/// How complete each variable is at each event.
pub(super) fn section(quality: &Quality) -> String {
    let expected = match quality.completeness.expected_at {
        Expected::DesignatedVisits => {
            "A value is expected at every visit of an event for which the dictionary designates its form."
        }
        Expected::VisitsWithEntry => {
            "A value is expected at every visit with an entry of its form; the dictionary designates no form \
             for any event."
        }
    };
    let columns = Columns::of(quality);
    let (mut bars, mut unshown, mut tables) = (0, 0, String::new());
    for form in &quality.completeness.forms {
        let mut rows = rows(form);
        let bars_of_a_row = form.variables.first().map_or(0, |variable| variable.events.len()).max(1);
        let shown = rows.len().min((MOST_BARS - bars) / bars_of_a_row);
        bars += shown * bars_of_a_row;
        unshown += rows.len() - shown;
        rows.truncate(shown);
        tables.push_str(&one_form(form, &rows, &columns));
    }
    let unshown = match unshown {
        0 => String::new(),
        more => format!(
            "<p class=\"note\">{} in the report as JSON.</p>\n",
            counted(more as u64, "more variable")
        ),
    };
    format!(
        "<section aria-labelledby=\"completeness\">\n<h2 id=\"completeness\">Completeness</h2>\n\
         <p>{expected} Less than half is orange.</p>\n{tables}{unshown}</section>\n"
    )
}

impl<'a> Columns<'a> {
    fn of(quality: &'a Quality) -> Self {
        let variables = quality.completeness.forms.iter().flat_map(|form| &form.variables);
        let asked: BTreeSet<&str> =
            variables.flat_map(|variable| &variable.events).map(|present| present.event.as_str()).collect();
        let events = quality.events.iter().map(|event| event.event.as_str());
        let of_all: Vec<&str> = events.filter(|event| asked.contains(event)).collect();
        let of_all = Some(of_all).filter(|events| events.len() <= MOST_EVENTS);
        let labels = quality.events.iter().map(|event| (event.event.as_str(), name(event))).collect();
        Self { labels, of_all }
    }

    fn label(&self, event: &'a str) -> &'a str {
        self.labels.get(event).copied().unwrap_or(event)
    }
}

/// The variables of a form, boxes of one field as one row where they are alike.
fn rows(form: &FormCompleteness) -> Vec<Row<'_>> {
    let field = |variable: &VariableCompleteness| {
        variable.variable.split_once(BOX).map(|(field, _)| field.to_owned())
    };
    let alike = |one: &VariableCompleteness, other: &VariableCompleteness| {
        field(one).is_some() && field(one) == field(other) && one.events == other.events
    };
    let groups = form.variables.chunk_by(alike);
    groups.filter_map(|group| Some(Row { variable: group.first()?, boxes: group.len() })).collect()
}

fn one_form(form: &FormCompleteness, rows: &[Row<'_>], columns: &Columns<'_>) -> String {
    let Some(first) = rows.first().map(|row| row.variable) else { return String::new() };
    let entries = match form.entries {
        1 => "1 entry".to_owned(),
        entries => format!("{} entries", grouped(entries)),
    };
    let mut tables = format!("<h3>{} <small>{entries}</small></h3>\n", text(&form.form));
    if first.events.is_empty() {
        let names: Vec<String> =
            rows.iter().map(|row| format!("<code>{}</code>", text(&row.variable.variable))).collect();
        let names = names.join(", ");
        tables.push_str(&format!("<p class=\"note\">Expected at no visit: {names}.</p>\n"));
        return tables;
    }
    let own: Vec<&str> = first.events.iter().map(|present| present.event.as_str()).collect();
    for events in columns.of_all.as_ref().unwrap_or(&own).chunks(MOST_EVENTS) {
        let mut headings = vec![heading("Variable")];
        headings.extend(events.iter().map(|event| {
            let label = shortened(columns.label(event), LONGEST_LABEL);
            heading(&match first.at(event) {
                Some(present) => {
                    format!("{label}<small>{}</small>", counted(present.expected_visits, "visit"))
                }
                None => label,
            })
        }));
        let rows: Vec<String> = rows.iter().map(|row| one_row(row, events)).collect();
        tables.push_str(&table("complete", "", &headings, &rows));
    }
    tables
}

fn one_row(row: &Row<'_>, events: &[&str]) -> String {
    let VariableCompleteness { variable, label, .. } = row.variable;
    let (variable, label) = match variable.split_once(BOX).filter(|_| row.boxes > 1) {
        Some((field, _)) => {
            let label = label.rsplit_once(": ").map_or(label.as_str(), |(label, _)| label);
            (field, format!("{}, {} boxes", shortened(label, LONGEST_LABEL), row.boxes))
        }
        None => (variable.as_str(), shortened(label, LONGEST_LABEL)),
    };
    let cells: String = events.iter().map(|event| cell(row.variable.at(event))).collect();
    format!("<tr><th scope=\"row\"><code>{}</code><small>{label}</small></th>{cells}</tr>\n", text(variable))
}

fn cell(present: Option<&Present>) -> String {
    let Some(Present { present_visits: part, expected_visits: whole, .. }) = present else {
        return "<td class=\"muted\" title=\"not expected\">–</td>".to_owned();
    };
    let low = if part.saturating_mul(2) < *whole { " class=\"low\"" } else { "" };
    format!(
        "<td{low}><b>{}</b><small>{}</small>{}</td>",
        percent(*part, *whole),
        grouped(*part),
        bar(*part, *whole)
    )
}

/// How often each event took place.
pub(super) fn visits(quality: &Quality) -> String {
    let most = quality.events.iter().map(|event| event.patients).max().unwrap_or(0).max(quality.patients);
    let rows: Vec<String> = quality
        .events
        .iter()
        .map(|event| {
            format!(
                "<tr><th scope=\"row\">{}</th><td class=\"number\">{}</td><td class=\"number\">{}</td>\
                 <td class=\"wide\">{}</td></tr>\n",
                shortened(name(event), LONGEST_LABEL),
                grouped(event.visits),
                grouped(event.patients),
                bar(event.patients, most),
            )
        })
        .collect();
    let headings =
        [heading("Event"), number_heading("Visits"), number_heading("Patients"), heading("Of all patients")];
    format!(
        "<section aria-labelledby=\"visits\">\n<h2 id=\"visits\">Visits</h2>\n\
         <p>A visit counts where it has an entry of any form.</p>\n{}</section>\n",
        table("visits", "", &headings, &rows)
    )
}

/// What an event is called.
fn name(event: &EventCount) -> &str {
    match (event.label.as_str(), event.event.as_str()) {
        ("", "") => "All visits",
        ("", name) => name,
        (label, _) => label,
    }
}
