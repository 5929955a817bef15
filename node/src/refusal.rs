//! Why a node does not answer. The other side learns only that it does not.

use notochord_disclosure::DisclosureError;
use notochord_engine::frame::FrameError;
use notochord_engine::snapshot::SnapshotError;
use notochord_ledger::LedgerError;
use notochord_proto::capability::Lack;
use notochord_proto::digest::Digest;
use notochord_proto::envelope::EnvelopeError;
use notochord_proto::name::{AnalysisId, SiteId};
use notochord_proto::sealed_study::SealedStudyError;
use notochord_proto::trust::OutOfForce;
use notochord_stats::contribution::{ContributeError, ContributionFault};
use notochord_stats::plan::LayoutError;

use crate::decision::DecisionError;
use crate::home::HomeError;
use crate::later_round::LaterRoundError;
use crate::policy::Forbidden;
use crate::standing_rule::StandingRulesError;
use crate::store::StoreError;

/// Why nothing is answered. It is written into the ledger and told to nobody.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The bytes are no order for this site.
    #[error("{0}")]
    Order(String),
    /// The seal of a record.
    #[error("the release record's seal: {0}")]
    Envelope(#[from] EnvelopeError),
    /// A key that was used before.
    #[error("the idempotency key was used for another round")]
    KeyReused,
    /// A round of a run that is over.
    #[error("the run `{0}` is closed; the round is a replay")]
    Replayed(String),
    /// A later round that does not follow.
    #[error(transparent)]
    LaterRound(#[from] LaterRoundError),
    /// No such study here.
    #[error("no sealed study {} has arrived here", .0.short())]
    UnknownStudy(Digest),
    /// The study's seal.
    #[error(transparent)]
    Study(#[from] SealedStudyError),
    /// The study does not fit the dictionary.
    #[error("the study does not fit the dictionary: {0}")]
    Plan(String),
    /// A study of another release.
    #[error("the study {0}")]
    Lacking(Lack),
    /// The root document or the status list.
    #[error("nothing is answered: {0}")]
    OutOfForce(#[from] OutOfForce),
    /// Files that were put back.
    #[error(
        "nothing is answered: {what} {held} lies here, and the ledger says that {known} was heard already: an older copy \
         was put back; this site must reach the coordinator"
    )]
    PutBack {
        /// Which document.
        what: &'static str,
        /// The version that lies here.
        held: u64,
        /// The newest version that was heard.
        known: u64,
    },
    /// Somebody who was revoked.
    #[error("the roster seats `{0}`, whose certificate was revoked")]
    Revoked(SiteId),
    /// Stopped.
    #[error("the study was withdrawn")]
    Withdrawn,
    /// Replaced.
    #[error("`{0}` has come in the study's place")]
    Superseded(String),
    /// The steward's standing rules.
    #[error(transparent)]
    StandingRule(#[from] StandingRulesError),
    /// The steward has not accepted it.
    #[error("the data steward has not accepted the study")]
    NotAccepted,
    /// Accepted for other data.
    #[error("the study was accepted for snapshot {}, the round names {}", accepted.short(), asked.short())]
    OtherSnapshot {
        /// The snapshot of the acceptance.
        accepted: Digest,
        /// The snapshot of the round.
        asked: Digest,
    },
    /// Too few sites.
    #[error("the roster has {found} sites; at least {needed} must take part")]
    TooFewSites {
        /// Seats.
        found: usize,
        /// The minimum.
        needed: u32,
    },
    /// Somebody the study does not name.
    #[error("the roster seats `{0}`, which the study does not name")]
    Stranger(SiteId),
    /// A step the study does not name.
    #[error("the study has no analysis `{0}`")]
    UnknownStep(AnalysisId),
    /// The policy.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// A sum over what the study defines.
    #[error(
        "{analysis} adds up `{term}`, which the study defines; that could single out a patient, so only the \
         dictionary's own variables (and yes/no ones) are added up here"
    )]
    DefinedSum {
        /// The analysis.
        analysis: AnalysisId,
        /// The term, as the study writes it.
        term: String,
    },
    /// The decision.
    #[error(transparent)]
    Decision(#[from] DecisionError),
    /// The directory.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The index.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The snapshot.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// The frame.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// A statistic.
    #[error("{analysis}: {source}")]
    Contribute {
        /// Which analysis.
        analysis: AnalysisId,
        /// Why.
        source: ContributeError,
    },
    /// A question that has no answer here.
    #[error("{analysis}: {source}")]
    Layout {
        /// Which analysis.
        analysis: AnalysisId,
        /// Why.
        source: LayoutError,
    },
    /// A vector that is none.
    #[error("{analysis}: {source}")]
    Contribution {
        /// Which analysis.
        analysis: AnalysisId,
        /// Why.
        source: ContributionFault,
    },
    /// The rules.
    #[error(transparent)]
    Disclosure(#[from] DisclosureError),
    /// What was computed again is not what was released.
    #[error("the answer computed again is not the one that was released")]
    Unrepeatable,
}
