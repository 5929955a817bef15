//! The commands of the coordinator, investigators and approvers.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "commands speak to people")]

mod adopt;
mod dictionary;
mod enrol;
mod init;
mod invite;
mod key;
mod result;
mod run;
mod serve;
mod sites;
mod study;
mod verify;

use std::ffi::OsString;
use std::future::Future;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use notochord_program::command_line;
use notochord_program::failure::Failure;
use notochord_program::ledger_command::{LedgerCommand, Place};

use crate::directory;
use crate::home::Home;
use crate::witnessing::ledger_of;

/// Coordinates a federated research network: sealed studies in, statistics out, no record leaves a centre.
#[derive(Parser)]
#[command(
    name = "notochord",
    bin_name = "notochord",
    version,
    after_help = "Example: notochord --home network run colon-adjuvant"
)]
struct Arguments {
    /// The coordinator's directory, or the directory a person enrolled into
    #[arg(long, global = true, default_value = "notochord", env = "NOTOCHORD_HOME")]
    home: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a network: certificate authority, root document, dictionary
    Init(init::Init),
    /// Make a signing key for an investigator or approver
    Key(key::Key),
    /// Serve sites and people until stopped
    Serve(serve::Serve),
    /// Invite a site, or a person
    Invite(invite::Invite),
    /// Enrol yourself with an invitation
    Enrol(enrol::Enrol),
    /// List the sites and whether they are connected
    Sites(sites::Sites),
    /// Check a data dictionary, or compare two versions of it
    #[command(subcommand, after_help = "Example: notochord dictionary check dictionary.csv")]
    Dictionary(dictionary::DictionaryCommand),
    /// Write, check, sign, endorse, submit and show studies
    #[command(subcommand, after_help = "Example: notochord study new my-study.toml")]
    Study(study::StudyCommand),
    /// Run a study and wait for its end
    Run(run::Run),
    /// List runs
    Runs(run::Runs),
    /// Show, verify or export the ledger
    #[command(subcommand, after_help = "Example: notochord --home network ledger show --last 20")]
    Ledger(LedgerCommand),
    /// Print a result and write its files
    Result(result::ResultCommand),
    /// Check everything behind a result, without asking anybody
    Verify(verify::Verify),
}

/// Runs a command line; 0 done, 1 failed, 2 wrong usage, 3 refused by a rule.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    command_line::run("notochord", arguments, dispatch)
}

fn dispatch(Arguments { home, command }: Arguments) -> Result<(), Failure> {
    match command {
        Command::Init(command) => command.run(&home),
        Command::Key(command) => command.run(),
        Command::Serve(command) => command.run(&home),
        Command::Invite(command) => block_on(command.run(&home)),
        Command::Enrol(command) => block_on(command.run(&home)),
        Command::Sites(command) => block_on(command.run(&home)),
        Command::Dictionary(command) => command.run(&home),
        Command::Study(command) => command.run(&home),
        Command::Run(command) => block_on(command.run(&home)),
        Command::Runs(command) => block_on(command.run(&home)),
        Command::Ledger(command) => command.run(|| {
            let home = Home::open(&home)?;
            let sites = directory::sites(&home)?;
            Ok(Place {
                storage: home.ledger_storage()?,
                verifier: home.checkpoint_key()?.verifier(),
                witnesses: sites.iter().map(ledger_of).collect(),
            })
        }),
        Command::Result(command) => block_on(command.run(&home)),
        Command::Verify(command) => command.run(),
    }
}

/// Runs a command that talks to the coordinator.
fn block_on(command: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failure::failed)?
        .block_on(command)
}
