//! The patients of a table, one after the other.

use std::ops::Range;

use arrow_array::{Array, Int32Array};
use notochord_stats::frame::Column;

use super::layout::Layout;
use crate::patient::{Entry, FormPlace, Patient, StoredValue};
use crate::rows::RowColumn;
use crate::table::{FormTable, Table};
use notochord_proto::dictionary::DAY0_YEAR;

/// Reads a table patient by patient, in the order of their keys.
pub(super) struct Patients<'a> {
    table: &'a Table,
    forms: Vec<FormCursor<'a>>,
    day_zero_year: Option<&'a RowColumn>,
    next: usize,
}

struct FormCursor<'a> {
    form: &'a FormTable,
    /// The form's columns, in the order of the layout.
    columns: Vec<(u16, &'a RowColumn)>,
    next: usize,
}

impl<'a> Patients<'a> {
    /// The layout is the table's.
    pub(super) fn of(table: &'a Table, layout: &Layout) -> Self {
        let year = table.about.iter().find(|(name, _)| name.as_str() == DAY0_YEAR);
        let forms = table.forms.iter().zip(layout.forms.iter().zip(layout.ranges()));
        let forms = forms.map(|(form, (layout, range)): (_, (_, Range<u16>))| {
            let columns = layout.variables.iter().zip(range);
            let columns = columns
                .filter_map(|(variable, position)| Some((position, form.columns.get(&variable.name)?)));
            FormCursor { form, columns: columns.collect(), next: 0 }
        });
        Self { table, forms: forms.collect(), day_zero_year: year.map(|(_, column)| column), next: 0 }
    }
}

impl Iterator for Patients<'_> {
    type Item = Patient;

    fn next(&mut self) -> Option<Patient> {
        let key = *self.table.patients.get(self.next)?;
        let day_zero_year = self.day_zero_year.and_then(|years| value(&years.values, self.next));
        let day_zero_year = day_zero_year.and_then(|year| match year {
            StoredValue::Integer(year) => Some(year),
            _ => None,
        });
        let mut entries = Vec::new();
        for (form, cursor) in (0..).zip(&mut self.forms) {
            while let Some(place) = cursor.form.places.get(cursor.next)
                && place.patient as usize == self.next
            {
                let row = cursor.next;
                let values = cursor.columns.iter();
                let values =
                    values.filter_map(|(position, column)| Some((*position, value(&column.values, row)?)));
                entries.push(Entry {
                    place: FormPlace {
                        form,
                        event: place.event,
                        visit: place.visit,
                        instance: place.instance,
                    },
                    values: values.collect(),
                });
                cursor.next += 1;
            }
        }
        self.next += 1;
        Some(Patient { key, day_zero_year, entries })
    }
}

fn value(column: &Column, row: usize) -> Option<StoredValue> {
    Some(match column {
        Column::Integer(values) => StoredValue::Integer(values.is_valid(row).then(|| values.value(row))?),
        Column::Number(values) => StoredValue::Number(values.is_valid(row).then(|| values.value(row))?),
        Column::Factor(values) => StoredValue::Level(level(values, row)?),
    })
}

fn level(values: &Int32Array, row: usize) -> Option<u16> {
    values.is_valid(row).then(|| u16::try_from(values.value(row)).ok()).flatten()
}
