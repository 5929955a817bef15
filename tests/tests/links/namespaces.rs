//! A centre, its firewall and the network's office as three network namespaces of this machine's own kernel, with
//! veth pairs between them: `centre` – `firewall` – `office`.
//!
//! Making them takes root, `ip`, `tc` and `nft`; where something is missing the tests say so and are skipped.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use notochord_sandbox::process::Program;

use crate::stage::skipped;

/// The office's address, and one that it may move to.
pub(crate) const OFFICE: &str = "10.77.1.1";
pub(crate) const OFFICE_MOVED: &str = "10.77.1.9";
/// The office's address of the other family.
pub(crate) const OFFICE_V6: &str = "fd77:1::1";

/// An address of that family which nobody has.
pub(crate) const NOBODY_V6: &str = "fd77:1::7";

/// What all names begin with, before the process and a number.
const PREFIX: &str = "notochord-";

/// Three namespaces that are gone when this is dropped.
pub(crate) struct Namespaces {
    name: String,
    hosts: Option<PathBuf>,
}

impl Namespaces {
    /// Makes them; otherwise says why the test is skipped.
    pub(crate) fn make() -> Option<Self> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        forget_the_dead();
        let name = format!("{PREFIX}{}-{}", std::process::id(), MADE.fetch_add(1, Relaxed));
        // From here on dropped, so that what was made half is unmade.
        let made = Self { name, hosts: None };
        match made.lay_out() {
            Ok(()) => Some(made),
            Err(reason) => {
                skipped(&format!("no network namespaces on this machine: {reason}"));
                None
            }
        }
    }

    fn lay_out(&self) -> Result<(), String> {
        let [centre, firewall, office] = ["centre", "firewall", "office"].map(|role| self.of(role));
        for name in [&centre, &firewall, &office] {
            ip(&["netns", "add", name])?;
            ip(&["-n", name, "link", "set", "lo", "up"])?;
        }
        for (inner, interface, network) in [(&centre, "inside", 0), (&office, "outside", 1)] {
            let pair =
                ["link", "add", "wire", "netns", inner, "type", "veth", "peer", "name", interface, "netns"];
            ip(&[&pair[..], &[&firewall]].concat())?;
            for (namespace, device, host) in [(inner, "wire", 1), (&firewall, interface, 2)] {
                let on = |words: &[&str]| ip(&[&["-n", namespace], words].concat());
                on(&["addr", "add", &format!("10.77.{network}.{host}/24"), "dev", device])?;
                on(&["addr", "add", &format!("fd77:{network}::{host}/64"), "dev", device, "nodad"])?;
                // One packet on the wire is one packet of the rules below, not a bundle of sixty.
                on(&["link", "set", device, "gso_max_segs", "1"])?;
                on(&["link", "set", device, "up"])?;
            }
            ip(&["-n", inner, "route", "add", "default", "via", &format!("10.77.{network}.2")])?;
            ip(&["-n", inner, "-6", "route", "add", "default", "via", &format!("fd77:{network}::2")])?;
        }
        self.shell(
            "firewall",
            "echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding",
        )?;
        Ok(())
    }

    fn of(&self, role: &str) -> String {
        format!("{}-{role}", self.name)
    }

    /// A program that runs in one of them.
    pub(crate) fn launch(&self, program: &Program, role: &str) -> Program {
        program.launched_by(["ip", "netns", "exec", &self.of(role)])
    }

    /// Runs a line of the shell in one of them; what it printed.
    pub(crate) fn shell(&self, role: &str, line: &str) -> Result<String, String> {
        ip(&["netns", "exec", &self.of(role), "sh", "-ec", line])
    }

    /// Takes the wire between centre and firewall down.
    pub(crate) fn part(&self) {
        ip(&["-n", &self.of("firewall"), "link", "set", "inside", "down"]).unwrap();
    }

    /// Puts it up again.
    pub(crate) fn join(&self) {
        let firewall = self.of("firewall");
        ip(&["-n", &firewall, "link", "set", "inside", "up"]).unwrap();
        // IPv6 addresses go with the wire.
        ip(&["-n", &firewall, "addr", "replace", "fd77:0::2/64", "dev", "inside", "nodad"]).unwrap();
    }

    /// Has a name, and no other, found at these addresses from now on; a file of hosts stands for DNS.
    pub(crate) fn resolve(&mut self, name: &str, addresses: &[&str]) {
        for role in ["centre", "office"] {
            let directory = Path::new("/etc/netns").join(self.of(role));
            fs::create_dir_all(&directory).unwrap();
            // Written in place: programs that run see the very file.
            let lines: String = addresses.iter().map(|address| format!("{address} {name}\n")).collect();
            fs::write(directory.join("hosts"), lines).unwrap();
        }
        self.hosts = Some(PathBuf::from("/etc/netns"));
    }
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        for role in ["centre", "firewall", "office"] {
            // One that was never made needs no unmaking.
            let _ = ip(&["netns", "del", &self.of(role)]);
            if let Some(hosts) = &self.hosts {
                let _ = fs::remove_dir_all(hosts.join(self.of(role)));
            }
        }
    }
}

/// Unmakes what a process that was killed has left behind.
fn forget_the_dead() {
    for name in ip(&["netns", "list"]).unwrap_or_default().lines() {
        let name = name.split(' ').next().unwrap_or_default();
        let process = name.strip_prefix(PREFIX).and_then(|rest| rest.split('-').next()?.parse::<u32>().ok());
        if process.is_some_and(|process| !Path::new(&format!("/proc/{process}")).exists()) {
            // Another test may have been faster.
            let _ = (ip(&["netns", "del", name]), fs::remove_dir_all(Path::new("/etc/netns").join(name)));
        }
    }
}

fn ip(arguments: &[&str]) -> Result<String, String> {
    let Output { status, stdout, stderr } =
        Command::new("ip").args(arguments).output().map_err(|error| format!("`ip`: {error}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    match status.success() {
        true => Ok(text(&stdout)),
        false => Err(format!("`ip {}`: {}", arguments.join(" "), text(&stderr))),
    }
}
