//! Asking one site: what it has decided about a study, and its answer to a round.

use std::sync::Arc;

use notochord_proto::digest::Digest;
use notochord_proto::sealed_study::SealedStudy;
use notochord_proto::wire::{self, Decision};
use notochord_stats::plan::Plan;
use tokio::time::{Instant, timeout_at};
use tonic::Code;
use tracing::{info, warn};

use crate::acceptance::SealedAcceptance;
use crate::directory::Site;
use crate::office::Office;
use crate::readiness;
use crate::round::{Round, Seat, SiteAnswer};
use crate::site_status::SiteStatus;

/// How a site falls short before anything is computed, and more for people.
pub(crate) struct Shortfall {
    pub(crate) status: SiteStatus,
    pub(crate) detail: Option<String>,
}

impl From<SiteStatus> for Shortfall {
    fn from(status: SiteStatus) -> Self {
        Self { status, detail: None }
    }
}

/// The snapshot for which a site has accepted the study, and its acceptance, with its steward's seals checked.
pub(crate) async fn announce(
    office: &Arc<Office>,
    site: &Site,
    request: wire::AnnounceRequest,
    sealed: &SealedStudy,
) -> Result<(Digest, SealedAcceptance), Shortfall> {
    let study = &sealed.envelope;
    let lacking = |detail| Shortfall { status: SiteStatus::Lacking, detail: Some(detail) };
    let mut lost = None;
    let reply = loop {
        let (mut node, link) = office.hub.wait(&site.id, lost).await;
        let asked = match readiness::obstacle(office, site, &mut node, &sealed.study).await {
            Ok(Some(obstacle)) => return Err(lacking(obstacle)),
            Ok(None) => node.announce(request.clone()).await,
            Err(status) => Err(status),
        };
        match asked {
            Ok(reply) => break reply.into_inner(),
            Err(status) if status.code() == Code::Unimplemented => {
                return Err(lacking(readiness::unsaid("Announce")));
            }
            Err(status) if is_lost_link(status.code()) => {
                info!(site = %site.id, "the link was lost while the site was asked; it is asked again");
                lost = Some(link);
            }
            Err(_) => return Err(SiteStatus::Unreachable.into()),
        }
    };
    match reply.decision() {
        Decision::Accepted => {}
        Decision::Pending => return Err(SiteStatus::NotAccepted.into()),
        Decision::Refused | Decision::Unspecified => return Err(SiteStatus::Refused.into()),
    }
    let text = |bytes| String::from_utf8(bytes).map_err(|_| SiteStatus::BrokenAnswer);
    let acceptance = SealedAcceptance {
        statement: text(reply.sealed_acceptance)?,
        countersigned: text(reply.countersigned_study)?,
    };
    let opened = acceptance.open(site, &office.root().network, study.payload_digest());
    let accepted = opened.map_err(|error| {
        warn!(site = %site.id, %error, "an acceptance was not believed");
        SiteStatus::BrokenAnswer
    })?;
    Ok((accepted.snapshot, acceptance))
}

/// A site's answer to the round, or why there is none.
pub(crate) async fn contribute(
    office: &Office,
    seat: &Seat,
    plan: &Plan,
    round: &Round,
    request: &wire::ContributeRequest,
    deadline: Instant,
) -> Result<SiteAnswer, SiteStatus> {
    let mut lost = None;
    loop {
        let connected = timeout_at(deadline, office.hub.wait(&seat.site.id, lost)).await;
        let (mut node, link) = connected.map_err(|_| SiteStatus::Unreachable)?;
        match timeout_at(deadline, node.contribute(request.clone())).await {
            Err(_) => return Err(SiteStatus::TooSlow),
            Ok(Ok(reply)) => {
                let sealed = reply.into_inner().sealed_answer;
                if sealed.is_empty() {
                    return Err(SiteStatus::Refused);
                }
                return round.read_answer(seat, plan, sealed).map_err(|error| {
                    warn!(site = %seat.site.id, %error, "an answer was not believed");
                    SiteStatus::BrokenAnswer
                });
            }
            Ok(Err(status)) if is_lost_link(status.code()) => {
                info!(site = %seat.site.id, "the link was lost while the site was asked; it is asked again");
                lost = Some(link);
            }
            Ok(Err(status)) if status.code() == Code::Unimplemented => {
                warn!(site = %seat.site.id, "{}", readiness::unsaid("Contribute"));
                return Err(SiteStatus::Lacking);
            }
            Ok(Err(status)) => {
                warn!(site = %seat.site.id, code = ?status.code(), "a site answered with an error");
                return Err(SiteStatus::BrokenAnswer);
            }
        }
    }
}

/// What tonic says when a link is gone.
fn is_lost_link(code: Code) -> bool {
    matches!(code, Code::Unavailable | Code::Cancelled | Code::Internal | Code::Unknown)
}
