//! A whole network on one machine: a real coordinator and real nodes, each a process of its own with its own
//! directory and keys, over loopback.
//!
//! The sandbox is one binary that runs itself again in each role, so nothing has to be installed beside it. It is
//! the demo, an investigator's dry run, and the harness of the scenario tests.

mod command;
mod demo;
mod dry_run;
mod loopback;
pub mod network;
pub mod process;
pub mod role;
pub mod split;

pub use command::main;
