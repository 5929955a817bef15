//! What was read, and what of it is not stored.

use super::markup::{heading, number_heading, table, text};
use crate::import::{FileReport, Known};
use crate::quality::numbers::{counted, grouped};
use crate::quality::{Quality, columns};

/// The most columns of a list of columns.
const MOST_COLUMNS: usize = 100;

/// The files, their columns and the dictionary.
pub(super) fn section(quality: &Quality) -> String {
    let rows: Vec<String> = quality.files.iter().map(file).collect();
    let headings = [
        heading("File"),
        number_heading("Rows"),
        number_heading("Quarantined<small>for what it says alone</small>"),
        heading("Read as"),
        heading("SHA-256"),
    ];
    let table = table("files", "", &headings, &rows);
    format!(
        "<section aria-labelledby=\"files\">\n<h2 id=\"files\">Files</h2>\n{table}<dl class=\"facts\">\n{}{}{}\
         <dt>Data dictionary</dt><dd>version {}, <code>{}</code></dd>\n</dl>\n</section>\n",
        dropped(&quality.files),
        unknown(&quality.files),
        listed("In no file", quality.absent.iter().map(|name| code(name)).collect()),
        text(&quality.dictionary_version),
        quality.dictionary,
    )
}

fn file(file: &FileReport) -> String {
    let assumed = match file.encoding_is {
        Known::Found => "",
        Known::Assumed => " (assumed: no cell tells)",
    };
    let blank = match file.rows_blank {
        0 => String::new(),
        rows => format!("; {} skipped", counted(rows, "blank row")),
    };
    format!(
        "<tr><th scope=\"row\">{}</th><td class=\"number\">{}</td><td class=\"number\">{}</td>\
         <td>{}; {}, cells of {}{assumed}; {}; {}{blank}</td><td><code>{}</code></td></tr>\n",
        text(&file.name),
        grouped(file.rows_read),
        grouped(file.rows_quarantined),
        text(&file.format.to_string()),
        text(&file.headings.to_string()),
        text(&file.encoding.to_string()),
        text(&file.patients.to_string()),
        text(&file.visits.to_string()),
        file.digest.short(),
    )
}

/// What is known and not stored, by reason.
fn dropped(files: &[FileReport]) -> String {
    let lines = columns::dropped(files).into_iter().map(|(reason, columns)| {
        let columns: Vec<String> = columns.iter().take(MOST_COLUMNS).map(|name| code(name)).collect();
        format!("{} ({})", columns.join(", "), text(reason))
    });
    listed("Dropped", lines.collect())
}

fn unknown(files: &[FileReport]) -> String {
    let columns =
        columns::unknown(files).into_iter().map(|column| match (column.name.as_str(), &column.nearest) {
            ("", _) => format!("column {}, which has no heading", column.position),
            (name, Some(nearest)) => format!("{} (did you mean {}?)", code(name), code(nearest)),
            (name, None) => code(name),
        });
    listed("Not in the dictionary", columns.collect())
}

fn code(name: &str) -> String {
    format!("<code>{}</code>", text(name))
}

/// A list up to a bound, or nothing.
fn listed(name: &str, entries: Vec<String>) -> String {
    if entries.is_empty() {
        return String::new();
    }
    let more = match entries.len().saturating_sub(MOST_COLUMNS) {
        0 => String::new(),
        more => format!(" and {} more", grouped(more as u64)),
    };
    let entries: Vec<String> = entries.into_iter().take(MOST_COLUMNS).collect();
    format!("<dt>{name}</dt><dd>{}{more}</dd>\n", entries.join(", "))
}
