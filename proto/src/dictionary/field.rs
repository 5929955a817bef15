//! A field of the dictionary, and the variables it becomes.

use super::Annotations;
use crate::name::VariableName;
use crate::variable::{Level, Variable, VariableKind};

/// The unit of a date's variable.
const DAYS: &str = "days";

/// A field of the dictionary.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Its name.
    pub name: VariableName,
    /// The form it stands on.
    pub form: String,
    /// Its label, for reports.
    pub label: String,
    /// What it may hold.
    pub kind: FieldKind,
    /// Whether it identifies a person: the importer drops it before anything is stored.
    pub identifier: bool,
    /// Whether REDCap asks for a value.
    pub required: bool,
    /// What the annotation says to us.
    pub annotations: Annotations,
    /// Its line in the file.
    pub line: usize,
}

/// What a field may hold. Bounds include both ends and are absent unless the dictionary gives both.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldKind {
    /// Text validated as `integer`.
    Integer {
        /// Smallest and largest value.
        bounds: Option<(i64, i64)>,
    },
    /// Text validated as `number`.
    Number {
        /// Smallest and largest value.
        bounds: Option<(f64, f64)>,
    },
    /// Text validated as a date, with or without a time of day; exports write it YYYY-MM-DD.
    Date,
    /// 1 yes, 0 no.
    YesNo,
    /// 1 true, 0 false.
    TrueFalse,
    /// `radio` or `dropdown`: one of the levels.
    Choice {
        /// In the dictionary's order, one or more.
        levels: Vec<Level>,
    },
    /// Any of the levels: one column `field___code` of 0 and 1 for each.
    Checkbox {
        /// In the dictionary's order, one or more.
        levels: Vec<CheckboxLevel>,
    },
    /// Text without a validation of ours.
    Text,
    /// Long text.
    Notes,
    /// A number that REDCap computes.
    Calc {
        /// Smallest and largest value.
        bounds: Option<(f64, f64)>,
    },
    /// A whole number on a slider, 0 to 100 unless the dictionary says otherwise.
    Slider {
        /// Smallest and largest value.
        bounds: (i64, i64),
    },
    /// A text shown to people: no data.
    Descriptive,
    /// An uploaded file.
    File,
}

/// A choice of a checkbox field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckboxLevel {
    /// The choice.
    pub level: Level,
    /// The column of an export and of a snapshot: `field___code`.
    pub column: VariableName,
}

impl Field {
    /// The columns it has in an export: its own, or one for each choice of a checkbox.
    pub fn columns(&self) -> impl Iterator<Item = &VariableName> {
        let (own, ticked) = match &self.kind {
            FieldKind::Checkbox { levels } => (None, levels.as_slice()),
            _ => (Some(&self.name), [].as_slice()),
        };
        own.into_iter().chain(ticked.iter().map(|choice| &choice.column))
    }

    /// The variables its columns become. A date becomes the days since day 0.
    pub(super) fn variables(&self) -> Vec<Variable> {
        if let FieldKind::Checkbox { levels } = &self.kind {
            let ticked = |choice: &CheckboxLevel| Variable {
                label: format!("{}: {}", self.label, choice.level.label),
                ..self.variable(choice.column.clone(), VariableKind::Integer { bounds: Some((0, 1)) })
            };
            return levels.iter().map(ticked).collect();
        }
        self.variable_kind().map(|kind| self.variable(self.name.clone(), kind)).into_iter().collect()
    }

    fn variable(&self, name: VariableName, kind: VariableKind) -> Variable {
        let Annotations { grid, sensitive, unit, .. } = &self.annotations;
        let unit = match self.kind {
            FieldKind::Date => Some(DAYS.to_owned()),
            _ => unit.clone(),
        };
        Variable { name, label: self.label.clone(), kind, unit, grid: *grid, sensitive: *sensitive }
    }

    fn variable_kind(&self) -> Option<VariableKind> {
        match &self.kind {
            FieldKind::Integer { bounds } => Some(VariableKind::Integer { bounds: *bounds }),
            FieldKind::Number { bounds } | FieldKind::Calc { bounds } => {
                Some(VariableKind::Number { bounds: *bounds })
            }
            FieldKind::YesNo | FieldKind::TrueFalse => Some(VariableKind::Integer { bounds: Some((0, 1)) }),
            FieldKind::Choice { levels } => Some(VariableKind::Factor { levels: levels.clone() }),
            FieldKind::Slider { bounds } => Some(VariableKind::Integer { bounds: Some(*bounds) }),
            FieldKind::Date => Some(VariableKind::Integer { bounds: self.annotations.days }),
            FieldKind::Text | FieldKind::Notes | FieldKind::Checkbox { .. } => None,
            FieldKind::Descriptive | FieldKind::File => None,
        }
    }
}
