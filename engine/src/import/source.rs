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
    /// The last byte that was read.
    last: u8,
    row_line: Option<u64>,
    /// Whether the row under way has a quotation mark without its partner so far.
    has_open_quote: bool,
    allowance: usize,
}

impl<R: Read> SourceReader<R> {
    pub(super) fn new(reader: R) -> Self {
        Self {
            reader: BufReader::with_capacity(1 << 16, reader),
            hash: Sha256::new(),
            line: 1,
            last: 0,
            row_line: None,
            has_open_quote: false,
            allowance: LONGEST_ROW,
        }
    }

    /// A new row begins after what was read.
    pub(super) fn begin_row(&mut self) {
        self.row_line = None;
        self.has_open_quote = false;
        self.allowance = LONGEST_ROW;
    }

    /// The line on which the row under way starts.
    pub(super) fn row_line(&self) -> u64 {
        self.row_line.unwrap_or(self.line)
    }

    /// Whether a quotation mark was open when the row that was just read ended, several lines below its start.
    pub(super) fn is_open_over_lines(&self) -> bool {
        let ended_line = matches!(self.last, b'\n' | b'\r');
        let last_line = if ended_line { self.line - 1 } else { self.line };
        self.has_open_quote && last_line > self.row_line()
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
    /// row. A line ends with `\n`, `\r\n` or, on old machines, `\r`.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.is_exhausted() {
            return Err(io::Error::from(io::ErrorKind::InvalidData));
        }
        let available = self.reader.fill_buf()?;
        let ends_line = |byte: &u8| matches!(byte, b'\n' | b'\r');
        let line_end = available.iter().position(ends_line).map_or(available.len(), |end| end + 1);
        let count = line_end.min(buffer.len()).min(self.allowance);
        let read = &available[..count];
        buffer[..count].copy_from_slice(read);
        self.hash.update(read);
        if self.row_line.is_none() && read.iter().any(|byte| !ends_line(byte)) {
            self.row_line = Some(self.line);
        }
        self.has_open_quote ^= read.iter().filter(|byte| **byte == b'"').count() % 2 == 1;
        if let Some(last) = read.last() {
            let is_rest_of_crlf = read == b"\n" && self.last == b'\r';
            self.line += u64::from(ends_line(last) && !is_rest_of_crlf);
            self.last = *last;
        }
        self.allowance -= count;
        self.reader.consume(count);
        Ok(count)
    }
}
