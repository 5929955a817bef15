//! What the sites' nodes can do: asked when a node connects, when sites are listed and before a run, so that it is known
//! which site can answer which study, and why another cannot.

use std::sync::Arc;
use std::time::Duration;

use notochord_proto::capability::{Lack, Offer};
use notochord_proto::digest::Digest;
use notochord_proto::study::Study;
use notochord_proto::wire::{CapabilitiesRequest, FarewellRequest};
use notochord_stats::registry;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tonic::{Code, Status};
use tracing::{debug, warn};

use crate::directory::Site;
use crate::hub::Node;
use crate::office::Office;
use crate::upkeep;

/// How long a node may take to say what it can do.
const DEADLINE: Duration = Duration::from_secs(3);
/// How long a node may take to hear that the coordinator stops.
const FAREWELL: Duration = Duration::from_secs(1);

/// What a node says of itself.
pub(crate) struct Readiness {
    /// What it can do.
    pub(crate) offer: Offer,
    /// The data dictionary it holds, where it says so.
    dictionary: Option<Digest>,
}

/// What the coordinator can do.
pub(crate) fn ours() -> Offer {
    registry::offer(env!("CARGO_PKG_VERSION"))
}

/// Tells a node what the coordinator can do, and asks the same of it.
pub(crate) async fn of(node: &mut Node) -> Result<Readiness, Status> {
    let ours = ours();
    let request = CapabilitiesRequest { software: ours.software().to_owned(), offered: ours.to_wire() };
    let asked = timeout(DEADLINE, node.capabilities(request)).await;
    let reply = asked.map_err(|_| Status::deadline_exceeded("no answer in time"))??.into_inner();
    Ok(Readiness {
        offer: Offer::read(&reply.software, &reply.offered, &reply.kinds),
        dictionary: Digest::try_from(reply.dictionary.as_slice()).ok(),
    })
}

/// Why the node of a site cannot answer a study, if it says that it cannot. One that says nothing is asked for the
/// study itself; what is in force is brought to one that holds another dictionary.
pub(crate) async fn obstacle(
    office: &Arc<Office>,
    site: &Site,
    node: &mut Node,
    study: &Study,
) -> Result<Option<String>, Status> {
    let mut readiness = match of(node).await {
        Ok(readiness) => readiness,
        Err(status) if status.code() == Code::Unimplemented => return Ok(Some(unsaid("Capabilities"))),
        Err(status) if status.code() == Code::DeadlineExceeded => return Ok(None),
        Err(status) => return Err(status),
    };
    if other_dictionary(office, &readiness).is_some() {
        upkeep::inform(office, site, node).await;
        readiness = of(node).await?;
    }
    let lacks = lacks_for(&readiness.offer, study).into_iter().map(|lack| lack.to_string());
    Ok(lacks.chain(other_dictionary(office, &readiness)).next())
}

/// What a node lacks in general, and for a study.
fn lacks_for(offer: &Offer, study: &Study) -> Vec<Lack> {
    let ours = ours();
    let general = offer.lacks(&ours.needs());
    general.into_iter().chain(registry::lacks(study, &ours, offer)).collect()
}

fn other_dictionary(office: &Office, readiness: &Readiness) -> Option<String> {
    let (in_force, held) = (office.root().dictionary, readiness.dictionary?);
    (held != in_force).then(|| {
        format!(
            "needs the data dictionary {}; this node holds {}; `notochord-node dictionary update` takes it from its \
             file, and its log says why it was not taken over the link",
            in_force.short(),
            held.short()
        )
    })
}

/// Everything that a node lacks, for people: in general, what it does without, and for each of these studies.
pub(crate) fn account<'a>(
    office: &Office,
    readiness: &Readiness,
    studies: impl IntoIterator<Item = &'a Study>,
) -> Vec<String> {
    let (ours, offer) = (ours(), &readiness.offer);
    let general = offer.lacks(&ours.needs()).into_iter().map(|lack| lack.to_string());
    let mut lines: Vec<String> =
        general.chain(offer.does_without(&ours)).chain(other_dictionary(office, readiness)).collect();
    for study in studies {
        let lacks = registry::lacks(study, &ours, offer);
        lines.extend(lacks.iter().map(|lack| format!("`{}@{}` {lack}", study.id, study.version)));
    }
    lines
}

/// Says in the log what a node that has just connected lacks.
pub(crate) async fn greet(office: &Office, site: &Site, node: &mut Node) {
    match of(node).await {
        Ok(readiness) => {
            for line in account(office, &readiness, []) {
                warn!(site = %site.id, "{line}");
            }
        }
        Err(status) if status.code() == Code::Unimplemented => {
            warn!(site = %site.id, "{}", unsaid("Capabilities"))
        }
        Err(status) => debug!(site = %site.id, code = ?status.code(), "a node did not say what it can do"),
    }
}

/// What to say of a node that does not know a call.
pub(crate) fn unsaid(call: &str) -> String {
    format!("needs the call `{call}`, which this node does not know; update the node")
}

/// Tells every node that the coordinator stops on purpose. A node of an earlier release does not know the call.
pub async fn farewell(office: &Office) {
    let mut told = JoinSet::new();
    for mut node in office.hub.nodes() {
        told.spawn(async move { timeout(FAREWELL, node.farewell(FarewellRequest {})).await.is_ok() });
    }
    while told.join_next().await.is_some() {}
}
