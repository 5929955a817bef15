//! What is there and what is missing, form by form.

use std::collections::HashMap;

use super::markup::{bar, heading, number_heading, shortened, table, text};
use crate::quality::numbers::{counted, grouped, percent};
use crate::quality::{EventCount, Expected, FormCompleteness, Present, Quality, VariableCompleteness};

/// The most events side by side, as paper is no wider.
const MOST_EVENTS: usize = 6;
/// The most variables on the page.
const MOST_VARIABLES: usize = 1_000;
/// The most characters of a label.
const LONGEST_LABEL: usize = 70;
/// What divides a field from the code of one of its boxes.
const BOX: &str = "___";

/// A row of the table: a variable, or the boxes of a field that are all alike.
struct Row<'a> {
    variable: &'a VariableCompleteness,
    boxes: usize,
}

/// How complete each variable is at each event.
pub(super) fn section(quality: &Quality) -> String {
    let labels: HashMap<&str, &str> =
        quality.events.iter().map(|event| (event.event.as_str(), name(event))).collect();
    let expected = match quality.completeness.expected_at {
        Expected::DesignatedVisits => {
            "A value is expected at every visit of an event for which the dictionary designates its form."
        }
        Expected::VisitsWithEntry => {
            "A value is expected at every visit with an entry of its form; the dictionary designates no form \
             for any event."
        }
    };
    let mut left = MOST_VARIABLES;
    let mut tables = String::new();
    let mut unshown = 0;
    for form in &quality.completeness.forms {
        let rows = rows(form);
        let shown = rows.len().min(left);
        left -= shown;
        unshown += rows.len() - shown;
        if let Some(rows) = rows.get(..shown).filter(|rows| !rows.is_empty()) {
            tables.push_str(&one_form(form, rows, &labels));
        }
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
         <p>{expected} Below half, a bar is orange.</p>\n{tables}{unshown}</section>\n"
    )
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

fn one_form(form: &FormCompleteness, rows: &[Row<'_>], labels: &HashMap<&str, &str>) -> String {
    let entries = counted(form.entries, "entr").replace("entrs", "entries");
    let entries = if form.entries == 1 { "1 entry".to_owned() } else { entries };
    let caption = format!("{} <small>{entries}</small>", text(&form.form));
    let events: Vec<&Present> =
        rows.first().map(|row| row.variable.events.iter().collect()).unwrap_or_default();
    if events.is_empty() {
        let names: Vec<String> =
            rows.iter().map(|row| format!("<code>{}</code>", text(&row.variable.variable))).collect();
        return format!(
            "<h3>{caption}</h3>\n<p class=\"note\">No visit at which this form is expected: {}.</p>\n",
            names.join(", ")
        );
    }
    let mut tables = format!("<h3>{caption}</h3>\n");
    for start in (0..events.len()).step_by(MOST_EVENTS) {
        let some =
            |present: &[Present]| present.iter().skip(start).take(MOST_EVENTS).cloned().collect::<Vec<_>>();
        let mut headings = vec![heading("Variable")];
        headings.extend(events.iter().skip(start).take(MOST_EVENTS).map(|present| {
            let label = labels.get(present.event.as_str()).copied().unwrap_or(present.event.as_str());
            let visits = counted(present.expected_visits, "visit");
            heading(&format!("{}<small>{visits}</small>", shortened(label, LONGEST_LABEL)))
        }));
        let rows: Vec<String> = rows.iter().map(|row| one_row(row, &some(&row.variable.events))).collect();
        tables.push_str(&table("complete", "", &headings, &rows));
    }
    tables
}

fn one_row(row: &Row<'_>, events: &[Present]) -> String {
    let VariableCompleteness { variable, label, .. } = row.variable;
    let (variable, label) = match variable.split_once(BOX).filter(|_| row.boxes > 1) {
        Some((field, _)) => {
            let label = label.rsplit_once(": ").map_or(label.as_str(), |(label, _)| label);
            (field, format!("{}, {} boxes", shortened(label, LONGEST_LABEL), row.boxes))
        }
        None => (variable.as_str(), shortened(label, LONGEST_LABEL)),
    };
    let cells: String = events.iter().map(cell).collect();
    format!("<tr><th scope=\"row\"><code>{}</code><small>{label}</small></th>{cells}</tr>\n", text(variable))
}

fn cell(present: &Present) -> String {
    let Present { present_visits: part, expected_visits: whole, .. } = present;
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
