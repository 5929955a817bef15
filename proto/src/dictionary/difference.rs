//! What a dictionary changes in an earlier one, in plain words, and what of it no migration states.

mod beside;
mod field;
mod passage;

use std::collections::BTreeSet;

use self::passage::{Fate, Passage};
use super::files::{DICTIONARY, MIGRATIONS, NETWORK};
use super::{Dictionary, Field};
use crate::problem::{Place, Problem};

/// What one dictionary changes in another.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Difference {
    changes: Vec<String>,
    unexplained: Vec<Problem>,
}

/// What `new` changes in `old`, which may be any earlier version.
pub fn difference(old: &Dictionary, new: &Dictionary) -> Difference {
    let mut difference = Difference::default();
    if old.version() != new.version() {
        difference.say(format!("version {} becomes {}", old.version(), new.version()));
    }
    let steps = new.migrations_from(old.version());
    let passage = Passage::new(old, steps.as_deref().unwrap_or_default());
    difference.fields(old, new, &passage);
    beside::compare(old, new, &mut difference);
    difference.version(old, new, steps.is_some());
    difference
}

impl Difference {
    /// Every change, each in a few words, in the order of the files.
    pub fn in_words(&self) -> &[String] {
        &self.changes
    }

    /// What changes the meaning of data and stands in no migration: with these, neither a study nor a snapshot of
    /// the old version can be brought to the new one.
    pub fn unexplained(&self) -> &[Problem] {
        &self.unexplained
    }

    /// Whether the dictionaries say the same.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    fn say(&mut self, change: String) {
        self.changes.push(change);
    }

    /// Says that something at a field of the new dictionary needs a migration.
    fn need(&mut self, field: &Field, message: String) {
        self.unexplained.push(Problem::new(Place::line(DICTIONARY, field.line), message));
    }

    fn fields(&mut self, old: &Dictionary, new: &Dictionary, passage: &Passage<'_>) {
        let mut kept = BTreeSet::new();
        for before in old.fields() {
            let is_data = old.why_withheld(before).is_none();
            let name = before.name.as_str();
            match passage.fate(name) {
                Fate::Removed => self.say(format!("`{name}` is gone")),
                Fate::Becomes { name: now, recodings } => match new.field(now) {
                    Some(after) => {
                        kept.insert(after.name.as_str());
                        field::compare(
                            &field::Versions { old, before, new, after, recodings },
                            passage,
                            self,
                        );
                    }
                    None => {
                        self.say(format!("`{name}` is gone"));
                        let message = format!(
                            "`{name}` is gone, and no migration says so: name it in `removed`, or under `renamed`"
                        );
                        let problem = Problem::new(Place::file(MIGRATIONS), message);
                        self.unexplained.extend(is_data.then_some(problem));
                    }
                },
            }
        }
        for after in new.fields().iter().filter(|after| !kept.contains(after.name.as_str())) {
            let name = &after.name;
            self.say(format!("`{name}` is new"));
            if new.why_withheld(after).is_none() && !passage.adds(name.as_str()) {
                self.need(after, format!("`{name}` is new, and no migration says so: name it in `added`"));
            }
        }
    }

    /// A changed meaning needs another version, and steps that lead to it.
    fn version(&mut self, old: &Dictionary, new: &Dictionary, is_reached: bool) {
        if self.unexplained.is_empty() && is_reached {
            return;
        }
        let (from, to) = (old.version(), new.version());
        let problem = if from == to {
            let message =
                format!("`dictionary` is {to} as before: raise the version when the meaning changes");
            Problem::new(Place::file(NETWORK), message)
        } else if is_reached {
            return;
        } else {
            let message = format!("no migration leads from version {from} to {to}; state one");
            Problem::new(Place::file(MIGRATIONS), message)
        };
        self.unexplained.insert(0, problem);
    }
}

#[cfg(test)]
mod tests;
