//! How a node and its coordinator meet and part: each says what it can do, and the coordinator says when it stops on
//! purpose.

use std::sync::atomic::{AtomicBool, Ordering};

use notochord_proto::capability::Offer;
use notochord_proto::wire::{CapabilitiesReply, CapabilitiesRequest};
use tracing::{info, warn};

use crate::respond::Responder;

/// Whether the coordinator has said goodbye since the last link was opened.
#[derive(Debug, Default)]
pub(crate) struct Parting(AtomicBool);

impl Parting {
    /// Whether it has; from now on it has not.
    pub(crate) fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}

impl Responder {
    /// Says what this node can do. What the coordinator can do is kept, so that commands can name what is lacking;
    /// what either lacks is logged when it changes.
    pub fn meet(&self, request: &CapabilitiesRequest) -> CapabilitiesReply {
        let centre = self.centre();
        let (home, ours) = (centre.home(), centre.offer());
        let kinds: Vec<String> = ours.kinds().map(str::to_owned).collect();
        // A coordinator of the first release says nothing, and asks for the first version of everything.
        let theirs = Offer::read(&request.software, &request.offered, &kinds);
        if home.coordinator_offer().as_ref() != Some(&theirs) {
            info!(software = theirs.software(), "the coordinator says what it can do");
            if let Err(error) = home.keep_coordinator_offer(&theirs) {
                warn!(%error, "what the coordinator can do could not be kept");
            }
        }
        for line in general_lacks(ours, &theirs) {
            warn!("{line}");
        }
        CapabilitiesReply {
            software: ours.software().to_owned(),
            kinds,
            dictionary: self.dictionary().as_bytes().to_vec(),
            offered: ours.to_wire(),
        }
    }

    /// The coordinator stops on purpose.
    pub fn part(&self) {
        info!("the coordinator stops as planned; a new link is opened as soon as it is back");
        self.parting.0.store(true, Ordering::Relaxed);
    }
}

/// What keeps a node from answering anything of this coordinator, or what it does without, whatever the study.
pub fn general_lacks(ours: &Offer, coordinator: &Offer) -> Vec<String> {
    let needed = ours.lacks(&coordinator.needs());
    needed.iter().map(ToString::to_string).chain(ours.does_without(coordinator)).collect()
}
