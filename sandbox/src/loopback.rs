//! Addresses on loopback at which a server can be found again after a restart.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io;
use std::net::TcpListener;

/// Below the ports that systems give to outgoing connections: one of those could take the place of a server that is
/// being restarted.
const FIRST: u64 = 20_000;
const PORTS: u64 = 12_000;
/// How many ports are tried.
const ATTEMPTS: usize = 1_000;

/// An address that nobody listens at.
pub(crate) fn free_address() -> io::Result<String> {
    let mut taken = io::ErrorKind::AddrInUse.into();
    for _ in 0..ATTEMPTS {
        let address = format!("127.0.0.1:{}", FIRST + RandomState::new().build_hasher().finish() % PORTS);
        match TcpListener::bind(&address) {
            Ok(_) => return Ok(address),
            Err(error) => taken = error,
        }
    }
    Err(taken)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_address_can_be_listened_at_again_and_again() {
        let address = free_address().unwrap();
        for _ in 0..3 {
            TcpListener::bind(&address).unwrap();
        }
    }
}
