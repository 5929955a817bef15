//! From sites' vectors to the result: add, let each statistic answer, and say who took part.

use std::collections::{BTreeMap, BTreeSet};

use notochord_disclosure::{Rule, Threshold};
use notochord_proto::digest::Digest;
use notochord_proto::name::{AnalysisId, FamilyName, RunId, SiteId};
use notochord_proto::root::Root;
use notochord_proto::sealed_study::SealedStudy;
use notochord_proto::study::Study;
use notochord_stats::multiplicity::{self, AdjustedFamily};
use notochord_stats::outcome::{Outcome, Status};
use notochord_stats::plan::{Plan, PlannedAnalysis};
use notochord_stats::question::Question;
use notochord_stats::statistic::Turn;
use notochord_stats::totals::Totals;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;

use crate::result::AnalysisTables;
use crate::round::{Seat, SiteAnswer, StepAnswer};
use crate::site_status::SiteStatus;

/// What the result says of a site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteLine {
    /// Its id.
    pub id: SiteId,
    /// Its name.
    pub label: String,
    /// How it took part.
    pub status: SiteStatus,
    /// The snapshot it answered from.
    pub snapshot: Option<Digest>,
    /// Its software.
    pub software: Option<String>,
}

/// A site that contributed.
pub struct Contributor {
    /// The site and its snapshot.
    pub seat: Seat,
    /// What it answered.
    pub answer: SiteAnswer,
}

/// When and as what a run took place.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunTimes {
    /// The run's id.
    pub id: RunId,
    /// When it started.
    #[serde(with = "time::serde::rfc3339")]
    pub started: OffsetDateTime,
    /// When it ended.
    #[serde(with = "time::serde::rfc3339")]
    pub finished: OffsetDateTime,
}

/// `result.json`.
#[derive(Debug, Serialize)]
pub struct ResultDocument {
    study: StudyLine,
    run: RunTimes,
    sites: Vec<SiteLine>,
    analyses: BTreeMap<AnalysisId, AnalysisDocument>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    families: BTreeMap<FamilyName, AdjustedFamily>,
    provenance: Provenance,
}

#[derive(Debug, Serialize)]
struct StudyLine {
    id: String,
    version: u32,
    title: String,
    question: String,
    sha256: Digest,
}

#[derive(Debug, Serialize)]
struct AnalysisDocument {
    kind: &'static str,
    status: Status,
    reason: Option<String>,
    result: Value,
    disclosure: Disclosure,
}

#[derive(Debug, Serialize)]
struct Disclosure {
    profile: &'static str,
    release: &'static str,
    /// The rules that withheld something at some site, and why.
    rules: Vec<RuleLine>,
    /// How many sites contributed to this analysis, and which had it withheld as a whole.
    sites: usize,
    withheld_by: Vec<SiteId>,
}

#[derive(Debug, Serialize)]
struct RuleLine {
    rule: &'static str,
    reason: String,
}

/// Where a result comes from.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Provenance {
    /// The network.
    pub network: String,
    /// SHA-256 of the root document.
    pub root: Digest,
    /// SHA-256 of the data dictionary.
    pub dictionary: Digest,
    /// Who signed the study.
    pub investigators: Vec<String>,
    /// Who approved it.
    pub approvers: Vec<String>,
    /// SHA-256 of each round's exact bytes.
    pub rounds: Vec<Digest>,
    /// SHA-256 of each site's sealed answer.
    pub answers: BTreeMap<SiteId, Digest>,
    /// The coordinator's software.
    pub software: String,
}

/// The smallest count that the network's rules let through in a study; a centre's own may be larger.
pub fn threshold(root: &Root, study: &Study) -> Threshold {
    let throwaway = root.throwaway_minimum.and_then(Threshold::new);
    throwaway.unwrap_or(Threshold::of(study.disclosure.profile))
}

/// Assembles the result. Every analysis gets an answer or a reason. `k` is the smallest count of the study's profile;
/// a centre's own may be larger.
pub fn assemble(
    sealed: &SealedStudy,
    plan: &Plan,
    run: RunTimes,
    sites: Vec<SiteLine>,
    contributors: &[Contributor],
    provenance: Provenance,
    k: Threshold,
) -> (ResultDocument, Vec<AnalysisTables>) {
    let mut analyses = BTreeMap::new();
    let mut tables = Vec::new();
    let answers = plan.analyses.iter().enumerate();
    let (mut outcomes, disclosures): (Vec<Outcome>, Vec<Disclosure>) =
        answers.map(|(index, analysis)| answer(sealed, analysis, index, contributors, k)).unzip();
    plan.finish(&mut outcomes);
    let families = multiplicity::families(&sealed.study, plan, &outcomes);
    for ((analysis, outcome), disclosure) in plan.analyses.iter().zip(outcomes).zip(disclosures) {
        let reasons = disclosure.rules.iter().map(|line| line.reason.clone()).collect();
        tables.push(AnalysisTables::new(analysis.id.clone(), analysis.kind, &outcome, reasons));
        let Outcome { status, reason, result, .. } = outcome;
        let document = AnalysisDocument { kind: analysis.kind, status, reason, result, disclosure };
        analyses.insert(analysis.id.clone(), document);
    }
    let study = &sealed.study;
    let study = StudyLine {
        id: study.id.to_string(),
        version: study.version,
        title: study.title.clone(),
        question: study.question.clone(),
        sha256: sealed.digest,
    };
    (ResultDocument { study, run, sites, analyses, families, provenance }, tables)
}

fn answer(
    sealed: &SealedStudy,
    analysis: &PlannedAnalysis,
    index: usize,
    contributors: &[Contributor],
    k: Threshold,
) -> (Outcome, Disclosure) {
    let steps: Vec<(&SiteId, Option<&StepAnswer>)> = contributors
        .iter()
        .map(|one| (&one.seat.site.id, one.answer.steps.get(index).and_then(Option::as_ref)))
        .collect();
    let given: Vec<&StepAnswer> = steps.iter().filter_map(|(_, step)| *step).collect();
    let rules: BTreeSet<Rule> = given.iter().flat_map(|step| step.rules.iter().copied()).collect();
    let disclosure = Disclosure {
        profile: sealed.study.disclosure.profile.name(),
        release: sealed.study.disclosure.release.name(),
        rules: rules
            .iter()
            .map(|rule| RuleLine { rule: rule.name(), reason: rule.reason(k, sealed.study.cohort.rows) })
            .collect(),
        sites: given.len(),
        withheld_by: steps.iter().filter(|(_, step)| step.is_none()).map(|(id, _)| (*id).clone()).collect(),
    };
    let minimum = sealed.study.sites.minimum as usize;
    if given.len() < minimum {
        let reason = format!(
            "{} of {} sites contributed; the others' disclosure rules withheld it, and the study asks for at least \
             {minimum} sites",
            given.len(),
            contributors.len()
        );
        let outcome = Outcome {
            status: Status::Suppressed,
            reason: Some(reason),
            result: Value::Null,
            tidy: Default::default(),
            shown: Vec::new(),
        };
        return (outcome, disclosure);
    }
    let first = Question::first();
    let length = analysis.statistic.layout(&first).unwrap_or_default().len();
    let outcome = match analysis.statistic.advance(&first, &add(length, &given)) {
        Ok(Turn::Answer(outcome)) => outcome,
        _ => Outcome::refused("it takes more than one round"),
    };
    (outcome, disclosure)
}

/// Adds the sites' vectors. A total of which a part is withheld is withheld: it would be wrong.
fn add(length: usize, steps: &[&StepAnswer]) -> Totals {
    let total = |at: usize| {
        steps.iter().try_fold(0_i128, |sum, step| step.vector.get(at).copied().flatten()?.checked_add(sum))
    };
    Totals::new((0..length).map(total).collect())
}
