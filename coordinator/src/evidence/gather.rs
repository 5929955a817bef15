//! Gathering the evidence when a run has ended.

use std::collections::BTreeMap;

use notochord_proto::envelope::Envelope;
use notochord_proto::name::{RunId, SiteId};
use notochord_proto::roster::{ROSTER_TYPE, Roster, RosterSite};
use notochord_proto::sealed_study::SealedStudy;

use super::{Evidence, FORMAT, RoundEvidence, WitnessedLedger};
use crate::acceptance::SealedAcceptance;
use crate::directory::{self, Site};
use crate::home::HomeError;
use crate::in_force::InForce;
use crate::office::Office;
use crate::round::{Answered, SiteAnswer};
use crate::witnessing::Witnessed;

/// What a run leaves behind a result.
pub(crate) struct Behind<'a> {
    /// What was in force for all of the run.
    pub(crate) in_force: &'a InForce,
    pub(crate) sealed: &'a SealedStudy,
    /// Whose keys are whose, as sealed when the run began.
    pub(crate) roster: &'a Envelope,
    /// Of every site that was asked.
    pub(crate) acceptances: BTreeMap<SiteId, SealedAcceptance>,
    pub(crate) rounds: &'a [Answered],
    /// The sealed record of how it ended.
    pub(crate) record: String,
}

impl Evidence {
    /// Puts together what a stranger needs to check the result of a run.
    pub(crate) fn gather(
        office: &Office,
        behind: Behind<'_>,
        witnessed: Witnessed,
    ) -> Result<Self, HomeError> {
        let in_force = behind.in_force;
        let earlier_roots = office.home.roots_before(in_force.root.version)?;
        let answer = |(site, answer): (&SiteId, &SiteAnswer)| (site.clone(), text(&answer.sealed));
        let round = |answered: &Answered| RoundEvidence {
            round: text(&answered.round.sealed),
            answers: answered.answers.iter().map(answer).collect(),
        };
        let files = office.home.dictionary_files_of(&in_force.root.dictionary)?;
        let seated = |(site, ledger): (SiteId, WitnessedLedger)| {
            behind.acceptances.contains_key(&site).then(|| (site, ledger.into()))
        };
        Ok(Self {
            format: FORMAT,
            root: in_force.sealed_root.to_json(),
            earlier_roots: earlier_roots.iter().map(|bytes| text(bytes)).collect(),
            dictionary: files.iter().map(|(name, bytes)| (name.to_owned(), text(bytes))).collect(),
            study: behind.sealed.envelope.to_json(),
            roster: behind.roster.to_json(),
            rounds: behind.rounds.iter().map(round).collect(),
            release: behind.record,
            coordinator: witnessed.coordinator.map(Into::into),
            sites: witnessed.sites.into_iter().filter_map(seated).collect(),
            acceptances: behind.acceptances,
        })
    }
}

/// The coordinator's word about whose keys are whose in a run.
pub(crate) fn seal_roster(office: &Office, in_force: &InForce, run: &RunId) -> Result<Envelope, HomeError> {
    // Sites that are not asked may be witnesses, so their keys are needed too.
    let sites = directory::sites(&office.home)?.into_iter().map(roster_site).collect();
    let roster = Roster { network: in_force.root.network.clone(), run: run.clone(), sites };
    Ok(Envelope::seal(ROSTER_TYPE, roster.to_bytes(), &office.key))
}

fn roster_site(Site { id, label, node, steward, .. }: Site) -> RosterSite {
    RosterSite { id, label, node, steward }
}

/// Sealed documents and dictionaries were found to be UTF-8 when they were read.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
