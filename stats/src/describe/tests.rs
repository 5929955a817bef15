#![allow(clippy::unwrap_used, clippy::panic)]

use serde_json::{Value, json};

use crate::fixture::published::{Published, answers};
use crate::fixture::{answer, answer_over, answer_without, assert_close, frame, ovarian, refusal, statistic};
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
    // The count, the number of values, and the share of each of three levels with its four bounds.
    assert_eq!(withheld, 2 + 15);
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

/// Within 1e-9 of R, or 1e-12 where that is near 0.
fn assert_as_in_r(found: &Value, expected: &Value, what: &str) {
    let Some((found, expected)) = found.as_f64().zip(expected.as_f64()) else {
        panic!("{what}: {found} {expected}")
    };
    assert!((found - expected).abs() <= 1e-9 * expected.abs().max(1e-3), "{what}: {found} is not {expected}");
}

#[test]
fn the_published_variables_are_described_as_in_r_over_one_three_and_ten_nodes() {
    let mut compared = 0;
    for set in ["birthwt", "cgd", "colon_death", "lung", "pbc"] {
        let published = Published::read(set, if set == "cgd" { "center" } else { "site" });
        for (entry, expected) in published.answers().as_object().unwrap() {
            let Some(variable) = entry.strip_prefix("describe:") else { continue };
            let probabilities = "[0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99]";
            let section = format!("variables = [\"{variable}\"]\nquantiles = {probabilities}");
            for nodes in [1, 3, 10] {
                let outcome = published.answer_over("describe", &section, nodes);
                let found = &outcome.result["groups"][0]["variables"][variable];
                assert_eq!((&found["n"], &found["missing"]), (&expected["n"], &expected["n_missing"]));
                let parts = [
                    ("mean", "mean"),
                    ("sd", "sd"),
                    ("se", "se"),
                    ("skewness", "skewness_g1"),
                    ("kurtosis", "kurtosis_excess_g2"),
                ];
                for (own, theirs) in parts {
                    assert_as_in_r(&found[own], &expected[theirs], &format!("{set} {entry} {own}"));
                }
                for end in 0..2 {
                    assert_as_in_r(
                        &found["interval"][end],
                        &expected["t_ci95"][end],
                        &format!("{set} {entry} interval"),
                    );
                }
                if found["grid"]["exact"] != json!(true) {
                    continue;
                }
                for (at, p) in expected["quantile"]["p"].as_array().unwrap().iter().enumerate() {
                    for (own, theirs) in [("quantiles", "type7"), ("quantiles_type2", "type2")] {
                        let what = format!("{set} {entry} {own} {p}");
                        assert_as_in_r(&found[own][p.to_string()], &expected["quantile"][theirs][at], &what);
                        compared += 1;
                    }
                }
            }
        }
    }
    assert!(compared > 300, "{compared}");
}

#[test]
fn the_published_counts_and_sites_are_described_as_in_r() {
    let mut compared = 0;
    for set in ["birthwt", "cgd", "colon_death", "lung", "pbc"] {
        let published = Published::read(set, if set == "cgd" { "center" } else { "site" });
        for (entry, expected) in published.answers().as_object().unwrap() {
            if let Some(variable) = entry.strip_prefix("count:") {
                let outcome = published.answer_over("describe", &format!("variables = [\"{variable}\"]"), 3);
                let found = &outcome.result["groups"][0]["variables"][variable];
                assert_eq!(found["missing"], expected["n_missing"], "{set} {entry}");
                for (at, level) in expected["levels"].as_array().unwrap().iter().enumerate() {
                    assert_eq!(found["counts"][level.as_str().unwrap()], expected["n"][at], "{set} {entry}");
                    compared += 1;
                }
            }
            if let Some(variable) = entry.strip_prefix("describe_by_site:") {
                let section = format!("variables = [\"{variable}\"]\nby = \"site\"");
                let outcome = published.answer_over("describe", &section, 10);
                for group in &outcome.result["groups"].as_array().unwrap()[1..] {
                    let expected = &expected[group["by"].as_str().unwrap()];
                    let found = &group["variables"][variable];
                    assert_eq!(found["n"], expected["n"]);
                    assert_as_in_r(&found["mean"], &expected["mean"], entry);
                    if !expected["sd"].is_null() {
                        assert_as_in_r(&found["sd"], &expected["sd"], entry);
                    }
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 60, "{compared}");
}

#[test]
fn groups_are_compared_as_in_r() {
    let own = answers("own/describe.json");
    let published = Published::read("birthwt", "site");
    // What is described, by what, R's answer, and whether that has the differences of these groups.
    let cases = [
        ("bwt", "race", "bwt_race", "welch_anova", true),
        ("age", "smoke", "age_smoke", "welch_anova", true),
        ("smoke", "race", "race_smoke", "chi_squared", false),
        ("race", "smoke", "race_smoke", "chi_squared", true),
        ("ht", "ui", "ht_ui", "fisher", false),
        ("ui", "ht", "ht_ui", "fisher", true),
    ];
    for (variable, by, entry, test, differs) in cases {
        let section = format!("variables = [\"{variable}\"]\nby = \"{by}\"");
        for nodes in [1, 3, 10] {
            let outcome = published.answer_over("describe", &section, nodes);
            let (found, expected) = (&outcome.result["comparisons"][variable], &own["birthwt"][entry]);
            assert_eq!(found["test"]["name"], json!(test));
            assert_as_in_r(&found["test"]["p"], &expected["p"], entry);
            let smd = expected["smd"].as_array().cloned().unwrap_or_else(|| vec![expected["smd"].clone()]);
            let differences = found["standardised_differences"].as_array().unwrap();
            for (found, expected) in differences.iter().zip(&smd).filter(|_| differs) {
                assert_as_in_r(&found["value"], expected, entry);
            }
            assert!(!differs || differences.len() == smd.len());
        }
    }
    let races = published.answer_over("describe", "variables = [\"race\"]\nby = \"smoke\"", 1);
    let found = &races.result["comparisons"]["race"]["standardised_differences"][0];
    assert_eq!((&found["first"], &found["second"]), (&json!("0"), &json!("1")));
    assert_as_in_r(&found["value"], &own["birthwt"]["race_smoke"]["smd"], "race");
}

#[test]
fn a_mean_is_divided_by_those_who_have_a_value() {
    // A peer divides by everybody and gets 9.228.
    let published = Published::read("lung", "site");
    let outcome = published.answer_over("describe", "variables = [\"wt_loss\"]", 3);
    let found = &outcome.result["groups"][0]["variables"]["wt_loss"];
    assert_close(&found["mean"], 2104.0 / 214.0);
    assert_eq!((&found["n"], &found["missing"]), (&json!(214), &json!(14)));
}

#[test]
fn a_pooled_quantile_is_not_the_mean_of_the_sites_quantiles() {
    // A peer weighs the quantiles of sites: (3 * 2 + 5 * 30) / 8 is 19.5, where the middle of all eight values is 15.
    let one = frame(&[("before", &["1", "2", "3"])]);
    let two = frame(&[("before", &["10", "20", "30", "40", "50"])]);
    let asked = statistic("describe", "variables = [\"before\"]\nquantiles = [0.5]").unwrap();
    let outcome = answer_over(asked.as_ref(), &[&one, &two]);
    assert_eq!(outcome.result["groups"][0]["variables"]["before"]["quantiles"]["0.5"], json!(15.0));
}

#[test]
fn what_does_not_vary_has_no_shape_and_nobody_has_no_share() {
    let section = "variables = [\"age\", \"stage\", \"ecog_ps\"]\nby = \"rx\"";
    let rows: [[&[&str]; 4]; 4] = [
        [&[], &[], &[], &[]],
        [&["50"], &["I"], &["2"], &["1"]],
        [&["50", "50"], &["I", "I"], &["2", "2"], &["1", "2"]],
        [&["", ""], &["", ""], &["", ""], &["1", "2"]],
    ];
    for [age, stage, ecog, rx] in rows {
        let frame = frame(&[("age", age), ("stage", stage), ("ecog_ps", ecog), ("rx", rx)]);
        let outcome = answer("describe", section, &frame);
        assert_eq!(outcome.status, Status::Released);
        let all = &outcome.result["groups"][0]["variables"];
        assert_eq!((&all["age"]["skewness"], &all["ecog_ps"]["kurtosis"]), (&json!(null), &json!(null)));
        for variable in ["age", "stage", "ecog_ps"] {
            let test = &outcome.result["comparisons"][variable]["test"];
            assert!(test["p"].is_null() && test["reason"].is_string(), "{variable}: {test}");
        }
        if age.iter().all(|age| age.is_empty()) {
            assert_eq!(all["stage"]["shares"]["I"]["wilson"], json!([null, null]));
        }
    }
    let apart = frame(&[("stage", &["I", "I", "II", "II"]), ("rx", &["1", "1", "2", "2"])]);
    let outcome = answer("describe", "variables = [\"stage\"]\nby = \"rx\"", &apart);
    assert_eq!(outcome.result["comparisons"]["stage"]["standardised_differences"][0]["value"], json!(null));
}
