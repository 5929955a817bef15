//! One file's rows, spread over sites.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use csv::{ReaderBuilder, StringRecord, WriterBuilder};

/// A site's name and its rows as CSV.
pub type SiteData = (String, Vec<u8>);

/// How rows are spread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Split<'a> {
    /// By the values of a column, verbatim.
    Column(&'a str),
    /// In turn over this many sites, named `S1`, `S2`, …
    InTurn(usize),
}

/// Why a file cannot be spread.
#[derive(Debug, thiserror::Error)]
pub enum SplitError {
    /// The file.
    #[error("{file}: {source}")]
    Csv {
        /// Which.
        file: String,
        /// Why.
        source: csv::Error,
    },
    /// Bytes that are not text.
    #[error("{file}:{line}: is not UTF-8; save the file as UTF-8")]
    NotUtf8 {
        /// Which file.
        file: String,
        /// Its line.
        line: u64,
    },
    /// A row of another width than the first.
    #[error(
        "{file}:{line}: has {cells} cells under {headings} headings; put cells with commas in double quotes"
    )]
    Width {
        /// Which file.
        file: String,
        /// Its line.
        line: u64,
        /// The cells of the row.
        cells: u64,
        /// Those of the first row.
        headings: u64,
    },
    /// No such column.
    #[error("{file}: there is no column `{column}`; the columns are {columns}")]
    NoColumn {
        /// Which file.
        file: String,
        /// The column asked for.
        column: String,
        /// Those there are.
        columns: String,
    },
    /// A row without a site.
    #[error("{file}:{line}: the column `{column}` is empty")]
    NoSite {
        /// Which file.
        file: String,
        /// Its line.
        line: u64,
        /// The column.
        column: String,
    },
    /// No site at all.
    #[error("{0}: rows need at least one site")]
    NoSites(String),
}

/// The rows of a CSV (`file` names it in errors), spread over sites in the order of their names. Rows that share a
/// `record_id` are one patient's: they stay together, and only one of them need name the site.
pub fn split(
    file: &Path,
    bytes: &[u8],
    record_id: &str,
    how: &Split<'_>,
) -> Result<Vec<SiteData>, SplitError> {
    let name = file.display().to_string();
    let failed = |error| unreadable(&name, error);
    let delimiter = delimiter(bytes);
    let mut reader = ReaderBuilder::new().delimiter(delimiter).from_reader(bytes);
    let header = reader.headers().map_err(failed)?.clone();
    let rows = reader.records().collect::<Result<Vec<_>, _>>().map_err(failed)?;
    let id = header.iter().position(|name| name.trim_start_matches('\u{feff}') == record_id);
    let mut sites: BTreeMap<String, Vec<&StringRecord>> = BTreeMap::new();
    match how {
        Split::Column(column) => {
            let position = position(&name, &header, column)?;
            let mut known = HashMap::new();
            for row in &rows {
                if let (Some(patient), Some(site)) = (patient(row, id), cell(row, position)) {
                    known.entry(patient).or_insert(site);
                }
            }
            for row in &rows {
                let of_patient = || known.get(patient(row, id)?).copied();
                let site = cell(row, position).or_else(of_patient).ok_or_else(|| SplitError::NoSite {
                    file: name.clone(),
                    line: row.position().map_or(0, |position| position.line()),
                    column: (*column).to_owned(),
                })?;
                sites.entry(site.to_owned()).or_default().push(row);
            }
        }
        Split::InTurn(0) => return Err(SplitError::NoSites(name)),
        Split::InTurn(count) => {
            // Every site exists, also one that no row falls to.
            sites.extend((1..=*count).map(|number| (format!("S{number}"), Vec::new())));
            let (mut turns, mut turn_of) = (0.., HashMap::new());
            for row in &rows {
                let mut next = || turns.next().unwrap_or_default();
                let turn: usize = match patient(row, id) {
                    Some(patient) => *turn_of.entry(patient).or_insert_with(next),
                    None => next(),
                };
                sites.entry(format!("S{}", turn % count + 1)).or_default().push(row);
            }
        }
    }
    let written = |(site, rows): (String, Vec<&StringRecord>)| {
        Ok((site, write(&header, &rows, delimiter).map_err(failed)?))
    };
    sites.into_iter().map(written).collect()
}

/// Comma, semicolon or tab: what stands most often in the first line.
fn delimiter(bytes: &[u8]) -> u8 {
    let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |delimiter: u8| first.iter().filter(|byte| **byte == delimiter).count();
    [b'\t', b';', b','].into_iter().max_by_key(|delimiter| count(*delimiter)).unwrap_or(b',')
}

fn unreadable(file: &str, error: csv::Error) -> SplitError {
    let file = file.to_owned();
    let line = error.position().map_or(1, csv::Position::line);
    match error.kind() {
        csv::ErrorKind::Utf8 { .. } => SplitError::NotUtf8 { file, line },
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            SplitError::Width { file, line, cells: *len, headings: *expected_len }
        }
        _ => SplitError::Csv { file, source: error },
    }
}

fn position(file: &str, header: &StringRecord, column: &str) -> Result<usize, SplitError> {
    header.iter().position(|name| name == column).ok_or_else(|| SplitError::NoColumn {
        file: file.to_owned(),
        column: column.to_owned(),
        columns: header.iter().collect::<Vec<_>>().join(", "),
    })
}

/// What a row says in a column, if anything.
fn cell(row: &StringRecord, column: usize) -> Option<&str> {
    row.get(column).map(str::trim).filter(|cell| !cell.is_empty())
}

/// The patient of a row, where the file names patients.
fn patient(row: &StringRecord, id: Option<usize>) -> Option<&str> {
    cell(row, id?)
}

fn write(header: &StringRecord, rows: &[&StringRecord], delimiter: u8) -> Result<Vec<u8>, csv::Error> {
    let mut writer = WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
    writer.write_record(header)?;
    for row in rows {
        writer.write_record(*row)?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const FILE: &[u8] = b"site,age\nB,30\nA,40\nB,50\n";

    #[test]
    fn rows_go_to_the_sites_that_a_column_names_or_in_turn() {
        let by_column = split(Path::new("f.csv"), FILE, "record_id", &Split::Column("site")).unwrap();
        assert_eq!(by_column[0], ("A".into(), b"site,age\nA,40\n".to_vec()));
        assert_eq!(by_column[1], ("B".into(), b"site,age\nB,30\nB,50\n".to_vec()));
        let in_turn = split(Path::new("f.csv"), FILE, "record_id", &Split::InTurn(2)).unwrap();
        assert_eq!(in_turn[0].1, b"site,age\nB,30\nB,50\n");
    }

    #[test]
    fn a_row_without_a_site_and_a_missing_column_are_named() {
        let error = split(Path::new("f.csv"), b"site,age\nA,1\n,2\n", "record_id", &Split::Column("site"))
            .unwrap_err();
        assert_eq!(error.to_string(), "f.csv:3: the column `site` is empty");
        let error = split(Path::new("f.csv"), FILE, "record_id", &Split::Column("center")).unwrap_err();
        assert_eq!(error.to_string(), "f.csv: there is no column `center`; the columns are site, age");
    }

    #[test]
    fn the_rows_of_a_patient_stay_together_and_one_of_them_names_the_site() {
        let visits = b"record_id;site;pain\n1;A;5,5\n2;B;4\n1;;3\n3;A;2\n2;;1\n";
        let by_column = split(Path::new("f.csv"), visits, "record_id", &Split::Column("site")).unwrap();
        assert_eq!(by_column[0].1, b"record_id;site;pain\n1;A;5,5\n1;;3\n3;A;2\n");
        let in_turn = split(Path::new("f.csv"), visits, "record_id", &Split::InTurn(2)).unwrap();
        assert_eq!(in_turn[1].1, b"record_id;site;pain\n2;B;4\n2;;1\n");
    }
}
