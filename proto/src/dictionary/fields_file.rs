//! `dictionary.csv`: one field a row.

use std::collections::BTreeMap;

use super::column::{ANNOTATION, FORM, IDENTIFIER, LABEL, NAME, REQUIRED, TITLES};
use super::files::LONGEST_FILE;
use super::findings::Findings;
use super::table::{self, Row};
use super::{Field, FieldKind, annotation, field_name, kind};
use crate::document;
use crate::name::VariableName;
use crate::problem::{Place, Problem};

/// The fields of a file, and what is unwise about them; at least one field.
pub(super) fn fields(file: &str, bytes: &[u8]) -> Result<(Vec<Field>, Vec<Problem>), Vec<Problem>> {
    let text = document::text(file, bytes, LONGEST_FILE).map_err(|problem| vec![problem])?;
    // Labels of several lines read alike, however the file ends its lines.
    let text = text.replace("\r\n", "\n");
    let (columns, rows) = table::open(file, &text, &TITLES)?;
    let mut read = Reading::default();
    for row in columns.rows(rows) {
        if let Some(row) = read.found.keep(row) {
            let field = read.field(&row);
            read.found.keep(field);
        }
        if read.found.are_too_many() {
            break;
        }
    }
    if read.found.are_none() && read.fields.is_empty() {
        let message = "names no field; the first is the record id";
        read.found.push(Problem::new(Place::file(file), message));
    }
    let (fields, warnings) = (read.fields, read.warnings);
    read.found.or((fields, warnings))
}

/// What was read so far.
#[derive(Default)]
struct Reading {
    fields: Vec<Field>,
    /// The line of every field and of every checkbox column.
    names: BTreeMap<VariableName, usize>,
    found: Findings,
    warnings: Vec<Problem>,
}

impl Reading {
    fn field(&mut self, row: &Row<'_>) -> Result<(), Problem> {
        let field = field(row)?;
        self.warnings.extend(field_name::warning(&field.name).map(|message| row.problem(NAME, message)));
        let columns = field.columns().filter(|column| **column != field.name);
        for name in std::iter::once(&field.name).chain(columns) {
            if let Some(line) = self.names.insert(name.clone(), field.line) {
                return Err(row.problem(NAME, format!("`{name}` is taken by the field of line {line}")));
            }
        }
        if self.fields.is_empty() && !is_text(&field.kind) {
            return Err(row.problem(NAME, "the first field is the record id and must be of type `text`"));
        }
        self.fields.push(field);
        Ok(())
    }
}

fn field(row: &Row<'_>) -> Result<Field, Problem> {
    Ok(Field {
        name: field_name::field_name(row.cell(NAME)).map_err(|message| row.problem(NAME, message))?,
        form: row.cell(FORM).to_owned(),
        label: row.cell(LABEL).to_owned(),
        kind: kind::kind(row)?,
        identifier: row.is_yes(IDENTIFIER)?,
        required: row.is_yes(REQUIRED)?,
        annotations: annotation::annotations(row.cell(ANNOTATION))
            .map_err(|message| row.problem(ANNOTATION, message))?,
        line: row.line(),
    })
}

fn is_text(kind: &FieldKind) -> bool {
    matches!(kind, FieldKind::Text | FieldKind::Integer { .. } | FieldKind::Number { .. } | FieldKind::Date)
}
