#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use super::two_by_two::Effects;
use super::{fisher, mantel_haenszel, mcnemar, network, sampled, trend};
use crate::Status;
use crate::fixture::published::{Published, answers};
use crate::fixture::{answer, answer_over, answer_without, assert_close, frame, ovarian, refusal, statistic};

const SECTION: &str = "rows_by = \"rx\"\ncolumns_by = \"resid_ds\"\ntests = [\"chi_squared\", \"fisher\"]";

#[test]
fn treatment_by_residual_disease_is_as_in_r() {
    // R 4.2.2, survival::ovarian: chisq.test with and without correction, fisher.test.
    let outcome = answer("table", SECTION, &ovarian());
    let result = &outcome.result;
    assert_eq!((&result["rows"], &result["columns"]), (&json!(["1", "2"]), &json!(["1", "2"])));
    assert_eq!(result["counts"], json!([[5, 8], [6, 7]]));
    assert_eq!(result["row_totals"], json!([13, 13]));
    assert_eq!(result["column_totals"], json!([11, 15]));
    assert_eq!((&result["total"], &result["missing"]), (&json!(26), &json!(0)));
    let tests = &result["tests"];
    assert_close(&tests["chi_squared"]["statistic"], 0.157_575_757_575_757_6);
    assert_close(&tests["chi_squared"]["p"], 0.691_398_336_135_106_6);
    assert_eq!(tests["chi_squared_yates"]["p"], json!(1.0));
    assert_close(&tests["fisher"]["p"], 1.0);
}

#[test]
fn fisher_agrees_with_r_and_its_odds_ratio_solves_its_equation() {
    // R 4.2.2, treatment by sex in survival::cgd. R's own root finder stops at four digits of the odds ratio.
    let test = serde_json::to_value(fisher::test(&[vec![20, 100], vec![15, 68]])).unwrap();
    assert_close(&test["p"], 0.851_001_282_017_776_3);
    let near = [("estimate", 0.907_108_168_754), ("lower", 0.408_607_744_2), ("upper", 2.049_121_450_9)];
    for (name, expected) in near {
        let found = test[name].as_f64().unwrap();
        assert!((found / expected - 1.0).abs() < 1e-4, "{name}: {found}");
    }
    let one_sided = serde_json::to_value(fisher::test(&[vec![3, 0], vec![1, 2]])).unwrap();
    assert_eq!(one_sided["estimate"], json!("Inf"));
    assert_eq!(one_sided["upper"], json!("Inf"));
}

#[test]
fn levels_of_whole_numbers_that_nobody_has_are_left_out_and_those_of_factors_stay() {
    let frame = frame(&[("ecog_ps", &["0", "4", ""]), ("stage", &["I", "III", "I"])]);
    let outcome =
        answer("table", "rows_by = \"ecog_ps\"\ncolumns_by = \"stage\"\ntests = [\"chi_squared\"]", &frame);
    assert_eq!(outcome.result["rows"], json!(["0", "4"]));
    assert_eq!(outcome.result["columns"], json!(["I", "II", "III"]));
    assert_eq!(outcome.result["missing"], json!(1));
    assert_eq!(outcome.result["tests"]["chi_squared"]["df"], json!(1));
    assert_eq!(outcome.tidy.columns, ["row", "column", "count"]);
}

#[test]
fn a_test_that_the_counts_do_not_allow_says_why() {
    let nobody = answer("table", SECTION, &frame::<&str>(&[("rx", &[]), ("resid_ds", &[])]));
    assert_eq!(nobody.status, Status::Released);
    assert!(nobody.result["tests"]["chi_squared"]["reason"].is_string());
    let withheld = answer_without("table", SECTION, &ovarian(), &["rx by resid_ds: 1, 1"]);
    assert_eq!(withheld.status, Status::PartlySuppressed);
    assert_eq!(withheld.result["counts"], json!([[null, 8], [6, 7]]));
    assert_eq!(withheld.result["row_totals"], json!([null, 13]));
    assert_eq!(withheld.result["tests"]["fisher"]["p"], json!(null));
}

#[test]
fn what_is_not_offered_is_refused_by_name() {
    let refused = [
        ("rows_by = \"rx\"\ncolumns_by = \"stage\"\nlayers_by = \"rx\"", "`rx` is named twice"),
        ("rows_by = \"rx\"\ncolumns_by = \"stage\"\ntests = [\"mcnemar\"]", "`mcnemar`"),
        ("rows_by = \"rx\"\ncolumns_by = \"stage\"\ntests = [\"mantel_haenszel\"]", "`layers_by`"),
        ("rows_by = \"rx\"\ncolumns_by = \"stage\"\ntests = [\"fischer\"]", "did you mean `fisher`"),
        ("rows_by = \"days\"\ncolumns_by = \"stage\"", "`days` is not a factor"),
        ("rows_by = \"rx\"\ncolumns_by = \"rx\"", "same variable"),
    ];
    for (section, word) in refused {
        let message = refusal("table", section);
        assert!(message.contains(word), "{section}: {message}");
    }
}

fn json_of(tests: &[(&'static str, super::Test)], name: &str) -> Value {
    serde_json::to_value(&tests.iter().find(|(own, _)| *own == name).unwrap().1).unwrap()
}

fn matrix(value: &Value) -> Vec<Vec<u64>> {
    serde_json::from_value(value.clone()).unwrap()
}

fn square(value: &Value) -> [[u64; 2]; 2] {
    serde_json::from_value(value.clone()).unwrap()
}

#[test]
fn fisher_of_any_shape_is_as_in_r() {
    let own = answers("own/table.json");
    for name in ["fisher_small", "fisher_ties", "fisher_wide", "fisher_rare"] {
        let counts = matrix(&own[name]["counts"]);
        let test = serde_json::to_value(fisher::test(&counts)).unwrap();
        assert_close(&test["p"], own[name]["p"].as_f64().unwrap());
        assert_eq!(test["method"], json!("exact"));
        let mirrored: Vec<Vec<u64>> =
            (0..counts[0].len()).map(|at| counts.iter().map(|row| row[at]).collect()).collect();
        assert_close(&json!(network::p_value(&mirrored, 1.0 + 1e-7)), own[name]["p"].as_f64().unwrap());
    }
}

#[test]
fn fisher_samples_what_it_cannot_go_through_and_says_how() {
    let own = answers("own/table.json");
    let (p, sampling) = sampled::p_value(&matrix(&own["fisher_wide"]["counts"])).unwrap();
    let exact = own["fisher_wide"]["p"].as_f64().unwrap();
    let error = (exact / sampling.tables as f64).sqrt();
    assert!((p - exact).abs() < 4.0 * error, "{p} is not {exact}");
    assert_eq!((sampling.tables, sampling.seed), (20_000, 1));
    // Ten by ten with 300 units has more tables than anybody can go through.
    let large: Vec<Vec<u64>> =
        (0..10).map(|row| (0..10).map(|column| 1 + (row * column) % 5).collect()).collect();
    let test = serde_json::to_value(fisher::test(&large)).unwrap();
    assert_eq!(test["sampling"], json!({"tables": 20_000, "seed": 1}));
    assert!(test["p"].as_f64().unwrap() > 0.0);
    let endless = serde_json::to_value(fisher::test(&vec![vec![1 << 39; 3]; 3])).unwrap();
    assert!(endless["p"].is_null() && endless["reason"].is_string());
}

#[test]
fn trend_mcnemar_and_bowker_are_as_in_r() {
    let own = answers("own/table.json");
    let list = |name: &str| serde_json::from_value::<Vec<u64>>(own["trend"][name].clone()).unwrap();
    for (name, scores) in [("trend", [1.0, 2.0, 3.0, 4.0]), ("trend_scored", [0.0, 1.0, 2.0, 4.0])] {
        let test = trend::test(scores.to_vec(), &list("events"), &list("trials"));
        let test = serde_json::to_value(test).unwrap();
        assert_close(&test["statistic"], own[name]["statistic"].as_f64().unwrap());
        assert_close(&test["p"], own[name]["p"].as_f64().unwrap());
    }
    let tests = mcnemar::tests(&matrix(&own["mcnemar"]["counts"]));
    let number = |at: &str, of: usize| own["mcnemar"][at][of].as_f64().unwrap();
    assert_close(&json_of(&tests, "mcnemar")["statistic"], own["mcnemar"]["statistic"].as_f64().unwrap());
    assert_close(&json_of(&tests, "mcnemar")["p"], own["mcnemar"]["p"].as_f64().unwrap());
    assert_close(&json_of(&tests, "mcnemar_continuity")["statistic"], number("corrected", 0));
    assert_close(&json_of(&tests, "mcnemar_continuity")["p"], number("corrected", 1));
    for (at, part) in ["p", "estimate", "lower", "upper"].into_iter().enumerate() {
        assert_close(&json_of(&tests, "mcnemar_exact")[part], number("exact", at));
    }
    let bowker = json_of(&mcnemar::tests(&matrix(&own["bowker"]["counts"])), "mcnemar");
    assert_close(&bowker["statistic"], own["bowker"]["statistic"].as_f64().unwrap());
    assert_close(&bowker["p"], own["bowker"]["p"].as_f64().unwrap());
    assert_eq!(bowker["df"], own["bowker"]["df"]);
    assert!(json_of(&mcnemar::tests(&[vec![3, 0], vec![0, 4]]), "mcnemar")["reason"].is_string());
}

#[test]
fn effects_and_the_common_odds_ratio_are_as_in_r() {
    let own = answers("own/table.json");
    let effects = Effects::of(square(&own["effects"]["counts"]), ["control", "treated"], "cured");
    let effects = serde_json::to_value(effects).unwrap();
    for effect in ["odds_ratio", "risk_ratio", "risk_difference"] {
        for (at, part) in ["estimate", "lower", "upper"].into_iter().enumerate() {
            assert_close(&effects[effect][part], own["effects"][effect][at].as_f64().unwrap());
        }
    }
    let expected = &own["mantel_haenszel"];
    let layers: Vec<_> = expected["layers"].as_array().unwrap().iter().map(square).collect();
    let tests = mantel_haenszel::tests(&layers);
    let plain = json_of(&tests, "mantel_haenszel");
    for (part, value) in [
        ("statistic", &expected["statistic"]),
        ("p", &expected["p"]),
        ("estimate", &expected["odds_ratio"]),
        ("lower", &expected["interval"][0]),
        ("upper", &expected["interval"][1]),
    ] {
        assert_close(&plain[part], value.as_f64().unwrap());
    }
    let corrected = json_of(&tests, "mantel_haenszel_continuity");
    assert_close(&corrected["statistic"], expected["corrected"][0].as_f64().unwrap());
    assert_close(&corrected["p"], expected["corrected"][1].as_f64().unwrap());
}

#[test]
fn layers_of_sites_give_the_common_odds_ratio_of_r() {
    // R 4.2.2: mantelhaen.test(table(rx, resid.ds, site), correct = FALSE) of survival::ovarian.
    let section =
        "rows_by = \"rx\"\ncolumns_by = \"resid_ds\"\nlayers_by = \"site\"\ntests = [\"mantel_haenszel\"]";
    let outcome = answer("table", section, &ovarian());
    let test = &outcome.result["tests"]["mantel_haenszel"];
    assert_close(&test["statistic"], 0.125_652_627_915_071_2);
    assert_close(&test["p"], 0.722_982_828_303_264_8);
    assert_close(&test["estimate"], 0.754_521_963_824_289_4);
    assert_close(&test["lower"], 0.159_453_892_510_426_77);
    assert_close(&test["upper"], 3.570_332_369_628_661);
    assert_eq!(outcome.result["counts"], json!([[5, 8], [6, 7]]));
    let layers = outcome.result["layers"].as_array().unwrap();
    let levels: Vec<_> = layers.iter().map(|layer| layer["level"].clone()).collect();
    assert_eq!(levels, [json!("A"), json!("B"), json!("C")]);
    assert_eq!(outcome.tidy.columns, ["layer", "row", "column", "count"]);
    assert_eq!(outcome.tidy.rows.len(), 12);
    let withheld = answer_without("table", section, &ovarian(), &["rx by resid_ds, site B: 1, 1"]);
    assert_eq!(withheld.result["tests"]["mantel_haenszel"]["p"], json!(null));
    assert_eq!(withheld.result["counts"], json!([[null, 8], [6, 7]]));
}

#[test]
fn the_published_tables_are_as_in_r_over_one_three_and_ten_nodes() {
    let mut compared = 0;
    for set in ["birthwt", "cgd", "colon_death", "lung", "pbc"] {
        let published = Published::read(set, if set == "cgd" { "center" } else { "site" });
        for (entry, expected) in published.answers().as_object().unwrap() {
            let Some(variables) = entry.strip_prefix("crosstab:") else { continue };
            let (rows, columns) = variables.split_once('*').unwrap();
            let column = if columns == "center" { "site" } else { columns };
            // A table that R itself could not go through is sampled, which takes long here.
            let fisher = if expected["fisher_p"].is_number() { ", \"fisher\"" } else { "" };
            let section =
                format!("rows_by = \"{rows}\"\ncolumns_by = \"{column}\"\ntests = [\"chi_squared\"{fisher}]");
            for nodes in [1, 3, 10] {
                let outcome = published.answer_over("table", &section, nodes);
                let tests = &outcome.result["tests"];
                assert_eq!(outcome.result["counts"], expected["table"]["data"], "{set} {entry}");
                assert_eq!(outcome.result["total"], expected["n"]);
                let pairs = [
                    (&tests["chi_squared"]["statistic"], &expected["chisq"]),
                    (&tests["chi_squared"]["p"], &expected["p_value"]),
                    (&tests["chi_squared_yates"]["statistic"], &expected["chisq_yates"]),
                    (&tests["chi_squared_yates"]["p"], &expected["p_yates"]),
                    (&tests["fisher"]["p"], &expected["fisher_p"]),
                ];
                for (found, expected) in pairs {
                    if let Some(expected) = expected.as_f64() {
                        let found = found.as_f64().unwrap();
                        assert!(
                            (found - expected).abs() <= 1e-10 * expected.max(1.0),
                            "{set} {entry}: {found} {expected}"
                        );
                        compared += 1;
                    }
                }
            }
        }
    }
    assert!(compared > 100, "{compared}");
}

#[test]
fn a_missing_value_at_one_site_makes_no_level_and_no_other_test() {
    // A peer's answer is 3.36 for 1.334, and Yates' correction where nobody asked for it.
    let published = Published::read("lung", "site");
    let outcome = published.answer_over(
        "table",
        "rows_by = \"sex\"\ncolumns_by = \"ph_ecog\"\ntests = [\"chi_squared\"]",
        3,
    );
    assert_close(&outcome.result["tests"]["chi_squared"]["statistic"], 1.334_106_526_894_718);
    assert_eq!(outcome.result["columns"], json!(["0", "1", "2", "3"]));
    assert_eq!((&outcome.result["total"], &outcome.result["missing"]), (&json!(227), &json!(1)));
}

#[test]
fn every_test_of_a_degenerate_table_says_why_it_is_none() {
    let section = "rows_by = \"rx\"\ncolumns_by = \"resid_ds\"\nlayers_by = \"stage\"\n\
                   tests = [\"chi_squared\", \"fisher\", \"trend\", \"mantel_haenszel\", \"mcnemar\"]";
    let asked = statistic("table", section).unwrap();
    let table = |rx: &[&str], resid: &[&str], stage: &[&str]| {
        frame(&[("rx", rx), ("resid_ds", resid), ("stage", stage)])
    };
    let frames = [
        table(&[], &[], &[]),
        table(&["1"], &["1"], &["I"]),
        table(&["1", "1", "1"], &["2", "2", "2"], &["I", "II", "II"]),
        table(&["1", "2"], &["", ""], &["I", "II"]),
        table(&["1", "2", "1"], &["1", "2", "1"], &["", "", ""]),
    ];
    for frame in &frames {
        let outcome = answer_over(asked.as_ref(), &[frame, &frames[0]]);
        assert_eq!(outcome.status, Status::Released);
        for (name, test) in outcome.result["tests"].as_object().unwrap() {
            assert!(
                test["reason"].is_string() && test["p"].is_null() || name.starts_with("mcnemar"),
                "{name}: {test}"
            );
        }
    }
    let lonely = table(&["1", "2"], &["1", "2"], &["I", "II"]);
    let outcome = answer_over(asked.as_ref(), &[&lonely]);
    assert!(outcome.result["tests"]["mantel_haenszel"]["reason"].as_str().unwrap().contains("no layer"));
    assert_eq!(outcome.result["effects"]["odds_ratio"]["estimate"], json!("Inf"));
    assert_eq!(outcome.result["effects"]["odds_ratio"]["upper"], json!(null));
}
