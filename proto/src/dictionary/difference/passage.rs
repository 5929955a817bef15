//! What becomes of the fields of an old dictionary, by all the steps that lead to the new one.

use std::collections::{BTreeMap, BTreeSet};

use crate::dictionary::{Change, Dictionary, Migration};

/// Steps taken one after the other.
pub(super) struct Passage<'a> {
    /// By the name in the old dictionary.
    fates: BTreeMap<&'a str, Fate<'a>>,
    /// Names in the new dictionary of fields that some step adds.
    added: BTreeSet<&'a str>,
}

/// What becomes of a field.
#[derive(Clone)]
pub(super) enum Fate<'a> {
    /// It stays, under this name, and its codes change by these lists in turn.
    Becomes { name: &'a str, recodings: Vec<&'a [(String, String)]> },
    /// It is gone.
    Removed,
}

impl<'a> Passage<'a> {
    /// The passage of the old dictionary's fields through these steps.
    pub(super) fn new(old: &'a Dictionary, steps: &[&'a Migration]) -> Self {
        let stays = |name: &'a str| (name, Fate::Becomes { name, recodings: Vec::new() });
        let fates = old.fields().iter().map(|field| stays(field.name.as_str())).collect();
        let mut passage = Self { fates, added: BTreeSet::new() };
        steps.iter().for_each(|step| passage.take(step));
        passage
    }

    /// What becomes of a field of the old dictionary.
    pub(super) fn fate(&self, name: &str) -> &Fate<'a> {
        self.fates.get(name).unwrap_or(&Fate::Removed)
    }

    /// Whether some step adds the field of that name in the new dictionary.
    pub(super) fn adds(&self, name: &str) -> bool {
        self.added.contains(name)
    }

    fn take(&mut self, step: &'a Migration) {
        let (mut names, mut gone, mut new) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
        let mut codes: BTreeMap<&str, &'a [(String, String)]> = BTreeMap::new();
        for change in &step.changes {
            match change {
                Change::Added { field } => drop(new.insert(field.as_str())),
                Change::Renamed { from, to } => drop(names.insert(from.as_str(), to.as_str())),
                Change::Recoded { field, codes: list } => drop(codes.insert(field.as_str(), list)),
                Change::Removed { field } => drop(gone.insert(field.as_str())),
            }
        }
        for fate in self.fates.values_mut() {
            let Fate::Becomes { name, recodings } = fate else { continue };
            if gone.contains(name) {
                *fate = Fate::Removed;
                continue;
            }
            *name = names.get(name).unwrap_or(name);
            recodings.extend(codes.get(name));
        }
        let kept = self.added.iter().filter(|name| !gone.contains(*name));
        self.added = kept.map(|name| *names.get(name).unwrap_or(name)).chain(new.iter().copied()).collect();
    }
}

/// What a code becomes by lists of changes in turn.
pub(super) fn recoded<'a>(code: &'a str, recodings: &[&'a [(String, String)]]) -> &'a str {
    recodings.iter().fold(code, |code, list| {
        list.iter().find(|(before, _)| before == code).map_or(code, |(_, after)| after)
    })
}
