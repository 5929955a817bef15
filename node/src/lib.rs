//! What runs at a centre: it keeps the centre's data, judges every study and round for itself, and lets nothing
//! out but contributions that passed the gate.
//!
//! To answer "what can leave my hospital?", read [`gate`] and the files of `stats/`.

pub mod centre;
mod command;
pub mod decision;
mod entry;
pub mod gate;
pub mod home;
pub mod later_round;
pub mod meeting;
mod order;
mod pace;
pub mod policy;
pub mod preview;
pub mod refusal;
pub mod respond;
pub mod serve;
pub mod service;
mod standing;
pub mod standing_rule;
pub mod store;
pub mod upkeep;
mod witnessing;

pub use command::main;
