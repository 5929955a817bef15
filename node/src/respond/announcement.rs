//! A study arrives: is it one that may run here, and what has the centre decided about it?

use std::sync::PoisonError;

use notochord_proto::digest::Digest;
use notochord_proto::envelope::Envelope;
use notochord_proto::sealed_study::SealedStudy;
use notochord_proto::wire;
use time::Duration;

use super::{MOST_TURNED_AWAY, Responder, decision_reply};
use crate::centre::{Centre, study_file};
use crate::decision::{self, Decision};
use crate::entry::{Reason, StudyAcceptedByRule, StudyReceived, StudySuperseded, StudyTurnedAway};
use crate::refusal::Refusal;
use crate::{standing, standing_rule};

impl Responder {
    /// Takes in a study; says what the centre has decided about it.
    pub fn announce(&self, sealed: &[u8]) -> wire::AnnounceReply {
        let announced = self.take_in(sealed);
        let decided = announced.unwrap_or_else(|(study, reason)| {
            self.turn_study_away(sealed, &StudyTurnedAway { study, reason });
            Decision::Refused { reason: String::new() }
        });
        match decided {
            Decision::Pending => decision_reply(wire::Decision::Pending),
            Decision::Refused { .. } => decision_reply(wire::Decision::Refused),
            Decision::Accepted(accepted) => wire::AnnounceReply {
                decision: wire::Decision::Accepted.into(),
                sealed_acceptance: accepted.acceptance.to_json().into_bytes(),
                countersigned_study: accepted.countersigned.to_json().into_bytes(),
            },
        }
    }

    pub(super) fn take_in(&self, sealed: &[u8]) -> Result<Decision, (Option<Digest>, Reason)> {
        let envelope = Envelope::from_json(sealed).map_err(|error| (None, Reason::of(&error)))?;
        let digest = envelope.payload_digest();
        self.judge(envelope).map_err(|refusal| (Some(digest), Reason::of(&refusal)))
    }

    pub(super) fn judge(&self, envelope: Envelope) -> Result<Decision, Refusal> {
        let centre = self.centre();
        let study = SealedStudy::open(envelope, centre.root(), centre.now())?;
        let study = {
            let ledger = self.newest_ledger()?;
            if let Some(stopped) = standing::stopped(&ledger, study.digest) {
                return Err(stopped);
            }
            standing::with_quorum(study, &ledger, centre.root())?
        };
        self.supersede(&study)?;
        // What this node lacks a later release may have: the study waits for it.
        let lacks = centre.lacks(&study.study);
        if lacks.is_empty() {
            centre.question(&study, &[])?;
            centre.rules(&study)?;
        }
        let file = study_file(study.digest);
        let (held, text) = (centre.home().read(&file)?, study.envelope.to_json());
        // The same study with other signatures: approvers may have changed since the first ones.
        if held.as_deref() != Some(text.as_bytes()) {
            centre.home().write(&file, text.as_bytes())?;
        }
        if held.is_none() {
            let name = study.name();
            lacks.iter().for_each(|lack| tracing::warn!(study = %name, "the study {lack}"));
            self.write_down(&StudyReceived { study: study.digest, name });
        }
        if !lacks.is_empty() {
            return Ok(Decision::Pending);
        }
        let decided = standing::decision(centre.home(), &*self.newest_ledger()?, study.digest)?;
        match decided {
            Decision::Pending => self.decide_by_rule(&centre, &study),
            decided => Ok(decided),
        }
    }

    /// A study that may not run here comes again with each link. The same bytes are written about once an hour, so that
    /// they do not fill the ledger.
    pub(super) fn turn_study_away(&self, sealed: &[u8], turned_away: &StudyTurnedAway) {
        let (now, bytes) = (self.now(), Digest::of(sealed));
        let mut lately = self.turned_away.lock().unwrap_or_else(PoisonError::into_inner);
        lately.retain(|(_, time)| now - *time < Duration::HOUR);
        if lately.iter().any(|(known, _)| *known == bytes) {
            return;
        }
        if lately.len() >= MOST_TURNED_AWAY {
            lately.pop_front();
        }
        lately.push_back((bytes, now));
        self.write_down(turned_away);
    }

    /// An endorsed study that names another in `supersedes` stops that one here, whoever has accepted which.
    pub(super) fn supersede(&self, study: &SealedStudy) -> Result<(), Refusal> {
        let Some(replaced) = study.study.supersedes else { return Ok(()) };
        if standing::stopped(&self.ledger(), replaced).is_some() {
            return Ok(());
        }
        self.record(&StudySuperseded { study: replaced, replacement: study.digest, by: study.name() })
    }

    /// Accepts a study that a standing rule of the data steward covers, from the newest snapshot.
    pub(super) fn decide_by_rule(&self, centre: &Centre, study: &SealedStudy) -> Result<Decision, Refusal> {
        let (home, now) = (centre.home(), centre.now());
        // Nobody looks at what a rule accepts: it does so only while it is known what was withdrawn.
        if centre.trust().in_force(now).is_err() {
            return Ok(Decision::Pending);
        }
        let covering = standing_rule::covering(centre, &*self.newest_ledger()?, study, now)?;
        let Some((rule, name)) = covering else { return Ok(Decision::Pending) };
        // Without data there is nothing to answer from yet.
        let Ok(snapshot) = decision::choose_snapshot(home, None) else { return Ok(Decision::Pending) };
        let accepted = StudyAcceptedByRule { study: study.digest, rule, name, snapshot };
        self.record(&accepted)?;
        decision::accept(home, centre.root(), centre.site(), study, snapshot, now)?;
        Ok(decision::of(home, study.digest)?)
    }
}
