//! The law every statistic keeps: a vector of integers that adds up.
//!
//! Every registered kind is held to it over generated frames. A kind without an example here fails
//! `every_registered_kind_is_exercised`.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{Array as _, Float64Array, Int32Array, Int64Array};
use notochord_proto::dictionary::Dictionary;
use notochord_proto::name::VariableName;
use notochord_proto::scope::Scope;
use notochord_proto::study::Study;
use notochord_proto::variable::VariableKind;
use notochord_stats::{
    Column, Contribution, Frame, KINDS, Outcome, Plan, Question, Statistic, Totals, Turn, Unit,
};
use proptest::prelude::*;

/// Sections of a study, by kind.
const EXAMPLES: &[(&str, &str)] = &[
    ("describe", r#"variables = ["age", "bilirubin", "rx", "male", "site"]"#),
    ("describe", "variables = [\"age\", \"male\"]\nby = [\"rx\", \"male\"]\nquantiles = [0.05, 0.5]"),
    ("describe", "variables = [\"bilirubin\"]\nby = \"site\"\ngrid = 0.5"),
    ("histogram", r#"variable = "bilirubin""#),
    ("histogram", "variable = \"age\"\nby = \"rx\"\ngrid = 5"),
    ("table", "rows_by = \"rx\"\ncolumns_by = \"male\"\ntests = [\"chi_squared\", \"fisher\"]"),
    ("table", "rows_by = \"site\"\ncolumns_by = \"rx\""),
    ("compare", "outcome = \"bilirubin\"\nby = \"male\"\ntest = \"welch\""),
    ("compare", "outcome = \"age\"\nby = \"rx\"\ntest = \"anova\""),
    (
        "table",
        "rows_by = \"rx\"\ncolumns_by = \"male\"\nlayers_by = \"site\"\ntests = [\"trend\", \"fisher\"]",
    ),
    ("table", "rows_by = \"male\"\ncolumns_by = \"site\"\nlayers_by = \"rx\"\ntests = [\"mantel_haenszel\"]"),
    ("compare", "outcome = \"age\"\nby = \"rx\"\ntest = \"welch_anova\""),
    ("compare", "outcome = \"bilirubin\"\nby = \"male\"\ntest = \"variance\""),
    ("compare", "outcome = \"bilirubin\"\nby = \"male\"\ntest = \"wilcoxon\"\nmu = 0.25\ngrid = 0.01"),
    ("compare", "outcome = \"age\"\nby = \"site\"\ntest = \"kruskal\""),
    ("compare", "outcome = \"bilirubin\"\ntest = \"one_sample\"\nmu = 20"),
    ("compare", "outcome = \"age\"\ntest = \"signed_rank\"\nmu = 59.5"),
    ("compare", "outcome = \"age\"\npair = \"bilirubin\"\ntest = \"paired_t\""),
    (
        "compare",
        "outcome = \"male\"\nby = \"rx\"\npair = \"patient\"\nlevels = [\"Obs\", \"Lev\"]\ntest = \"signed_rank\"",
    ),
    ("compare", "outcome = \"bilirubin\"\nby = \"site\"\npair = \"patient\"\ntest = \"paired_t\""),
    ("correlate", r#"variables = ["age", "bilirubin", "male"]"#),
    ("correlate", "variables = [\"age\", \"bilirubin\", \"male\"]\nmethod = \"spearman\""),
    ("correlate", "variables = [\"male\", \"age\"]\nmethod = \"spearman\"\ngrid = { age = 10 }"),
    ("linear", r#"formula = "age ~ rx + male + bilirubin""#),
    (
        "linear",
        "formula = \"log(bilirubin) ~ age * rx + factor(male):site + I(age * 2)\"\nreference = { rx = \"Lev\" }",
    ),
    ("linear", r#"formula = "bilirubin ~ 0 + rx:male + site""#),
    ("logistic", r#"formula = "male ~ age + rx""#),
    ("logistic", "formula = \"male ~ 0 + rx:bilirubin + site\"\nlink = \"probit\""),
    ("poisson", r#"formula = "age ~ rx * male + offset(log(bilirubin))""#),
    ("glm", "formula = \"male ~ rx + log(bilirubin)\"\nfamily = \"quasibinomial\"\nlink = \"log\""),
    ("linear", "formula = \"bilirubin ~ rx * male + age\"\nerrors = \"hc2\"\ntests = [\"type2\", \"wald\"]"),
    ("linear", "formula = \"age ~ 0 + rx + bilirubin\"\nerrors = \"cluster\""),
    ("negative_binomial", r#"formula = "age ~ rx""#),
    ("logistic", "formula = \"male ~ age + rx\"\nerrors = \"cluster\"\ntests = [\"type2\", \"wald\"]"),
    ("poisson", "formula = \"age ~ rx + bilirubin\"\nerrors = \"hc3\""),
    ("logistic", "formula = \"male ~ bilirubin + rx\"\npenalty = \"firth\""),
    ("glm", "formula = \"bilirubin ~ rx + age\"\nfamily = \"gaussian\""),
    ("meta", r#"of = "another""#),
    ("meta", "of = \"another\"\nmodel = \"fixed\""),
    ("meta", r#"of = "in_rounds""#),
    ("meta", r#"of = "by_patient""#),
    ("cox", "formula = \"Surv(age, male) ~ rx + bilirubin\"\nconcordance = true\nerrors = \"robust\""),
    (
        "cox",
        "formula = \"Surv(bilirubin, male) ~ age\"\nstrata = [\"site\", \"rx\"]\nerrors = \"cluster\"\n\
         check_proportional = true\nevery = 5\nuntil = 40",
    ),
    (
        "cox",
        "formula = \"Surv(bilirubin, age, male) ~ rx + offset(bilirubin / 20)\"\nstrata = []\nevery = 8\nuntil = 90\n\
         errors = \"cluster\"\ncheck_proportional = true",
    ),
    (
        "cox",
        "formula = \"Surv(age, male) ~ log(bilirubin) + site\"\nstrata = [\"rx\"]\nties = \"breslow\"\nevery = 10\n\
         until = 80\nerrors = \"robust\"",
    ),
    ("cox", "formula = \"Surv(age, male) ~ rx + bilirubin\"\npenalty = \"firth\""),
    (
        "cox",
        "formula = \"Surv(age, male) ~ bilirubin + rx\"\npenalty = \"firth\"\nstrata = []\nevery = 5\nuntil = 100",
    ),
    (
        "kaplan_meier",
        "time = \"age\"\nevent = \"male\"\nevery = 7\nuntil = 90\nreport_at = [49, 90]\nrmst = 60.5",
    ),
    (
        "kaplan_meier",
        "time = \"bilirubin\"\nevent = \"male\"\nby = \"rx\"\nstrata = [\"site\"]\nevery = 2.5\nuntil = 40\nrmst = 40\n\
         interval = \"log-log\"\ntests = [\"logrank\", \"peto\"]",
    ),
    (
        "cumulative_incidence",
        "time = \"age\"\nevent = \"rx\"\nby = \"site\"\nevery = 5\nuntil = 100\ntests = [\"gray\"]",
    ),
    (
        "cumulative_incidence",
        "time = \"bilirubin\"\nevent = \"rx\"\nby = \"male\"\nstrata = [\"site\"]\nevery = 2.5\nuntil = 40\n\
         report_at = [20]\ninterval = \"plain\"\ntests = [\"gray\"]",
    ),
    ("mixed", r#"formula = "age ~ rx * male + (1 | patient)""#),
    (
        "mixed",
        "formula = \"bilirubin ~ rx + (1 + age | patient) + (1 | site)\"\nmethod = \"ml\"\nmeans = [\"rx\"]",
    ),
    ("mixed", "formula = \"age ~ male\"\ncovariance = \"unstructured\"\nvisit = \"rx\""),
    ("mixed", r#"formula = "age ~ bilirubin - 1 + (1 | site)""#),
    ("gee", "formula = \"male ~ age + rx\"\nfamily = \"binomial\"\ncorrelation = \"exchangeable\""),
    ("gee", "formula = \"age ~ rx + offset(log(bilirubin))\"\nfamily = \"poisson\""),
    (
        "gee",
        "formula = \"bilirubin ~ 0 + rx + age\"\nfamily = \"gaussian\"\ncorrelation = \"exchangeable\"\ncluster = \"site\"",
    ),
    ("calibration", "outcome = \"male\"\npredicted = \"late\"\ndecision_curve = [0.1, 0.5]"),
    ("calibration", "outcome = \"relapsed\"\npredicted = \"early\"\ngroups = 3"),
    ("reclassification", "outcome = \"male\"\nbefore = \"early\"\nafter = \"late\"\ncut_points = [0.2, 0.6]"),
    ("reclassification", "outcome = \"relapsed\"\nbefore = \"late\"\nafter = \"early\""),
    ("roc", "outcome = \"male\"\nscores = [\"age\", \"bilirubin\"]\nthreshold = [60, 10.5]"),
    ("roc", "outcome = \"male\"\nscores = \"bilirubin\"\ngrid = 0.5"),
    ("transition", "from = \"male\"\nto = \"relapsed\"\nby = \"rx\""),
    ("agreement", "measure = \"cohen\"\nratings = [\"male\", \"relapsed\"]"),
    ("agreement", "measure = \"fleiss\"\nratings = [\"male\", \"relapsed\"]"),
    ("agreement", "measure = \"icc\"\nratings = [\"male\", \"relapsed\"]"),
    ("agreement", "measure = \"icc\"\nsubject = \"rx\"\nrater = \"site\"\nrating = \"male\""),
    ("agreement", "measure = \"weighted\"\nsubject = \"rx\"\nrater = \"male\"\nrating = \"site\""),
    ("agreement", "measure = \"fleiss\"\nsubject = \"site\"\nrater = \"male\"\nrating = \"rx\""),
];

/// A study with analyses that another one may stand on.
const STUDY: &str = r#"
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
id = "another"
kind = "linear"
formula = "bilirubin ~ age + rx"
[[analyses]]
id = "in_rounds"
kind = "logistic"
formula = "male ~ age + rx"
[[analyses]]
id = "by_patient"
kind = "poisson"
formula = "age ~ rx"
errors = "cluster"
[[analyses]]
id = "asked"
"#;

const DICTIONARY: &str = "\
Variable / Field Name,Form Name,Section Header,Field Type,Field Label,\"Choices, Calculations, OR Slider Labels\",\
Field Note,Text Validation Type OR Show Slider Number,Text Validation Min,Text Validation Max,Identifier?,\
Branching Logic (Show field only if...),Required Field?,Custom Alignment,Question Number (surveys only),\
Matrix Group Name,Matrix Ranking?,Field Annotation
record_id,patient,,text,Record,,,,,,,,,,,,,
age,patient,,text,Age,,,integer,18,100,,,,,,,,
bilirubin,patient,,text,Bilirubin,,,number,0.1,50,,,,,,,,@GRID(0.1)
rx,patient,,radio,Treatment,\"Obs, Observation | Lev, Levamisole | Lev+5FU, Both\",,,,,,,,,,,,
male,patient,,yesno,Male,,,,,,,,,,,,,
relapsed,patient,,yesno,Relapsed,,,,,,,,,,,,,
early,patient,,text,Early risk,,,number,0,1,,,,,,,,@GRID(0.05)
late,patient,,text,Late risk,,,number,0,1,,,,,,,,
";

fn scope() -> Scope {
    let dictionary = Dictionary::parse("dictionary.csv", DICTIONARY.as_bytes()).unwrap();
    Scope::new(&dictionary, &["Utrecht".to_owned(), "Bologna".to_owned()])
}

fn statistic(kind: &str, section: &str, scope: &Scope) -> Arc<dyn Statistic> {
    let study = format!("{STUDY}kind = \"{kind}\"\n{section}\n");
    let study =
        Study::parse("study.toml", study.as_bytes()).unwrap_or_else(|problems| panic!("{problems:?}"));
    let plan = Plan::new(&study, scope).unwrap_or_else(|problems| panic!("{kind}: {problems:?}"));
    plan.analyses.last().unwrap_or_else(|| panic!("{kind}")).statistic.clone()
}

/// What a row holds: a number between 0 and 1 for each variable, or nothing.
type Row = Vec<Option<f64>>;

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let value = prop_oneof![9 => (0.0..1.0).prop_map(Some), 1 => Just(None)];
    prop::collection::vec(prop::collection::vec(value, 8), 0..40)
}

/// The frame of some rows, with values spread over the bounds and levels of their variables.
fn frame(rows: &[Row], scope: &Scope) -> Frame {
    let columns = scope.names().enumerate().map(|(at, name)| {
        let values = rows.iter().map(|row| row[at]);
        let column = match &scope.variable(name).unwrap().kind {
            VariableKind::Integer { bounds } => {
                let (lower, upper) = bounds.unwrap();
                let spread = |part: f64| lower + (part * (upper - lower + 1) as f64) as i64;
                Column::Integer(values.map(|value| value.map(spread)).collect::<Int64Array>())
            }
            VariableKind::Number { bounds } => {
                let (lower, upper) = bounds.unwrap();
                let spread = |part: f64| lower + part * (upper - lower);
                Column::Number(values.map(|value| value.map(spread)).collect::<Float64Array>())
            }
            VariableKind::Factor { levels } => {
                let spread = |part: f64| (part * levels.len() as f64) as i32;
                Column::Factor(values.map(|value| value.map(spread)).collect::<Int32Array>())
            }
        };
        (VariableName::new(name).unwrap(), column)
    });
    let frame = Frame::new(rows.len(), columns.collect::<BTreeMap<_, _>>());
    // Two rows for most patients; a missing age is one like any other.
    let patient = |row: &Row| (row[0].unwrap_or(0.0) * 20.0) as u32;
    let frame = frame.and_then(|frame| frame.of_patients(rows.iter().map(patient).collect()));
    frame.unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn every_registered_kind_is_exercised() {
    for kind in KINDS {
        assert!(EXAMPLES.iter().any(|(name, _)| *name == kind.name), "`{}` has no example", kind.name);
    }
}

/// A number that rows share which must stay together.
fn together(unit: Unit, frame: &Frame, row: usize) -> usize {
    let site = VariableName::new("site").unwrap();
    match (unit, frame.column(&site)) {
        (Unit::Row, _) => row,
        (Unit::Patient, _) => frame.patient(row),
        (Unit::Site, Some(Column::Factor(sites))) if sites.is_valid(row) => sites.value(row) as usize,
        (Unit::Site, _) => 0,
    }
}

/// The questions that a statistic asks about a frame, one for each round, and its answer.
fn conversation(statistic: &dyn Statistic, frame: &Frame) -> (Vec<Question>, Outcome) {
    let mut asked = vec![Question::first()];
    loop {
        let question = asked.last().unwrap();
        let totals = Totals::from(statistic.contribute(frame, question).unwrap());
        match statistic.advance(question, &totals).unwrap() {
            Turn::Ask(next) => asked.push(next),
            Turn::Answer(outcome) => return (asked, outcome),
        }
    }
}

#[test]
fn every_kind_reads_only_what_it_says() {
    let scope = scope();
    for (kind, section) in EXAMPLES {
        let statistic = statistic(kind, section, &scope);
        let whole = frame(&vec![vec![Some(0.5); 8]; 3], &scope);
        let wanted = statistic.variables();
        let mut columns = BTreeMap::new();
        for name in &wanted {
            let Some(column) = whole.column(name) else { panic!("{kind}: {name}") };
            columns.insert(
                name.clone(),
                match column {
                    Column::Integer(values) => Column::Integer(values.clone()),
                    Column::Number(values) => Column::Number(values.clone()),
                    Column::Factor(values) => Column::Factor(values.clone()),
                },
            );
        }
        let patients = (0..3).map(|row| whole.patient(row) as u32).collect();
        let narrow = Frame::new(3, columns).and_then(|narrow| narrow.of_patients(patients));
        let Ok(narrow) = narrow else { panic!("{kind}") };
        for question in conversation(statistic.as_ref(), &whole).0 {
            assert_eq!(
                statistic.contribute(&narrow, &question),
                statistic.contribute(&whole, &question),
                "{kind}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn parts_add_up_to_the_whole(rows in rows(), parts in prop::collection::vec(0_usize..3, 40)) {
        let scope = scope();
        let whole = frame(&rows, &scope);
        for (kind, section) in EXAMPLES {
            let statistic = statistic(kind, section, &scope);
            for question in conversation(statistic.as_ref(), &whole).0 {
                let layout = statistic.layout(&question).unwrap();
                let expected = statistic.contribute(&whole, &question).unwrap();
                prop_assert_eq!(expected.values().len(), layout.len(), "{}", kind);
                prop_assert!(Contribution::checked(expected.values().to_vec(), &layout).is_ok(), "{}", kind);
                let mut total = Contribution::zero(layout.len());
                for part in 0..3 {
                    let own = |row: &usize| parts[together(statistic.unit(), &whole, *row) % parts.len()] == part;
                    let own: Vec<usize> = (0..rows.len()).filter(own).collect();
                    total.add(&statistic.contribute(&whole.part(&own), &question).unwrap()).unwrap();
                }
                prop_assert_eq!(&total, &expected, "{} in round {}", kind, question.iteration());
            }
        }
    }

    #[test]
    fn the_order_of_rows_does_not_matter(rows in rows().prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle()))) {
        let scope = scope();
        let (rows, shuffled) = rows;
        for (kind, section) in EXAMPLES {
            let statistic = statistic(kind, section, &scope);
            let (rows, shuffled) = (frame(&rows, &scope), frame(&shuffled, &scope));
            for question in conversation(statistic.as_ref(), &rows).0 {
                let contribution = |frame| statistic.contribute(frame, &question).unwrap();
                prop_assert_eq!(contribution(&rows), contribution(&shuffled), "{}", kind);
            }
        }
    }

    #[test]
    fn an_answer_to_any_totals_is_finite(rows in rows(), withheld in prop::collection::vec(0_usize..400, 0..3)) {
        let scope = scope();
        let frame = frame(&rows, &scope);
        for (kind, section) in EXAMPLES {
            let statistic = statistic(kind, section, &scope);
            let (asked, answer) = conversation(statistic.as_ref(), &frame);
            prop_assert_eq!(&conversation(statistic.as_ref(), &frame), &(asked.clone(), answer.clone()), "{}", kind);
            let mut outcomes = vec![answer];
            for question in asked {
                let contribution = statistic.contribute(&frame, &question).unwrap();
                let mut values: Vec<Option<i128>> = contribution.values().iter().copied().map(Some).collect();
                for at in &withheld {
                    let length = values.len();
                    values[at % length] = None;
                }
                if let Turn::Answer(outcome) = statistic.advance(&question, &Totals::new(values)).unwrap() {
                    outcomes.push(outcome);
                }
            }
            for outcome in outcomes {
                let tables = outcome.shown.iter().chain([&outcome.tidy]);
                for table in tables {
                    prop_assert!(table.rows.iter().all(|row| row.len() == table.columns.len()), "{}", kind);
                }
                prop_assert!(serde_json::from_str::<serde_json::Value>(&outcome.result.to_string()).is_ok());
            }
        }
    }

    #[test]
    fn rubbish_totals_are_answered_without_a_panic(rows in rows(), seed in any::<u64>(), shift in 0_u32..80) {
        let scope = scope();
        let frame = frame(&rows, &scope);
        for (kind, section) in EXAMPLES {
            let statistic = statistic(kind, section, &scope);
            for question in conversation(statistic.as_ref(), &frame).0 {
                let length = statistic.layout(&question).unwrap().len();
                let value = |at: u64| (i128::from(seed.wrapping_mul(2 * at + 1) >> 20) << shift) - (1 << 30);
                let advance = |values| statistic.advance(&question, &Totals::new(values)).map(drop);
                prop_assert!(advance((0..length as u64).map(|at| Some(value(at))).collect()).is_ok());
                prop_assert!(advance(vec![None; length]).is_ok());
                prop_assert!(advance(Vec::new()).is_ok());
                prop_assert!(advance(vec![Some(i128::MIN); length]).is_ok());
                prop_assert!(advance(vec![Some(i128::MAX); length]).is_ok());
            }
        }
    }

    #[test]
    fn a_question_that_is_none_is_refused_without_a_panic(state in prop::collection::vec(any::<u8>(), 1..200)) {
        let scope = scope();
        let frame = frame(&vec![vec![Some(0.5); 8]; 3], &scope);
        let question = Question::new(1, state).unwrap();
        for (kind, section) in EXAMPLES {
            let statistic = statistic(kind, section, &scope);
            if let Ok(layout) = statistic.layout(&question) {
                let _ = statistic.contribute(&frame, &question);
                let _ = statistic.advance(&question, &Totals::new(vec![Some(1); layout.len()]));
            }
        }
    }
}

#[test]
fn no_rows_give_zeros() {
    let scope = scope();
    for (kind, section) in EXAMPLES {
        let statistic = statistic(kind, section, &scope);
        let some = frame(&[vec![Some(0.3); 8], vec![Some(0.5); 8], vec![Some(0.7); 8]], &scope);
        for question in conversation(statistic.as_ref(), &some).0 {
            let nothing = statistic.contribute(&frame(&[], &scope), &question).unwrap();
            assert_eq!(nothing, Contribution::zero(statistic.layout(&question).unwrap().len()), "{kind}");
            statistic.advance(&question, &Totals::from(nothing)).unwrap();
        }
    }
}
