#![allow(clippy::unwrap_used)]

use notochord_proto::scope::Scope;

use super::*;
use crate::table::sample::{DESIGNATED, EVENTS, dictionary, table};

/// Patient 0 of arm 1, patients 1 and 2 of arm 2; patient 3 has no entry, patient 4 no visit at baseline.
const ENTRIES: &str = "\
    0 2020\n\
    0 baseline_arm_1 1 background 1 sex=f first_seen=0\n\
    0 baseline_arm_1 1 pain 1 nrs=3 asked=-2\n\
    0 month3_arm_1 1 pain 1 nrs=5 asked=90\n\
    0 month3_arm_1 1 surgery 1 kind=biopsy blood_loss=20 operated=130\n\
    0 month3_arm_1 1 surgery 2 kind=resection blood_loss=900.5 operated=70\n\
    1 2021\n\
    1 baseline_arm_2 1 background 1 sex=m\n\
    1 baseline_arm_2 1 pain 1 nrs=8\n\
    1 late_arm_2 1 pain 1 nrs=1 asked=2000\n\
    1 late_arm_2 2 pain 1 nrs=2 asked=2300\n\
    2 baseline_arm_2 1 background 1 sex=f\n\
    2 month3_arm_2 1 pain 1 asked=61\n\
    3\n\
    4 month3_arm_1 1 pain 1 nrs=7\n";

/// The rows of these variables, one line each, missing values as `.`.
fn shown(dictionary: &Dictionary, entries: &str, rows: Rows, names: &[&str]) -> Vec<String> {
    let table = table(dictionary, entries);
    let placed = Placed::new(&table, dictionary, rows).ok().unwrap();
    let scope = Scope::without_sites(dictionary, rows);
    let count = placed.rows(Arc::default()).rows();
    let column = |name: &&str| {
        let column = placed.values(&scope.variable(name).unwrap()).unwrap().unwrap();
        let texts: Vec<String> = match (column.codes(), &column.values) {
            (Some(codes), _) => codes.iter().map(|code| code.unwrap_or(".").to_owned()).collect(),
            (None, Column::Integer(values)) => {
                values.iter().map(|value| value.map_or(".".into(), |value| value.to_string())).collect()
            }
            (None, Column::Number(values)) => {
                values.iter().map(|value| value.map_or(".".into(), |value| value.to_string())).collect()
            }
            (None, Column::Factor(_)) => Vec::new(),
        };
        assert_eq!(texts.len(), count);
        texts
    };
    let columns: Vec<_> = names.iter().map(column).collect();
    (0..count).map(|row| columns.iter().map(|one| one[row].as_str()).collect::<Vec<_>>().join(" ")).collect()
}

fn with_events(events: &str) -> Dictionary {
    dictionary(&[("events.csv", events)], &[])
}

#[test]
fn a_patient_has_the_values_of_baseline_and_of_any_event_in_its_own_arm() {
    for events in [EVENTS, DESIGNATED] {
        let names = ["sex", "nrs", "nrs@baseline", "nrs@month3", "nrs@month3_arm_2", "nrs@late", "day0_year"];
        assert_eq!(
            shown(&with_events(events), ENTRIES, Rows::Patient, &names),
            ["f 3 3 5 . . 2020", "m 8 8 . . 1 2021", "f . . . . . .", ". . . . . . .", ". . . 7 . . .",]
        );
    }
}

#[test]
fn a_visit_is_where_something_was_entered() {
    let names = ["event", "nrs", "asked", "nrs@baseline", "day0_year"];
    assert_eq!(
        shown(&with_events(EVENTS), ENTRIES, Rows::Visit, &names),
        [
            "baseline 3 -2 3 2020",
            "month3 5 90 3 2020",
            "baseline 8 . 8 2021",
            "late 1 2000 8 2021",
            "late 2 2300 8 2021",
            "baseline . . . .",
            "month3 . 61 . .",
            "month3 7 . . .",
        ]
    );
}

#[test]
fn what_is_entered_once_for_the_patient_stands_beside_every_visit() {
    let by_content = shown(&with_events(EVENTS), ENTRIES, Rows::Visit, &["sex"]);
    assert_eq!(by_content, ["f", "f", "m", "m", "m", "f", "f", "."]);
    // By content a form that is entered later too belongs to its visits, by designation only one of more events.
    let later = format!("{ENTRIES}2 month3_arm_2 1 background 1 sex=m\n");
    let by_content = shown(&with_events(EVENTS), &later, Rows::Visit, &["sex"]);
    assert_eq!(by_content, ["f", ".", "m", ".", ".", "f", "m", "."]);
    let designated = shown(&with_events(DESIGNATED), ENTRIES, Rows::Visit, &["sex", "kind"]);
    assert_eq!(designated, ["f .", "f biopsy", "m .", "m .", "m .", "f .", "f .", ". ."]);
}

#[test]
fn a_repeated_visit_of_a_form_of_one_event_keeps_its_own_value() {
    let once = "unique_event_name,label,day_from,day_to,forms\nbaseline,Baseline,,,background pain\n\
                operation,Operation,,,surgery pain\n";
    let entries = "0 baseline 1 background 1 sex=f\n\
                   0 operation 1 surgery 1 blood_loss=10\n\
                   0 operation 2 surgery 1 blood_loss=20\n\
                   0 operation 3 pain 1 nrs=3\n";
    let shown = shown(&with_events(once), entries, Rows::Visit, &["event", "sex", "blood_loss"]);
    assert_eq!(shown, ["baseline f 10", "operation f 10", "operation f 20", "operation f 10"]);
}

#[test]
fn without_events_visits_are_counted_and_baseline_is_the_first() {
    let plain = dictionary(&[], &[]);
    let entries = "0 - 1 background 1 sex=f\n0 - 1 pain 1 nrs=4\n0 - 2 pain 1 nrs=6\n0 - 3 pain 1 asked=9\n\
                   1 - 2 pain 1 nrs=1\n2\n";
    assert_eq!(
        shown(&plain, entries, Rows::Visit, &["sex", "nrs", "nrs@baseline", "day"]),
        ["f 4 4 .", "f 6 4 .", "f . 4 9", ". 1 . ."]
    );
    assert_eq!(
        shown(&plain, entries, Rows::Patient, &["sex", "nrs", "nrs@baseline"]),
        ["f 4 4", ". . .", ". . ."]
    );
}

#[test]
fn the_day_of_a_visit_is_the_earliest_date_in_its_window() {
    // At month 3 of patient 0 the first instance of surgery was on day 130, beyond the window; at `late` any day is.
    let days = shown(&with_events(EVENTS), ENTRIES, Rows::Visit, &["day"]);
    assert_eq!(days, ["-2", "90", ".", "2000", "2300", ".", "61", "."]);
}

#[test]
fn the_day_of_a_visit_is_its_marked_date_where_one_is_marked() {
    let marked = dictionary(&[("events.csv", EVENTS)], &["operated"]);
    let days = shown(&marked, ENTRIES, Rows::Visit, &["day"]);
    assert_eq!(days, [".", "130", ".", ".", ".", ".", ".", "."]);
}

#[test]
fn a_table_of_other_events_is_refused() {
    let table = table(&with_events(EVENTS), ENTRIES);
    assert!(Placed::new(&table, &dictionary(&[], &[]), Rows::Patient).is_err());
    let fewer = with_events("unique_event_name,label,day_from,day_to\nbaseline_arm_1,Baseline,,\n");
    assert!(Placed::new(&table, &fewer, Rows::Visit).is_err());
}
