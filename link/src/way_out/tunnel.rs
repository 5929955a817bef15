//! Asking a proxy for a tunnel (HTTP `CONNECT`, RFC 9110 section 9.3.6).

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use zeroize::Zeroizing;

use super::Wire;
use super::proxy::Proxy;
use crate::destination::{Destination, Host};
use crate::dial::{CONNECT_TIMEOUT, DialError, connect};
use crate::interception;

/// The most bytes of a proxy's answer.
const LONGEST_ANSWER: usize = 16 << 10;

/// Why a proxy opens no tunnel. Nothing of it is the proxy's words but its status code.
#[derive(Debug, thiserror::Error)]
pub enum TunnelError {
    /// Nobody there.
    #[error("the proxy {proxy} cannot be reached: {source}")]
    Unreachable {
        /// Which.
        proxy: String,
        /// Why.
        source: DialError,
    },
    /// A proxy that cannot prove itself.
    #[error(
        "the proxy {proxy} does not prove itself: {reason}; `proxy_authorities` in link.toml must name its authority's file"
    )]
    Unproven {
        /// Which.
        proxy: String,
        /// Why.
        reason: String,
    },
    /// It closed the connection, or nothing came.
    #[error("the proxy {proxy} did not answer: {reason}")]
    Silent {
        /// Which.
        proxy: String,
        /// Why.
        reason: String,
    },
    /// What answers is no proxy.
    #[error(
        "what answers at {proxy} is no HTTP proxy; check the address and whether it is http:// or https://"
    )]
    NotHttp {
        /// Which.
        proxy: String,
    },
    /// 407 without credentials.
    #[error("the proxy {proxy} asks who is calling (407), by {schemes}; {remedy}")]
    AuthenticationRequired {
        /// Which.
        proxy: String,
        /// The ways in which one may prove it.
        schemes: String,
        /// What to do.
        remedy: String,
    },
    /// 407 with credentials; 401, as tinyproxy has it.
    #[error(
        "the proxy {proxy} does not take the user and password it was given ({status}); check `proxy_user` and the password's file"
    )]
    CredentialsRefused {
        /// Which.
        proxy: String,
        /// The code.
        status: u16,
    },
    /// 403, 405.
    #[error(
        "the proxy {proxy} forbids {destination} ({status}); ask IT to let CONNECT to {destination} through"
    )]
    Forbidden {
        /// Which.
        proxy: String,
        /// Where to.
        destination: Destination,
        /// The code.
        status: u16,
    },
    /// 502, 503, 504.
    #[error(
        "the proxy {proxy} cannot reach {destination} ({status}); if the coordinator is there, ask IT what the proxy says"
    )]
    NotThrough {
        /// Which.
        proxy: String,
        /// Where to.
        destination: Destination,
        /// The code.
        status: u16,
    },
    /// Another answer.
    #[error("the proxy {proxy} answered {status} when asked for {destination}; ask IT what it means")]
    Refused {
        /// Which.
        proxy: String,
        /// Where to.
        destination: Destination,
        /// The code.
        status: u16,
    },
}

/// Opens a tunnel.
pub async fn open(proxy: &Proxy, destination: &Destination) -> Result<Box<dyn Wire>, TunnelError> {
    let wire = reach(proxy).await?;
    let silent = |reason: String| TunnelError::Silent { proxy: proxy.to_string(), reason };
    timeout(CONNECT_TIMEOUT, ask(wire, proxy, destination))
        .await
        .map_err(|_| silent(format!("nothing came within {} s", CONNECT_TIMEOUT.as_secs())))?
}

/// A connection to the proxy itself.
async fn reach(proxy: &Proxy) -> Result<Box<dyn Wire>, TunnelError> {
    let unreachable = |source| TunnelError::Unreachable { proxy: proxy.to_string(), source };
    let socket = connect(&proxy.destination).await.map_err(unreachable)?;
    let Some(trust) = &proxy.trust else { return Ok(Box::new(socket)) };
    let unproven = |reason: String| TunnelError::Unproven { proxy: proxy.to_string(), reason };
    let host = match &proxy.destination.host {
        Host::Address(address) => (*address).into(),
        Host::Name(name) => {
            name.clone().try_into().map_err(|_| unproven("its name is no host name".into()))?
        }
    };
    let proven = timeout(CONNECT_TIMEOUT, TlsConnector::from(trust.clone()).connect(host, socket)).await;
    let stream = proven
        .map_err(|_| unproven(format!("no TLS handshake within {} s", CONNECT_TIMEOUT.as_secs())))?
        .map_err(|error| unproven(interception::fault(&error).to_string()))?;
    Ok(Box::new(stream))
}

/// Sends the request and reads the answer.
async fn ask(
    mut wire: Box<dyn Wire>,
    proxy: &Proxy,
    destination: &Destination,
) -> Result<Box<dyn Wire>, TunnelError> {
    let silent =
        |error: std::io::Error| TunnelError::Silent { proxy: proxy.to_string(), reason: error.to_string() };
    wire.write_all(request(proxy, destination).as_bytes()).await.map_err(silent)?;
    wire.flush().await.map_err(silent)?;
    let answer = Answer::read(&mut wire, proxy).await?;
    match answer.status {
        200..300 => Ok(wire),
        status => Err(refusal(&answer, status, proxy, destination)),
    }
}

fn request(proxy: &Proxy, destination: &Destination) -> Zeroizing<String> {
    let authorization = proxy.credentials.as_ref().map(|credentials| {
        Zeroizing::new(format!("Proxy-Authorization: {}\r\n", credentials.header().as_str()))
    });
    Zeroizing::new(format!(
        "CONNECT {destination} HTTP/1.1\r\nHost: {destination}\r\nUser-Agent: notochord\r\n{}\r\n",
        authorization.as_ref().map(|line| line.as_str()).unwrap_or_default()
    ))
}

fn refusal(answer: &Answer, status: u16, proxy: &Proxy, destination: &Destination) -> TunnelError {
    let (proxy_name, destination) = (proxy.to_string(), destination.clone());
    match status {
        407 if proxy.credentials.is_some() && answer.takes_basic() => {
            TunnelError::CredentialsRefused { proxy: proxy_name, status }
        }
        401 if proxy.credentials.is_some() => TunnelError::CredentialsRefused { proxy: proxy_name, status },
        407 => TunnelError::AuthenticationRequired {
            remedy: match answer.takes_basic() {
                true => "name `proxy_user` and `proxy_password_file` in link.toml".to_owned(),
                false => format!(
                    "only Basic is spoken here, so ask IT for a Basic account, or to let {destination} through \
                     without one"
                ),
            },
            proxy: proxy_name,
            schemes: answer.schemes(),
        },
        403 | 405 => TunnelError::Forbidden { proxy: proxy_name, destination, status },
        502..=504 => TunnelError::NotThrough { proxy: proxy_name, destination, status },
        _ => TunnelError::Refused { proxy: proxy_name, destination, status },
    }
}

/// The head of a proxy's answer.
struct Answer {
    status: u16,
    /// The values of `Proxy-Authenticate`.
    challenges: Vec<String>,
}

impl Answer {
    /// Reads up to the empty line that ends it.
    async fn read(wire: &mut Box<dyn Wire>, proxy: &Proxy) -> Result<Self, TunnelError> {
        let no_proxy = || TunnelError::NotHttp { proxy: proxy.to_string() };
        let silent = |reason: String| TunnelError::Silent { proxy: proxy.to_string(), reason };
        let mut head = Vec::new();
        let mut part = [0; 1024];
        loop {
            let read = wire.read(&mut part).await.map_err(|error| silent(error.to_string()))?;
            if read == 0 {
                let closed = silent("it closed the connection".into());
                return Err(if head.is_empty() { closed } else { no_proxy() });
            }
            head.extend_from_slice(&part[..read]);
            if !is_begun(&head) || head.len() > LONGEST_ANSWER {
                return Err(no_proxy());
            }
            if let Some(end) = head.windows(4).position(|four| four == b"\r\n\r\n") {
                let answer = Self::parse(&head[..end]).ok_or_else(no_proxy)?;
                // In TLS the caller speaks first: nothing can have come through the tunnel yet.
                let is_over = end + 4 == head.len();
                return if is_over || answer.status >= 300 { Ok(answer) } else { Err(no_proxy()) };
            }
        }
    }

    fn parse(head: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(head).ok()?;
        let mut lines = text.split("\r\n");
        let mut status_line = lines.next()?.splitn(3, ' ');
        status_line.next().filter(|version| matches!(*version, "HTTP/1.0" | "HTTP/1.1"))?;
        let code = status_line.next().filter(|code| code.len() == 3)?;
        let status = code.parse().ok().filter(|status| (200..600).contains(status))?;
        let challenge = |line: &str| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("proxy-authenticate").then(|| value.trim().to_owned())
        };
        Some(Self { status, challenges: lines.filter_map(challenge).collect() })
    }

    fn takes_basic(&self) -> bool {
        self.offers("Basic")
    }

    fn offers(&self, scheme: &str) -> bool {
        let begins = |part: &str| {
            let word = part.split_whitespace().next().unwrap_or_default();
            word.eq_ignore_ascii_case(scheme)
        };
        self.challenges.iter().any(|challenge| challenge.split(',').any(begins))
    }

    /// The ways to authenticate that the proxy offers, in our words.
    fn schemes(&self) -> String {
        let known = ["Basic", "Digest", "Kerberos", "Negotiate", "NTLM"];
        let offered: Vec<_> = known.into_iter().filter(|scheme| self.offers(scheme)).collect();
        match offered.is_empty() {
            true => "a way it does not name".to_owned(),
            false => offered.join(", "),
        }
    }
}

/// Whether bytes can be the beginning of an answer.
fn is_begun(head: &[u8]) -> bool {
    let start = b"HTTP/1.";
    head.iter().zip(start).all(|(byte, expected)| byte == expected)
}

#[cfg(test)]
mod tests;
