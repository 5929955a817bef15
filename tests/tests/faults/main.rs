//! What happens when processes die, hang or lose their disk's last write: a run ends, a new one works, ledgers
//! verify, and no answer is released twice.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod coordinator_dies;
mod import_dies;
mod ledger;
#[allow(dead_code, reason = "what only the tests of links say")]
#[path = "../links/middlebox.rs"]
mod middlebox;
mod node_dies;
mod node_hangs;
mod rounds;
mod simulation;
mod stage;
