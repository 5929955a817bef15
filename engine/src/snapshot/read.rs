//! Reads a snapshot's files back into a table.

use std::collections::{BTreeMap, HashMap};

use arrow_array::cast::AsArray;
use arrow_array::types::UInt32Type;
use arrow_array::{Array, ArrayRef, FixedSizeBinaryArray, RecordBatch};
use arrow_schema::ArrowError;
use arrow_select::concat::concat_batches;
use bytes::Bytes;
use notochord_proto::variable::{Variable, VariableKind};
use notochord_stats::frame::Column;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::errors::ParquetError;

use super::content::PatientContent;
use super::layout::{FormLayout, Layout};
use super::tables::{EVENT, INSTANCE, PATIENT, VISIT};
use super::write::CONTENT;
use crate::record_key::PatientKey;
use crate::rows::{RowColumn, positions};
use crate::table::{EntryPlace, FormTable};

/// The file is not one that this room wrote.
pub(super) struct Unreadable;

/// The patients, sorted by key, and what is known of each as a whole.
pub(super) fn patients(
    file: Bytes,
    layout: &Layout,
) -> Result<(Vec<PatientKey>, BTreeMap<notochord_proto::name::VariableName, RowColumn>), Unreadable> {
    let batch = all(file)?;
    let keys = keys(&batch)?;
    if !keys.is_sorted_by(|one, next| one < next) {
        return Err(Unreadable);
    }
    let about = layout.about.iter().map(|variable| {
        let column = row_column(&batch, variable)?;
        Ok((variable.name.clone(), column))
    });
    Ok((keys, about.collect::<Result<_, Unreadable>>()?))
}

/// The key of each patient and the start of the digest of what is said about them, a batch at a time.
pub(super) fn contents(
    file: Bytes,
) -> Result<impl Iterator<Item = Result<(PatientKey, PatientContent), Unreadable>>, Unreadable> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)?.build()?;
    let batches = reader.map(|batch| -> Result<Vec<_>, Unreadable> {
        let batch = batch?;
        let contents = fixed(&batch, CONTENT)?.iter().map(|content| content?.try_into().ok());
        let contents = contents.collect::<Option<Vec<_>>>().ok_or(Unreadable)?;
        Ok(keys(&batch)?.into_iter().zip(contents).collect())
    });
    Ok(batches.flat_map(|batch| match batch {
        Ok(patients) => patients.into_iter().map(Ok).collect::<Vec<_>>(),
        Err(error) => vec![Err(error)],
    }))
}

/// The entries of a form, sorted by place.
pub(super) fn form(
    file: Bytes,
    layout: &FormLayout,
    events: &[String],
    patients: &[PatientKey],
) -> Result<FormTable, Unreadable> {
    let batch = all(file)?;
    let events: HashMap<&str, u16> = events.iter().map(String::as_str).zip(0..).collect();
    let event = batch.column_by_name(EVENT).and_then(|column| column.as_string_opt::<i32>());
    let number = |name| batch.column_by_name(name).and_then(|column| column.as_primitive_opt::<UInt32Type>());
    let (event, visit) = (event.ok_or(Unreadable)?, number(VISIT).ok_or(Unreadable)?);
    let instance = number(INSTANCE).ok_or(Unreadable)?;
    let places = keys(&batch)?.into_iter().enumerate().map(|(row, key)| {
        let patient = patients.binary_search(&key).ok().and_then(|place| u32::try_from(place).ok());
        let event = event.is_valid(row).then(|| events.get(event.value(row))).flatten();
        let (visit, instance) = (visit.value(row), instance.value(row));
        Some(EntryPlace { patient: patient?, event: *event?, visit, instance })
    });
    let places: Vec<EntryPlace> = places.collect::<Option<_>>().ok_or(Unreadable)?;
    if !places.is_sorted_by(|one, next| one < next) {
        return Err(Unreadable);
    }
    let columns = layout.variables.iter().map(|variable| {
        let column = row_column(&batch, variable)?;
        Ok((variable.name.clone(), column))
    });
    let columns = columns.collect::<Result<_, Unreadable>>()?;
    Ok(FormTable { form: layout.form.clone(), places, columns })
}

fn all(file: Bytes) -> Result<RecordBatch, Unreadable> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)?.with_batch_size(1 << 16);
    let schema = reader.schema().clone();
    let batches = reader.build()?.collect::<Result<Vec<_>, _>>()?;
    Ok(concat_batches(&schema, &batches)?)
}

fn fixed<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a FixedSizeBinaryArray, Unreadable> {
    batch.column_by_name(name).and_then(|column| column.as_fixed_size_binary_opt()).ok_or(Unreadable)
}

fn keys(batch: &RecordBatch) -> Result<Vec<PatientKey>, Unreadable> {
    let keys = fixed(batch, PATIENT)?.iter().map(|key| Some(PatientKey(key?.try_into().ok()?)));
    keys.collect::<Option<_>>().ok_or(Unreadable)
}

fn row_column(batch: &RecordBatch, variable: &Variable) -> Result<RowColumn, Unreadable> {
    let array = batch.column_by_name(variable.name.as_str()).ok_or(Unreadable)?;
    let values = column(&variable.kind, array).ok_or(Unreadable)?;
    Ok(RowColumn { variable: variable.clone(), values })
}

fn column(kind: &VariableKind, array: &ArrayRef) -> Option<Column> {
    Some(match kind {
        VariableKind::Integer { .. } => Column::Integer(array.as_primitive_opt()?.clone()),
        VariableKind::Number { .. } => Column::Number(array.as_primitive_opt()?.clone()),
        VariableKind::Factor { .. } => Column::Factor(positions(kind, array.as_string_opt()?)?),
    })
}

impl From<ArrowError> for Unreadable {
    fn from(_: ArrowError) -> Self {
        Self
    }
}

impl From<ParquetError> for Unreadable {
    fn from(_: ParquetError) -> Self {
        Self
    }
}
