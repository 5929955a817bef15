//! Listening: sites' connections go to the hub, people's to the `Network` service, newcomers to the door.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use notochord_link::backoff::{Backoff, jitter};
use notochord_link::identity::{Holder, Identity};
use notochord_link::membership::CONNECT_TIMEOUT;
use notochord_link::socket::{MOST_MESSAGE_BYTES, Watched, call_over, server};
use notochord_link::tls::{self, TlsError};
use notochord_proto::digest::Digest;
use notochord_proto::wire::enrolment_server::EnrolmentServer;
use notochord_proto::wire::network_server::NetworkServer;
use notochord_proto::wire::node_client::NodeClient;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_stream::wrappers::ReceiverStream;
use tracing::{debug, info, warn};

use crate::announce;
use crate::directory::{self, Person, Site};
use crate::enrolment::Door;
use crate::office::Office;
use crate::service::Desk;

/// The most connections that may be in their handshake at once.
const MOST_HANDSHAKES: usize = 64;
/// The most people connected at once.
const MOST_PEOPLE: usize = 64;

/// A person's connection, as tonic serves it.
type PersonConnection = Watched<TlsStream<TcpStream>, Arc<Person>>;

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
    let key = office.home.tls_key("keys/server.key")?;
    let credentials = || office.authority.server(&office.root.network, &key, office.now());
    let acceptor = TlsAcceptor::from(tls::server_config(office.authority.certificate(), credentials()?)?);
    let door = TlsAcceptor::from(tls::enrolment_server_config(credentials()?)?);
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
        served = open_door(office, enrolment, door) => served,
    }
}

async fn accept(
    office: Arc<Office>,
    listener: TcpListener,
    acceptor: TlsAcceptor,
    people: mpsc::Sender<io::Result<PersonConnection>>,
) {
    let handshakes = Arc::new(Semaphore::new(MOST_HANDSHAKES));
    loop {
        // The semaphore is never closed.
        let Ok(permit) = handshakes.clone().acquire_owned().await else { return };
        let Some(socket) = accepted(&listener).await else { continue };
        let (office, acceptor, people) = (office.clone(), acceptor.clone(), people.clone());
        tokio::spawn(async move {
            let greeted = greet(&acceptor, socket).await;
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

async fn greet(acceptor: &TlsAcceptor, socket: TcpStream) -> Option<TlsStream<TcpStream>> {
    socket.set_nodelay(true).ok()?;
    match timeout(CONNECT_TIMEOUT, acceptor.accept(socket)).await {
        Ok(Ok(stream)) => Some(stream),
        Ok(Err(error)) => {
            warn!(%error, "a caller without a certificate of this network was turned away");
            None
        }
        Err(_) => None,
    }
}

/// Lets in whom the enrolment log knows by this very certificate.
async fn welcome(
    office: &Arc<Office>,
    stream: TlsStream<TcpStream>,
    people: &mpsc::Sender<io::Result<PersonConnection>>,
) {
    let Some(certificate) = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first()) else {
        return;
    };
    let fingerprint = Digest::of(certificate);
    let identity = match Identity::of_certificate(certificate) {
        Ok(identity) if identity.network == office.root.network => identity,
        Ok(identity) => return warn!(%identity, "a caller of another network was turned away"),
        Err(error) => return warn!(%error, "a caller was turned away"),
    };
    match identity.holder {
        Holder::Site(id) => match directory::site(&office.home, &id) {
            Ok(Some(site)) if site.certificate == fingerprint => keep(office, site, stream).await,
            Ok(_) => warn!(site = %id, "a certificate that the enrolment log does not hold was turned away"),
            Err(error) => warn!(%error, "the enrolment log cannot be read"),
        },
        Holder::Person(id) => match directory::person(&office.home, &id) {
            Ok(Some(person)) if person.certificate == fingerprint => {
                let (connection, _gone) = Watched::new(stream, Arc::new(person));
                // Nobody listens any more only when serving ends.
                let _ = people.send(Ok(connection)).await;
            }
            Ok(_) => {
                warn!(person = %id, "a certificate that the enrolment log does not hold was turned away")
            }
            Err(error) => warn!(%error, "the enrolment log cannot be read"),
        },
    }
}

async fn keep(office: &Arc<Office>, site: Site, stream: TlsStream<TcpStream>) {
    match call_over(stream).await {
        Ok((channel, gone)) => {
            info!(site = %site.id, "connected");
            let node = NodeClient::new(channel)
                .max_decoding_message_size(MOST_MESSAGE_BYTES)
                .max_encoding_message_size(MOST_MESSAGE_BYTES);
            let kept = office.hub.keep(site.id.clone(), node, gone);
            announce::all_to(office, site.id.clone());
            kept.await;
            info!(site = %site.id, "disconnected");
        }
        Err(error) => debug!(site = %site.id, %error, "the link did not open"),
    }
}

/// Dials every site that listens, again and again. The coordinator stays the TLS server on these connections.
async fn dial_sites(
    office: Arc<Office>,
    mut sites: mpsc::UnboundedReceiver<Site>,
    acceptor: TlsAcceptor,
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
                    && let Some(stream) = greet(&acceptor, socket).await
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
    acceptor: TlsAcceptor,
) -> Result<(), ServeError> {
    let (newcomers, arriving) = mpsc::channel(MOST_HANDSHAKES);
    let door = EnrolmentServer::new(Door::new(office)).max_decoding_message_size(64 << 10);
    let greeting = async {
        loop {
            let Some(socket) = accepted(&listener).await else { continue };
            let (acceptor, newcomers) = (acceptor.clone(), newcomers.clone());
            tokio::spawn(async move {
                if let Some(stream) = greet(&acceptor, socket).await {
                    let (connection, _gone) = Watched::new(stream, ());
                    // Nobody listens any more only when serving ends.
                    let _ = newcomers.send(Ok::<_, io::Error>(connection)).await;
                }
            });
        }
    };
    tokio::select! {
        served = server().add_service(door).serve_with_incoming(ReceiverStream::new(arriving)) => Ok(served?),
        () = greeting => Ok(()),
    }
}
