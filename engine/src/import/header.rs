//! What becomes of each column of a file.

use std::collections::{HashMap, HashSet};

use csv::StringRecord;
use notochord_proto::dictionary::{Dictionary, Field, FieldKind};
use notochord_proto::name::VariableName;
use notochord_proto::problem::nearest;
use notochord_proto::variable::Variable;

use super::cell::{Expected, excerpt};
use super::report::{DroppedColumn, PatientRule, UnknownColumn};
use super::{ImportError, MOST_COLUMNS};

/// The longest heading that is compared with the dictionary's names.
const LONGEST_NAME: usize = 200;

/// The header row, resolved against the dictionary.
pub(super) struct Header {
    /// How many cells a row has.
    pub(super) width: usize,
    /// The column that names the patient.
    pub(super) record_id: Option<RecordIdColumn>,
    /// The columns that are stored.
    pub(super) stored: Vec<StoredColumn>,
    pub(super) dropped: Vec<DroppedColumn>,
    pub(super) unknown: Vec<UnknownColumn>,
    /// Variables without a column.
    pub(super) absent: Vec<VariableName>,
}

/// The column of the dictionary's record-id field.
pub(super) struct RecordIdColumn {
    pub(super) cell: usize,
    pub(super) name: String,
}

/// A column that is stored.
pub(super) struct StoredColumn {
    /// Its position in the file.
    pub(super) cell: usize,
    /// Its position in the dictionary's variables.
    pub(super) variable: usize,
    /// What its cells must be.
    pub(super) expected: Expected,
}

impl Header {
    pub(super) fn read(
        file: &str,
        headings: &StringRecord,
        dictionary: &Dictionary,
        variables: &[Variable],
    ) -> Result<Self, ImportError> {
        let width = headings.len();
        if width > MOST_COLUMNS {
            return Err(ImportError::TooManyColumns { file: file.into(), columns: width });
        }
        let positions: HashMap<&str, usize> = variables
            .iter()
            .enumerate()
            .map(|(position, variable)| (variable.name.as_str(), position))
            .collect();
        let mut header = Self {
            width,
            record_id: None,
            stored: Vec::new(),
            dropped: Vec::new(),
            unknown: Vec::new(),
            absent: Vec::new(),
        };
        let mut seen = HashSet::new();
        let mut duplicate = None;
        for (cell, heading) in headings.iter().enumerate() {
            // The CSV reader misses a byte-order mark that arrives in two reads.
            let heading = if cell == 0 { heading.trim_start_matches('\u{feff}') } else { heading };
            if !seen.insert(heading) {
                duplicate.get_or_insert_with(|| excerpt(heading));
                continue;
            }
            let field = field_of(heading, dictionary);
            match (field, positions.get(heading)) {
                _ if heading == dictionary.record_id().as_str() => {
                    header.record_id = Some(RecordIdColumn { cell, name: heading.into() });
                }
                (Some(field), Some(&variable)) => {
                    let expected = Expected::of(&field.kind, &variables[variable].kind);
                    header.stored.push(StoredColumn { cell, variable, expected });
                }
                (Some(field), None) => {
                    // A field of several columns has no column of its own name.
                    let reason = dictionary.why_withheld(field).unwrap_or("not one of the field's columns");
                    header.dropped.push(DroppedColumn { name: excerpt(heading), reason });
                }
                (None, _) => header.unknown.push(unknown(heading, dictionary, variables)),
            }
        }
        if header.unknown.len() == seen.len() {
            return Err(ImportError::NoKnownColumn { file: file.into() });
        }
        if let Some(name) = duplicate {
            return Err(ImportError::DuplicateColumn { file: file.into(), name });
        }
        let absent =
            variables.iter().map(|variable| &variable.name).filter(|name| !seen.contains(name.as_str()));
        header.absent = absent.cloned().collect();
        Ok(header)
    }

    /// What makes a row a patient.
    pub(super) fn patients(&self) -> PatientRule {
        self.record_id.as_ref().map_or(PatientRule::RowNumber, |_| PatientRule::RecordId)
    }
}

/// The field a heading belongs to: its own, or the checkbox of `field___code`.
fn field_of<'a>(heading: &str, dictionary: &'a Dictionary) -> Option<&'a Field> {
    let checkbox = || {
        let field = dictionary.field(heading.split_once("___")?.0)?;
        matches!(field.kind, FieldKind::Checkbox { .. }).then_some(field)
    };
    dictionary.field(heading).or_else(checkbox)
}

fn unknown(heading: &str, dictionary: &Dictionary, variables: &[Variable]) -> UnknownColumn {
    let fields = dictionary.fields().iter().map(|field| field.name.as_str());
    let known = fields.chain(variables.iter().map(|variable| variable.name.as_str()));
    let nearest = (heading.len() <= LONGEST_NAME).then(|| nearest(heading, known)).flatten();
    UnknownColumn { name: excerpt(heading), nearest: nearest.map(str::to_owned) }
}
