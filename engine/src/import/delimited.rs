//! CSV: lines of cells between commas, semicolons or tabs.

use std::io::{self, Chain, Cursor, Read};

use csv::{ByteRecord, ErrorKind, Reader, ReaderBuilder, StringRecord};
use notochord_proto::digest::Digest;

use super::charset::{CharsetSoFar, Mixed};
use super::file_report::{Delimiter, FileFormat};
use super::rows::{Quotes, Row, Rows};
use super::source::SourceReader;
use super::style::Decimal;
use super::{ImportError, LONGEST_ROW};

/// How much is read at once while the end of the first line is sought.
const PIECE: usize = 1 << 16;
/// The mark with which a text may say that it is UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// How files begin that are no text, and what they are.
const OTHER_FORMATS: [(&[u8], &str); 13] = [
    (b"\xff\xfe", "a text in UTF-16; save it as CSV in UTF-8"),
    (b"\xfe\xff", "a text in UTF-16; save it as CSV in UTF-8"),
    (b"PK\x03\x04", "a workbook of a spreadsheet, or another ZIP archive; save the sheet as CSV in UTF-8"),
    (b"\xd0\xcf\x11\xe0", "a workbook of a spreadsheet; save the sheet as CSV in UTF-8"),
    (b"\x1f\x8b", "compressed; unpack it first"),
    (b"PAR1", "Parquet, of which the end is missing"),
    (b"<?xml", "XML; export CSV (raw data)"),
    (b"<!", "a web page; export CSV (raw data)"),
    (b"<html", "a web page; export CSV (raw data)"),
    (b"<HTML", "a web page; export CSV (raw data)"),
    (b"{\"", "JSON; export CSV (raw data)"),
    (b"[{", "JSON; export CSV (raw data)"),
    (b"%PDF", "a PDF; export CSV (raw data)"),
];

/// The rows of a CSV file.
pub(super) struct DelimitedRows<'a, R> {
    file: &'a str,
    reader: Reader<SourceReader<Chain<Cursor<Vec<u8>>, R>>>,
    delimiter: Delimiter,
    preamble: Preamble,
    charset: CharsetSoFar,
    row: ByteRecord,
}

/// What stands before the headings.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Preamble {
    None,
    /// A line `sep=;`, by which a spreadsheet knows the delimiter.
    Separator,
}

impl<'a, R: Read> DelimitedRows<'a, R> {
    /// Looks at the first line for what divides the cells.
    pub(super) fn open(file: &'a str, mut reader: R) -> Result<Self, ImportError> {
        let first =
            look_ahead(&mut reader).map_err(|source| ImportError::Read { file: file.to_owned(), source })?;
        let text = first.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&first);
        if let Some((_, what)) = OTHER_FORMATS.iter().find(|(magic, _)| text.starts_with(magic)) {
            return Err(ImportError::NotATable { file: file.to_owned(), what });
        }
        if text.iter().take(4).any(|byte| *byte == 0) {
            let what = "a text in UTF-16, or no text; save it as CSV in UTF-8";
            return Err(ImportError::NotATable { file: file.to_owned(), what });
        }
        let (delimiter, preamble) = match separator(text) {
            Some(delimiter) => (delimiter, Preamble::Separator),
            None => (delimiter(text), Preamble::None),
        };
        // Rows of another width are findings, not the end of the file; so the reader lets them pass.
        let mut builder = ReaderBuilder::new();
        builder.has_headers(false).flexible(true).delimiter(delimiter.byte());
        let reader = builder.from_reader(SourceReader::new(Cursor::new(first).chain(reader)));
        let (charset, row) = (CharsetSoFar::default(), ByteRecord::new());
        Ok(Self { file, reader, delimiter, preamble, charset, row })
    }

    /// Reads the next row into `self.row`.
    fn read(&mut self) -> Result<Option<Row>, ImportError> {
        self.reader.get_mut().begin_row();
        let read = self.reader.read_byte_record(&mut self.row);
        let (file, source) = (|| self.file.to_owned(), self.reader.get_ref());
        let place = source.row_line();
        match read.map_err(csv::Error::into_kind) {
            Ok(true) => {
                let quotes = if source.is_open_over_lines() { Quotes::Open } else { Quotes::Closed };
                Ok(Some(Row { place, quotes }))
            }
            Ok(false) => Ok(None),
            Err(_) if source.is_exhausted() => Err(ImportError::RowTooLong { file: file(), line: place }),
            Err(ErrorKind::Io(source)) => Err(ImportError::Read { file: file(), source }),
            Err(_) => Err(ImportError::Read { file: file(), source: io::ErrorKind::InvalidData.into() }),
        }
    }

    fn text(&mut self, line: u64, room: ByteRecord) -> Result<StringRecord, ImportError> {
        let row = std::mem::replace(&mut self.row, room);
        self.charset.text(row, line).map_err(|Mixed { utf8, latin1 }| ImportError::MixedCharsets {
            file: self.file.to_owned(),
            utf8,
            latin1,
        })
    }
}

impl<R: Read> Rows for DelimitedRows<'_, R> {
    fn headings(&mut self) -> Result<StringRecord, ImportError> {
        if self.preamble == Preamble::Separator {
            self.read()?;
        }
        let Some(row) = self.read()? else { return Err(ImportError::Empty { file: self.file.to_owned() }) };
        if row.quotes == Quotes::Open {
            return Err(ImportError::OpenQuotation { file: self.file.to_owned(), line: row.place });
        }
        let headings = self.text(row.place, ByteRecord::new())?;
        // The CSV reader misses a byte-order mark that arrives in two reads.
        Ok(headings.iter().map(|heading| heading.trim_start_matches('\u{feff}').trim()).collect())
    }

    fn need(&mut self, _: &[usize]) -> Result<(), ImportError> {
        Ok(())
    }

    fn next(&mut self, cells: &mut StringRecord) -> Result<Option<Row>, ImportError> {
        let Some(row) = self.read()? else { return Ok(None) };
        // The room of the row before is used again.
        let room = std::mem::take(cells).into_byte_record();
        *cells = self.text(row.place, room)?;
        Ok(Some(row))
    }

    fn decimal(&self) -> Decimal {
        match self.delimiter {
            Delimiter::Semicolon => Decimal::PointOrComma,
            Delimiter::Comma | Delimiter::Tab => Decimal::Point,
        }
    }

    fn finish(self: Box<Self>) -> Result<(FileFormat, Digest), ImportError> {
        let format = FileFormat::Csv { delimiter: self.delimiter, charset: self.charset.charset() };
        Ok((format, self.reader.into_inner().digest()))
    }
}

impl Delimiter {
    const ALL: [Self; 3] = [Self::Comma, Self::Semicolon, Self::Tab];

    fn byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Semicolon => b';',
            Self::Tab => b'\t',
        }
    }
}

/// The start of a file, at least up to the end of its first line that is not empty.
fn look_ahead(reader: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut start = Vec::new();
    while start.len() < LONGEST_ROW && first_line(&start).is_none() {
        if reader.by_ref().take(PIECE as u64).read_to_end(&mut start)? == 0 {
            break;
        }
    }
    Ok(start)
}

/// The first line that is not empty, where all of it is there. A line does not end between quotation marks.
fn first_line(start: &[u8]) -> Option<&[u8]> {
    let begin = start.iter().position(|byte| !matches!(byte, b'\r' | b'\n'))?;
    let line = start.get(begin..)?;
    let mut is_quoted = false;
    let ends = |byte: &u8| {
        is_quoted ^= *byte == b'"';
        !is_quoted && matches!(byte, b'\r' | b'\n')
    };
    let end = line.iter().position(ends)?;
    line.get(..end)
}

/// The delimiter of a line `sep=;`.
fn separator(text: &[u8]) -> Option<Delimiter> {
    let line = first_line(text)?;
    let [mark] = line.strip_prefix(b"sep=")? else { return None };
    Delimiter::ALL.into_iter().find(|delimiter| delimiter.byte() == *mark)
}

/// What divides the headings: the most frequent delimiter outside quotation marks, a comma where there is none.
fn delimiter(text: &[u8]) -> Delimiter {
    let line = first_line(text).unwrap_or(text);
    let mut counts = [0_usize; 3];
    let mut is_quoted = false;
    for byte in line {
        is_quoted ^= *byte == b'"';
        let delimiter = Delimiter::ALL.iter().position(|delimiter| delimiter.byte() == *byte);
        if let Some(count) = delimiter.filter(|_| !is_quoted).and_then(|position| counts.get_mut(position)) {
            *count += 1;
        }
    }
    let most = counts.into_iter().max().unwrap_or_default();
    Delimiter::ALL
        .into_iter()
        .zip(counts)
        .find(|(_, count)| *count == most)
        .map_or(Delimiter::Comma, |(best, _)| best)
}
