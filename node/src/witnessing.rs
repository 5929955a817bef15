//! The node among other ledgers: what it shows of its own, what it does as a witness of theirs, and what it makes of
//! what they remember of its own.
//!
//! The coordinator only carries these messages. It can keep them back, but it can change none of them: each holds a
//! signature of the ledger it speaks of.

use notochord_ledger::{
    CosignedCheckpoint, LedgerError, MOST_ITEMS, MessageError, Origin, ReceivedOffer, Unwitnessed,
};
use notochord_proto::name::RunId;
use notochord_proto::wire;
use time::Duration;

use crate::entry::{self, WitnessRefused};
use crate::respond::Responder;

impl Responder {
    /// The newest checkpoint of the node's ledger, and proofs that lead there. Nothing of a ledger that is locked.
    pub fn testify(&self, request: &wire::TestifyRequest) -> wire::TestifyReply {
        let since = &request.since[..request.since.len().min(MOST_ITEMS)];
        let run = RunId::new(request.run.as_str()).ok();
        let of_run = |one: &_| run.as_ref().is_some_and(|run| entry::is_known_of(one, run));
        let testimony = self.ledger().testify(since, of_run);
        testimony.map(Into::into).unwrap_or_else(|error| {
            tracing::warn!(%error, "the ledger shows nothing of itself");
            wire::TestifyReply::default()
        })
    }

    /// The last checkpoints that this node has cosigned of some ledgers.
    pub fn recall(&self, request: wire::RecallRequest) -> wire::RecallReply {
        let witness = self.witness();
        let origins = request.origins.into_iter().take(MOST_ITEMS).filter_map(|name| Origin::new(name).ok());
        let remembered = origins.filter_map(|origin| {
            witness.recall(&origin).unwrap_or_else(|error| {
                tracing::error!(%error, "what this witness remembers cannot be read");
                None
            })
        });
        let checkpoints = remembered.map(|checkpoint| checkpoint.as_str().as_bytes().to_vec()).collect();
        wire::RecallReply { checkpoints }
    }

    /// Cosigns what continues the ledgers this node knows; what it does not cosign is written down.
    pub fn cosign(&self, request: wire::CosignRequest) -> wire::CosignReply {
        let offers = request.offers.into_iter().take(MOST_ITEMS);
        let cosignatures = offers.map(|offer| self.cosign_one(offer).unwrap_or_default().into_bytes());
        wire::CosignReply { cosignatures: cosignatures.collect() }
    }

    fn cosign_one(&self, offer: wire::CheckpointOffer) -> Result<String, MessageError> {
        let origin = offer.verifier.split('+').next().unwrap_or_default().chars().take(255).collect();
        let offer = ReceivedOffer::try_from(offer)?;
        let cosigned = self.witness().cosign(&offer.as_offer(), self.now());
        Ok(cosigned.unwrap_or_else(|refusal| {
            tracing::warn!(%origin, %refusal, "a checkpoint was not cosigned");
            // An offer that starts elsewhere is no fault of the ledger's: the next one starts where it should.
            if !matches!(refusal, Unwitnessed::Since { .. }) {
                self.write_down_once_an_hour(WitnessRefused { origin, reason: refusal.to_string() });
            }
            String::new()
        }))
    }

    fn write_down_once_an_hour(&self, refused: WitnessRefused) {
        let now = self.now();
        let last = entry::last_unwitnessed(&self.ledger(), &refused);
        if last.is_none_or(|last| now - last >= Duration::HOUR) {
            self.write_down(&refused);
        }
    }

    /// Compares the node's ledger with what others remember of it. Checkpoints that its own key did not sign say
    /// nothing; one that it contradicts locks the ledger, and with it every answer.
    pub fn remind(&self, request: &wire::RemindRequest) -> wire::RemindReply {
        let mut ledger = self.ledger();
        let own = ledger.verifier();
        for note in request.checkpoints.iter().take(MOST_ITEMS) {
            let Ok(remembered) = CosignedCheckpoint::open(note, &own) else { continue };
            match ledger.confront(&remembered) {
                Ok(()) => {}
                Err(LedgerError::Locked(reason)) => {
                    tracing::error!(%reason, "the ledger is locked: nothing is answered any more");
                    break;
                }
                Err(error) => tracing::error!(%error, "the ledger could not be compared"),
            }
        }
        wire::RemindReply {}
    }
}
