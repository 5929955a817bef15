//! What is wrong, counted in full and listed up to a bound.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::import::{Finding, FindingKind, MOST_FINDINGS, RowPlace};

/// The most findings of one kind that are listed, so that a common kind does not hide a rare one.
pub const MOST_OF_A_KIND: usize = 100;
/// The most columns that are counted apart; a dictionary has fewer.
const MOST_COLUMNS: usize = 10_000;

/// What is wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Findings {
    /// How many findings there are.
    pub count: u64,
    /// How many of each kind.
    pub by_kind: BTreeMap<FindingKind, u64>,
    /// Values beyond the dictionary's bounds, by column.
    pub values_out_of_bounds: BTreeMap<String, u64>,
    /// Codes and labels that the dictionary does not have, by column.
    pub unknown_codes: BTreeMap<String, u64>,
    /// The first findings, up to [`MOST_FINDINGS`] and [`MOST_OF_A_KIND`], by file and row.
    pub listed: Vec<Finding>,
    /// Findings beyond those listed; the quarantine list has them all.
    pub unlisted: u64,
}

impl Findings {
    /// How many there are of a kind.
    pub fn of_kind(&self, kind: FindingKind) -> u64 {
        self.by_kind.get(&kind).copied().unwrap_or(0)
    }

    /// The kinds with their counts, the most frequent first.
    pub fn most_frequent(&self) -> Vec<(FindingKind, u64)> {
        let mut kinds: Vec<_> = self.by_kind.iter().map(|(kind, count)| (*kind, *count)).collect();
        kinds.sort_by_key(|(kind, count)| (std::cmp::Reverse(*count), *kind));
        kinds
    }

    /// Those listed that concern a row by itself, not the agreement of its fields.
    pub(super) fn beside_contradictions(&self) -> impl Iterator<Item = &Finding> {
        self.listed.iter().filter(|finding| finding.kind != FindingKind::Contradiction)
    }

    pub(super) fn add(&mut self, finding: &Finding) {
        use FindingKind as Kind;
        self.count += 1;
        let of_kind = self.by_kind.entry(finding.kind).or_default();
        *of_kind += 1;
        if *of_kind <= MOST_OF_A_KIND as u64 && self.listed.len() < MOST_FINDINGS {
            self.listed.push(finding.clone());
        } else {
            self.unlisted += 1;
        }
        let by_column = match finding.kind {
            Kind::WholeNumberOutOfBounds | Kind::NumberOutOfBounds | Kind::DaysOutOfBounds => {
                &mut self.values_out_of_bounds
            }
            Kind::UnknownCode | Kind::UnknownLabel | Kind::CodeInOtherCase => &mut self.unknown_codes,
            Kind::NotYesOrNo | Kind::NotTrueOrFalse | Kind::NotABox => &mut self.unknown_codes,
            _ => return,
        };
        let Some(column) = &finding.column else { return };
        if by_column.len() < MOST_COLUMNS || by_column.contains_key(column) {
            *by_column.entry(column.clone()).or_default() += 1;
        }
    }

    /// Sorts what is listed as the person who mends it goes through it: by file, in the order given, and row.
    pub(super) fn sort(&mut self, files: &[&str]) {
        let files: BTreeMap<&str, usize> = files.iter().copied().zip(0..).collect();
        let file = |finding: &Finding| files.get(finding.file.as_str()).copied().unwrap_or(usize::MAX);
        self.listed.sort_by_key(|finding| (file(finding), row(finding.row)));
    }
}

/// A kind in words: `duplicate row`.
pub(super) fn in_words(kind: FindingKind) -> String {
    kind.to_string().replace('_', " ")
}

/// The number of a row.
pub(super) fn row(place: RowPlace) -> u64 {
    match place {
        RowPlace::Line(number) | RowPlace::Row(number) => number,
    }
}
