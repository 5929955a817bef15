//! One row: read whole, or quarantined with everything that is wrong in it.

use csv::StringRecord;

use super::FindingKind;
use super::cell::{Wrong, ticked};
use super::header::Header;
use super::occasion::{PlacingCells, not_at_event};
use super::reading::Reading;
use super::rows::{Quotes, Row};
use super::style::Style;
use crate::record::{Occasion, Record, RowSource, Standing, Value};
use crate::record_key::PatientKey;

/// The longest record id, in bytes.
const LONGEST_RECORD_ID: usize = 255;

/// Reads the rows of one file.
pub(super) struct RowReader<'a> {
    pub(super) file: u16,
    pub(super) header: &'a Header,
    pub(super) style: Style,
    pub(super) reading: &'a Reading<'a>,
}

/// What became of a row.
pub(super) enum Outcome {
    /// Every cell is empty.
    Blank,
    /// It says something.
    Read {
        /// What is wrong, and in which column; the row is quarantined unless there is nothing.
        wrong: Vec<(Option<String>, Wrong)>,
        /// The row, where its patient is known.
        record: Option<Record>,
    },
}

/// What is wrong in a row so far.
#[derive(Default)]
struct Faults(Vec<(Option<String>, Wrong)>);

impl Faults {
    fn of_row(&mut self, kind: FindingKind, finding: impl Into<String>) {
        self.0.push((None, Wrong { kind, finding: finding.into() }));
    }

    fn of(&mut self, column: &str, wrong: Wrong) {
        self.0.push((Some(column.to_owned()), wrong));
    }
}

impl RowReader<'_> {
    pub(super) fn read(&self, row: Row, cells: &StringRecord) -> Outcome {
        // Without record ids a blank row is a patient of whom nothing is known.
        if self.header.record_id.is_some() && cells.iter().all(|cell| cell.trim().is_empty()) {
            return Outcome::Blank;
        }
        let mut faults = Faults::default();
        if !self.is_row(row, cells, &mut faults) {
            let patient = self.patient(row, cells, &mut Faults::default());
            let record = patient.map(|patient| self.unread(patient, row));
            return Outcome::Read { wrong: faults.0, record };
        }
        let patient = self.patient(row, cells, &mut faults);
        let (values, day_zero) = self.values(cells, &mut faults);
        let Some(patient) = patient else { return Outcome::Read { wrong: faults.0, record: None } };
        let source = RowSource { file: self.file, row: row.place };
        let (occasion, repeat) = (Occasion::InFileOrder, None);
        let standing = Standing::Kept;
        let mut record = Record { patient, occasion, repeat, source, standing, values, linkage: Vec::new() };
        if !self.header.is_in_file_order() {
            self.place(cells, &mut record, &mut faults);
        }
        if faults.0.is_empty() {
            record.linkage = self.linkage(cells);
        } else {
            record.quarantine(self.reading.schema);
            if day_zero == DayZero::Unreadable {
                record.standing = Standing::DayZeroUnreadable;
            }
        }
        Outcome::Read { wrong: faults.0, record: Some(record) }
    }

    /// Whether the cells can be told to belong to their headings.
    fn is_row(&self, row: Row, cells: &StringRecord, faults: &mut Faults) -> bool {
        let (found, wanted) = (cells.len(), self.header.written.len());
        let says = || format!("cells in the row: {found}, headings: {wanted}");
        // A spreadsheet may add empty cells behind the last.
        let surplus_is_empty = || cells.iter().skip(wanted).all(|cell| cell.trim().is_empty());
        if found < wanted {
            faults.of_row(FindingKind::TooFewCells, says());
        } else if found > wanted && !surplus_is_empty() {
            faults.of_row(FindingKind::TooManyCells, says());
        }
        if row.quotes == Quotes::Open {
            let finding = "a quotation mark is left open, so the row may hold cells of others";
            faults.of_row(FindingKind::OpenQuotation, finding);
        }
        if found == wanted && cells.iter().map(str::trim).eq(&self.header.written) {
            faults.of_row(FindingKind::RepeatedHeader, "the headings once more; were files put together?");
        }
        faults.0.is_empty()
    }

    /// The patient of a row. No finding quotes the record id.
    fn patient(&self, row: Row, cells: &StringRecord, faults: &mut Faults) -> Option<PatientKey> {
        let key = self.reading.key;
        let Some(position) = self.header.record_id else {
            return Some(key.patient_of_row(self.file, row.place));
        };
        let id = cells.get(position).unwrap_or_default().trim();
        let (kind, finding) = match id {
            "" => (FindingKind::NoRecordId, "no record id"),
            _ if id.len() > LONGEST_RECORD_ID => (
                FindingKind::LongRecordId,
                "a record id longer than any is; is a quotation mark or a delimiter missing?",
            ),
            _ if id.contains(char::is_control) => {
                (FindingKind::UnreadableRecordId, "a record id with characters that cannot be shown")
            }
            _ => return Some(key.patient(id)),
        };
        faults.of(self.reading.dictionary.record_id().as_str(), Wrong { kind, finding: finding.to_owned() });
        None
    }

    /// The values that are present.
    fn values(&self, cells: &StringRecord, faults: &mut Faults) -> (Vec<(u16, Value)>, DayZero) {
        let reading = self.reading;
        let mut day_zero = DayZero::Readable;
        let mut values = Vec::with_capacity(self.header.stored.len());
        for (position, column) in &self.header.stored {
            let cell = cells.get(*position).unwrap_or_default().trim();
            let Some(expected) = reading.expected.get(usize::from(*column)) else { continue };
            match expected.read(cell, self.style, &reading.missing) {
                Ok(Some(value)) => values.push((*column, value)),
                Ok(None) => {}
                Err(wrong) => {
                    if reading.schema.day_zero.contains(column) {
                        day_zero = DayZero::Unreadable;
                    }
                    faults.of(reading.column_name(*column), wrong);
                }
            }
        }
        for (position, columns) in &self.header.missing_boxes {
            let cell = cells.get(*position).unwrap_or_default().trim();
            let heading = self.header.written.get(*position).unwrap_or_default();
            self.leave_out_missing(cell, heading, columns, &mut values, faults);
        }
        (values, day_zero)
    }

    /// Drops the boxes of a checkbox field that is marked as missing.
    fn leave_out_missing(
        &self,
        cell: &str,
        heading: &str,
        columns: &std::ops::Range<u16>,
        values: &mut Vec<(u16, Value)>,
        faults: &mut Faults,
    ) {
        let column = super::cell::excerpt(heading);
        let is_marked = match cell {
            "" => Ok(0),
            _ if self.reading.missing.has(cell) => Ok(1),
            _ => ticked(cell, "", self.style),
        };
        match is_marked {
            Ok(0) => {}
            Ok(_) => {
                let of_field = |value: &&(u16, Value)| columns.contains(&value.0);
                if values.iter().filter(of_field).any(|(_, value)| *value == Value::Integer(1)) {
                    let finding = "the field is marked as missing, and a box of it is ticked".to_owned();
                    faults.of(&column, Wrong { kind: FindingKind::TickedAndMissing, finding });
                }
                values.retain(|(column, _)| !columns.contains(column));
            }
            Err(wrong) => faults.of(&column, wrong),
        }
    }

    /// Puts the row in its place, and finds values that have no business there.
    fn place(&self, cells: &StringRecord, record: &mut Record, faults: &mut Faults) {
        let reading = self.reading;
        let cell = |position: usize| cells.get(position).unwrap_or_default().trim();
        let placing = PlacingCells {
            event: self.header.event.map(cell),
            instrument: self.header.instrument.map(cell).unwrap_or_default(),
            instance: self.header.instance.map(cell).unwrap_or_default(),
        };
        let placed = match placing.read(self.style.encoding, reading) {
            Ok(placed) => placed,
            Err(wrong) => {
                record.occasion = Occasion::Nowhere;
                return wrong.into_iter().for_each(|(column, wrong)| faults.of(column, wrong));
            }
        };
        (record.occasion, record.repeat) = (placed.occasion, placed.repeat);
        if let Some(instrument) = &placed.instrument {
            let form = placed.repeat.map(|repeat| repeat.form);
            let outside = reading.drop_blank(&mut record.values, |other| Some(other) == form);
            if let Some((column, (_, other))) =
                outside.and_then(|column| Some((column, reading.form_of(column)?)))
            {
                let finding =
                    format!("a value of the form `{other}` in a row of the repeating form `{instrument}`");
                let wrong = Wrong { kind: FindingKind::OutsideInstrument, finding };
                return faults.of(reading.column_name(column), wrong);
            }
        }
        let Occasion::At { event, .. } = placed.occasion else { return };
        let elsewhere = reading.drop_blank_elsewhere(&mut record.values, event);
        if let Some((column, (_, form))) =
            elsewhere.and_then(|column| Some((column, reading.form_of(column)?)))
        {
            let name = reading.schema.events.get(usize::from(event)).map_or("", String::as_str);
            let wrong = Wrong { kind: FindingKind::FormNotAtEvent, finding: not_at_event(form, name) };
            faults.of(reading.column_name(column), wrong);
        }
    }

    fn linkage(&self, cells: &StringRecord) -> Vec<(u16, [u8; 16])> {
        let of = |key: &super::persons::PersonKey| Some((key.key, key.of(cells, self.style, self.reading)?));
        self.header.persons.iter().filter_map(of).collect()
    }

    /// A row of a known patient of which nothing can be read, not even whether it holds a date of day 0.
    fn unread(&self, patient: PatientKey, row: Row) -> Record {
        let holds_day_zero = |(_, column): &(usize, u16)| self.reading.schema.day_zero.contains(column);
        Record {
            patient,
            occasion: if self.header.is_in_file_order() { Occasion::InFileOrder } else { Occasion::Nowhere },
            repeat: None,
            source: RowSource { file: self.file, row: row.place },
            standing: match self.header.stored.iter().any(holds_day_zero) {
                true => Standing::DayZeroUnreadable,
                false => Standing::Quarantined,
            },
            values: Vec::new(),
            linkage: Vec::new(),
        }
    }
}

/// Whether the dates of day 0 in a row can be read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum DayZero {
    Readable,
    Unreadable,
}
