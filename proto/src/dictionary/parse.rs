//! Reads the CSV file of a dictionary, and gathers every problem it can find in one go.

use std::collections::BTreeMap;

use csv::Position;

use super::column::{ANNOTATION, Columns, FORM, IDENTIFIER, LABEL, NAME, REQUIRED, Row};
use super::{Dictionary, DictionaryFiles, Field, FieldKind, Settings, annotation, kind};
use crate::digest::Digest;
use crate::document;
use crate::name::VariableName;
use crate::problem::{Place, Problem};

/// The longest dictionary, in bytes.
const LONGEST: usize = 4 << 20;

pub(super) fn dictionary(file: &str, bytes: &[u8]) -> Result<Dictionary, Vec<Problem>> {
    let text = document::text(file, bytes, LONGEST).map_err(|problem| vec![problem])?;
    // The reader counts lines one too low where they end in `\r\n`.
    let text = text.replace("\r\n", "\n");
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut records = reader.records();
    let header = match records.next() {
        Some(header) => header.map_err(|error| vec![unreadable(file, &error)])?,
        None => return Err(at_file(file, "is empty; it needs REDCap's 18 columns")),
    };
    let columns = Columns::read(&Place::line(file, 1), &header)?;
    let mut found = Findings::default();
    for record in records {
        let read = record.map_err(|error| unreadable(file, &error)).and_then(|record| {
            let row = columns.row(place(file, record.position()), &record)?;
            found.read(&row)
        });
        found.problems.extend(read.err());
    }
    found.into_dictionary(file, DictionaryFiles::of_fields(bytes).digest())
}

fn at_file(file: &str, message: &str) -> Vec<Problem> {
    vec![Problem::new(Place::file(file), message)]
}

fn place(file: &str, position: Option<&Position>) -> Place {
    match position {
        Some(position) => Place::line(file, usize::try_from(position.line()).unwrap_or(usize::MAX)),
        None => Place::file(file),
    }
}

fn unreadable(file: &str, error: &csv::Error) -> Problem {
    Problem::new(place(file, error.position()), error.to_string())
}

/// What was read so far.
#[derive(Default)]
struct Findings {
    fields: Vec<Field>,
    /// The line of every field and of every checkbox column.
    names: BTreeMap<VariableName, usize>,
    problems: Vec<Problem>,
}

impl Findings {
    fn read(&mut self, row: &Row<'_>) -> Result<(), Problem> {
        let field = field(row)?;
        for name in names(&field) {
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

    fn into_dictionary(self, file: &str, digest: Digest) -> Result<Dictionary, Vec<Problem>> {
        if !self.problems.is_empty() {
            return Err(self.problems);
        }
        let mut forms: Vec<String> = self.fields.iter().map(|field| field.form.clone()).collect();
        forms.dedup();
        match self.fields.first() {
            Some(first) => Ok(Dictionary {
                digest,
                record_id: first.name.clone(),
                fields: self.fields,
                forms,
                events: Vec::new(),
                settings: Settings::default(),
                rules: Vec::new(),
                migrations: Vec::new(),
            }),
            None => Err(at_file(file, "names no field; the first is the record id")),
        }
    }
}

fn field(row: &Row<'_>) -> Result<Field, Problem> {
    Ok(Field {
        name: VariableName::new(row.cell(NAME)).map_err(|error| row.problem(NAME, error.to_string()))?,
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

/// The names a field takes: its own, and those of its checkbox columns.
fn names(field: &Field) -> Vec<&VariableName> {
    let mut names = vec![&field.name];
    if let FieldKind::Checkbox { levels } = &field.kind {
        names.extend(levels.iter().map(|choice| &choice.column));
    }
    names
}

fn is_text(kind: &FieldKind) -> bool {
    matches!(kind, FieldKind::Text | FieldKind::Integer { .. } | FieldKind::Number { .. } | FieldKind::Date)
}
