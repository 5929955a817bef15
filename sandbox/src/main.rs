//! The `notochord-sandbox` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    notochord_sandbox::main(std::env::args_os())
}
