//! A snapshot under the next version of its dictionary: fields renamed, recoded, added and removed as the
//! dictionary's migrations say. What they do not say cannot be guessed, so anything else is refused.

use std::collections::{BTreeMap, HashMap};

use notochord_proto::dictionary::{Change, Dictionary, Migration};
use notochord_proto::digest::Digest;
use notochord_proto::variable::{Variable, VariableKind};
use time::OffsetDateTime;

use super::layout::Layout;
use super::manifest::HistoryStep;
use super::patients::Patients;
use super::write::{Origin, SnapshotWriter};
use super::{SnapshotError, Snapshots, Written};
use crate::patient::{Entry, FormPlace, Patient, StoredValue};
use crate::schema::Schema;

/// Why a snapshot cannot be migrated. Importing the data again always helps.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The dictionary does not say how.
    #[error("the dictionary has no migrations from version {from} to {to}; import the data again")]
    NoMigration {
        /// The version of the snapshot's dictionary.
        from: String,
        /// The version of the new one.
        to: String,
    },
    /// The migrations do not explain something.
    #[error("{what}, which no migration states; import the data again")]
    Unexplained {
        /// What: "`age` is no longer in the dictionary".
        what: String,
    },
    /// A snapshot.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
}

impl Snapshots {
    /// Writes a snapshot again under this dictionary, which is of a later version. The old one stays: studies
    /// that were accepted for it are answered from it.
    pub fn migrate(
        &self,
        snapshot: &Digest,
        dictionary: &Dictionary,
        now: OffsetDateTime,
    ) -> Result<Written, MigrateError> {
        let reserved = self.reserve()?;
        let old = self.open(snapshot)?;
        let from = old.manifest.layout.dictionary_version.clone();
        let steps = dictionary.migrations_from(&from);
        let steps = steps.ok_or_else(|| MigrateError::NoMigration {
            from: from.clone(),
            to: dictionary.version().into(),
        })?;
        let layout = Layout::of(dictionary, &Schema::of(dictionary));
        let plan = Plan::new(&old.manifest.layout, &layout, &steps)?;
        let mut writer = SnapshotWriter::create(&reserved, &layout)?;
        for patient in Patients::of(&old.table, &old.manifest.layout) {
            writer.push(&plan.patient(patient)?)?;
        }
        let manifest = old.manifest;
        let mut history = manifest.history;
        history.push(HistoryStep::Migrated { from: *snapshot, version: from, at: now });
        let (sources, imported_at, software) = (manifest.sources, now, manifest.software);
        Ok(writer.finish(Origin { sources, imported_at, software, history })?)
    }
}

/// Where everything of the old layout goes.
struct Plan {
    /// By old column; nothing where it is dropped.
    columns: Vec<Option<Target>>,
    /// By old form.
    forms: Vec<Option<u16>>,
    /// By old event.
    events: Vec<Option<u16>>,
    about: About,
    /// Which columns are boxes of checkbox fields, before and after.
    boxes_before: Vec<bool>,
    boxes_after: Vec<bool>,
}

#[derive(PartialEq)]
enum About {
    Kept,
    Dropped,
}

/// Where a column goes.
struct Target {
    column: u16,
    /// By old level, the new one, for a factor.
    levels: Vec<u16>,
}

/// A column under way through the steps: its name, and each of its codes.
struct Moving {
    name: String,
    codes: Vec<String>,
}

impl Plan {
    fn new(old: &Layout, new: &Layout, steps: &[&Migration]) -> Result<Self, MigrateError> {
        let after: HashMap<&str, (u16, usize, &Variable)> = (0..)
            .zip(new.columns())
            .map(|(column, (form, variable))| (variable.name.as_str(), (column, form, variable)))
            .collect();
        let mut filled = BTreeMap::new();
        let mut forms: Vec<Option<u16>> = vec![None; old.forms.len()];
        let mut columns = Vec::new();
        for (form, variable) in old.columns() {
            let Some(moved) = moved(variable, steps) else {
                columns.push(None);
                continue;
            };
            let name = variable.name.as_str();
            let Some(&(column, new_form, target)) = after.get(moved.name.as_str()) else {
                return Err(unexplained(format!("`{name}` is no longer in the dictionary")));
            };
            // Boxes of two codes that become one are one box, ticked where either was.
            let boxes = name.contains("___");
            if filled.insert(column, ()).is_some() && !boxes {
                return Err(unexplained(format!("two fields become `{}`", moved.name)));
            }
            let new_form = u16::try_from(new_form).unwrap_or(u16::MAX);
            match forms.get_mut(form) {
                Some(slot) if slot.is_none_or(|one| one == new_form) => *slot = Some(new_form),
                _ => return Err(unexplained(format!("`{name}` stands on another form"))),
            }
            columns.push(Some(Target { column, levels: levels(variable, target, &moved)? }));
        }
        let events = old.events.iter().map(|event| {
            let position = new.events.iter().position(|one| one == event);
            position.and_then(|position| u16::try_from(position).ok())
        });
        let added = added(steps);
        for (name, (column, _, _)) in &after {
            let field = name.split_once("___").map_or(*name, |(field, _)| field);
            let stated = added.iter().any(|one| one == name || one == field);
            // A new box of a field that was there before: nobody was asked.
            let new_box =
                field != *name && old.columns().any(|(_, one)| one.name.as_str().starts_with(field));
            if !filled.contains_key(column) && !stated && !new_box {
                return Err(unexplained(format!("`{name}` is new")));
            }
        }
        let about = if new.about.is_empty() { About::Dropped } else { About::Kept };
        if old.about.is_empty() && about == About::Kept {
            return Err(unexplained("the dictionary has a day 0 now".into()));
        }
        Ok(Self {
            columns,
            forms,
            events: events.collect(),
            about,
            boxes_before: boxes(old),
            boxes_after: boxes(new),
        })
    }

    fn patient(&self, patient: Patient) -> Result<Patient, MigrateError> {
        let day_zero_year = patient.day_zero_year.filter(|_| self.about == About::Kept);
        let mut entries = Vec::with_capacity(patient.entries.len());
        for entry in patient.entries {
            let (place, said_something) = (entry.place, !is_blank(&self.boxes_before, &entry.values));
            let event = self.events.get(usize::from(place.event)).copied().flatten();
            let event = event.ok_or_else(|| unexplained("an event with data is gone".into()))?;
            // A form whose every field is gone has no entries any more.
            let Some(form) = self.forms.get(usize::from(place.form)).copied().flatten() else { continue };
            let mut values: BTreeMap<u16, StoredValue> = BTreeMap::new();
            for (column, value) in entry.values {
                let Some(target) = self.columns.get(usize::from(column)).and_then(Option::as_ref) else {
                    continue;
                };
                let value = match value {
                    StoredValue::Level(level) => match target.levels.get(usize::from(level)) {
                        Some(level) => StoredValue::Level(*level),
                        None => continue,
                    },
                    other => other,
                };
                let ticked = values.get(&target.column) == Some(&StoredValue::Integer(1));
                if !ticked {
                    values.insert(target.column, value);
                }
            }
            let (place, values) =
                (FormPlace { form, event, ..place }, values.into_iter().collect::<Vec<_>>());
            // What said something and says nothing any more would be no entry of an import.
            if !(said_something && is_blank(&self.boxes_after, &values)) {
                entries.push(Entry { place, values });
            }
        }
        entries.sort_by_key(|entry| entry.place);
        Ok(Patient { key: patient.key, day_zero_year, entries })
    }
}

/// Which columns are boxes of checkbox fields.
fn boxes(layout: &Layout) -> Vec<bool> {
    layout.columns().map(|(_, variable)| variable.name.as_str().contains("___")).collect()
}

/// Whether values are nothing but boxes that are not ticked.
fn is_blank(boxes: &[bool], values: &[(u16, StoredValue)]) -> bool {
    let is_box = |column: u16| boxes.get(usize::from(column)).copied().unwrap_or_default();
    values.iter().all(|(column, value)| is_box(*column) && *value == StoredValue::Integer(0))
}

/// Where a variable is after all steps, and its codes; nothing where it was removed.
fn moved(variable: &Variable, steps: &[&Migration]) -> Option<Moving> {
    let codes = match &variable.kind {
        VariableKind::Factor { levels } => levels.iter().map(|level| level.code.clone()).collect(),
        _ => Vec::new(),
    };
    let mut moving = Moving { name: variable.name.as_str().into(), codes };
    for step in steps {
        let (field, code) = match moving.name.split_once("___") {
            Some((field, code)) => (field.to_owned(), Some(code.to_owned())),
            None => (moving.name.clone(), None),
        };
        if step
            .changes
            .iter()
            .any(|change| matches!(change, Change::Removed { field: one } if one.as_str() == field))
        {
            return None;
        }
        let renamed = step.changes.iter().find_map(|change| match change {
            Change::Renamed { from, to } if from.as_str() == field => Some(to.as_str().to_owned()),
            _ => None,
        });
        let field = renamed.unwrap_or(field);
        let recoded = step.changes.iter().find_map(|change| match change {
            Change::Recoded { field: one, codes } if one.as_str() == field => Some(codes),
            _ => None,
        });
        let code_after = |code: &String| {
            let after = recoded.into_iter().flatten().find(|(before, _)| before == code);
            after.map_or_else(|| code.clone(), |(_, after)| after.clone())
        };
        moving.codes = moving.codes.iter().map(code_after).collect();
        moving.name = match code {
            None => field,
            Some(column) => {
                let after = recoded.into_iter().flatten().find(|(before, _)| in_column(before) == column);
                format!("{field}___{}", after.map_or(column.clone(), |(_, after)| in_column(after)))
            }
        };
    }
    Some(moving)
}

/// A code as REDCap puts it into the name of a checkbox column.
fn in_column(code: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    code.chars().map(plain).collect()
}

/// By old level, the new one; or what is not the same any more.
fn levels(old: &Variable, new: &Variable, moved: &Moving) -> Result<Vec<u16>, MigrateError> {
    let name = old.name.as_str();
    match (&old.kind, &new.kind) {
        (VariableKind::Factor { .. }, VariableKind::Factor { levels }) => {
            let position = |code: &String| {
                let position = levels.iter().position(|level| level.code == *code);
                let position = position.and_then(|position| u16::try_from(position).ok());
                position.ok_or_else(|| unexplained(format!("`{name}` no longer has the code `{code}`")))
            };
            moved.codes.iter().map(position).collect()
        }
        (VariableKind::Integer { bounds: old }, VariableKind::Integer { bounds: new })
            if within(*old, *new) =>
        {
            Ok(Vec::new())
        }
        (VariableKind::Number { bounds: old }, VariableKind::Number { bounds: new })
            if within(*old, *new) =>
        {
            Ok(Vec::new())
        }
        _ => Err(unexplained(format!("`{name}` is of another type or has narrower bounds"))),
    }
}

/// Whether whatever was allowed still is.
fn within<T: PartialOrd>(old: Option<(T, T)>, new: Option<(T, T)>) -> bool {
    match (old, new) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some((old_least, old_greatest)), Some((least, greatest))) => {
            least <= old_least && old_greatest <= greatest
        }
    }
}

/// What the fields that were added are called in the end.
fn added(steps: &[&Migration]) -> Vec<String> {
    let mut added: Vec<String> = Vec::new();
    for step in steps {
        for change in &step.changes {
            match change {
                Change::Renamed { from, to } => {
                    let renamed = added.iter_mut().find(|one| one.as_str() == from.as_str());
                    if let Some(one) = renamed {
                        *one = to.as_str().into();
                    }
                }
                Change::Added { field } => added.push(field.as_str().into()),
                Change::Recoded { .. } | Change::Removed { .. } => {}
            }
        }
    }
    added
}

fn unexplained(what: String) -> MigrateError {
    MigrateError::Unexplained { what }
}

#[cfg(test)]
mod tests;
