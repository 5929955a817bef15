//! Where a connection is to lead: a host, by name or by IPv4 or IPv6 address, and a port.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// A host and a port.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Destination {
    /// The host.
    pub host: Host,
    /// The port.
    pub port: u16,
}

/// A machine, by name or by number.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Host {
    /// An address.
    Address(IpAddr),
    /// A name in lower case: letters, digits, `-`, `_` and `.`, so that it can stand in a request as it is.
    Name(String),
}

/// Why a text is no destination.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a host and a port; write registry.example.org:7470, 192.0.2.7:7470 or [2001:db8::7]:7470"
)]
pub struct DestinationError(String);

/// The most characters of a host name.
const LONGEST_NAME: usize = 253;

impl Host {
    /// Whether it is this very machine.
    pub fn is_this_machine(&self) -> bool {
        match self {
            Self::Address(address) => address.is_loopback() || address.is_unspecified(),
            Self::Name(name) => name == "localhost" || name.ends_with(".localhost"),
        }
    }

    /// Reads a host; an IPv6 address may stand in brackets.
    pub fn parse(text: &str) -> Option<Self> {
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        if let Ok(address) = bare.unwrap_or(text).parse() {
            return Some(Self::Address(address));
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        let is_label = |label: &str| {
            !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        };
        let fits = name.len() <= LONGEST_NAME && name.split('.').all(is_label);
        fits.then(|| Self::Name(name.to_ascii_lowercase()))
    }
}

impl FromStr for Destination {
    type Err = DestinationError;
    fn from_str(text: &str) -> Result<Self, DestinationError> {
        let parsed = text.rsplit_once(':').and_then(|(host, port)| {
            Some(Self { host: Host::parse(host)?, port: port.parse().ok().filter(|port| *port > 0)? })
        });
        parsed.ok_or_else(|| DestinationError(text.chars().take(80).collect()))
    }
}

impl fmt::Display for Host {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(IpAddr::V6(address)) => write!(out, "[{address}]"),
            Self::Address(address) => write!(out, "{address}"),
            Self::Name(name) => out.write_str(name),
        }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names_and_addresses_of_both_families_are_read_and_written_as_a_request_needs_them() {
        for (text, written) in [
            ("Registry.Example.org.:7470", "registry.example.org:7470"),
            ("192.0.2.7:7470", "192.0.2.7:7470"),
            ("[2001:db8::7]:7470", "[2001:db8::7]:7470"),
            ("::1:7470", "[::1]:7470"),
        ] {
            assert_eq!(text.parse::<Destination>().unwrap().to_string(), written);
        }
    }

    #[test]
    fn what_could_change_a_request_is_no_destination() {
        for text in [
            "",
            "a",
            "a:",
            ":1",
            "a:0",
            "a:65536",
            "a b:1",
            "a\r\nX: y:1",
            "a/b:1",
            "...:1",
            "user@a:1",
            "[a]:1",
        ] {
            assert!(text.parse::<Destination>().is_err(), "{text}");
        }
    }
}
