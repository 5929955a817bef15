//! What is done for a site as long as its link is open: it hears the root documents it lacks and the status list, its
//! certificate is renewed at half-life, and what its data steward states is taken. And what is done for all: the
//! status list and the coordinator's own certificates are replaced before they end.

use std::sync::Arc;
use std::time::Duration;

use notochord_proto::wire::{
    InstallCertificateRequest, RequestCertificateRequest, RootsReply, TrustReply, TrustRequest,
};
use time::OffsetDateTime;
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
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How often is looked whether anything ends soon.
const LOOK: Duration = Duration::from_secs(30);
/// How long a node may take to answer.
const DEADLINE: Duration = Duration::from_secs(30);

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
    let news = |held: u32, with_roots: bool| {
        let office = office.clone();
        tokio::task::spawn_blocking(move || news_after(&office, held, with_roots))
    };
    let failed = |_| Status::internal("the news could not be read");
    let first = news(0, false).await.map_err(failed)??;
    let reply = ask(node.trust(request(first))).await?;
    if reply.root_version >= office.root().version {
        return Ok(reply);
    }
    // It lacks root documents; only then is it known from which one on.
    let missing = news(reply.root_version, true).await.map_err(failed)??;
    ask(node.trust(request(missing))).await
}

fn request(news: RootsReply) -> TrustRequest {
    TrustRequest {
        sealed_roots: news.sealed_roots,
        dictionary: news.dictionary,
        sealed_status: news.sealed_status,
    }
}

/// The root documents after a version, where they are asked for, and the status list.
pub(crate) fn news_after(office: &Office, held: u32, with_roots: bool) -> Result<RootsReply, Status> {
    let failed = |error: &dyn std::fmt::Display| {
        warn!(%error, "the news for the members cannot be read");
        Status::internal("the coordinator cannot read its documents; it can see the reason in its log")
    };
    let status = status_board::current(office).map_err(|error| failed(&error))?;
    let mut news = RootsReply { sealed_status: status.sealed.to_vec(), ..Default::default() };
    if with_roots {
        news.sealed_roots = office.home.roots_after(held).map_err(|error| failed(&error))?;
        if !news.sealed_roots.is_empty() {
            let files = office.home.dictionary_files().map_err(|error| failed(&error))?;
            news.dictionary = crate::enrolment::files(&files);
        }
    }
    Ok(news)
}

async fn ask<T>(asked: impl Future<Output = Result<tonic::Response<T>, Status>>) -> Result<T, Status> {
    let answered = timeout(DEADLINE, asked).await;
    answered.map_err(|_| Status::deadline_exceeded("no answer in time"))?.map(tonic::Response::into_inner)
}

fn take_statements(office: &Arc<Office>, site: &Site, sealed: &[Vec<u8>]) {
    // More than any steward makes; the rest comes with the next answer.
    for bytes in sealed.iter().take(100) {
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
        let Ok(left) = Duration::try_from(left) else { break };
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
    loop {
        if let Err(error) = status_board::current(&office) {
            warn!(%error, "no status list can be issued");
        }
        let now = office.now();
        if let Some(message) = root_warning(&office, now) {
            warn!("{message}");
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

/// What to say about a root document that ends within thirty days, once an hour.
fn root_warning(office: &Office, now: OffsetDateTime) -> Option<String> {
    let ends = office.root().expires;
    let is_turn = now.minute() == 0 && u64::from(now.second()) < LOOK.as_secs();
    (is_turn && ends - now.date() <= time::Duration::days(30)).then(|| {
        format!(
            "the root document ends on {ends}; have its root keys seal the next one: `notochord root draft`"
        )
    })
}

/// Everybody who is enrolled and whose certificate ended, for the log at the start.
pub fn say_who_is_over(office: &Office) {
    for site in directory::sites(&office.home).unwrap_or_default() {
        if site.certificate_expires <= office.now() && site.revoked.is_none() {
            warn!(site = %site.id, "this site's certificate has ended; invite it again under the same name");
        }
    }
}
