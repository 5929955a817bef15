//! Asking one site: what it has decided about a study, and its answer to a round.

use notochord_proto::acceptance::Acceptance;
use notochord_proto::digest::Digest;
use notochord_proto::envelope::Envelope;
use notochord_proto::root::STUDY_TYPE;
use notochord_proto::wire::{self, Decision};
use notochord_stats::plan::Plan;
use tokio::time::{Instant, timeout_at};
use tonic::Code;
use tracing::warn;

use crate::directory::Site;
use crate::office::Office;
use crate::round::{Round, Seat, SiteAnswer};
use crate::site_status::SiteStatus;

/// The snapshot for which a site has accepted the study, with its steward's seal checked.
pub(crate) async fn announce(
    office: &Office,
    site: &Site,
    request: wire::AnnounceRequest,
    study: &Envelope,
) -> Result<Digest, SiteStatus> {
    let (mut node, _) = office.hub.wait(&site.id, None).await;
    let reply = node.announce(request).await.map_err(|_| SiteStatus::Unreachable)?.into_inner();
    match reply.decision() {
        Decision::Accepted => {}
        Decision::Pending => return Err(SiteStatus::NotAccepted),
        Decision::Refused | Decision::Unspecified => return Err(SiteStatus::Refused),
    }
    let broken = |_| SiteStatus::BrokenAnswer;
    let acceptance = Envelope::from_json(&reply.sealed_acceptance).map_err(broken)?;
    let countersigned = Envelope::from_json(&reply.countersigned_study).map_err(broken)?;
    countersigned.verify(STUDY_TYPE, &site.steward_role()).map_err(broken)?;
    let accepted =
        Acceptance::open(&acceptance, &site.steward_role()).map_err(|_| SiteStatus::BrokenAnswer)?;
    let digest = study.payload_digest();
    let fits = accepted.study == digest
        && accepted.site == site.id
        && accepted.network == office.root().network
        && countersigned.payload_digest() == digest;
    fits.then_some(accepted.snapshot).ok_or(SiteStatus::BrokenAnswer)
}

/// A site's answer to the round, or why there is none.
pub(crate) async fn contribute(
    office: &Office,
    seat: &Seat,
    plan: &Plan,
    round: &Round,
    deadline: Instant,
) -> Result<SiteAnswer, SiteStatus> {
    let mut lost = None;
    loop {
        let connected = timeout_at(deadline, office.hub.wait(&seat.site.id, lost)).await;
        let (mut node, link) = connected.map_err(|_| SiteStatus::Unreachable)?;
        let request = wire::ContributeRequest { sealed_round: round.sealed.clone() };
        match timeout_at(deadline, node.contribute(request)).await {
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
            Ok(Err(status)) if is_lost_link(status.code()) => lost = Some(link),
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
