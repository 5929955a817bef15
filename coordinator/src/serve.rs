//! Listening: sites' connections go to the hub, people's to the `Network` service, newcomers to the door.

use std::io;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use notochord_link::backoff::{Backoff, jitter};
use notochord_link::identity::{Holder, Identity, certificate_end};
use notochord_link::membership::CONNECT_TIMEOUT;
use notochord_link::severable::Severable;
use notochord_link::socket::{MOST_MESSAGE_BYTES, Watched, call_over, server};
use notochord_link::tls::TlsError;
use notochord_proto::digest::Digest;
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
use tracing::{debug, info, warn};

use crate::announce;
use crate::directory::{self, Person, Site, Standing};
use crate::enrolment::Door;
use crate::office::Office;
use crate::reception::{Callers, Reception};
use crate::service::Desk;
use crate::upkeep;

/// The most connections that may be in their handshake at once.
const MOST_HANDSHAKES: usize = 64;
/// The most people's connections that may wait to be served.
const MOST_PEOPLE: usize = 64;

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
    let reception = |callers| {
        let key = office.home.tls_key("keys/server.key")?;
        Ok::<_, ServeError>(Arc::new(Reception::new(&office, callers, key)?))
    };
    let (acceptor, door) = (reception(Callers::Members)?, reception(Callers::Newcomers)?);
    for site in directory::sites(&office.home)? {
        office.hub.watch(&site);
    }
    let (people, arriving) = mpsc::channel(MOST_PEOPLE);
    let desk = NetworkServer::new(Desk(office.clone()))
        .max_decoding_message_size(MOST_MESSAGE_BYTES)
        .max_encoding_message_size(MOST_MESSAGE_BYTES);
    tokio::select! {
        served = server().add_service(desk).serve_with_incoming(ReceiverStream::new(arriving)) => Ok(served?),
        () = accept(office.clone(), links, acceptor.clone(), people.clone()) => Ok(()),
        () = dial_sites(office.clone(), sites_to_dial, acceptor, people) => Ok(()),
        () = upkeep::look_after_ourselves(office.clone()) => Ok(()),
        served = open_door(office, enrolment, door) => served,
    }
}

async fn accept(
    office: Arc<Office>,
    listener: TcpListener,
    acceptor: Arc<Reception>,
    people: mpsc::Sender<io::Result<PersonConnection>>,
) {
    let handshakes = Arc::new(Semaphore::new(MOST_HANDSHAKES));
    loop {
        // The semaphore is never closed.
        let Ok(permit) = handshakes.clone().acquire_owned().await else { return };
        let Some(socket) = accepted(&listener).await else { continue };
        let (office, acceptor, people) = (office.clone(), acceptor.clone(), people.clone());
        tokio::spawn(async move {
            let greeted = greet(&office, &acceptor, socket).await;
            drop(permit);
            if let Some(stream) = greeted {
                welcome(&office, stream, &people).await;
            }
        });
    }
}

async fn accepted(listener: &TcpListener) -> Option<TcpStream> {
    match listener.accept().await {
        Ok((socket, _)) => Some(socket),
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
    acceptor: &Reception,
    socket: TcpStream,
) -> Option<TlsStream<TcpStream>> {
    socket.set_nodelay(true).ok()?;
    match timeout(CONNECT_TIMEOUT, acceptor.acceptor(office).accept(socket)).await {
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
async fn welcome(
    office: &Arc<Office>,
    stream: TlsStream<TcpStream>,
    people: &mpsc::Sender<io::Result<PersonConnection>>,
) {
    let known = tokio::task::block_in_place(|| caller(office, &stream));
    match known {
        Ok((Caller::Site(site), ends)) => {
            let member = Member::Site(site.id.clone());
            let (stream, ticket) = office.connections.admit(member.clone(), stream);
            let cut = || office.connections.sever_one(&member, ticket);
            keep(office, *site, stream, ends, cut).await;
        }
        Ok((Caller::Person(person), _)) => {
            let (stream, _) = office.connections.admit(Member::Person(person.id.clone()), stream);
            let (connection, _gone) = Watched::new(stream, Arc::new(person));
            // Nobody listens any more only when serving ends.
            let _ = people.send(Ok(connection)).await;
        }
        Err(reason) => turn_away(office, reason).await,
    }
}

/// Whom the enrolment log knows by a certificate.
enum Caller {
    Person(Person),
    Site(Box<Site>),
}

/// Who is at the other end, or why nobody is let in.
fn caller(office: &Office, stream: &TlsStream<TcpStream>) -> Result<(Caller, OffsetDateTime), String> {
    let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
    let certificate = chain.first().ok_or("a caller without a certificate was turned away")?;
    let identity = Identity::of_certificate(certificate)
        .map_err(|error| format!("a caller was turned away: {error}"))?;
    if identity.network != office.root().network {
        return Err(format!("a caller of another network was turned away: {identity}"));
    }
    let unreadable = |error| format!("the enrolment log cannot be read: {error}");
    let shown = Digest::of(certificate);
    // A renewed certificate that is seen takes the other's place in the enrolment log.
    let _alone = office.registering.lock().unwrap_or_else(PoisonError::into_inner);
    let (standing, caller) = match &identity.holder {
        Holder::Site(id) => match directory::site(&office.home, id).map_err(unreadable)? {
            Some(mut site) => {
                let standing = site.standing(shown);
                if standing == Standing::Renewed {
                    site.promote(shown);
                    directory::enrol_site(&office.home, &site).map_err(unreadable)?;
                }
                (standing, Some(Caller::Site(Box::new(site))))
            }
            None => (Standing::Unknown, None),
        },
        Holder::Person(id) => match directory::person(&office.home, id).map_err(unreadable)? {
            Some(mut person) => {
                let standing = person.standing(shown);
                if standing == Standing::Renewed {
                    person.promote(shown);
                    directory::enrol_person(&office.home, &person).map_err(unreadable)?;
                }
                (standing, Some(Caller::Person(person)))
            }
            None => (Standing::Unknown, None),
        },
    };
    let ends =
        certificate_end(certificate).ok().and_then(|end| OffsetDateTime::from_unix_timestamp(end).ok());
    match (standing, caller, ends) {
        (Standing::Held | Standing::Renewed, Some(caller), Some(ends)) => Ok((caller, ends)),
        (Standing::Revoked, _, _) => {
            Err(format!("a certificate that was revoked was turned away: {identity}"))
        }
        _ => Err(format!("a certificate that the enrolment log does not hold was turned away: {identity}")),
    }
}

async fn keep(
    office: &Arc<Office>,
    site: Site,
    stream: Severable<TlsStream<TcpStream>>,
    ends: OffsetDateTime,
    cut: impl Fn(),
) {
    match call_over(stream).await {
        Ok((channel, gone)) => {
            info!(site = %site.id, "connected");
            let mut node = NodeClient::new(channel)
                .max_decoding_message_size(MOST_MESSAGE_BYTES)
                .max_encoding_message_size(MOST_MESSAGE_BYTES);
            // Before anything is asked of it, the node hears what is in force.
            upkeep::inform(office, &site, &mut node).await;
            let kept = office.hub.keep(site.id.clone(), node.clone(), gone);
            announce::all_to(office, site.id.clone());
            tokio::pin!(kept);
            tokio::select! {
                () = &mut kept => {}
                () = upkeep::look_after(office, &site, node, ends) => {
                    warn!(site = %site.id, "the certificate of a link has ended; the link is cut");
                    cut();
                    kept.await;
                }
            }
            info!(site = %site.id, "disconnected");
        }
        Err(error) => debug!(site = %site.id, %error, "the link did not open"),
    }
}

/// Dials every site that listens, again and again. The coordinator stays the TLS server on these connections.
async fn dial_sites(
    office: Arc<Office>,
    mut sites: mpsc::UnboundedReceiver<Site>,
    acceptor: Arc<Reception>,
    people: mpsc::Sender<io::Result<PersonConnection>>,
) {
    while let Some(site) = sites.recv().await {
        let (office, acceptor, people) = (office.clone(), acceptor.clone(), people.clone());
        tokio::spawn(async move {
            let Some(address) = site.dial.clone() else { return };
            let mut backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(5));
            loop {
                let socket = timeout(CONNECT_TIMEOUT, TcpStream::connect(&address)).await;
                if let Ok(Ok(socket)) = socket
                    && let Some(stream) = greet(&office, &acceptor, socket).await
                {
                    backoff.reset();
                    welcome(&office, stream, &people).await;
                }
                tokio::time::sleep(backoff.next(jitter())).await;
            }
        });
    }
    std::future::pending().await
}

async fn open_door(
    office: Arc<Office>,
    listener: TcpListener,
    acceptor: Arc<Reception>,
) -> Result<(), ServeError> {
    let (newcomers, arriving) = mpsc::channel(MOST_HANDSHAKES);
    let door = EnrolmentServer::new(Door::new(office.clone())).max_decoding_message_size(64 << 10);
    let places = Arc::new(Semaphore::new(MOST_HANDSHAKES));
    let greeting = async {
        loop {
            // The semaphore is never closed.
            let Ok(place) = places.clone().acquire_owned().await else { return };
            let Some(socket) = accepted(&listener).await else { continue };
            let (office, acceptor, newcomers) = (office.clone(), acceptor.clone(), newcomers.clone());
            tokio::spawn(async move {
                if let Some(stream) = greet(&office, &acceptor, socket).await {
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
        served = server().add_service(door).serve_with_incoming(ReceiverStream::new(arriving)) => Ok(served?),
        () = greeting => Ok(()),
    }
}
