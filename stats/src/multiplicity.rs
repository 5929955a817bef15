//! P-values of a family of analyses, adjusted together once every answer is there.
//!
//! # Which p-values belong
//! One hypothesis is one p-value. Of a model: that of every term but the intercept, or of the terms that the family
//! names; aliased terms are no hypotheses. Of correlations: that of every pair. Of a comparison: that of its test. Of a
//! table or of curves with several tests: that of the first test the study asks for (chi-squared without Yates), for
//! they are tests of one hypothesis. A description without tests adds nothing.
//!
//! A p-value that is withheld or does not exist stays null, and counts in the size of the family: whoever asked for it
//! did test. An analysis without an answer counts as many as its model has terms, or one. So a withheld p-value never
//! makes another one look more certain (`p.adjust(p, n = …)` of R, where the others are `p`).

use std::collections::BTreeMap;

use notochord_proto::fields::OneOrMany;
use notochord_proto::name::{AnalysisId, FamilyName};
use notochord_proto::study::{Adjustment, Analysis, Family, Study};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::outcome::{Cell, Outcome, Table};
use crate::plan::{Plan, PlannedAnalysis};
use crate::terms::INTERCEPT;

/// The adjusted p-values of a family.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AdjustedFamily {
    /// How they are adjusted: `holm`, `bonferroni` or `benjamini_hochberg`.
    pub adjust: String,
    /// Every p-value, in the order of the family's analyses.
    pub members: Vec<Member>,
}

/// A p-value of a family.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// The analysis it is of.
    pub analysis: AnalysisId,
    /// The term, the pair or the test; null where the analysis has no answer that would tell.
    pub item: Option<String>,
    /// The p-value; null where it is withheld or does not exist.
    pub p: Option<f64>,
    /// The adjusted p-value.
    pub adjusted: Option<f64>,
}

/// Every family of a study by name; `outcomes` are in the order of the plan.
pub fn families(study: &Study, plan: &Plan, outcomes: &[Outcome]) -> BTreeMap<FamilyName, AdjustedFamily> {
    let adjusted = |family: &Family| {
        let mut members: Vec<Member> = Vec::new();
        for id in &family.analyses {
            let planned = plan.analyses.iter().zip(outcomes).find(|(planned, _)| planned.id == *id);
            let (Some((planned, outcome)), Some(asked)) = (planned, study.analysis(id)) else { continue };
            let found = hypotheses(family, asked, planned, outcome);
            let member = |(item, p)| Member { analysis: id.clone(), item, p, adjusted: None };
            members.extend(found.into_iter().map(member));
        }
        let p: Vec<Option<f64>> = members.iter().map(|member| member.p).collect();
        for (member, adjusted) in members.iter_mut().zip(adjust(&p, family.adjust)) {
            member.adjusted = adjusted;
        }
        AdjustedFamily { adjust: family.adjust.name().to_owned(), members }
    };
    study.families.iter().map(|family| (family.name.clone(), adjusted(family))).collect()
}

/// Families as one table. Columns: `family`, `adjust`, `analysis`, `item`, `p`, `adjusted`.
pub fn table(families: &BTreeMap<FamilyName, AdjustedFamily>) -> Table {
    let columns = ["family", "adjust", "analysis", "item", "p", "adjusted"];
    let mut table = Table::new("P-values adjusted over families", columns);
    for (name, family) in families {
        for member in &family.members {
            let number = |p: Option<f64>| p.map_or(Cell::Empty, Cell::from);
            let words = [name.as_str(), family.adjust.as_str(), member.analysis.as_str()].map(Cell::from);
            let item = member.item.as_deref().unwrap_or_default().into();
            let rest = [item, number(member.p), number(member.adjusted)];
            table.rows.push(words.into_iter().chain(rest).collect());
        }
    }
    table
}

/// Adjusts the p-values that are known, in a family as large as all of them: R's `p.adjust(p, method, n)`.
fn adjust(p: &[Option<f64>], method: Adjustment) -> Vec<Option<f64>> {
    let size = p.len() as f64;
    let mut known: Vec<(usize, f64)> = p.iter().enumerate().filter_map(|(at, p)| Some((at, (*p)?))).collect();
    known.sort_by(|(_, one), (_, two)| one.total_cmp(two));
    let mut adjusted = vec![None; p.len()];
    match method {
        Adjustment::Bonferroni => known.iter().for_each(|(at, p)| adjusted[*at] = Some((size * p).min(1.0))),
        Adjustment::Holm => {
            let mut most: f64 = 0.0;
            for (rank, (at, p)) in known.iter().enumerate() {
                most = most.max((size - rank as f64) * p);
                adjusted[*at] = Some(most.min(1.0));
            }
        }
        Adjustment::BenjaminiHochberg => {
            let mut least: f64 = 1.0;
            for (rank, (at, p)) in known.iter().enumerate().rev() {
                least = least.min(size / (rank + 1) as f64 * p);
                adjusted[*at] = Some(least);
            }
        }
    }
    adjusted
}

/// The hypotheses that an analysis tests for a family: what each is about, and its p-value.
fn hypotheses(
    family: &Family,
    asked: &Analysis,
    planned: &PlannedAnalysis,
    outcome: &Outcome,
) -> Vec<(Option<String>, Option<f64>)> {
    let result = &outcome.result;
    let p = |of: &Value| of["p"].as_f64().filter(|p| (0.0..=1.0).contains(p));
    let text = |value: &Value| value.as_str().map(str::to_owned);
    if result.is_null() {
        let terms = planned.statistic.terms().names;
        let wanted = terms.into_iter().filter(|name| belongs(family, name));
        let nothing: Vec<_> = wanted.map(|name| (Some(name), None)).collect();
        return if nothing.is_empty() { vec![(None, None)] } else { nothing };
    }
    if let Some(terms) = result["terms"].as_array() {
        let aliased = |name: &Value| result["aliased"].as_array().is_some_and(|all| all.contains(name));
        let wanted = terms.iter().filter(|term| {
            term["name"].as_str().is_some_and(|name| belongs(family, name)) && !aliased(&term["name"])
        });
        return wanted.map(|term| (text(&term["name"]), p(term))).collect();
    }
    if let Some(pairs) = result["pairs"].as_array() {
        let name = |pair: &Value| Some(format!("{}, {}", pair["x"].as_str()?, pair["y"].as_str()?));
        return pairs.iter().map(|pair| (name(pair), p(pair))).collect();
    }
    if result["test"].is_object() {
        return vec![(text(&result["test"]["name"]), p(&result["test"]))];
    }
    let Some(tests) = result["tests"].as_object().filter(|tests| !tests.is_empty()) else {
        return Vec::new();
    };
    let first = asked.section.fields().optional::<OneOrMany<String>>("tests").ok().flatten();
    let first = first.and_then(|OneOrMany(tests)| tests.into_iter().next());
    let found = first.and_then(|first| tests.get_key_value(&first)).or_else(|| tests.iter().next());
    found.map(|(name, test)| (Some(name.clone()), p(test))).into_iter().collect()
}

/// Whether the p-value of a term belongs to a family.
fn belongs(family: &Family, term: &str) -> bool {
    match family.terms.as_slice() {
        [] => term != INTERCEPT,
        named => named.iter().any(|name| name == term),
    }
}

#[cfg(test)]
mod tests;
