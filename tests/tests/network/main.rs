//! A network as its people use it: nodes that listen, people with their own memberships, studies that are refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod certificates;
mod expiry;
mod listening;
mod people;
mod registry;
mod roots;
mod schema;
mod stage;
mod standing;
mod withdrawals;
