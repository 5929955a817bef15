#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::sync::Arc;

use notochord_proto::layout::{CountTable, Layout, Sum, TablePurpose};
use notochord_proto::name::VariableName;
use serde_json::json;

use super::*;
use crate::contribution::{ContributeError, Contribution};
use crate::frame::Frame;
use crate::statistic::{Iterative, Next, Rounds, Summed, Unit};

/// Adds up the rows twice: the second time as many steps as the first total says.
struct Twice;

impl Iterative for Twice {
    type State = u64;

    fn unit(&self) -> Unit {
        Unit::Row
    }

    fn variables(&self) -> BTreeSet<VariableName> {
        BTreeSet::new()
    }

    fn summed(&self) -> Vec<Summed> {
        Vec::new()
    }

    fn layout(&self, state: Option<&u64>) -> Layout {
        let table = CountTable {
            name: "rows".into(),
            // A state that asks for more than may be sent.
            rows: vec!["used".into(); if state == Some(&10) { 200_001 } else { 1 }],
            columns: vec![String::new()],
            purpose: TablePurpose::Base,
        };
        let sums = state.map(|_| Sum { name: "steps".into(), over: vec![0], unit_bound: 1000 });
        Layout { tables: vec![table], sums: sums.into_iter().collect(), design: None }
    }

    fn contribute(&self, _: &Frame, _: Option<&u64>) -> Result<Contribution, ContributeError> {
        Ok(Contribution::zero(1))
    }

    fn advance(&self, state: Option<u64>, totals: &Totals) -> Next<u64> {
        match (state, totals.count(0)) {
            (None, crate::figure::Figure::Known(rows)) => Next::Ask(rows),
            _ => Next::Answer(Outcome::refused(json!(totals.len()).to_string())),
        }
    }
}

fn analysis() -> PlannedAnalysis {
    let statistic = Arc::new(Rounds(Twice));
    PlannedAnalysis { id: id(), kind: "twice", condition: None, statistic, on: None }
}

fn id() -> AnalysisId {
    AnalysisId::new("twice").unwrap()
}

fn site(name: &str) -> SiteId {
    SiteId::new(name).unwrap()
}

fn given(answers: &[(&str, Option<i128>)]) -> Given {
    answers.iter().map(|(name, rows)| (site(name), rows.map(|rows| vec![Some(rows)]))).collect()
}

fn second(answers: &[(&str, Option<i128>)]) -> Step {
    match Step::first(id()).follow(&analysis(), &given(answers), 2).unwrap() {
        Following::Ask(step) => step,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_next_question_names_the_sites_that_gave_something_and_survives_the_way() {
    let step = second(&[("a", Some(3)), ("b", None), ("c", Some(4))]);
    assert_eq!(step.question.bytes(), b"7");
    assert_eq!(step.sites, BTreeSet::from([site("a"), site("c")]));
    assert!(step.is_asked_of(&site("a")) && !step.is_asked_of(&site("b")));
    assert_eq!(Step::read(&step.to_message()).unwrap(), step);
}

#[test]
fn too_few_sites_lead_nowhere() {
    let followed = Step::first(id()).follow(&analysis(), &given(&[("a", Some(3)), ("b", None)]), 2);
    assert_eq!(followed.unwrap(), Following::TooFew);
}

#[test]
fn a_later_step_is_answered_by_all_its_sites_or_ends() {
    let step = second(&[("a", Some(3)), ("b", Some(1)), ("c", Some(4))]);
    let follow = |answers: &[(&str, Option<i128>)]| {
        let given = given(answers).into_iter();
        let given = given.map(|(site, rows)| (site, rows.map(|rows| [rows, vec![Some(0)]].concat())));
        step.follow(&analysis(), &given.collect(), 2).unwrap()
    };
    let all = [("a", Some(3)), ("b", Some(1)), ("c", Some(4))];
    assert!(matches!(follow(&all), Following::Answer(_)));
    let changed = |silent: &[&str], withheld: &[&str]| {
        let sites = |names: &[&str]| names.iter().map(|name| site(name)).collect();
        Following::Changed { silent: sites(silent), withheld: sites(withheld) }
    };
    assert_eq!(follow(&all[..2]), changed(&["c"], &[]));
    assert_eq!(follow(&[all[0], ("b", None), all[2]]), changed(&[], &["b"]));
    // A stranger does not stand in for a site.
    assert_eq!(follow(&[all[0], all[1], ("d", Some(4))]), changed(&["c"], &[]));
}

#[test]
fn a_later_question_whose_answer_would_be_too_long_is_not_asked() {
    let given = given(&[("a", Some(6)), ("b", Some(4))]);
    let Following::Answer(outcome) = Step::first(id()).follow(&analysis(), &given, 2).unwrap() else {
        panic!("it is asked")
    };
    assert!(outcome.reason.unwrap().contains("200002 numbers"));
}

#[test]
fn a_step_that_names_its_sites_badly_is_none() {
    let good = second(&[("a", Some(3)), ("b", Some(1))]).to_message();
    for sites in [vec![], vec!["b", "a"], vec!["a", "a"]] {
        let sites = sites.into_iter().map(str::to_owned).collect();
        assert!(matches!(Step::read(&wire::Step { sites, ..good.clone() }), Err(StepError::Sites(_))));
    }
    let first = wire::Step { iteration: 0, state: Vec::new(), ..good.clone() };
    assert!(matches!(Step::read(&first), Err(StepError::Sites(_))));
    assert!(Step::read(&wire::Step { state: Vec::new(), ..good.clone() }).is_err());
    assert!(Step::read(&wire::Step { iteration: 25, ..good }).is_err());
}
