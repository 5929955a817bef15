//! `forms/<form>.parquet`: one row per entry, a factor as its code, so that any Parquet reader understands it.

use std::io;
use std::path::Path;
use std::sync::Arc;

use arrow_array::builder::{ArrayBuilder as _, FixedSizeBinaryBuilder, StringBuilder, UInt32Builder};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use notochord_proto::variable::{Variable, VariableKind};
use notochord_stats::frame::Column;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use super::key::SnapshotKey;
use super::manifest::StoredFile;
use super::stored_file::FileWriter;
use crate::column_builder::{ColumnBuilder, append_entry};
use crate::patient::Entry;
use crate::record_key::PatientKey;
use crate::rows::RowColumn;

/// The columns beside the variables; no variable's name starts with `_`.
pub(super) const PATIENT: &str = "_patient";
pub(super) const EVENT: &str = "_event";
pub(super) const VISIT: &str = "_visit";
pub(super) const INSTANCE: &str = "_instance";

/// How many values are encoded at a time.
const BATCH_VALUES: usize = 1 << 17;
/// How many rows are, at most.
const MOST_BATCH_ROWS: usize = 4096;
/// The memory that all files together may take for row groups under way.
const ROW_GROUPS: usize = 32 << 20;
/// A row group of a file is not smaller than this for the sake of the others.
const LEAST_ROW_GROUP: usize = 1 << 20;

/// A Parquet file under way, in bounded memory.
pub(super) struct TableWriter {
    name: String,
    writer: ArrowWriter<FileWriter>,
    row_group: usize,
}

impl TableWriter {
    /// A new file, one of `files` that are written side by side.
    pub(super) fn create(
        place: &Path,
        name: String,
        schema: SchemaRef,
        key: Option<&SnapshotKey>,
        files: usize,
    ) -> io::Result<Self> {
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let file = FileWriter::create(place, &name, key)?;
        let writer = ArrowWriter::try_new(file, schema, Some(properties)).map_err(system)?;
        Ok(Self { name, writer, row_group: (ROW_GROUPS / files.max(1)).max(LEAST_ROW_GROUP) })
    }

    pub(super) fn write(&mut self, batch: &RecordBatch) -> io::Result<()> {
        self.writer.write(batch).map_err(system)?;
        match self.writer.memory_size() > self.row_group {
            true => self.writer.flush().map_err(system),
            false => Ok(()),
        }
    }

    /// Makes the file durable.
    pub(super) fn finish(self) -> io::Result<StoredFile> {
        let digest = self.writer.into_inner().map_err(system)?.finish()?;
        Ok(StoredFile { name: self.name, digest })
    }
}

/// The file of one form under way.
pub(super) struct FormWriter {
    table: TableWriter,
    schema: SchemaRef,
    events: Vec<String>,
    /// The position of the form's first column.
    first: u16,
    patients: FixedSizeBinaryBuilder,
    event: StringBuilder,
    visit: UInt32Builder,
    instance: UInt32Builder,
    columns: Vec<ColumnBuilder>,
    batch_rows: usize,
    entries: u64,
}

impl FormWriter {
    pub(super) fn create(
        place: &Path,
        name: String,
        variables: &[Variable],
        first: u16,
        events: &[String],
        key: Option<&SnapshotKey>,
        files: usize,
    ) -> io::Result<Self> {
        let mut fields = vec![
            Field::new(PATIENT, DataType::FixedSizeBinary(PatientKey::BYTES as i32), false),
            Field::new(EVENT, DataType::Utf8, false),
            Field::new(VISIT, DataType::UInt32, false),
            Field::new(INSTANCE, DataType::UInt32, false),
        ];
        fields.extend(variables.iter().map(field));
        let schema: SchemaRef = Arc::new(Schema::new(fields));
        Ok(Self {
            table: TableWriter::create(place, name, schema.clone(), key, files)?,
            schema,
            events: events.to_vec(),
            first,
            patients: FixedSizeBinaryBuilder::new(PatientKey::BYTES as i32),
            event: StringBuilder::new(),
            visit: UInt32Builder::new(),
            instance: UInt32Builder::new(),
            columns: variables.iter().cloned().map(ColumnBuilder::new).collect(),
            batch_rows: (BATCH_VALUES / variables.len().max(1)).clamp(1, MOST_BATCH_ROWS),
            entries: 0,
        })
    }

    pub(super) fn push(&mut self, patient: PatientKey, entry: &Entry) -> io::Result<()> {
        self.patients.append_value(patient.0).map_err(arrow)?;
        let event = self.events.get(usize::from(entry.place.event));
        self.event.append_value(event.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?);
        self.visit.append_value(entry.place.visit);
        self.instance.append_value(entry.place.instance);
        append_entry(&mut self.columns, self.first, &entry.values);
        self.entries += 1;
        if self.visit.len() >= self.batch_rows { self.write_batch() } else { Ok(()) }
    }

    /// Makes the file durable; how many entries it has.
    pub(super) fn finish(mut self) -> io::Result<(StoredFile, u64)> {
        self.write_batch()?;
        Ok((self.table.finish()?, self.entries))
    }

    fn write_batch(&mut self) -> io::Result<()> {
        let mut arrays: Vec<ArrayRef> = vec![
            Arc::new(self.patients.finish()),
            Arc::new(self.event.finish()),
            Arc::new(self.visit.finish()),
            Arc::new(self.instance.finish()),
        ];
        arrays.extend(self.columns.iter_mut().map(|column| array(&column.finish())));
        let batch = RecordBatch::try_new(self.schema.clone(), arrays).map_err(arrow)?;
        self.table.write(&batch)
    }
}

/// How a variable is written.
pub(super) fn field(variable: &Variable) -> Field {
    let kind = match variable.kind {
        VariableKind::Integer { .. } => DataType::Int64,
        VariableKind::Number { .. } => DataType::Float64,
        VariableKind::Factor { .. } => DataType::Utf8,
    };
    Field::new(variable.name.as_str(), kind, true)
}

/// A variable's values as they are written.
pub(super) fn array(column: &RowColumn) -> ArrayRef {
    match (&column.values, column.codes()) {
        (_, Some(codes)) => Arc::new(codes),
        (Column::Integer(values), None) => Arc::new(values.clone()),
        (Column::Number(values), None) => Arc::new(values.clone()),
        (Column::Factor(positions), None) => Arc::new(positions.clone()),
    }
}

/// Only the file system fails here; what Parquet says of it names no value.
fn system(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(source) => match source.downcast::<io::Error>() {
            Ok(source) => *source,
            Err(source) => io::Error::other(source),
        },
        other => io::Error::other(other),
    }
}

pub(super) fn arrow(error: ArrowError) -> io::Error {
    io::Error::other(error)
}
