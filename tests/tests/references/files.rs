//! The files of a result beside `result.json`.

use std::fs;
use std::path::Path;

use serde_json::Value;

/// The rows of a tidy table, cells by column.
struct Tidy {
    columns: Vec<String>,
    rows: Vec<csv::StringRecord>,
}

/// One CSV for each analysis with the numbers of the result, and a report that names each and runs nothing.
pub(crate) fn are_those_of(result: &Value, directory: &Path) {
    let written: Value = serde_json::from_slice(&fs::read(directory.join("result.json")).unwrap()).unwrap();
    assert_eq!(written, *result);
    let report = fs::read_to_string(directory.join("report.html")).unwrap();
    assert!(!report.contains("<script") && !report.contains("http://") && !report.contains("https://"));
    let analyses = result["analyses"].as_object().unwrap();
    for (id, analysis) in analyses {
        assert!(report.contains(&format!("<h2 id=\"{id}\">")), "{id} is not in the report");
        let tidy = Tidy::read(&directory.join(format!("{id}.csv")));
        tidy.says_what(analysis, id);
    }
    let tables = fs::read_dir(directory).unwrap().map(|file| file.unwrap().path());
    let tables = tables.filter(|path| path.extension().is_some_and(|extension| extension == "csv"));
    assert_eq!(tables.count(), analyses.len());
}

impl Tidy {
    fn read(file: &Path) -> Self {
        let mut reader = csv::Reader::from_path(file).unwrap();
        let columns = reader.headers().unwrap().iter().map(str::to_owned).collect();
        Self { columns, rows: reader.records().map(Result::unwrap).collect() }
    }

    fn says_what(&self, analysis: &Value, id: &str) {
        let result = &analysis["result"];
        match analysis["kind"].as_str().unwrap() {
            "describe" => self.describes(&result["groups"], id),
            "histogram" => {
                let bins = result["groups"][0]["bins"].as_array().unwrap();
                assert_eq!(self.rows.len(), bins.len(), "{id}");
                for (row, bin) in bins.iter().enumerate() {
                    ["from", "to", "count"]
                        .iter()
                        .for_each(|column| self.has(row, column, &bin[*column], id));
                }
            }
            "table" => {
                let tables: Vec<&Value> = match result["layers"].as_array() {
                    Some(layers) => layers.iter().map(|layer| &layer["counts"]).collect(),
                    None => vec![&result["counts"]],
                };
                let rows = tables.iter().flat_map(|counts| counts.as_array().unwrap());
                let counts: Vec<&Value> = rows.flat_map(|row| row.as_array().unwrap()).collect();
                assert_eq!(self.rows.len(), counts.len(), "{id}");
                counts.iter().enumerate().for_each(|(row, count)| self.has(row, "count", count, id));
            }
            "compare" => {
                for (row, group) in result["groups"].as_array().unwrap().iter().enumerate() {
                    ["level", "n", "mean", "sd", "median"]
                        .iter()
                        .for_each(|column| self.has(row, column, &group[*column], id));
                    ["statistic", "p", "lower"]
                        .iter()
                        .for_each(|column| self.has(row, column, &result["test"][*column], id));
                }
            }
            "linear" | "logistic" | "poisson" | "negative_binomial" | "glm" => {
                let terms = result["terms"].as_array().unwrap();
                assert_eq!(self.rows.len(), terms.len(), "{id}");
                for (row, term) in terms.iter().enumerate() {
                    self.has(row, "term", &term["name"], id);
                    ["estimate", "se", "p", "upper"]
                        .iter()
                        .for_each(|column| self.has(row, column, &term[*column], id));
                }
            }
            "correlate" => {
                let pairs = result["pairs"].as_array().unwrap();
                assert_eq!(self.rows.len(), pairs.len(), "{id}");
                for (row, pair) in pairs.iter().enumerate() {
                    ["x", "y", "n", "estimate", "p", "upper"]
                        .iter()
                        .for_each(|column| self.has(row, column, &pair[*column], id));
                }
            }
            "meta" => {
                for term in result["terms"].as_array().unwrap() {
                    let is_fixed = |row: &usize| {
                        self.cell(*row, "method") == "fixed" && term["name"] == self.cell(*row, "term")
                    };
                    let row = (0..self.rows.len()).find(is_fixed);
                    let row = row.unwrap_or_else(|| panic!("{id} has no row for {}", term["name"]));
                    ["estimate", "se", "p", "upper"]
                        .iter()
                        .for_each(|column| self.has(row, column, &term["fixed"][*column], id));
                }
            }
            kind => panic!("{id} is of an unknown kind {kind}"),
        }
    }

    /// The first and the last group, in all their variables.
    fn describes(&self, groups: &Value, id: &str) {
        let groups = groups.as_array().unwrap();
        for group in [groups.first(), groups.last()].into_iter().flatten() {
            let by = group["by"].as_str().unwrap_or_default();
            for (variable, summary) in group["variables"].as_object().unwrap() {
                for statistic in ["n", "missing", "mean", "sd", "se"] {
                    let Some(value) = summary.get(statistic) else { continue };
                    let row = (0..self.rows.len()).find(|row| {
                        self.cell(*row, "variable") == *variable
                            && self.cell(*row, "statistic") == statistic
                            && (by.is_empty() || self.cell(*row, "by_site") == by)
                    });
                    let row = row.unwrap_or_else(|| panic!("{id} has no row for {statistic} of {variable}"));
                    self.has(row, "value", value, id);
                }
            }
        }
    }

    fn cell(&self, row: usize, column: &str) -> &str {
        let at = self.columns.iter().position(|name| name == column);
        let at = at.unwrap_or_else(|| panic!("there is no column {column} in {:?}", self.columns));
        self.rows[row].get(at).unwrap()
    }

    fn has(&self, row: usize, column: &str, value: &Value, id: &str) {
        let cell = self.cell(row, column);
        let same = match value {
            Value::Null => cell.is_empty(),
            Value::Number(number) => cell.parse::<f64>().ok() == number.as_f64(),
            text => text.as_str() == Some(cell),
        };
        assert!(same, "{id}, row {row}, {column}: {cell} in the table, {value} in result.json");
    }
}
