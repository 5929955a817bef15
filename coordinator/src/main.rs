//! The `notochord` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    notochord::main(std::env::args_os())
}
