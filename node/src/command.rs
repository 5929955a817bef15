//! The commands of a centre's IT and its data steward.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "commands speak to people")]

mod dictionary;
mod enrol;
mod import;
mod init;
mod plain_words;
mod policy;
mod rule;
mod serve;
mod status;
mod study;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use notochord_program::command_line;
use notochord_program::failure::Failure;
use notochord_program::ledger_command::LedgerCommand;

use crate::home::Home;

/// A centre's node of a federated research network: your data stay here, studies come to them.
#[derive(Parser)]
#[command(
    name = "notochord-node",
    bin_name = "notochord-node",
    version,
    after_help = "Example: notochord-node --home node import patients.csv"
)]
struct Arguments {
    /// The node's directory
    #[arg(long, global = true, default_value = "notochord-node", env = "NOTOCHORD_NODE_HOME")]
    home: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a node: keys, policy and an empty ledger
    Init(init::Init),
    /// Join a network with an invitation
    Enrol(enrol::Enrol),
    /// Show the network's data dictionary, or take a new version of it
    #[command(subcommand, after_help = "Example: notochord-node --home node dictionary show")]
    Dictionary(dictionary::DictionaryCommand),
    /// Import a CSV export into a new snapshot
    Import(import::Import),
    /// List, show, preview, accept, refuse and withdraw studies
    #[command(subcommand, after_help = "Example: notochord-node --home node study list")]
    Study(study::StudyCommand),
    /// Make, list and end standing rules: classes of studies this centre accepts beforehand
    #[command(subcommand, after_help = "Example: notochord-node --home node rule list")]
    Rule(rule::RuleCommand),
    /// Serve the network until stopped
    Serve(serve::Serve),
    /// Say who this node is, what data it holds and what waits
    Status(status::Status),
    /// Say in plain words what this centre allows
    Policy(policy::PolicyArguments),
    /// Show or verify the ledger
    #[command(subcommand, after_help = "Example: notochord-node --home node ledger verify")]
    Ledger(LedgerCommand),
}

/// Runs a command line; 0 done, 1 failed, 2 wrong usage, 3 refused by a rule.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    command_line::run("notochord-node", arguments, dispatch)
}

fn dispatch(Arguments { home, command }: Arguments) -> Result<(), Failure> {
    match command {
        Command::Init(command) => command.run(&home),
        Command::Enrol(command) => command.run(&home),
        Command::Import(command) => command.run(&home),
        Command::Dictionary(command) => command.run(&home),
        Command::Study(command) => command.run(&home),
        Command::Rule(command) => command.run(&home),
        Command::Serve(command) => command.run(&home),
        Command::Status(command) => command.run(&home),
        Command::Policy(command) => command.run(&home),
        Command::Ledger(command) => {
            let home = Home::open(&home)?;
            command.run(home.ledger_storage()?, home.checkpoint_key()?)
        }
    }
}
