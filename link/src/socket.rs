//! gRPC over one connection that is already open, in either direction.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::oneshot;
use tokio_stream::StreamExt as _;
use tonic::transport::server::{Connected, Router};
use tonic::transport::{Channel, Endpoint, Server, Uri};

/// The most bytes of one message.
pub const MOST_MESSAGE_BYTES: usize = 32 << 20;
/// The most calls that are under way on one connection.
pub const MOST_CALLS: u32 = 16;

/// The most bytes of a call's headers.
const MOST_HEADER_BYTES: u32 = 16 << 10;
/// The most calls that a peer may have taken back and that are not cleared away yet.
const MOST_RESETS: usize = 32;
/// The most calls that wait for their turn at a connection.
const MOST_WAITING: usize = 64;

/// How links are probed. Both sides probe, whether the link is idle or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keepalive {
    /// How often: well below the minute after which hospital firewalls cut idle connections.
    pub interval: Duration,
    /// How long a probe may go unanswered before the link counts as lost.
    pub timeout: Duration,
}

impl Default for Keepalive {
    /// A link that is dead is found within 10 s.
    fn default() -> Self {
        Self { interval: Duration::from_secs(5), timeout: Duration::from_secs(5) }
    }
}

/// A gRPC server with the link's usual keepalive and bounds, to which services are added.
pub fn server() -> Server {
    server_with(Keepalive::default())
}

/// A gRPC server with this keepalive.
pub fn server_with(keepalive: Keepalive) -> Server {
    Server::builder()
        .http2_keepalive_interval(Some(keepalive.interval))
        .http2_keepalive_timeout(Some(keepalive.timeout))
        .concurrency_limit_per_connection(MOST_CALLS as usize)
        .max_concurrent_streams(MOST_CALLS)
        .http2_max_header_list_size(MOST_HEADER_BYTES)
        .http2_max_pending_accept_reset_streams(Some(MOST_RESETS))
}

/// Serves `services` on this one connection until it is gone.
pub async fn serve_on<I>(connection: I, services: Router) -> Result<(), tonic::transport::Error>
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    serve_until(connection, services, std::future::pending()).await
}

/// Serves `services` on this one connection until it is gone, or until `stopped` and the calls that are under way
/// then have been answered.
pub async fn serve_until<I>(
    connection: I,
    services: Router,
    stopped: impl Future<Output = ()>,
) -> Result<(), tonic::transport::Error>
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (connection, gone) = Watched::new(connection, ());
    // The stream of connections must not end, or the server says goodbye to the one it has.
    let connections = tokio_stream::once(Ok::<_, io::Error>(connection)).chain(tokio_stream::pending());
    tokio::select! {
        served = services.serve_with_incoming_shutdown(connections, stopped) => served,
        _ = gone => Ok(()),
    }
}

/// A gRPC client on this one connection, and a future that ends when the connection is gone.
pub async fn call_over<I>(connection: I) -> Result<(Channel, Gone), tonic::transport::Error>
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    call_over_with(connection, Keepalive::default()).await
}

/// A gRPC client with this keepalive.
pub async fn call_over_with<I>(
    connection: I,
    keepalive: Keepalive,
) -> Result<(Channel, Gone), tonic::transport::Error>
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (connection, gone) = Watched::new(connection, ());
    let once = Arc::new(Mutex::new(Some(TokioIo::new(connection))));
    let connector = tower::service_fn(move |_: Uri| {
        let connection = once.lock().ok().and_then(|mut once| once.take());
        std::future::ready(connection.ok_or_else(|| io::Error::from(io::ErrorKind::NotConnected)))
    });
    let channel = Endpoint::from_static("http://link")
        .http2_keep_alive_interval(keepalive.interval)
        .keep_alive_timeout(keepalive.timeout)
        .keep_alive_while_idle(true)
        .http2_max_header_list_size(MOST_HEADER_BYTES)
        .buffer_size(MOST_WAITING)
        .connect_with_connector(connector)
        .await?;
    Ok((channel, gone))
}

/// Ends when a connection is gone.
pub type Gone = oneshot::Receiver<()>;

/// A connection that tells when it is dropped, and says to whom it belongs.
pub struct Watched<I, P> {
    connection: I,
    peer: P,
    _gone: oneshot::Sender<()>,
}

impl<I, P> Watched<I, P> {
    /// Wraps a connection of `peer`.
    pub fn new(connection: I, peer: P) -> (Self, Gone) {
        let (sender, gone) = oneshot::channel();
        (Self { connection, peer, _gone: sender }, gone)
    }
}

impl<I, P: Clone + Send + Sync + 'static> Connected for Watched<I, P> {
    type ConnectInfo = P;
    fn connect_info(&self) -> P {
        self.peer.clone()
    }
}

impl<I: AsyncRead + Unpin, P: Unpin> AsyncRead for Watched<I, P> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_read(context, buffer)
    }
}

impl<I: AsyncWrite + Unpin, P: Unpin> AsyncWrite for Watched<I, P> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.connection).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_shutdown(context)
    }
}
