#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use crate::fixture::published::{Published, own};
use crate::fixture::{answer, answer_over, answer_without, frame, ovarian, refusal, statistic};
use crate::{Question, Status};

/// Relative on estimates, statistics and bounds; absolute on p-values, and relative down to the tail.
fn assert_pairs(found: &Value, expected: &Value) {
    assert_eq!(found["n"], expected["n"]);
    let (found, expected) = (found["pairs"].as_array().unwrap(), expected["pairs"].as_array().unwrap());
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!(
            (&found["x"], &found["y"], &found["df"]),
            (&expected["x"], &expected["y"], &expected["df"])
        );
        for key in ["estimate", "statistic", "p", "lower", "upper"] {
            let (own, theirs) = (found[key].as_f64().unwrap(), expected[key].as_f64().unwrap());
            let error = (own - theirs).abs() / theirs.abs();
            assert!(error < 1e-10, "{}, {}: {key} {own:e} is not {theirs:e}", found["x"], found["y"]);
        }
    }
}

#[test]
fn both_coefficients_are_those_of_r_over_one_three_and_ten_sites() {
    let expected = own("correlation");
    let sections = [
        ("birthwt", r#"variables = ["age", "lwt", "bwt", "smoke"]"#, ""),
        ("lung", r#"variables = ["age", "meal_cal", "wt_loss", "ph_karno"]"#, ""),
        // Ages in days, each of which has a cell of its own, though not at its start.
        (
            "pbc",
            r#"variables = ["age", "bili", "albumin", "protime", "chol"]"#,
            "grid = { age = 0.0027378507871321013 }",
        ),
    ];
    for (set, section, grid) in sections {
        let published = Published::read(set, "site");
        for (method, grid) in [("pearson", ""), ("spearman", grid)] {
            let section = format!("{section}\nmethod = \"{method}\"\n{grid}");
            for sites in [1, 3, 10] {
                let outcome = published.answer_over("correlate", &section, sites);
                assert_eq!(outcome.status, Status::Released, "{:?}", outcome.reason);
                assert_pairs(&outcome.result, &expected[set][method]);
                let grids = outcome.result["grids"].as_array();
                let binned = grids.into_iter().flatten().filter(|grid| grid["exact"] == false);
                assert_eq!(binned.count(), usize::from(!grid.is_empty()), "{grids:?}");
            }
        }
    }
}

#[test]
fn covariances_are_those_of_r() {
    let published = Published::read("pbc", "site");
    let section = r#"variables = ["age", "bili", "albumin", "protime", "chol"]"#;
    let outcome = published.answer_over("correlate", section, 1);
    let expected = &own("correlation")["pbc"]["pearson"]["covariance"];
    for one in 0..5 {
        for two in 0..5 {
            let number = |matrix: &Value| matrix[one][two].as_f64().unwrap();
            let (own, theirs) = (number(&outcome.result["covariance"]["values"]), number(expected));
            // Ages have more decimals than the eleven or twelve digits that a real number is carried with.
            assert!(((own - theirs) / theirs).abs() < 1e-10, "{one} {two}: {own} is not {theirs}");
        }
    }
    assert_eq!(outcome.result["correlation"]["values"][2][2], json!(1.0));
}

#[test]
fn a_line_with_ties_has_its_p_far_out_in_the_tail() {
    let days: Vec<String> = (1..=200).map(|day| day.to_string()).collect();
    let dose: Vec<String> = (1..=200).map(|day: i64| (day / 3 + 7 * day % 5).to_string()).collect();
    // `days` may be any whole number up to 5000; a dose is put into the same kind of column.
    let frame = frame(&[
        ("days", &days),
        ("age", &dose.iter().map(|d| (18 + d.parse::<i64>().unwrap()).to_string()).collect::<Vec<_>>()),
    ]);
    for (method, grid) in [("pearson", ""), ("spearman", "grid = { days = 2, age = 1 }")] {
        let section = format!("variables = [\"days\", \"age\"]\nmethod = \"{method}\"\n{grid}");
        let result = answer("correlate", &section, &frame).result;
        let expected = &own("correlation")["line"][method]["pairs"][0];
        if method == "spearman" {
            // Days two by two share a rank: said, and not R's number.
            assert_eq!(result["grids"][0], json!({"variable": "days", "width": 2.0, "exact": false}));
            assert_eq!(result["grids"][1]["exact"], json!(true));
            continue;
        }
        for key in ["estimate", "statistic", "p", "lower", "upper"] {
            let (own, theirs) = (result["pairs"][0][key].as_f64().unwrap(), expected[key].as_f64().unwrap());
            assert!(((own - theirs) / theirs).abs() < 1e-9, "{key}: {own:e} is not {theirs:e}");
        }
        assert!(result["pairs"][0]["p"].as_f64().unwrap() < 1e-150);
    }
}

#[test]
fn numbers_that_give_no_correlation_say_so() {
    let both = |method: &str, days: &[&str], rx: &[&str]| {
        let section =
            format!("variables = [\"days\", \"ecog_ps\"]\nmethod = \"{method}\"\ngrid = {{ days = 2 }}");
        let section = if method == "pearson" { section.replace("grid = { days = 2 }", "") } else { section };
        answer("correlate", &section, &frame(&[("days", days), ("ecog_ps", rx)]))
    };
    for method in ["pearson", "spearman"] {
        for days in [&[] as &[&str], &["", ""]] {
            let outcome = both(method, days, &["1", "2"][..days.len()]);
            assert_eq!(outcome.status, Status::Refused, "{method}");
            assert_eq!(outcome.reason.as_deref(), Some("no row has every variable"));
        }
        let reason = |days: &[&str], rx: &[&str]| both(method, days, rx).result["pairs"][0]["reason"].clone();
        assert_eq!(reason(&["7"], &["1"]), json!("fewer than two rows are complete"));
        assert_eq!(
            reason(&["7", "7", "7"], &["1", "2", "3"]),
            json!("a number has the same value in every row")
        );
        let line = both(method, &["0", "100", "200", "5000"], &["0", "1", "2", "3"]).result;
        assert_eq!(line["pairs"][0]["reason"], json!(null));
        let two = both(method, &["0", "5000"], &["4", "0"]).result["pairs"][0].clone();
        assert_eq!((&two["estimate"], &two["p"], &two["lower"]), (&json!(-1.0), &json!(null), &json!(null)));
        let perfect = both(method, &["0", "4", "8", "12"], &["0", "1", "2", "3"]).result["pairs"][0].clone();
        assert_eq!(perfect["estimate"], json!(1.0));
        assert_eq!((&perfect["statistic"], &perfect["p"]), (&json!(null), &json!(0.0)));
        assert_eq!((&perfect["lower"], &perfect["upper"]), (&json!(1.0), &json!(1.0)));
    }
}

#[test]
fn what_cannot_be_correlated_is_refused_by_name() {
    let refused = [
        (r#"variables = ["age"]"#, "lists 2 to 50"),
        (r#"variables = ["age", "age"]"#, "`age` twice"),
        (r#"variables = ["age", "stage"]"#, "`stage` is a factor"),
        (r#"variables = ["age", "dose"]"#, "no bounds"),
        (r#"variables = ["age", "dayz"]"#, "did you mean `days`"),
        ("variables = [\"age\", \"days\"]\nmethod = \"kendall\"", "`kendall` is not one of"),
        ("variables = [\"age\", \"days\"]\ngrid = { age = 1 }", "reads no grid"),
        ("variables = [\"age\", \"days\"]\nmethod = \"spearman\"\ngrid = { rx = 1 }", "`rx` is not one of"),
        ("variables = [\"age\", \"days\"]\nmethod = \"spearman\"\ngrid = { age = 0 }", "a width above 0"),
    ];
    for (section, word) in refused {
        let message = refusal("correlate", section);
        assert!(message.contains(word), "{section}: {message}");
    }
}

#[test]
fn a_withheld_count_withholds_the_ranks_but_not_that_of_lost_rows() {
    let days: Vec<String> = (0..30).map(|row| (row * row % 13).to_string()).collect();
    let rx: Vec<String> = (0..30).map(|row| (1 + row % 2).to_string()).collect();
    let frame = frame(&[
        ("ecog_ps", &days.iter().map(|d| (d.parse::<i64>().unwrap() % 5).to_string()).collect::<Vec<_>>()),
        ("rx", &rx),
    ]);
    let section = "variables = [\"ecog_ps\", \"rx\"]";
    let lost = "rows: without one of the variables";
    let outcome = answer_without("correlate", section, &frame, &[lost]);
    assert_eq!((outcome.status, &outcome.result["missing"]), (Status::PartlySuppressed, &json!(null)));
    assert!(outcome.result["pairs"][0]["estimate"].is_number());
    let withheld = answer_without("correlate", section, &frame, &["rows: complete in every variable"]);
    assert_eq!(withheld.status, Status::Suppressed);
    let ranks = answer_without(
        "correlate",
        "variables = [\"ecog_ps\", \"rx\"]\nmethod = \"spearman\"",
        &frame,
        &["ecog_ps from: complete rows, 3"],
    );
    assert_eq!(ranks.status, Status::Suppressed);
    assert!(ranks.reason.unwrap().contains("a wider `grid`"));
}

#[test]
fn two_numbers_of_two_values_are_counted_together_for_the_disclosure_rules() {
    for method in ["pearson", "spearman"] {
        let section = format!("variables = [\"rx\", \"resid_ds\", \"ecog_ps\"]\nmethod = \"{method}\"");
        let asked = statistic("correlate", &section).unwrap();
        let layout = asked.layout(&Question::first()).unwrap();
        let tables: Vec<&str> = layout.tables.iter().map(|table| table.name.as_str()).collect();
        assert_eq!(tables[..6], ["rows", "rows", "rx", "resid_ds", "ecog_ps", "rx and resid_ds"]);
        assert_eq!(layout.design.unwrap().columns, 3);
        let counts = asked.contribute(&ovarian(), &Question::first()).unwrap();
        assert_eq!(counts.values()[..6], [26, 0, 13, 13, 11, 15]);
        assert_eq!(counts.values()[11..15], [5, 8, 6, 7]);
    }
}

#[test]
fn ranks_are_those_of_the_pooled_rows_and_not_of_each_site() {
    // Within each site the two fall against each other; over both they rise together.
    let first = frame(&[("days", &["1", "2", "3", "4", ""]), ("ecog_ps", &["1", "1", "0", "0", "0"])]);
    let second = frame(&[("days", &["11", "12", "13", "14"]), ("ecog_ps", &["4", "4", "3", "3"])]);
    let section = "variables = [\"days\", \"ecog_ps\"]\nmethod = \"spearman\"";
    let ranks = statistic("correlate", section).unwrap();
    let outcome = answer_over(ranks.as_ref(), &[&first, &second]);
    // R: cor(c(1:4, 11:14), c(1, 1, 0, 0, 4, 4, 3, 3), method = "spearman")
    let estimate = outcome.result["pairs"][0]["estimate"].as_f64().unwrap();
    assert!((estimate - 0.585_540_043_769_119_9).abs() < 1e-15, "{estimate}");
    assert_eq!((&outcome.result["n"], &outcome.result["missing"]), (&json!(8), &json!(1)));
}
