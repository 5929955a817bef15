//! Every model of `tests/reference/own/regression.json`, which R's fully converged answers are in, over one, three and
//! ten sites.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::Status;
use crate::fixture::reference::{DataSet, json};

/// The greatest relative difference that is allowed, and the greatest absolute one of p-values.
const RELATIVE: f64 = 1e-9;
const ABSOLUTE: f64 = 1e-10;

/// Compares, and keeps the worst.
#[derive(Default)]
struct Comparison {
    compared: usize,
    worst: BTreeMap<String, f64>,
    wrong: Vec<String>,
    most_rounds: BTreeMap<String, u64>,
}

impl Comparison {
    fn relative(&mut self, what: &str, found: &Value, expected: &Value) {
        let size = expected.as_f64().unwrap_or_default().abs().max(1e-300);
        self.note(what, found, expected, size * RELATIVE);
    }

    fn note(&mut self, what: &str, found: &Value, expected: &Value, allowed: f64) {
        let (Some(found), Some(expected)) = (found.as_f64(), expected.as_f64()) else {
            self.wrong.push(format!("{what}: {found} for {expected}"));
            return;
        };
        self.compared += 1;
        let error = (found - expected).abs() / allowed;
        let kind = what.split(':').next().unwrap_or_default().to_owned();
        let worst = self.worst.entry(kind).or_default();
        *worst = worst.max(error);
        if error.is_nan() || error > 1.0 {
            self.wrong.push(format!("{what}: {found:e} for {expected:e}, {error:e} of what is allowed"));
        }
    }

    /// An answer and R's entry.
    fn compare(&mut self, found: &Value, entry: &Value, what: &str) {
        if let Some(names) = entry["names"].as_array() {
            let terms: Vec<&Value> =
                found["terms"].as_array().unwrap().iter().filter(|term| !term["se"].is_null()).collect();
            let found_names: Vec<&Value> = terms.iter().map(|term| &term["name"]).collect();
            assert_eq!(found_names, names.iter().collect::<Vec<_>>(), "{what}");
            for (at, term) in terms.iter().enumerate() {
                for key in ["estimate", "se", "statistic", "lower", "upper"] {
                    self.relative(&format!("{what} {} {key}", term["name"]), &term[key], &entry[key][at]);
                }
                self.note(&format!("{what} {} p", term["name"]), &term["p"], &entry["p"][at], ABSOLUTE);
                for other in 0..terms.len() {
                    let pair = [&found["covariance"]["values"], &entry["covariance"]].map(|m| &m[at][other]);
                    // A covariance near 0 is compared with the standard errors.
                    let size = entry["se"][at].as_f64().unwrap() * entry["se"][other].as_f64().unwrap();
                    self.note(&format!("{what} covariance"), pair[0], pair[1], size * RELATIVE);
                }
            }
        }
        let numbers = [
            "deviance",
            "null_deviance",
            "dispersion",
            "loglik",
            "aic",
            "bic",
            "sigma",
            "rss",
            "r_squared",
            "adjusted_r_squared",
            "brier",
        ];
        for key in numbers {
            if let Some(expected) = entry.get(key) {
                self.relative(&format!("{what} {key}"), &found[key], expected);
            }
        }
        if let Some(theta) = entry.get("theta") {
            self.relative(&format!("{what} theta"), &found["theta"]["estimate"], theta);
            self.relative(&format!("{what} theta"), &found["theta"]["se"], &entry["theta_se"]);
        }
        if let Some(type2) = entry.get("type2") {
            let tests = found["tests"]["type2"].as_array().unwrap();
            assert_eq!(tests.len(), type2["names"].as_array().unwrap().len(), "{what}");
            for (at, test) in tests.iter().enumerate() {
                assert_eq!(test["term"], type2["names"][at], "{what}");
                let df = test.pointer("/df/0").unwrap_or(&test["df"]);
                assert_eq!(df.as_f64(), type2["df"][at].as_f64(), "{what}");
                self.relative(&format!("{what} type II"), &test["statistic"], &type2["statistic"][at]);
                self.note(&format!("{what} type II p"), &test["p"], &type2["p"][at], ABSOLUTE);
            }
        }
        if let Some(n) = entry.get("n") {
            assert_eq!(&found["n"], n, "{what}");
        }
        if let Some(residual) = entry.get("df_residual") {
            assert_eq!(&found["df"][1], residual, "{what}");
        }
    }
}

#[test]
fn every_model_of_the_references_is_as_in_r_over_any_number_of_sites() {
    let answers = json("own/regression.json");
    let mut comparison = Comparison::default();
    let mut sets: BTreeMap<(String, String), DataSet> = BTreeMap::new();
    for entry in answers.as_array().unwrap() {
        let text = |key: &str| entry[key].as_str().unwrap().to_owned();
        let (set, name, kind, section, patient) =
            (text("set"), text("name"), text("kind"), text("section"), text("patient"));
        let data = sets.entry((set.clone(), patient.clone())).or_insert_with(|| {
            DataSet::of(&set, Some(patient.as_str()).filter(|patient| !patient.is_empty()))
        });
        for sites in [1, 3, 10] {
            let what = format!("{name}: {set} over {sites}");
            let outcome = data.answer(&kind, &section, sites);
            assert_eq!(outcome.status, Status::Released, "{what}: {:?}", outcome.reason);
            comparison.compare(&outcome.result, entry, &what);
            let rounds = outcome.result["iterations"].as_u64().unwrap_or(1);
            let most = comparison.most_rounds.entry(name.clone()).or_default();
            *most = rounds.max(*most);
        }
    }
    println!("{} numbers", comparison.compared);
    for (name, worst) in &comparison.worst {
        println!(
            "{name}: {worst:.2e} of what is allowed, at most {:?} rounds",
            comparison.most_rounds.get(name)
        );
    }
    let wrong = &comparison.wrong;
    assert!(wrong.is_empty(), "{} {:#?}", wrong.len(), &wrong[..wrong.len().min(40)]);
    assert!(answers.as_array().unwrap().len() >= 105);
}
