//! A result as files: `result.json`, `evidence.json`, one CSV per analysis, `families.csv` where there are families, and `report.html`.

use std::path::{Path, PathBuf};
use std::{fs, io};

use notochord_stats::outcome::{Cell, Table};

use crate::report;
use crate::result::{self, ResultBundle};

impl ResultBundle {
    /// Writes every file of [`ResultBundle::files`] into `directory`; returns the paths.
    pub fn write(&self, directory: &Path) -> io::Result<Vec<PathBuf>> {
        fs::create_dir_all(directory)?;
        let mut written = Vec::new();
        for (name, bytes) in self.files()? {
            let path = directory.join(name);
            fs::write(&path, bytes)?;
            written.push(path);
        }
        Ok(written)
    }

    /// The files of the result and what they hold.
    pub fn files(&self) -> io::Result<Vec<(String, Vec<u8>)>> {
        let mut files = vec![("result.json".to_owned(), self.json.clone())];
        if !self.evidence.is_empty() {
            files.push(("evidence.json".to_owned(), self.evidence.clone()));
        }
        for analysis in &self.tables {
            files.push((format!("{}.csv", analysis.id), csv(&analysis.tidy)?.into_bytes()));
        }
        if let Some(families) = result::families(&self.json) {
            files.push(("families.csv".to_owned(), csv(&families)?.into_bytes()));
        }
        files.push(("report.html".to_owned(), report::html(&self.json, &self.tables).into_bytes()));
        Ok(files)
    }
}

/// A table as CSV. A withheld number and an absent one are both empty: the columns stay numeric for `read.csv`;
/// which is which stands in `result.json`.
fn csv(table: &Table) -> io::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    if !table.columns.is_empty() {
        writer.write_record(&table.columns)?;
    }
    for row in &table.rows {
        writer.write_record(row.iter().map(plain))?;
    }
    let bytes = writer.into_inner().map_err(|error| io::Error::other(error.to_string()))?;
    String::from_utf8(bytes).map_err(io::Error::other)
}

/// A cell for programs: numbers so that they round-trip.
fn plain(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => text.clone(),
        Cell::Count(count) => count.to_string(),
        Cell::Number(number) => shortest(*number),
        Cell::Withheld | Cell::Empty => String::new(),
    }
}

/// The shortest text that reads back as the same number.
fn shortest(number: f64) -> String {
    match number.abs() {
        magnitude if magnitude == 0.0 || (1e-5..1e16).contains(&magnitude) => number.to_string(),
        _ => format!("{number:e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_reads_back_as_it_was_and_a_tiny_one_is_short() {
        for number in [8.014e-150, 0.1, -59.7545748116254, 0.0, 1e22, 3.0] {
            assert_eq!(shortest(number).parse(), Ok(number));
        }
        assert_eq!(shortest(8e-150), "8e-150");
    }

    #[test]
    fn a_withheld_number_is_empty_in_csv() {
        assert_eq!(plain(&Cell::Withheld), "");
    }
}
