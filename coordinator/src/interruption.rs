//! Runs that were under way when the coordinator stopped: they end as broken, in the ledger and in the index, and
//! every site of their rounds is told.

use std::collections::BTreeMap;

use notochord_ledger::LedgerError;
use notochord_proto::digest::Digest;
use notochord_proto::envelope::Envelope;
use notochord_proto::name::{RunId, SiteId};
use notochord_proto::root::RELEASE_TYPE;
use notochord_proto::wire;
use notochord_stats::question::MOST_ROUNDS;
use prost::Message as _;

use crate::logbook::{RunEnded, Unended};
use crate::office::Office;
use crate::outbox;
use crate::site_status::SiteStatus;
use crate::store::{RunStatus, StoreError};

const REASON: &str = "the coordinator stopped during the run; run the study again";

/// Why interrupted runs cannot be ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InterruptionError {
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The index.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Ends every run that a coordinator before this one left under way; gives those runs. The ledger is what counts:
/// the index may have lost its last writes.
pub(crate) fn end_interrupted_runs(office: &Office) -> Result<Vec<RunId>, InterruptionError> {
    let unended = office.logbook.unended();
    for one in &unended {
        let sites = tell_sites(office, one);
        let (run, reason) = (one.run.clone(), REASON.to_owned());
        office.logbook.write(&RunEnded { run, status: RunStatus::Broken, reason, sites }, office.now())?;
    }
    for mut line in office.store.running()? {
        (line.status, line.reason, line.finished) = match office.logbook.end_of(&line.run) {
            Some((ended, time)) => (ended.status, ended.reason, Some(time)),
            None => (RunStatus::Broken, REASON.to_owned(), Some(office.now())),
        };
        office.store.put_run(&line)?;
    }
    Ok(unended.into_iter().map(|one| one.run).collect())
}

/// Has every site of a run that cannot go on told that it is over; gives how each took part.
pub(crate) fn close_rounds(office: &Office, run: &RunId) -> BTreeMap<SiteId, SiteStatus> {
    let unended = office.logbook.unended().into_iter().find(|one| one.run == *run);
    unended.map(|one| tell_sites(office, &one)).unwrap_or_default()
}

/// Puts the record of an interrupted run into the outbox for every site of its rounds. A run without a round asked
/// nobody for anything.
fn tell_sites(office: &Office, run: &Unended) -> BTreeMap<SiteId, SiteStatus> {
    let (rounds, asked) = rounds_of(office, &run.run);
    let status_of = |site: SiteId| {
        let answered = office.home.path(format!("runs/{}/rounds/1/answers/{site}.json", run.run)).exists();
        (site, if answered { SiteStatus::Contributed } else { SiteStatus::Interrupted })
    };
    let sites: BTreeMap<SiteId, SiteStatus> = asked.into_iter().map(status_of).collect();
    let record = wire::ReleaseRecord {
        network: office.root().network.to_string(),
        run: run.run.to_string(),
        study: run.study.as_bytes().to_vec(),
        rounds: rounds.iter().map(|round| round.as_bytes().to_vec()).collect(),
        // What the ledger says: a result may have been written before the end.
        result: run.result.map(|digest| digest.as_bytes().to_vec()).unwrap_or_default(),
        sites: sites
            .iter()
            .map(|(site, status)| wire::SiteOutcome { site: site.to_string(), status: status.name().into() })
            .collect(),
    };
    let sealed = Envelope::seal(RELEASE_TYPE, record.encode_to_vec(), &office.key).to_json();
    sites.keys().for_each(|site| outbox::keep(office, site, &run.run, &sealed));
    sites
}

/// The rounds of a run and the sites that the first one asks. Each is written before it is sent: without it nothing was
/// sent.
fn rounds_of(office: &Office, run: &RunId) -> (Vec<Digest>, Vec<SiteId>) {
    let sealed = (1..=MOST_ROUNDS)
        .map_while(|number| office.home.read(&format!("runs/{run}/rounds/{number}/round.json")).ok());
    let rounds: Vec<Envelope> = sealed.map_while(|sealed| Envelope::from_json(&sealed).ok()).collect();
    let first = rounds.first().and_then(|round| wire::Round::decode(round.payload_for_reading()).ok());
    let seats = first.map(|round| round.roster).unwrap_or_default();
    let sites = seats.iter().filter_map(|seat| SiteId::new(seat.site.as_str()).ok()).collect();
    (rounds.iter().map(Envelope::payload_digest).collect(), sites)
}
