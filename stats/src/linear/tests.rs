#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use crate::fixture::{answer, answer_without, assert_close, frame, ovarian, refusal, statistic};
use crate::{Question, Status};

fn names(result: &Value) -> Vec<&str> {
    result["terms"].as_array().unwrap().iter().map(|term| term["name"].as_str().unwrap()).collect()
}

#[test]
fn age_on_treatment_and_site_is_as_in_r() {
    // R 4.2.2: lm(age ~ rx + factor(site)), survival::ovarian with a site dealt out by row.
    let result = answer("linear", r#"formula = "age ~ rx + factor(site)""#, &ovarian()).result;
    let expected = [
        (
            "(Intercept)",
            57.479_933_461_390_665,
            6.486_451_485_100_849,
            8.861_537_559_237_135,
            1.037_606_066_807_453_8e-8,
        ),
        (
            "rx",
            1.022_218_094_506_352_4,
            4.050_642_990_878_432_5,
            0.252_359_464_116_750_4,
            0.803_106_021_880_000_8,
        ),
        (
            "factor(site)B",
            -7.776_245_024_971_183,
            4.618_443_594_049_658,
            -1.683_737_143_610_456_5,
            0.106_370_248_648_302,
        ),
        (
            "factor(site)C",
            -4.902_390_126_776_796,
            5.789_525_437_566_432,
            -0.846_768_906_993_086,
            0.406_241_222_438_161_2,
        ),
    ];
    assert_eq!(names(&result), expected.map(|(name, ..)| name));
    for (at, (_, estimate, se, statistic, p)) in expected.into_iter().enumerate() {
        let term = &result["terms"][at];
        assert_close(&term["estimate"], estimate);
        assert_close(&term["se"], se);
        assert_close(&term["statistic"], statistic);
        assert_close(&term["p"], p);
    }
    assert_close(&result["terms"][2]["lower"], -17.354_310_810_304_643);
    assert_close(&result["terms"][2]["upper"], 1.801_820_760_362_278_2);
    assert_close(&result["sigma"], 10.084_082_883_052_606);
    assert_close(&result["rss"], 2_237.152_007_030_040_3);
    assert_close(&result["r_squared"], 0.122_834_183_564_512_08);
    assert_close(&result["adjusted_r_squared"], 0.003_220_663_141_490_831_5);
    assert_close(&result["f"]["statistic"], 1.026_925_577_728_177_4);
    assert_close(&result["loglik"], -94.805_612_705_139_24);
    assert_close(&result["aic"], 199.611_225_410_278_48);
    assert_close(&result["bic"], 205.901_708_100_385_9);
    assert_eq!(result["df"], json!([3, 22]));
    assert_close(&result["covariance"]["values"][1][3], -4.648_850_781_206_556);
}

#[test]
fn codings_and_names_follow_r() {
    let stage = &["I", "II", "III"].repeat(20);
    let days: Vec<String> = (0..60).map(|row| (row * row % 97 + row).to_string()).collect();
    let rx: Vec<String> = (0..60).map(|row| (1 + row / 7 % 2).to_string()).collect();
    let stage: Vec<String> = stage.iter().map(|code| code.to_string()).collect();
    let frame = frame(&[("days", &days), ("stage", &stage), ("rx", &rx)]);
    // R: names(coef(lm(days ~ …))) with stage a factor and rx a number.
    let expected: [(&str, &[&str]); 6] = [
        ("stage + rx", &["(Intercept)", "stageII", "stageIII", "rx"]),
        ("0 + stage", &["stageI", "stageII", "stageIII"]),
        ("stage * rx", &["(Intercept)", "stageII", "stageIII", "rx", "stageII:rx", "stageIII:rx"]),
        ("stage:rx", &["(Intercept)", "stageI:rx", "stageII:rx", "stageIII:rx"]),
        (
            "factor(rx) * stage",
            &[
                "(Intercept)",
                "factor(rx)2",
                "stageII",
                "stageIII",
                "factor(rx)2:stageII",
                "factor(rx)2:stageIII",
            ],
        ),
        ("I(rx * 2)", &["(Intercept)", "I(rx * 2)"]),
    ];
    for (terms, expected) in expected {
        let outcome = answer("linear", &format!("formula = \"days ~ {terms}\""), &frame);
        assert_eq!(outcome.status, Status::Released, "{terms}: {:?}", outcome.reason);
        assert_eq!(names(&outcome.result), expected);
        assert_eq!(outcome.result["aliased"], json!([]), "{terms}");
    }
    let section = "formula = \"days ~ stage\"\nreference = { stage = \"III\" }";
    assert_eq!(names(&answer("linear", section, &frame).result), ["(Intercept)", "stageI", "stageII"]);
}

#[test]
fn a_column_that_earlier_ones_give_is_aliased() {
    let outcome = answer("linear", r#"formula = "age ~ rx + I(rx * 2) + resid_ds""#, &ovarian());
    assert_eq!(outcome.result["aliased"], json!(["I(rx * 2)"]));
    assert_eq!(outcome.result["terms"][2]["estimate"], json!(null));
    assert_eq!(outcome.result["covariance"]["terms"], json!(["(Intercept)", "rx", "resid_ds"]));
    assert_eq!(outcome.result["df"], json!([2, 23]));
}

#[test]
fn levels_nobody_has_leave_the_model_and_the_next_becomes_the_reference() {
    let frame = frame(&[("days", &["3", "5", "8", "4", "9"]), ("stage", &["II", "III", "III", "II", "III"])]);
    let outcome = answer("linear", r#"formula = "days ~ stage""#, &frame);
    assert_eq!(names(&outcome.result), ["(Intercept)", "stageIII"]);
    assert_close(&outcome.result["terms"][0]["estimate"], 3.5);
    assert_eq!(outcome.result["aliased"], json!([]));
}

#[test]
fn rows_without_a_variable_of_the_model_are_lost_and_counted() {
    let frame = frame(&[("days", &["3", "5", "", "4", "9"]), ("rx", &["1", "2", "1", "", "2"])]);
    let outcome = answer("linear", r#"formula = "days ~ rx""#, &frame);
    assert_eq!((&outcome.result["n"], &outcome.result["missing"]), (&json!(3), &json!(2)));
}

#[test]
fn data_that_give_no_model_are_refused_in_words() {
    let refused: [(&[&str], &[&str], &str); 5] = [
        (&[], &[], "no row"),
        (&["1"], &["1"], "the same value"),
        (&["1", "2"], &["1", "2"], "no degrees of freedom"),
        (&["7", "7", "7"], &["1", "2", "1"], "the same value"),
        (&["2", "4", "2", "4"], &["1", "2", "1", "2"], "exactly"),
    ];
    for (days, rx, reason) in refused {
        let outcome = answer("linear", r#"formula = "days ~ rx""#, &frame(&[("days", days), ("rx", rx)]));
        assert_eq!(outcome.status, Status::Refused);
        assert!(outcome.reason.as_ref().unwrap().contains(reason), "{:?}", outcome.reason);
    }
    let withheld = answer_without("linear", r#"formula = "age ~ rx""#, &ovarian(), &["rx"]);
    assert_eq!(withheld.status, Status::Suppressed);
}

#[test]
fn what_is_not_offered_is_refused_by_name() {
    let refused = [
        ("formula = \"age ~ rx\"\nerrors = \"hc9\"", "did you mean"),
        (r#"formula = "age ~ rx + offset(days)""#, "`offset`"),
        (r#"formula = "stage ~ rx""#, "`stage` is a factor"),
        (r#"formula = "age ~ log(ecog_ps)""#, "lower bound above 0"),
        (r#"formula = "age ~ I(rx / ecog_ps)""#, "divisor"),
        (r#"formula = "age ~ dose""#, "no bounds"),
        (r#"formula = "age ~ factor(days)""#, "`days` is not a factor"),
        (r#"formula = "age ~ rxx""#, "did you mean `rx`"),
        ("formula = \"age ~ site\"\nreference = { site = \"D\" }", "`D` is not a level of `site`"),
        ("formula = \"age ~ rx\"\nreference = { site = \"A\" }", "not a factor of the formula"),
    ];
    for (section, word) in refused {
        let message = refusal("linear", section);
        assert!(message.contains(word), "{section}: {message}");
    }
}

#[test]
fn a_withheld_count_of_lost_rows_leaves_the_model_standing() {
    let outcome = answer_without("linear", r#"formula = "age ~ rx""#, &ovarian(), &["age: rows lost"]);
    assert_eq!(outcome.status, Status::PartlySuppressed);
    assert!(outcome.result["missing"].is_null());
    assert!(outcome.result["terms"][1]["estimate"].is_number());
}

#[test]
fn the_values_of_whole_numbers_of_few_values_are_counted_for_the_disclosure_rules() {
    let statistic = statistic("linear", r#"formula = "ecog_ps ~ age + factor(rx) + resid_ds:age""#).unwrap();
    let layout = statistic.layout(&Question::first()).unwrap();
    let tables: Vec<&str> = layout.tables.iter().take(5).map(|table| table.name.as_str()).collect();
    assert_eq!(tables, ["ecog_ps", "ecog_ps", "rx", "ecog_ps", "resid_ds"]);
    let contribution = statistic.contribute(&ovarian(), &Question::first()).unwrap();
    assert_eq!(contribution.values()[4..11], [0, 14, 12, 0, 0, 11, 15]);
}

#[test]
fn an_interaction_that_adds_numbers_over_combinations_counts_these() {
    let tables = |formula: &str| -> Vec<String> {
        let layout = statistic("linear", &format!("formula = \"{formula}\""))
            .unwrap()
            .layout(&Question::first())
            .unwrap();
        layout.tables.into_iter().skip(2).map(|table| table.name).collect()
    };
    assert_eq!(tables("age ~ stage + site"), ["stage", "site"]);
    assert_eq!(tables("age ~ stage + site:days"), ["stage", "site", "stage and site"]);
    assert_eq!(tables("age ~ stage:resid_ds"), ["stage", "resid_ds", "stage and resid_ds"]);
    let asked = statistic("linear", r#"formula = "age ~ factor(rx):resid_ds""#).unwrap();
    let contribution = asked.contribute(&ovarian(), &Question::first()).unwrap();
    assert_eq!(contribution.values()[6..10].iter().sum::<i128>(), 26);
    assert_eq!(contribution.values()[6], 5);
}
