#![allow(clippy::unwrap_used, clippy::panic)]

use notochord_proto::layout::TablePurpose;
use serde_json::{Value, json};

use crate::fixture::published::{Published, answers};
use crate::fixture::{answer, answer_without, assert_close, frame, ovarian, refusal, statistic};
use crate::{Cell, Question, Status};

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
fn what_makes_no_comparison_is_refused_by_name() {
    let refused = [
        (section("stage", "rx", "welch"), "`stage` is a factor"),
        (format!("{}\nmu = 1", section("age", "rx", "anova")), "`mu`"),
        (section("age", "rx", "one_sample"), "compares no groups"),
        (section("age", "rx", "paired_t"), "compares no groups"),
        ("outcome = \"age\"\ntest = \"welch\"".to_owned(), "`welch` compares groups"),
        ("outcome = \"age\"\ntest = \"paired_t\"".to_owned(), "`paired_t` needs `pair`"),
        ("outcome = \"before\"\npair = \"before\"\ntest = \"paired_t\"".to_owned(), "same variable"),
        ("outcome = \"before\"\npair = \"stage\"\ntest = \"paired_t\"".to_owned(), "`stage`"),
        ("outcome = \"before\"\npair = \"patient\"\ntest = \"paired_t\"".to_owned(), "rows apart"),
        (format!("{}\npair = \"patient\"", section("before", "stage", "paired_t")), "has 3 levels"),
        (
            format!(
                "{}\npair = \"patient\"\nlevels = [\"I\", \"IV\"]",
                section("before", "stage", "paired_t")
            ),
            "`IV`",
        ),
        (format!("{}\nlevels = [\"I\", \"II\"]", section("before", "stage", "welch")), "`levels`"),
        (format!("{}\npair = \"after\"", section("before", "stage", "kruskal")), "compares no pairs"),
        (format!("{}\ngrid = 1e-9", section("age", "rx", "kruskal")), "more than 131072 cells"),
        (section("age", "rx", "wilcoxn"), "did you mean `wilcoxon`"),
    ];
    for (section, word) in refused {
        let message = refusal("compare", &section);
        assert!(message.contains(word), "{section}: {message}");
    }
}

/// The numbers of one of our own answers of R.
fn numbers(value: &Value) -> Vec<f64> {
    serde_json::from_value(value.clone()).unwrap()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(Value::to_string).collect()
}

/// Within a thousandth: R's root finder stops there.
fn assert_near(found: &Value, expected: f64, what: &str) {
    let found = found.as_f64().unwrap();
    assert!((found - expected).abs() < 1e-3, "{what}: {found} is not {expected}");
}

#[test]
fn the_published_comparisons_are_as_in_r_over_one_three_and_ten_nodes() {
    let own = answers("own/compare.json");
    for set in ["birthwt", "cgd", "colon_death", "lung", "pbc"] {
        let published = Published::read(set, if set == "cgd" { "center" } else { "site" });
        let expected = &own[set];
        let (outcome, by) = (expected["outcome"].as_str().unwrap(), expected["by"].as_str().unwrap());
        for nodes in [1, 3, 10] {
            let test = |test: &str| {
                let section = match test {
                    "one_sample" => format!("outcome = \"{outcome}\"\ntest = \"one_sample\""),
                    _ => section(outcome, by, test),
                };
                published.answer_over("compare", &section, nodes).result["test"].clone()
            };
            let (variance, expected_variance) = (test("variance"), numbers(&expected["variance"]));
            for (at, part) in
                ["statistic", "lower", "upper"].into_iter().zip([0, 2, 3]).map(|(p, at)| (at, p))
            {
                assert_close(&variance[part], expected_variance[at]);
            }
            // R takes the upper tail from 1, and loses digits of a small one.
            assert!((variance["p"].as_f64().unwrap() - expected_variance[1]).abs() < 1e-14);
            let (one, expected_one) = (test("one_sample"), numbers(&expected["one_sample"]));
            for (at, part) in ["statistic", "df", "p", "lower", "upper", "estimate"].into_iter().enumerate() {
                match expected_one[at] {
                    // R gives no p-value below 1e-308.
                    0.0 => assert!(one[part].as_f64().unwrap() < 1e-300),
                    value => assert_close(&one[part], value),
                }
            }
            let (ranks, expected_ranks) = (test("wilcoxon"), numbers(&expected["wilcoxon"]));
            assert_eq!(ranks["binned"], json!(false), "{set}");
            assert_close(&ranks["statistic"], expected_ranks[0]);
            assert_close(&ranks["p"], expected_ranks[1]);
            assert_close(&ranks["normal"]["p_uncorrected"], expected_ranks[2]);
            let shift = numbers(&expected["shift"]);
            assert_near(&ranks["lower"], shift[0], set);
            assert_near(&ranks["upper"], shift[1], set);
            let (kruskal, expected_kruskal) = (test("kruskal"), numbers(&expected["kruskal"]));
            assert_close(&kruskal["statistic"], expected_kruskal[0]);
            assert_close(&kruskal["p"], expected_kruskal[1]);
        }
    }
}

#[test]
fn the_published_means_are_as_in_r_over_one_three_and_ten_nodes() {
    let mut compared = 0;
    for set in ["birthwt", "cgd", "colon_death", "lung", "pbc"] {
        let published = Published::read(set, if set == "cgd" { "center" } else { "site" });
        for (entry, expected) in published.answers().as_object().unwrap() {
            let Some((kind, variables)) = entry.split_once(':') else { continue };
            let Some((outcome, by)) = variables.split_once('~') else { continue };
            for nodes in [1, 3, 10] {
                let test = |test: &str| {
                    published.answer_over("compare", &section(outcome, by, test), nodes).result["test"]
                        .clone()
                };
                let pairs = match kind {
                    "t_test_welch" | "t_test_pooled" => {
                        let test = test(if kind == "t_test_welch" { "welch" } else { "student" });
                        let parts = ["statistic", "df", "p", "lower", "upper"];
                        let [low, high] = [0, 1].map(|end| expected["ci95"][end].clone());
                        let [t, df, p] = ["statistic", "df", "p_value"].map(|part| expected[part].clone());
                        parts.map(|part| test[part].clone()).into_iter().zip([t, df, p, low, high]).collect()
                    }
                    "anova" => {
                        let (plain, welch, kruskal) = (test("anova"), test("welch_anova"), test("kruskal"));
                        vec![
                            (plain["statistic"].clone(), expected["f"].clone()),
                            (plain["p"].clone(), expected["p_value"].clone()),
                            (welch["statistic"].clone(), expected["welch"]["f"].clone()),
                            (welch["df"][1].clone(), expected["welch"]["df"][1].clone()),
                            (welch["p"].clone(), expected["welch"]["p_value"].clone()),
                            (kruskal["statistic"].clone(), expected["kruskal"]["h"].clone()),
                            (kruskal["p"].clone(), expected["kruskal"]["p_value"].clone()),
                        ]
                    }
                    _ => Vec::new(),
                };
                for (found, expected) in pairs {
                    // A group of one has no variance for R nor for us.
                    if found.is_null() && expected.is_null() {
                        continue;
                    }
                    let numbers = found.as_f64().zip(expected.as_f64());
                    let Some((found, expected)) = numbers else {
                        panic!("{set} {entry}: {found} {expected}")
                    };
                    let error = (found - expected).abs() / expected.abs();
                    assert!(
                        error < 1e-9 || (found - expected).abs() < 1e-10,
                        "{set} {entry}: {found} {expected}"
                    );
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 150, "{compared}");
}

#[test]
fn small_samples_without_ties_are_exact_with_their_shift_and_interval() {
    let own = answers("own/compare.json");
    let expected = &own["exact_rank_sum"];
    let (x, y) = (texts(&expected["x"]), texts(&expected["y"]));
    let days: Vec<String> = x.iter().chain(&y).cloned().collect();
    let arms: Vec<String> =
        (0..days.len()).map(|at| if at < x.len() { "1" } else { "2" }.to_owned()).collect();
    let frame_of = frame(&[("days", &days), ("rx", &arms)]);
    let test = answer("compare", &section("days", "rx", "wilcoxon"), &frame_of).result["test"].clone();
    assert_eq!(test["method"], json!("exact"));
    for (part, value) in [
        ("statistic", &expected["statistic"]),
        ("p", &expected["p"]),
        ("estimate", &expected["estimate"]),
        ("lower", &expected["interval"][0]),
        ("upper", &expected["interval"][1]),
    ] {
        assert_close(&test[part], value.as_f64().unwrap());
    }
    let shifted = format!("{}\nmu = -10.5", section("days", "rx", "wilcoxon"));
    let shifted = answer("compare", &shifted, &frame_of).result["test"].clone();
    assert_close(&shifted["statistic"], expected["shifted"][0].as_f64().unwrap());
    assert_close(&shifted["p"], expected["shifted"][1].as_f64().unwrap());

    let expected = &own["exact_signed_rank"];
    let d = numbers(&expected["d"]);
    let before: Vec<String> = d.iter().map(|d| (60.0 + d).to_string()).collect();
    let frame_of = frame(&[("before", &before), ("after", &vec!["60".to_owned(); d.len()])]);
    let pairs = "outcome = \"before\"\npair = \"after\"\ntest = \"signed_rank\"";
    let test = answer("compare", pairs, &frame_of).result["test"].clone();
    assert_eq!(test["method"], json!("exact"));
    for (part, value) in [
        ("statistic", &expected["statistic"]),
        ("p", &expected["p"]),
        ("estimate", &expected["estimate"]),
        ("lower", &expected["interval"][0]),
        ("upper", &expected["interval"][1]),
    ] {
        assert_close(&test[part], value.as_f64().unwrap());
    }
    let shifted = answer("compare", &format!("{pairs}\nmu = 6.25"), &frame_of).result["test"].clone();
    assert_close(&shifted["statistic"], expected["shifted"][0].as_f64().unwrap());
    assert_close(&shifted["p"], expected["shifted"][1].as_f64().unwrap());
}

/// Patients with a row at stages I and II each, in an order of rows of its own, and some without a pair.
fn visits(before: &[String], after: &[String]) -> crate::Frame {
    let mut rows: Vec<(u32, String, &str)> = Vec::new();
    for (patient, (one, two)) in before.iter().zip(after).enumerate() {
        rows.push((patient as u32, one.clone(), "I"));
        rows.insert(0, (patient as u32, two.clone(), "II"));
        rows.push((patient as u32, "99".to_owned(), "III"));
    }
    rows.extend([(900, "5".to_owned(), "I"), (901, "5".to_owned(), "I"), (901, "6".to_owned(), "I")]);
    rows.extend([(901, "7".to_owned(), "II"), (902, String::new(), "I"), (902, "3".to_owned(), "II")]);
    let values: Vec<String> = rows.iter().map(|row| row.1.clone()).collect();
    let stages: Vec<String> = rows.iter().map(|row| row.2.to_owned()).collect();
    let frame = frame(&[("before", &values), ("stage", &stages)]);
    frame.of_patients(rows.iter().map(|row| row.0).collect()).ok().unwrap()
}

#[test]
fn pairs_are_two_variables_of_a_row_or_two_rows_of_a_patient() {
    let own = answers("own/compare.json");
    let expected = &own["pairs"];
    let (before, after) = (texts(&expected["before"]), texts(&expected["after"]));
    let rows = frame(&[("before", &before), ("after", &after)]);
    let by_visit = "by = \"stage\"\nlevels = [\"I\", \"II\"]\npair = \"patient\"";
    for (arranged, frame, missing) in
        [("pair = \"after\"", &rows, 0), (by_visit, &visits(&before, &after), 3)]
    {
        let ask = |test: &str| {
            let section = format!("outcome = \"before\"\n{arranged}\ntest = \"{test}\"");
            answer("compare", &section, frame).result
        };
        let result = ask("paired_t\"\nmu = 0.5 #");
        assert_eq!(result["missing"], json!(missing));
        assert_eq!(result["groups"][0]["n"], json!(15));
        let parts = ["statistic", "df", "p", "lower", "upper", "estimate"];
        for (part, value) in parts.into_iter().zip(numbers(&expected["paired_t"])) {
            assert_close(&result["test"][part], value);
        }
        let test = ask("signed_rank")["test"].clone();
        let ranks = numbers(&expected["signed_rank"]);
        assert_eq!(test["method"], json!("normal approximation with continuity correction"));
        assert_close(&test["statistic"], ranks[0]);
        assert_close(&test["p"], ranks[1]);
        assert_close(&test["normal"]["p_uncorrected"], ranks[2]);
        assert_near(&test["lower"], expected["interval"][0].as_f64().unwrap(), "lower");
        assert_near(&test["upper"], expected["interval"][1].as_f64().unwrap(), "upper");
    }
}

#[test]
fn ranks_of_values_off_the_grid_are_said_to_be_binned() {
    // R 4.2.2: wilcox.test(age ~ rx), survival::ovarian, which is exact.
    let coarse = answer("compare", &section("age", "rx", "wilcoxon"), &ovarian());
    assert_eq!(coarse.result["test"]["binned"], json!(true));
    assert!(
        coarse.shown[1].rows[0]
            .iter()
            .any(|cell| matches!(cell, Cell::Text(text) if text.contains("binned")))
    );
    let fine = format!("{}\ngrid = 0.002", section("age", "rx", "wilcoxon"));
    assert_eq!(answer("compare", &fine, &ovarian()).result["test"]["binned"], json!(true));
    let published = answer("compare", &section("ecog_ps", "rx", "wilcoxon"), &ovarian()).result;
    assert_eq!(published["test"]["binned"], json!(false));
}

#[test]
fn degenerate_values_allow_no_test_and_it_says_why() {
    let groups = |days: &[&str], stages: &[&str]| frame(&[("days", days), ("stage", stages)]);
    let nobody = groups(&[], &[]);
    let one = groups(&["7"], &["I"]);
    let alike = groups(&["7", "7", "7", "7"], &["I", "I", "II", "II"]);
    let still = groups(&["7", "7", "8", "9"], &["I", "I", "II", "II"]);
    let lonely = groups(&["7", "8", "9"], &["I", "II", "II"]);
    let missing = groups(&["", "", ""], &["I", "II", "II"]);
    let of_groups = ["welch", "student", "anova", "welch_anova", "variance", "wilcoxon", "kruskal"];
    for test in of_groups {
        for frame in [&nobody, &one, &alike, &missing] {
            let outcome = answer("compare", &section("days", "stage", test), frame);
            assert_eq!(outcome.status, Status::Refused, "{test}");
            assert!(outcome.reason.is_some());
        }
    }
    for test in ["welch_anova", "variance"] {
        for frame in [&still, &lonely] {
            assert_eq!(answer("compare", &section("days", "stage", test), frame).status, Status::Refused);
        }
    }
    for test in ["wilcoxon", "kruskal"] {
        assert_eq!(answer("compare", &section("days", "stage", test), &lonely).status, Status::Released);
    }
    for test in ["one_sample", "signed_rank"] {
        let section = format!("outcome = \"days\"\ntest = \"{test}\"\nmu = 7");
        for frame in [&nobody, &alike, &missing] {
            assert_eq!(answer("compare", &section, frame).status, Status::Refused, "{test}");
        }
    }
    let single = answer("compare", "outcome = \"days\"\ntest = \"signed_rank\"", &one);
    assert_eq!(single.result["test"]["p"], json!(1.0));
}
