//! Reads the files of a dictionary together, and gathers every problem it can find in one go.

use std::collections::HashMap;

use super::files::{DICTIONARY, EVENTS, MIGRATIONS, NETWORK, RULES};
use super::findings::Findings;
use super::network_file::NetworkFile;
use super::{
    ContradictionRule, Dictionary, DictionaryFiles, Event, Field, Migration, event, fields_file,
    migrations_file, rule,
};
use crate::problem::Problem;
use crate::study::Rows;

/// Reads all files; `file` is the name of `dictionary.csv` in problems.
pub(super) fn dictionary(file: &str, files: &DictionaryFiles) -> Result<Dictionary, Vec<Problem>> {
    let mut found = Findings::default();
    let read = found.keep_all(fields_file::fields(file, files.get(DICTIONARY).unwrap_or_default()));
    let events = files.get(EVENTS).and_then(|bytes| found.keep_all(event::events(bytes))).unwrap_or_default();
    let network = files.get(NETWORK).and_then(|bytes| found.keep_all(NetworkFile::parse(NETWORK, bytes)));
    let settings = network.as_ref().map(|network| network.settings.clone()).unwrap_or_default();
    let rows = if files.get(EVENTS).is_some() { Rows::Visit } else { Rows::Patient };
    let rules = files.get(RULES).and_then(|bytes| found.keep_all(rule::rules(bytes, rows)));
    let migrations = files
        .get(MIGRATIONS)
        .filter(|_| network.is_some() || files.get(NETWORK).is_none())
        .and_then(|bytes| found.keep_all(migrations_file::migrations(bytes, &settings.version)));
    let (rules, migrations): (Vec<ContradictionRule>, Vec<Migration>) =
        (rules.unwrap_or_default(), migrations.unwrap_or_default());
    let Some((fields, mut warnings)) = read else { return Err(found.problems()) };
    let forms = forms(&fields);
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
        events: events.into_iter().map(|(_, event)| event).collect::<Vec<Event>>(),
        settings,
        rules,
        migrations,
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
