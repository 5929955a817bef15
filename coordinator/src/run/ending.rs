//! The end of a run: the result, its record, and telling every site.

use std::collections::BTreeSet;

use notochord_proto::digest::Digest;
use notochord_proto::envelope::Envelope;
use notochord_proto::name::SiteId;
use notochord_proto::root::RELEASE_TYPE;
use notochord_proto::wire;
use prost::Message as _;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::{Conducted, DELIVER_DEADLINE, Run, RunError};
use crate::assembly::{self, Provenance, RunTimes};
use crate::evidence::ResultReleased;
use crate::round::Seat;
use crate::studies::{self, StudiesError};
use crate::{directory, outbox};

impl Run {
    /// Whether the result may still be released: the study may have been stopped, or a site revoked, while the sites
    /// computed.
    pub(super) fn still_permitted(&self, run: &Conducted<'_>) -> Result<(), RunError> {
        let home = &self.office.home;
        studies::still_permitted(home, &self.in_force.root, &self.sealed).map_err(|error| match error {
            StudiesError::Withdrawn(by) => RunError::Withdrawn(by),
            error => RunError::Stopped(error),
        })?;
        let contributed = |seat: &&Seat| run.rounds.iter().any(|one| one.answers.contains_key(&seat.site.id));
        for seat in run.seats.iter().filter(contributed) {
            if directory::site(home, &seat.site.id)?.is_none_or(|site| site.revoked.is_some()) {
                return Err(RunError::Revoked(seat.site.label.clone()));
            }
        }
        Ok(())
    }

    /// Writes the result; its digest goes into the release record.
    pub(super) fn release(&self, run: &Conducted<'_>) -> Result<Digest, RunError> {
        let (office, in_force) = (&self.office, &self.in_force);
        let (rounds, mut answers) = assembly::provenance_of(&run.rounds);
        let later_answers = answers.split_off(answers.len().min(1));
        let provenance = Provenance {
            network: in_force.root.network.to_string(),
            root: in_force.reference().digest,
            dictionary: in_force.root.dictionary,
            investigators: self.sealed.investigators.clone(),
            approvers: self.sealed.approvers.clone(),
            rounds: rounds.clone(),
            answers: answers.pop().unwrap_or_default(),
            later_answers,
            software: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let times = RunTimes { id: self.id.clone(), started: self.started, finished: office.now() };
        let sites = run.statuses.values().cloned().collect();
        let k = assembly::threshold(&in_force.root, &self.sealed.study);
        let (document, tables) = assembly::assemble(&self.sealed, &run.course, times, sites, provenance, k);
        let mut json = serde_json::to_vec_pretty(&document)?;
        json.push(b'\n');
        office.home.write(&format!("runs/{}/tables.json", self.id), &serde_json::to_vec(&tables)?)?;
        office.home.write(&format!("runs/{}/result.json", self.id), &json)?;
        let (study, result) = (self.sealed.digest, Digest::of(&json));
        let released = ResultReleased { run: self.id.clone(), study, rounds, result };
        office.logbook.write(&released, office.now())?;
        Ok(released.result)
    }

    /// Tells every site of the run how it ended, which closes the run there; gives the sealed record. A site that does
    /// not hear it now hears it when it comes.
    pub(super) async fn deliver(&self, run: &Conducted<'_>, result: Option<Digest>) -> String {
        let record = wire::ReleaseRecord {
            network: self.in_force.root.network.to_string(),
            run: self.id.to_string(),
            study: self.sealed.digest.as_bytes().to_vec(),
            rounds: run.rounds.iter().map(|one| one.round.digest.as_bytes().to_vec()).collect(),
            result: result.map(|digest| digest.as_bytes().to_vec()).unwrap_or_default(),
            sites: run
                .statuses
                .values()
                .map(|line| wire::SiteOutcome {
                    site: line.id.to_string(),
                    status: line.status.name().into(),
                })
                .collect(),
        };
        let sealed = Envelope::seal(RELEASE_TYPE, record.encode_to_vec(), &self.office.key).to_json();
        let request = wire::DeliverRequest { sealed_record: sealed.clone().into_bytes() };
        let until = Instant::now() + DELIVER_DEADLINE;
        let mut sent = JoinSet::new();
        let mut deaf: BTreeSet<SiteId> = run
            .statuses
            .values()
            .filter(|line| line.snapshot.is_some())
            .map(|line| line.id.clone())
            .collect();
        for id in deaf.clone() {
            if let Some(mut node) = self.office.hub.node(&id) {
                let request = request.clone();
                sent.spawn(async move {
                    let delivered = timeout_at(until, node.deliver(request)).await;
                    delivered.is_ok_and(|reply| reply.is_ok()).then_some(id)
                });
            }
        }
        while let Some(joined) = sent.join_next().await {
            joined.ok().flatten().map(|heard| deaf.remove(&heard));
        }
        for site in &deaf {
            outbox::keep(&self.office, site, &self.id, &sealed);
            outbox::bring(&self.office, site).await;
        }
        sealed
    }
}
