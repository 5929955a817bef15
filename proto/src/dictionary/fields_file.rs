//! `dictionary.csv`: one field a row.

use std::collections::BTreeMap;

use super::column::{ANNOTATION, BRANCHING, CHOICES, FORM, IDENTIFIER, LABEL, NAME, REQUIRED, TITLES, TYPE};
use super::files::LONGEST_FILE;
use super::findings::Findings;
use super::logic::Logic;
use super::matrix::Matrices;
use super::table::{self, Row};
use super::{Field, FieldKind, advice, annotation, field_name, kind};
use crate::document;
use crate::name::VariableName;
use crate::problem::{Place, Problem};

/// What `dictionary.csv` holds.
pub(super) struct FieldsFile {
    /// One field or more, the first the record id.
    pub(super) fields: Vec<Field>,
    /// Branching logic and calculations, which may name fields and events.
    pub(super) logics: Vec<Logic>,
    /// What is unwise.
    pub(super) warnings: Vec<Problem>,
}

/// The most columns that the fields may have in an export.
const MOST_COLUMNS: usize = 20_000;

/// Reads the file; `file` is its name in problems.
pub(super) fn fields(file: &str, bytes: &[u8]) -> Result<FieldsFile, Vec<Problem>> {
    let text = document::text(file, bytes, LONGEST_FILE).map_err(|problem| vec![problem])?;
    // Labels of several lines read alike, however the file ends its lines.
    let text = text.replace("\r\n", "\n");
    let (columns, rows) = table::open(file, &text, &TITLES)?;
    let mut read = Reading::default();
    for row in columns.rows(rows) {
        if let Some(row) = read.found.keep(row) {
            read.row(&row);
        }
        if read.found.are_too_many() {
            break;
        }
        if read.names.len() > MOST_COLUMNS {
            let message = format!("has more than {MOST_COLUMNS} columns in exports, the most there may be");
            read.found.push(Problem::new(Place::file(file), message));
            break;
        }
    }
    read.end(file)
}

/// What was read so far.
#[derive(Default)]
struct Reading {
    fields: Vec<Field>,
    logics: Vec<Logic>,
    /// The line of every field and of every checkbox column.
    names: BTreeMap<VariableName, usize>,
    /// The line on which each form begins.
    forms: BTreeMap<String, usize>,
    form: String,
    matrices: Matrices,
    /// The line of the field marked `@VISIT`.
    visit: Option<usize>,
    rows: usize,
    found: Findings,
    warnings: Vec<Problem>,
}

impl Reading {
    fn row(&mut self, row: &Row<'_>) {
        let is_first = self.rows == 0;
        self.rows += 1;
        if is_first {
            self.found.extend(unfit_for_record_id(row));
        }
        let form = self.form(row);
        self.found.keep(form);
        self.logic(row, BRANCHING);
        if row.cell(TYPE) == "calc" {
            self.logic(row, CHOICES);
        }
        self.found.extend(self.matrices.misfit(row));
        let Some(field) = self.field(row) else { return };
        match self.misfit(&field, row) {
            Some(problem) => self.found.push(problem),
            None => {
                self.warnings.extend(advice::of_row(row, &field, is_first));
                self.fields.push(field);
            }
        }
    }

    /// The form of a field: those of a form stand together.
    fn form(&mut self, row: &Row<'_>) -> Result<(), Problem> {
        let form = row.cell(FORM);
        if form == self.form {
            return Ok(());
        }
        self.form = form.to_owned();
        field_name::form_name(form).map_err(|message| row.problem(FORM, message))?;
        match self.forms.insert(form.to_owned(), row.line()) {
            None => Ok(()),
            Some(first) => {
                let message = format!(
                    "the form `{form}` began on line {first} and ended; let its fields stand together"
                );
                Err(row.problem(FORM, message))
            }
        }
    }

    fn logic(&mut self, row: &Row<'_>, column: &str) {
        let written = row.cell(column);
        if !written.is_empty() {
            let read = Logic::read(row.place(column), written);
            self.logics.extend(self.found.keep(read));
        }
    }

    /// The field of a row, where every cell can be read.
    fn field(&mut self, row: &Row<'_>) -> Option<Field> {
        let name = field_name::field_name(row.cell(NAME)).map_err(|message| row.problem(NAME, message));
        let annotations = annotation::annotations(row.cell(ANNOTATION));
        let (name, kind) = (self.found.keep(name), self.found.keep(kind::kind(row)));
        let identifier = self.found.keep(row.is_yes(IDENTIFIER));
        let required = self.found.keep(row.is_yes(REQUIRED));
        let annotations = self.found.keep(annotations.map_err(|message| row.problem(ANNOTATION, message)));
        Some(Field {
            name: name?,
            form: row.cell(FORM).to_owned(),
            label: row.cell(LABEL).to_owned(),
            kind: kind?,
            identifier: identifier?,
            required: required?,
            annotations: annotations?,
            line: row.line(),
        })
    }

    /// What keeps a field from standing beside those before it.
    fn misfit(&mut self, field: &Field, row: &Row<'_>) -> Option<Problem> {
        let columns = field.columns().filter(|column| **column != field.name);
        for name in std::iter::once(&field.name).chain(columns) {
            if let Some(line) = self.names.insert(name.clone(), field.line) {
                return Some(row.problem(NAME, format!("`{name}` is taken by the field of line {line}")));
            }
        }
        if let Some(message) = annotation::misfit(field) {
            return Some(row.problem(ANNOTATION, message));
        }
        if let Some(line) = self.visit.filter(|_| field.annotations.visit) {
            let message = format!("`@VISIT` stands on line {line} already; one field dates the visits");
            return Some(row.problem(ANNOTATION, message));
        }
        self.visit = self.visit.or(field.annotations.visit.then_some(field.line));
        None
    }

    fn end(mut self, file: &str) -> Result<FieldsFile, Vec<Problem>> {
        if self.rows == 0 && self.found.are_none() {
            self.found.push(Problem::new(Place::file(file), "names no field; the first is the record id"));
        }
        for form in self.forms.keys() {
            let status = VariableName::new(format!("{form}_complete")).ok();
            if let Some((name, line)) = status.and_then(|status| self.names.get_key_value(&status)) {
                let message = format!("`{name}` is the status of the form `{form}`; choose another name");
                let place = Place::line(file, *line).in_column(NAME);
                self.found.push(Problem::new(place, message));
            }
        }
        self.warnings.extend(advice::of_file(file, &self.fields));
        self.warnings.sort_by_key(|warning| warning.place.line);
        let Self { fields, logics, warnings, found, .. } = self;
        found.or(FieldsFile { fields, logics, warnings })
    }
}

/// What keeps the first field from being the record id.
fn unfit_for_record_id(row: &Row<'_>) -> Option<Problem> {
    if row.cell(TYPE) != "text" {
        let message = "the first field is the record id and must be of type `text`";
        return Some(row.problem(NAME, message));
    }
    if !row.cell(BRANCHING).is_empty() {
        let message = "the first field is the record id and always shown; clear its branching logic";
        return Some(row.problem(BRANCHING, message));
    }
    matches!(kind::kind(row), Ok(FieldKind::Date))
        .then(|| row.problem(TYPE, "the first field is the record id and cannot be a date"))
}
