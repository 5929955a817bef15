//! An HTTP proxy: where it is, how it is reached, and as whom.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rustls::ClientConfig;
use zeroize::Zeroizing;

use crate::destination::{Destination, Host};

/// A proxy that opens tunnels (`CONNECT`). Printed without credentials.
#[derive(Clone)]
pub struct Proxy {
    /// Where it listens.
    pub destination: Destination,
    pub(crate) trust: Option<Arc<ClientConfig>>,
    pub(crate) credentials: Option<Credentials>,
}

/// A name and a password for basic authentication; wiped when dropped, never printed.
#[derive(Clone)]
pub struct Credentials(Zeroizing<String>);

/// A proxy's address, as a URL says it.
pub struct ProxyUrl {
    /// How it is spoken to.
    pub scheme: Scheme,
    /// Where it listens.
    pub destination: Destination,
    /// The user's name in the URL.
    pub user: Option<String>,
    /// The password in the URL.
    pub password: Option<Zeroizing<String>>,
}

/// How a proxy is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// In plain HTTP. What goes through the tunnel is encrypted all the same; the proxy's password is not.
    Http,
    /// In HTTP within TLS.
    Https,
}

/// Why a text names no proxy. It may hold a password and is never repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProxyUrlError {
    /// Not a proxy's address.
    #[error("is not a proxy's address; write http://proxy.hospital.example:3128")]
    Malformed,
    /// Another kind of proxy.
    #[error("names a kind of proxy that is not spoken here; only http:// and https:// are")]
    Scheme,
    /// A name or password in a form that cannot be read.
    #[error("has a user or password that cannot be read; write @, : and % in them as %40, %3A and %25")]
    Credentials,
}

/// The most characters of a proxy's address.
const LONGEST: usize = 2000;

impl Proxy {
    /// A proxy that is spoken to in plain HTTP.
    pub fn plain(destination: Destination, credentials: Option<Credentials>) -> Self {
        Self { destination, trust: None, credentials }
    }

    /// A proxy that is spoken to within TLS, and must prove itself as `trust` demands.
    pub fn within_tls(
        destination: Destination,
        trust: Arc<ClientConfig>,
        credentials: Option<Credentials>,
    ) -> Self {
        Self { destination, trust: Some(trust), credentials }
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.trust.is_some() { "https" } else { "http" };
        write!(out, "{scheme}://{}", self.destination)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl Credentials {
    /// Of this user. A colon would end the name early, so no name has one.
    pub fn new(user: &str, password: &str) -> Result<Self, ProxyUrlError> {
        let is_sound = |text: &str| !text.contains(char::is_control);
        match !user.is_empty() && !user.contains(':') && is_sound(user) && is_sound(password) {
            true => Ok(Self(Zeroizing::new(format!("{user}:{password}")))),
            false => Err(ProxyUrlError::Credentials),
        }
    }

    /// The value of the header that carries them.
    pub(crate) fn header(&self) -> Zeroizing<String> {
        let encoded = Zeroizing::new(BASE64.encode(self.0.as_bytes()));
        Zeroizing::new(format!("Basic {}", encoded.as_str()))
    }
}

impl ProxyUrl {
    /// Reads `http://user:password@host:port`; all but the host may be left out.
    pub fn parse(text: &str) -> Result<Self, ProxyUrlError> {
        if text.len() > LONGEST {
            return Err(ProxyUrlError::Malformed);
        }
        let (scheme, rest) = text.trim().split_once("://").unwrap_or(("http", text.trim()));
        let (scheme, usual_port) = match scheme.to_ascii_lowercase().as_str() {
            "http" => (Scheme::Http, 80),
            "https" => (Scheme::Https, 443),
            _ => return Err(ProxyUrlError::Scheme),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (credentials, place) = match rest.rsplit_once('@') {
            Some((credentials, place)) => (Some(credentials), place),
            None => (None, rest),
        };
        let destination = match Host::parse(place) {
            Some(host) => Destination { host, port: usual_port },
            None => place.parse().map_err(|_| ProxyUrlError::Malformed)?,
        };
        let (user, password) = match credentials.map(|both| both.split_once(':').unwrap_or((both, ""))) {
            None => (None, None),
            Some((user, "")) => (Some(decoded(user)?.to_string()), None),
            Some((user, password)) => (Some(decoded(user)?.to_string()), Some(decoded(password)?)),
        };
        Ok(Self { scheme, destination, user, password })
    }
}

/// A part of a URL without its percent signs.
fn decoded(text: &str) -> Result<Zeroizing<String>, ProxyUrlError> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let mut digit = || rest.next().and_then(|byte| char::from(byte).to_digit(16));
                let (high, low) = (digit(), digit());
                let value = high.zip(low).map(|(high, low)| high * 16 + low);
                value.and_then(|value| u8::try_from(value).ok()).ok_or(ProxyUrlError::Credentials)?
            }
            byte => byte,
        });
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| ProxyUrlError::Credentials)?;
    Ok(Zeroizing::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_address_is_read_with_and_without_scheme_port_and_credentials() {
        for (text, expected) in [
            ("proxy.hospital.example:3128", (Scheme::Http, "proxy.hospital.example:3128", None, None)),
            ("http://proxy/", (Scheme::Http, "proxy:80", None, None)),
            ("HTTPS://[fd00::1]", (Scheme::Https, "[fd00::1]:443", None, None)),
            ("http://me@proxy:3128", (Scheme::Http, "proxy:3128", Some("me"), None)),
            ("http://me:p%40ss%3aw@rd@proxy:1", (Scheme::Http, "proxy:1", Some("me"), Some("p@ss:w@rd"))),
        ] {
            let url = ProxyUrl::parse(text).unwrap();
            let password = url.password.as_ref().map(|password| password.as_str());
            let read = (url.scheme, url.destination.to_string(), url.user.as_deref(), password);
            assert_eq!(read, (expected.0, expected.1.to_owned(), expected.2, expected.3), "{text}");
        }
    }

    #[test]
    fn what_is_no_proxy_is_named_without_its_words() {
        for (text, expected) in [
            ("socks5://me:secret@proxy:1080", ProxyUrlError::Scheme),
            ("http://me:secret@", ProxyUrlError::Malformed),
            ("http://me:secret@pro xy:1", ProxyUrlError::Malformed),
            ("http://me:%zz@proxy:1", ProxyUrlError::Credentials),
            ("http://me:%ff@proxy:1", ProxyUrlError::Credentials),
        ] {
            let error = ProxyUrl::parse(text).err().unwrap();
            assert_eq!(error, expected, "{text}");
            assert!(!error.to_string().contains("secret"));
        }
    }

    #[test]
    fn credentials_are_what_the_standard_example_says_and_cannot_break_a_request() {
        let header = Credentials::new("Aladdin", "open sesame").unwrap().header();
        assert_eq!(header.as_str(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        for (user, password) in [("", "a"), ("a:b", "c"), ("a", "b\r\nX: y"), ("a\n", "b")] {
            assert!(Credentials::new(user, password).is_err());
        }
        let proxy = Proxy::plain("proxy:3128".parse().unwrap(), Credentials::new("me", "secret").ok());
        assert_eq!(format!("{proxy} {proxy:?}"), "http://proxy:3128 http://proxy:3128");
    }
}
