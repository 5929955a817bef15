//! One file's rows, spread over sites.

use std::collections::BTreeMap;
use std::path::Path;

use csv::{ReaderBuilder, StringRecord, Writer};

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

/// The rows of a CSV (`file` names it in errors), spread over sites in the order of their names.
pub fn split(file: &Path, bytes: &[u8], how: &Split<'_>) -> Result<Vec<SiteData>, SplitError> {
    let name = file.display().to_string();
    let failed = |error| unreadable(&name, error);
    let mut reader = ReaderBuilder::new().from_reader(bytes);
    let header = reader.headers().map_err(failed)?.clone();
    let mut sites: BTreeMap<String, Vec<StringRecord>> = BTreeMap::new();
    let column = match how {
        Split::Column(column) => Some(position(&name, &header, column)?),
        Split::InTurn(0) => return Err(SplitError::NoSites(name)),
        Split::InTurn(count) => {
            // Every site exists, also one that no row falls to.
            sites.extend((1..=*count).map(|number| (format!("S{number}"), Vec::new())));
            None
        }
    };
    for (row, record) in reader.records().enumerate() {
        let record = record.map_err(failed)?;
        let site = match (column, how) {
            (Some(column), Split::Column(named)) => {
                site(&record, column).ok_or_else(|| SplitError::NoSite {
                    file: name.clone(),
                    line: record.position().map_or(0, |position| position.line()),
                    column: (*named).to_owned(),
                })?
            }
            (_, Split::InTurn(count)) => format!("S{}", row % count + 1),
            (None, Split::Column(_)) => continue,
        };
        sites.entry(site).or_default().push(record);
    }
    sites.into_iter().map(|(site, rows)| Ok((site, write(&header, &rows).map_err(failed)?))).collect()
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

fn site(record: &StringRecord, column: usize) -> Option<String> {
    record.get(column).map(str::trim).filter(|site| !site.is_empty()).map(str::to_owned)
}

fn write(header: &StringRecord, rows: &[StringRecord]) -> Result<Vec<u8>, csv::Error> {
    let mut writer = Writer::from_writer(Vec::new());
    writer.write_record(header)?;
    for row in rows {
        writer.write_record(row)?;
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
        let by_column = split(Path::new("f.csv"), FILE, &Split::Column("site")).unwrap();
        assert_eq!(by_column[0], ("A".into(), b"site,age\nA,40\n".to_vec()));
        assert_eq!(by_column[1], ("B".into(), b"site,age\nB,30\nB,50\n".to_vec()));
        let in_turn = split(Path::new("f.csv"), FILE, &Split::InTurn(2)).unwrap();
        assert_eq!(in_turn[0].1, b"site,age\nB,30\nB,50\n");
    }

    #[test]
    fn a_row_without_a_site_and_a_missing_column_are_named() {
        let error = split(Path::new("f.csv"), b"site,age\nA,1\n,2\n", &Split::Column("site")).unwrap_err();
        assert_eq!(error.to_string(), "f.csv:3: the column `site` is empty");
        let error = split(Path::new("f.csv"), FILE, &Split::Column("center")).unwrap_err();
        assert_eq!(error.to_string(), "f.csv: there is no column `center`; the columns are site, age");
    }
}
