//! A corpus of broken exports: what is wrong with each is said with its file, row and column.

mod cells;
mod dates;
mod files;
mod rows;

use std::collections::BTreeSet;

use super::registry::{arms, longitudinal, plain};
use super::*;

/// A broken export.
struct Broken {
    name: &'static str,
    dictionary: fn() -> Dictionary,
    text: Vec<u8>,
    /// Every finding, or the refusal.
    says: &'static [&'static str],
}

/// A broken export of the registry without events.
fn broken(name: &'static str, text: impl AsRef<[u8]>, says: &'static [&'static str]) -> Broken {
    Broken { name, dictionary: plain, text: text.as_ref().to_vec(), says }
}

/// A broken export of the registry with events.
fn broken_events(name: &'static str, text: impl AsRef<[u8]>, says: &'static [&'static str]) -> Broken {
    Broken { dictionary: longitudinal, ..broken(name, text, says) }
}

/// Checks that each export says what it should, and nothing else.
fn check(exports: &[Broken]) {
    let mut wrong = Vec::new();
    for Broken { name, dictionary, text, says } in exports {
        let found = match try_read(&dictionary(), &[text]) {
            Ok(export) => export.findings(),
            Err(error) => vec![error.to_string()],
        };
        if found != *says {
            wrong.push(format!("{name}: {found:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn all() -> Vec<Broken> {
    [files::exports(), rows::exports(), cells::exports(), dates::exports()].into_iter().flatten().collect()
}

#[test]
fn the_corpus_has_sixty_exports_and_more_under_their_own_names() {
    let exports = all();
    let names: BTreeSet<_> = exports.iter().map(|export| export.name).collect();
    assert_eq!(names.len(), exports.len());
    assert!(names.len() >= 60, "{}", names.len());
}

#[test]
fn every_kind_of_finding_that_a_row_alone_can_show_is_in_the_corpus() {
    let mut seen = BTreeSet::new();
    for Broken { dictionary, text, .. } in all() {
        if let Ok(export) = try_read(&dictionary(), &[&text]) {
            seen.extend(export.findings.iter().map(|finding| finding.kind));
        }
    }
    let kinds = OF_A_ROW.iter().filter(|kind| !seen.contains(kind)).collect::<Vec<_>>();
    assert!(kinds.is_empty(), "{kinds:?}");
}

const OF_A_ROW: [FindingKind; 50] = {
    use FindingKind::*;
    [
        TooManyCells,
        TooFewCells,
        OpenQuotation,
        RepeatedHeader,
        NoRecordId,
        UnreadableRecordId,
        LongRecordId,
        NoEvent,
        UnknownEvent,
        AmbiguousEvent,
        EventLabelAmongCodes,
        EventCodeAmongLabels,
        MoreRowsThanEvents,
        FormNotAtEvent,
        UnknownInstrument,
        NoInstance,
        UnreadableInstance,
        GreatInstance,
        OutsideInstrument,
        NotAWholeNumber,
        FractionalNumber,
        WholeNumberOutOfBounds,
        NotANumber,
        NumberOutOfBounds,
        NotFinite,
        DecimalComma,
        GroupedDigits,
        NumberWithUnit,
        ComparedNumber,
        UnknownCode,
        CodeInOtherCase,
        UnknownLabel,
        AmbiguousLabel,
        LabelAmongCodes,
        CodeAmongLabels,
        NotYesOrNo,
        NotTrueOrFalse,
        NotABox,
        BoxOfOtherStyle,
        TickedAndMissing,
        NotADate,
        DateInOtherOrder,
        SpreadsheetDate,
        PartialDate,
        NoSuchDay,
        AbsurdYear,
        UndeclaredMissing,
        SpreadsheetError,
        ControlCharacters,
        LongCell,
    ]
};
