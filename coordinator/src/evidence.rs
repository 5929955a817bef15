//! `evidence.json`: everything behind a result that lets a stranger check it without asking any node.
//!
//! With site release the coordinator has seen every answer; here they stand as the sites sealed them. Sealed
//! documents are kept as the exact text that was signed and sent.

use std::collections::BTreeMap;

use notochord_ledger::{CosignedCheckpoint, ProvenEntry, VerifierKey};
use notochord_proto::digest::Digest;
use notochord_proto::name::{RunId, SiteId};
use notochord_proto::roster::Roster;
use serde::{Deserialize, Serialize};

pub(crate) use self::gather::{Behind, seal_roster};
use crate::acceptance::SealedAcceptance;
use crate::directory::Site;

mod gather;

/// The version of the file's form.
pub const FORMAT: u32 = 2;

/// The most bytes an `evidence.json` may have.
pub const MOST_BYTES: u64 = 1 << 30;

/// `evidence.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Always [`FORMAT`].
    pub format: u32,
    /// The sealed root document that was in force.
    pub root: String,
    /// The sealed root documents before it, the oldest first: each leads to the next, and the last to the one in force.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier_roots: Vec<String>,
    /// The data dictionary's files, by name.
    pub dictionary: BTreeMap<String, String>,
    /// The sealed study with the investigator's and the approvers' signatures.
    pub study: String,
    /// The sealed roster: whose keys are whose.
    pub roster: String,
    /// How each site of the rounds accepted the study.
    pub acceptances: BTreeMap<SiteId, SealedAcceptance>,
    /// Every round, in order; at least one.
    pub rounds: Vec<RoundEvidence>,
    /// The sealed record of how the run ended.
    pub release: String,
    /// What the coordinator's ledger shows, if it could be had.
    pub coordinator: Option<LedgerEvidence>,
    /// What the sites' ledgers show, as far as it was had.
    pub sites: BTreeMap<SiteId, LedgerEvidence>,
}

/// A round and its answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoundEvidence {
    /// The sealed round.
    pub round: String,
    /// The sealed answers that were believed, by site.
    pub answers: BTreeMap<SiteId, String>,
}

/// What a ledger shows of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerEvidence {
    /// A checkpoint that covers the entries, with the cosignatures that were had.
    pub checkpoint: String,
    /// The ledger's entries about the run, each with the proof that the checkpoint covers it.
    pub entries: Vec<ProvenEntry>,
}

/// A ledger of the network as witnesses saw it.
#[derive(Debug, Clone)]
pub struct WitnessedLedger {
    /// Its key.
    pub verifier: VerifierKey,
    /// Its newest checkpoint, with the cosignatures that were had.
    pub checkpoint: CosignedCheckpoint,
    /// The entries that were asked for.
    pub entries: Vec<ProvenEntry>,
}

/// What the coordinator's ledger holds of a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultReleased {
    /// The run.
    pub run: RunId,
    /// The study.
    pub study: Digest,
    /// SHA-256 of each round's exact bytes.
    pub rounds: Vec<Digest>,
    /// SHA-256 of result.json.
    pub result: Digest,
}

impl Evidence {
    /// The file's bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut json = serde_json::to_vec_pretty(self)?;
        json.push(b'\n');
        Ok(json)
    }
}

impl From<WitnessedLedger> for LedgerEvidence {
    fn from(ledger: WitnessedLedger) -> Self {
        Self { checkpoint: ledger.checkpoint.as_str().to_owned(), entries: ledger.entries }
    }
}

/// The sites of a roster as a run knows them.
pub fn enrolled(roster: &Roster) -> impl Iterator<Item = Site> {
    roster.sites.iter().map(|site| Site {
        id: site.id.clone(),
        label: site.label.clone(),
        node: site.node,
        steward: site.steward,
        // The link is no part of the evidence: only what is signed counts.
        certificate: Digest::of(&[]),
        certificate_expires: time::OffsetDateTime::UNIX_EPOCH,
        upcoming: Vec::new(),
        revoked: None,
        dial: None,
        enrolled: time::OffsetDateTime::UNIX_EPOCH,
    })
}
