//! The list of everything that is wrong, for the person who mends it in a spreadsheet.

use std::io::{self, Write};

use super::findings::row;
use super::visible::visible;
use crate::import::Finding;

/// What a spreadsheet takes for the start of a formula, in its narrow and its wide form.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
/// What makes a cell of such a start a text.
const TEXT: char = '\'';

/// A CSV `file,row,column,kind,finding` of all findings, written as they are found. It quotes cells, so it stays
/// at the centre.
pub struct QuarantineList<W: Write> {
    rows: csv::Writer<W>,
}

impl<W: Write> QuarantineList<W> {
    /// Begins a list.
    pub fn new(out: W) -> io::Result<Self> {
        let mut rows = csv::WriterBuilder::new().quote_style(csv::QuoteStyle::NonNumeric).from_writer(out);
        rows.write_record(["file", "row", "column", "kind", "finding"])?;
        Ok(Self { rows })
    }

    /// Adds a finding.
    pub fn add(&mut self, finding: &Finding) -> io::Result<()> {
        let column = finding.column.as_deref().unwrap_or_default();
        let texts = [&finding.file, column, &finding.kind.to_string(), &finding.finding].map(text);
        let [file, column, kind, found] = &texts;
        self.rows.write_record([file, &row(finding.row).to_string(), column, kind, found])?;
        Ok(())
    }

    /// Writes what is left.
    pub fn finish(self) -> io::Result<W> {
        self.rows.into_inner().map_err(csv::IntoInnerError::into_error)
    }
}

/// A cell that no spreadsheet computes, not even one that divides cells at semicolons: an apostrophe stands
/// before what would begin a formula, and control characters are blanks.
fn text(cell: &str) -> String {
    let mut text = String::with_capacity(cell.len() + 1);
    let mut begins = true;
    for character in cell.chars().map(visible) {
        if begins && FORMULA.contains(&character) {
            text.push(TEXT);
        }
        begins = character == ';' || begins && (character.is_whitespace() || character == '"');
        text.push(character);
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;
    use crate::import::{FindingKind, RowPlace};

    fn list(file: &str, column: Option<&str>, finding: &str) -> String {
        let mut list = QuarantineList::new(Vec::new()).unwrap();
        let finding = Finding {
            file: file.to_owned(),
            row: RowPlace::Line(7),
            column: column.map(str::to_owned),
            kind: FindingKind::UnknownCode,
            finding: finding.to_owned(),
        };
        list.add(&finding).unwrap();
        String::from_utf8(list.finish().unwrap()).unwrap()
    }

    #[test]
    fn a_finding_is_a_row() {
        assert_eq!(
            list("patients.csv", Some("sex"), "`x, \"y\"` is no code"),
            "\"file\",\"row\",\"column\",\"kind\",\"finding\"\n\
             \"patients.csv\",7,\"sex\",\"unknown_code\",\"`x, \"\"y\"\"` is no code\"\n"
        );
    }

    #[test]
    fn a_cell_that_would_be_a_formula_is_a_text() {
        for (cell, written) in [
            ("=1+1", "'=1+1"),
            ("+49", "'+49"),
            ("-99", "'-99"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", " '=1"),
            ("\r\n=1", "  '=1"),
            ("＝1", "'＝1"),
            ("a;=1", "a;'=1"),
            ("a;\"=1", "a;\"'=1"),
            ("a=1", "a=1"),
        ] {
            assert_eq!(text(cell), written);
        }
    }

    proptest! {
        #[test]
        fn nothing_in_a_finding_becomes_a_row_a_column_or_a_formula(
            file in "[-=+@;,\"'\\t\\r\\n\u{0}a ＝]{0,8}",
            column in proptest::option::of(any::<String>()),
            finding in prop_oneof![any::<String>(), "[-=+@;,\"'\\t\\r\\n\u{0}a ＝]{0,12}"],
        ) {
            let list = list(&file, column.as_deref(), &finding);
            for delimiter in [b',', b';', b'\t'] {
                let mut reader = csv::ReaderBuilder::new();
                reader.delimiter(delimiter).flexible(true);
                let rows: Vec<_> =
                    reader.from_reader(list.as_bytes()).records().map(Result::unwrap).collect();
                prop_assert_eq!(rows.len(), 1);
                prop_assert!(delimiter != b',' || rows[0].len() == 5);
                for cell in &rows[0] {
                    prop_assert!(!cell.trim_start().starts_with(FORMULA), "{cell:?} of {list:?}");
                }
            }
        }
    }
}
