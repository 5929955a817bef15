#![allow(clippy::unwrap_used)]

use super::*;
use crate::fixture;

/// The plan of a study with these derived variables and this analysis, and the study.
fn planned(derived: &str, analysis: &str) -> (Study, Result<Plan, Vec<Problem>>) {
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
        profile = "standard"
        [cohort]
        rows = "patient"
        where = "TRUE"
        {derived}
        [[analyses]]
        id = "asked"
        {analysis}
        "#
    );
    let study = Study::parse("study.toml", text.as_bytes()).unwrap();
    let scope = fixture::scope().with_derived(&study).unwrap();
    let plan = Plan::new(&study, &scope);
    (study, plan)
}

/// A number, a whole number of many values, one of few, and a yes or no.
const DERIVED: &str = r#"
    [derived.burden]
    value = "CASE WHEN age = 69 AND rx = 1 THEN 1 ELSE 0 END"
    type = "number"
    min = 0
    max = 1
    [derived.long]
    value = "CASE WHEN age = 69 AND rx = 1 THEN 1 ELSE 0 END"
    type = "integer"
    min = 0
    max = 99
    [derived.few]
    value = "CASE WHEN age = 69 AND rx = 1 THEN 1 ELSE 0 END"
    type = "integer"
    min = 0
    max = 9
    [derived.old]
    value = "age > 65"
    type = "yesno"
"#;

fn defined_sum(analysis: &str) -> Option<String> {
    let (study, plan) = planned(DERIVED, analysis);
    plan.ok().unwrap().defined_sum(&study).map(|(id, term)| {
        assert_eq!(id.as_str(), "asked");
        term
    })
}

#[test]
fn a_sum_of_what_the_study_defines_is_found() {
    let sums = [
        ("kind = \"describe\"\nvariables = [\"age\", \"burden\"]", "burden"),
        ("kind = \"describe\"\nvariables = [\"long\"]", "long"),
        ("kind = \"compare\"\noutcome = \"burden\"\nby = \"rx\"\ntest = \"welch\"", "burden"),
        ("kind = \"linear\"\nformula = \"burden ~ age\"", "burden"),
        ("kind = \"linear\"\nformula = \"age ~ few\"", "few"),
        ("kind = \"linear\"\nformula = \"age ~ factor(rx):long\"", "long"),
        ("kind = \"linear\"\nformula = \"age ~ log(burden + 1)\"", "log(burden + 1)"),
        ("kind = \"linear\"\nformula = \"age ~ I(age * 2)\"", "I(age * 2)"),
    ];
    for (analysis, term) in sums {
        assert_eq!(defined_sum(analysis).as_deref(), Some(term), "{analysis}");
    }
}

#[test]
fn counts_and_sums_of_the_dictionarys_variables_are_not_the_studys() {
    let others = [
        "kind = \"describe\"\nvariables = [\"age\", \"few\", \"old\"]\nby = \"old\"",
        "kind = \"compare\"\noutcome = \"few\"\nby = \"rx\"\ntest = \"welch\"",
        "kind = \"histogram\"\nvariable = \"burden\"",
        "kind = \"table\"\nrows_by = \"few\"\ncolumns_by = \"old\"",
        "kind = \"linear\"\nformula = \"age ~ rx + old + factor(few) + log(rx)\"",
    ];
    for analysis in others {
        assert_eq!(defined_sum(analysis), None, "{analysis}");
    }
}

#[test]
fn a_table_of_too_many_counts_is_refused_with_its_size() {
    let asked = |width: u32| {
        planned("", &format!("kind = \"histogram\"\nvariable = \"days\"\ngrid = {width}\nby = \"stage\"")).1
    };
    let problems = asked(2).err().unwrap();
    assert!(problems[0].message.contains("`days from` has 10004 cells; at most 4000"), "{problems:?}");
    assert!(asked(10).is_ok());
}
