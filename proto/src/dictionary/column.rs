//! REDCap's 18 columns.

use super::table::Titles;

pub(super) const NAME: &str = "Variable / Field Name";
pub(super) const FORM: &str = "Form Name";
pub(super) const TYPE: &str = "Field Type";
pub(super) const LABEL: &str = "Field Label";
pub(super) const CHOICES: &str = "Choices, Calculations, OR Slider Labels";
pub(super) const VALIDATION: &str = "Text Validation Type OR Show Slider Number";
pub(super) const MIN: &str = "Text Validation Min";
pub(super) const MAX: &str = "Text Validation Max";
pub(super) const IDENTIFIER: &str = "Identifier?";
pub(super) const BRANCHING: &str = "Branching Logic (Show field only if...)";
pub(super) const REQUIRED: &str = "Required Field?";
pub(super) const MATRIX: &str = "Matrix Group Name";
pub(super) const RANKING: &str = "Matrix Ranking?";
pub(super) const ANNOTATION: &str = "Field Annotation";

/// The columns as REDCap names and orders them.
const COLUMNS: [&str; 18] = [
    NAME,
    FORM,
    "Section Header",
    TYPE,
    LABEL,
    CHOICES,
    "Field Note",
    VALIDATION,
    MIN,
    MAX,
    IDENTIFIER,
    BRANCHING,
    REQUIRED,
    "Custom Alignment",
    "Question Number (surveys only)",
    MATRIX,
    RANKING,
    ANNOTATION,
];

/// All of them, in any order, and no other.
pub(super) const TITLES: Titles =
    Titles { required: &COLUMNS, optional: &[], whose: "REDCap's 18", file: "a data dictionary" };
