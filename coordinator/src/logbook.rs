//! The coordinator's ledger: who was invited, who came in, who was turned away, what was submitted and run.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use notochord_ledger::{CosignedCheckpoint, Ledger, LedgerError, Record, Testimony, VerifierKey, kinds};
use notochord_proto::digest::Digest;
use notochord_proto::name::{RunId, SiteId};
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use tracing::error;

use crate::evidence::ResultReleased;
use crate::site_status::SiteStatus;
use crate::store::RunStatus;

/// The coordinator's ledger, open for writing.
pub struct Logbook(Mutex<Ledger>);

/// The network was made.
#[derive(Serialize)]
pub(crate) struct NetworkMade {
    pub(crate) root: Digest,
}

/// A new version of the data dictionary came into force.
#[derive(Serialize)]
pub(crate) struct DictionaryAdopted {
    pub(crate) before: Digest,
    pub(crate) root: Digest,
    pub(crate) dictionary: Digest,
    pub(crate) version: String,
}

/// Somebody was invited.
#[derive(Serialize)]
pub(crate) struct Invited {
    pub(crate) id: SiteId,
    pub(crate) label: String,
}

/// Somebody enrolled.
#[derive(Serialize)]
pub(crate) struct Enrolled {
    pub(crate) identity: String,
    pub(crate) certificate: Digest,
}

/// Somebody was turned away: with an invitation that is not valid, or with no right certificate.
#[derive(Serialize, Deserialize)]
pub(crate) struct TurnedAway {
    pub(crate) reason: String,
}

/// A member's certificate was renewed.
#[derive(Serialize)]
pub(crate) struct CertificateRenewed {
    pub(crate) identity: String,
    pub(crate) certificate: Digest,
}

/// A member's certificate was revoked.
#[derive(Serialize)]
pub(crate) struct CertificateRevoked {
    pub(crate) member: String,
    pub(crate) certificate: Digest,
}

/// Somebody stated something about a study: withdrawn, rejected, recused.
#[derive(Serialize)]
pub(crate) struct StudyStated {
    pub(crate) study: Digest,
    pub(crate) says: &'static str,
    pub(crate) by: String,
    pub(crate) reason: String,
}

/// A new root document came into force.
#[derive(Serialize)]
pub(crate) struct RootPublished {
    pub(crate) root: Digest,
    pub(crate) version: u32,
    pub(crate) signers: Vec<String>,
}

/// The ledger under the coordinator's key before ended, and this one begins.
#[derive(Serialize)]
pub(crate) struct LedgerContinued {
    pub(crate) root: Digest,
    pub(crate) version: u32,
    /// The ledger before: its origin, how many entries it ended with, and their Merkle root.
    pub(crate) before: String,
    pub(crate) entries: u64,
    pub(crate) tree: Digest,
}

/// A sealed study was handed in.
#[derive(Serialize)]
pub(crate) struct StudySubmitted {
    pub(crate) study: Digest,
    pub(crate) name: String,
    pub(crate) approvals: Vec<String>,
    /// How many are needed.
    pub(crate) needed: usize,
    /// The study that it replaces once it is endorsed.
    pub(crate) supersedes: Option<Digest>,
}

/// An endorsed study has come in another's place.
#[derive(Serialize)]
pub(crate) struct StudySuperseded {
    pub(crate) study: Digest,
    pub(crate) replacement: Digest,
    pub(crate) by: String,
}

/// A run began.
#[derive(Serialize, Deserialize)]
pub(crate) struct RunBegan {
    pub(crate) run: RunId,
    pub(crate) study: Digest,
}

/// A run ended.
#[derive(Serialize, Deserialize)]
pub(crate) struct RunEnded {
    pub(crate) run: RunId,
    pub(crate) status: RunStatus,
    pub(crate) reason: String,
    /// How each site took part.
    #[serde(default)]
    pub(crate) sites: BTreeMap<SiteId, SiteStatus>,
}

/// A run of which the ledger holds the beginning and no end.
pub(crate) struct Unended {
    pub(crate) run: RunId,
    pub(crate) study: Digest,
    /// The digest of its result, if it was written.
    pub(crate) result: Option<Digest>,
}

kinds!(
    NetworkMade = "network_made",
    DictionaryAdopted = "dictionary_adopted",
    Invited = "invited",
    Enrolled = "enrolled",
    TurnedAway = "turned_away",
    CertificateRenewed = "certificate_renewed",
    CertificateRevoked = "certificate_revoked",
    StudyStated = "study_stated",
    RootPublished = "root_published",
    LedgerContinued = "ledger_continued",
    StudySubmitted = "study_submitted",
    StudySuperseded = "study_superseded",
    RunBegan = "run_began",
    RunEnded = "run_ended",
    ResultReleased = "result_released",
);

impl Logbook {
    /// A logbook in this ledger.
    pub fn new(ledger: Ledger) -> Self {
        Self(Mutex::new(ledger))
    }

    /// Writes an entry; it is durable when this returns.
    pub(crate) fn write(&self, record: &impl Record, now: OffsetDateTime) -> Result<(), LedgerError> {
        record.write(&mut self.ledger(), now)
    }

    /// Writes down that somebody was turned away. The same reason is written once an hour: a stranger who comes
    /// again and again must not fill the ledger.
    pub(crate) fn turn_away(&self, reason: String, now: OffsetDateTime) {
        let mut ledger = self.ledger();
        let lately = ledger.entries().iter().rev().take_while(|entry| now - entry.time < Duration::HOUR);
        let known = lately
            .filter(|entry| entry.kind == TurnedAway::KIND)
            .any(|entry| entry.body::<TurnedAway>().is_ok_and(|before| before.reason == reason));
        if known {
            return;
        }
        if let Err(error) = (TurnedAway { reason }).write(&mut ledger, now) {
            error!(%error, "the ledger could not be written");
        }
    }

    /// How a run ended, and when.
    pub(crate) fn end_of(&self, run: &RunId) -> Option<(RunEnded, OffsetDateTime)> {
        let ledger = self.ledger();
        let mut ends = ledger.entries().iter().rev().filter(|entry| entry.kind == RunEnded::KIND);
        ends.find_map(|entry| {
            entry.body::<RunEnded>().ok().filter(|ended| ended.run == *run).map(|ended| (ended, entry.time))
        })
    }

    /// The runs that began and did not end, oldest first.
    pub(crate) fn unended(&self) -> Vec<Unended> {
        let ledger = self.ledger();
        let mut under_way: Vec<Unended> = Vec::new();
        for entry in ledger.entries() {
            match entry.kind.as_str() {
                RunBegan::KIND => {
                    under_way.extend(entry.body().ok().map(|RunBegan { run, study }| Unended {
                        run,
                        study,
                        result: None,
                    }))
                }
                ResultReleased::KIND => {
                    let Ok(released) = entry.body::<ResultReleased>() else { continue };
                    let of_run = under_way.iter_mut().filter(|one| one.run == released.run);
                    of_run.for_each(|one| one.result = Some(released.result));
                }
                RunEnded::KIND => {
                    let Ok(ended) = entry.body::<RunEnded>() else { continue };
                    under_way.retain(|one| one.run != ended.run);
                }
                _ => {}
            }
        }
        under_way
    }

    /// The key its checkpoints are verified with.
    pub(crate) fn verifier(&self) -> VerifierKey {
        self.ledger().verifier()
    }

    /// The newest checkpoint, how the ledger grew since these sizes, and what it holds of a run's beginning and
    /// result.
    pub(crate) fn testify(&self, since: &[u64], run: Option<&RunId>) -> Result<Testimony, LedgerError> {
        let of_run = |found: Result<RunId, serde_json::Error>| found.is_ok_and(|found| Some(&found) == run);
        self.ledger().testify(since, |entry| match entry.kind.as_str() {
            RunBegan::KIND => of_run(entry.body::<RunBegan>().map(|began| began.run)),
            ResultReleased::KIND => of_run(entry.body::<ResultReleased>().map(|released| released.run)),
            _ => false,
        })
    }

    /// Compares the ledger with what somebody remembers of it.
    pub(crate) fn confront(&self, remembered: &CosignedCheckpoint) -> Result<(), LedgerError> {
        self.ledger().confront(remembered)
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        // The ledger checks itself before each append, whatever happened to a thread that held it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
