#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;

use notochord_proto::study::Study;
use serde_json::{Value, json};

use super::synthesis::{self, Combined, Estimate};
use crate::fixture::published::{Published, own};
use crate::fixture::{answer_over, frame};
use crate::question::MOST_ROUNDS;
use crate::{Frame, Outcome, Plan, Status, fixture};

/// A plan of two analyses: `model`, and a synthesis of it.
fn plan(model: &str, meta: &str, scope: &notochord_proto::scope::Scope) -> Result<Plan, String> {
    let text = format!(
        r#"
        id = "trial"
        version = 1
        title = "A trial"
        question = "Does it help?"
        network = "sample"
        expires = 2027-06-30
        [[investigators]]
        name = "A. Investigator"
        institution = "Example Hospital"
        role = "principal"
        [ethics]
        reference = "EC-1"
        [data_use]
        terms = ["DUO:0000006"]
        [sites]
        minimum = 3
        [disclosure]
        release = "site"
        [cohort]
        rows = "patient"
        where = "TRUE"
        [[analyses]]
        id = "synthesis"
        kind = "meta"
        {meta}
        [[analyses]]
        id = "model"
        {model}
        "#
    );
    let study =
        Study::parse("study.toml", text.as_bytes()).map_err(|problems| problems[0].message.clone())?;
    Plan::new(&study, scope).map_err(|problems| problems[0].message.clone())
}

/// The answers of a plan's two analyses over some frames, the synthesis first.
fn answers(plan: &Plan, frames: &[&Frame]) -> Vec<Outcome> {
    let answer = |analysis: &crate::PlannedAnalysis| answer_over(Arc::as_ref(&analysis.statistic), frames);
    let mut outcomes: Vec<Outcome> = plan.analyses.iter().map(answer).collect();
    plan.finish(&mut outcomes);
    outcomes
}

/// The rows of each site.
fn by_site(frame: &Frame, sites: &[&str], scope: &notochord_proto::scope::Scope) -> Vec<Frame> {
    let name = notochord_proto::name::VariableName::new("site").unwrap();
    let levels = scope.variable("site").unwrap().kind.levels().unwrap();
    let Some(crate::Column::Factor(values)) = frame.column(&name) else { panic!("no sites") };
    let part = |site: &&str| {
        let own = |row: &usize| levels[values.value(*row) as usize] == *site;
        frame.part(&(0..frame.rows()).filter(own).collect::<Vec<_>>())
    };
    sites.iter().map(part).collect()
}

#[track_caller]
fn close(found: &Value, expected: &Value, tolerance: f64, what: &str) {
    let (found, expected) = (found.as_f64().unwrap(), expected.as_f64().unwrap());
    let error = (found - expected).abs() / expected.abs().max(1e-300);
    assert!(error < tolerance || found == expected, "{what}: {found:e} is not {expected:e} ({error:e})");
}

fn numbers(combined: &Combined) -> Value {
    json!({"estimate": combined.estimate, "se": combined.se, "statistic": combined.statistic, "p": combined.p,
           "lower": combined.interval.0, "upper": combined.interval.1})
}

const KEYS: [&str; 6] = ["estimate", "se", "statistic", "p", "lower", "upper"];

#[test]
fn every_synthesis_is_that_of_metafors_formulas() {
    let own = own("synthesis");
    for set in ["bcg", "agreeing", "two"] {
        let expected = &own[set];
        let pairs = expected["y"].as_array().unwrap().iter().zip(expected["v"].as_array().unwrap());
        let of = |(y, v): (&Value, &Value)| Estimate {
            value: y.as_f64().unwrap(),
            se: v.as_f64().unwrap().sqrt(),
        };
        let estimates: Vec<Estimate> = pairs.map(of).collect();
        let (fixed, _) = synthesis::fixed(&estimates).unwrap();
        for key in KEYS {
            close(&numbers(&fixed)[key], &expected["fixed"][key], 1e-11, &format!("{set} fixed {key}"));
        }
        let found = synthesis::heterogeneity(&estimates).unwrap();
        let found = json!({"q": found.q, "df": found.df, "p": found.p, "i_squared": found.i_squared});
        for key in ["q", "df", "p", "i_squared"] {
            close(&found[key], &expected["heterogeneity"][key], 1e-11, &format!("{set} {key}"));
        }
        let variances = [
            ("dersimonian_laird", synthesis::dersimonian_laird(&estimates).unwrap()),
            ("reml", synthesis::reml(&estimates).unwrap()),
        ];
        for (method, tau_squared) in variances {
            let (random, expected) = (synthesis::random(&estimates, tau_squared).unwrap(), &expected[method]);
            let (normal, knapp) = (numbers(&random.normal.unwrap()), numbers(&random.hartung_knapp.unwrap()));
            let (lower, upper) = random.prediction.unwrap();
            close(
                &json!(random.tau_squared),
                &expected["tau_squared"],
                1e-9,
                &format!("{set} {method} tau²"),
            );
            close(&json!(random.i_squared), &expected["i_squared"], 1e-9, &format!("{set} {method} I²"));
            close(&json!(lower), &expected["prediction"]["lower"], 1e-9, set);
            close(&json!(upper), &expected["prediction"]["upper"], 1e-9, set);
            for key in KEYS {
                close(&normal[key], &expected[key], 1e-9, &format!("{set} {method} {key}"));
                close(
                    &knapp[key],
                    &expected["hartung_knapp"][key],
                    1e-9,
                    &format!("{set} {method} knapp {key}"),
                );
            }
        }
    }
}

#[test]
fn the_thirteen_trials_of_bcg_have_the_variance_that_is_published() {
    let own = &own("synthesis")["bcg"]["reml"];
    let published = [("tau_squared", 0.3132), ("estimate", -0.7145), ("se", 0.1798)];
    for (key, value) in published {
        assert!((own[key].as_f64().unwrap() - value).abs() < 5.1e-5, "{key}");
    }
}

#[test]
fn sites_own_least_squares_and_their_synthesis_are_those_of_r() {
    let published = Published::read("birthwt", "site");
    let model =
        "kind = \"linear\"\nformula = \"bwt ~ age + lwt + race + smoke\"\nreference = { race = \"black\" }";
    let plan = plan(model, "of = \"model\"\nmodel = \"fixed\"", &published.scope).unwrap();
    let frame = published.frame(plan.analyses[0].statistic.variables());
    let frames = by_site(&frame, &["A", "B", "C"], &published.scope);
    let frames: Vec<&Frame> = frames.iter().collect();
    let outcomes = answers(&plan, &frames);
    let (result, expected) = (&outcomes[0].result, &own("synthesis")["birthwt"]);
    assert_eq!(outcomes[0].status, Status::Released);
    assert_eq!(result["sites"].as_array().unwrap().len(), 3);
    for (at, n) in expected["n"].as_array().unwrap().iter().enumerate() {
        assert_eq!((&result["sites"][at]["n"], &result["sites"][at]["status"]), (n, &json!("answered")));
    }
    for theirs in expected["terms"].as_array().unwrap() {
        let name = theirs["name"].as_str().unwrap();
        let found = result["terms"].as_array().unwrap().iter().find(|term| term["name"] == name);
        let found = found.unwrap_or_else(|| panic!("no {name}: {result}"));
        for site in 0..3 {
            close(&found["sites"][site]["estimate"], &theirs["y"][site], 1e-9, name);
            close(&found["sites"][site]["se"], &theirs["se"][site], 1e-9, name);
        }
        for key in KEYS {
            close(&found[key], &theirs["fixed"][key], 1e-9, &format!("{name} {key}"));
            for method in ["dersimonian_laird", "reml"] {
                close(&found[method][key], &theirs[method][key], 1e-8, &format!("{name} {method} {key}"));
                let (own, theirs) = (&found[method]["hartung_knapp"], &theirs[method]["hartung_knapp"]);
                close(&own[key], &theirs[key], 1e-8, &format!("{name} {method} knapp {key}"));
            }
        }
    }
    // Beside them, what all rows give.
    close(&result["terms"][0]["pooled"]["estimate"], &expected["pooled"][0], 1e-9, "pooled");
    assert_eq!(result["terms"][0]["pooled"], {
        let term = &outcomes[1].result["terms"][0];
        json!(KEYS.iter().map(|key| (*key, term[*key].clone())).collect::<std::collections::BTreeMap<_, _>>())
    });
    let whole = answers(&plan, &[&frame]);
    assert_eq!(whole[0], outcomes[0], "one frame of all sites and three of one give the same");
}

#[test]
fn a_synthesis_of_a_model_in_rounds_runs_them_all_at_each_site_within_one() {
    let published = Published::read("birthwt", "site");
    let model = "kind = \"logistic\"\nformula = \"low ~ age + lwt + smoke\"";
    for errors in ["model", "hc0"] {
        let model = format!("{model}\nerrors = \"{errors}\"");
        let plan = plan(&model, "of = \"model\"", &published.scope).unwrap();
        let [synthesis, asked] = plan.analyses.as_slice() else { panic!("two analyses") };
        assert_eq!((synthesis.statistic.most_rounds(), asked.statistic.most_rounds()), (1, MOST_ROUNDS));
        let frame = published.frame(synthesis.statistic.variables());
        let frames = by_site(&frame, &["A", "B", "C"], &published.scope);
        let outcomes = answers(&plan, &frames.iter().collect::<Vec<_>>());
        assert_eq!(outcomes[0].status, Status::Released, "{:?}", outcomes[0].reason);
        let (result, expected) = (&outcomes[0].result, &own("synthesis")["birthwt_logistic"]);
        for theirs in expected["terms"].as_array().unwrap() {
            let name = theirs["name"].as_str().unwrap();
            let found = result["terms"].as_array().unwrap().iter().find(|term| term["name"] == name);
            let found = found.unwrap_or_else(|| panic!("no {name}: {result}"));
            for (site, rows) in frames.iter().enumerate() {
                // What the site would find by itself, and R with its rows.
                let alone = answer_over(asked.statistic.as_ref(), &[rows]);
                let own = alone.result["terms"].as_array().unwrap().iter().find(|term| term["name"] == name);
                for key in ["estimate", "se"] {
                    assert_eq!(found["sites"][site][key], own.unwrap()[key], "{name}");
                }
                close(&found["sites"][site]["estimate"], &theirs["y"][site], 1e-9, name);
                if errors == "model" {
                    close(&found["sites"][site]["se"], &theirs["se"][site], 1e-9, name);
                }
            }
            if errors == "model" {
                for key in KEYS {
                    close(&found["fixed"][key], &theirs["fixed"][key], 1e-8, &format!("{name} {key}"));
                    close(&found["reml"][key], &theirs["reml"][key], 1e-7, &format!("{name} reml {key}"));
                }
            }
        }
        let pooled = &outcomes[1].result["terms"][1];
        assert_eq!(result["terms"][1]["pooled"]["estimate"], pooled["estimate"]);
    }
}

#[test]
fn a_site_that_a_term_separates_is_listed_and_not_counted() {
    let scope = fixture::scope();
    let plan = plan("kind = \"logistic\"\nformula = \"I(rx - 1) ~ age\"", "of = \"model\"", &scope).unwrap();
    let site = |site: &'static str, rx: &[&str]| {
        let ages = ["40", "50", "60", "70", "45", "65"];
        frame(&[("age", ages.as_slice()), ("rx", rx), ("site", [site; 6].as_slice())])
    };
    let mixed = site("A", &["1", "2", "1", "2", "2", "1"]);
    let separated = site("B", &["1", "1", "2", "2", "1", "2"]);
    let constant = site("C", &["1"; 6]);
    let outcome = &answers(&plan, &[&mixed, &separated, &constant])[0];
    let statuses = outcome.result["sites"].as_array().unwrap().iter().map(|site| &site["status"]);
    assert_eq!(statuses.collect::<Vec<_>>(), ["answered", "separated", "constant_outcome"]);
    assert_eq!(outcome.result["terms"][1]["k"], json!(1));
}

/// Ages, treatments and sites, a site for each letter.
fn trial(ages: &[&str], stages: &[&str], sites: &[&str]) -> Frame {
    frame(&[("age", ages), ("stage", stages), ("site", sites)])
}

#[test]
fn a_site_whose_fit_has_no_answer_or_another_reference_is_listed_and_not_counted() {
    let scope = fixture::scope();
    let plan = plan("kind = \"linear\"\nformula = \"age ~ stage\"", "of = \"model\"", &scope).unwrap();
    let first = trial(&["40", "50", "61", "70"], &["I", "I", "II", "II"], &["A"; 4]);
    let other = trial(&["40", "50", "61", "70"], &["III", "III", "II", "II"], &["B"; 4]);
    let constant = trial(&["40", "40", "40"], &["I", "II", "I"], &["C"; 3]);
    let outcome = &answers(&plan, &[&first, &other, &constant])[0];
    let statuses: Vec<&str> = outcome.result["sites"]
        .as_array()
        .unwrap()
        .iter()
        .map(|site| site["status"].as_str().unwrap())
        .collect();
    assert_eq!(statuses, ["answered", "no_reference_level", "constant_outcome"]);
    let names: Vec<&Value> =
        outcome.result["terms"].as_array().unwrap().iter().map(|term| &term["name"]).collect();
    assert_eq!(names, ["(Intercept)", "stageII"]);
    let term = &outcome.result["terms"][1];
    assert_eq!(
        (&term["k"], &term["estimate"], &term["heterogeneity"]),
        (&json!(1), &json!(null), &json!(null))
    );
    assert_eq!(term["fixed"]["estimate"], json!(20.5));
    let nobody = &answers(&plan, &[&constant])[0];
    assert_eq!(nobody.status, Status::Refused);
    let reason = nobody.reason.as_deref().unwrap();
    assert_eq!(reason, "no site's own fit gives an estimate: A no_rows, B no_rows, C constant_outcome");
    let empty = &answers(&plan, &[&trial(&[], &[], &[])])[0];
    assert_eq!(empty.status, Status::Refused);
}

#[test]
fn the_gate_sees_all_that_it_sees_of_the_analysis_itself() {
    let scope = fixture::scope();
    let plan = plan("kind = \"linear\"\nformula = \"age ~ stage\"", "of = \"model\"", &scope).unwrap();
    let layout = |at: usize| plan.analyses[at].statistic.layout(&crate::Question::first()).unwrap();
    let (meta, model) = (layout(0), layout(1));
    assert_eq!(meta.design, model.design);
    assert_eq!(meta.tables[..model.tables.len()], model.tables[..]);
    assert_eq!(meta.sums[..model.sums.len()], model.sums[..]);
    let frame = trial(&["40", "50", "61", "70"], &["I", "I", "II", "II"], &["B"; 4]);
    let values = |at: usize| {
        let vector = plan.analyses[at].statistic.contribute(&frame, &crate::Question::first()).unwrap();
        vector.values().to_vec()
    };
    let (own, inner) = (values(0), values(1));
    let counts = model.count_cells();
    assert_eq!(own[..counts], inner[..counts]);
    assert_eq!(own[counts..counts + 3], [0, 4, 0]);
    assert_eq!(own[counts + 3..counts + 3 + model.sums.len()], inner[counts..]);
}

#[test]
fn a_synthesis_of_what_cannot_be_combined_is_refused_with_the_reason() {
    let scope = fixture::scope();
    let linear = "kind = \"linear\"\nformula = \"age ~ stage\"";
    let refused = [
        (linear, "of = \"modell\"", "there is no analysis `modell`; did you mean `model`?"),
        (linear, "of = \"synthesis\"", "`synthesis` stands on another analysis itself"),
        (linear, "of = \"model\"\nmodel = \"mixed\"", "`mixed` is not one of fixed, random"),
        (linear, "of = \"model\"\nwhere = \"age > 50\"", "its rows are those of `model`"),
        ("kind = \"describe\"\nvariables = [\"age\"]", "of = \"model\"", "which reports no terms"),
    ];
    for (model, meta, words) in refused {
        let message = plan(model, meta, &scope).err().unwrap();
        assert!(message.contains(words), "{meta}: {message}");
    }
    let narrowed = plan(&format!("{linear}\nwhere = \"age > 50\""), "of = \"model\"", &scope).unwrap();
    assert_eq!(narrowed.analyses[0].condition, narrowed.analyses[1].condition);
    assert!(narrowed.analyses[0].condition.is_some());
}
