//! The way out of a hospital: straight to the destination, or through the HTTP proxy that stands between.

pub mod exemptions;
pub mod proxy;
pub mod tunnel;

use tokio::io::{AsyncRead, AsyncWrite};

use crate::destination::{Destination, DestinationError};
use crate::dial::{DialError, connect};
use exemptions::Exemptions;
use proxy::Proxy;
use tunnel::TunnelError;

/// Bytes both ways, whatever carries them.
pub trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// How connections leave from here.
#[derive(Debug, Clone, Default)]
pub struct WayOut {
    proxy: Option<Result<Proxy, UnusableProxy>>,
    exemptions: Exemptions,
}

/// A proxy is named, and not so that it can be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{named_by} {reason}")]
pub struct UnusableProxy {
    /// What names it.
    pub named_by: &'static str,
    /// What is wrong.
    pub reason: String,
}

/// Why no connection could be opened.
#[derive(Debug, thiserror::Error)]
pub enum WayOutError {
    /// Where to.
    #[error(transparent)]
    Destination(#[from] DestinationError),
    /// Nobody answers.
    #[error(transparent)]
    Dial(#[from] DialError),
    /// The proxy does not let it through.
    #[error(transparent)]
    Tunnel(#[from] TunnelError),
    /// The proxy cannot be asked.
    #[error(transparent)]
    Unusable(#[from] UnusableProxy),
}

impl WayOut {
    /// Through `proxy`, but for what is exempt. One that cannot be used is an error where it would be asked.
    pub fn through(proxy: Result<Proxy, UnusableProxy>, exemptions: Exemptions) -> Self {
        Self { proxy: Some(proxy), exemptions }
    }

    /// The proxy on the way to a destination, where there is one.
    pub fn proxy_to(&self, destination: &Destination) -> Result<Option<&Proxy>, UnusableProxy> {
        match &self.proxy {
            Some(proxy) if !self.exemptions.cover(destination) => {
                proxy.as_ref().map(Some).map_err(Clone::clone)
            }
            _ => Ok(None),
        }
    }

    /// Opens a connection.
    pub async fn open(&self, destination: &Destination) -> Result<Box<dyn Wire>, WayOutError> {
        match self.proxy_to(destination)? {
            Some(proxy) => Ok(tunnel::open(proxy, destination).await?),
            None => Ok(Box::new(connect(destination).await?)),
        }
    }
}
