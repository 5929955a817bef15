//! A table of some patients, while it grows.

use std::collections::BTreeMap;

use arrow_array::Int64Array;
use notochord_stats::frame::Column;

use crate::column_builder::{ColumnBuilder, append_entry};
use crate::patient::Patient;
use crate::record_key::PatientKey;
use crate::rows::RowColumn;
use crate::snapshot::Layout;
use crate::table::{EntryPlace, FormTable, Table};

/// Patients so far, in the order of their keys.
pub(crate) struct TableBuilder<'a> {
    layout: &'a Layout,
    patients: Vec<PatientKey>,
    years: Vec<Option<i64>>,
    forms: Vec<FormBuilder>,
    entries: usize,
}

struct FormBuilder {
    first: u16,
    places: Vec<EntryPlace>,
    columns: Vec<ColumnBuilder>,
}

impl<'a> TableBuilder<'a> {
    pub(crate) fn new(layout: &'a Layout) -> Self {
        let forms = layout.forms.iter().zip(layout.ranges()).map(|(form, columns)| FormBuilder {
            first: columns.start,
            places: Vec::new(),
            columns: form.variables.iter().cloned().map(ColumnBuilder::new).collect(),
        });
        Self { layout, patients: Vec::new(), years: Vec::new(), forms: forms.collect(), entries: 0 }
    }

    /// How many patients, and how many entries.
    pub(crate) fn size(&self) -> (usize, usize) {
        (self.patients.len(), self.entries)
    }

    pub(crate) fn push(&mut self, patient: &Patient) {
        let position = self.patients.len() as u32;
        self.patients.push(patient.key);
        self.years.push(patient.day_zero_year);
        self.entries += patient.entries.len();
        for entry in &patient.entries {
            let Some(form) = self.forms.get_mut(usize::from(entry.place.form)) else { continue };
            let place = entry.place;
            form.places.push(EntryPlace {
                patient: position,
                event: place.event,
                visit: place.visit,
                instance: place.instance,
            });
            append_entry(&mut form.columns, form.first, &entry.values);
        }
    }

    pub(crate) fn finish(self) -> Table {
        let Self { layout, patients, years, forms, .. } = self;
        let years = Int64Array::from(years);
        let about = layout.about.iter().map(|variable| {
            let values = Column::Integer(years.clone());
            (variable.name.clone(), RowColumn { variable: variable.clone(), values })
        });
        let forms = layout.forms.iter().zip(forms).map(|(layout, form)| {
            let FormBuilder { places, mut columns, .. } = form;
            let columns: BTreeMap<_, _> = columns
                .iter_mut()
                .map(ColumnBuilder::finish)
                .map(|column| (column.variable.name.clone(), column))
                .collect();
            FormTable { form: layout.form.clone(), places, columns }
        });
        Table { patients, about: about.collect(), events: layout.events.clone(), forms: forms.collect() }
    }
}
