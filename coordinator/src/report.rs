//! A plain `report.html`: one file, no script, no request to anywhere.

use serde_json::Value;

use crate::printing::took_part;
use crate::result::{AnalysisTables, families, readable};
use notochord_stats::outcome::{Cell, Status, Table};

/// The report of a result: its `result.json` and the tables behind it.
pub fn html(result_bytes: &[u8], analyses: &[AnalysisTables]) -> String {
    // result.json is our own document; a damaged one gives a report without a head.
    let result: Value = serde_json::from_slice(result_bytes).unwrap_or_default();
    let title = text(&result["study"]["title"]);
    let mut page = String::from(HEAD);
    page.push_str(&format!("<title>{title}</title>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n"));
    page.push_str(&format!("<p class=\"question\">{}</p>\n", text(&result["study"]["question"])));
    page.push_str(&facts(&result));
    page.push_str(&sites(&result["sites"]));
    for analysis in analyses {
        page.push_str(&section(analysis));
    }
    if let Some(families) = families(result_bytes) {
        page.push_str("<h2 id=\"families\">Adjusted p-values</h2>\n");
        page.push_str(&table(&families));
    }
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

fn facts(result: &Value) -> String {
    let names = |value: &Value| {
        let names: Vec<String> = value.as_array().into_iter().flatten().map(text).collect();
        names.join(", ")
    };
    let provenance = &result["provenance"];
    let study = format!("{}, version {}", text(&result["study"]["id"]), result["study"]["version"]);
    let rows = [
        ("Study", study),
        ("Digest", text(&result["study"]["sha256"])),
        ("Network", text(&provenance["network"])),
        ("Investigators", names(&provenance["investigators"])),
        ("Approved by", names(&provenance["approvers"])),
        ("Run", text(&result["run"]["id"])),
        ("Finished", text(&result["run"]["finished"])),
    ];
    let rows: String =
        rows.iter().map(|(name, value)| format!("<tr><th>{name}</th><td>{value}</td></tr>\n")).collect();
    format!("<table class=\"facts\">\n{rows}</table>\n")
}

fn sites(sites: &Value) -> String {
    let rows: String = sites
        .as_array()
        .into_iter()
        .flatten()
        .map(|site| {
            let took_part = escape(&took_part(site));
            format!("<tr><td>{}</td><td>{took_part}</td></tr>\n", text(&site["label"]))
        })
        .collect();
    format!("<h2>Sites</h2>\n<table>\n<tr><th>site</th><th>took part</th></tr>\n{rows}</table>\n")
}

fn section(analysis: &AnalysisTables) -> String {
    let mut section =
        format!("<h2 id=\"{0}\">{0} <small>{1}</small></h2>\n", analysis.id, escape(&analysis.kind));
    if let Some(reason) = &analysis.reason {
        section.push_str(&format!(
            "<p class=\"reason\">{}: {}.</p>\n",
            status(analysis.status),
            escape(reason)
        ));
    }
    if !analysis.rules.is_empty() {
        let rules: String =
            analysis.rules.iter().map(|rule| format!("<li>{}</li>\n", escape(rule))).collect();
        section.push_str(&format!("<p>Disclosure rules that held numbers back:</p>\n<ul>\n{rules}</ul>\n"));
    }
    analysis.shown.iter().for_each(|shown| section.push_str(&table(shown)));
    section
}

fn status(status: Status) -> &'static str {
    match status {
        Status::Released => "Released",
        Status::PartlySuppressed => "Partly suppressed",
        Status::Suppressed => "Suppressed",
        Status::Refused => "Refused",
    }
}

fn table(table: &Table) -> String {
    let head: String = table.columns.iter().map(|name| format!("<th>{}</th>", escape(name))).collect();
    let rows: String = table
        .rows
        .iter()
        .map(|row| format!("<tr>{}</tr>\n", row.iter().map(cell).collect::<String>()))
        .collect();
    format!("<table>\n<caption>{}</caption>\n<tr>{head}</tr>\n{rows}</table>\n", escape(&table.title))
}

fn cell(cell: &Cell) -> String {
    let class = match cell {
        Cell::Count(_) | Cell::Number(_) => " class=\"number\"",
        Cell::Withheld => " class=\"withheld\" title=\"withheld by a disclosure rule\"",
        Cell::Empty | Cell::Text(_) => "",
    };
    format!("<td{class}>{}</td>", escape(&readable(cell)))
}

fn text(value: &Value) -> String {
    escape(value.as_str().unwrap_or_default())
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            other => escaped.push(other),
        }
    }
    escaped
}

const HEAD: &str = r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>
body { font: 16px/1.5 system-ui, sans-serif; color: #1b2430; margin: 0; }
main { max-width: 60rem; margin: 0 auto; padding: 2rem 1rem 4rem; }
h1 { margin-bottom: 0; } .question { margin-top: .3rem; color: #4a5563; font-size: 1.1rem; }
h2 { margin-top: 2.5rem; border-bottom: 1px solid #d5dbe3; } h2 small { color: #6b7685; font-weight: normal; }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding-bottom: .3rem; }
th, td { padding: .25rem .75rem; border-bottom: 1px solid #e6eaf0; text-align: left; vertical-align: top; }
.number { text-align: right; } .withheld { color: #8a5a00; font-style: italic; }
.facts td { overflow-wrap: anywhere; } .reason { background: #fff6e0; padding: .5rem .75rem; }
</style>
"#;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn nothing_a_study_says_becomes_markup() {
        let result = br#"{"study": {"title": "<script>alert(1)</script>", "question": "a & b"}}"#;
        let page = html(result, &[]);
        assert!(page.contains("&lt;script&gt;") && !page.contains("<script"));
    }
}
