//! From a command line to an exit code.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use crate::failure::Failure;

/// Runs `command` with the parsed arguments; whatever goes wrong is one message on standard error, after the
/// program's name. 0 done, 1 failed, 2 wrong usage, 3 refused by a rule.
#[expect(clippy::print_stderr, reason = "a command ends by speaking to the person who gave it")]
pub fn run<A: Parser>(
    program: &str,
    arguments: impl IntoIterator<Item = OsString>,
    command: impl FnOnce(A) -> Result<(), Failure>,
) -> ExitCode {
    end_quietly_with_a_closed_pipe();
    let done = match A::try_parse_from(arguments) {
        Ok(arguments) => command(arguments),
        Err(answer) if is_help(&answer) => {
            // Nothing is left to do if even this cannot be printed.
            let _ = answer.print();
            return ExitCode::from(u8::try_from(answer.exit_code()).unwrap_or(2));
        }
        Err(wrong) => Err(Failure::command_line(&wrong.to_string())),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{program}: {failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}

/// `… | head` closes the pipe that is printed to, and `println!` then panics: that is an end, not a fault.
fn end_quietly_with_a_closed_pipe() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let message = panic.payload().downcast_ref::<String>().map(String::as_str).unwrap_or_default();
        if message.starts_with("failed printing to stdout") {
            std::process::exit(0);
        }
        report(panic);
    }));
}

/// Whether the answer is a text that was asked for, or the help of a command that lacks its subcommand.
fn is_help(answer: &clap::Error) -> bool {
    use ErrorKind::{DisplayHelp, DisplayHelpOnMissingArgumentOrSubcommand, DisplayVersion};
    matches!(answer.kind(), DisplayHelp | DisplayHelpOnMissingArgumentOrSubcommand | DisplayVersion)
}
