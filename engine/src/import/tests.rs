#![allow(clippy::unwrap_used, clippy::panic)]

mod broken;
mod limits;
mod privacy;
mod registry;
mod shapes;
mod typed;
mod whole;

use std::io::Read;

use super::*;
use crate::record::{Occasion, Record, Standing, Value};
use crate::record_key::RecordKey;
use crate::schema::Schema;
use notochord_proto::dictionary::Dictionary;
use notochord_proto::variable::VariableKind;

/// What a sink took.
#[derive(Default)]
struct Taken {
    records: Vec<Record>,
    findings: Vec<Finding>,
}

impl sink::Sink for Taken {
    fn record(&mut self, record: Record) -> Result<(), ImportError> {
        self.records.push(record);
        Ok(())
    }

    fn finding(&mut self, finding: Finding) -> Result<(), ImportError> {
        self.findings.push(finding);
        Ok(())
    }
}

/// What was read of a few files.
struct Export {
    schema: Schema,
    reports: Vec<FileReport>,
    records: Vec<Record>,
    findings: Vec<Finding>,
}

fn key() -> RecordKey {
    RecordKey::from_bytes([7; 32])
}

/// Reads texts called `a.csv`, `b.csv` and so on, and puts rows without an event in order.
fn try_read(dictionary: &Dictionary, texts: &[&[u8]]) -> Result<Export, ImportError> {
    try_read_from(dictionary, texts.iter().copied())
}

fn try_read_from(
    dictionary: &Dictionary,
    readers: impl IntoIterator<Item = impl Read>,
) -> Result<Export, ImportError> {
    let (schema, key) = (Schema::of(dictionary), key());
    let reading = Reading::new(dictionary, &schema, &key);
    let (mut taken, mut reports) = (Taken::default(), Vec::new());
    for (number, reader) in readers.into_iter().enumerate() {
        let name = format!("{}.csv", char::from(b'a' + number as u8));
        reports.push(read_text(reader, &name, number as u16, &reading, &mut taken)?);
    }
    let Taken { mut records, mut findings } = taken;
    records.sort_by_key(|record| (record.patient, record.source));
    for patient in records.chunk_by_mut(|one, other| one.patient == other.patient) {
        findings.extend(reading.in_file_order(patient, &reports));
    }
    Ok(Export { schema, reports, records, findings })
}

fn read(dictionary: &Dictionary, text: impl AsRef<[u8]>) -> Export {
    try_read(dictionary, &[text.as_ref()]).unwrap_or_else(|error| panic!("{error}"))
}

fn refusal(dictionary: &Dictionary, text: impl AsRef<[u8]>) -> String {
    try_read(dictionary, &[text.as_ref()]).err().map_or("accepted".to_owned(), |error| error.to_string())
}

impl Export {
    fn findings(&self) -> Vec<String> {
        self.findings.iter().map(Finding::to_string).collect()
    }

    /// The kept rows by patient and place: `P1 baseline_arm_1 1: age=61 rx=Lev`.
    fn rows(&self) -> Vec<String> {
        let kept = self.records.iter().filter(|record| record.standing == Standing::Kept);
        let mut rows: Vec<_> = kept.map(|record| self.row(record)).collect();
        rows.sort();
        rows
    }

    fn row(&self, record: &Record) -> String {
        let names = (1..=20).map(|number| format!("P{number}"));
        let patient = names.into_iter().find(|id| key().patient(id) == record.patient);
        let place = match (record.occasion, record.repeat) {
            (Occasion::At { event, visit }, None) => {
                format!("{} {visit}", self.schema.events[usize::from(event)])
            }
            (Occasion::At { event, .. }, Some(repeat)) => format!(
                "{} {}[{}]",
                self.schema.events[usize::from(event)],
                self.schema.forms[usize::from(repeat.form)].name,
                repeat.instance
            ),
            (Occasion::InFileOrder, _) => "in file order".to_owned(),
            (Occasion::Nowhere, _) => "nowhere".to_owned(),
        };
        let values: Vec<_> =
            record.values.iter().map(|(column, value)| self.value(*column, *value)).collect();
        let patient = patient.unwrap_or("?".to_owned());
        format!("{patient} {}: {}", place.trim(), values.join(" ")).trim_end().to_owned()
    }

    fn value(&self, column: u16, value: Value) -> String {
        let variable = &self.schema.columns[usize::from(column)].variable;
        let value = match (value, &variable.kind) {
            (Value::Level(level), VariableKind::Factor { levels }) => levels[usize::from(level)].code.clone(),
            (Value::Level(level), _) => format!("level {level}"),
            (Value::Integer(value), _) => value.to_string(),
            (Value::Number(value), _) => value.to_string(),
            (Value::Date(day), _) => format!("day {day}"),
        };
        format!("{}={value}", variable.name)
    }
}
