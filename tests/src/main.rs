//! The sandbox's binary under the name of the tests, so that they run the very code they were built with.

use std::process::ExitCode;

fn main() -> ExitCode {
    notochord_sandbox::main(std::env::args_os())
}
