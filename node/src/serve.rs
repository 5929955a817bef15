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
use tokio_rustls::client::TlsStream;
use tracing::{info, warn};

use crate::respond::Responder;
use crate::service::NodeService;

/// The most connections a listening node keeps at once: one in use, one taking over, and some in handshake.
const MOST_CONNECTIONS: usize = 8;

/// After this long a link counts as one that held.
const SETTLED: Duration = Duration::from_secs(10);

/// Dials the coordinator for as long as the node runs.
pub async fn dial(membership: &Membership, responder: Arc<Responder>) {
    let mut backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(5));
    loop {
        match membership.dial().await {
            Ok(stream) => {
                info!(coordinator = %membership.connect, "connected");
                let connected = Instant::now();
                serve(stream, &responder).await;
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
            match greet(&membership, socket).await {
                Ok(stream) => {
                    info!(%caller, "the coordinator connected");
                    serve(stream, &responder).await;
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

async fn serve(stream: TlsStream<TcpStream>, responder: &Arc<Responder>) {
    let service = NodeServer::new(NodeService(responder.clone()))
        .max_decoding_message_size(MOST_MESSAGE_BYTES)
        .max_encoding_message_size(MOST_MESSAGE_BYTES);
    if let Err(error) = serve_on(stream, server().add_service(service)).await {
        warn!(%error, "the link failed");
    }
}
