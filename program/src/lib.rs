//! How the network's programs begin and end: one reading of command lines, one set of exit codes, one log, one way
//! to be stopped, one way to look into a ledger.

pub mod command_line;
pub mod dictionary_files;
pub mod failure;
pub mod ledger_command;
pub mod server;
