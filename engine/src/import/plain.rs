//! A plain CSV: a header row, then one row per patient.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::io::{self, Read};

use csv::{ErrorKind, Reader, ReaderBuilder, StringRecord, Trim};
use notochord_proto::dictionary::Dictionary;
use notochord_proto::variable::Variable;

use super::builder::ColumnBuilder;
use super::cell::CellValue;
use super::header::Header;
use super::report::{Finding, ImportReport};
use super::source::SourceReader;
use super::{ImportError, Imported, MOST_FINDINGS, MOST_ROWS, Source};
use crate::record_key::{PatientKey, RecordKey};
use crate::rows::Rows;

/// Reads a CSV with one row per patient: comma, UTF-8 (a byte-order mark and CRLF are accepted), a header
/// row, columns in any order, an empty cell for a missing value. Blanks around a cell are not part of it.
///
/// With a column named like the dictionary's record-id field a patient is known by the record id, and a later
/// row with the same id is quarantined; without one each row is a patient, known by its row number. `file` is
/// the name that findings give.
pub fn read_plain_csv<R: Read>(
    file: &str,
    reader: R,
    dictionary: &Dictionary,
    key: &RecordKey,
) -> Result<Imported, ImportError> {
    let mut table = Table::open(file, reader);
    let mut cells = StringRecord::new();
    if table.next(&mut cells)?.is_none() {
        return Err(ImportError::Empty { file: file.into() });
    }
    let variables = dictionary.variables();
    let header = Header::read(file, &cells, dictionary, &variables)?;
    let mut import = PlainImport::new(file, key, variables, &header);
    while let Some(line) = table.next(&mut cells)? {
        if import.report.rows_read == MOST_ROWS {
            return Err(ImportError::TooManyRows { file: file.into() });
        }
        import.row(&header, line, &cells);
    }
    let source = Source { file: file.into(), digest: table.into_source().digest() };
    import.finish(dictionary, source)
}

/// The CSV reader and the errors of its file.
struct Table<'a, R> {
    file: &'a str,
    reader: Reader<SourceReader<R>>,
}

impl<'a, R: Read> Table<'a, R> {
    fn open(file: &'a str, reader: R) -> Self {
        // Rows of another width are findings, not the end of the file; so the reader lets them pass.
        let mut builder = ReaderBuilder::new();
        builder.has_headers(false).flexible(true).trim(Trim::All);
        Self { file, reader: builder.from_reader(SourceReader::new(reader)) }
    }

    /// Reads the next row into `cells`; the line on which it starts, or `None` at the end of the file.
    fn next(&mut self, cells: &mut StringRecord) -> Result<Option<u64>, ImportError> {
        self.reader.get_mut().begin_row();
        let read = self.reader.read_record(cells);
        let (file, source) = (|| self.file.to_owned(), self.reader.get_ref());
        let line = source.row_line();
        match read.map_err(csv::Error::into_kind) {
            Ok(found) => Ok(found.then_some(line)),
            Err(_) if source.is_exhausted() => Err(ImportError::RowTooLong { file: file(), line }),
            Err(ErrorKind::Utf8 { .. }) => Err(ImportError::NotUtf8 { file: file(), line }),
            Err(ErrorKind::Io(source)) => Err(ImportError::Read { file: file(), source }),
            Err(_) => Err(ImportError::Read { file: file(), source: io::ErrorKind::InvalidData.into() }),
        }
    }

    fn into_source(self) -> SourceReader<R> {
        self.reader.into_inner()
    }
}

/// An import under way.
struct PlainImport<'a> {
    file: &'a str,
    key: &'a RecordKey,
    columns: Vec<ColumnBuilder>,
    patients: Vec<PatientKey>,
    /// The line on which each record id first stood.
    first_lines: HashMap<PatientKey, u64>,
    report: ImportReport,
}

impl<'a> PlainImport<'a> {
    fn new(file: &'a str, key: &'a RecordKey, variables: Vec<Variable>, header: &Header) -> Self {
        let report = ImportReport {
            file: file.into(),
            patients: header.patients(),
            rows_read: 0,
            rows_kept: 0,
            rows_quarantined: 0,
            findings: Vec::new(),
            findings_unlisted: 0,
            dropped: header.dropped.clone(),
            unknown: header.unknown.clone(),
            absent: header.absent.clone(),
            missing: BTreeMap::new(),
        };
        let columns = variables.into_iter().map(ColumnBuilder::new).collect();
        Self { file, key, columns, patients: Vec::new(), first_lines: HashMap::new(), report }
    }

    /// Keeps a row whole, or quarantines it with everything that is wrong in it.
    fn row(&mut self, header: &Header, line: u64, cells: &StringRecord) {
        self.report.rows_read += 1;
        match self.read(header, line, cells) {
            Ok((patient, values)) => {
                self.report.rows_kept += 1;
                self.patients.push(patient);
                self.columns.iter_mut().zip(values).for_each(|(column, value)| column.append(value));
            }
            Err(findings) => {
                self.report.rows_quarantined += 1;
                findings.into_iter().for_each(|finding| self.note(finding));
            }
        }
    }

    /// The patient and the value of every variable, or everything that is wrong in the row.
    fn read(
        &mut self,
        header: &Header,
        line: u64,
        cells: &StringRecord,
    ) -> Result<(PatientKey, Vec<CellValue>), Vec<Finding>> {
        let file = self.file;
        let found = |column: Option<&str>, finding| {
            let column = column.map(str::to_owned);
            Finding { file: file.into(), line, column, finding }
        };
        if cells.len() != header.width {
            let finding = format!("cells in the row: {}, headings: {}", cells.len(), header.width);
            return Err(vec![found(None, finding)]);
        }
        let mut findings = Vec::new();
        let patient = match &header.record_id {
            None => Some(self.key.patient(&self.report.rows_read.to_string())),
            Some(id) => self
                .patient(line, &cells[id.cell])
                .map_err(|finding| findings.push(found(Some(&id.name), finding)))
                .ok(),
        };
        let mut values = vec![CellValue::Missing; self.columns.len()];
        for column in &header.stored {
            match column.expected.read(&cells[column.cell]) {
                Ok(value) => values[column.variable] = value,
                Err(finding) => {
                    let name = self.columns[column.variable].variable().name.as_str();
                    findings.push(found(Some(name), finding));
                }
            }
        }
        patient.filter(|_| findings.is_empty()).map(|patient| (patient, values)).ok_or(findings)
    }

    /// The patient of a record id, which counts as seen even where its row is quarantined. No finding quotes
    /// it.
    fn patient(&mut self, line: u64, record_id: &str) -> Result<PatientKey, String> {
        if record_id.is_empty() {
            return Err("no record id".into());
        }
        let patient = self.key.patient(record_id);
        match self.first_lines.entry(patient) {
            Entry::Occupied(first) => Err(format!("the same record id as on line {}", first.get())),
            Entry::Vacant(unseen) => {
                unseen.insert(line);
                Ok(patient)
            }
        }
    }

    fn note(&mut self, finding: Finding) {
        if self.report.findings.len() < MOST_FINDINGS {
            self.report.findings.push(finding);
        } else {
            self.report.findings_unlisted += 1;
        }
    }

    fn finish(self, dictionary: &Dictionary, source: Source) -> Result<Imported, ImportError> {
        let Self { file, mut report, patients, columns, .. } = self;
        let missing = columns.iter().map(|column| (column.variable().name.clone(), column.missing()));
        report.missing = missing.collect();
        let columns = columns.into_iter().map(ColumnBuilder::finish).collect();
        let rows =
            Rows::sorted(patients, columns).map_err(|_| ImportError::RowsDoNotFit { file: file.into() })?;
        Ok(Imported { rows, dictionary: dictionary.digest(), source, report })
    }
}
