//! gRPC over one connection that is already open, in either direction.

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
/// How often an idle link is probed: below the minute after which hospital firewalls cut idle connections.
pub const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
/// How long a probe may go unanswered before the link counts as lost.
pub const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(5);

/// A gRPC server with the link's keepalive, to which services are added.
pub fn server() -> Server {
    Server::builder()
        .http2_keepalive_interval(Some(KEEPALIVE_INTERVAL))
        .http2_keepalive_timeout(Some(KEEPALIVE_TIMEOUT))
        .concurrency_limit_per_connection(16)
}

/// Serves `services` on this one connection until it is gone.
pub async fn serve_on<I>(connection: I, services: Router) -> Result<(), tonic::transport::Error>
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (connection, gone) = Watched::new(connection, ());
    // The stream of connections must not end, or the server says goodbye to the one it has.
    let connections = tokio_stream::once(Ok::<_, io::Error>(connection)).chain(tokio_stream::pending());
    tokio::select! {
        served = services.serve_with_incoming(connections) => served,
        _ = gone => Ok(()),
    }
}

/// A gRPC client on this one connection, and a future that ends when the connection is gone.
pub async fn call_over<I>(connection: I) -> Result<(Channel, Gone), tonic::transport::Error>
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
        .http2_keep_alive_interval(KEEPALIVE_INTERVAL)
        .keep_alive_timeout(KEEPALIVE_TIMEOUT)
        .keep_alive_while_idle(true)
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
