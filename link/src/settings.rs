//! How the links of a directory are made: its `link.toml`, and where that is silent the environment.
//!
//! ```toml
//! proxy = "http://proxy.hospital.example:3128"   # or https://…, or "none"
//! proxy_user = "notochord"
//! proxy_password_file = "keys/proxy.password"    # readable by its owner only
//! proxy_authorities = "proxy-authorities.pem"    # whom an https:// proxy must be certified by
//! no_proxy = [".hospital.example", "10.0.0.0/8"]
//! keepalive_interval_s = 5
//! keepalive_timeout_s = 5
//! ```
//!
//! Where `proxy` is not there, `HTTPS_PROXY` and `NO_PROXY` count (in lower case first); a proxy of the environment
//! is never asked for this very machine.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use notochord_proto::fields::{Fields, Section};
use notochord_proto::problem::{Place, Problem};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use zeroize::Zeroizing;

use crate::destination::Destination;
use crate::private_file::read_private;
use crate::socket::Keepalive;
use crate::tls;
use crate::way_out::exemptions::{Exemptions, MOST_ENTRIES};
use crate::way_out::proxy::{Credentials, Proxy, ProxyUrl, Scheme};
use crate::way_out::{UnusableProxy, WayOut};

/// The file's name.
pub const FILE: &str = "link.toml";

/// The most bytes of a file with authorities.
const LONGEST_AUTHORITIES: u64 = 1 << 20;

const CREDENTIALS: &str = "and its password hold no control character, and the user no colon";

/// How links are made.
#[derive(Debug, Clone, Default)]
pub struct LinkSettings {
    /// How connections leave from here.
    pub way_out: WayOut,
    /// How idle links are probed.
    pub keepalive: Keepalive,
}

/// A variable of the environment.
pub type Variable<'a> = &'a dyn Fn(&str) -> Option<String>;

impl LinkSettings {
    /// The settings of a directory, in this process's environment.
    pub fn load(directory: &Path) -> Result<Self, Problem> {
        Self::read(directory, &|name| std::env::var(name).ok())
    }

    /// The settings of a directory, in a given environment.
    pub fn read(directory: &Path, environment: Variable<'_>) -> Result<Self, Problem> {
        let file = directory.join(FILE);
        let name = file.display().to_string();
        let section = match fs::read(&file) {
            Ok(bytes) => Section::from_bytes(&name, &bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Section::parse(&name, "")?,
            Err(error) => return Err(Problem::new(Place::file(name), error.to_string())),
        };
        let mut fields = section.fields();
        let settings = Self {
            way_out: way_out(directory, &mut fields, environment)?,
            keepalive: keepalive(&mut fields)?,
        };
        fields.finish()?;
        Ok(settings)
    }
}

fn keepalive(fields: &mut Fields<'_>) -> Result<Keepalive, Problem> {
    let usual = Keepalive::default();
    let mut seconds = |key, most: u64, usual: Duration| match fields.optional::<u32>(key)? {
        None => Ok(usual),
        Some(written) if (1..=most).contains(&u64::from(written)) => Ok(Duration::from_secs(written.into())),
        Some(_) => Err(fields.problem(key, format!("is between 1 and {most} seconds"))),
    };
    // A hospital's firewall cuts what is idle for a minute.
    let interval = seconds("keepalive_interval_s", 50, usual.interval)?;
    Ok(Keepalive { interval, timeout: seconds("keepalive_timeout_s", 60, usual.timeout)? })
}

fn way_out(directory: &Path, fields: &mut Fields<'_>, environment: Variable<'_>) -> Result<WayOut, Problem> {
    let written: Option<String> = fields.optional("proxy")?;
    let user: Option<String> = fields.optional("proxy_user")?;
    let password_file: Option<String> = fields.optional("proxy_password_file")?;
    let authorities: Option<String> = fields.optional("proxy_authorities")?;
    let exempt: Option<Vec<String>> = fields.optional("no_proxy")?;
    let trust = match &authorities {
        Some(file) => {
            let file = directory.join(file);
            Some(trust(&file).map_err(|reason| fields.problem("proxy_authorities", reason))?)
        }
        None => None,
    };
    let exemptions = match &exempt {
        Some(entries) if entries.len() > MOST_ENTRIES => {
            return Err(fields.problem("no_proxy", format!("has more than {MOST_ENTRIES} entries")));
        }
        Some(entries) => Some(
            Exemptions::parse(entries.iter().map(String::as_str))
                .map_err(|error| fields.problem("no_proxy", error.to_string()))?,
        ),
        None => None,
    };
    let Some(written) = written else {
        if user.is_some() || password_file.is_some() {
            return Err(fields.problem("proxy_user", "goes with `proxy`, which is not there"));
        }
        return Ok(of_environment(trust, exemptions, environment));
    };
    if written == "none" {
        return Ok(WayOut::default());
    }
    let url = ProxyUrl::parse(&written).map_err(|error| fields.problem("proxy", error.to_string()))?;
    if url.password.is_some() {
        let message = "holds a password, which does not belong here; put it into a file of its own and name that \
                       as `proxy_password_file`";
        return Err(fields.problem("proxy", message));
    }
    let credentials = match (user.or(url.user), password_file) {
        (None, None) => None,
        (None, Some(_)) => {
            return Err(fields.problem("proxy_password_file", "goes with `proxy_user`, which is not there"));
        }
        (Some(user), file) => {
            let password = match file {
                Some(file) => password(&directory.join(file))
                    .map_err(|reason| fields.problem("proxy_password_file", reason))?,
                None => Zeroizing::default(),
            };
            let credentials = Credentials::new(&user, &password);
            Some(credentials.map_err(|_| fields.problem("proxy_user", CREDENTIALS))?)
        }
    };
    let proxy = proxy(url.scheme, url.destination, trust, credentials)
        .map_err(|lack| fields.problem("proxy", lack))?;
    Ok(WayOut::through(Ok(proxy), exemptions.unwrap_or_default()))
}

/// The way out that the environment's variables say, as they are known from other programs.
fn of_environment(
    trust: Option<Arc<ClientConfig>>,
    exemptions: Option<Exemptions>,
    environment: Variable<'_>,
) -> WayOut {
    let variable = |lower: &str, upper: &str| {
        environment(lower).or_else(|| environment(upper)).filter(|value| !value.trim().is_empty())
    };
    let Some(written) = variable("https_proxy", "HTTPS_PROXY").map(Zeroizing::new) else {
        return WayOut::default();
    };
    let proxy =
        proxy_of_url(&written, trust).map_err(|reason| UnusableProxy { named_by: "HTTPS_PROXY", reason });
    let exemptions = exemptions
        .unwrap_or_else(|| Exemptions::of_environment(&variable("no_proxy", "NO_PROXY").unwrap_or_default()));
    WayOut::through(proxy, exemptions.and_this_machine())
}

/// The proxy that a URL names with its user and password.
fn proxy_of_url(written: &str, trust: Option<Arc<ClientConfig>>) -> Result<Proxy, String> {
    let url = ProxyUrl::parse(written).map_err(|error| error.to_string())?;
    let password = url.password.unwrap_or_default();
    let credentials = url.user.map(|user| Credentials::new(&user, &password)).transpose();
    let credentials = credentials.map_err(|error| error.to_string())?;
    Ok(proxy(url.scheme, url.destination, trust, credentials)?)
}

fn proxy(
    scheme: Scheme,
    destination: Destination,
    trust: Option<Arc<ClientConfig>>,
    credentials: Option<Credentials>,
) -> Result<Proxy, &'static str> {
    match (scheme, trust) {
        (Scheme::Http, _) => Ok(Proxy::plain(destination, credentials)),
        (Scheme::Https, Some(trust)) => Ok(Proxy::within_tls(destination, trust, credentials)),
        (Scheme::Https, None) => {
            Err("is spoken to within TLS; name the file of its authority as `proxy_authorities` in link.toml")
        }
    }
}

/// The first line of a private file.
fn password(file: &Path) -> Result<Zeroizing<String>, String> {
    let text = read_private(file).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(Zeroizing::new(text.lines().next().unwrap_or_default().to_owned()))
}

/// Trust in nobody but the authorities of a file.
fn trust(file: &Path) -> Result<Arc<ClientConfig>, String> {
    let named = |reason: String| format!("{}: {reason}", file.display());
    let length = fs::metadata(file).map_err(|error| named(error.to_string()))?.len();
    if length > LONGEST_AUTHORITIES {
        return Err(named("is too long for a file of certificates".into()));
    }
    let text = fs::read(file).map_err(|error| named(error.to_string()))?;
    let certificates = pem::parse_many(text).map_err(|error| named(error.to_string()))?;
    let mut roots = RootCertStore::empty();
    for certificate in certificates.into_iter().filter(|one| one.tag() == "CERTIFICATE") {
        roots
            .add(CertificateDer::from(certificate.into_contents()))
            .map_err(|error| named(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(named("holds no certificate (PEM)".into()));
    }
    tls::proxy_client_config(roots).map_err(|error| named(error.to_string()))
}

#[cfg(test)]
mod tests;
