//! `migrations.toml`: the steps from earlier versions of a dictionary to this one.

use std::collections::{BTreeMap, BTreeSet};

use super::files::MIGRATIONS;
use super::findings::Findings;
use super::network_file::Version;
use super::{Change, Field, FieldKind, Migration};
use crate::fields::Section;
use crate::name::VariableName;
use crate::problem::{Place, Problem, suggestion};

/// The most steps, and the most changes of one step.
const MOST: usize = 1000;

/// A step and the place where it stands.
pub(super) type PlacedMigration = (Place, Migration);

/// Reads `migrations.toml`: steps that follow one another and lead to `version`.
pub(super) fn migrations(bytes: &[u8], version: &str) -> Result<Vec<PlacedMigration>, Vec<Problem>> {
    let section = Section::from_bytes(MIGRATIONS, bytes).map_err(|problem| vec![problem])?;
    let mut fields = section.fields();
    let mut found = Findings::default();
    let sections = found.keep(fields.sections("migrations")).unwrap_or_default();
    if sections.len() > MOST {
        found.push(fields.problem("migrations", format!("has more than {MOST} migrations")));
        return Err(found.problems());
    }
    found.keep(fields.finish());
    let steps: Vec<_> = sections.iter().filter_map(|section| found.keep(migration(section))).collect();
    if found.are_none() {
        found.extend(broken(&steps, version));
    }
    found.or(steps)
}

/// What breaks the chain of versions.
fn broken(steps: &[PlacedMigration], version: &str) -> Option<Problem> {
    let froms = || steps.iter().map(|(_, step)| step.from.as_str());
    let torn = steps.iter().zip(froms().skip(1).chain([version])).find(|((_, step), next)| step.to != *next);
    if let Some(((place, step), next)) = torn {
        let message = format!(
            "leads to version {}, and what follows is version {next}; steps follow one another and end at the \
             dictionary's own version",
            step.to
        );
        return Some(Problem::new(place.clone(), message));
    }
    let mut seen = BTreeSet::from([version]);
    let twice = froms().find(|from| !seen.insert(from))?;
    let message = format!("leads back to version {twice}; every version is another");
    steps.last().map(|(place, _)| Problem::new(place.clone(), message))
}

fn migration(section: &Section) -> Result<PlacedMigration, Problem> {
    let mut fields = section.fields();
    let from = fields.required::<Version>("from")?.0;
    let to = fields.required::<Version>("to")?.0;
    let added: Vec<VariableName> = fields.optional("added")?.unwrap_or_default();
    let renamed = fields.sections("renamed")?;
    let recoded = fields.sections("recoded")?;
    let removed: Vec<VariableName> = fields.optional("removed")?.unwrap_or_default();
    let mut changes: Vec<_> = added.into_iter().map(|field| Change::Added { field }).collect();
    changes.extend(renamed.iter().map(rename).collect::<Result<Vec<_>, _>>()?);
    changes.extend(recoded.iter().map(recode).collect::<Result<Vec<_>, _>>()?);
    changes.extend(removed.into_iter().map(|field| Change::Removed { field }));
    if changes.len() > MOST {
        return Err(Problem::new(
            section.place().clone(),
            format!("changes more than {MOST} things in one step"),
        ));
    }
    if let Some(message) = contradiction(&changes) {
        return Err(Problem::new(section.place().clone(), message));
    }
    let place = section.place().clone();
    fields.finish()?;
    Ok((place, Migration { from, to, changes }))
}

fn rename(section: &Section) -> Result<Change, Problem> {
    let mut fields = section.fields();
    let (from, to) = (fields.required("from")?, fields.required("to")?);
    if from == to {
        return Err(fields.problem("to", format!("`{to}` is the name it has already")));
    }
    fields.finish()?;
    Ok(Change::Renamed { from, to })
}

fn recode(section: &Section) -> Result<Change, Problem> {
    let mut fields = section.fields();
    let field = fields.required("field")?;
    let codes: BTreeMap<String, String> = fields.required("codes")?;
    if codes.is_empty() {
        return Err(fields.problem("codes", "names no code; write { \"before\" = \"after\" }"));
    }
    fields.finish()?;
    Ok(Change::Recoded { field, codes: codes.into_iter().collect() })
}

/// Two changes of one step that cannot both be.
fn contradiction(changes: &[Change]) -> Option<String> {
    let (mut before, mut after, mut recoded) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    changes.iter().find_map(|change| {
        let (is_new, name) = match change {
            Change::Added { field } => (after.insert(field), field),
            Change::Removed { field } => (before.insert(field), field),
            Change::Recoded { field, .. } => (recoded.insert(field), field),
            Change::Renamed { from, to } => (before.insert(from) && after.insert(to), from),
        };
        (!is_new).then(|| format!("changes `{name}` twice; a step says once what becomes of a field"))
    })
}

/// What is known of a name at some version, seen from the dictionary's own.
#[derive(Clone, Copy)]
enum Known<'a> {
    /// It is this field, under this name or a later one, with the codes it has now.
    Field(&'a Field),
    /// It is a field whose codes change later, or that is gone now.
    Name,
}

/// What does not fit the fields of the dictionary: walks back from its own version to the oldest.
pub(super) fn misfits<'a>(
    steps: &'a [PlacedMigration],
    fields: &'a [Field],
) -> impl Iterator<Item = Problem> + 'a {
    let own = fields.iter().map(|field| (&field.name, Known::Field(field))).collect();
    let walk = steps.iter().rev().scan(own, |after: &mut BTreeMap<_, _>, (place, step)| {
        let known = std::mem::take(after);
        *after = before(step, &known);
        Some((place, step, known))
    });
    walk.flat_map(|(place, step, known)| {
        let misfits = step.changes.iter().filter_map(move |change| misfit(step, change, &known));
        misfits.map(|message| Problem::new(place.clone(), message))
    })
}

/// The names of the version before a step.
fn before<'a>(
    step: &'a Migration,
    after: &BTreeMap<&'a VariableName, Known<'a>>,
) -> BTreeMap<&'a VariableName, Known<'a>> {
    let mut known = after.clone();
    for change in &step.changes {
        match change {
            Change::Added { field } | Change::Renamed { to: field, .. } => drop(known.remove(field)),
            Change::Recoded { field, .. } => {
                if let Some(field) = known.get_mut(field) {
                    *field = Known::Name;
                }
            }
            Change::Removed { .. } => {}
        }
    }
    for change in &step.changes {
        match change {
            Change::Removed { field } => drop(known.insert(field, Known::Name)),
            Change::Renamed { from, to } => {
                let recoded = step
                    .changes
                    .iter()
                    .any(|change| matches!(change, Change::Recoded { field, .. } if field == to));
                let same = after.get(to).copied().filter(|_| !recoded);
                known.insert(from, same.unwrap_or(Known::Name));
            }
            Change::Added { .. } | Change::Recoded { .. } => {}
        }
    }
    known
}

/// What is wrong with a change, where these names are known after its step.
fn misfit(step: &Migration, change: &Change, known: &BTreeMap<&VariableName, Known<'_>>) -> Option<String> {
    let lacking = |name: &VariableName| {
        let near = suggestion(name.as_str(), known.keys().map(|name| name.as_str()));
        format!("version {} has no field `{name}`{near}", step.to)
    };
    let is_new = |name: &VariableName| {
        step.changes.iter().any(|change| match change {
            Change::Added { field } | Change::Renamed { to: field, .. } => field == name,
            Change::Recoded { .. } | Change::Removed { .. } => false,
        })
    };
    match change {
        Change::Added { field } | Change::Renamed { to: field, .. } if !known.contains_key(field) => {
            Some(lacking(field))
        }
        Change::Removed { field: gone } | Change::Renamed { from: gone, .. }
            if known.contains_key(gone) && !is_new(gone) =>
        {
            Some(format!("version {} still has the field `{gone}`", step.to))
        }
        Change::Recoded { field, codes } => match known.get(field) {
            None => Some(lacking(field)),
            Some(Known::Name) => None,
            Some(Known::Field(found)) => unknown_code(found, codes),
        },
        Change::Added { .. } | Change::Renamed { .. } | Change::Removed { .. } => None,
    }
}

/// What is wrong with the codes after a recoding, which are the field's own.
fn unknown_code(field: &Field, codes: &[(String, String)]) -> Option<String> {
    let known: Vec<&str> = match &field.kind {
        FieldKind::Choice { levels } => levels.iter().map(|level| level.code.as_str()).collect(),
        FieldKind::Checkbox { levels } => levels.iter().map(|choice| choice.level.code.as_str()).collect(),
        _ => return Some(format!("`{}` has no choices that could be recoded", field.name)),
    };
    let (_, unknown) = codes.iter().find(|(_, after)| !known.contains(&after.as_str()))?;
    let near = suggestion(unknown, known);
    Some(format!("`{}` has no choice `{unknown}`{near}", field.name))
}
