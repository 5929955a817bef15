//! A connection that can be cut from outside, wherever it is in use.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::oneshot;

/// A connection that ends when its [`Cut`] says so.
pub struct Severable<I> {
    connection: I,
    cut: oneshot::Receiver<()>,
    severed: bool,
}

/// Cuts a connection when it is used; a `Cut` that is dropped leaves its connection alone.
pub struct Cut(oneshot::Sender<()>);

impl Cut {
    /// Cuts the connection.
    pub fn now(self) {
        // A connection that is gone already needs no cutting.
        let _ = self.0.send(());
    }

    /// Whether the connection is gone.
    pub fn is_pointless(&self) -> bool {
        self.0.is_closed()
    }
}

impl<I> Severable<I> {
    /// Wraps a connection.
    pub fn new(connection: I) -> (Self, Cut) {
        let (sender, cut) = oneshot::channel();
        (Self { connection, cut, severed: false }, Cut(sender))
    }

    fn check(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        // Once only: what has answered must not be asked again.
        if !self.severed
            && !self.cut.is_terminated()
            && let Poll::Ready(Ok(())) = Pin::new(&mut self.cut).poll(context)
        {
            self.severed = true;
        }
        match self.severed {
            true => Err(io::Error::from(io::ErrorKind::ConnectionAborted)),
            false => Ok(()),
        }
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Severable<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.connection).poll_read(context, buffer)
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Severable<I> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check(context)?;
        Pin::new(&mut self.connection).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.connection).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    #[tokio::test]
    async fn a_reader_that_waits_is_woken_when_the_connection_is_cut() {
        let (near, mut far) = duplex(16);
        let (mut severable, cut) = Severable::new(near);
        far.write_all(b"a").await.unwrap();
        assert_eq!(severable.read_u8().await.unwrap(), b'a');
        let waiting = tokio::spawn(async move { severable.read_u8().await.unwrap_err().kind() });
        cut.now();
        assert_eq!(waiting.await.unwrap(), io::ErrorKind::ConnectionAborted);
    }

    #[tokio::test]
    async fn a_cut_that_is_dropped_leaves_the_connection_alone() {
        let (near, mut far) = duplex(16);
        let (mut severable, cut) = Severable::new(near);
        drop(cut);
        far.write_all(b"ab").await.unwrap();
        assert_eq!(severable.read_u16().await.unwrap(), 0x6162);
    }
}
