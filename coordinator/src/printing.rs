//! Results on a terminal.

use comfy_table::{CellAlignment, ContentArrangement, LineStyle, TableStyle};
use notochord_stats::outcome::{Cell, Status, Table};

use serde_json::Value;

use crate::result::{AnalysisTables, ResultBundle, readable};

/// Lines above, under the heading, and below.
const STYLE: TableStyle = TableStyle::new()
    .top_border(LineStyle::none().fill('─').junction('─'))
    .header_separator(LineStyle::none().fill('─').junction('─'))
    .bottom_border(LineStyle::none().fill('─').junction('─'));

/// How every site took part, and the tables of every analysis, as text.
pub(crate) fn result(bundle: &ResultBundle) -> String {
    let mut text = sites(&bundle.json);
    bundle.tables.iter().for_each(|one| text.push_str(&analysis(one)));
    text
}

/// An honest account of every site, in a line.
fn sites(result: &[u8]) -> String {
    // result.json is our own document; a damaged one gives no account.
    let result: Value = serde_json::from_slice(result).unwrap_or_default();
    let account: Vec<String> = result["sites"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|site| format!("{} {}", site["label"].as_str().unwrap_or_default(), took_part(site)))
        .collect();
    format!("sites: {}\n", account.join(", "))
}

/// How a site took part, as `result.json` says it: `contributed`, or `contributed, too slow in round 4`.
pub(crate) fn took_part(site: &Value) -> String {
    let word = |status: &Value| status.as_str().unwrap_or_default().replace('_', " ");
    match (&site["dropped_out"]["status"], site["dropped_out"]["round"].as_u64()) {
        (dropped_out, Some(round)) => {
            format!("{}, {} in round {round}", word(&site["status"]), word(dropped_out))
        }
        (_, None) => word(&site["status"]),
    }
}

fn analysis(analysis: &AnalysisTables) -> String {
    let mut text = format!("\n── {} ({})\n", analysis.id, analysis.kind);
    if let Some(reason) = &analysis.reason {
        let status = match analysis.status {
            Status::Released => "released",
            Status::PartlySuppressed => "partly suppressed",
            Status::Suppressed => "suppressed",
            Status::Refused => "refused",
        };
        text.push_str(&format!("{status}: {reason}\n"));
    }
    analysis.rules.iter().for_each(|reason| text.push_str(&format!("  rule: {reason}\n")));
    for table in &analysis.shown {
        text.push_str(&format!("{}\n{}\n", table.title, grid(table)));
    }
    text
}

/// A table in the width of the terminal.
pub(crate) fn grid(table: &Table) -> String {
    let mut grid = comfy_table::Table::new();
    grid.load_style(STYLE).set_content_arrangement(ContentArrangement::Dynamic);
    grid.set_header(&table.columns);
    for row in &table.rows {
        grid.add_row(row.iter().map(|cell| {
            let alignment = match cell {
                Cell::Count(_) | Cell::Number(_) | Cell::Withheld => CellAlignment::Right,
                Cell::Empty | Cell::Text(_) => CellAlignment::Left,
            };
            comfy_table::Cell::new(readable(cell)).set_alignment(alignment)
        }));
    }
    grid.to_string()
}
