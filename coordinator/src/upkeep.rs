//! What is done for a site as long as its link is open: it hears the root documents it lacks and the status list, its
//! certificate is renewed at half-life, and what its data steward states is taken. And what is done for all: the
//! status list and the coordinator's own certificates are replaced before they end.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration as Pause;

use notochord_link::credentials::Remaining;
use notochord_link::identity::certificate_end;
use notochord_proto::name::SiteId;
use notochord_proto::wire::{
    InstallCertificateRequest, RequestCertificateRequest, RootsReply, TrustReply, TrustRequest,
};
use time::{Duration, OffsetDateTime};
use tokio::time::timeout;
use tonic::{Code, Status};
use tracing::{debug, info, warn};

use crate::directory::{self, Site};
use crate::hub::Node;
use crate::office::Office;
use crate::renewal;
use crate::status_board;
use crate::{operator, statements};

/// How often a site is asked what it holds and states, though nothing has changed here.
const HEARTBEAT: Pause = Pause::from_secs(15);
/// How often is looked whether anything ends soon.
const LOOK: Pause = Pause::from_secs(30);
/// How long a node may take to answer.
const DEADLINE: Pause = Pause::from_secs(30);

/// Brings a site's node up to date; to be done before the site is asked anything. A node of an earlier version does
/// not know the call, and is left as it is.
pub async fn inform(office: &Arc<Office>, site: &Site, node: &mut Node) {
    match informed(office, node).await {
        Ok(reply) => take_statements(office, site, &reply.sealed_statements),
        Err(status) if status.code() == Code::Unimplemented => {
            warn!(site = %site.id, "this node is older than status lists; it answers without");
        }
        Err(status) => debug!(site = %site.id, code = ?status.code(), "a node could not be informed"),
    }
}

async fn informed(office: &Arc<Office>, node: &mut Node) -> Result<TrustReply, Status> {
    // What it holds is asked first: a status list that comes before its root document would be refused, and the
    // refusal written down.
    let held = ask(node.trust(TrustRequest::default())).await?;
    let news = {
        let (office, version) = (office.clone(), held.root_version);
        tokio::task::spawn_blocking(move || news_after(&office, version))
    };
    let news = news.await.map_err(|_| Status::internal("the news could not be read"))??;
    let mut reply = ask(node.trust(request(news))).await?;
    // Where there are many statements, each answer carries others.
    reply.sealed_statements.extend(held.sealed_statements);
    Ok(reply)
}

fn request(news: RootsReply) -> TrustRequest {
    TrustRequest {
        sealed_roots: news.sealed_roots,
        dictionary: news.dictionary,
        sealed_status: news.sealed_status,
    }
}

/// The root documents after a version, with the dictionary of the last, and the status list that belongs to it.
pub(crate) fn news_after(office: &Office, held: u32) -> Result<RootsReply, Status> {
    let failed = |error: &dyn std::fmt::Display| {
        warn!(%error, "the news for the members cannot be read");
        Status::internal("the coordinator cannot read its documents; it can see the reason in its log")
    };
    // A root document that comes into force between the two readings would make a pair that does not match.
    let _alone = office.registering.lock().unwrap_or_else(PoisonError::into_inner);
    let status = status_board::current(office).map_err(|error| failed(&error))?;
    let mut news = RootsReply { sealed_status: status.sealed.to_vec(), ..Default::default() };
    news.sealed_roots = office.home.roots_after(held).map_err(|error| failed(&error))?;
    if !news.sealed_roots.is_empty() {
        let files = office.home.dictionary_files().map_err(|error| failed(&error))?;
        news.dictionary = crate::enrolment::files(&files);
    }
    Ok(news)
}

async fn ask<T>(asked: impl Future<Output = Result<tonic::Response<T>, Status>>) -> Result<T, Status> {
    let answered = timeout(DEADLINE, asked).await;
    answered.map_err(|_| Status::deadline_exceeded("no answer in time"))?.map(tonic::Response::into_inner)
}

fn take_statements(office: &Arc<Office>, site: &Site, sealed: &[Vec<u8>]) {
    // More than any steward makes; the rest comes with the next answer.
    for bytes in sealed.iter().take(2 * 100) {
        if let Err(error) = statements::take(office, bytes) {
            debug!(site = %site.id, %error, "a statement was not taken");
        }
    }
    if let Err(error) = status_board::current(office) {
        warn!(%error, "no status list can be issued");
    }
}

/// Looks after a site on one of its links for as long as this is polled; returns when the link's certificate ends.
pub async fn look_after(office: &Arc<Office>, site: &Site, mut node: Node, ends: OffsetDateTime) {
    let mut changes = office.status.changes();
    let mut renewed = Renewed::NotYet;
    loop {
        if matches!(renewed, Renewed::NotYet) && renewal::is_due(office, ends) {
            renewed = renew(office, site, &mut node).await;
        }
        let left = ends - office.now();
        let Ok(left) = Pause::try_from(left) else { break };
        tokio::select! {
            _ = changes.changed() => {}
            () = tokio::time::sleep(HEARTBEAT.min(left).min(renewal::pause(office))) => {}
        }
        inform(office, site, &mut node).await;
    }
}

/// Whether the node of a link has its next certificate already; it uses it from its next link on.
enum Renewed {
    Already,
    NotYet,
}

async fn renew(office: &Arc<Office>, site: &Site, node: &mut Node) -> Renewed {
    match renewed(office, site, node).await {
        Ok(()) => {
            info!(site = %site.id, "the certificate was renewed");
            Renewed::Already
        }
        Err(status) => {
            let (code, message) = (status.code(), status.message());
            warn!(site = %site.id, ?code, message, "the certificate could not be renewed; it is tried again");
            Renewed::NotYet
        }
    }
}

async fn renewed(office: &Arc<Office>, site: &Site, node: &mut Node) -> Result<(), Status> {
    let request = ask(node.request_certificate(RequestCertificateRequest {})).await?.request;
    let (office_there, id) = (office.clone(), site.id.clone());
    let certified = tokio::task::spawn_blocking(move || renewal::certify_site(&office_there, &id, &request));
    let chain = certified.await.map_err(|_| Status::internal("not certified"))?;
    let certificates = chain.map_err(|error| Status::internal(error.to_string()))?;
    let reply = ask(node.install_certificate(InstallCertificateRequest { certificates })).await?;
    match reply.installed {
        true => Ok(()),
        false => Err(Status::failed_precondition("the node does not take it; its log says why")),
    }
}

/// Replaces what ends soon, again and again.
pub async fn look_after_ourselves(office: Arc<Office>) {
    let mut done = office.now();
    let (mut said, mut warned) = (HashMap::new(), None);
    loop {
        if let Err(error) = status_board::current(&office) {
            warn!(%error, "no status list can be issued");
        }
        let now = office.now();
        say_what_runs_out(&office, &mut said);
        if warned.is_none_or(|before| now - before >= Duration::HOUR) {
            warned = Some(now);
            root_warnings(&office, now).iter().for_each(|message| warn!("{message}"));
        }
        if now - done >= renewal::own_life(&office) / 2 {
            match operator::renew(&office) {
                Ok(()) => done = now,
                Err(error) => warn!(%error, "the coordinator's own certificate could not be renewed"),
            }
        }
        tokio::time::sleep(LOOK.min(renewal::pause(&office))).await;
    }
}

/// What to say about a root document that ends within thirty days, and about a certificate authority that does so
/// within sixty: what it certifies must not outlive it.
fn root_warnings(office: &Office, now: OffsetDateTime) -> Vec<String> {
    let in_force = office.in_force();
    let ends = in_force.root.expires;
    let root = (ends - now.date() <= Duration::days(30)).then(|| {
        format!(
            "the root document ends on {ends}; have its root keys seal the next one: `notochord root draft`"
        )
    });
    let authority = certificate_end(in_force.authority.certificate()).ok();
    let authority = authority.and_then(|end| OffsetDateTime::from_unix_timestamp(end).ok());
    let authority = authority.filter(|end| *end - now <= Duration::days(60)).map(|end| {
        format!(
            "the certificate authority ends on {}; make the next: `notochord root draft --new-authority`",
            end.date()
        )
    });
    root.into_iter().chain(authority).collect()
}

/// What is to be said about a member's certificate that ends then: that it was not renewed in time, or has ended.
pub fn concern(office: &Office, ends: Option<OffsetDateTime>) -> &'static str {
    let Some(ends) = ends else { return "" };
    match Remaining::of(ends - office.now(), office.in_force().member_life) {
        Remaining::Enough => "",
        Remaining::Half => "to be renewed",
        Remaining::Quarter => "ends soon and was not renewed",
        Remaining::Nothing => "has ended: invite it again under the same name",
    }
}

/// Says in the log how the certificates of sites run out: at half of their life, at a quarter, and at the end.
fn say_what_runs_out(office: &Office, said: &mut HashMap<SiteId, Remaining>) {
    let life = office.in_force().member_life;
    for site in
        directory::sites(&office.home).unwrap_or_default().into_iter().filter(|one| one.revoked.is_none())
    {
        let remaining = Remaining::of(site.last_end() - office.now(), life);
        let before = said.insert(site.id.clone(), remaining).unwrap_or(Remaining::Enough);
        if remaining <= before {
            continue;
        }
        let (site, ends) = (&site.id, site.last_end());
        match remaining {
            Remaining::Enough => {}
            Remaining::Half => {
                info!(%site, %ends, "this site's certificate is to be renewed: half of its life is over")
            }
            Remaining::Quarter => {
                warn!(%site, %ends, "this site's certificate ends soon and was not renewed: is it away?")
            }
            Remaining::Nothing => {
                warn!(%site, "this site's certificate has ended; invite it again under the same name")
            }
        }
    }
}
