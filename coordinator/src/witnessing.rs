//! The relay between ledgers and their witnesses. The coordinator carries what one site signs to the others; it can
//! keep a message back, but change none.
//!
//! Every connected site is a witness of every other site's ledger and of the coordinator's. What witnesses remember
//! of a ledger is shown to it when it connects, before a run and at each release: an older copy that was put back
//! locks itself before it is asked anything.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use notochord_ledger::{
    ConsistencyProof, CosignedCheckpoint, LedgerError, Offer, Origin, Testimony, VerifierKey,
};
use notochord_proto::name::{RunId, SiteId};
use notochord_proto::wire;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::{debug, error, warn};

use crate::directory;
use crate::evidence::WitnessedLedger;
use crate::hub::Node;
use crate::office::Office;

/// How long sites may take for one step; who takes longer is left out of the next ones.
const STEP: Duration = Duration::from_secs(2);
/// How often ledgers are cosigned where nothing is released.
const DAY: Duration = Duration::from_secs(24 * 3600);

/// A connected site, as a witness and as the owner of a ledger.
#[derive(Clone)]
struct Party {
    site: SiteId,
    node: Node,
    ledger: VerifierKey,
}

/// What each witness cosigned last of each ledger: by ledger, then by witness.
type Memories = BTreeMap<String, BTreeMap<String, CosignedCheckpoint>>;

/// The ledgers of a network after their witnesses saw them.
#[derive(Default)]
pub(crate) struct Witnessed {
    /// The coordinator's own.
    pub(crate) coordinator: Option<WitnessedLedger>,
    /// Those of the connected sites.
    pub(crate) sites: BTreeMap<SiteId, WitnessedLedger>,
}

/// The key of a site's ledger.
pub(crate) fn ledger_of(site: &directory::Site) -> VerifierKey {
    VerifierKey::new(Origin::of_node(&site.node), *site.node.verifying_key())
}

/// Has every ledger cosigned once a day.
pub(crate) async fn daily(office: Arc<Office>) {
    let mut days = tokio::time::interval_at(tokio::time::Instant::now() + DAY, DAY);
    loop {
        days.tick().await;
        cosign_all(&office, None).await;
    }
}

/// Shows a site that has just connected what the others remember of its ledger.
pub(crate) async fn remind(office: &Office, site: &SiteId) {
    let parties = parties(office);
    let Some(party) = parties.iter().find(|party| party.site == *site).cloned() else { return };
    let (_, memories) = recall(office, parties, std::slice::from_ref(&party.ledger)).await;
    show(vec![party], &memories).await;
}

/// Shows every connected site, and the coordinator's own ledger, what the others remember of it.
pub(crate) async fn remind_all(office: &Office) {
    let parties = parties(office);
    let (parties, memories) = recall(office, parties.clone(), &ledgers(office, &parties)).await;
    confront_own(office, &memories);
    show(parties, &memories).await;
}

/// Has the ledgers of all connected sites and the coordinator's cosigned by one another. The entries about a run
/// come with the proofs that the new checkpoints cover them.
pub(crate) async fn cosign_all(office: &Office, run: Option<&RunId>) -> Witnessed {
    // Two at a time would offer a witness an older checkpoint after a newer one.
    let _alone = office.witnessing.lock().await;
    let parties = parties(office);
    let own = office.logbook.verifier();
    let (parties, memories) = recall(office, parties.clone(), &ledgers(office, &parties)).await;
    confront_own(office, &memories);
    let parties = show(parties, &memories).await;
    let mut testimonies = testify(parties.clone(), &memories, run).await;
    match office.logbook.testify(&sizes(&memories, &own), run) {
        Ok(testimony) => testimonies.extend(read(own.clone(), testimony)),
        Err(error) => error!(%error, "the coordinator's ledger shows nothing of itself"),
    }
    cosign(&parties, &memories, &mut testimonies).await;
    keep(office, &testimonies);
    let cosigned = testimonies.iter().map(|one| {
        let memory = BTreeMap::from([(own.origin().as_str().to_owned(), one.checkpoint.clone())]);
        (one.verifier.origin().as_str().to_owned(), memory)
    });
    let cosigned = cosigned.collect();
    confront_own(office, &cosigned);
    show(parties.clone(), &cosigned).await;
    let mut witnessed = Witnessed::default();
    for Shown { verifier, checkpoint, entries, .. } in testimonies {
        let party = parties.iter().find(|party| party.ledger == verifier);
        let ledger = WitnessedLedger { verifier, checkpoint, entries };
        match party {
            Some(party) => drop(witnessed.sites.insert(party.site.clone(), ledger)),
            None => witnessed.coordinator = Some(ledger),
        }
    }
    witnessed
}

/// A ledger as it shows itself.
struct Shown {
    verifier: VerifierKey,
    checkpoint: CosignedCheckpoint,
    since: Vec<(u64, ConsistencyProof)>,
    entries: Vec<notochord_ledger::ProvenEntry>,
}

fn parties(office: &Office) -> Vec<Party> {
    let sites = directory::sites(&office.home).unwrap_or_else(|error| {
        warn!(%error, "the enrolment log cannot be read");
        Vec::new()
    });
    let connected = sites.into_iter().filter_map(|site| {
        let (node, ledger) = (office.hub.node(&site.id)?, ledger_of(&site));
        Some(Party { site: site.id, node, ledger })
    });
    connected.collect()
}

fn ledgers(office: &Office, parties: &[Party]) -> Vec<VerifierKey> {
    parties.iter().map(|party| party.ledger.clone()).chain([office.logbook.verifier()]).collect()
}

/// Asks parties side by side; those that do not answer in time are left out.
async fn each<T, F>(parties: Vec<Party>, step: &'static str, ask: impl Fn(Party) -> F) -> Vec<(Party, T)>
where
    T: Send + 'static,
    F: Future<Output = Result<T, tonic::Status>> + Send + 'static,
{
    let mut asked = JoinSet::new();
    for party in parties {
        let answer = ask(party.clone());
        asked.spawn(async move { (party, timeout(STEP, answer).await) });
    }
    let mut answered = Vec::new();
    for (party, answer) in asked.join_all().await {
        match answer {
            Ok(Ok(answer)) => answered.push((party, answer)),
            Ok(Err(status)) => debug!(site = %party.site, step, code = ?status.code(), "not witnessed"),
            Err(_) => debug!(site = %party.site, step, "not witnessed: too slow"),
        }
    }
    answered.sort_by(|one, other| one.0.site.cmp(&other.0.site));
    answered
}

/// What the parties, and the coordinator itself, remember of these ledgers; and the parties that answered.
async fn recall(office: &Office, parties: Vec<Party>, ledgers: &[VerifierKey]) -> (Vec<Party>, Memories) {
    let mut memories = Memories::new();
    let mut remember = |witness: &str, note: &[u8]| {
        let opened = ledgers.iter().find_map(|key| Some((key, CosignedCheckpoint::open(note, key).ok()?)));
        if let Some((key, checkpoint)) = opened {
            let of = memories.entry(key.origin().as_str().to_owned()).or_default();
            of.insert(witness.to_owned(), checkpoint);
        }
    };
    for key in ledgers {
        if let Ok(note) = office.home.read(&kept_file(key)) {
            remember(office.logbook.verifier().origin().as_str(), &note);
        }
    }
    let origins: Vec<String> = ledgers.iter().map(|key| key.origin().as_str().to_owned()).collect();
    let answered = each(parties, "recall", |party| {
        let (mut node, origins) = (party.node, origins.clone());
        async move { node.recall(wire::RecallRequest { origins }).await }
    });
    let mut present = Vec::new();
    for (party, reply) in answered.await {
        for note in reply.into_inner().checkpoints.iter().take(ledgers.len()) {
            remember(party.ledger.origin().as_str(), note);
        }
        present.push(party);
    }
    (present, memories)
}

/// Shows each party what is remembered of its own ledger; gives those that took it.
async fn show(parties: Vec<Party>, memories: &Memories) -> Vec<Party> {
    let shown = each(parties, "remind", |party| {
        let mut notes: Vec<&str> = remembered(memories, &party.ledger).map(|(_, one)| one.as_str()).collect();
        notes.sort_unstable();
        notes.dedup();
        let checkpoints = notes.into_iter().map(|note| note.as_bytes().to_vec()).collect();
        let mut node = party.node;
        async move { node.remind(wire::RemindRequest { checkpoints }).await }
    });
    shown.await.into_iter().map(|(party, _)| party).collect()
}

fn remembered<'a>(
    memories: &'a Memories,
    ledger: &VerifierKey,
) -> impl Iterator<Item = (&'a String, &'a CosignedCheckpoint)> {
    memories.get(ledger.origin().as_str()).into_iter().flatten()
}

fn sizes(memories: &Memories, ledger: &VerifierKey) -> Vec<u64> {
    let mut sizes: Vec<u64> = remembered(memories, ledger).map(|(_, one)| one.checkpoint().size).collect();
    sizes.sort_unstable();
    sizes.dedup();
    sizes
}

/// Compares the coordinator's own ledger with what others remember of it; one that was put back locks itself.
fn confront_own(office: &Office, memories: &Memories) {
    for (_, checkpoint) in remembered(memories, &office.logbook.verifier()) {
        match office.logbook.confront(checkpoint) {
            Ok(()) => {}
            Err(LedgerError::Locked(reason)) => {
                return error!(%reason, "the coordinator's ledger is locked: nothing is run any more");
            }
            Err(error) => error!(%error, "the coordinator's ledger could not be compared"),
        }
    }
}

async fn testify(parties: Vec<Party>, memories: &Memories, run: Option<&RunId>) -> Vec<Shown> {
    let run = run.map(ToString::to_string).unwrap_or_default();
    let answered = each(parties, "testify", |party| {
        let (since, run) = (sizes(memories, &party.ledger), run.clone());
        let mut node = party.node;
        async move { node.testify(wire::TestifyRequest { since, run }).await }
    });
    let testimonies = answered.await.into_iter().filter_map(|(party, reply)| {
        let shown = Testimony::try_from(reply.into_inner()).ok().and_then(|one| read(party.ledger, one));
        if shown.is_none() {
            warn!(site = %party.site, "a site shows no checkpoint of its ledger: the ledger may be locked");
        }
        shown
    });
    testimonies.collect()
}

fn read(verifier: VerifierKey, testimony: Testimony) -> Option<Shown> {
    let Testimony { checkpoint, since, entries } = testimony;
    let checkpoint = CosignedCheckpoint::open(checkpoint.as_bytes(), &verifier).ok()?;
    Some(Shown { verifier, checkpoint, since, entries })
}

/// Asks every party to cosign the ledgers of all others, and adds the cosignatures that hold.
async fn cosign(witnesses: &[Party], memories: &Memories, ledgers: &mut [Shown]) {
    let offers_to = |witness: &Party| {
        let offered = ledgers.iter().enumerate().filter(|(_, shown)| shown.verifier != witness.ledger);
        offered.map(|(place, shown)| (place, offer(shown, witness, memories))).unzip()
    };
    type Offered = (Vec<usize>, Vec<wire::CheckpointOffer>);
    let asked = each(witnesses.to_vec(), "cosign", |witness| {
        let (places, offers): Offered = offers_to(&witness);
        let mut node = witness.node;
        async move { Ok((places, node.cosign(wire::CosignRequest { offers }).await?)) }
    });
    let answered = asked.await;
    for (witness, (places, reply)) in answered {
        for (place, line) in places.into_iter().zip(reply.into_inner().cosignatures) {
            let shown = &mut ledgers[place];
            let added = match String::from_utf8(line) {
                Ok(line) if !line.is_empty() => shown.checkpoint.add(&line, &witness.ledger).is_ok(),
                _ => false,
            };
            if !added {
                let ledger = shown.verifier.origin().as_str();
                warn!(witness = %witness.site, ledger, "a witness did not cosign; its ledger says why");
            }
        }
    }
}

fn offer(shown: &Shown, witness: &Party, memories: &Memories) -> wire::CheckpointOffer {
    let known = remembered(memories, &shown.verifier)
        .find(|(by, _)| by.as_str() == witness.ledger.origin().as_str())
        .map_or(0, |(_, checkpoint)| checkpoint.checkpoint().size);
    let none = ConsistencyProof(Vec::new());
    // A ledger that cannot show how it grew is offered all the same: the witness says what is wrong.
    let proof = shown.since.iter().find(|(since, _)| *since == known).map_or(&none, |(_, proof)| proof);
    let checkpoint = shown.checkpoint.as_str().as_bytes();
    Offer { log: &shown.verifier, checkpoint, since: known, proof }.into()
}

/// Keeps the cosigned checkpoints, as one more memory.
fn keep(office: &Office, ledgers: &[Shown]) {
    for shown in ledgers {
        let file = kept_file(&shown.verifier);
        let older = office.home.read(&file).ok().and_then(|note| {
            CosignedCheckpoint::open(&note, &shown.verifier).ok().map(|one| one.checkpoint().size)
        });
        if older.is_none_or(|older| older <= shown.checkpoint.checkpoint().size)
            && let Err(error) = office.home.write(&file, shown.checkpoint.as_str().as_bytes())
        {
            warn!(%error, "a cosigned checkpoint could not be kept");
        }
    }
}

fn kept_file(ledger: &VerifierKey) -> String {
    format!("checkpoints/{}", ledger.origin().as_str())
}
