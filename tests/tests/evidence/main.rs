//! A result that proves itself, and ledgers that witnesses watch over.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod copies;
mod rounds;
mod stage;
mod tampering;
