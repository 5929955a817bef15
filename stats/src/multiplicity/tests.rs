#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::*;
use crate::fixture;
use crate::fixture::published::own;

#[test]
fn adjusted_p_values_are_those_of_r() {
    for family in own("multiplicity").as_array().unwrap() {
        let p = family["p"].as_array().unwrap();
        let size = family["of"].as_u64().unwrap() as usize;
        // Those that are withheld stand among the others, and count.
        let mut values: Vec<Option<f64>> = vec![None; size - p.len()];
        values.extend(p.iter().map(Value::as_f64));
        for method in [Adjustment::Holm, Adjustment::Bonferroni, Adjustment::BenjaminiHochberg] {
            let adjusted = adjust(&values, method);
            assert!(adjusted[..size - p.len()].iter().all(Option::is_none));
            let expected = family[method.name()].as_array().unwrap();
            for (own, theirs) in adjusted[size - p.len()..].iter().zip(expected) {
                let (own, theirs) = (own.unwrap(), theirs.as_f64().unwrap());
                assert!((own - theirs).abs() <= 1e-14 * theirs, "{}: {own} is not {theirs}", method.name());
            }
        }
    }
}

/// The adjusted families of a study about the ovarian trial.
fn adjusted(family: &str) -> Result<BTreeMap<FamilyName, AdjustedFamily>, String> {
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
        id = "model"
        kind = "linear"
        formula = "age ~ rx + resid_ds + I(rx * 2)"
        [[analyses]]
        id = "table"
        kind = "table"
        rows_by = "rx"
        columns_by = "resid_ds"
        tests = ["fisher", "chi_squared"]
        [[analyses]]
        id = "ages"
        kind = "compare"
        outcome = "age"
        by = "rx"
        test = "welch"
        [[analyses]]
        id = "pairs"
        kind = "correlate"
        variables = ["age", "rx", "resid_ds"]
        [[analyses]]
        id = "numbers"
        kind = "describe"
        variables = ["age"]
        [[analyses]]
        id = "nothing"
        kind = "linear"
        formula = "rx ~ age + stage"
        [families.all]
        {family}
        "#
    );
    let study =
        Study::parse("study.toml", text.as_bytes()).map_err(|problems| problems[0].message.clone())?;
    let plan = Plan::new(&study, &fixture::scope()).map_err(|problems| problems[0].message.clone())?;
    let data = fixture::ovarian();
    let outcomes: Vec<Outcome> = plan
        .analyses
        .iter()
        .map(|analysis| match analysis.id.as_str() {
            "nothing" => Outcome::refused("the outcome has the same value in every row"),
            _ => fixture::answer_to(analysis.statistic.as_ref(), &data),
        })
        .collect();
    Ok(families(&study, &plan, &outcomes))
}

fn items(family: &AdjustedFamily) -> Vec<(&str, Option<&str>)> {
    family.members.iter().map(|member| (member.analysis.as_str(), member.item.as_deref())).collect()
}

#[test]
fn one_hypothesis_is_one_p_value() {
    let all = "analyses = [\"table\", \"model\", \"ages\", \"pairs\", \"numbers\"]\nadjust = \"holm\"";
    let families = adjusted(all).unwrap();
    let family = families.values().next().unwrap();
    let expected = [
        ("table", Some("fisher")),
        ("model", Some("rx")),
        ("model", Some("resid_ds")),
        ("ages", Some("welch")),
        ("pairs", Some("age, rx")),
        ("pairs", Some("age, resid_ds")),
        ("pairs", Some("rx, resid_ds")),
    ];
    assert_eq!(items(family), expected);
    assert!(family.members.iter().all(|member| member.p.is_some() && member.adjusted >= member.p));
    let table = table(&families);
    assert_eq!((table.rows.len(), table.columns.len()), (7, 6));
    assert_eq!(table.rows[0][3], Cell::from("fisher"));
    let value = serde_json::to_value(&families).unwrap();
    assert_eq!(value["all"]["adjust"], json!("holm"));
}

#[test]
fn a_family_may_name_the_terms_that_it_is_about() {
    let families =
        adjusted("analyses = [\"model\", \"table\"]\nadjust = \"bonferroni\"\nterms = [\"rx\"]").unwrap();
    let family = families.values().next().unwrap();
    assert_eq!(items(family), [("model", Some("rx")), ("table", Some("fisher"))]);
    assert_eq!(family.members[0].adjusted, family.members[0].p.map(|p| (2.0 * p).min(1.0)));
    let message = adjusted("analyses = [\"model\"]\nadjust = \"holm\"\nterms = [\"rxx\"]").unwrap_err();
    assert!(message.contains("no analysis of the family `all` has a term `rxx`"), "{message}");
}

#[test]
fn an_analysis_without_an_answer_counts_as_many_as_its_model_has_terms() {
    let families = adjusted("analyses = [\"ages\", \"nothing\"]\nadjust = \"bonferroni\"").unwrap();
    let family = families.values().next().unwrap();
    let expected = [
        ("ages", Some("welch")),
        ("nothing", Some("age")),
        ("nothing", Some("stageII")),
        ("nothing", Some("stageIII")),
    ];
    assert_eq!(items(family), expected);
    assert_eq!(family.members[0].adjusted, family.members[0].p.map(|p| (4.0 * p).min(1.0)));
    assert!(family.members[1..].iter().all(|member| member.p.is_none() && member.adjusted.is_none()));
}
