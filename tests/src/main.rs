//! The sandbox's binary under the name of the tests, so that they run the very code they were built with; and the
//! proxy that stands between centres and coordinator in some of them.

mod middlebox;

use std::process::ExitCode;

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("role-middlebox") => middlebox::main(std::env::args().skip(2)),
        _ => notochord_sandbox::main(std::env::args_os()),
    }
}
