//! Opening a file for what it is: CSV, or Parquet by its first bytes.

use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;

use super::columnar::ColumnarRows;
use super::delimited::DelimitedRows;
use super::file_report::FileReport;
use super::read::read;
use super::reading::Reading;
use super::sink::Sink;
use super::{ImportError, RowPlace};

/// How a Parquet file begins and ends.
const PARQUET: &[u8] = b"PAR1";

/// Reads a file, the `number`th of an import, called `name` in findings. `progress` is told how many of its
/// bytes have been read.
pub(crate) fn read_file(
    path: &Path,
    name: &str,
    number: u16,
    reading: &Reading<'_>,
    progress: &mut dyn FnMut(u64),
    sink: &mut dyn Sink,
) -> Result<FileReport, ImportError> {
    let unreadable = |source| ImportError::Read { file: name.to_owned(), source };
    let mut file = File::open(path).map_err(unreadable)?;
    let mut magic = Vec::new();
    file.by_ref().take(PARQUET.len() as u64).read_to_end(&mut magic).map_err(unreadable)?;
    file.rewind().map_err(unreadable)?;
    if magic == PARQUET {
        let rows = Box::new(ColumnarRows::open(name, file, progress)?);
        return read(rows, name, number, RowPlace::Row, reading, sink);
    }
    read_text(Counted { file, read: 0, progress }, name, number, reading, sink)
}

/// Reads a CSV, the `number`th file of an import, called `name` in findings.
pub(crate) fn read_text(
    reader: impl Read,
    name: &str,
    number: u16,
    reading: &Reading<'_>,
    sink: &mut dyn Sink,
) -> Result<FileReport, ImportError> {
    let rows = Box::new(DelimitedRows::open(name, reader)?);
    read(rows, name, number, RowPlace::Line, reading, sink)
}

/// A file that tells how much of it has been read.
struct Counted<'a> {
    file: File,
    read: u64,
    progress: &'a mut dyn FnMut(u64),
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.read += count as u64;
        (self.progress)(self.read);
        Ok(count)
    }
}
