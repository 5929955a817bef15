//! How a site, a person and the coordinator know and reach each other.
//!
//! A node opens a connection (or accepts one, where its centre prefers an inbound port), is the TLS client on
//! it either way, and then *serves* gRPC on it; the coordinator is the TLS server and the gRPC client. So one
//! service and one way of proving identity hold for both directions. tonic is not used outside this room but
//! for the generated services.

pub mod backoff;
pub mod credentials;
pub mod dictionary_directory;
pub mod identity;
pub mod invitation;
pub mod membership;
pub mod pin;
pub mod private_file;
pub mod severable;
pub mod socket;
pub mod tls;
pub mod trust_store;
pub mod update;
