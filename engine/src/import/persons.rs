//! The same person under two record ids: keyed hashes of what tells persons apart.

use csv::StringRecord;

use super::label::single_blanks;
use super::reading::Reading;
use super::style::Style;
use crate::record_key::PersonHash;

/// The columns of one linkage key in a file.
pub(super) struct PersonKey {
    /// The key's position in the dictionary's settings.
    pub(super) key: u16,
    /// For each of its fields the cell, and the column where it is stored.
    pub(super) cells: Vec<(usize, Option<u16>)>,
}

impl PersonKey {
    /// The keyed hash of the values in a row; `None` where one of them is missing.
    pub(super) fn of(&self, row: &StringRecord, style: Style, reading: &Reading<'_>) -> Option<PersonHash> {
        let mut values = Vec::with_capacity(self.cells.len());
        for (cell, column) in &self.cells {
            values.push(normalised(row.get(*cell)?.trim(), *column, style, reading)?);
        }
        Some(reading.key.person(self.key, &values))
    }
}

/// A cell in lower case with single blanks, or, where the field is stored, its value as files of any style
/// have it in common.
fn normalised(cell: &str, column: Option<u16>, style: Style, reading: &Reading<'_>) -> Option<String> {
    if cell.is_empty() || reading.missing.has(cell) {
        return None;
    }
    let text = match column.and_then(|column| reading.expected.get(usize::from(column))) {
        Some(expected) => {
            let value = expected.read(cell, style, &reading.missing).ok()??;
            expected.canonical(value, cell)
        }
        None => cell.to_owned(),
    };
    let text = single_blanks(&text).to_lowercase();
    (!text.is_empty()).then_some(text)
}
