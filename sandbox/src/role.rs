//! The roles this binary runs itself in.

use std::ffi::OsString;
use std::io::Read as _;
use std::process::ExitCode;

/// A role, as the first argument names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// `notochord`.
    Coordinator,
    /// `notochord-node`.
    Node,
}

impl Role {
    /// The first argument.
    pub fn argument(self) -> &'static str {
        match self {
            Self::Coordinator => "role-coordinator",
            Self::Node => "role-node",
        }
    }

    fn of(argument: &OsString) -> Option<Self> {
        [Self::Coordinator, Self::Node].into_iter().find(|role| argument == role.argument())
    }
}

/// If the arguments name a role, plays it and returns its exit code.
pub fn play(arguments: &[OsString]) -> Option<ExitCode> {
    let role = Role::of(arguments.get(1)?)?;
    if arguments.iter().any(|argument| argument == "serve") {
        end_with_the_parent();
    }
    let rest = arguments.iter().take(1).chain(arguments.iter().skip(2)).cloned();
    Some(match role {
        Role::Coordinator => notochord::main(rest),
        Role::Node => notochord_node::main(rest),
    })
}

/// A server of the sandbox holds a pipe from its parent, which closes however the parent ends; then it ends too.
fn end_with_the_parent() {
    std::thread::spawn(|| {
        // Nothing is ever written to the pipe: whatever ends the read, the parent is gone.
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
}
