#![allow(clippy::unwrap_used)]

use super::*;
use crate::scope::sample::{dictionary, longitudinal};

#[test]
fn a_form_begins_at_its_first_event_in_every_arm() {
    let schedule = Schedule::of(&longitudinal());
    assert_eq!(schedule.baseline("background"), [0]);
    assert_eq!(schedule.baseline("pain"), [1, 3]);
    assert_eq!(schedule.baseline("surgery"), [2]);
    assert_eq!(schedule.first(), [0]);
    assert_eq!(Schedule::of(&dictionary(&[])).baseline("pain"), [0]);
}

#[test]
fn an_event_is_named_with_its_arm_or_for_all_arms() {
    let schedule = Schedule::of(&longitudinal());
    assert_eq!(schedule.positions("pain", "month3"), Ok(vec![2, 4]));
    assert_eq!(schedule.positions("surgery", "month3"), Ok(vec![2]));
    assert_eq!(schedule.positions("pain", "month3_arm_2"), Ok(vec![4]));
    assert!(schedule.positions("surgery", "month3_arm_2").is_err());
    assert_eq!(schedule.stem_positions(), [0, 1, 2, 1, 2, 3]);
}

#[test]
fn baseline_is_an_event_of_that_name_or_the_first() {
    let named = Schedule::of(&longitudinal());
    assert_eq!(named.positions("background", BASELINE), Ok(vec![1, 3]));
    let events = "unique_event_name,label,day_from,day_to\nweek1,Week 1,,\nweek2,Week 2,,\n";
    let unnamed = Schedule::of(&dictionary(&[("events.csv", events)]));
    assert_eq!(unnamed.positions("background", BASELINE), Ok(vec![0]));
}

#[test]
fn a_form_of_one_event_is_of_the_patient_where_the_dictionary_says_so() {
    let schedule = Schedule::of(&longitudinal());
    let of_the_patient = |form| schedule.is_of_the_patient(form);
    assert_eq!((of_the_patient("background"), of_the_patient("surgery")), (Some(false), Some(false)));
    let events = "unique_event_name,label,day_from,day_to,forms\na_arm_1,A,,,background pain\n\
                  b_arm_1,B,,,pain surgery\na_arm_2,A,,,background pain\n";
    let schedule = Schedule::of(&dictionary(&[("events.csv", events)]));
    assert_eq!(schedule.is_of_the_patient("background"), Some(true));
    assert_eq!(schedule.is_of_the_patient("pain"), Some(false));
    assert_eq!(Schedule::of(&dictionary(&[])).is_of_the_patient("pain"), None);
}
