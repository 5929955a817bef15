#![allow(clippy::unwrap_used)]

use super::sample::{EVENTS, dictionary, longitudinal};
use super::*;
use crate::variable::VariableKind;

fn scope(rows: Rows) -> Scope {
    Scope::of(&longitudinal(), &[], rows)
}

fn refusal(scope: &Scope, name: &str) -> String {
    scope.require(&VariableName::new(name).unwrap()).unwrap_err()
}

fn resolved(rows: Rows, text: &str) -> Result<String, String> {
    let expression = Expression::parse(text).unwrap();
    expression.resolve_condition(&scope(rows)).map(|part| part.in_words()).map_err(|error| error.to_string())
}

#[test]
fn a_variable_is_known_at_the_events_of_its_form_by_stem_by_name_and_as_baseline() {
    for rows in [Rows::Patient, Rows::Visit] {
        let scope = scope(rows);
        for name in ["nrs", "nrs@baseline", "nrs@month3", "nrs@month3_arm_2", "nrs@month6", "sex@screening"] {
            let variable = scope.variable(name).unwrap();
            assert_eq!(variable.name.as_str(), name);
            assert_eq!(variable.sensitive, name.starts_with("nrs"));
        }
    }
    let scope = scope(Rows::Patient);
    assert_eq!(scope.variable("nrs@month3").unwrap().label, "Label of nrs (At 3 months)");
    // The first event of the form surgery, which is not filled in at the event called baseline.
    assert_eq!(
        refusal(&scope, "kind@baseline"),
        "`kind@baseline`: the form `surgery` is not filled in at `baseline`; it is at month3, month6"
    );
    assert!(scope.variable("day0_year").is_some());
}

#[test]
fn what_is_not_known_at_an_event_says_why() {
    let scope = scope(Rows::Visit);
    for (name, error) in [
        ("nrs@monht3", "`nrs@monht3`: unknown event `monht3`; did you mean `month3`?"),
        (
            "nrs@elephant",
            "`nrs@elephant`: unknown event `elephant`; the form `pain` is filled in at baseline, month3, month6",
        ),
        (
            "sex@month3",
            "`sex@month3`: the form `background` is not filled in at `month3`; it is at screening, baseline",
        ),
        ("nsr@month3", "unknown variable `nsr`; did you mean `nrs`?"),
        ("site@month3", "`site@month3`: `site` is on no form, so it has no events"),
        ("day0_year@month3", "`day0_year@month3`: `day0_year` is on no form, so it has no events"),
        ("event@month3", "`event@month3`: `event` is on no form, so it has no events"),
        ("notes_on_pain@month3", "`notes_on_pain` cannot be used in a study: it is free text"),
    ] {
        assert_eq!(refusal(&scope, name), error);
    }
    let plain = Scope::new(&dictionary(&[]), &[]);
    assert!(plain.variable("nrs@baseline").is_some());
    assert_eq!(
        refusal(&plain, "nrs@month3"),
        "`nrs@month3`: the dictionary has no events; `@baseline` is the first visit"
    );
}

#[test]
fn event_and_day_are_known_of_visits_only() {
    let visits = scope(Rows::Visit);
    assert_eq!(
        visits.variable("event").unwrap().kind.levels().unwrap(),
        ["screening", "baseline", "month3", "month6"]
    );
    let day = visits.variable("day").unwrap();
    assert_eq!(day.kind, VariableKind::Integer { bounds: Some((-60, 210)) });
    assert_eq!(day.unit.as_deref(), Some("days"));
    assert_eq!(
        refusal(&scope(Rows::Patient), "day"),
        "unknown variable `day`; it is known where `rows = \"visit\"`"
    );
    let plain = Scope::of(&dictionary(&[]), &[], Rows::Visit);
    assert_eq!(plain.variable("event"), None);
    assert_eq!(plain.variable("day").unwrap().kind, VariableKind::Integer { bounds: Some((-60, 400)) });
    assert_eq!(scope(Rows::Visit).for_rows(Rows::Patient).variable("event"), None);
}

#[test]
fn a_reduction_reads_one_form_and_gives_what_it_says() {
    for (text, meaning) in [
        ("any(kind = 'biopsy' AND blood_loss > 10)", "any(kind = 'biopsy' AND blood_loss > 10)"),
        ("max(nrs) - min(nrs) > 2 OR count(surgery) = 0", "max(nrs) - min(nrs) > 2 OR count(surgery) = 0"),
        ("first(kind) = 'biopsy'", "first(kind) = 'biopsy'"),
        ("sum(CASE WHEN kind = 'biopsy' THEN 1 END) > 1", "sum(CASE WHEN kind = 'biopsy' THEN 1 END) > 1"),
        ("last(asked) < 90 AND nrs@month3 > nrs", "last(asked) < 90 AND nrs@month3 > nrs"),
    ] {
        assert_eq!(resolved(Rows::Patient, text).as_deref(), Ok(meaning));
        assert_eq!(resolved(Rows::Visit, text).as_deref(), Ok(meaning));
    }
}

#[test]
fn a_reduction_that_makes_no_sense_is_refused() {
    for (text, error) in [
        ("max(kind) > 1", "`kind` is a code where a number is wanted; codes know =, <> and IN only"),
        ("any(nrs)", "`nrs` is a number, not a condition; compare it with one, as in `nrs = 1`"),
        (
            "first(nrs > 3)",
            "`nrs > 3` is a condition where `first` takes a value; any(…) asks whether one is ever true",
        ),
        ("first(kind) = 'surgery'", "`first(kind)` has no code 'surgery'; it has 'biopsy', 'resection'"),
        (
            "any(nrs > 3 AND kind = 'biopsy')",
            "`any` reads the entries of one form; `kind` is on `surgery` and `nrs` on `pain`",
        ),
        ("any(max(nrs) > nrs)", "`max(nrs)` stands inside `any`; reductions do not nest"),
        ("any(count(pain) > 1)", "`count(pain)` stands inside `any`; reductions do not nest"),
        (
            "max(nrs@month3) > 1",
            "`nrs@month3` stands inside `max`, which reads every entry; write `nrs`, or leave `max` out",
        ),
        ("any(site = 'A')", "`site` is on no form, and `any` reads the entries of one; compare it outside"),
        (
            "max(day0_year) > 2000",
            "`day0_year` is on no form, and `max` reads the entries of one; compare it outside",
        ),
        ("any(TRUE)", "`any` names no variable of a form; count(form) counts entries"),
        ("count(sugery) > 1", "unknown form `sugery`; did you mean `surgery`?"),
        ("any(nsr > 1)", "unknown variable `nsr`; did you mean `nrs`?"),
        (
            "count(pain)",
            "`count(pain)` is a number, not a condition; compare it with one, as in `count(pain) = 1`",
        ),
    ] {
        assert_eq!(resolved(Rows::Patient, text).unwrap_err(), error);
    }
    assert_eq!(
        resolved(Rows::Visit, "any(day > 3)").unwrap_err(),
        "`day` is on no form, and `any` reads the entries of one; compare it outside"
    );
    assert_eq!(
        resolved(Rows::Visit, "event = 'month33'").unwrap_err(),
        "`event` has no code 'month33'; did you mean 'month3'?"
    );
}

#[test]
fn rules_of_the_dictionary_are_checked_against_it() {
    let rules = |text: &str| dictionary(&[("events.csv", EVENTS), ("rules.toml", text)]);
    let fitting = "[[rules]]\nid = \"late\"\nsays = \"Pain was asked before screening.\"\nwhere = \"asked < -60 OR day > 400\"\n\
                   [[rules]]\nid = \"blood\"\nsays = \"No surgery bleeds.\"\nrows = \"patient\"\nwhere = \"count(surgery) = 0 AND max(blood_loss) > 0\"\n";
    assert_eq!(check_rules(&rules(fitting)), Ok(()));
    let problems =
        check_rules(&rules(&fitting.replace("day >", "site >").replace("blood_loss", "loss"))).unwrap_err();
    let lines: Vec<_> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "rules.toml:4 (where): rule `late`: unknown variable `site`",
            "rules.toml:9 (where): rule `blood`: unknown variable `loss`"
        ]
    );
}
