//! The `notochord-node` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    notochord_node::main(std::env::args_os())
}
