#![allow(clippy::unwrap_used, clippy::panic)]

mod own;
mod reference;
