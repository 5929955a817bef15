//! `patients.parquet`: one row per patient, a factor as its code, so that any Parquet reader understands it.

use std::fs::File;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, FixedSizeBinaryArray, RecordBatch};
use arrow_schema::{ArrowError, Field, Schema};
use arrow_select::concat::concat_batches;
use notochord_proto::variable::{Variable, VariableKind};
use notochord_stats::frame::Column;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use crate::record_key::PatientKey;
use crate::rows::{RowColumn, Rows, positions};

/// The column of patient keys; no variable's name starts with `_`.
const PATIENT: &str = "_patient";

/// The file is not one that [`write()`] wrote.
pub(super) struct Unreadable;

/// Writes the rows; the file, still to be made durable.
pub(super) fn write(file: File, rows: &Rows) -> Result<File, ParquetError> {
    let batch = batch(rows)?;
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties))?;
    writer.write(&batch)?;
    writer.into_inner()
}

/// Reads the rows of these variables.
pub(super) fn read(file: File, variables: &[Variable]) -> Result<Rows, Unreadable> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)?;
    let schema = reader.schema().clone();
    let batches = reader.build()?.collect::<Result<Vec<_>, _>>()?;
    let batch = concat_batches(&schema, &batches)?;
    let patients = batch.column_by_name(PATIENT).and_then(|keys| keys.as_fixed_size_binary_opt());
    let patients = patients.ok_or(Unreadable)?.iter().map(|key| Some(PatientKey(key?.try_into().ok()?)));
    let patients = patients.collect::<Option<_>>().ok_or(Unreadable)?;
    let columns = variables.iter().map(|variable| {
        let array = batch.column_by_name(variable.name.as_str()).ok_or(Unreadable)?;
        let values = column(&variable.kind, array).ok_or(Unreadable)?;
        Ok(RowColumn { variable: variable.clone(), values })
    });
    Ok(Rows::sorted(patients, columns.collect::<Result<_, Unreadable>>()?)?)
}

fn batch(rows: &Rows) -> Result<RecordBatch, ArrowError> {
    let keys = rows.patients().iter().map(|patient| Some(patient.0));
    let keys = FixedSizeBinaryArray::try_from_sparse_iter_with_size(keys, PatientKey::BYTES as i32)?;
    let mut fields = vec![Field::new(PATIENT, keys.data_type().clone(), false)];
    let mut arrays: Vec<ArrayRef> = vec![Arc::new(keys)];
    for column in rows.columns() {
        let array: ArrayRef = match (&column.values, column.codes()) {
            (_, Some(codes)) => Arc::new(codes),
            (Column::Integer(values), None) => Arc::new(values.clone()),
            (Column::Number(values), None) => Arc::new(values.clone()),
            (Column::Factor(positions), None) => Arc::new(positions.clone()),
        };
        fields.push(Field::new(column.variable.name.as_str(), array.data_type().clone(), true));
        arrays.push(array);
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
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
