//! The commands of the sandbox.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "commands speak to people")]

mod run;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use notochord_program::command_line;
use notochord_program::failure::Failure;

use crate::demo::Demo;
use crate::role;

/// A whole research network on this machine: real processes, throw-away keys, your data or public data.
#[derive(Parser)]
#[command(
    name = "notochord-sandbox",
    bin_name = "notochord-sandbox",
    version,
    after_help = "Example: notochord-sandbox demo"
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the reference network: real public data, split over centres
    Demo(Demo),
    /// Run studies over your own files, in a network that is thrown away
    Run(run::Run),
}

/// Runs a command line; 0 done, 1 failed, 2 wrong usage, 3 refused by a rule.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    if let Some(played) = role::play(&arguments) {
        return played;
    }
    command_line::run("notochord-sandbox", arguments, |Arguments { command }| match command {
        Command::Demo(demo) => demo.run(),
        Command::Run(run) => run.run(),
    })
}

impl From<crate::network::NetworkError> for Failure {
    fn from(error: crate::network::NetworkError) -> Self {
        use crate::network::NetworkError;
        // The person asked the sandbox, not the program that it ran.
        let own = |message: String| {
            let words = message.split_once(": ").filter(|(program, _)| program.starts_with("notochord"));
            words.map(|(_, words)| words.trim_start_matches("refused: ").to_owned()).unwrap_or(message)
        };
        match error {
            NetworkError::Command { code: 2, message } => Self::Usage(own(message)),
            NetworkError::Command { code: 3, message } => Self::Refused(own(message)),
            NetworkError::Command { message, .. } => Self::Failed(own(message)),
            other => Self::failed(other),
        }
    }
}
