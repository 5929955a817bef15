#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod coverage;
mod own;
mod reference;
