//! Listening: sites' connections go to the hub, people's to the `Network` service, newcomers to the door.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use notochord_link::backoff::{Backoff, jitter};
use notochord_link::destination::Destination;
use notochord_link::dial::{CONNECT_TIMEOUT, connect, tune};
use notochord_link::probe;
use notochord_link::rate::{Places, Rate, RateLimit};
use notochord_link::settings::LinkSettings;
use notochord_link::severable::Severable;
use notochord_link::socket::{Keepalive, MOST_MESSAGE_BYTES, Watched, call_over_with, server_with};
use notochord_link::tls::TlsError;
use notochord_proto::name::SiteId;
use notochord_proto::problem::Problem;
use notochord_proto::status_list::Member;
use notochord_proto::wire::enrolment_server::EnrolmentServer;
use notochord_proto::wire::network_server::NetworkServer;
use notochord_proto::wire::node_client::NodeClient;
use time::OffsetDateTime;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::service::interceptor::InterceptedService;
use tonic::{Request, Status};
use tracing::{debug, info, warn};

use crate::announce;
use crate::caller::{Caller, caller, revoked_meanwhile};
use crate::directory::{self, Person, Site};
use crate::enrolment::Door;
use crate::office::Office;
use crate::reception::{Callers, Reception};
use crate::service::Desk;
use crate::upkeep;
use crate::witnessing;

/// The most connections that may be in their handshake at once.
const MOST_HANDSHAKES: usize = 64;
/// The most people's connections that may wait to be served.
const MOST_PEOPLE: usize = 64;
/// The most connections of one person at a time.
const MOST_OF_A_PERSON: usize = 32;
/// How often one site may connect; a node that behaves waits longer after each failure.
const RATE_OF_A_SITE: Rate = Rate { burst: 20, per_second: 2 };
/// How often one person may connect.
const RATE_OF_A_PERSON: Rate = Rate { burst: 200, per_second: 50 };
/// How often one person may call: each command also asks for news of the network and may renew a certificate.
const RATE_OF_CALLS: Rate = Rate { burst: 600, per_second: 150 };
/// How often newcomers may come from one address, behind which there may be a whole hospital.
const RATE_OF_NEWCOMERS: Rate = Rate { burst: 200, per_second: 10 };

/// A person's connection, as tonic serves it.
type PersonConnection = Watched<Severable<TlsStream<TcpStream>>, Arc<Person>>;

/// Why the coordinator cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// An address.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Which.
        address: String,
        /// Why.
        source: io::Error,
    },
    /// TLS.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The directory.
    #[error(transparent)]
    Home(#[from] crate::home::HomeError),
    /// `link.toml`.
    #[error(transparent)]
    Settings(#[from] Problem),
    /// A server ended.
    #[error("serving ended: {0}")]
    Server(#[from] tonic::transport::Error),
}

/// A listening socket.
pub async fn listen(address: &str) -> Result<TcpListener, ServeError> {
    let failed = |source| ServeError::Listen { address: address.to_owned(), source };
    TcpListener::bind(address).await.map_err(failed)
}

/// Serves until something fails. `sites_to_dial` are the sites that listen.
pub async fn serve(
    office: Arc<Office>,
    links: TcpListener,
    enrolment: TcpListener,
    sites_to_dial: mpsc::UnboundedReceiver<Site>,
) -> Result<(), ServeError> {
    let reception = |callers| Ok::<_, ServeError>(Arc::new(Reception::new(&office, callers)?));
    let (members, door) = (reception(Callers::Members)?, reception(Callers::Newcomers)?);
    for site in directory::sites(&office.home)? {
        office.hub.watch(&site);
    }
    let settings = LinkSettings::load(&office.home.path("."))?;
    let (people, arriving) = mpsc::channel(MOST_PEOPLE);
    let desk = NetworkServer::new(Desk(office.clone()))
        .max_decoding_message_size(MOST_MESSAGE_BYTES)
        .max_encoding_message_size(MOST_MESSAGE_BYTES);
    let calls = Arc::new(RateLimit::new(RATE_OF_CALLS));
    let desk = InterceptedService::new(desk, move |request| admit(&calls, request));
    let entrance = Arc::new(Entrance {
        office: office.clone(),
        reception: members,
        people,
        keepalive: settings.keepalive,
        sites: RateLimit::new(RATE_OF_A_SITE),
        persons: RateLimit::new(RATE_OF_A_PERSON),
        places: Places::new(MOST_OF_A_PERSON),
    });
    let desk = server_with(settings.keepalive).add_service(desk);
    tokio::select! {
        served = desk.serve_with_incoming(ReceiverStream::new(arriving)) => Ok(served?),
        () = accept(entrance.clone(), links) => Ok(()),
        () = dial_sites(entrance, sites_to_dial) => Ok(()),
        () = upkeep::look_after_ourselves(office.clone()) => Ok(()),
        () = witnessing::daily(office.clone()) => Ok(()),
        served = open_door(office, enrolment, door, settings.keepalive) => served,
    }
}

/// Lets a person's call through, if it is not one too many.
fn admit(calls: &RateLimit<SiteId>, request: Request<()>) -> Result<Request<()>, Status> {
    match request.extensions().get::<Arc<Person>>() {
        Some(person) if calls.admits(person.id.clone(), Instant::now()) => Ok(request),
        _ => Err(Status::resource_exhausted("too many calls; wait a little and try again")),
    }
}

/// Where sites and people come in.
struct Entrance {
    office: Arc<Office>,
    reception: Arc<Reception>,
    people: mpsc::Sender<io::Result<PersonConnection>>,
    keepalive: Keepalive,
    sites: RateLimit<SiteId>,
    persons: RateLimit<SiteId>,
    places: Places<SiteId>,
}

async fn accept(entrance: Arc<Entrance>, listener: TcpListener) {
    let handshakes = Arc::new(Semaphore::new(MOST_HANDSHAKES));
    loop {
        // The semaphore is never closed.
        let Ok(permit) = handshakes.clone().acquire_owned().await else { return };
        let Some((socket, _)) = accepted(&listener).await else { continue };
        let entrance = entrance.clone();
        tokio::spawn(async move {
            let greeted = greet(&entrance.office, &entrance.reception, socket).await;
            drop(permit);
            if let Some(stream) = greeted {
                welcome(&entrance, stream).await;
            }
        });
    }
}

async fn accepted(listener: &TcpListener) -> Option<(TcpStream, IpAddr)> {
    match listener.accept().await {
        Ok((socket, from)) => Some((socket, from.ip())),
        Err(error) => {
            warn!(%error, "a connection could not be accepted");
            // Usually the limit of open files: connections must end before more can begin.
            tokio::time::sleep(Duration::from_millis(100)).await;
            None
        }
    }
}

async fn greet(
    office: &Arc<Office>,
    reception: &Reception,
    socket: TcpStream,
) -> Option<TlsStream<TcpStream>> {
    tune(&socket);
    match timeout(CONNECT_TIMEOUT, reception.acceptor(office).accept(socket)).await {
        Ok(Ok(stream)) => Some(stream),
        Ok(Err(error)) => {
            // A stranger chooses what the error says; the ledger gets words of its own.
            debug!(%error, "a handshake failed");
            turn_away(office, "a caller without a certificate of this network was turned away".to_owned())
                .await;
            None
        }
        Err(_) => None,
    }
}

/// Writes down, and says, that a caller was turned away.
async fn turn_away(office: &Arc<Office>, reason: String) {
    warn!("{reason}");
    let office = office.clone();
    let written = tokio::task::spawn_blocking(move || office.logbook.turn_away(reason, office.now())).await;
    if let Err(error) = written {
        warn!(%error, "the ledger could not be written");
    }
}

/// Lets in whom the enrolment log knows by this very certificate.
async fn welcome(entrance: &Entrance, stream: TlsStream<TcpStream>) {
    let (office, now) = (&entrance.office, Instant::now());
    let found = tokio::task::block_in_place(|| caller(office, &stream));
    if stream.get_ref().1.alpn_protocol() == Some(probe::PROTOCOL) {
        return answer_probe(entrance, stream, found).await;
    }
    match found {
        Ok((Caller::Site(site), ends)) if entrance.sites.admits(site.id.clone(), now) => {
            keep(entrance, *site, stream, ends).await;
        }
        Ok((Caller::Site(site), _)) => {
            warn!(site = %site.id, "connects too often; it is let in again in a moment")
        }
        Ok((Caller::Person(person), ends)) => {
            let place = entrance.places.take(person.id.clone());
            let admitted = entrance.persons.admits(person.id.clone(), now);
            let (Some(_place), true) = (place, admitted) else {
                return warn!(person = %person.id, "connects too often; is let in again in a moment");
            };
            let member = Member::Person(person.id.clone());
            let (stream, ticket) = office.connections.admit(member.clone(), stream);
            if revoked_meanwhile(office, &member) {
                return office.connections.sever(&member);
            }
            let (connection, gone) = Watched::new(stream, Arc::new(person));
            // Nobody listens any more only when serving ends; the keepalive ends a silent connection.
            let _ = entrance.people.send(Ok(connection)).await;
            let left = Duration::try_from(ends - office.now()).unwrap_or_default();
            if timeout(left, gone).await.is_err() {
                // No connection outlives the certificate that opened it.
                office.connections.sever_one(&member, ticket);
            }
        }
        Err(reason) => turn_away(office, reason).await,
    }
}

/// Says what time it is here and whether the caller would be let in.
async fn answer_probe(
    entrance: &Entrance,
    stream: TlsStream<TcpStream>,
    found: Result<(Caller, OffsetDateTime), String>,
) {
    let (office, now) = (&entrance.office, Instant::now());
    let (is_known, admitted) = match &found {
        Ok((Caller::Site(site), _)) => (true, entrance.sites.admits(site.id.clone(), now)),
        Ok((Caller::Person(person), _)) => (true, entrance.persons.admits(person.id.clone(), now)),
        Err(_) => (false, true),
    };
    if admitted {
        let answer = probe::answer(stream, probe::Answer { time: office.now(), is_known });
        // Whoever asked and left did not want to know.
        let _ = timeout(CONNECT_TIMEOUT, answer).await;
    }
    if let Err(reason) = found {
        turn_away(office, reason).await;
    }
}

async fn keep(entrance: &Entrance, site: Site, stream: TlsStream<TcpStream>, ends: OffsetDateTime) {
    let (office, member) = (&entrance.office, Member::Site(site.id.clone()));
    let (stream, ticket) = office.connections.admit(member.clone(), stream);
    if revoked_meanwhile(office, &member) {
        return office.connections.sever(&member);
    }
    match call_over_with(stream, entrance.keepalive).await {
        Ok((channel, gone)) => {
            info!(site = %site.id, "connected");
            let mut node = NodeClient::new(channel)
                .max_decoding_message_size(MOST_MESSAGE_BYTES)
                .max_encoding_message_size(MOST_MESSAGE_BYTES);
            // Before anything is asked of it, the node hears what is in force.
            upkeep::inform(office, &site, &mut node).await;
            let kept = office.hub.keep(site.id.clone(), node.clone(), gone);
            announce::all_to(office, &site);
            tokio::pin!(kept);
            tokio::select! {
                () = &mut kept => {}
                () = upkeep::look_after(office, &site, node, ends) => {
                    warn!(site = %site.id, "the certificate of a link has ended; the link is cut");
                    office.connections.sever_one(&member, ticket);
                    kept.await;
                }
            }
            info!(site = %site.id, "disconnected");
        }
        Err(error) => debug!(site = %site.id, %error, "the link did not open"),
    }
}

/// Dials every site that listens, again and again. The coordinator stays the TLS server on these connections.
async fn dial_sites(entrance: Arc<Entrance>, mut sites: mpsc::UnboundedReceiver<Site>) {
    while let Some(site) = sites.recv().await {
        let Some(address) = &site.dial else { continue };
        match address.parse() {
            Ok(destination) => drop(tokio::spawn(dial(entrance.clone(), destination))),
            Err(error) => warn!(site = %site.id, %error, "a site cannot be dialled; invite it again"),
        }
    }
    std::future::pending().await
}

async fn dial(entrance: Arc<Entrance>, destination: Destination) {
    let mut backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(4));
    loop {
        match connect(&destination).await {
            Ok(socket) => {
                if let Some(stream) = greet(&entrance.office, &entrance.reception, socket).await {
                    backoff.reset();
                    welcome(&entrance, stream).await;
                }
            }
            Err(error) => debug!(%error, "a site that listens is not reached"),
        }
        tokio::time::sleep(backoff.next(jitter())).await;
    }
}

async fn open_door(
    office: Arc<Office>,
    listener: TcpListener,
    reception: Arc<Reception>,
    keepalive: Keepalive,
) -> Result<(), ServeError> {
    let rate = RateLimit::new(RATE_OF_NEWCOMERS);
    let (newcomers, arriving) = mpsc::channel(MOST_HANDSHAKES);
    let door = EnrolmentServer::new(Door::new(office.clone())).max_decoding_message_size(64 << 10);
    let places = Arc::new(Semaphore::new(MOST_HANDSHAKES));
    let greeting = async {
        loop {
            // The semaphore is never closed.
            let Ok(place) = places.clone().acquire_owned().await else { return };
            let Some((socket, from)) = accepted(&listener).await else { continue };
            if !rate.admits(from, Instant::now()) {
                debug!(%from, "newcomers come too often from one address");
                continue;
            }
            let (office, reception, newcomers) = (office.clone(), reception.clone(), newcomers.clone());
            tokio::spawn(async move {
                if let Some(stream) = greet(&office, &reception, socket).await {
                    let (connection, gone) = Watched::new(stream, ());
                    // Nobody listens any more only when serving ends; the keepalive ends a silent connection.
                    let _ = newcomers.send(Ok::<_, io::Error>(connection)).await;
                    let _ = gone.await;
                }
                drop(place);
            });
        }
    };
    tokio::select! {
        served = server_with(keepalive).add_service(door).serve_with_incoming(ReceiverStream::new(arriving)) => Ok(served?),
        () = greeting => Ok(()),
    }
}
