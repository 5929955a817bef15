//! A table as one row per patient, for registries whose patients have one visit.

use arrow_array::UInt32Array;
use arrow_schema::ArrowError;
use arrow_select::take::take;

use crate::rows::Rows;
use crate::table::Table;

/// Each patient's first visit.
pub(super) fn rows(table: &Table) -> Result<Rows, ArrowError> {
    let mut columns = Vec::new();
    for form in &table.forms {
        let mut first = vec![None; table.patients.len()];
        for (row, place) in (0_u32..).zip(&form.places) {
            if (place.event, place.visit, place.instance) == (0, 1, 1)
                && let Some(patient) = first.get_mut(place.patient as usize)
            {
                *patient = Some(row);
            }
        }
        let first = UInt32Array::from(first);
        for column in form.columns.values() {
            columns.push(column.through(|array| take(array, &first, None))?);
        }
    }
    Rows::sorted(table.patients.clone(), columns)
}
