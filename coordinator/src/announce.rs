//! Bringing to the centres what they should know. Each runnable study goes to a node when the node connects and when
//! the study is complete, so that the data steward finds it waiting. What the node answers is asked again at each
//! run. A node that connects also learns what others remember of its ledger.

use std::sync::Arc;
use std::time::Duration;

use notochord_proto::name::SiteId;
use notochord_proto::sealed_study::SealedStudy;
use notochord_proto::wire::AnnounceRequest;
use tokio::time::timeout;
use tracing::{debug, warn};

use crate::directory::{self, Site};
use crate::office::Office;
use crate::outbox;
use crate::readiness;
use crate::studies;
use crate::witnessing;

/// How long a node may take to take a study in.
const DEADLINE: Duration = Duration::from_secs(30);

/// Brings to a site that has just connected what others remember of its ledger, the ends of runs that it has not
/// heard of, what the coordinator can do, and every runnable study.
pub fn all_to(office: &Arc<Office>, site: &Site) {
    let (greeted, site) = (site.clone(), site.id.clone());
    let (reminding, reminded) = (office.clone(), site.clone());
    tokio::spawn(async move { witnessing::remind(&reminding, &reminded).await });
    let (owing, owed) = (office.clone(), site.clone());
    tokio::spawn(async move { outbox::bring(&owing, &owed).await });
    let office = office.clone();
    tokio::spawn(async move {
        // First: so the node can say of a study that it lacks what the coordinator offers.
        if let Some(mut node) = office.hub.node(&site) {
            readiness::greet(&office, &greeted, &mut node).await;
        }
        let held = match studies::list(&office.home) {
            Ok(held) => held,
            Err(error) => return warn!(%error, "the studies cannot be read"),
        };
        for submitted in held {
            if let Ok(study) =
                studies::permitted(&office.home, &office.root(), submitted.envelope, office.now())
            {
                bring(&office, &study, &site).await;
            }
        }
    });
}

/// Brings a study that is complete to every connected site.
pub fn to_all(office: &Arc<Office>, study: SealedStudy) {
    let sites = match directory::sites(&office.home) {
        Ok(sites) => sites,
        Err(error) => return warn!(%error, "the enrolment log cannot be read"),
    };
    let study = Arc::new(study);
    for site in sites {
        let (office, study) = (office.clone(), study.clone());
        tokio::spawn(async move { bring(&office, &study, &site.id).await });
    }
}

async fn bring(office: &Office, study: &SealedStudy, site: &SiteId) {
    let Some(mut node) = office.hub.node(site) else { return };
    let request = AnnounceRequest { sealed_study: study.envelope.to_json().into_bytes() };
    match timeout(DEADLINE, node.announce(request)).await {
        Ok(Ok(reply)) => {
            debug!(%site, study = %study.digest.short(), decision = ?reply.into_inner().decision())
        }
        Ok(Err(status)) => debug!(%site, code = ?status.code(), "a study could not be brought"),
        Err(_) => debug!(%site, "a node took too long to take a study in"),
    }
}
