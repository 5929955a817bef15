#![allow(clippy::unwrap_used)]

use serde_json::json;

use crate::fixture::{answer, answer_without, assert_close, frame, ovarian, refusal};
use crate::{Cell, Status};

#[test]
fn age_is_described_as_r_describes_it() {
    // R 4.2.2: mean, sd and se of survival::ovarian$age.
    let outcome = answer("describe", "variables = [\"age\"]\ngrid = 0.1", &ovarian());
    let age = &outcome.result["groups"][0]["variables"]["age"];
    assert_eq!((&age["n"], &age["missing"]), (&json!(26), &json!(0)));
    assert_close(&age["mean"], 56.165_442_307_692_31);
    assert_close(&age["sd"], 10.100_360_930_231_08);
    assert_close(&age["se"], 1.980_843_749_137_632_7);
    assert_eq!(age["grid"], json!({"width": 0.1, "exact": false}));
    let median = age["quantiles"]["0.5"].as_f64().unwrap();
    assert!((median - 56.8466).abs() < 0.1, "{median}");
}

#[test]
fn whole_numbers_have_exact_quantiles_and_few_of_them_have_counts() {
    let frame = frame(&[("days", &["1", "2", "4", "8", "", "1000"]), ("rx", &["1", "2", "1", "", "2", "2"])]);
    let outcome = answer("describe", "variables = [\"days\", \"rx\"]\ngrid = 2", &frame);
    let variables = &outcome.result["groups"][0]["variables"];
    assert_eq!(variables["days"]["grid"], json!({"width": 2.0, "exact": false}));
    assert_eq!(variables["rx"]["counts"], json!({"1": 2, "2": 3}));
    assert_eq!(variables["rx"]["quantiles"], json!({"0.25": 1.0, "0.5": 2.0, "0.75": 2.0}));
    assert_close(&variables["rx"]["mean"], 1.6);
    assert_close(&variables["rx"]["sd"], 0.3_f64.sqrt());
}

#[test]
fn rows_whose_group_is_missing_count_in_all() {
    let frame = frame(&[("ecog_ps", &["0", "1", "2", ""]), ("stage", &["I", "", "II", "I"])]);
    let outcome = answer("describe", "variables = [\"ecog_ps\"]\nby = \"stage\"", &frame);
    let groups = outcome.result["groups"].as_array().unwrap();
    let names: Vec<_> = groups.iter().map(|group| group["by"].clone()).collect();
    assert_eq!(names, [json!(null), json!("I"), json!("II"), json!("III")]);
    let of = |group: usize, what: &str| groups[group]["variables"]["ecog_ps"][what].clone();
    assert_eq!(
        (of(0, "n"), of(0, "missing"), of(0, "counts")),
        (json!(3), json!(1), json!({"0": 1, "1": 1, "2": 1}))
    );
    assert_eq!((of(1, "n"), of(1, "missing"), of(1, "mean")), (json!(1), json!(1), json!(0.0)));
    assert_eq!((of(3, "n"), of(3, "mean"), of(3, "sd")), (json!(0), json!(null), json!(null)));
}

#[test]
fn a_list_in_by_gives_lists_and_leaves_out_combinations_of_nobody() {
    let frame = frame(&[("age", &["40", "50"]), ("stage", &["I", "II"]), ("rx", &["1", "2"])]);
    let outcome = answer("describe", "variables = [\"age\"]\nby = [\"stage\", \"rx\"]", &frame);
    let groups = outcome.result["groups"].as_array().unwrap();
    let names: Vec<_> = groups.iter().map(|group| group["by"].clone()).collect();
    assert_eq!(names, [json!(null), json!(["I", "1"]), json!(["II", "2"])]);
    assert_eq!(outcome.tidy.columns, ["by_stage", "by_rx", "variable", "statistic", "level", "value"]);
    assert_eq!(outcome.tidy.rows[0][..3], [Cell::Empty, Cell::Empty, "age".into()]);
}

#[test]
fn a_withheld_count_takes_what_is_computed_from_it_and_nothing_else() {
    let frame = frame(&[("stage", &["I", "II", "II"]), ("days", &["1", "2", "3"])]);
    let section = "variables = [\"stage\", \"days\"]";
    let outcome = answer_without("describe", section, &frame, &["stage: all, I"]);
    assert_eq!(outcome.status, Status::PartlySuppressed);
    let variables = &outcome.result["groups"][0]["variables"];
    assert_eq!(variables["stage"]["n"], json!(null));
    assert_eq!(variables["stage"]["counts"], json!({"I": null, "II": 2, "III": 0}));
    assert_eq!(variables["days"]["mean"], json!(2.0));
    let withheld = outcome.tidy.rows.iter().filter(|row| row.contains(&Cell::Withheld)).count();
    assert_eq!(withheld, 2);
}

#[test]
fn what_cannot_be_described_is_refused_by_name() {
    let refused = [
        (r#"variables = ["aeg"]"#, "did you mean `age`"),
        (r#"variables = ["dose"]"#, "`dose` has no bounds"),
        (r#"variables = ["age", "age"]"#, "names `age` twice"),
        (r#"variables = []"#, "lists 1 to"),
        ("variables = [\"age\"]\nquantiles = [0, 0.5]", "extremes"),
        ("variables = [\"age\"]\nby = \"age\"", "`age` is not a factor"),
        ("variables = [\"age\"]\nby = [\"rx\", \"rx\"]", "twice"),
        ("variables = [\"age\"]\ngrid = 1e-6", "more than 4096 cells"),
        ("variables = [\"age\"]\nbye = \"rx\"", "unknown key `bye`"),
    ];
    for (section, word) in refused {
        let message = refusal("describe", section);
        assert!(message.contains(word), "{section}: {message}");
    }
}
