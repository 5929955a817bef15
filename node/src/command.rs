//! The commands of a centre's IT and its data steward.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "commands speak to people")]

mod check;
mod dictionary;
mod doctor;
mod enrol;
mod erase;
mod import;
mod init;
mod plain_words;
mod policy;
mod reading;
mod serve;
mod snapshots;
mod status;
mod study;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use notochord_program::command_line;
use notochord_program::failure::Failure;
use notochord_program::ledger_command::{LedgerCommand, Place};

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
    /// Say what an import of these files would keep, and what is wrong with them
    Check(check::Check),
    /// Import exports of the registry into a new snapshot
    Import(import::Import),
    /// List, show, encrypt and migrate what was imported
    #[command(subcommand, after_help = "Example: notochord-node --home node snapshots list")]
    Snapshots(snapshots::SnapshotsCommand),
    /// Erase a patient who withdrew consent from every snapshot, for good
    Erase(erase::Erase),
    /// List, show, preview, accept and refuse studies
    #[command(subcommand, after_help = "Example: notochord-node --home node study list")]
    Study(study::StudyCommand),
    /// Serve the network until stopped
    Serve(serve::Serve),
    /// Say who this node is, what data it holds and what waits
    Status(status::Status),
    /// Try every step of the way to the coordinator, and say what is wrong with it
    Doctor(doctor::Doctor),
    /// Say in plain words what this centre allows
    Policy(policy::PolicyArguments),
    /// Show, verify or export the ledger
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
        Command::Check(command) => command.run(&home),
        Command::Import(command) => command.run(&home),
        Command::Snapshots(command) => command.run(&home),
        Command::Erase(command) => command.run(&home),
        Command::Dictionary(command) => command.run(&home),
        Command::Study(command) => command.run(&home),
        Command::Serve(command) => command.run(&home),
        Command::Status(command) => command.run(&home),
        Command::Doctor(command) => command.run(&home),
        Command::Policy(command) => command.run(&home),
        Command::Ledger(command) => command.run(|| {
            let home = Home::open(&home)?;
            Ok(Place {
                storage: home.ledger_storage()?,
                verifier: home.checkpoint_key()?.verifier(),
                // Those whose ledgers this node witnesses are the witnesses of its own.
                witnesses: home.witness()?.ledgers().map_err(Failure::failed)?,
            })
        }),
    }
}
