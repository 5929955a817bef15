#![allow(clippy::unwrap_used, clippy::panic)]

mod coverage;
mod own;
mod reference;
