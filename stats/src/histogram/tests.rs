#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use crate::fixture::{answer, frame, ovarian};

#[test]
fn ages_fall_into_the_bars_of_r() {
    // R 4.2.2: hist(survival::ovarian$age, right = FALSE) between 35 and 75.
    let outcome = answer("histogram", "variable = \"age\"\ngrid = 1", &ovarian());
    let bins = outcome.result["groups"][0]["bins"].as_array().unwrap();
    let between = |from: f64, to: f64| -> u64 {
        let within = bins.iter().filter(|bin| (from..to).contains(&bin["from"].as_f64().unwrap()));
        within.map(|bin| bin["count"].as_u64().unwrap()).sum()
    };
    let counts: Vec<u64> =
        (0..8).map(|five| 35.0 + 5.0 * f64::from(five)).map(|from| between(from, from + 5.0)).collect();
    assert_eq!(counts, [2, 4, 0, 4, 9, 3, 1, 3]);
}

#[test]
fn groups_have_bars_of_their_own_and_missing_values_are_counted() {
    let frame = frame(&[("days", &["0", "5000", ""]), ("stage", &["I", "II", "II"])]);
    let outcome = answer("histogram", "variable = \"days\"\nby = \"stage\"\ngrid = 2500", &frame);
    let groups = outcome.result["groups"].as_array().unwrap();
    let counts = |group: &Value| {
        group["bins"].as_array().unwrap().iter().map(|bin| bin["count"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(counts(&groups[0]), [json!(1), json!(0), json!(1)]);
    assert_eq!(groups[2]["missing"], json!(1));
    assert_eq!(outcome.tidy.columns, ["by_stage", "from", "to", "count"]);
}
