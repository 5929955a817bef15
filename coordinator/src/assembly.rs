//! The result of a run: each analysis' answer, and who took part.

use std::collections::BTreeMap;

use notochord_disclosure::{Rule, Threshold};
use notochord_proto::digest::Digest;
use notochord_proto::name::{AnalysisId, FamilyName, RunId, SiteId};
use notochord_proto::root::Root;
use notochord_proto::sealed_study::SealedStudy;
use notochord_proto::study::Study;
use notochord_stats::multiplicity::{self, AdjustedFamily};
use notochord_stats::outcome::{Outcome, Status};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;

use crate::course::{Course, Stage, Standing};
use crate::result::AnalysisTables;
use crate::round::Answered;
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
    /// What it lacks, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Where it contributed at first and was gone in a later round. What was answered before counts.
    pub dropped_out: Option<DroppedOut>,
}

impl SiteLine {
    /// What it did, for people, after its name.
    pub fn in_words(&self) -> String {
        self.detail.clone().unwrap_or_else(|| self.status.in_words().to_owned())
    }
}

/// From which round on a site gave no answer, and what it did instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DroppedOut {
    /// The first round that it did not answer, from 1.
    pub round: u32,
    /// What it did instead.
    pub status: SiteStatus,
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
    /// How many round trips it took.
    rounds: u32,
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
    /// In how many rounds it was asked.
    rounds: u32,
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
    /// SHA-256 of each site's sealed answer to the first round.
    pub answers: BTreeMap<SiteId, Digest>,
    /// The same of each later round.
    pub later_answers: Vec<BTreeMap<SiteId, Digest>>,
    /// The coordinator's software.
    pub software: String,
}

/// The smallest count that the network's rules let through in a study; a centre's own may be larger.
pub fn threshold(root: &Root, study: &Study) -> Threshold {
    let throwaway = root.throwaway_minimum.and_then(Threshold::new);
    throwaway.unwrap_or(Threshold::of(study.disclosure.profile))
}

/// Where the rounds of a run stand in a result's provenance: their digests, and those of the answers.
pub fn provenance_of(rounds: &[Answered]) -> (Vec<Digest>, Vec<BTreeMap<SiteId, Digest>>) {
    let answers = |answered: &Answered| {
        answered.answers.iter().map(|(site, answer)| (site.clone(), Digest::of(&answer.sealed))).collect()
    };
    (rounds.iter().map(|answered| answered.round.digest).collect(), rounds.iter().map(answers).collect())
}

/// Assembles the result of a course that has ended. Every analysis gets an answer or a reason. `k` is the smallest count
/// of the study's profile; a centre's own may be larger.
pub fn assemble(
    sealed: &SealedStudy,
    course: &Course,
    run: RunTimes,
    sites: Vec<SiteLine>,
    provenance: Provenance,
    k: Threshold,
) -> (ResultDocument, Vec<AnalysisTables>) {
    let mut analyses = BTreeMap::new();
    let mut tables = Vec::new();
    let ended = |stage: &Stage| match stage {
        Stage::Ended(outcome) => outcome.clone(),
        Stage::Next(_) => Outcome::refused("the run ended before its answer"),
    };
    let mut outcomes: Vec<Outcome> = course.standings().map(|(_, standing)| ended(&standing.stage)).collect();
    course.plan().finish(&mut outcomes);
    let families = multiplicity::families(&sealed.study, course.plan(), &outcomes);
    for ((analysis, standing), outcome) in course.standings().zip(outcomes) {
        let disclosure = disclosure(sealed, standing, k);
        let reasons = disclosure.rules.iter().map(|line| line.reason.clone()).collect();
        tables.push(AnalysisTables::new(analysis.id.clone(), analysis.kind, &outcome, reasons));
        let Outcome { status, reason, result, .. } = outcome;
        let (kind, rounds) = (analysis.kind, standing.rounds);
        let document = AnalysisDocument { kind, status, reason, rounds, result, disclosure };
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
    let rounds = course.rounds();
    (ResultDocument { study, run, rounds, sites, analyses, families, provenance }, tables)
}

fn disclosure(sealed: &SealedStudy, standing: &Standing, k: Threshold) -> Disclosure {
    let reason = |rule: &Rule| rule.reason(k, sealed.study.cohort.rows);
    let line = |rule: &Rule| RuleLine { rule: rule.name(), reason: reason(rule) };
    Disclosure {
        profile: sealed.study.disclosure.profile.name(),
        release: sealed.study.disclosure.release.name(),
        rules: standing.rules.iter().map(line).collect(),
        sites: standing.sites,
        withheld_by: standing.withheld_by.clone(),
    }
}
