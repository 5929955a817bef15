//! Links through what stands in a hospital between a centre and the world: proxies that ask for a password and cut
//! what is idle, lines that fail and come back, firewalls that inspect TLS. Every program is a process of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::print_stdout, reason = "what is measured is printed, not asserted")]

mod doctor;
mod handover;
mod inspection;
mod installed_proxies;
mod limits;
mod line;
mod middlebox;
mod namespaces;
mod partitions;
mod proxy;
mod stage;
mod ways;
