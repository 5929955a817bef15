//! What the node writes into its ledger. No entry holds a patient's value, a row number or a count below a
//! threshold: the record of what left must not become a leak itself.

use notochord_disclosure::{Fired, Rule};
use notochord_engine::snapshot::Replaced;
use notochord_ledger::{Entry, Ledger, Record as _, kinds};
use notochord_proto::digest::Digest;
use notochord_proto::name::{AnalysisId, RunId};
use notochord_stats::step::Step;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// The most characters of a reason.
const LONGEST_REASON: usize = 1000;

/// Why something was refused. Parts of it may be the other side's words, so it is cut: an entry that is too long
/// to be written would be a refusal that nobody can read about.
#[derive(Serialize)]
#[serde(transparent)]
pub(crate) struct Reason(String);

impl Reason {
    /// The first characters of what `error` says.
    pub(crate) fn of(error: &impl std::fmt::Display) -> Self {
        Self(error.to_string().chars().take(LONGEST_REASON).collect())
    }
}

/// The node's directory was made.
#[derive(Serialize)]
pub(crate) struct Initialised {
    pub(crate) software: &'static str,
}

/// The node joined a network.
#[derive(Serialize)]
pub(crate) struct Enrolled {
    pub(crate) network: String,
    pub(crate) site: String,
    pub(crate) root: Digest,
}

/// The node was not let into a network, or turned it away.
#[derive(Serialize)]
pub(crate) struct EnrolmentRefused {
    pub(crate) network: String,
    pub(crate) site: String,
    pub(crate) reason: Reason,
}

/// Somebody answered in the coordinator's place who could not prove to be it.
#[derive(Serialize, Deserialize)]
pub(crate) struct LinkRefused {
    pub(crate) reason: String,
}

/// Data were imported.
#[derive(Serialize)]
pub(crate) struct Imported {
    pub(crate) snapshot: Digest,
    pub(crate) dictionary: Digest,
}

/// A patient withdrew. Nothing here says who.
#[derive(Serialize)]
pub(crate) struct PatientErased {
    pub(crate) replaced: Vec<Replaced>,
}

/// The snapshots were encrypted with a key, or are stored plain again.
#[derive(Serialize)]
pub(crate) struct SnapshotsSealed {
    pub(crate) key: Option<String>,
    pub(crate) snapshots: u64,
}

/// A snapshot was written again under a new version of the dictionary.
#[derive(Serialize)]
pub(crate) struct SnapshotMigrated {
    pub(crate) from: Digest,
    pub(crate) to: Digest,
    pub(crate) dictionary: Digest,
}

/// A new version of the data dictionary is in force.
#[derive(Serialize)]
pub(crate) struct DictionaryUpdated {
    pub(crate) root: Digest,
    pub(crate) dictionary: Digest,
    pub(crate) version: String,
}

/// A sealed study arrived and is in order.
#[derive(Serialize)]
pub(crate) struct StudyReceived {
    pub(crate) study: Digest,
    pub(crate) name: String,
}

/// A study arrived that may not run here.
#[derive(Serialize)]
pub(crate) struct StudyTurnedAway {
    pub(crate) study: Option<Digest>,
    pub(crate) reason: Reason,
}

/// The data steward accepted a study.
#[derive(Serialize, Deserialize)]
pub(crate) struct StudyAccepted {
    pub(crate) study: Digest,
    pub(crate) name: String,
    pub(crate) snapshot: Digest,
}

/// A standing rule of the data steward accepted a study.
#[derive(Serialize, Deserialize)]
pub(crate) struct StudyAcceptedByRule {
    pub(crate) study: Digest,
    pub(crate) rule: Digest,
    pub(crate) name: String,
    pub(crate) snapshot: Digest,
}

/// A study was withdrawn; it is answered no more, whatever is said later.
#[derive(Serialize, Deserialize)]
pub(crate) struct StudyWithdrawn {
    pub(crate) study: Digest,
    pub(crate) by: String,
}

/// Another study has come in a study's place; it is answered no more, whatever is said later.
#[derive(Serialize, Deserialize)]
pub(crate) struct StudySuperseded {
    pub(crate) study: Digest,
    pub(crate) replacement: Digest,
    pub(crate) by: String,
}

/// An approver takes no part in deciding on a study.
#[derive(Serialize, Deserialize)]
pub(crate) struct ApproverRecused {
    pub(crate) study: Digest,
    pub(crate) approver: String,
}

/// The data steward made a standing rule, or ended one.
#[derive(Serialize, Deserialize)]
pub(crate) struct StandingRuleChanged {
    pub(crate) rule: Digest,
    pub(crate) name: String,
    pub(crate) change: String,
}

impl StandingRuleChanged {
    /// What happened to a rule that counts.
    pub(crate) const MADE: &str = "made";
    /// What happened to a rule that counts no more.
    pub(crate) const ENDED: &str = "ended";
}

/// A new root document came into force here.
#[derive(Serialize, Deserialize)]
pub(crate) struct RootAdopted {
    pub(crate) root: Digest,
    pub(crate) version: u32,
}

/// A new status list was heard.
#[derive(Serialize, Deserialize)]
pub(crate) struct StatusHeard {
    pub(crate) version: u64,
}

/// Root documents or a status list were refused.
#[derive(Serialize, Deserialize)]
pub(crate) struct NewsRefused {
    pub(crate) reason: String,
}

/// This node's certificate was renewed.
#[derive(Serialize)]
pub(crate) struct CertificateRenewed {
    pub(crate) certificate: Digest,
}

/// The data steward refused a study.
#[derive(Serialize, Deserialize)]
pub(crate) struct StudyRefused {
    pub(crate) study: Digest,
    pub(crate) name: String,
    pub(crate) reason: String,
}

/// A round is about to be answered. Durable before anything is computed.
#[derive(Serialize, Deserialize)]
pub(crate) struct Intent {
    pub(crate) round: Digest,
    pub(crate) run: RunId,
    pub(crate) study: Digest,
    pub(crate) snapshot: Digest,
    pub(crate) steps: Vec<IntendedStep>,
}

/// A step that is about to be answered.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(from = "StepAsWritten")]
pub(crate) struct IntendedStep {
    pub(crate) analysis: AnalysisId,
    pub(crate) iteration: u32,
    /// SHA-256 of the parameters; none with a first iteration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) state: Option<Digest>,
}

/// Earlier versions wrote the name alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum StepAsWritten {
    Name(AnalysisId),
    Step { analysis: AnalysisId, iteration: u32, state: Option<Digest> },
}

impl From<StepAsWritten> for IntendedStep {
    fn from(written: StepAsWritten) -> Self {
        match written {
            StepAsWritten::Name(analysis) => Self { analysis, iteration: 0, state: None },
            StepAsWritten::Step { analysis, iteration, state } => Self { analysis, iteration, state },
        }
    }
}

impl IntendedStep {
    pub(crate) fn of(step: &Step) -> Self {
        let (analysis, iteration) = (step.analysis.clone(), step.question.iteration());
        Self { analysis, iteration, state: state_of(step) }
    }

    pub(crate) fn is(&self, analysis: &AnalysisId, iteration: u32) -> bool {
        self.analysis == *analysis && self.iteration == iteration
    }
}

/// SHA-256 of the parameters a step is asked with.
pub(crate) fn state_of(step: &Step) -> Option<Digest> {
    (step.question.iteration() > 0).then(|| Digest::of(step.question.bytes()))
}

/// An answer is about to leave. Durable before it does; at most one per idempotency key.
#[derive(Serialize, Deserialize)]
pub(crate) struct Released {
    pub(crate) round: Digest,
    pub(crate) idempotency_key: String,
    pub(crate) answer: Digest,
    pub(crate) steps: Vec<ReleasedStep>,
}

/// A step of an answer.
#[derive(Serialize, Deserialize)]
pub(crate) struct ReleasedStep {
    pub(crate) analysis: AnalysisId,
    #[serde(default)]
    pub(crate) iteration: u32,
    /// Whether the rules withheld all of it.
    pub(crate) withheld_whole: bool,
    pub(crate) rules: Vec<RuleCount>,
}

/// A rule that acted on a step, and how many numbers it held back.
#[derive(Serialize, Deserialize)]
pub(crate) struct RuleCount {
    pub(crate) rule: Rule,
    pub(crate) withheld: usize,
}

impl RuleCount {
    /// What fired, a line per rule: a model can fire on thousands of sums.
    pub(crate) fn folded(fired: &[Fired]) -> Vec<Self> {
        let withheld =
            |rule| fired.iter().filter(|one| one.rule == rule).map(|one| one.withheld).reduce(|a, b| a + b);
        let counted = Rule::ALL.into_iter().filter_map(|rule| Some(Self { rule, withheld: withheld(rule)? }));
        counted.collect()
    }
}

/// A round was refused; the other side learns only that.
#[derive(Serialize)]
pub(crate) struct RoundRefused {
    pub(crate) round: Option<Digest>,
    pub(crate) reason: Reason,
}

/// A record of how a run ended was refused.
#[derive(Serialize)]
pub(crate) struct RecordRefused {
    pub(crate) reason: Reason,
}

/// The coordinator's record of how a run ended.
#[derive(Serialize, Deserialize)]
pub(crate) struct RunClosed {
    pub(crate) run: RunId,
    pub(crate) study: Digest,
    pub(crate) result: Option<Digest>,
    pub(crate) rounds: Vec<Digest>,
}

/// This node, as a witness, did not cosign another ledger's checkpoint.
#[derive(Serialize, Deserialize)]
pub(crate) struct WitnessRefused {
    pub(crate) origin: String,
    pub(crate) reason: String,
}

kinds!(
    Initialised = "initialised",
    Enrolled = "enrolled",
    EnrolmentRefused = "enrolment_refused",
    LinkRefused = "link_refused",
    Imported = "snapshot_imported",
    PatientErased = "patient_erased",
    SnapshotsSealed = "snapshots_sealed",
    SnapshotMigrated = "snapshot_migrated",
    DictionaryUpdated = "dictionary_updated",
    StudyReceived = "study_received",
    StudyTurnedAway = "study_turned_away",
    StudyAccepted = "study_accepted",
    StudyAcceptedByRule = "study_accepted_by_rule",
    StudyWithdrawn = "study_withdrawn",
    StudySuperseded = "study_superseded",
    ApproverRecused = "approver_recused",
    StandingRuleChanged = "standing_rule_changed",
    RootAdopted = "root_adopted",
    StatusHeard = "status_heard",
    NewsRefused = "news_refused",
    CertificateRenewed = "certificate_renewed",
    StudyRefused = "study_refused",
    Intent = "intent",
    Released = "released",
    RoundRefused = "round_refused",
    RecordRefused = "record_refused",
    RunClosed = "run_closed",
    WitnessRefused = "witness_refused",
);

/// Whether the ledger holds the release of this round under this idempotency key: what was answered once may be
/// said again, but is not released again.
pub(crate) fn released(ledger: &Ledger, round: Digest) -> Option<Released> {
    of_kind(ledger, Released::KIND)
        .find_map(|entry| entry.body::<Released>().ok().filter(|released| released.round == round))
}

/// Every intent to answer a round about a study.
pub(crate) fn intents(ledger: &Ledger, study: &Digest) -> Vec<Intent> {
    let intents = of_kind(ledger, Intent::KIND).filter_map(|entry| entry.body::<Intent>().ok());
    intents.filter(|intent| intent.study == *study).collect()
}

/// Whether an idempotency key was used for an answer already, and for which round.
pub(crate) fn round_of_key(ledger: &Ledger, idempotency_key: &str) -> Option<Digest> {
    of_kind(ledger, Released::KIND)
        .filter_map(|entry| entry.body::<Released>().ok())
        .find_map(|released| (released.idempotency_key == idempotency_key).then_some(released.round))
}

/// Whether the coordinator has closed this run.
pub(crate) fn is_closed(ledger: &Ledger, run: &RunId) -> bool {
    of_kind(ledger, RunClosed::KIND)
        .any(|entry| entry.body::<RunClosed>().is_ok_and(|closed| closed.run == *run))
}

/// Whether a study was withdrawn.
pub(crate) fn is_withdrawn(ledger: &Ledger, study: Digest) -> bool {
    of_kind(ledger, StudyWithdrawn::KIND)
        .any(|entry| entry.body::<StudyWithdrawn>().is_ok_and(|withdrawn| withdrawn.study == study))
}

/// When news were last refused for this reason.
pub(crate) fn last_news_refused(ledger: &Ledger, reason: &str) -> Option<OffsetDateTime> {
    of_kind(ledger, NewsRefused::KIND)
        .find(|entry| entry.body::<NewsRefused>().is_ok_and(|refused| refused.reason == reason))
        .map(|entry| entry.time)
}

/// When somebody was last turned away for this reason.
pub(crate) fn last_turned_away(ledger: &Ledger, reason: &str) -> Option<OffsetDateTime> {
    of_kind(ledger, LinkRefused::KIND)
        .find(|entry| entry.body::<LinkRefused>().is_ok_and(|refused| refused.reason == reason))
        .map(|entry| entry.time)
}

/// When this node last refused to cosign for this ledger and reason.
pub(crate) fn last_unwitnessed(ledger: &Ledger, refused: &WitnessRefused) -> Option<OffsetDateTime> {
    let same = |body: WitnessRefused| body.origin == refused.origin && body.reason == refused.reason;
    of_kind(ledger, WitnessRefused::KIND).find(|entry| entry.body().is_ok_and(same)).map(|entry| entry.time)
}

/// Whether an entry says of a run what the coordinator knows already: that this node was asked, and how it ended.
/// What was released is not among it: which rule withheld a whole step stays at the centre.
pub(crate) fn is_known_of(entry: &Entry, run: &RunId) -> bool {
    match entry.kind.as_str() {
        Intent::KIND => entry.body::<Intent>().is_ok_and(|intent| intent.run == *run),
        RunClosed::KIND => entry.body::<RunClosed>().is_ok_and(|closed| closed.run == *run),
        _ => false,
    }
}

fn of_kind<'a>(ledger: &'a Ledger, kind: &'static str) -> impl Iterator<Item = &'a Entry> {
    ledger.entries().iter().rev().filter(move |entry| entry.kind == kind)
}
