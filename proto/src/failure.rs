//! How a command ends: 0 done, 1 failed, 2 wrong usage or a file that must be mended, 3 refused by a rule.

use crate::problem::Problem;

/// A command that did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Something did not work.
    #[error("{0}")]
    Failed(String),
    /// A rule of the network or the centre forbids it.
    #[error("refused: {0}")]
    Refused(String),
    /// The command, or a file it was given, must be mended by the person.
    #[error("{0}")]
    Usage(String),
}

impl Failure {
    /// The exit code.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Failed(_) => 1,
            Self::Usage(_) => 2,
            Self::Refused(_) => 3,
        }
    }

    /// Something failed, for this reason.
    pub fn failed(reason: impl std::fmt::Display) -> Self {
        Self::Failed(reason.to_string())
    }

    /// A rule refused, for this reason.
    pub fn refused(reason: impl std::fmt::Display) -> Self {
        Self::Refused(reason.to_string())
    }

    /// The person must mend this.
    pub fn usage(reason: impl std::fmt::Display) -> Self {
        Self::Usage(reason.to_string())
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Usage(problem.to_string())
    }
}

impl From<Vec<Problem>> for Failure {
    fn from(problems: Vec<Problem>) -> Self {
        Self::Usage(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    }
}
