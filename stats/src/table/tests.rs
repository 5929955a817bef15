#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::fisher;
use crate::Status;
use crate::fixture::{answer, answer_without, assert_close, frame, ovarian, refusal};

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
        ("rows_by = \"rx\"\ncolumns_by = \"stage\"\nlayers_by = \"site\"", "`layers_by`"),
        ("rows_by = \"rx\"\ncolumns_by = \"stage\"\ntests = [\"mcnemar\"]", "`mcnemar`"),
        ("rows_by = \"rx\"\ncolumns_by = \"stage\"\ntests = [\"fischer\"]", "did you mean `fisher`"),
        ("rows_by = \"days\"\ncolumns_by = \"stage\"", "`days` is not a factor"),
        ("rows_by = \"rx\"\ncolumns_by = \"rx\"", "same variable"),
    ];
    for (section, word) in refused {
        let message = refusal("table", section);
        assert!(message.contains(word), "{section}: {message}");
    }
}
