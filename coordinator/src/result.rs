//! What a run leaves behind: `result.json` and the tables behind it.

use std::collections::BTreeMap;

use notochord_proto::name::{AnalysisId, FamilyName};
use notochord_stats::multiplicity::{self, AdjustedFamily};
use notochord_stats::outcome::{Cell, Outcome, Status, Table};
use serde::{Deserialize, Serialize};

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
    /// Why numbers were withheld, a sentence each.
    pub rules: Vec<String>,
    /// For programs.
    pub tidy: Table,
    /// For people.
    pub shown: Vec<Table>,
}

/// A result as the coordinator hands it out.
#[derive(Debug, Clone, Default)]
pub struct ResultBundle {
    /// `result.json`, exact bytes.
    pub json: Vec<u8>,
    /// The tables, in the study's order.
    pub tables: Vec<AnalysisTables>,
    /// `evidence.json`, exact bytes; empty where there is none.
    pub evidence: Vec<u8>,
}

/// The p-values that a `result.json` adjusts over families; none where it has no family.
pub fn families(json: &[u8]) -> Option<Table> {
    #[derive(Deserialize)]
    struct Families {
        #[serde(default)]
        families: BTreeMap<FamilyName, AdjustedFamily>,
    }
    let Families { families } = serde_json::from_slice(json).ok()?;
    (!families.is_empty()).then(|| multiplicity::table(&families))
}

impl AnalysisTables {
    /// The tables of an outcome.
    pub fn new(id: AnalysisId, kind: &str, outcome: &Outcome, rules: Vec<String>) -> Self {
        Self {
            id,
            kind: kind.to_owned(),
            status: outcome.status,
            reason: outcome.reason.clone(),
            rules,
            tidy: outcome.tidy.clone(),
            shown: outcome.shown.clone(),
        }
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
    fn a_result_has_a_table_of_families_where_it_has_families() {
        let json = br#"{"families": {"arms": {"adjust": "holm", "members": [
            {"analysis": "age", "item": "welch", "p": 0.01, "adjusted": 0.02},
            {"analysis": "sex", "item": null, "p": null, "adjusted": null}]}}}"#;
        let rows = families(json).map(|table| table.rows).unwrap_or_default();
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0][4..], [Cell::Number(0.01), Cell::Number(0.02)]);
        assert_eq!(rows[1][3..], [Cell::Empty, Cell::Empty, Cell::Empty]);
        assert_eq!(families(b"{}"), None);
    }

    #[test]
    fn a_withheld_number_is_said_to_people() {
        assert_eq!(readable(&Cell::Withheld), "withheld");
    }
}
