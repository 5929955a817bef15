//! Mixed models of the data sets of `tests/reference` over one, three and ten sites.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::fixture::answer_over;
use crate::fixture::reference::{DataSet, json, read};
use crate::{Column, Frame, Outcome, Status, Unit};

/// The answer over that many nodes; where sites stay whole, sites are dealt out instead of patients.
fn answer(data: &DataSet, section: &str, nodes: usize) -> Outcome {
    let statistic = data.statistic("mixed", section);
    if statistic.unit() == Unit::Patient {
        return data.answer("mixed", section, nodes);
    }
    let whole = data.frame();
    let site = notochord_proto::name::VariableName::new("site").unwrap();
    let Some(Column::Factor(sites)) = whole.column(&site) else { panic!("no site") };
    let part = |node: usize| {
        let own: Vec<usize> =
            (0..whole.rows()).filter(|row| sites.value(*row) as usize % nodes == node).collect();
        whole.part(&own)
    };
    let parts: Vec<Frame> = (0..nodes).map(part).collect();
    answer_over(statistic.as_ref(), &parts.iter().collect::<Vec<_>>())
}

fn close(found: &Value, expected: &Value, within: f64, what: &str) {
    let (Some(one), Some(two)) = (found.as_f64(), expected.as_f64()) else {
        panic!("{what}: {found} for {expected}")
    };
    let error = (one - two).abs() / two.abs().max(1e-300);
    assert!(error < within, "{what}: {one:e} for {two:e}, off by {error:e}");
}

fn released(outcome: Outcome, what: &str) -> Value {
    assert_eq!(outcome.status, Status::Released, "{what}: {:?}", outcome.reason);
    outcome.result
}

/// R's names with the terms, in order.
fn terms(result: &Value) -> BTreeMap<String, Value> {
    let terms = result["terms"].as_array().unwrap().iter();
    terms.map(|term| (term["name"].as_str().unwrap().to_owned(), term.clone())).collect()
}

#[test]
fn random_intercepts_are_those_of_the_exact_solution_over_any_number_of_sites() {
    let models = [
        ("sleepstudy", Some("record_id"), "reaction ~ days + (1 | patient)", "patient"),
        ("orthodont", Some("record_id"), "distance ~ age * sex + (1 | patient)", "patient"),
        ("epil", Some("record_id"), "log(y + 1) ~ lbase + trt + lage + period + (1 | patient)", "patient"),
        ("synth_300", None, "y ~ age + sex + trt + (1 | site)", "site"),
        ("synth_3000", None, "y ~ age + sex + trt + (1 | site)", "site"),
    ];
    for (set, patient, formula, variance) in models {
        let data = DataSet::of(set, patient);
        let answers = json(&format!("{set}/answers.json"));
        for method in ["REML", "ML"] {
            let expected = &answers["random_intercept_exact"][method];
            for sites in [1, 3, 10] {
                let what = format!("{set} {method} over {sites}");
                let section = format!("formula = \"{formula}\"\nmethod = \"{}\"", method.to_lowercase());
                let found = released(answer(&data, &section, sites), &what);
                println!("{what}: {} rounds", found["iterations"]);
                assert!(found["iterations"].as_u64().unwrap() <= 8, "{what}: {} rounds", found["iterations"]);
                close(
                    &found["variance"][variance],
                    &expected["var_intercept"],
                    1e-9,
                    &format!("{what} variance"),
                );
                close(&found["variance"]["residual"], &expected["var_residual"], 1e-9, &what);
                close(&found["icc"], &expected["icc"], 1e-9, &what);
                close(&found["loglik"], &expected["loglik"], 1e-9, &what);
                let lmer = &answers["lmer_random_intercept"][method];
                close(&found["aic"], &lmer["aic"], 1e-9, &what);
                close(&found["bic"], &lmer["bic"], 1e-9, &what);
                let terms = terms(&found);
                let fixed = expected["fixed"].as_object().unwrap();
                assert_eq!(terms.len(), fixed.len(), "{what}");
                for (name, term) in fixed {
                    let own = terms.get(name).unwrap_or_else(|| panic!("{what}: {name}"));
                    close(&own["estimate"], &term["estimate"], 1e-9, &format!("{what} {name}"));
                    close(&own["se"], &term["se"], 1e-9, &format!("{what} {name} se"));
                    close(&own["statistic"], &term["t"], 1e-9, &format!("{what} {name} t"));
                }
            }
        }
    }
}

#[test]
fn random_slopes_are_those_of_lmer_to_its_own_accuracy() {
    for (set, formula) in [
        ("sleepstudy", "reaction ~ days + (1 + days | patient)"),
        ("orthodont", "distance ~ age + (age | patient)"),
    ] {
        let data = DataSet::of(set, Some("record_id"));
        let answers = json(&format!("{set}/answers.json"));
        for method in ["REML", "ML"] {
            let expected = &answers["lmer_random_slope"][method];
            for sites in [1, 3, 10] {
                let what = format!("{set} {method} over {sites}");
                let section = format!("formula = \"{formula}\"\nmethod = \"{}\"", method.to_lowercase());
                let found = released(answer(&data, &section, sites), &what);
                println!("{what}: {} rounds", found["iterations"]);
                let random = expected["random"].as_array().unwrap();
                for (at, name) in ["patient", "slope", "covariance", "residual"].into_iter().enumerate() {
                    close(&found["variance"][name], &random[at]["vcov"], 1e-4, &format!("{what} {name}"));
                }
                close(&found["variance"]["correlation"], &random[2]["sdcor"], 1e-4, &what);
                for name in ["loglik", "deviance", "aic", "bic"] {
                    close(&found[name], &expected[name], 1e-9, &format!("{what} {name}"));
                }
                let terms = terms(&found);
                for (name, term) in expected["fixed"].as_object().unwrap() {
                    close(&terms[name]["estimate"], &term["estimate"], 1e-6, &format!("{what} {name}"));
                    close(&terms[name]["se"], &term["se"], 1e-6, &format!("{what} {name} se"));
                }
            }
        }
    }
}

/// R's names, estimates and errors with the entries of a list of terms.
fn compare_terms(found: &Value, entry: &Value, what: &str) {
    let found = found.as_array().unwrap();
    let names: Vec<&Value> = found.iter().map(|term| &term["name"]).collect();
    // A name alone is a list of one.
    let one = |key: &str| match &entry[key] {
        Value::Array(list) => list.clone(),
        single => vec![single.clone()],
    };
    assert_eq!(names, one("names").iter().collect::<Vec<_>>(), "{what}");
    for (at, term) in found.iter().enumerate() {
        let (expected, se) = (one("estimate")[at].as_f64().unwrap(), one("se")[at].as_f64().unwrap());
        let error = (term["estimate"].as_f64().unwrap() - expected).abs();
        assert!(
            error < 1e-9 * expected.abs().max(1e-3 * se),
            "{what} {}: off by {error:e} of {expected:e}",
            term["name"]
        );
        close(&term["se"], &one("se")[at], 1e-9, &format!("{what} {} se", term["name"]));
    }
}

#[test]
fn visits_slopes_sites_means_and_contrasts_are_those_of_whole_covariance_matrices() {
    let entries = json("own/mixed.json");
    let entries = entries.as_array().unwrap();
    assert_eq!(entries.len(), 14);
    let visits = DataSet::parse(&read("own/visits.csv"), Some("record_id"));
    let orthodont = DataSet::of("orthodont", Some("record_id"));
    let mut compared = 0;
    for entry in entries {
        let section = entry["section"].as_str().unwrap();
        let data = if entry["set"] == "visits" { &visits } else { &orthodont };
        for sites in [1, 3, 10] {
            let what = format!("{section} over {sites}");
            let found = released(answer(data, section, sites), &what);
            println!("{} rounds over {sites}: {}", found["iterations"], section.lines().next().unwrap());
            compare_terms(&found["terms"], entry, &what);
            compare_terms(&found["means"], &entry["means"], &what);
            compare_terms(&found["contrasts"], &entry["contrasts"], &what);
            for (at, term) in found["terms"].as_array().unwrap().iter().enumerate() {
                let error = term["p"].as_f64().unwrap() - entry["p"][at].as_f64().unwrap();
                assert!(error.abs() < 1e-10, "{what} p: {error:e}");
                for key in ["lower", "upper"] {
                    close(&term[key], &entry[key][at], 1e-8, &format!("{what} {} {key}", term["name"]));
                }
            }
            for key in ["loglik", "aic", "bic"] {
                close(&found[key], &entry[key], 1e-9, &format!("{what} {key}"));
            }
            for key in ["patient", "site", "residual", "slope", "covariance"] {
                if entry[key].is_number() {
                    close(&found["variance"][key], &entry[key], 1e-9, &format!("{what} {key}"));
                    compared += 1;
                }
            }
            if entry["icc"].is_number() {
                close(&found["icc"], &entry["icc"], 1e-9, &format!("{what} icc"));
            }
            if let Some(rows) = entry["visits"].as_array() {
                for (one, row) in rows.iter().enumerate() {
                    for (two, expected) in row.as_array().unwrap().iter().enumerate() {
                        close(
                            &found["visits"]["values"][one][two],
                            expected,
                            1e-9,
                            &format!("{what} {one} {two}"),
                        );
                        compared += 1;
                    }
                }
            }
        }
    }
    assert!(compared > 250, "{compared}");
}
