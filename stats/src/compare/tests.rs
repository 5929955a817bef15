#![allow(clippy::unwrap_used)]

use notochord_proto::layout::TablePurpose;
use serde_json::json;

use crate::fixture::{answer, answer_without, assert_close, frame, ovarian, refusal, statistic};
use crate::{Question, Status};

fn section(outcome: &str, by: &str, test: &str) -> String {
    format!("outcome = \"{outcome}\"\nby = \"{by}\"\ntest = \"{test}\"")
}

#[test]
fn welch_and_student_are_as_in_r() {
    // R 4.2.2: t.test(age ~ rx), survival::ovarian.
    let welch = answer("compare", &section("age", "rx", "welch"), &ovarian()).result;
    assert_close(&welch["groups"][0]["mean"], 55.732_353_846_153_85);
    assert_close(&welch["groups"][1]["mean"], 56.598_530_769_230_77);
    let test = &welch["test"];
    assert_close(&test["statistic"], -0.214_426_085_486_855_1);
    assert_close(&test["df"], 15.760_276_177_237_783);
    assert_close(&test["p"], 0.832_964_573_648_584_7);
    assert_close(&test["lower"], -9.440_159_918_144_134);
    assert_close(&test["upper"], 7.707_806_071_990_293);
    let student = answer("compare", &section("age", "rx", "student"), &ovarian()).result;
    let test = &student["test"];
    assert_close(&test["statistic"], -0.214_426_085_486_855_1);
    assert_close(&test["df"], 24.0);
    assert_close(&test["p"], 0.832_026_255_967_584);
    assert_close(&test["lower"], -9.203_321_639_377_947);
    assert_close(&test["upper"], 7.470_967_793_224_104);
}

#[test]
fn the_analysis_of_variance_is_as_in_r() {
    // R 4.2.2: anova(lm(age ~ factor(ecog.ps))), survival::ovarian.
    let result = answer("compare", &section("age", "ecog_ps", "anova"), &ovarian()).result;
    let levels: Vec<_> =
        result["groups"].as_array().unwrap().iter().map(|group| group["level"].clone()).collect();
    assert_eq!(levels, [json!("1"), json!("2")]);
    assert_close(&result["groups"][0]["sd"], 10.851_613_349_580_385);
    let test = &result["test"];
    assert_eq!(test["df"], json!([1, 24]));
    assert_close(&test["sum_of_squares"][0], 42.623_546_340_009_4);
    assert_close(&test["sum_of_squares"][1], 2_507.808_726_683_45);
    assert_close(&test["statistic"], 0.407_911_935_737_254_5);
    assert_close(&test["p"], 0.529_079_687_508_877_9);
}

#[test]
fn groups_that_allow_no_test_are_refused_in_words() {
    let refused: [(&[&str], &[&str], &str, &str); 6] = [
        (&[], &[], "welch", "no row"),
        (&["1", "2", "3"], &["I", "I", "I"], "welch", "compares two groups, and here 1"),
        (&["1", "2", "3"], &["I", "II", "III"], "student", "compares two groups, and here 3"),
        (&["1", "2", "3"], &["I", "I", "II"], "welch", "one row only"),
        (&["1", "1", "2", "2"], &["I", "I", "II", "II"], "anova", "does not vary"),
        (&["1", "2"], &["I", "II"], "anova", "one row only"),
    ];
    for (days, stages, test, reason) in refused {
        let outcome =
            answer("compare", &section("days", "stage", test), &frame(&[("days", days), ("stage", stages)]));
        assert_eq!(outcome.status, Status::Refused);
        assert!(outcome.reason.as_ref().unwrap().contains(reason), "{:?}", outcome.reason);
    }
}

#[test]
fn a_withheld_group_takes_the_test_with_it() {
    let outcome = answer_without("compare", &section("age", "rx", "welch"), &ovarian(), &["age: 1"]);
    assert_eq!(outcome.status, Status::PartlySuppressed);
    assert_eq!(outcome.result["groups"][0]["mean"], json!(null));
    assert_close(&outcome.result["groups"][1]["mean"], 56.598_530_769_230_77);
    assert_eq!(outcome.result["test"]["p"], json!(null));
    assert!(outcome.result["test"]["reason"].is_string());
}

#[test]
fn a_whole_number_of_few_values_sends_its_counts_and_nothing_else() {
    let section = section("ecog_ps", "rx", "welch");
    let layout = statistic("compare", &section).unwrap().layout(&Question::first()).unwrap();
    assert!(layout.sums.is_empty());
    let shape = (layout.tables[0].purpose, layout.tables[0].rows.len(), layout.tables[0].columns.len());
    assert_eq!((shape, layout.tables.len()), ((TablePurpose::Frequency, 2, 5), 2));
    // By hand: 13 patients in each arm, 6 of each with a status of 2.
    let result = answer("compare", &section, &ovarian()).result;
    assert_eq!((&result["groups"][0]["n"], &result["groups"][1]["n"]), (&json!(13), &json!(13)));
    assert_close(&result["groups"][0]["mean"], 19.0 / 13.0);
    assert_close(&result["groups"][0]["sd"], (42.0_f64 / 13.0 / 12.0).sqrt());
    assert_close(&result["groups"][1]["mean"], 19.0 / 13.0);
    assert_eq!(result["groups"][0]["median"], json!(1.0));
    let withheld = answer_without("compare", &section, &ovarian(), &["ecog_ps: 1, 2"]).result;
    assert!(withheld["groups"][0]["mean"].is_null() && withheld["groups"][1]["mean"].is_number());
}

#[test]
fn what_is_not_offered_is_refused_by_name() {
    for test in ["wilcoxon", "paired_t", "one_sample"] {
        assert!(refusal("compare", &section("age", "rx", test)).contains(test));
    }
    assert!(refusal("compare", &section("stage", "rx", "welch")).contains("`stage` is a factor"));
    assert!(refusal("compare", &format!("{}\nmu = 1", section("age", "rx", "anova"))).contains("`mu`"));
}
