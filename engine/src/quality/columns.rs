//! The columns that no file stores, over all files of an import.

use std::collections::BTreeMap;

use crate::import::{FileReport, UnknownColumn};

/// The columns that are known and not stored, by the reason, each once.
pub(super) fn dropped(files: &[FileReport]) -> BTreeMap<&'static str, Vec<&str>> {
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut columns: Vec<_> = files.iter().flat_map(|file| &file.dropped).collect();
    columns.sort_by(|one, other| (one.reason, &one.name).cmp(&(other.reason, &other.name)));
    columns.dedup();
    for column in columns {
        reasons.entry(column.reason).or_default().push(&column.name);
    }
    reasons
}

/// The columns that the dictionary does not know, each once.
pub(super) fn unknown(files: &[FileReport]) -> Vec<&UnknownColumn> {
    let mut columns: Vec<_> = files.iter().flat_map(|file| &file.unknown).collect();
    columns.sort_by(|one, other| (&one.name, one.position).cmp(&(&other.name, other.position)));
    columns.dedup_by(|one, other| {
        one.name == other.name && (!one.name.is_empty() || one.position == other.position)
    });
    columns
}

/// The variables that every file lacks, in the order of the first.
pub(super) fn absent(files: &[FileReport]) -> Vec<String> {
    let mut lacking: BTreeMap<&str, usize> = BTreeMap::new();
    for name in files.iter().flat_map(|file| &file.absent) {
        *lacking.entry(name.as_str()).or_default() += 1;
    }
    let first = files.iter().take(1).flat_map(|file| &file.absent);
    let names = first.map(|name| name.as_str()).filter(|name| lacking.get(name) == Some(&files.len()));
    names.map(str::to_owned).collect()
}
