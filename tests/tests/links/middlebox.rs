//! The proxy as a process, told what to do and heard.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use notochord_sandbox::process::wait_for;

/// How long anything is waited for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A proxy that ends when dropped.
pub(crate) struct Middlebox {
    child: Child,
    commands: ChildStdin,
    said: Arc<Mutex<Vec<String>>>,
    pub(crate) address: String,
}

impl Middlebox {
    /// What a user named `Aladdin` with the password `open sesame` says.
    pub(crate) const AUTHORIZATION: &str = "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==";

    pub(crate) fn start(options: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_notochord-tests"))
            .arg("role-middlebox")
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let commands = child.stdin.take().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines.next().unwrap().unwrap();
        let said = Arc::new(Mutex::new(Vec::new()));
        let hearing = said.clone();
        std::thread::spawn(move || {
            lines.map_while(Result::ok).for_each(|line| hearing.lock().unwrap().push(line));
        });
        Self { child, commands, said, address }
    }

    /// Gives a command; it is obeyed when this returns.
    pub(crate) fn tell(&mut self, command: &str) {
        let before = self.count(command);
        writeln!(self.commands, "{command}").unwrap();
        wait_for(PATIENCE, || (self.count(command) > before).then_some(())).expect("the proxy to obey");
    }

    /// How many lines it has said that begin so.
    pub(crate) fn count(&self, line: &str) -> usize {
        self.said.lock().unwrap().iter().filter(|said| said.starts_with(line)).count()
    }

    /// Waits until it says so.
    pub(crate) fn wait_for(&self, line: &str) {
        let said = || format!("{:#?}", self.said.lock().unwrap());
        wait_for(PATIENCE, || (self.count(line) > 0).then_some(()))
            .unwrap_or_else(|| panic!("the proxy never said `{line}` but {}", said()));
    }
}

impl Drop for Middlebox {
    fn drop(&mut self) {
        // One that has ended already needs no killing.
        let _ = (self.child.kill(), self.child.wait());
    }
}
