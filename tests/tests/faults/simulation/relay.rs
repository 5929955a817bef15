//! Between the coordinator and its nodes: every call of every link passes here, as a whole message. A message can be
//! held until something else has happened, be sent twice, or with an older one before or after it; a link can be cut.
//!
//! To be let through, the relay shows nodes the coordinator's certificate, and the coordinator each node's own, from
//! the directories of the network under test. Seals it cannot make, nor does it need to.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;

use notochord::authority::Authority;
use notochord::home::Home;
use notochord_link::identity::{Holder, Identity};
use notochord_link::severable::{Cut, Severable};
use notochord_link::socket::{Keepalive, MOST_MESSAGE_BYTES, call_over_with, serve_until, server_with};
use notochord_link::tls;
use notochord_link::way_out::WayOut;
use notochord_proto::digest::Digest;
use notochord_proto::envelope::Envelope;
use notochord_proto::wire::node_client::NodeClient;
use notochord_proto::wire::node_server::{Node, NodeServer};
use notochord_proto::wire::*;
use prost::Message as _;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use time::OffsetDateTime;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tonic::transport::Channel;
use tonic::{Request, Response, Status};

/// The longest a message is held, should nobody let it go.
const LONGEST_HOLD: Duration = Duration::from_secs(10);
/// How a dead link is found.
pub(super) const KEEPALIVE: Keepalive =
    Keepalive { interval: Duration::from_secs(1), timeout: Duration::from_secs(4) };

/// A message on its way, in the order in which a run sends them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Passage {
    /// A study to a node.
    Announcement,
    /// A round to a node.
    Round,
    /// A node's answer.
    Answer,
    /// A release record to a node.
    Record,
    /// A node's word that it has written the record down.
    Receipt,
    /// A witness's cosignatures.
    Cosignatures,
}

/// What is done to the messages of a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trick {
    /// The round is sent twice at the same time.
    RoundTwice,
    /// An older round is sent before it.
    OlderRoundBefore,
    /// An older round is sent after it.
    OlderRoundAfter,
    /// The round comes once more after the record that closes it.
    RoundAfterRecord,
    /// The record is sent twice at the same time.
    RecordTwice,
    /// An older record is sent after the round.
    OlderRecord,
    /// The study is announced three times at once.
    AnnouncementThrice,
}

/// What has passed between a site and the coordinator.
#[derive(Debug, Clone, Default)]
pub(super) struct Passed {
    /// The rounds the node was sent, oldest first.
    pub(super) rounds: Vec<ContributeRequest>,
    /// The answers the node gave: round, and digest of the sealed answer.
    pub(super) answers: BTreeSet<(Digest, Digest)>,
    /// The records it was sent, oldest first.
    pub(super) records: Vec<Vec<u8>>,
    /// The runs whose record it said it took.
    pub(super) receipts: BTreeSet<String>,
    /// How many calls have reached it on its newest link.
    calls: usize,
}

/// A message that waits to be held, or is.
pub(super) struct Hold {
    arrived: mpsc::Receiver<()>,
    /// Dropping it lets the message go.
    _let_go: oneshot::Sender<()>,
}

impl Hold {
    /// Whether the message has come.
    pub(super) fn has_arrived(&self) -> bool {
        self.arrived.try_recv().is_ok()
    }
}

type Waiting = HashMap<(String, Passage), (mpsc::Sender<()>, oneshot::Receiver<()>)>;

#[derive(Default)]
struct State {
    directory: PathBuf,
    passed: Mutex<BTreeMap<String, Passed>>,
    holds: Mutex<Waiting>,
    tricks: Mutex<Vec<(String, Trick)>>,
    links: Mutex<BTreeMap<String, Vec<Cut>>>,
}

pub(super) struct Relay {
    _runtime: Runtime,
    state: Arc<State>,
    pub(super) address: String,
}

impl Relay {
    /// A relay for the network in `directory`, whose coordinator's directory is `coordinator` in it.
    pub(super) fn start(directory: PathBuf) -> Self {
        let home = Home::open(&directory.join("coordinator")).unwrap();
        let authority = CertificateDer::from_pem_file(home.path("authority.pem")).unwrap();
        let certifier =
            Authority::load(authority.clone(), home.tls_key("keys/authority.key").unwrap()).unwrap();
        let (_, root) = home.root().unwrap();
        let key = rcgen::KeyPair::generate().unwrap();
        let own = certifier.server(&root.network, &key, OffsetDateTime::now_utc()).unwrap();
        let acceptor = TlsAcceptor::from(tls::server_config(&authority, own).unwrap());
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let state = Arc::new(State { directory, ..State::default() });
        let accepting = state.clone();
        runtime.spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                tokio::spawn(carry(accepting.clone(), acceptor.clone(), socket));
            }
        });
        Self { _runtime: runtime, state, address }
    }

    /// Holds the next message of this kind of a site.
    pub(super) fn hold(&self, site: &str, passage: Passage) -> Hold {
        let (arrive, arrived) = mpsc::channel();
        let (let_go, going) = oneshot::channel();
        lock(&self.state.holds).insert((site.to_owned(), passage), (arrive, going));
        Hold { arrived, _let_go: let_go }
    }

    /// Does this once, when there is occasion.
    pub(super) fn play(&self, site: &str, trick: Trick) {
        lock(&self.state.tricks).push((site.to_owned(), trick));
    }

    /// Forgets holds and tricks that found no occasion; gives those tricks.
    pub(super) fn forget_plans(&self) -> Vec<(String, Trick)> {
        lock(&self.state.holds).clear();
        std::mem::take(&mut lock(&self.state.tricks))
    }

    /// Cuts a site's links on both sides.
    pub(super) fn cut(&self, site: &str) {
        lock(&self.state.links).remove(site).into_iter().flatten().for_each(Cut::now);
    }

    /// What has passed between a site and the coordinator so far.
    pub(super) fn passed(&self, site: &str) -> Passed {
        lock(&self.state.passed).get(site).cloned().unwrap_or_default()
    }

    /// Whether a site has a link on which the coordinator has called it.
    pub(super) fn is_linked(&self, site: &str) -> bool {
        let links = lock(&self.state.links);
        let whole = links.get(site).is_some_and(|cuts| cuts.iter().all(|cut| !cut.is_pointless()));
        whole && lock(&self.state.passed).get(site).is_some_and(|passed| passed.calls > 0)
    }
}

/// Carries one node's connection to the coordinator.
async fn carry(state: Arc<State>, acceptor: TlsAcceptor, socket: TcpStream) -> Option<()> {
    // Whoever is killed in between comes again.
    let below = timeout(Duration::from_secs(10), acceptor.accept(socket)).await.ok()?.ok()?;
    let identity = Identity::of_certificate(below.get_ref().1.peer_certificates()?.first()?).ok()?;
    let Holder::Site(site) = identity.holder else { return None };
    let number = site.as_str().rsplit('-').next()?;
    let home = state.directory.join(format!("site-{number}")).join("network");
    let member = notochord_link::membership::Membership::load(&home).ok()?.leaving_by(WayOut::default());
    let above = member.dial().await.ok()?;
    let (below, cut_below) = Severable::new(below);
    let (above, cut_above) = Severable::new(above);
    let (channel, gone) = call_over_with(below, KEEPALIVE).await.ok()?;
    let node = NodeClient::new(channel)
        .max_decoding_message_size(MOST_MESSAGE_BYTES)
        .max_encoding_message_size(MOST_MESSAGE_BYTES);
    let site = site.to_string();
    lock(&state.passed).entry(site.clone()).or_default().calls = 0;
    lock(&state.links).insert(site.clone(), vec![cut_below, cut_above]);
    let carrier = NodeServer::new(Carrier { state: state.clone(), site: site.clone(), node })
        .max_decoding_message_size(MOST_MESSAGE_BYTES)
        .max_encoding_message_size(MOST_MESSAGE_BYTES);
    tokio::select! {
        _ = serve_until(above, server_with(KEEPALIVE).add_service(carrier), std::future::pending()) => {}
        _ = gone => {}
    }
    // A link that lost one half is no link. A newer one may have taken this one's place.
    let cuts = {
        let mut links = lock(&state.links);
        let ended = links.get(&site).is_some_and(|cuts| cuts.iter().any(Cut::is_pointless));
        if ended { links.remove(&site) } else { None }
    };
    cuts.into_iter().flatten().for_each(Cut::now);
    None
}

/// The node as the coordinator sees it.
struct Carrier {
    state: Arc<State>,
    site: String,
    node: NodeClient<Channel>,
}

impl Carrier {
    /// Holds a message here, if it is to be held.
    async fn pass(&self, passage: Passage) {
        let held = lock(&self.state.holds).remove(&(self.site.clone(), passage));
        if let Some((arrive, going)) = held
            && arrive.send(()).is_ok()
        {
            // Whoever holds it lets go by forgetting about it.
            let _ = timeout(LONGEST_HOLD, going).await;
        }
    }

    fn note<T>(&self, note: impl FnOnce(&mut Passed) -> T) -> T {
        note(lock(&self.state.passed).entry(self.site.clone()).or_default())
    }

    fn plays(&self, trick: Trick) -> bool {
        let mut tricks = lock(&self.state.tricks);
        let place = tricks.iter().position(|(site, planned)| *site == self.site && *planned == trick);
        place.map(|place| tricks.remove(place)).is_some()
    }

    /// Sends a round and keeps in mind what comes back.
    async fn ask(&self, request: ContributeRequest) -> Result<ContributeReply, Status> {
        let round = Envelope::from_json(&request.sealed_round).map(|sealed| sealed.payload_digest());
        self.note(|passed| passed.rounds.push(request.clone()));
        let reply = self.node.clone().contribute(request).await?.into_inner();
        if let (Ok(round), false) = (round, reply.sealed_answer.is_empty()) {
            let answer = Digest::of(&reply.sealed_answer);
            self.note(|passed| passed.answers.insert((round, answer)));
        }
        Ok(reply)
    }

    /// Sends a record and keeps in mind that it was taken.
    async fn tell(&self, sealed_record: Vec<u8>) -> Result<DeliverReply, Status> {
        let record = Envelope::from_json(&sealed_record).ok();
        let record = record.and_then(|sealed| ReleaseRecord::decode(sealed.payload_for_reading()).ok());
        self.note(|passed| passed.records.push(sealed_record.clone()));
        let reply = self.node.clone().deliver(DeliverRequest { sealed_record }).await?.into_inner();
        if let Some(record) = record {
            self.note(|passed| passed.receipts.insert(record.run));
        }
        Ok(reply)
    }

    /// An older round than the newest: the one before it, or the first of all.
    fn older_round(&self) -> Option<ContributeRequest> {
        self.note(|passed| passed.rounds.iter().rev().nth(3).or(passed.rounds.first()).cloned())
    }
}

#[tonic::async_trait]
impl Node for Carrier {
    async fn announce(&self, request: Request<AnnounceRequest>) -> Result<Response<AnnounceReply>, Status> {
        self.note(|passed| passed.calls += 1);
        self.pass(Passage::Announcement).await;
        let request = request.into_inner();
        if self.plays(Trick::AnnouncementThrice) {
            let (mut one, mut other) = (self.node.clone(), self.node.clone());
            // What the others get, the third one gets too, or the link is gone.
            let _ = tokio::join!(one.announce(request.clone()), other.announce(request.clone()));
        }
        self.node.clone().announce(request).await
    }

    async fn contribute(
        &self,
        request: Request<ContributeRequest>,
    ) -> Result<Response<ContributeReply>, Status> {
        self.pass(Passage::Round).await;
        let request = request.into_inner();
        if self.plays(Trick::OlderRoundBefore)
            && let Some(older) = self.older_round()
        {
            self.ask(older).await?;
        }
        let reply = if self.plays(Trick::RoundTwice) {
            let (one, other) = tokio::join!(self.ask(request.clone()), self.ask(request.clone()));
            other.and(one)?
        } else {
            self.ask(request).await?
        };
        if self.plays(Trick::OlderRoundAfter)
            && let Some(older) = self.older_round()
        {
            self.ask(older).await?;
        }
        if self.plays(Trick::OlderRecord)
            && let Some(older) = self.note(|passed| passed.records.first().cloned())
        {
            self.tell(older).await?;
        }
        self.pass(Passage::Answer).await;
        Ok(Response::new(reply))
    }

    async fn deliver(&self, request: Request<DeliverRequest>) -> Result<Response<DeliverReply>, Status> {
        self.pass(Passage::Record).await;
        let sealed = request.into_inner().sealed_record;
        if self.plays(Trick::RecordTwice) {
            let (one, other) = tokio::join!(self.tell(sealed.clone()), self.tell(sealed.clone()));
            one.and(other)?;
        }
        let reply = self.tell(sealed).await?;
        if self.plays(Trick::RoundAfterRecord)
            && let Some(newest) = self.note(|passed| passed.rounds.last().cloned())
        {
            self.ask(newest).await?;
        }
        self.pass(Passage::Receipt).await;
        Ok(Response::new(reply))
    }

    async fn cosign(&self, request: Request<CosignRequest>) -> Result<Response<CosignReply>, Status> {
        let reply = self.node.clone().cosign(request.into_inner()).await?;
        self.pass(Passage::Cosignatures).await;
        Ok(reply)
    }

    async fn capabilities(
        &self,
        request: Request<CapabilitiesRequest>,
    ) -> Result<Response<CapabilitiesReply>, Status> {
        self.node.clone().capabilities(request.into_inner()).await
    }

    async fn trust(&self, request: Request<TrustRequest>) -> Result<Response<TrustReply>, Status> {
        self.node.clone().trust(request.into_inner()).await
    }

    async fn request_certificate(
        &self,
        request: Request<RequestCertificateRequest>,
    ) -> Result<Response<RequestCertificateReply>, Status> {
        self.node.clone().request_certificate(request.into_inner()).await
    }

    async fn install_certificate(
        &self,
        request: Request<InstallCertificateRequest>,
    ) -> Result<Response<InstallCertificateReply>, Status> {
        self.node.clone().install_certificate(request.into_inner()).await
    }

    async fn health(&self, request: Request<HealthRequest>) -> Result<Response<HealthReply>, Status> {
        self.node.clone().health(request.into_inner()).await
    }

    async fn testify(&self, request: Request<TestifyRequest>) -> Result<Response<TestifyReply>, Status> {
        self.node.clone().testify(request.into_inner()).await
    }

    async fn recall(&self, request: Request<RecallRequest>) -> Result<Response<RecallReply>, Status> {
        self.node.clone().recall(request.into_inner()).await
    }

    async fn farewell(&self, request: Request<FarewellRequest>) -> Result<Response<FarewellReply>, Status> {
        self.node.clone().farewell(request.into_inner()).await
    }

    async fn remind(&self, request: Request<RemindRequest>) -> Result<Response<RemindReply>, Status> {
        self.node.clone().remind(request.into_inner()).await
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
