//! How a site, a person and the coordinator know and reach each other.
//!
//! A node opens a connection (or accepts one, where its centre prefers an inbound port), is the TLS client on
//! it either way, and then *serves* gRPC on it; the coordinator is the TLS server and the gRPC client. So one
//! service and one way of proving identity hold for both directions. tonic is not used outside this room but
//! for the generated services.

pub mod backoff;
pub mod destination;
pub mod dial;
pub mod dictionary_directory;
pub mod examination;
pub mod identity;
pub mod interception;
pub mod invitation;
pub mod membership;
pub mod pin;
pub mod private_file;
pub mod probe;
pub mod rate;
pub mod settings;
pub mod socket;
pub mod tls;
pub mod update;
pub mod way_out;
