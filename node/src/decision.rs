//! What the centre's data steward decided about each study.

use notochord_engine::snapshot::SnapshotError;
use notochord_program::failure::Failure;
use notochord_proto::acceptance::{ACCEPTANCE_TYPE, Acceptance};
use notochord_proto::digest::Digest;
use notochord_proto::envelope::Envelope;
use notochord_proto::name::SiteId;
use notochord_proto::role::Role;
use notochord_proto::root::{Root, STUDY_TYPE};
use notochord_proto::sealed_study::SealedStudy;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::home::{Home, HomeError};

/// A decision, as its file holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Accepted.
    Accepted(Box<Accepted>),
    /// None yet.
    Pending,
    /// Refused.
    Refused {
        /// In the steward's words; stays at the centre.
        reason: String,
    },
}

/// An acceptance whose seals hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The snapshot the study may be answered from.
    pub snapshot: Digest,
    /// The sealed acceptance.
    pub acceptance: Envelope,
    /// The sealed study with the centre's countersignature.
    pub countersigned: Envelope,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "decision", deny_unknown_fields)]
enum DecisionJson {
    Accepted { acceptance: String, countersigned: String },
    Refused { reason: String },
}

/// Why a decision cannot be made or read.
#[derive(Debug, thiserror::Error)]
pub enum DecisionError {
    /// The directory.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The snapshots.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// No snapshot.
    #[error("there is no snapshot to answer from; run `notochord-node import FILE` first")]
    NoSnapshot,
    /// A snapshot that does not fit.
    #[error("there is no snapshot {0}; `notochord-node status` lists them")]
    UnknownSnapshot(String),
    /// Imported against another dictionary.
    #[error("snapshot {} was imported against another dictionary; import the data again", .0.short())]
    OtherDictionary(Digest),
    /// A file that is not a decision of this centre.
    #[error("decisions/{}.json is not a decision of this centre: {reason}", study.hex())]
    Damaged {
        /// Of which study.
        study: Digest,
        /// Why.
        reason: String,
    },
}

impl From<DecisionError> for Failure {
    fn from(error: DecisionError) -> Self {
        match error {
            DecisionError::Home(error) => error.into(),
            DecisionError::NoSnapshot
            | DecisionError::UnknownSnapshot(_)
            | DecisionError::OtherDictionary(_) => Self::usage(error),
            DecisionError::Snapshot(_) | DecisionError::Damaged { .. } => Self::failed(error),
        }
    }
}

/// What the centre has decided about a study. The steward's seals are verified each time.
pub fn of(home: &Home, study: Digest) -> Result<Decision, DecisionError> {
    let damaged = |reason: String| DecisionError::Damaged { study, reason };
    let Some(bytes) = home.read(&file_name(study))? else { return Ok(Decision::Pending) };
    let json: DecisionJson = serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
    let (acceptance, countersigned) = match json {
        DecisionJson::Refused { reason } => return Ok(Decision::Refused { reason }),
        DecisionJson::Accepted { acceptance, countersigned } => (acceptance, countersigned),
    };
    let envelope =
        |text: &str| Envelope::from_json(text.as_bytes()).map_err(|error| damaged(error.to_string()));
    let (acceptance, countersigned) = (envelope(&acceptance)?, envelope(&countersigned)?);
    let steward = Role::of_one("data steward", home.steward_key()?.public());
    let accepted = Acceptance::open(&acceptance, &steward).map_err(|error| damaged(error.to_string()))?;
    countersigned.verify(STUDY_TYPE, &steward).map_err(|error| damaged(error.to_string()))?;
    if accepted.study != study || countersigned.payload_digest() != study {
        return Err(damaged("it is about another study".into()));
    }
    Ok(Decision::Accepted(Box::new(Accepted { snapshot: accepted.snapshot, acceptance, countersigned })))
}

/// The snapshot that a person names (the first digits of its hash), or the newest.
pub fn choose_snapshot(home: &Home, named: Option<&str>) -> Result<Digest, DecisionError> {
    let snapshots = home.snapshots()?.list()?;
    let chosen = match named {
        None => snapshots.first().ok_or(DecisionError::NoSnapshot)?,
        Some(digits) => {
            let digits = digits.strip_prefix("sha256:").unwrap_or(digits);
            let mut matching = snapshots.iter().filter(|one| one.content.hex().starts_with(digits));
            match (matching.next(), matching.next()) {
                (Some(one), None) => one,
                _ => return Err(DecisionError::UnknownSnapshot(digits.to_owned())),
            }
        }
    };
    if chosen.layout.dictionary != home.membership()?.root.dictionary {
        return Err(DecisionError::OtherDictionary(chosen.content));
    }
    Ok(chosen.content)
}

/// Accepts a study for a snapshot: a countersignature over the study's bytes, and a statement that binds both.
pub fn accept(
    home: &Home,
    root: &Root,
    site: &SiteId,
    study: &SealedStudy,
    snapshot: Digest,
    now: OffsetDateTime,
) -> Result<(), DecisionError> {
    let key = home.steward_key()?;
    let statement = Acceptance {
        network: root.network.clone(),
        site: site.clone(),
        study: study.digest,
        snapshot,
        accepted_at: now,
    };
    let acceptance = Envelope::seal(ACCEPTANCE_TYPE, statement.to_bytes(), &key);
    let mut countersigned = study.envelope.clone();
    countersigned.sign(&key);
    let json =
        DecisionJson::Accepted { acceptance: acceptance.to_json(), countersigned: countersigned.to_json() };
    write(home, study.digest, &json)
}

/// Refuses a study, also one that was accepted before.
pub fn refuse(home: &Home, study: Digest, reason: &str) -> Result<(), DecisionError> {
    write(home, study, &DecisionJson::Refused { reason: reason.to_owned() })
}

fn write(home: &Home, study: Digest, json: &DecisionJson) -> Result<(), DecisionError> {
    let text = serde_json::to_vec(json)
        .map_err(|error| DecisionError::Damaged { study, reason: error.to_string() })?;
    Ok(home.write(&file_name(study), &text)?)
}

fn file_name(study: Digest) -> String {
    format!("decisions/{}.json", study.hex())
}
