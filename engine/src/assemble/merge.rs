//! The rows of one patient, merged into entries.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use notochord_proto::variable::VariableKind;

use super::{DayZero, Files, VisitSource};
use crate::import::{Finding, FindingKind};
use crate::patient::{Entry, FormPlace, StoredValue};
use crate::record::{Occasion, Record, Repeat, RowSource, Value};
use crate::schema::Schema;

/// A patient's entries under way.
pub(super) struct Merge<'a> {
    schema: &'a Schema,
    files: Files<'a>,
    day_zero: DayZero,
    entries: BTreeMap<FormPlace, Draft>,
    /// The rows merged so far.
    rows: Vec<RowSource>,
    /// What each place of each file was said to hold, digested: the row that said so first.
    said: BTreeMap<Said, u32>,
    visits: BTreeMap<(u16, u32), RowSource>,
}

/// An entry under way.
#[derive(Default)]
struct Draft {
    /// By column, ascending.
    cells: Vec<Cell>,
    /// Whether a row says that the entry is there, whatever it holds.
    declared: bool,
}

#[derive(Clone, Copy)]
struct Cell {
    column: u16,
    value: StoredValue,
    /// The position of the row it is from; nothing for an unticked box of a form of which its row says nothing
    /// else, which gives way to any row that does.
    row: Option<u32>,
}

/// A place as one row speaks of it: file, event, visit and repeat, and a digest of the values.
type Said = (u16, u16, u32, Option<Repeat>, u64);

/// What a row says of one form.
struct Part {
    place: FormPlace,
    values: Vec<(u16, StoredValue)>,
    /// Nothing but boxes that are not ticked.
    blank: bool,
}

impl<'a> Merge<'a> {
    pub(super) fn new(schema: &'a Schema, files: Files<'a>, day_zero: DayZero) -> Self {
        Self {
            schema,
            files,
            day_zero,
            entries: BTreeMap::new(),
            rows: Vec::new(),
            said: BTreeMap::new(),
            visits: BTreeMap::new(),
        }
    }

    /// Merges a row, or says everything that keeps it out.
    pub(super) fn row(&mut self, record: Record) -> Result<(), Vec<Finding>> {
        // A row whose place in the file is not known by now says nothing.
        let Occasion::At { event, visit } = record.occasion else { return Ok(()) };
        let parts = self.parts(&record, event, visit)?;
        let said = (record.source.file, event, visit, record.repeat, digest(&parts));
        if let Some(first) = self.said.get(&said) {
            return Err(vec![self.duplicate(record.source, *first)]);
        }
        let conflicts: Vec<Finding> =
            parts.iter().flat_map(|part| self.conflicts(record.source, part)).collect();
        if !conflicts.is_empty() {
            return Err(conflicts);
        }
        let row = self.rows.len() as u32;
        self.rows.push(record.source);
        self.said.insert(said, row);
        self.visits.entry((event, visit)).or_insert(record.source);
        for part in parts {
            let cells = part.values.into_iter().map(|(column, value)| Cell {
                column,
                value,
                row: (!part.blank).then_some(row),
            });
            match self.entries.entry(part.place) {
                Slot::Vacant(slot) => slot.insert(Draft::default()).cells.extend(cells),
                Slot::Occupied(slot) => slot.into_mut().merge(cells.collect()),
            }
        }
        if let Some(Repeat { form, instance }) = record.repeat {
            self.entries.entry(FormPlace { form, event, visit, instance }).or_default().declared = true;
        }
        Ok(())
    }

    /// The entries, and where each visit was first spoken of.
    pub(super) fn finish(self) -> (Vec<Entry>, Vec<VisitSource>) {
        let there = |draft: &Draft| draft.declared || draft.cells.iter().any(|cell| cell.row.is_some());
        let entries = self.entries.into_iter().filter(|(_, draft)| there(draft)).map(|(place, draft)| {
            let values = draft.cells.into_iter().map(|cell| (cell.column, cell.value)).collect();
            Entry { place, values }
        });
        let visits = self.visits.into_iter();
        let visits = visits.map(|((event, visit), row)| VisitSource { event, visit, row });
        (entries.collect(), visits.collect())
    }

    /// What a row says, form by form, its dates turned into days.
    fn parts(&self, record: &Record, event: u16, visit: u32) -> Result<Vec<Part>, Vec<Finding>> {
        let (mut parts, mut findings) = (Vec::<Part>::new(), Vec::new());
        for (column, value) in &record.values {
            let Some(schema) = self.schema.columns.get(usize::from(*column)) else { continue };
            let value = match *value {
                Value::Integer(value) => StoredValue::Integer(value),
                Value::Number(value) => StoredValue::Number(value),
                Value::Level(value) => StoredValue::Level(value),
                Value::Date(day) => match self.day_zero.days_until(day) {
                    None => continue,
                    Some(days) => {
                        findings.extend(self.beyond(record.source, *column, days));
                        StoredValue::Integer(days)
                    }
                },
            };
            let repeat = record.repeat.filter(|repeat| repeat.form == schema.form);
            let instance = repeat.map_or(1, |repeat| repeat.instance);
            match parts.last_mut() {
                Some(part) if part.place.form == schema.form => part.values.push((*column, value)),
                _ => {
                    let place = FormPlace { form: schema.form, event, visit, instance };
                    parts.push(Part { place, values: vec![(*column, value)], blank: false });
                }
            }
        }
        if !findings.is_empty() {
            return Err(findings);
        }
        for part in &mut parts {
            let declared = record.repeat.is_some_and(|repeat| repeat.form == part.place.form);
            part.blank = !declared && self.is_blank(&part.values);
        }
        Ok(parts)
    }

    /// Whether the values are nothing but boxes that are not ticked.
    fn is_blank(&self, values: &[(u16, StoredValue)]) -> bool {
        let values = values.iter().map(|(column, value)| {
            let value = match *value {
                StoredValue::Integer(value) => Value::Integer(value),
                StoredValue::Number(value) => Value::Number(value),
                StoredValue::Level(value) => Value::Level(value),
            };
            (*column, value)
        });
        let values: Vec<(u16, Value)> = values.collect();
        self.schema.is_blank(values.iter().map(|(column, value)| (*column, value)))
    }

    /// A finding, where a date lies beyond the bounds of its days.
    fn beyond(&self, row: RowSource, column: u16, days: i64) -> Option<Finding> {
        let variable = &self.schema.columns.get(usize::from(column))?.variable;
        let VariableKind::Integer { bounds: Some((least, greatest)) } = variable.kind else { return None };
        let finding =
            || format!("{days} days from the patient's day 0; the dictionary allows {least} to {greatest}");
        (!(least..=greatest).contains(&days)).then(|| {
            let kind = FindingKind::DaysOutOfBounds;
            self.files.finding(row, Some(variable.name.as_str()), kind, finding())
        })
    }

    /// What a row says that an earlier one contradicts.
    fn conflicts(&self, row: RowSource, part: &Part) -> Vec<Finding> {
        let Some(draft) = self.entries.get(&part.place).filter(|_| !part.blank) else { return Vec::new() };
        let conflict = |(column, value): &(u16, StoredValue)| {
            let place = draft.cells.binary_search_by_key(column, |cell| cell.column).ok()?;
            let cell = draft.cells.get(place).filter(|cell| bits(cell.value) != bits(*value))?;
            let earlier = self.rows.get(cell.row? as usize)?;
            let finding = format!(
                "another value than in {}, which speaks of the same patient, event and form",
                self.files.in_words(*earlier)
            );
            let name = self.schema.columns.get(usize::from(*column)).map(|one| one.variable.name.as_str());
            Some(self.files.finding(row, name, FindingKind::ConflictingValues, finding))
        };
        part.values.iter().filter_map(conflict).collect()
    }

    fn duplicate(&self, row: RowSource, first: u32) -> Finding {
        let first = self.rows.get(first as usize).map(|first| self.files.in_words(*first));
        let finding = format!("says word for word what {} says", first.unwrap_or_default());
        self.files.finding(row, None, FindingKind::DuplicateRow, finding)
    }
}

impl Draft {
    /// Adds cells that contradict none.
    fn merge(&mut self, cells: Vec<Cell>) {
        for cell in cells {
            match self.cells.binary_search_by_key(&cell.column, |one| one.column) {
                Err(place) => self.cells.insert(place, cell),
                Ok(place) => {
                    if let Some(one) = self.cells.get_mut(place).filter(|one| one.row.is_none()) {
                        *one = cell;
                    }
                }
            }
        }
    }
}

/// Tells what rows say apart. Two that differ are found alike once in 2^64 times.
fn digest(parts: &[Part]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for part in parts.iter().filter(|part| !part.blank) {
        for (column, value) in &part.values {
            (column, bits(*value)).hash(&mut hasher);
        }
    }
    hasher.finish()
}

fn bits(value: StoredValue) -> u64 {
    match value {
        StoredValue::Integer(value) => value as u64,
        StoredValue::Number(value) => value.to_bits(),
        StoredValue::Level(value) => value.into(),
    }
}
