//! Attacks, each by somebody who holds more than an outsider could: the coordinator's keys and address, a centre's
//! keys, the certificate authority. What is not approved and accepted is not computed, whoever asks, and the refusal
//! is in the node's ledger.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod attacker;
mod callers;
mod decisions;
mod impostors;
mod invitations;
mod later_rounds;
mod replays;
mod rounds;
mod rubbish;
mod stage;
mod statuses;
mod studies;
mod submissions;
