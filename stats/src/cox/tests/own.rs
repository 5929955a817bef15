//! R's answers of `tests/reference/own/cox.json`: robust errors, late entry with ties, strata by factor, Firth's penalty.

use serde_json::Value;

use super::reference::{Comparison, across, data, within};
use crate::Status;
use crate::fixture::reference::{DataSet, json, read};

const ON_DAYS: &str = "strata = []\nevery = 1\nuntil = 3000\n";

fn compare(comparison: &mut Comparison, of: &str, found: &Value, entry: &Value) {
    assert_eq!((&found["n"], &found["events"]), (&entry["n"], &entry["nevent"]), "{of}");
    let terms = found["terms"].as_array().unwrap();
    let names: Vec<&Value> = terms.iter().map(|term| &term["name"]).collect();
    assert_eq!(names, entry["names"].as_array().unwrap().iter().collect::<Vec<_>>(), "{of}");
    for (at, term) in terms.iter().enumerate() {
        let of = format!("{of} {}", term["name"]);
        comparison.number("estimate", &of, &term["estimate"], &entry["estimate"][at]);
        comparison.number("se", &of, &term["se"], &entry["se"][at]);
    }
    comparison.number("loglik", of, &found["loglik_null"], &entry["loglik"][0]);
    comparison.number("loglik", of, &found["loglik"], &entry["loglik"][1]);
    if let Some(expected) = entry.get("wald") {
        comparison.number("test", of, &found["tests"]["wald"]["statistic"], expected);
        comparison.number("test", of, &found["tests"]["score"]["statistic"], &entry["score"]);
    }
    if !found["concordance"].is_null() {
        comparison.number("concordance", of, &found["concordance"]["estimate"], &entry["concordance"]);
    }
    for (at, time) in entry["times"].as_array().into_iter().flatten().enumerate() {
        let baseline = &found["baseline"][0];
        assert_eq!(baseline["times"][at].as_f64(), time.as_f64(), "{of}");
        comparison.number("baseline", of, &baseline["cumulative_hazard"][at], &entry["hazard"][at]);
    }
    for (at, test) in found["proportional"].as_array().into_iter().flatten().enumerate() {
        assert_eq!(test["term"], entry["zph"][at], "{of}");
        comparison.number("proportional", of, &test["statistic"], &entry["chisq"][at]);
    }
}

#[test]
fn models_on_the_grid_are_those_of_r() {
    let entries = json("own/cox.json");
    let mut comparison = Comparison::default();
    let lung = "formula = \"Surv(time, status) ~ age + sex + ph_ecog\"\nerrors = \"robust\"\ncheck_proportional = true\n";
    let coarse = "formula = \"Surv(tstart, tstop, status) ~ treat + age + steroids\"\nstrata = []\nevery = 30\n\
                  until = 450\nerrors = \"robust\"\ncheck_proportional = true\n";
    let cases = [
        ("robust_lung", "lung", format!("{lung}{ON_DAYS}")),
        (
            "plain_lung",
            "lung",
            format!("formula = \"Surv(time, status) ~ age + sex + ph_ecog\"\nties = \"breslow\"\ncheck_proportional = true\n{ON_DAYS}"),
        ),
        (
            "plain_rossi",
            "rossi",
            format!(
                "formula = \"Surv(week, arrest) ~ fin + age + race + wexp + mar + paro + prio\"\n\
                 check_proportional = true\n{ON_DAYS}"
            ),
        ),
        ("robust_lung_breslow", "lung", format!("{lung}ties = \"breslow\"\n{ON_DAYS}")),
        (
            "cluster_cgd",
            "cgd",
            format!(
                "formula = \"Surv(tstart, tstop, status) ~ treat + age + inherit + steroids\"\nerrors = \"cluster\"\n\
                 check_proportional = true\n{ON_DAYS}"
            ),
        ),
        (
            "strata_veteran",
            "veteran",
            "formula = \"Surv(time, status) ~ trt + karno + age\"\nstrata = [\"celltype\"]\nevery = 1\nuntil = 1000\n\
             errors = \"robust\"\ncheck_proportional = true"
                .to_owned(),
        ),
        ("entry_cgd", "cgd", coarse.to_owned()),
        ("entry_cgd_breslow", "cgd", format!("{coarse}ties = \"breslow\"")),
        (
            "interaction_gbsg2",
            "gbsg2",
            format!("formula = \"Surv(time, cens) ~ log(age) * horth + tgrade + offset(tsize / 100)\"\ncheck_proportional = true\n{ON_DAYS}"),
        ),
        (
            "firth_ovarian",
            "ovarian",
            format!("formula = \"Surv(futime, fustat) ~ age + rx\"\npenalty = \"firth\"\n{ON_DAYS}"),
        ),
        (
            "firth_veteran_breslow",
            "veteran",
            format!("formula = \"Surv(time, status) ~ karno + trt + prior\"\npenalty = \"firth\"\nties = \"breslow\"\n{ON_DAYS}"),
        ),
    ];
    for (entry, set, section) in cases {
        let data = data(set);
        for nodes in [1, 3, 10] {
            let found = across(&data, &section, nodes);
            compare(&mut comparison, &format!("{entry} over {nodes}"), &found, &entries[entry]);
        }
    }
    comparison.end(300);
}

#[test]
fn models_stratified_by_site_are_those_of_r() {
    let entries = json("own/cox.json");
    let mut comparison = Comparison::default();
    let checked = "check_proportional = true\nevery = 1\nuntil = 3000\nconcordance = true\n";
    let cases = [
        (
            "robust_lung_site",
            "lung",
            format!("formula = \"Surv(time, status) ~ age + sex + ph_ecog\"\nerrors = \"robust\"\n{checked}"),
        ),
        (
            "cluster_cgd_site",
            "cgd",
            "formula = \"Surv(tstart, tstop, status) ~ treat + age + inherit + steroids\"\nerrors = \"cluster\"\n\
             concordance = true"
                .to_owned(),
        ),
        (
            "strata_veteran_site",
            "veteran",
            format!("formula = \"Surv(time, status) ~ trt + karno + age\"\nstrata = [\"site\", \"celltype\"]\n{checked}"),
        ),
        (
            "firth_ovarian_site",
            "ovarian",
            "formula = \"Surv(futime, fustat) ~ age + rx\"\npenalty = \"firth\"".to_owned(),
        ),
    ];
    for (entry, set, section) in cases {
        let data = data(set);
        for nodes in [1, 3, 10] {
            let found = within(&data, &section, nodes);
            compare(&mut comparison, &format!("{entry} over {nodes}"), &found, &entries[entry]);
        }
    }
    // A monotone likelihood has Firth's estimates.
    let line = |at: usize| format!("A,{at},{},{},a", u8::from(!at.is_multiple_of(4)), u8::from(at <= 4));
    let lines: Vec<String> = (1..=20).map(line).collect();
    let data = small(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    let formula = "formula = \"Surv(time, status) ~ x\"";
    let found = within(&data, &format!("{formula}\npenalty = \"firth\""), 1);
    compare(&mut comparison, "firth_monotone", &found, &entries["firth_monotone"]);
    let outcome = data.answer("cox", formula, 1);
    assert!(outcome.reason.unwrap().contains("monotone: the estimate of `x`"));
    comparison.end(90);
}

/// A data set of these lines: site, time, status, x, g.
fn small(rows: &[&str]) -> DataSet {
    DataSet::parse(&format!("site,time,status,x,g\n{}\n", rows.join("\n")), None)
}

#[test]
fn what_cannot_be_fitted_is_refused_in_words() {
    let by_site = "formula = \"Surv(time, status) ~ x + g\"";
    let on_days = format!("{by_site}\nstrata = []\nevery = 1\nuntil = 50");
    let cases: [(&[&str], &str); 5] = [
        (&["A,1,0,1,a", "A,2,0,2,b", "A,3,0,4,a"], "no row has an event"),
        (&["A,5,1,1,a"], "no term of the model varies"),
        (&["A,1,1,3,a", "A,2,0,5,b", "A,3,0,4,a"], "1 events are fewer than the 2 parameters"),
        (&["A,1,1,5,a", "A,2,1,4,b", "A,3,1,3,a", "A,4,1,2,b", "A,5,1,1,a"], "monotone"),
        (&["A,1,,5,a", "A,2,,4,b"], "no row has every variable"),
    ];
    for (rows, reason) in cases {
        let data = small(&[rows, &["B,9,0,,a", "B,9,1,,b"]].concat());
        for section in [by_site, &on_days] {
            let outcome = data.answer("cox", section, 1);
            assert_eq!(outcome.status, Status::Refused, "{rows:?}");
            assert!(outcome.reason.as_ref().unwrap().contains(reason), "{rows:?}: {:?}", outcome.reason);
        }
    }
}

#[test]
fn a_column_that_others_give_is_aliased_and_everybody_may_die_at_one_time() {
    let rows = ["A,4,1,1,a", "A,4,1,3,b", "A,4,1,2,b", "A,4,0,5,a", "A,9,0,3,b", "A,4,1,6,a"];
    let data = small(&[&rows[..], &["B,9,0,,a", "B,9,1,,b"]].concat());
    for section in ["", "strata = []\nevery = 1\nuntil = 20"] {
        let formula = "formula = \"Surv(time, status) ~ x + I(x * 2) + g\"";
        let found = across(&data, &format!("{formula}\n{section}"), 1);
        assert_eq!(found["aliased"], serde_json::json!(["I(x * 2)"]));
        assert_eq!(found["terms"][1]["estimate"], Value::Null);
        assert_eq!((&found["n"], &found["missing"], &found["events"]), (&6.into(), &2.into(), &4.into()));
    }
}

#[test]
fn what_goes_on_past_the_grid_is_censored_at_its_end() {
    let text = read("lung/data.csv");
    let section = |until: u32| {
        format!("formula = \"Surv(time, status) ~ age + sex\"\nstrata = []\nevery = 7\nuntil = {until}")
    };
    let lung = DataSet::parse(&text, None);
    let found = across(&lung, &section(700), 3);
    // The same rows, with days counted in weeks and cut off by hand.
    let mut lines = text.lines();
    let mut cut = format!("{}\n", lines.next().unwrap());
    for line in lines {
        let mut cells: Vec<String> = line.split(',').map(str::to_owned).collect();
        let weeks = cells[3].parse::<u32>().unwrap().div_ceil(7);
        if weeks > 100 {
            cells[4] = "0".to_owned();
        }
        cells[3] = (weeks.min(100) * 7).to_string();
        cut.push_str(&format!("{}\n", cells.join(",")));
    }
    let by_hand = across(&DataSet::parse(&cut, None), &section(1400), 1);
    assert_eq!(found["terms"], by_hand["terms"]);
    assert_eq!(found["events"], by_hand["events"]);
    assert!(found["events"].as_u64() < Some(165));
}

#[test]
fn a_section_that_makes_no_sense_is_refused_by_its_field() {
    use crate::fixture::refusal;
    let formula = "formula = \"Surv(days, rx) ~ age\"";
    let of_event = "formula = \"Surv(before, after, ecog_ps) ~ age\"";
    let cases = [
        ("formula = \"days ~ age\"".to_owned(), "Surv(time, event)"),
        (of_event.to_owned(), "not yes or no"),
        (formula.to_owned(), "not yes or no"),
    ];
    for (section, words) in cases {
        let message = refusal("cox", &section);
        assert!(message.contains(words), "{section}: {message}");
    }
    let message = |rest: &str| {
        let section = format!("formula = \"Surv(time, status) ~ age\"\n{rest}");
        let section = notochord_proto::fields::Section::parse("study.toml", &section).unwrap();
        let lung = data("lung");
        let parsed = (crate::registry::kind("cox").unwrap().parse)(&mut section.fields(), lung.scope());
        parsed.err().unwrap().message
    };
    let cases = [
        ("strata = []", "give `every` and `until`"),
        ("check_proportional = true", "give `every` and `until`"),
        ("every = 1\nuntil = 9", "has no grid"),
        ("strata = []\nevery = 1", "stand together"),
        ("strata = []\nevery = 1\nuntil = 900000", "more than 20000"),
        ("strata = [\"site\", \"site\"]", "twice"),
        ("strata = []\nevery = 1\nuntil = 9\nconcordance = true", "within sites"),
        ("penalty = \"firth\"\nerrors = \"robust\"", "from the model"),
        ("errors = \"hc3\"", "robust"),
    ];
    for (rest, words) in cases {
        assert!(message(rest).contains(words), "{rest}: {}", message(rest));
    }
}
