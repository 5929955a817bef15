//! Release records that have not reached their sites: a file for each run in a directory for each site. A site that
//! was gone when a run ended, or a coordinator that stopped before it could say so, must not leave a round open: the
//! record is brought when the site comes.

use std::time::Duration;

use notochord_proto::name::{RunId, SiteId};
use notochord_proto::wire::DeliverRequest;
use tokio::time::timeout;
use tracing::{debug, warn};

use crate::office::Office;

/// How long a node may take to write a record down.
const DEADLINE: Duration = Duration::from_secs(5);

/// Keeps a sealed record for a site.
pub(crate) fn keep(office: &Office, site: &SiteId, run: &RunId, sealed: &str) {
    if let Err(error) = office.home.write(&file(site, run.as_str()), sealed.as_bytes()) {
        warn!(%error, %site, %run, "a release record could not be kept for a site that has not heard it");
    }
}

/// Brings to a site, if it is connected, the records that are kept for it. They are idempotent.
pub(crate) async fn bring(office: &Office, site: &SiteId) {
    let kept = office.home.list(&format!("outbox/{site}")).unwrap_or_else(|error| {
        warn!(%error, "the release records for a site cannot be listed");
        Vec::new()
    });
    for name in kept {
        let Some(mut node) = office.hub.node(site) else { return };
        // Another task may have brought it in the meantime.
        let Ok(sealed_record) = office.home.read(&file(site, &name)) else { continue };
        match timeout(DEADLINE, node.deliver(DeliverRequest { sealed_record })).await {
            Ok(Ok(_)) => {
                if let Err(error) = office.home.remove(&file(site, &name)) {
                    warn!(%error, "a release record that was delivered will be delivered again");
                }
            }
            Ok(Err(status)) => return debug!(%site, code = ?status.code(), "a record could not be brought"),
            Err(_) => return debug!(%site, "a node took too long to take a record"),
        }
    }
}

fn file(site: &SiteId, run: &str) -> String {
    format!("outbox/{site}/{run}")
}
