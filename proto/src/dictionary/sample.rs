//! Small dictionaries for tests.

use super::Dictionary;
use crate::problem::Problem;

/// The first line of REDCap's file.
pub(crate) const HEADER: &str = "\"Variable / Field Name\",\"Form Name\",\"Section Header\",\"Field Type\",\
\"Field Label\",\"Choices, Calculations, OR Slider Labels\",\"Field Note\",\
\"Text Validation Type OR Show Slider Number\",\"Text Validation Min\",\"Text Validation Max\",Identifier?,\
\"Branching Logic (Show field only if...)\",\"Required Field?\",\"Custom Alignment\",\
\"Question Number (surveys only)\",\"Matrix Group Name\",\"Matrix Ranking?\",\"Field Annotation\"";

/// A field: name, type, choices, validation, minimum, maximum, identifier, annotation.
pub(crate) type Cells<'a> = [&'a str; 8];

/// The record id every sample begins with.
pub(crate) const ID: Cells<'_> = ["id", "text", "", "", "", "", "", ""];

/// The line of a field.
pub(crate) fn row(cells: Cells<'_>) -> String {
    let [name, kind, choices, validation, min, max, identifier, annotation] = cells;
    format!(
        "{name},form,,{kind},Label of {name},\"{choices}\",,{validation},{min},{max},{identifier},,,,,,,\"{annotation}\""
    )
}

/// The dictionary of a record id and these fields, called `dictionary.csv`.
pub(crate) fn dictionary(fields: &[Cells<'_>]) -> Result<Dictionary, Vec<Problem>> {
    let rows: Vec<_> = std::iter::once(&ID).chain(fields).map(|cells| row(*cells)).collect();
    Dictionary::parse("dictionary.csv", format!("{HEADER}\n{}\n", rows.join("\n")).as_bytes())
}
