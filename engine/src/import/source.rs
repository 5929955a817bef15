//! The file under way: hashed as it passes, its lines counted, and stopped where a row does not end.

use std::io::{self, BufRead, BufReader, Read};

use notochord_proto::digest::Digest;
use sha2::{Digest as _, Sha256};

use super::LONGEST_ROW;

/// A reader that keeps the digest of what passed, knows on which line a row starts (the CSV reader does not,
/// after empty lines or CRLF), and lets one row take at most [`LONGEST_ROW`] bytes.
pub(super) struct SourceReader<R> {
    reader: BufReader<R>,
    hash: Sha256,
    /// The line of the next byte, counted from 1.
    line: u64,
    row_line: Option<u64>,
    allowance: usize,
}

impl<R: Read> SourceReader<R> {
    pub(super) fn new(reader: R) -> Self {
        let reader = BufReader::new(reader);
        Self { reader, hash: Sha256::new(), line: 1, row_line: None, allowance: LONGEST_ROW }
    }

    /// A new row begins after what was read.
    pub(super) fn begin_row(&mut self) {
        self.row_line = None;
        self.allowance = LONGEST_ROW;
    }

    /// The line on which the row under way starts.
    pub(super) fn row_line(&self) -> u64 {
        self.row_line.unwrap_or(self.line)
    }

    /// Whether the row under way used up its allowance.
    pub(super) fn is_exhausted(&self) -> bool {
        self.allowance == 0
    }

    /// The digest of all bytes read.
    pub(super) fn digest(self) -> Digest {
        Digest::from_bytes(self.hash.finalize().into())
    }
}

impl<R: Read> Read for SourceReader<R> {
    /// Reads no further than to the end of a line, so that the reader behind never holds bytes of a later
    /// row.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.is_exhausted() {
            return Err(io::Error::from(io::ErrorKind::InvalidData));
        }
        let available = self.reader.fill_buf()?;
        let line_end =
            available.iter().position(|byte| *byte == b'\n').map_or(available.len(), |end| end + 1);
        let count = line_end.min(buffer.len()).min(self.allowance);
        let read = &available[..count];
        buffer[..count].copy_from_slice(read);
        self.hash.update(read);
        if self.row_line.is_none() && read.iter().any(|byte| !matches!(byte, b'\r' | b'\n')) {
            self.row_line = Some(self.line);
        }
        self.line += u64::from(read.ends_with(b"\n"));
        self.allowance -= count;
        self.reader.consume(count);
        Ok(count)
    }
}
