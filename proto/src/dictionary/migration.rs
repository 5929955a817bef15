//! What one version of a dictionary changes in the version before it.

use crate::name::VariableName;

/// The step from one version to the next. Its changes happen at once: a name before is a name of the version
/// before, a name after one of the version after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migration {
    /// The version before.
    pub from: String,
    /// The version after.
    pub to: String,
    /// What changes.
    pub changes: Vec<Change>,
}

/// One change. Fields that no change names stay as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A field that is new: missing for everybody imported before.
    Added {
        /// The field.
        field: VariableName,
    },
    /// A field under a new name.
    Renamed {
        /// Its name before.
        from: VariableName,
        /// Its name after.
        to: VariableName,
    },
    /// A choice or checkbox field whose codes change; codes that are not named stay as they are.
    Recoded {
        /// Its name after.
        field: VariableName,
        /// Each code before and after; two may become one.
        codes: Vec<(String, String)>,
    },
    /// A field that is gone: its values are dropped.
    Removed {
        /// The field.
        field: VariableName,
    },
}

impl Migration {
    /// What changes, each in a few words: "`pain` becomes `nrs_overall`".
    pub fn in_words(&self) -> Vec<String> {
        self.changes.iter().map(Change::in_words).collect()
    }
}

impl Change {
    fn in_words(&self) -> String {
        match self {
            Self::Added { field } => format!("`{field}` is new"),
            Self::Renamed { from, to } => format!("`{from}` becomes `{to}`"),
            Self::Recoded { field, codes } => {
                let codes: Vec<_> =
                    codes.iter().map(|(before, after)| format!("`{before}` becomes `{after}`")).collect();
                format!("in `{field}`, {}", codes.join(", "))
            }
            Self::Removed { field } => format!("`{field}` is gone"),
        }
    }
}
