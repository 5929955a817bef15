//! Which destinations a proxy is not asked for: what `NO_PROXY` says.

use std::net::IpAddr;

use crate::destination::{Destination, Host};

/// The most entries of a list; further ones are an error in a file, and are not looked at in the environment.
pub const MOST_ENTRIES: usize = 1000;

/// A list of exemptions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exemptions(Vec<Exemption>);

/// What one entry exempts.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Exemption {
    /// `*`
    Everything,
    /// `localhost`, the loopback addresses, and those that mean any address of this machine.
    ThisMachine,
    /// `hospital.example`, `.hospital.example` or `*.hospital.example`: the name and all below it; with a port
    /// only that one.
    Domain(String, Option<u16>),
    /// `10.0.0.0/8` or `fd00::/8`, or one address; with a port only that one.
    Block { address: IpAddr, bits: u8, port: Option<u16> },
}

/// Why an entry exempts nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a host, .domain, address, block such as 10.0.0.0/8, or *")]
pub struct ExemptionError(String);

impl Exemptions {
    /// Reads a list of entries, all of which must be understood.
    pub fn parse<'a>(entries: impl IntoIterator<Item = &'a str>) -> Result<Self, ExemptionError> {
        entries.into_iter().map(|entry| exemption(entry).ok_or_else(|| refuse(entry))).collect()
    }

    /// Reads the environment's form: entries between commas or blanks. What is not understood was meant for another
    /// program.
    pub fn of_environment(text: &str) -> Self {
        let entries = text.split([',', ' ', '\t']).filter(|entry| !entry.is_empty());
        entries.take(MOST_ENTRIES).filter_map(exemption).collect()
    }

    /// These, and this very machine.
    pub fn and_this_machine(mut self) -> Self {
        self.0.push(Exemption::ThisMachine);
        self
    }

    /// Whether a destination is dialled without the proxy. A name is compared as a name: it is not resolved here.
    pub fn cover(&self, destination: &Destination) -> bool {
        self.0.iter().any(|exemption| exemption.covers(destination))
    }
}

impl FromIterator<Exemption> for Exemptions {
    fn from_iter<I: IntoIterator<Item = Exemption>>(exemptions: I) -> Self {
        Self(exemptions.into_iter().collect())
    }
}

impl Exemption {
    fn covers(&self, destination: &Destination) -> bool {
        let at = |port: &Option<u16>| port.is_none_or(|port| port == destination.port);
        match (self, &destination.host) {
            (Self::Everything, _) => true,
            (Self::ThisMachine, host) => host.is_this_machine(),
            (Self::Domain(domain, port), Host::Name(name)) => {
                let above = name.strip_suffix(domain.as_str());
                at(port) && above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
            }
            (Self::Block { address, bits, port }, Host::Address(dialled)) => {
                at(port) && leading(*address, *bits) == leading(*dialled, *bits)
            }
            _ => false,
        }
    }
}

fn exemption(entry: &str) -> Option<Exemption> {
    let entry = entry.trim();
    if entry == "*" {
        return Some(Exemption::Everything);
    }
    if let Some((address, bits)) = entry.split_once('/') {
        let (Host::Address(address), Ok(bits)) = (Host::parse(address)?, bits.parse()) else { return None };
        return (bits <= width(address)).then_some(Exemption::Block { address, bits, port: None });
    }
    let entry = entry.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(entry);
    let entry = entry.strip_prefix('.').unwrap_or(entry);
    let (host, port) = match Host::parse(entry) {
        Some(host) => (host, None),
        None => entry.parse::<Destination>().map(|one| (one.host, Some(one.port))).ok()?,
    };
    Some(match host {
        Host::Address(address) => Exemption::Block { address, bits: width(address), port },
        Host::Name(domain) => Exemption::Domain(domain, port),
    })
}

fn refuse(entry: &str) -> ExemptionError {
    ExemptionError(entry.chars().take(80).collect())
}

fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// The leading bits of an address, and its family.
fn leading(address: IpAddr, bits: u8) -> (bool, u128) {
    let number = match address {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    };
    let dropped = u32::from(width(address).saturating_sub(bits));
    (address.is_ipv4(), number.checked_shr(dropped).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn covers(list: &str, destination: &str) -> bool {
        Exemptions::of_environment(list).cover(&destination.parse().unwrap())
    }

    #[test]
    fn entries_exempt_what_they_name_and_nothing_else() {
        for (list, destination, expected) in [
            ("*", "registry.example.org:7470", true),
            ("example.org", "registry.example.org:7470", true),
            (".example.org", "example.org:7470", true),
            ("*.example.org", "a.b.example.org:7470", true),
            ("example.org", "myexample.org:7470", false),
            ("EXAMPLE.org.", "registry.example.ORG:7470", true),
            ("example.org:7470", "registry.example.org:7470", true),
            ("example.org:443", "registry.example.org:7470", false),
            ("a.org, b.org\tc.org", "b.org:1", true),
            ("10.0.0.0/8", "10.200.3.4:7470", true),
            ("10.0.0.0/8", "11.0.0.1:7470", false),
            ("0.0.0.0/0", "192.0.2.1:1", true),
            ("0.0.0.0/0", "[2001:db8::1]:1", false),
            ("192.0.2.7", "192.0.2.7:1", true),
            ("192.0.2.7:2", "192.0.2.7:1", false),
            ("2001:db8::/32", "[2001:db8:1::7]:7470", true),
            ("[2001:db8::7]", "[2001:db8::7]:7470", true),
            ("[2001:db8::7]:7470", "[2001:db8::7]:7470", true),
            ("::/0", "10.0.0.1:1", false),
            ("10.0.0.0/33, <-loopback>, a/8", "10.0.0.0:1", false),
            ("", "a:1", false),
        ] {
            assert_eq!(covers(list, destination), expected, "`{list}` and {destination}");
        }
    }

    #[test]
    fn a_file_must_be_understood_where_the_environment_need_not() {
        assert_eq!(
            Exemptions::parse(["a.org", "10.0.0.0/33"]).unwrap_err().to_string(),
            "`10.0.0.0/33` is not a host, .domain, address, block such as 10.0.0.0/8, or *"
        );
        assert_eq!(Exemptions::parse(["*"]).unwrap(), Exemptions::of_environment("*"));
    }
}
