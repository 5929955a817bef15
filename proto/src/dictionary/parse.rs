//! Reads the files of a dictionary together, and gathers every problem it can find in one go.

use std::collections::HashMap;

use super::fields_file::{self, FieldsFile};
use super::files::{DICTIONARY, EVENTS, MIGRATIONS, NETWORK, RULES};
use super::findings::Findings;
use super::logic::Known;
use super::network_file::NetworkFile;
use super::{Dictionary, DictionaryFiles, Field, event, migrations_file, rule};
use crate::problem::Problem;
use crate::study::Rows;

/// Reads all files; `file` is the name of `dictionary.csv` in problems.
pub(super) fn dictionary(file: &str, files: &DictionaryFiles) -> Result<Dictionary, Vec<Problem>> {
    let mut found = Findings::default();
    let read = found.keep_all(fields_file::fields(file, files.get(DICTIONARY).unwrap_or_default()));
    let events = match files.get(EVENTS) {
        Some(bytes) => found.keep_all(event::events(bytes)),
        None => Some(Vec::new()),
    };
    let network = files.get(NETWORK).and_then(|bytes| found.keep_all(NetworkFile::parse(NETWORK, bytes)));
    let settings = network.as_ref().map(|network| network.settings.clone()).unwrap_or_default();
    let rows = if files.get(EVENTS).is_some() { Rows::Visit } else { Rows::Patient };
    let rules = files.get(RULES).and_then(|bytes| found.keep_all(rule::rules(bytes, rows)));
    let migrations = files
        .get(MIGRATIONS)
        .filter(|_| network.is_some() || files.get(NETWORK).is_none())
        .and_then(|bytes| found.keep_all(migrations_file::migrations(bytes, &settings.version)));
    let (rules, migrations) = (rules.unwrap_or_default(), migrations.unwrap_or_default());
    let Some(FieldsFile { fields, logics, mut warnings }) = read else { return Err(found.problems()) };
    let forms = forms(&fields);
    if let Some(events) = &events {
        let events = events.iter().map(|(_, event)| event);
        let known = Known::new(&fields, &forms, events, &settings.missing_codes);
        found.extend(logics.iter().filter_map(|logic| logic.unknown(&known)));
    }
    let events = events.unwrap_or_default();
    found.extend(event::unknown_forms(&events, &forms));
    found.extend(network.iter().flat_map(|network| network.misfits(&fields)));
    found.extend(migrations_file::misfits(&migrations, &fields));
    let Some(first) = fields.first().filter(|_| found.are_none()) else { return Err(found.problems()) };
    warnings.extend(event::warnings(&events));
    warnings.extend(network.iter().flat_map(|network| network.warnings(&fields)));
    Ok(Dictionary {
        digest: files.digest(),
        record_id: first.name.clone(),
        positions: positions(&fields),
        has_day_zero: fields.iter().any(|field| field.annotations.day_zero),
        fields,
        forms,
        events: events.into_iter().map(|(_, event)| event).collect(),
        settings,
        rules,
        migrations: migrations.into_iter().map(|(_, step)| step).collect(),
        warnings,
    })
}

/// The names of the forms, in the order of the file.
fn forms(fields: &[Field]) -> Vec<String> {
    let mut forms: Vec<String> = fields.iter().map(|field| field.form.clone()).collect();
    forms.dedup();
    forms
}

/// Where in the file each field stands, by its name and by the columns it has in exports.
fn positions(fields: &[Field]) -> HashMap<String, usize> {
    let names = |(at, field): (usize, &Field)| {
        let names = std::iter::once(&field.name).chain(field.columns());
        names.map(|name| (name.as_str().to_owned(), at)).collect::<Vec<_>>()
    };
    fields.iter().enumerate().flat_map(names).collect()
}
