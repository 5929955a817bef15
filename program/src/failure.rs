//! How a command ends: 0 done, 1 failed, 2 wrong usage or a file that must be mended, 3 refused by a rule.

use std::io;
use std::path::Path;

use notochord_link::dictionary_directory::DirectoryError;
use notochord_proto::problem::Problem;

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

    /// The command line was not understood; `said` is what its parser prints, in paragraphs: what is wrong, tips,
    /// the usage and where help is.
    pub fn command_line(said: &str) -> Self {
        let paragraphs =
            said.split("\n\n").map(|paragraph| paragraph.split_whitespace().collect::<Vec<_>>().join(" "));
        let (help, words): (Vec<String>, Vec<String>) = paragraphs
            .filter(|paragraph| !paragraph.is_empty())
            .partition(|paragraph| paragraph.starts_with("For more information"));
        let has_usage = words.iter().any(|paragraph| paragraph.starts_with("Usage: "));
        let remedy = if has_usage || help.is_empty() { "" } else { "; --help says more" };
        let line = words
            .join("; ")
            .replacen("error: ", "", 1)
            .replace("; tip: ", "; ")
            .replace("; Usage: ", "; usage: ");
        Self::Usage(format!("{line}{remedy}"))
    }

    /// A file that the person named cannot be read.
    pub fn unreadable(file: &Path, error: &io::Error) -> Self {
        let file = file.display();
        Self::Usage(match error.kind() {
            io::ErrorKind::NotFound => format!("{file}: there is no such file"),
            io::ErrorKind::IsADirectory => format!("{file}: a directory; name a file"),
            io::ErrorKind::InvalidData => format!("{file}: not UTF-8; save it as UTF-8"),
            _ => format!("{file}: {error}"),
        })
    }

    /// A file that the person named cannot be written.
    pub fn unwritable(file: &Path, error: &io::Error) -> Self {
        let file = file.display();
        Self::Usage(match error.kind() {
            io::ErrorKind::AlreadyExists => {
                format!("{file} is there already and is never replaced; name another file")
            }
            io::ErrorKind::IsADirectory => format!("{file}: a directory; name a file"),
            io::ErrorKind::NotFound => format!("{file}: its directory is not there; make it first"),
            _ => return Self::Failed(format!("{file}: {error}")),
        })
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

impl From<DirectoryError> for Failure {
    fn from(error: DirectoryError) -> Self {
        match error {
            DirectoryError::File { path, source } => Self::unreadable(Path::new(&path), &source),
            DirectoryError::Problems(problems) => problems.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_command_line_lacks_is_one_line_with_the_usage_or_the_way_to_it() {
        let said = "error: the following were not provided:\n  --key <KEY>\n  <FILE>\n\n  tip: try\n\nUsage: sign --key \
                    <KEY> <FILE>\n\nFor more information, try '--help'.\n";
        let line = "the following were not provided: --key <KEY> <FILE>; try; usage: sign --key <KEY> <FILE>";
        assert_eq!(Failure::command_line(said).to_string(), line);
        let said = "error: invalid value 'a\n\nb'\n\nFor more information, try '--help'.\n";
        assert_eq!(Failure::command_line(said).to_string(), "invalid value 'a; b'; --help says more");
    }
}
