//! The link: dial out and serve on that connection, again and again; or listen and serve on what comes in. Either
//! way the node is the TLS client and the gRPC server.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use notochord_link::dial::tune;
use notochord_link::membership::{Connection, Membership, MembershipError};
use notochord_link::rate::{Rate, RateLimit};
use notochord_link::socket::{Keepalive, MOST_MESSAGE_BYTES, serve_until, server_with};
use notochord_proto::wire::node_server::NodeServer;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;
use tonic::service::interceptor::InterceptedService;
use tonic::{Request, Status};
use tracing::{info, warn};

use crate::pace::Pace;
use crate::respond::Responder;
use crate::service::NodeService;

/// The most connections a listening node keeps at once: one in use, one taking over, and some in handshake.
const MOST_CONNECTIONS: usize = 8;

/// How much the coordinator may ask on one link; far more than it ever has to.
const RATE_OF_CALLS: Rate = Rate { burst: 1000, per_second: 100 };

/// After this long a link counts as one that held.
const SETTLED: Duration = Duration::from_secs(10);

/// How long an attempt to open a link may take in all.
const LONGEST_ATTEMPT: Duration = Duration::from_secs(20);
/// The most attempts at a time: one that hangs, as in a firewall that swallows everything, must not keep the next
/// one waiting.
const MOST_ATTEMPTS: usize = 8;

/// How long a new link and the one it replaces are both open: the coordinator must have found the new one.
const OVERLAP: Duration = Duration::from_millis(500);

/// Keeps a link to the coordinator for as long as the node runs. When another membership is handed in, as after a
/// renewal, a new link takes over before the old one is closed, and no call is lost.
pub async fn dial(
    mut memberships: watch::Receiver<Arc<Membership>>,
    keepalive: Keepalive,
    responder: Arc<Responder>,
) {
    let mut pace = Pace::new();
    let mut replaced: Option<Link> = None;
    loop {
        let membership = memberships.borrow_and_update().clone();
        let stream = tokio::select! {
            stream = open(&membership, &mut pace, &responder) => stream,
            Ok(()) = memberships.changed() => continue,
        };
        let was_expected = pace.arrive();
        info!(coordinator = %membership.connect, after_a_planned_stop = was_expected, "connected");
        let mut link = Link::serve(stream, keepalive, responder.clone());
        if let Some(old) = replaced.take() {
            tokio::spawn(old.retire());
        }
        let connected = Instant::now();
        tokio::select! {
            () = link.ended() => {}
            Ok(()) = memberships.changed() => {
                info!("opening a new link that takes over");
                replaced = Some(link);
                continue;
            }
        }
        let stopped = responder.parting.take();
        // A coordinator that turns this node away does so only after the handshake.
        match connected.elapsed() >= SETTLED {
            _ if stopped => pace.part(Instant::now()),
            true => pace.reset(),
            false => warn!(
                "the link ended at once; if it goes on, this site may have been removed, or its certificate is over: \
                 see `notochord-node doctor`"
            ),
        }
        info!(coordinator = %membership.connect, planned = stopped, "disconnected");
        tokio::time::sleep(pace.next(Instant::now())).await;
    }
}

/// Tries again and again, also while earlier attempts hang, until a link is open.
async fn open(membership: &Arc<Membership>, pace: &mut Pace, responder: &Arc<Responder>) -> Connection {
    let mut attempts = JoinSet::new();
    loop {
        if attempts.len() < MOST_ATTEMPTS {
            // Read anew each time: a root document may name another certificate authority by now.
            let membership = responder.membership().map_or_else(|_| membership.clone(), Arc::new);
            attempts.spawn(async move { timeout(LONGEST_ATTEMPT, membership.dial()).await });
        }
        let next = tokio::time::sleep(pace.next(Instant::now()));
        tokio::pin!(next);
        loop {
            tokio::select! {
                () = &mut next => break,
                Some(finished) = attempts.join_next() => match finished {
                    Ok(Ok(Ok(stream))) => return stream,
                    Ok(Ok(Err(error))) => {
                        write_down(&error, responder).await;
                        warn!(%error, "not connected; trying again");
                    }
                    // Every step of an attempt has a limit of its own, which is met before this one.
                    Ok(Err(_)) | Err(_) => warn!("an attempt to connect hung; trying again"),
                },
            }
        }
    }
}

/// A link that is served by a task of its own.
struct Link {
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl Link {
    fn serve(stream: Connection, keepalive: Keepalive, responder: Arc<Responder>) -> Self {
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(async move {
            let told = async {
                // Without anybody who could tell, the link goes on.
                if stopped.await.is_err() {
                    std::future::pending().await
                }
            };
            serve(stream, keepalive, &responder, told).await;
        });
        Self { stop, serving }
    }

    async fn ended(&mut self) {
        // A task that failed has ended too.
        let _ = (&mut self.serving).await;
    }

    /// Closes it once another one has taken over: it takes no new calls, and ends when those under way are answered.
    async fn retire(self) {
        tokio::time::sleep(OVERLAP).await;
        // A link that has ended needs no telling.
        let _ = self.stop.send(());
    }
}

/// Serves whoever connects and proves to be the coordinator.
pub async fn listen(
    listener: TcpListener,
    membership: Arc<Membership>,
    keepalive: Keepalive,
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
                    serve(stream, keepalive, &responder, std::future::pending()).await;
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

async fn greet(membership: &Membership, socket: TcpStream) -> Result<Connection, MembershipError> {
    tune(&socket);
    membership.greet(Box::new(socket), "the caller").await
}

/// Somebody in the coordinator's place belongs into the ledger; a link that does not open does not.
async fn write_down(error: &MembershipError, responder: &Arc<Responder>) {
    if let Some(reason) = error.unproven() {
        let responder = responder.clone();
        let written = tokio::task::spawn_blocking(move || responder.turn_away(reason)).await;
        if let Err(error) = written {
            warn!(%error, "the ledger could not be written");
        }
    }
}

async fn serve(
    stream: Connection,
    keepalive: Keepalive,
    responder: &Arc<Responder>,
    stopped: impl Future<Output = ()> + Send,
) {
    let service = NodeServer::new(NodeService(responder.clone()))
        .max_decoding_message_size(MOST_MESSAGE_BYTES)
        .max_encoding_message_size(MOST_MESSAGE_BYTES);
    let calls = Arc::new(RateLimit::new(RATE_OF_CALLS));
    let service = InterceptedService::new(service, move |request: Request<()>| {
        let admitted = calls.admits((), Instant::now()).then_some(request);
        admitted.ok_or_else(|| Status::resource_exhausted("too many calls; wait a little and try again"))
    });
    if let Err(error) = serve_until(stream, server_with(keepalive).add_service(service), stopped).await {
        warn!(%error, "the link failed");
    }
}
