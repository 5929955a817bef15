//! Version, missing-data codes and linkage keys of a dictionary.

use crate::name::VariableName;

/// A code that stands for a missing value in any field, such as `-99`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingCode {
    /// The code, as exports of raw codes carry it.
    pub code: String,
    /// Its label, as exports of labels carry it.
    pub label: String,
}

/// What `network.toml` says.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The version of the dictionary, for people.
    pub version: String,
    /// Codes for missing values.
    pub missing_codes: Vec<MissingCode>,
    /// Fields that together tell persons apart: records that agree in all fields of one key may be the same
    /// patient entered twice. Identifiers may be among them; they are compared and never stored.
    pub linkage: Vec<Vec<VariableName>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { version: "1".to_owned(), missing_codes: Vec::new(), linkage: Vec::new() }
    }
}
