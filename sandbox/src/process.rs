//! Child processes: commands that end, and servers that are ended.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use crate::role::Role;

/// The binary that plays every role.
#[derive(Debug, Clone)]
pub struct Program {
    binary: PathBuf,
    launcher: Vec<OsString>,
}

/// A server that is killed when dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    log: PathBuf,
}

impl Program {
    /// The binary at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { binary: path.into(), launcher: Vec::new() }
    }

    /// The same, started by another program in its own place, as `ip netns exec NAME` does.
    pub fn launched_by<A: Into<OsString>>(&self, words: impl IntoIterator<Item = A>) -> Self {
        Self { binary: self.binary.clone(), launcher: words.into_iter().map(Into::into).collect() }
    }

    /// This very binary.
    pub fn current() -> io::Result<Self> {
        std::env::current_exe().map(Self::new)
    }

    /// Runs a command of a role to its end.
    pub fn command<A: AsRef<OsStr>>(
        &self,
        role: Role,
        home: &Path,
        arguments: impl IntoIterator<Item = A>,
    ) -> io::Result<Output> {
        self.prepare(role, home).args(arguments).stdin(Stdio::null()).output()
    }

    /// Starts a server of a role; what it says goes to `log`.
    pub fn serve<A: AsRef<OsStr>>(
        &self,
        role: Role,
        home: &Path,
        arguments: impl IntoIterator<Item = A>,
        log: &Path,
    ) -> io::Result<Server> {
        let file = File::options().create(true).append(true).open(log)?;
        let child = self
            .prepare(role, home)
            .arg("serve")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()?;
        Ok(Server { child, log: log.to_owned() })
    }

    fn prepare(&self, role: Role, home: &Path) -> Command {
        let mut command = match self.launcher.split_first() {
            Some((launcher, words)) => {
                let mut command = Command::new(launcher);
                command.args(words).arg(&self.binary);
                command
            }
            None => Command::new(&self.binary),
        };
        command.arg(role.argument()).arg("--home").arg(home);
        command
    }
}

impl Server {
    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has said so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Whether it has ended by itself.
    pub fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// Tells it to stop, and waits for its end; one that does not end in time is killed.
    pub fn stop(&mut self, patience: Duration) -> io::Result<()> {
        Command::new("kill").args(["-TERM", &self.id().to_string()]).status()?;
        match wait_for(patience, || matches!(self.ended(), Ok(Some(_))).then_some(())) {
            Some(()) => Ok(()),
            None => self.kill(),
        }
    }

    /// Kills it at once, as a crash would.
    pub fn kill(&mut self) -> io::Result<()> {
        self.child.kill()?;
        self.child.wait().map(|_| ())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A server that has ended already needs no killing.
        let _ = self.kill();
    }
}

/// Waits until `done` gives something, for at most `patience`.
pub fn wait_for<T>(patience: Duration, mut done: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + patience;
    loop {
        if let Some(found) = done() {
            return Some(found);
        }
        if Instant::now() >= end {
            return None;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}
