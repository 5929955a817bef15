//! The contract of the network: what people sign, what travels, and the types both sides share.
//!
//! Nothing here touches a disk, a socket or a clock. Documents are parsed into types that cannot be
//! invalid; whatever was signed is verified over the received bytes before it is parsed.

pub mod acceptance;
pub mod answer;
pub mod capability;
pub mod dictionary;
pub mod digest;
mod document;
pub mod envelope;
pub mod expression;
pub mod fields;
pub mod keys;
pub mod layout;
pub mod name;
pub mod problem;
pub mod role;
pub mod root;
pub mod roster;
pub mod schedule;
pub mod scope;
pub mod sealed_study;
pub mod standing_rule;
pub mod statement;
pub mod status_list;
pub mod study;
pub mod trust;
pub mod variable;
pub mod vector;
pub mod weakened;
pub mod wire;
