//! Opening a TCP connection to a host that may have several addresses of both families.
//!
//! Names are resolved anew at every attempt, so that a coordinator which moves is found again. The addresses are
//! tried in turn, the families alternating, each with a head start before the next one joins in (RFC 8305).

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpStream, lookup_host};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::destination::{Destination, Host};

/// How long each step of opening a connection may take: finding the address, reaching it, its proxy's answer, TLS.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long bytes may stay unacknowledged before the system gives a connection up. It finds a connection that is
/// open on this side only as soon as something is to be sent on it.
pub const UNACKNOWLEDGED_TIMEOUT: Duration = Duration::from_secs(10);

/// How long an address is tried alone before the next one joins in.
const HEAD_START: Duration = Duration::from_millis(250);
/// The most addresses of one name that are tried.
const MOST_ADDRESSES: usize = 8;

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// No such name, or nobody to ask.
    #[error("`{host}` is not found in DNS ({reason}); check the name, and the resolver of this machine")]
    Unknown {
        /// Which name.
        host: String,
        /// What the resolver said.
        reason: String,
    },
    /// No address answers.
    #[error("{destination} does not answer ({}); check that it is the right address, and that outgoing TCP to it is open", Tries(.tries))]
    Unreachable {
        /// What was dialled.
        destination: Destination,
        /// The addresses that were tried, and what each said.
        tries: Vec<(SocketAddr, io::Error)>,
    },
    /// No address answers in time.
    #[error("{destination} does not answer within {} s; check that outgoing TCP to it is open", CONNECT_TIMEOUT.as_secs())]
    Silent {
        /// What was dialled.
        destination: Destination,
    },
}

/// Connects to whichever address of the destination answers first.
pub async fn connect(destination: &Destination) -> Result<TcpStream, DialError> {
    let addresses = resolve(destination).await?;
    let socket = timeout(CONNECT_TIMEOUT, race(&addresses))
        .await
        .map_err(|_| DialError::Silent { destination: destination.clone() })?
        .map_err(|tries| DialError::Unreachable { destination: destination.clone(), tries })?;
    tune(&socket);
    Ok(socket)
}

/// The addresses of a destination, in the order in which they are tried.
pub async fn resolve(destination: &Destination) -> Result<Vec<SocketAddr>, DialError> {
    let name = match &destination.host {
        Host::Address(address) => return Ok(vec![SocketAddr::new(*address, destination.port)]),
        Host::Name(name) => name,
    };
    let unknown = |reason: String| DialError::Unknown { host: name.clone(), reason };
    let found = timeout(CONNECT_TIMEOUT, lookup_host((name.as_str(), destination.port)))
        .await
        .map_err(|_| unknown("no answer".into()))?
        .map_err(|error| unknown(error.to_string()))?;
    match in_turn(found.collect()) {
        addresses if addresses.is_empty() => Err(unknown("it has no address".into())),
        addresses => Ok(addresses),
    }
}

/// Sends small messages at once, and has the system notice a peer that is gone.
pub fn tune(socket: &TcpStream) {
    let socket = SockRef::from(socket);
    // A socket that cannot have these still works: the link's own probes find what they would have found.
    let _ = socket.set_tcp_nodelay(true);
    let probes = TcpKeepalive::new().with_time(Duration::from_secs(20)).with_interval(Duration::from_secs(5));
    let _ = socket.set_tcp_keepalive(&probes);
    #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
    let _ = socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED_TIMEOUT));
}

/// The first addresses, the families alternating from the one that the resolver prefers.
fn in_turn(found: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let Some(first) = found.first().copied() else { return Vec::new() };
    let (preferred, other): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|address| address.is_ipv6() == first.is_ipv6());
    let (mut preferred, mut other) = (preferred.into_iter(), other.into_iter());
    let pairs = std::iter::from_fn(|| match [preferred.next(), other.next()] {
        [None, None] => None,
        pair => Some(pair),
    });
    pairs.flatten().flatten().take(MOST_ADDRESSES).collect()
}

/// The first connection that opens, or what became of each attempt.
async fn race(addresses: &[SocketAddr]) -> Result<TcpStream, Vec<(SocketAddr, io::Error)>> {
    let mut waiting = addresses.iter().copied();
    let (mut running, mut failed) = (JoinSet::new(), Vec::new());
    loop {
        if let Some(address) = waiting.next() {
            running.spawn(async move { (address, TcpStream::connect(address).await) });
        }
        let finished = match waiting.len() {
            0 => Some(running.join_next().await),
            _ => timeout(HEAD_START, running.join_next()).await.ok(),
        };
        match finished {
            Some(Some(Ok((_, Ok(socket))))) => return Ok(socket),
            Some(Some(Ok((address, Err(error))))) => failed.push((address, error)),
            Some(None) if waiting.len() == 0 => return Err(failed),
            _ => {}
        }
    }
}

/// The attempts, for people.
struct Tries<'a>(&'a [(SocketAddr, io::Error)]);

impl fmt::Display for Tries<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (address, error)) in self.0.iter().enumerate() {
            let separator = if index > 0 { "; " } else { "" };
            write!(out, "{separator}{address}: {error}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::net::{Ipv4Addr, Ipv6Addr};

    use tokio::net::TcpListener;

    use super::*;

    fn v4(port: u16) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, port).into()
    }

    fn v6(port: u16) -> SocketAddr {
        (Ipv6Addr::LOCALHOST, port).into()
    }

    #[test]
    fn the_families_take_turns_from_the_preferred_one_on_and_are_bounded() {
        assert_eq!(in_turn(vec![v6(1), v6(2), v6(3), v4(4)]), [v6(1), v4(4), v6(2), v6(3)]);
        assert_eq!(in_turn(vec![v4(1), v6(2), v4(3)]), [v4(1), v6(2), v4(3)]);
        assert_eq!(in_turn((1..100).map(v4).collect()).len(), MOST_ADDRESSES);
        assert!(in_turn(Vec::new()).is_empty());
    }

    #[tokio::test]
    async fn an_address_that_refuses_gives_way_to_the_next_at_once() {
        let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let there = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let socket = race(&[gone, there.local_addr().unwrap()]).await.unwrap();
        assert_eq!(socket.peer_addr().unwrap(), there.local_addr().unwrap());
        let tries = race(&[gone, gone]).await.unwrap_err();
        assert_eq!(tries.iter().map(|(address, _)| *address).collect::<Vec<_>>(), [gone, gone]);
    }

    #[tokio::test]
    async fn an_address_that_swallows_everything_gives_way_to_the_next_after_its_head_start() {
        // A queue for one connection that nobody accepts: what comes after it is never answered.
        let swallowing = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        swallowing.bind(&v4(0).into()).unwrap();
        swallowing.listen(0).unwrap();
        let silent = swallowing.local_addr().unwrap().as_socket().unwrap();
        let _queued = TcpStream::connect(silent).await.unwrap();
        let there = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let socket = race(&[silent, there.local_addr().unwrap()]).await.unwrap();
        assert_eq!(socket.peer_addr().unwrap(), there.local_addr().unwrap());
    }

    #[tokio::test]
    async fn an_ipv6_literal_is_dialled_and_an_unknown_name_is_named() {
        let Ok(listener) = TcpListener::bind("[::1]:0").await else { return };
        let address = listener.local_addr().unwrap().to_string();
        connect(&address.parse().unwrap()).await.unwrap();
        let unknown = connect(&"nowhere.invalid:7470".parse().unwrap()).await.unwrap_err();
        assert!(unknown.to_string().starts_with("`nowhere.invalid` is not found in DNS"), "{unknown}");
    }
}
