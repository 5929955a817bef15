//! Reading a file: its headings, a look at its first rows, then row by row to the sink.

use csv::StringRecord;

use super::detect::style;
use super::file_report::{FileReport, PatientRule, VisitRule};
use super::header::Header;
use super::reading::Reading;
use super::row_reader::{Outcome, RowReader};
use super::rows::{Row, Rows};
use super::sink::Sink;
use super::{Finding, ImportError, MOST_ROWS, RowPlace};

/// How many of the first rows tell codes from labels.
const SAMPLED_ROWS: usize = 200;
/// How many bytes of them are kept at most.
const SAMPLED_BYTES: usize = 4 << 20;

/// How a format counts its rows.
pub(super) type Places = fn(u64) -> RowPlace;

/// Reads a file, the `number`th of an import, and passes on every row of a known patient after what is wrong
/// in it. Quarantined rows are passed on as such.
pub(super) fn read(
    mut rows: Box<dyn Rows + '_>,
    name: &str,
    number: u16,
    places: Places,
    reading: &Reading<'_>,
    sink: &mut dyn Sink,
) -> Result<FileReport, ImportError> {
    let headings = rows.headings()?;
    let header = Header::read(name, &headings, reading)?;
    rows.need(&header.needed())?;
    let sample = sample(rows.as_mut())?;
    let sampled = sample.iter().map(|(_, cells)| cells);
    let (style, known) = style(sampled, &header, rows.decimal(), reading);
    let row_reader = RowReader { file: number, header: &header, style, reading };
    let mut passing = Passing { name, places, row_reader, sink, counts: Counts::default() };
    for (row, cells) in &sample {
        passing.pass(*row, cells)?;
    }
    drop(sample);
    let mut cells = StringRecord::new();
    while let Some(row) = rows.next(&mut cells)? {
        passing.pass(row, &cells)?;
    }
    let counts = passing.counts;
    let (format, digest) = rows.finish()?;
    Ok(FileReport {
        name: name.to_owned(),
        digest,
        format,
        headings: header.headings,
        encoding: style.encoding,
        encoding_is: known,
        patients: header.record_id.map_or(PatientRule::RowNumber, |_| PatientRule::RecordId),
        visits: match header.is_in_file_order() {
            false => VisitRule::Columns,
            true if reading.dictionary.events().is_empty() => VisitRule::NthVisit,
            true => VisitRule::NthEvent,
        },
        rows_read: counts.read,
        rows_quarantined: counts.quarantined,
        rows_blank: counts.blank,
        dropped: header.dropped,
        unknown: header.unknown,
        absent: header.absent,
    })
}

/// The first rows.
fn sample(rows: &mut dyn Rows) -> Result<Vec<(Row, StringRecord)>, ImportError> {
    let (mut sample, mut bytes) = (Vec::new(), 0);
    while sample.len() < SAMPLED_ROWS && bytes < SAMPLED_BYTES {
        let mut cells = StringRecord::new();
        let Some(row) = rows.next(&mut cells)? else { break };
        bytes += cells.as_slice().len();
        sample.push((row, cells));
    }
    Ok(sample)
}

#[derive(Default)]
struct Counts {
    read: u64,
    quarantined: u64,
    blank: u64,
}

/// Rows on their way to the sink.
struct Passing<'a> {
    name: &'a str,
    places: Places,
    row_reader: RowReader<'a>,
    sink: &'a mut dyn Sink,
    counts: Counts,
}

impl Passing<'_> {
    fn pass(&mut self, row: Row, cells: &StringRecord) -> Result<(), ImportError> {
        let (wrong, record) = match self.row_reader.read(row, cells) {
            Outcome::Blank => {
                self.counts.blank += 1;
                return Ok(());
            }
            Outcome::Read { wrong, record } => (wrong, record),
        };
        if self.counts.read == MOST_ROWS {
            return Err(ImportError::TooManyRows { file: self.name.to_owned() });
        }
        self.counts.read += 1;
        self.counts.quarantined += u64::from(!wrong.is_empty());
        for (column, wrong) in wrong {
            self.sink.finding(Finding {
                file: self.name.to_owned(),
                row: (self.places)(row.place),
                column,
                kind: wrong.kind,
                finding: wrong.finding,
            })?;
        }
        record.map_or(Ok(()), |record| self.sink.record(record))
    }
}
