//! What is wrong and where.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::markup::{bar, heading, number_heading, sentence, table, text};
use crate::import::{Finding, FindingKind};
use crate::quality::findings::{in_words, row};
use crate::quality::numbers::{counted, grouped};
use crate::quality::{Contradiction, Duplicates, Findings, Quality};

/// The most findings on the page.
const MOST_SHOWN: usize = 200;
/// The most columns of a list of columns.
const MOST_COLUMNS: usize = 40;

/// What is wrong, by kind and by place.
pub(super) fn section(quality: &Quality) -> String {
    let findings = &quality.findings;
    let found = match findings.count {
        0 => "<p>Nothing is wrong in any row.</p>\n".to_owned(),
        _ => [kinds(findings), facts(findings, quality.duplicates), places(findings)].concat(),
    };
    format!("<section aria-labelledby=\"findings\">\n<h2 id=\"findings\">Findings</h2>\n{found}</section>\n")
}

fn kinds(findings: &Findings) -> String {
    let kinds = findings.most_frequent();
    let most = kinds.first().map_or(0, |(_, count)| *count);
    let rows: Vec<String> = kinds
        .iter()
        .map(|(kind, count)| {
            let (kind, bar) = (in_words(*kind), bar(*count, most));
            format!(
                "<tr><th scope=\"row\">{kind}</th><td class=\"number\">{}</td><td class=\"wide\">{bar}</td></tr>\n",
                grouped(*count)
            )
        })
        .collect();
    let headings = [heading("What"), number_heading("How often"), "<td></td>".to_owned()];
    table("kinds", "By kind", &headings, &rows)
}

/// What is there more than once, and which columns hold values out of bounds and unknown codes.
fn facts(findings: &Findings, duplicates: Duplicates) -> String {
    let list = |name: &str, columns: &BTreeMap<String, u64>| {
        let mut columns: Vec<_> = columns.iter().collect();
        if columns.is_empty() {
            return String::new();
        }
        columns.sort_by_key(|(name, count)| (Reverse(**count), *name));
        let listed = columns.iter().take(MOST_COLUMNS);
        let listed: Vec<String> =
            listed.map(|(name, count)| format!("<code>{}</code> {}", text(name), grouped(**count))).collect();
        let more = match columns.len().saturating_sub(MOST_COLUMNS) {
            0 => String::new(),
            more => format!(" and {}", counted(more as u64, "more column")),
        };
        format!("<dt>{name}</dt><dd>{}{more}</dd>\n", listed.join(", "))
    };
    format!(
        "<dl class=\"facts\">\n<dt>Rows twice</dt><dd>{}</dd>\n<dt>Patients twice</dt><dd>{}</dd>\n{}{}</dl>\n",
        grouped(duplicates.rows),
        grouped(duplicates.patients),
        list("Values out of bounds", &findings.values_out_of_bounds),
        list("Unknown codes", &findings.unknown_codes),
    )
}

/// The places of what is wrong, but for contradictions, which have their own section.
fn places(findings: &Findings) -> String {
    let rows: Vec<String> = findings.beside_contradictions().take(MOST_SHOWN).map(place).collect();
    if rows.is_empty() {
        return String::new();
    }
    let count = findings.count - findings.of_kind(FindingKind::Contradiction);
    let more = match count.saturating_sub(rows.len() as u64) {
        0 => String::new(),
        more => format!(
            "<p class=\"note\">{} in the quarantine list, which has them all.</p>\n",
            counted(more, "more finding")
        ),
    };
    let headings = [heading("File"), number_heading("Row"), heading("Column"), heading("What was found")];
    format!("{}{more}", table("places", "By place", &headings, &rows))
}

fn place(finding: &Finding) -> String {
    let column = match &finding.column {
        Some(column) => format!("<code>{}</code>", text(column)),
        None => "<span class=\"muted\">whole row</span>".to_owned(),
    };
    format!(
        "<tr><td>{}</td><td class=\"number\">{}</td><td>{column}</td><td>{}</td></tr>\n",
        text(&finding.file),
        row(finding.row),
        sentence(&finding.finding),
    )
}

/// What the dictionary's rules found, where rules were judged.
pub(super) fn contradictions(contradictions: &[Contradiction]) -> String {
    if contradictions.is_empty() {
        return String::new();
    }
    let mut found: Vec<&Contradiction> = contradictions.iter().filter(|rule| rule.count > 0).collect();
    found.sort_by_key(|rule| Reverse(rule.count));
    let clean = contradictions.len() - found.len();
    let rows: Vec<String> = found
        .iter()
        .map(|rule| {
            format!(
                "<tr><th scope=\"row\">{}<small><code>{}</code></small></th><td class=\"number\">{}</td>\
                 <td>{}</td></tr>\n",
                sentence(&rule.says),
                text(&rule.id),
                grouped(rule.count),
                text(&rule.places_in_words()),
            )
        })
        .collect();
    let headings = [heading("What contradicts"), number_heading("How often"), heading("Where")];
    let table = if rows.is_empty() { String::new() } else { table("rules", "", &headings, &rows) };
    let clean = match clean {
        0 => String::new(),
        rules => format!("<p class=\"note\">{} found nothing.</p>\n", counted(rules as u64, "rule")),
    };
    format!(
        "<section aria-labelledby=\"contradictions\">\n<h2 id=\"contradictions\">Contradictions</h2>\n\
         {table}{clean}</section>\n"
    )
}
