//! What a run leaves behind: `result.json`, the tables behind it, and the files made of them.

use std::path::{Path, PathBuf};
use std::{fs, io};

use notochord_proto::name::AnalysisId;
use notochord_stats::outcome::{Cell, Outcome, Status, Table};
use serde::{Deserialize, Serialize};

use crate::report;

/// The tables of one analysis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AnalysisTables {
    /// The analysis.
    pub id: AnalysisId,
    /// Its kind.
    pub kind: String,
    /// How much of the answer there is.
    pub status: Status,
    /// Why it is not whole.
    pub reason: Option<String>,
    /// For programs.
    pub tidy: Table,
    /// For people.
    pub shown: Vec<Table>,
}

/// A result as the coordinator hands it out.
#[derive(Debug, Clone)]
pub struct ResultBundle {
    /// `result.json`, exact bytes.
    pub json: Vec<u8>,
    /// The tables, in the study's order.
    pub tables: Vec<AnalysisTables>,
}

impl AnalysisTables {
    /// The tables of an outcome.
    pub fn new(id: AnalysisId, kind: &str, outcome: &Outcome) -> Self {
        Self {
            id,
            kind: kind.to_owned(),
            status: outcome.status,
            reason: outcome.reason.clone(),
            tidy: outcome.tidy.clone(),
            shown: outcome.shown.clone(),
        }
    }
}

impl ResultBundle {
    /// Writes `result.json`, one CSV per analysis and `report.html` into `directory`; returns the paths.
    pub fn write(&self, directory: &Path) -> io::Result<Vec<PathBuf>> {
        fs::create_dir_all(directory)?;
        let mut written = Vec::new();
        let mut put = |name: String, bytes: &[u8]| {
            let path = directory.join(name);
            fs::write(&path, bytes)?;
            written.push(path);
            io::Result::Ok(())
        };
        put("result.json".into(), &self.json)?;
        for analysis in &self.tables {
            put(format!("{}.csv", analysis.id), csv(&analysis.tidy)?.as_bytes())?;
        }
        put("report.html".into(), report::html(&self.json, &self.tables).as_bytes())?;
        Ok(written)
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
        Cell::Number(number) => number.to_string(),
        Cell::Withheld | Cell::Empty => String::new(),
    }
}

/// A cell for people: six significant digits, and a mark where a rule withheld a number.
pub fn readable(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => text.clone(),
        Cell::Count(count) => count.to_string(),
        Cell::Number(number) => significant(*number),
        Cell::Withheld => "withheld".into(),
        Cell::Empty => String::new(),
    }
}

fn significant(number: f64) -> String {
    let magnitude = number.abs();
    if number == 0.0 {
        return "0".into();
    }
    if !(1e-4..1e9).contains(&magnitude) {
        return format!("{number:.3e}");
    }
    let digits_before = magnitude.log10().floor() as i32 + 1;
    let decimals = (6 - digits_before).clamp(0, 8) as usize;
    let text = format!("{number:.decimals$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_for_people_have_six_significant_digits() {
        for (number, text) in [
            (59.7545748116254, "59.7546"),
            (0.02829630175882306, "0.0282963"),
            (1.5248e-118, "1.525e-118"),
            (3.0, "3"),
        ] {
            assert_eq!(significant(number), text);
        }
    }

    #[test]
    fn a_withheld_number_is_empty_in_csv_and_said_to_people() {
        assert_eq!(plain(&Cell::Withheld), "");
        assert_eq!(readable(&Cell::Withheld), "withheld");
    }
}
