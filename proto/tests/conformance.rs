//! What a member of a network must refuse, and must take, of its chain of trust: after the cases that the conformance
//! suite of The Update Framework asks of its clients, over our documents.
//!
//! Every case names the check that decides it. `cargo test -p notochord-proto --features weakened --test conformance`
//! switches that check off and sees the case go the other way.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "conformance/roots.rs"]
mod roots;
#[path = "conformance/rules.rs"]
mod rules;
#[path = "conformance/statuses.rs"]
mod statuses;
#[path = "conformance/world.rs"]
mod world;

use notochord_proto::weakened::Check;

/// What a member does with something; the refusal in its words.
type Outcome = Result<(), String>;

/// Something that is tried, and the check that decides on it.
struct Case {
    name: &'static str,
    decided_by: Check,
    expected: Expected,
    attempt: fn() -> Outcome,
}

enum Expected {
    Taken,
    /// With these words in the refusal.
    Refused(&'static str),
}

/// A case that must be refused.
const fn refused(
    name: &'static str,
    decided_by: Check,
    words: &'static str,
    attempt: fn() -> Outcome,
) -> Case {
    Case { name, decided_by, expected: Expected::Refused(words), attempt }
}

/// A case that must be taken.
const fn taken(name: &'static str, decided_by: Check, attempt: fn() -> Outcome) -> Case {
    Case { name, decided_by, expected: Expected::Taken, attempt }
}

fn cases() -> impl Iterator<Item = &'static Case> {
    [roots::CASES, statuses::CASES, rules::CASES].into_iter().flatten()
}

#[test]
fn every_case_of_the_conformance_table_goes_as_it_must() {
    for case in cases() {
        match (&case.expected, (case.attempt)()) {
            (Expected::Taken, Ok(())) => {}
            (Expected::Refused(words), Err(said)) => assert!(said.contains(words), "{}: {said}", case.name),
            (_, outcome) => panic!("{}: {outcome:?}", case.name),
        }
    }
}

#[test]
fn there_are_at_least_forty_cases_and_no_two_of_one_name() {
    let mut names: Vec<_> = cases().map(|case| case.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), cases().count());
    assert!(names.len() >= 40, "{}", names.len());
}

#[cfg(feature = "weakened")]
#[test]
fn every_case_goes_the_other_way_once_its_check_is_off() {
    let mut unmoved = Vec::new();
    for case in cases() {
        let outcome = notochord_proto::weakened::without(case.decided_by, case.attempt);
        if outcome.is_ok() == matches!(case.expected, Expected::Taken) {
            unmoved.push(format!("{}: {outcome:?} also without {:?}", case.name, case.decided_by));
        }
        assert!(case.decided_by.stands(), "a check stays off");
    }
    assert!(unmoved.is_empty(), "{unmoved:#?}");
}

#[cfg(not(feature = "weakened"))]
#[test]
fn in_an_ordinary_build_every_check_stands() {
    for case in cases() {
        assert!(case.decided_by.stands(), "{}", case.name);
    }
}
