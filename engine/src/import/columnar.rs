//! Parquet: columns of typed values, read batch by batch as the cells a CSV would have.

mod values;

use std::fs::File;
use std::io::{self, Read, Seek};
use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow_array::RecordBatch;
use arrow_schema::Schema as ArrowSchema;
use csv::StringRecord;
use notochord_proto::digest::Digest;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::errors::ParquetError;
use sha2::{Digest as _, Sha256};

use self::values::Values;
use super::ImportError;
use super::cell::excerpt;
use super::file_report::FileFormat;
use super::rows::{Quotes, Row, Rows};
use super::style::Decimal;

/// How many rows are decoded at once.
const BATCH: usize = 1 << 10;
/// How much is hashed at once.
const PIECE: usize = 1 << 16;

/// The rows of a Parquet file.
pub(super) struct ColumnarRows<'a> {
    file: &'a str,
    digest: Digest,
    length: u64,
    rows: u64,
    /// Until the columns that are needed are known.
    builder: Option<ParquetRecordBatchReaderBuilder<File>>,
    reader: Option<ParquetRecordBatchReader>,
    width: usize,
    needed: Vec<usize>,
    batch: Vec<(usize, Values)>,
    /// The next row of the batch, and how many it has.
    next: (usize, usize),
    read: u64,
    /// Told how many bytes of the file have been read, about.
    progress: &'a mut dyn FnMut(u64),
}

impl<'a> ColumnarRows<'a> {
    /// Reads the file's description of itself.
    pub(super) fn open(
        name: &'a str,
        mut file: File,
        progress: &'a mut dyn FnMut(u64),
    ) -> Result<Self, ImportError> {
        let (digest, length) =
            digest(&mut file).map_err(|source| ImportError::Read { file: name.to_owned(), source })?;
        let unreadable = |source| ImportError::Parquet { file: name.to_owned(), source };
        let builder = contained(|| ParquetRecordBatchReaderBuilder::try_new(file)).map_err(unreadable)?;
        let rows = u64::try_from(builder.metadata().file_metadata().num_rows()).unwrap_or(0);
        let width = builder.schema().fields().len();
        Ok(Self {
            file: name,
            digest,
            length,
            rows,
            builder: Some(builder),
            reader: None,
            width,
            needed: Vec::new(),
            batch: Vec::new(),
            next: (0, 0),
            read: 0,
            progress,
        })
    }

    /// Decodes the next batch; `false` behind the last.
    fn decode(&mut self) -> Result<bool, ImportError> {
        let Some(mut reader) = self.reader.take() else { return Ok(false) };
        let decoded = contained(|| Ok((reader.next().transpose()?, reader)));
        let (batch, reader) = decoded.map_err(|error| self.unreadable(error))?;
        let Some(batch) = batch else { return Ok(false) };
        self.reader = Some(reader);
        self.batch = self.columns(&batch)?;
        self.next = (0, batch.num_rows());
        Ok(true)
    }

    fn columns(&self, batch: &RecordBatch) -> Result<Vec<(usize, Values)>, ImportError> {
        let column = |(position, array)| match Values::of(array) {
            Some(values) => Ok((position, values)),
            None => Err(self.column_type(batch.schema_ref(), position)),
        };
        self.needed.iter().copied().zip(batch.columns()).map(column).collect()
    }

    fn column_type(&self, schema: &ArrowSchema, position: usize) -> ImportError {
        let at = self.needed.iter().position(|needed| *needed == position);
        let field = at.and_then(|at| schema.fields().get(at));
        let (column, is) = field
            .map(|field| (excerpt(field.name()), excerpt(&field.data_type().to_string())))
            .unwrap_or_default();
        let wanted = "write it as numbers, truth values, dates, times or text";
        ImportError::ColumnType { file: self.file.to_owned(), column, is, wanted }
    }

    fn unreadable(&self, source: ParquetError) -> ImportError {
        ImportError::Parquet { file: self.file.to_owned(), source }
    }
}

impl Rows for ColumnarRows<'_> {
    fn headings(&mut self) -> Result<StringRecord, ImportError> {
        let builder = self.builder.as_ref();
        let names = builder.map(|builder| builder.schema().fields().iter());
        Ok(names.into_iter().flatten().map(|field| field.name().trim()).collect())
    }

    fn need(&mut self, columns: &[usize]) -> Result<(), ImportError> {
        let Some(builder) = self.builder.take() else { return Ok(()) };
        // Nothing of other columns is decoded.
        let mask = ProjectionMask::roots(builder.parquet_schema(), columns.iter().copied());
        let built = contained(|| builder.with_projection(mask).with_batch_size(BATCH).build());
        self.reader = Some(built.map_err(|source| self.unreadable(source))?);
        self.needed = columns.to_vec();
        Ok(())
    }

    fn next(&mut self, cells: &mut StringRecord) -> Result<Option<Row>, ImportError> {
        while self.next.0 == self.next.1 {
            if !self.decode()? {
                return Ok(None);
            }
            let share = self.read as f64 / self.rows.max(1) as f64;
            (self.progress)((share * self.length as f64) as u64);
        }
        let row = self.next.0;
        self.next.0 += 1;
        self.read += 1;
        cells.clear();
        let mut columns = self.batch.iter().peekable();
        let mut text = String::new();
        for position in 0..self.width {
            text.clear();
            if let Some((_, values)) = columns.next_if(|(column, _)| *column == position) {
                values.write(row, &mut text);
            }
            cells.push_field(&text);
        }
        Ok(Some(Row { place: self.read, quotes: Quotes::Closed }))
    }

    fn decimal(&self) -> Decimal {
        Decimal::Point
    }

    fn finish(self: Box<Self>) -> Result<(FileFormat, Digest), ImportError> {
        (self.progress)(self.length);
        Ok((FileFormat::Parquet, self.digest))
    }
}

/// What comes of decoding. The decoder panics over some damaged files, which are no faults of this program; what
/// it was decoding with is gone then.
fn contained<T>(decode: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, ParquetError> {
    let damaged = || ParquetError::General("the file is damaged".to_owned());
    catch_unwind(AssertUnwindSafe(decode)).unwrap_or_else(|_| Err(damaged()))
}

/// The digest and the length of a file, which is left at its start.
fn digest(file: &mut File) -> io::Result<(Digest, u64)> {
    file.rewind()?;
    let (mut hash, mut length) = (Sha256::new(), 0);
    let mut piece = vec![0; PIECE];
    loop {
        let count = file.read(&mut piece)?;
        if count == 0 {
            break;
        }
        hash.update(&piece[..count]);
        length += count as u64;
    }
    file.rewind()?;
    Ok((Digest::from_bytes(hash.finalize().into()), length))
}
