//! Checking a result without asking anybody: every signature, digest, threshold, proof and cosignature behind it, and
//! that it is the one which the sites' answers give.

mod documents;
mod ledgers;
mod report;
mod result;
mod rounds;

use std::collections::BTreeMap;
use std::sync::Arc;

use notochord_proto::digest::Digest;
use notochord_proto::envelope::Envelope;
use notochord_proto::root::Root;
use notochord_proto::sealed_study::SealedStudy;
use notochord_proto::wire;
use notochord_stats::plan::Plan;

pub use self::report::{Check, Found, Report};
use self::result::ReleasedResult;
use crate::directory::Site;
use crate::evidence::Evidence;
use crate::round::Seat;

/// What is checked.
pub struct Exhibit {
    /// The files of the result's directory, by name.
    pub files: BTreeMap<String, Vec<u8>>,
}

/// What the person who checks knows from elsewhere.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The digest of the network's root document, as an invitation carries it.
    pub root: Option<Digest>,
    /// How many witnesses each checkpoint must have at least.
    pub witnesses: usize,
}

/// Everything that the later checks build upon; each part was verified on its own.
struct Case<'a> {
    known: &'a Known,
    files: &'a BTreeMap<String, Vec<u8>>,
    evidence: Evidence,
    result: ReleasedResult,
    root: Root,
    root_digest: Digest,
    study: SealedStudy,
    plan: Arc<Plan>,
    /// Every enrolled site of the roster.
    sites: Vec<Site>,
    /// SHA-256 of the roster's exact bytes.
    keys: Digest,
    /// The sites of every round, as the first one seats them.
    seated: Vec<wire::Seat>,
    /// The same sites as they are known.
    seats: Vec<Seat>,
    /// SHA-256 of each round's exact bytes.
    rounds: Vec<Digest>,
}

/// Checks a result. It ends early only where nothing more can be checked.
pub fn verify(exhibit: &Exhibit, known: &Known) -> Report {
    let mut report = Report::default();
    if let Some(case) = documents::open(&exhibit.files, known, &mut report) {
        documents::acceptances(&case, &mut report);
        let gone = rounds::follow(&case, &mut report);
        documents::release(&case, &mut report);
        result::recompute(&case, gone, &mut report);
        ledgers::check(&case, &mut report);
    }
    report
}

fn envelope(text: &str) -> Result<Envelope, notochord_proto::envelope::EnvelopeError> {
    Envelope::from_json(text.as_bytes())
}
