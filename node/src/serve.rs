//! The link: dial out and serve on that connection, again and again; or listen and serve on what comes in. Either
//! way the node is the TLS client and the gRPC server.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use notochord_link::backoff::{Backoff, jitter};
use notochord_link::membership::{Membership, MembershipError};
use notochord_link::socket::{MOST_MESSAGE_BYTES, serve_on, server};
use notochord_proto::wire::node_server::NodeServer;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;
use tracing::{info, warn};

use crate::respond::Responder;
use crate::service::NodeService;

/// The most connections a listening node keeps at once: one in use, one taking over, and some in handshake.
const MOST_CONNECTIONS: usize = 8;

/// After this long a link counts as one that held.
const SETTLED: Duration = Duration::from_secs(10);
/// How long a link stays open beside the one that took over from it.
const OVERLAP: Duration = Duration::from_secs(30);

/// Dials the coordinator for as long as the node runs. A renewed certificate opens the next link before the present
/// one is closed.
pub async fn dial(membership: &Membership, responder: Arc<Responder>) {
    let mut backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(5));
    loop {
        // Read anew each time: a root document may name another certificate authority by now.
        let dialled = match responder.membership() {
            Ok(current) => current.dial().await,
            Err(_) => membership.dial().await,
        };
        match dialled {
            Ok(stream) => {
                info!(coordinator = %membership.connect, "connected");
                let connected = Instant::now();
                let serving = tokio::spawn(serve(stream, responder.clone()));
                if ends_or_renews(serving, &responder).await == After::Renewal {
                    info!("the next link proves itself with the renewed certificate");
                    backoff.reset();
                    continue;
                }
                // A coordinator that turns this node away does so only after the handshake.
                match connected.elapsed() >= SETTLED {
                    true => backoff.reset(),
                    false => warn!(
                        "the link ended at once; if it goes on, this site may have been removed, or its certificate \
                         is over: see `notochord-node status`"
                    ),
                }
                info!(coordinator = %membership.connect, "disconnected");
            }
            Err(error) => {
                write_down(&error, &responder).await;
                warn!(%error, "not connected; trying again");
            }
        }
        tokio::time::sleep(backoff.next(jitter())).await;
    }
}

/// What ended the care for a link.
#[derive(PartialEq, Eq)]
enum After {
    /// It is gone.
    Loss,
    /// It goes on for a while beside the next one.
    Renewal,
}

/// Waits until a link is gone, or its certificate was renewed; then it has some time to answer what was asked on it.
async fn ends_or_renews(mut serving: JoinHandle<()>, responder: &Responder) -> After {
    tokio::select! {
        // A link whose task failed is gone too.
        _ = &mut serving => After::Loss,
        () = responder.renewed() => {
            tokio::spawn(async move {
                let stop = serving.abort_handle();
                if timeout(OVERLAP, serving).await.is_err() {
                    stop.abort();
                }
            });
            After::Renewal
        }
    }
}

/// Serves whoever connects and proves to be the coordinator.
pub async fn listen(
    listener: TcpListener,
    membership: Arc<Membership>,
    responder: Arc<Responder>,
) -> io::Result<()> {
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return Ok(()) };
        let (socket, caller) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                warn!(%error, "a connection could not be accepted");
                // Usually the limit of open files: connections must end before more can begin.
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let (membership, responder) = (membership.clone(), responder.clone());
        tokio::spawn(async move {
            let current = responder.membership();
            match greet(current.as_ref().unwrap_or(&membership), socket).await {
                Ok(stream) => {
                    info!(%caller, "the coordinator connected");
                    serve(stream, responder.clone()).await;
                    info!(%caller, "the coordinator disconnected");
                }
                Err(error) => {
                    write_down(&error, &responder).await;
                    warn!(%caller, %error, "a caller is not the coordinator");
                }
            }
            drop(place);
        });
    }
}

async fn greet(membership: &Membership, socket: TcpStream) -> Result<TlsStream<TcpStream>, MembershipError> {
    // Without it small answers wait for acknowledgements; a socket that cannot have it still works.
    let _ = socket.set_nodelay(true);
    membership.greet(socket, "the caller").await
}

/// Somebody in the coordinator's place belongs into the ledger; a link that does not open does not.
async fn write_down(error: &MembershipError, responder: &Arc<Responder>) {
    if let MembershipError::Unproven { reason, .. } = *error {
        let responder = responder.clone();
        let written = tokio::task::spawn_blocking(move || responder.turn_away(reason)).await;
        if let Err(error) = written {
            warn!(%error, "the ledger could not be written");
        }
    }
}

async fn serve(stream: TlsStream<TcpStream>, responder: Arc<Responder>) {
    let service = NodeServer::new(NodeService(responder))
        .max_decoding_message_size(MOST_MESSAGE_BYTES)
        .max_encoding_message_size(MOST_MESSAGE_BYTES);
    if let Err(error) = serve_on(stream, server().add_service(service)).await {
        warn!(%error, "the link failed");
    }
}
