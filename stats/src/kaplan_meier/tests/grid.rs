//! What the grid does to times.

use super::{assert_close, group};
use crate::fixture::reference::DataSet;
use crate::fixture::{answer_without, frame, refusal};

#[test]
fn a_wider_grid_gives_what_r_gives_for_times_rounded_up_to_it() {
    let own: serde_json::Value = crate::fixture::reference::json("own/survival.json");
    let expected = &own["lung_on_a_grid_of_30_days"];
    let section = "time = \"time\"\nevent = \"status\"\nby = \"sex\"\nevery = 30\nuntil = 600\nreport_at = [90, 180, 360, 600]\n\
                   rmst = 600\ntests = [\"logrank\"]\n";
    for sites in [1, 3, 10] {
        let outcome = DataSet::of("lung", None).answer("kaplan_meier", section, sites);
        for level in ["1", "2"] {
            let (found, expected) = (group(&outcome, level), &expected[level]);
            for (at, point) in found["at"].as_array().unwrap().iter().enumerate() {
                assert_close(&point["survival"], &expected["survival"][at], level);
                assert_close(&point["at_risk"], &expected["at_risk"][at], level);
                assert_close(&point["lower"], &expected["lower"][at], level);
                assert_close(&point["upper"], &expected["upper"][at], level);
            }
            assert_close(&found["median"]["estimate"], &expected["median"], level);
        }
        assert_close(&outcome.result["tests"]["logrank"]["statistic"], &expected["logrank"], "log-rank");
    }
}

#[test]
fn means_up_to_a_time_are_compared_with_the_first_group() {
    let own = crate::fixture::reference::json("own/survival.json");
    let expected = &own["rmst_difference"];
    let section = "time = \"time\"\nevent = \"status\"\nby = \"rx\"\nevery = 1\nuntil = 3330\nrmst = 1825\n";
    for sites in [1, 3, 10] {
        let outcome = DataSet::of("colon_death", None).answer("kaplan_meier", section, sites);
        for (at, found) in outcome.result["rmst_differences"].as_array().unwrap().iter().enumerate() {
            for name in ["estimate", "se", "lower", "upper", "p"] {
                assert_close(&found[name], &expected[at][name], name);
            }
            assert_eq!((&found["level"], &found["reference"]), (&expected[at]["level"], &"Lev".into()));
        }
    }
}

#[test]
fn strata_may_be_factors() {
    let own = crate::fixture::reference::json("own/survival.json");
    let expected = &own["stratified"];
    let section = "time = \"time\"\nevent = \"status\"\nby = \"rx\"\nevery = 1\nuntil = 3330\nstrata = [\"sex\", \"differ\"]\n\
                   tests = [\"logrank\", \"peto\"]\n";
    for sites in [1, 3, 10] {
        let outcome = DataSet::of("colon_death", None).answer("kaplan_meier", section, sites);
        for name in ["logrank_stratified", "peto_stratified"] {
            let found = &outcome.result["tests"][name];
            assert_close(&found["statistic"], &expected[name]["statistic"], name);
            assert_close(&found["p"], &expected[name]["p"], name);
            assert_eq!(found["strata"], serde_json::json!(["sex", "differ"]));
            for at in 0..3 {
                assert_close(&found["observed"][at], &expected[name]["observed"][at], name);
                assert_close(&found["expected"][at], &expected[name]["expected"][at], name);
            }
        }
    }
}

#[test]
fn a_withheld_number_withholds_its_group_and_leaves_the_others() {
    let rows = frame(&[
        ("days", ["10", "20", "30", "10", "20", "30"].as_slice()),
        ("rx", ["1", "1", "1", "2", "2", "2"].as_slice()),
        ("died", ["1", "0", "1", "1", "1", "0"].as_slice()),
    ]);
    let section = "time = \"days\"\nevent = \"two\"\nby = \"rx\"\nevery = 10\nuntil = 30\nreport_at = [20]\n\
                   tests = [\"logrank\"]\n";
    // Two levels are wanted; the fixture's stage has three.
    assert!(refusal("kaplan_meier", &section.replace("two", "stage")).contains("not yes or no"));
    let section = section.replace("two", "died");
    let outcome = answer_without("kaplan_meier", &section, &rows, &["days until died 1: 1, 20"]);
    let groups = outcome.result["groups"].as_array().unwrap();
    assert_eq!(outcome.status, crate::Status::PartlySuppressed);
    assert_eq!((&groups[0]["n"], &groups[1]["n"]), (&serde_json::Value::Null, &serde_json::Value::Null));
    assert_eq!(groups[1]["at"][0]["survival"], serde_json::Value::Null);
    assert_close(&groups[2]["at"][0]["survival"], &(1.0 / 3.0).into(), "the other group");
    assert!(outcome.result["tests"]["logrank"]["reason"].as_str().unwrap().contains("withheld"));
}

#[test]
fn a_section_that_makes_no_sense_is_refused_in_words() {
    let refused = |more: &str| {
        refusal(
            "kaplan_meier",
            &format!("time = \"days\"\nevent = \"died\"\nevery = 30\nuntil = 360\n{more}"),
        )
    };
    assert!(refused("report_at = [365]").contains("not between 0 and `until`"));
    assert!(refused("report_at = [100]").contains("90 and 120"));
    assert!(refused("tests = [\"logrank\"]").contains("`by`"));
    assert!(refused("strata = [\"site\"]").contains("none is asked for"));
    assert!(refused("by = \"site\"\nstrata = [\"site\"]\ntests = [\"logrank\"]").contains("twice"));
    assert!(refused("rmst = 400").contains("`until`"));
    assert!(refused("interval = \"exact\"").contains("log-log"));
    assert!(
        refusal("kaplan_meier", "time = \"days\"\nevent = \"died\"\nevery = 0\nuntil = 9")
            .contains("above 0")
    );
    assert!(
        refusal("kaplan_meier", "time = \"dose\"\nevent = \"died\"\nevery = 1\nuntil = 9").contains("bounds")
    );
}
