//! R's answers of `survival` 3.5-3 to the data sets of `tests/reference`, over one, three and ten sites.

use std::collections::BTreeMap;

use notochord_proto::name::VariableName;
use serde_json::Value;

use crate::fixture::answer_over;
use crate::fixture::reference::{DataSet, json, read};
use crate::{Column, Frame, Status};

/// The greatest relative difference that is allowed, and the greatest absolute one of p-values.
const RELATIVE: f64 = 1e-9;
const ABSOLUTE: f64 = 1e-10;
/// The published tests of proportional hazards and baselines are of fits that stopped where `coxph` does by default, at
/// a change of 1e-9 of the log-likelihood; `own/cox.json` has those of fits that went on.
const DEFAULT: f64 = 2e-7;

/// The data sets, and the last time of a grid of days.
const SETS: [(&str, u32); 9] = [
    ("lung", 1100),
    ("veteran", 1000),
    ("ovarian", 1300),
    ("rossi", 60),
    ("pbc", 5000),
    ("colon_death", 3400),
    ("gbsg2", 2700),
    ("synth_300", 3700),
    ("synth_3000", 3700),
];

pub(super) fn data(name: &str) -> DataSet {
    match name {
        "cgd" => {
            let text = read("cgd/data.csv").replacen("\"center\"", "\"site\"", 1);
            // A patient of the trial has several rows.
            DataSet::parse(&text, Some("record_id"))
        }
        _ => DataSet::of(name, None),
    }
}

/// The rows of whole sites, dealt out to so many nodes.
pub(super) fn by_site(frame: &Frame, nodes: usize) -> Vec<Frame> {
    let Some(Column::Factor(sites)) = frame.column(&VariableName::new("site").unwrap()) else {
        panic!("no sites")
    };
    let part = |node: usize| {
        let own: Vec<usize> =
            (0..frame.rows()).filter(|row| sites.value(*row) as usize % nodes == node).collect();
        frame.part(&own)
    };
    (0..nodes).map(part).collect()
}

/// The answer of a model stratified by site.
pub(super) fn within(data: &DataSet, section: &str, nodes: usize) -> Value {
    let parts = by_site(&data.frame(), nodes);
    let outcome = answer_over(data.statistic("cox", section).as_ref(), &parts.iter().collect::<Vec<_>>());
    assert_eq!(outcome.status, Status::Released, "{section}: {:?}", outcome.reason);
    outcome.result
}

/// The answer of a model on the grid.
pub(super) fn across(data: &DataSet, section: &str, nodes: usize) -> Value {
    let outcome = data.answer("cox", section, nodes);
    assert_eq!(outcome.status, Status::Released, "{section}: {:?}", outcome.reason);
    outcome.result
}

#[derive(Default)]
pub(super) struct Comparison {
    compared: usize,
    worst: BTreeMap<&'static str, f64>,
    wrong: Vec<String>,
}

impl Comparison {
    pub(super) fn number(&mut self, what: &'static str, of: &str, found: &Value, expected: &Value) {
        let allowed = match what {
            "p" => ABSOLUTE,
            "baseline of the default" | "proportional of the default" | "p of the default" => {
                expected.as_f64().unwrap_or_default().abs() * DEFAULT
            }
            _ => expected.as_f64().unwrap_or_default().abs().max(1e-300) * RELATIVE,
        };
        let (Some(found), Some(expected)) = (found.as_f64(), expected.as_f64()) else {
            return self.wrong.push(format!("{of} {what}: {found} for {expected}"));
        };
        self.compared += 1;
        let error = (found - expected).abs() / allowed;
        let worst = self.worst.entry(what).or_default();
        *worst = worst.max(error);
        if error.is_nan() || error > 1.0 {
            self.wrong.push(format!("{of} {what}: {found:e} for {expected:e}: {error:e} of what is allowed"));
        }
    }

    /// The entries that every fit has.
    pub(super) fn fit(&mut self, of: &str, found: &Value, entry: &Value) {
        assert_eq!((&found["n"], &found["events"]), (&entry["n"], &entry["nevent"]), "{of}");
        let coefficients = entry["coef"].as_object().unwrap();
        for (name, expected) in coefficients {
            let named = |own: &&Value| own["name"].as_str().unwrap().to_lowercase() == name.to_lowercase();
            let term = found["terms"].as_array().unwrap().iter().find(named).unwrap();
            let ratio = found["hazard_ratios"].as_array().unwrap().iter().find(named).unwrap();
            let of = format!("{of} {name}");
            self.number("estimate", &of, &term["estimate"], &expected["estimate"]);
            self.number("se", &of, &term["se"], &expected["se"]);
            self.number("z", &of, &term["statistic"], &expected["z"]);
            self.number("p", &of, &term["p"], &expected["p"]);
            self.number("ratio", &of, &ratio["estimate"], &expected["hr"]);
            self.number("ratio", &of, &ratio["lower"], &expected["hr_lower95"]);
            self.number("ratio", &of, &ratio["upper"], &expected["hr_upper95"]);
        }
        assert_eq!(found["terms"].as_array().unwrap().len(), coefficients.len(), "{of}");
        self.number("loglik", of, &found["loglik"], &entry["loglik"]);
        self.number("loglik", of, &found["loglik_null"], &entry["loglik_null"]);
        let tests = [("likelihood_ratio", "lr_test"), ("wald", "wald_test"), ("score", "score_test")];
        for (own, theirs) in tests {
            let Some(expected) = entry[theirs].as_array() else { continue };
            let of = format!("{of} {own}");
            self.number("test", &of, &found["tests"][own]["statistic"], &expected[0]);
            self.number("p", &of, &found["tests"][own]["p"], &expected[2]);
        }
    }

    pub(super) fn end(self, least: usize) {
        // What is worst is told where something is wrong, as a share of what is allowed.
        assert!(self.wrong.is_empty(), "{:?}\n{}", self.worst, self.wrong.join("\n"));
        assert!(self.compared >= least, "{}", self.compared);
    }
}

/// The formula of an entry without its strata, with names as the data sets have them.
pub(super) fn formula(entry: &Value) -> String {
    let text = entry["formula"].as_str().unwrap();
    text.split(" + strata(").next().unwrap().to_lowercase().replacen("surv(", "Surv(", 1)
}

#[test]
fn a_model_stratified_by_site_is_coxph_over_one_three_and_ten_sites() {
    let mut comparison = Comparison::default();
    for (name, _) in SETS {
        let (data, answers) = (data(name), json(&format!("{name}/answers.json")));
        for ties in ["efron", "breslow"] {
            let entry = &answers[format!("coxph_{ties}_strata_site")];
            let section = format!("formula = \"{}\"\nties = \"{ties}\"\nconcordance = true", formula(entry));
            let nodes: &[usize] = if name == "synth_3000" { &[10] } else { &[1, 3, 10] };
            for nodes in nodes {
                let found = within(&data, &section, *nodes);
                let of = format!("{name} {ties} over {nodes}");
                comparison.fit(&of, &found, entry);
                comparison.number(
                    "concordance",
                    &of,
                    &found["concordance"]["estimate"],
                    &entry["concordance"][0],
                );
                // Newton's iterations, one for the start, one for the concordance, and those until nothing changes.
                let rounds = found["iterations"].as_u64().unwrap();
                assert!(rounds <= entry["iterations_default"].as_u64().unwrap() + 3, "{of}: {rounds}");
            }
        }
    }
    comparison.end(1500);
}

#[test]
fn a_model_on_a_grid_of_days_is_coxph_with_its_test_of_proportionality_and_its_baseline() {
    let mut comparison = Comparison::default();
    for (name, until) in SETS {
        let (data, answers) = (data(name), json(&format!("{name}/answers.json")));
        for ties in ["efron", "breslow"] {
            let entry = &answers[format!("coxph_{ties}")];
            let section = format!(
                "formula = \"{}\"\nties = \"{ties}\"\nstrata = []\nevery = 1\nuntil = {until}\ncheck_proportional = true",
                formula(entry)
            );
            let nodes: &[usize] = if name == "synth_3000" { &[3] } else { &[1, 3, 10] };
            for nodes in nodes {
                let found = across(&data, &section, *nodes);
                let of = format!("{name} {ties} over {nodes}");
                comparison.fit(&of, &found, entry);
                match ties {
                    "efron" => compare_proportional(&mut comparison, &of, &found, &answers["coxzph_efron"]),
                    _ => {
                        compare_baseline(&mut comparison, &of, &found, &answers["basehaz_breslow_uncentered"])
                    }
                }
            }
        }
    }
    comparison.end(1500);
}

fn compare_proportional(comparison: &mut Comparison, of: &str, found: &Value, expected: &Value) {
    for (term, expected) in expected.as_object().unwrap() {
        let named = |own: &&Value| own["term"].as_str().unwrap().to_lowercase() == term.to_lowercase();
        let test = found["proportional"].as_array().unwrap().iter().find(named).unwrap();
        let of = format!("{of} proportional {term}");
        comparison.number("proportional of the default", &of, &test["statistic"], &expected["chisq"]);
        comparison.number("p of the default", &of, &test["p"], &expected["p"]);
        assert_eq!(test["df"][0].as_f64(), expected["df"].as_f64(), "{of}");
    }
}

fn compare_baseline(comparison: &mut Comparison, of: &str, found: &Value, expected: &Value) {
    let baseline = &found["baseline"][0];
    let times = baseline["times"].as_array().unwrap();
    for (at, time) in expected["times"].as_array().unwrap().iter().enumerate() {
        let position = times.iter().rposition(|own| own.as_f64() <= time.as_f64()).unwrap();
        let of = format!("{of} baseline at {time}");
        comparison.number(
            "baseline of the default",
            &of,
            &baseline["cumulative_hazard"][position],
            &expected["cumhaz"][at],
        );
    }
}

#[test]
fn one_site_alone_is_coxph_of_its_rows() {
    let mut comparison = Comparison::default();
    for (name, _) in SETS {
        let (data, answers) = (data(name), json(&format!("{name}/answers.json")));
        let section = format!("formula = \"{}\"", formula(&answers["coxph_efron"]));
        let frame = data.frame();
        let sites = answers["coxph_per_site_efron"].as_object().unwrap();
        let parts = by_site(&frame, sites.len());
        let mut keys: Vec<&String> = sites.keys().collect();
        keys.sort();
        for (key, part) in keys.into_iter().zip(&parts) {
            let outcome = answer_over(data.statistic("cox", &section).as_ref(), &[part]);
            if (name, key.as_str()) == ("ovarian", "B") || (name, key.as_str()) == ("ovarian", "C") {
                // R gives estimates of up to 11 with standard errors of millions, and warns.
                assert_eq!(outcome.status, Status::Refused, "{name} {key}");
                continue;
            }
            assert_eq!(outcome.status, Status::Released, "{name} {key}: {:?}", outcome.reason);
            comparison.fit(&format!("{name} {key}"), &outcome.result, &sites[key]);
        }
    }
    comparison.end(800);
}

#[test]
fn late_entry_and_errors_by_patient_are_those_of_coxph() {
    let mut comparison = Comparison::default();
    let (data, answers) = (data("cgd"), json("cgd/answers.json"));
    for ties in ["efron", "breslow"] {
        let entry = &answers[format!("coxph_counting_{ties}")];
        let section = format!(
            "formula = \"{}\"\nties = \"{ties}\"\nstrata = []\nevery = 1\nuntil = 500",
            formula(entry)
        );
        for nodes in [1, 3, 10] {
            comparison.fit(&format!("cgd {ties} over {nodes}"), &across(&data, &section, nodes), entry);
        }
    }
    let entry = &answers["coxph_counting_efron_strata_site"];
    let section = format!("formula = \"{}\"", formula(entry));
    for nodes in [1, 3, 10] {
        comparison.fit(&format!("cgd by site over {nodes}"), &within(&data, &section, nodes), entry);
    }
    let entry = &answers["coxph_counting_efron_cluster_id"];
    let section = format!(
        "formula = \"{}\"\nerrors = \"cluster\"\nstrata = []\nevery = 1\nuntil = 500",
        formula(&answers["coxph_counting_efron"])
    );
    for nodes in [1, 3, 10] {
        let found = across(&data, &section, nodes);
        for term in found["terms"].as_array().unwrap() {
            let name = term["name"].as_str().unwrap();
            let of = format!("cgd by patient {name}");
            comparison.number("estimate", &of, &term["estimate"], &entry[name]["coef"]);
            comparison.number("se", &of, &term["se"], &entry[name]["robust se"]);
        }
    }
    comparison.end(200);
}
