//! Reductions: one value for each patient from all entries of a form, in the order of event, visit and
//! instance.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, BooleanArray, Float64Array, UInt32Array};
use arrow_schema::DataType;
use arrow_select::take::take;
use notochord_proto::expression::{Expression, ExpressionKind, Reduction};

use super::{EvaluateError, array, kind, number, truth};
use crate::cohort::Cohort;
use crate::table::{FormTable, Table};

/// Values of reductions for every patient of a table, each computed once. No `Debug`, `Display` or `Serialize`.
#[derive(Default)]
pub(crate) struct Reduced {
    /// By the words of the reduction, which say all of it.
    values: BTreeMap<String, ArrayRef>,
}

impl Reduced {
    /// The values of every reduction in these expressions, which are resolved.
    pub(crate) fn of<'a>(
        expressions: impl IntoIterator<Item = &'a Expression>,
        table: &Table,
    ) -> Result<Self, EvaluateError> {
        let mut values = BTreeMap::new();
        for reduction in expressions.into_iter().flat_map(Expression::reductions) {
            if let Entry::Vacant(unknown) = values.entry(reduction.in_words()) {
                unknown.insert(reduced(reduction, table)?);
            }
        }
        Ok(Self { values })
    }

    /// The value of a reduction for every patient.
    pub(crate) fn of_patients(&self, reduction: &Expression) -> Option<&ArrayRef> {
        self.values.get(&reduction.in_words())
    }

    /// What a reduction gives.
    pub(super) fn kind(values: &dyn Array) -> ExpressionKind {
        match values.data_type() {
            DataType::Boolean => ExpressionKind::Truth,
            DataType::Utf8 => ExpressionKind::Text,
            _ => ExpressionKind::Number,
        }
    }
}

fn reduced(expression: &Expression, table: &Table) -> Result<ArrayRef, EvaluateError> {
    let patients = table.patients.len();
    match expression {
        Expression::Count(form) => {
            let entries = table.forms.iter().find(|one| one.form == form.as_str());
            let entries = entries.ok_or_else(|| EvaluateError::UnknownForm(form.clone()))?;
            Ok(Arc::new(counted(entries, patients)))
        }
        Expression::Reduce { reduction, value } => {
            let (entries, cohort) = entries(value, table)?;
            Ok(match reduction {
                Reduction::Any => Arc::new(any(&truth(value, &cohort)?, entries, patients)),
                Reduction::Min => folded(value, &cohort, entries, patients, f64::min)?,
                Reduction::Max => folded(value, &cohort, entries, patients, f64::max)?,
                Reduction::Sum => folded(value, &cohort, entries, patients, |sum, next| sum + next)?,
                Reduction::First => at(value, &cohort, entries, patients, |first, _| first)?,
                Reduction::Last => at(value, &cohort, entries, patients, |_, last| last)?,
            })
        }
        _ => Err(EvaluateError::Reduction),
    }
}

/// The one form that has the variables of a value, and its entries as rows.
fn entries<'a>(value: &Expression, table: &'a Table) -> Result<(&'a FormTable, Cohort), EvaluateError> {
    let names = value.variables();
    let first = names.first().ok_or(EvaluateError::Reduction)?;
    let form = table.form_of(first).ok_or_else(|| EvaluateError::UnknownVariable(first.clone()))?;
    let patients = form.places.iter().map(|place| place.patient).collect();
    let mut cohort = Cohort::of(patients, Arc::default());
    for name in names {
        let column = form.columns.get(&name).ok_or(EvaluateError::UnknownVariable(name))?;
        cohort.insert(column.shared());
    }
    Ok((form, cohort))
}

fn counted(form: &FormTable, patients: usize) -> Float64Array {
    let mut counts = vec![0.0; patients];
    for place in &form.places {
        if let Some(count) = counts.get_mut(place.patient as usize) {
            *count += 1.0;
        }
    }
    counts.into()
}

/// True where some entry's is; missing where all entries' are; else false.
fn any(conditions: &BooleanArray, form: &FormTable, patients: usize) -> BooleanArray {
    let mut found: Vec<Option<Option<bool>>> = vec![None; patients];
    for (place, condition) in form.places.iter().zip(conditions) {
        if let Some(found) = found.get_mut(place.patient as usize) {
            *found = Some(match ((*found).flatten(), condition) {
                (Some(before), Some(here)) => Some(before || here),
                (before, here) => before.or(here),
            });
        }
    }
    found.into_iter().map(|found| found.unwrap_or(Some(false))).collect()
}

/// The numbers that are there, joined; missing where there are none.
fn folded(
    value: &Expression,
    cohort: &Cohort,
    form: &FormTable,
    patients: usize,
    join: impl Fn(f64, f64) -> f64,
) -> Result<ArrayRef, EvaluateError> {
    let mut joined: Vec<Option<f64>> = vec![None; patients];
    for (place, number) in form.places.iter().zip(&number(value, cohort)?) {
        if let (Some(joined), Some(number)) = (joined.get_mut(place.patient as usize), number) {
            *joined = Some(joined.map_or(number, |before| join(before, number)));
        }
    }
    Ok(Arc::new(Float64Array::from(joined)))
}

/// Of the entries that have a value, that of the one chosen of any two in their order.
fn at(
    value: &Expression,
    cohort: &Cohort,
    form: &FormTable,
    patients: usize,
    choose: impl Fn(u32, u32) -> u32,
) -> Result<ArrayRef, EvaluateError> {
    let kind = kind(value, cohort)?.unwrap_or(ExpressionKind::Number);
    let values = array(value, kind, cohort)?;
    let mut chosen: Vec<Option<u32>> = vec![None; patients];
    for (entry, place) in (0_u32..).zip(&form.places) {
        if let Some(chosen) = chosen.get_mut(place.patient as usize)
            && values.is_valid(entry as usize)
        {
            *chosen = Some(chosen.map_or(entry, |before| choose(before, entry)));
        }
    }
    Ok(take(&values, &UInt32Array::from(chosen), None)?)
}
