//! A network on loopback, set up and used through the same commands as a real one.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use serde_json::Value;

use crate::loopback::free_address;
use crate::process::{Program, Server, wait_for};
use crate::role::Role;

/// How long a condition of the network is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// A network: its directory, its coordinator and its nodes.
pub struct Network {
    program: Program,
    directory: PathBuf,
    coordinator: Option<Server>,
    nodes: Vec<Node>,
}

/// A centre of the network.
pub struct Node {
    /// Its name.
    pub label: String,
    /// Its directory.
    pub home: PathBuf,
    /// What its import found wrong: rows that were left out.
    pub findings: Vec<String>,
    server: Option<Server>,
}

/// What a network is made from.
pub struct Plan<'a> {
    /// Its name.
    pub name: &'a str,
    /// The data dictionary: a CSV, or a directory with its files.
    pub dictionary: &'a Path,
    /// The events beside a dictionary that is one CSV.
    pub events: Option<&'a Path>,
    /// The k of every profile, where it is a throw-away network.
    pub throwaway_minimum: Option<u32>,
    /// How many approvers there are; all must approve.
    pub approvers: usize,
}

/// Why the network does not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// A command failed.
    #[error("{message}")]
    Command {
        /// Its exit code.
        code: i32,
        /// What it said.
        message: String,
    },
    /// The machine.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// What a command printed.
    #[error("a command printed what is no JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// Something did not happen in time.
    #[error("waited in vain for {what}\n{log}")]
    Patience {
        /// For what.
        what: String,
        /// What the server said.
        log: String,
    },
}

impl Network {
    /// Makes a network in `directory` and starts its coordinator.
    pub fn start(program: Program, directory: &Path, plan: &Plan<'_>) -> Result<Self, NetworkError> {
        fs::create_dir_all(directory)?;
        let mut network =
            Self { program, directory: directory.to_owned(), coordinator: None, nodes: Vec::new() };
        let mut arguments =
            ["init", "--name", plan.name, "--listen", &free_address()?, "--enrol", &free_address()?]
                .map(str::to_owned)
                .to_vec();
        arguments.extend(["--dictionary".to_owned(), plan.dictionary.display().to_string()]);
        if let Some(events) = plan.events {
            arguments.extend(["--events".to_owned(), events.display().to_string()]);
        }
        let investigator = network.new_key("investigator")?;
        arguments.extend(["--investigator".to_owned(), format!("investigator={investigator}")]);
        for number in 1..=plan.approvers {
            let key = network.new_key(&format!("approver-{number}"))?;
            arguments.extend(["--approver".to_owned(), format!("approver-{number}={key}")]);
        }
        if let Some(minimum) = plan.throwaway_minimum {
            arguments.extend(["--throwaway-minimum".to_owned(), minimum.to_string()]);
        }
        network.coordinator_command(&arguments)?;
        network.start_coordinator()?;
        Ok(network)
    }

    fn new_key(&self, name: &str) -> Result<String, NetworkError> {
        let file = self.key(name);
        let printed = self.coordinator_command(["key".as_ref(), "new".as_ref(), file.as_os_str()])?;
        Ok(text(&printed.stdout).trim().to_owned())
    }

    /// The file of a key: `investigator`, `approver-1`, …
    pub fn key(&self, name: &str) -> PathBuf {
        self.directory.join(format!("{name}.key"))
    }

    /// The network's directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The coordinator's directory.
    pub fn coordinator_home(&self) -> PathBuf {
        self.directory.join("coordinator")
    }

    /// The centres.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Starts the coordinator (again) and waits until it serves.
    pub fn start_coordinator(&mut self) -> Result<(), NetworkError> {
        let (home, log) = (self.coordinator_home(), self.directory.join("coordinator.log"));
        let serving = home.join("serving");
        if serving.exists() {
            fs::remove_file(&serving)?;
        }
        let mut server = self.program.serve(Role::Coordinator, &home, [] as [&str; 0], &log)?;
        let began =
            wait_for(PATIENCE, || (serving.exists() || matches!(server.ended(), Ok(Some(_)))).then_some(()));
        if began.is_none() || !serving.exists() {
            return Err(NetworkError::Patience {
                what: "the coordinator to serve".into(),
                log: server.log(),
            });
        }
        self.coordinator = Some(server);
        Ok(())
    }

    /// Kills the coordinator as a crash would.
    pub fn kill_coordinator(&mut self) -> Result<(), NetworkError> {
        self.coordinator.take().map_or(Ok(()), |mut server| Ok(server.kill()?))
    }

    /// Stops the coordinator on purpose, and waits until it has ended.
    pub fn stop_coordinator(&mut self) -> Result<(), NetworkError> {
        self.coordinator.take().map_or(Ok(()), |mut server| Ok(server.stop(PATIENCE)?))
    }

    /// The addresses at which the coordinator serves: for sites and people, and for newcomers.
    pub fn addresses(&self) -> Result<(String, String), NetworkError> {
        let serving = fs::read_to_string(self.coordinator_home().join("serving"))?;
        let mut lines = serving.lines().map(str::to_owned);
        Ok((lines.next().unwrap_or_default(), lines.next().unwrap_or_default()))
    }

    /// Writes an invitation for a site; returns its file.
    pub fn invite(&self, label: &str, further: &[&str]) -> Result<PathBuf, NetworkError> {
        let file = self.directory.join(format!("invitation-{}.toml", self.count_invitations()?));
        let mut arguments = vec!["invite".as_ref(), label.as_ref(), "--out".as_ref(), file.as_os_str()];
        arguments.extend(further.iter().map(OsStr::new));
        self.coordinator_command(arguments)?;
        Ok(file)
    }

    fn count_invitations(&self) -> Result<usize, NetworkError> {
        let names =
            fs::read_dir(&self.directory)?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        Ok(names.filter(|name| name.starts_with("invitation-")).count())
    }

    /// Makes nodes, one per site, enrols them, imports their data and starts them, all sites side by side.
    pub fn add_sites(&mut self, sites: &[(String, Vec<PathBuf>)]) -> Result<(), NetworkError> {
        let first = self.nodes.len();
        for (number, (label, _)) in sites.iter().enumerate() {
            let home = self.directory.join(format!("site-{}", first + number + 1));
            self.nodes.push(Node { label: label.clone(), home, findings: Vec::new(), server: None });
        }
        let invitations: Vec<PathBuf> =
            sites.iter().map(|(label, _)| self.invite(label, &[])).collect::<Result<_, _>>()?;
        let network = &*self;
        let findings = std::thread::scope(|scope| {
            let working: Vec<_> = sites
                .iter()
                .zip(&invitations)
                .zip(&network.nodes[first..])
                .map(|(((_, data), invitation), node)| {
                    scope.spawn(move || network.set_up(&node.home, invitation, data))
                })
                .collect();
            let joined = working.into_iter().map(|one| one.join().unwrap_or_else(|_| Err(interrupted())));
            joined.collect::<Result<Vec<_>, _>>()
        })?;
        self.nodes[first..].iter_mut().zip(findings).for_each(|(node, found)| node.findings = found);
        (first..self.nodes.len()).try_for_each(|index| self.start_node(index))
    }

    /// Makes one node with its data; returns what the import found wrong.
    fn set_up(&self, home: &Path, invitation: &Path, data: &[PathBuf]) -> Result<Vec<String>, NetworkError> {
        self.node_command(home, ["init"])?;
        self.node_command(home, ["enrol".as_ref(), invitation.as_os_str(), "--throwaway".as_ref()])?;
        let files = data.iter().map(|file| file.as_os_str());
        let arguments = [OsStr::new("import"), OsStr::new("--json")].into_iter().chain(files);
        let printed = self.node_command(home, arguments)?;
        let report: Value = serde_json::from_slice(&printed.stdout)?;
        let findings = report["findings"]["listed"].as_array().into_iter().flatten();
        Ok(findings.map(in_words).collect())
    }

    /// Counts a node whose directory was made with commands among the centres; returns its position.
    pub fn adopt_node(&mut self, label: &str, home: &Path) -> usize {
        let (label, home) = (label.to_owned(), home.to_owned());
        self.nodes.push(Node { label, home, findings: Vec::new(), server: None });
        self.nodes.len() - 1
    }

    /// Starts a node (again).
    pub fn start_node(&mut self, index: usize) -> Result<(), NetworkError> {
        let program = self.program.clone();
        self.start_node_by(index, &program)
    }

    /// The same by another program, as by one that is launched into another place.
    pub fn start_node_by(&mut self, index: usize, program: &Program) -> Result<(), NetworkError> {
        let node = &mut self.nodes[index];
        let log = node.home.with_extension("log");
        node.server = Some(program.serve(Role::Node, &node.home, [] as [&str; 0], &log)?);
        Ok(())
    }

    /// Kills a node as a crash would.
    pub fn kill_node(&mut self, index: usize) -> Result<(), NetworkError> {
        self.nodes[index].server.take().map_or(Ok(()), |mut server| Ok(server.kill()?))
    }

    /// The process id of the coordinator's server.
    pub fn coordinator_process(&self) -> Option<u32> {
        self.coordinator.as_ref().map(Server::id)
    }

    /// The process id of a node's server.
    pub fn node_process(&self, index: usize) -> Option<u32> {
        self.nodes[index].server.as_ref().map(Server::id)
    }

    /// What a node's server has said.
    pub fn node_log(&self, index: usize) -> String {
        self.nodes[index].server.as_ref().map(Server::log).unwrap_or_default()
    }

    /// What the coordinator has said.
    pub fn coordinator_log(&self) -> String {
        fs::read_to_string(self.directory.join("coordinator.log")).unwrap_or_default()
    }

    /// Waits until this many sites are connected.
    pub fn wait_for_sites(&self, count: usize) -> Result<(), NetworkError> {
        self.wait("sites to connect", || {
            let printed = self.coordinator_command(["sites", "--json"]).ok()?;
            let sites: Value = serde_json::from_slice(&printed.stdout).ok()?;
            let connected = sites.as_array()?.iter().filter(|site| site["connected"] == true).count();
            (connected >= count).then_some(())
        })
    }

    /// Signs a study, has it approved by every approver, and hands it in; returns the sealed file.
    pub fn submit(&self, study: &Path, approvers: usize) -> Result<PathBuf, NetworkError> {
        let sealed = self.seal(study, approvers)?;
        self.coordinator_command(["study".as_ref(), "submit".as_ref(), sealed.as_os_str()])?;
        Ok(sealed)
    }

    /// Signs a study and has it approved.
    pub fn seal(&self, study: &Path, approvers: usize) -> Result<PathBuf, NetworkError> {
        let name = study.file_name().unwrap_or(OsStr::new("study.toml")).to_string_lossy().into_owned();
        let sealed = self.directory.join(format!("{name}.sealed.json"));
        let key = self.key("investigator");
        let words = ["study", "sign", "--out", "--key"].map(OsStr::new);
        let [noun, verb, out, key_option] = words;
        let arguments = [noun, verb, study.as_os_str(), out, sealed.as_os_str(), key_option, key.as_os_str()];
        self.coordinator_command(arguments)?;
        for number in 1..=approvers {
            let key = self.key(&format!("approver-{number}"));
            let endorse = OsStr::new("endorse");
            self.coordinator_command([noun, endorse, sealed.as_os_str(), key_option, key.as_os_str()])?;
        }
        Ok(sealed)
    }

    /// Waits until a study has arrived at a node.
    pub fn wait_for_study(&self, index: usize, study: &str) -> Result<(), NetworkError> {
        self.wait("a study to arrive", || {
            let printed = self.node_command(&self.nodes[index].home, ["study", "list", "--json"]).ok()?;
            let studies: Value = serde_json::from_slice(&printed.stdout).ok()?;
            studies.as_array()?.iter().any(|one| one["id"] == study).then_some(())
        })
    }

    /// Has every centre accept a study, side by side.
    pub fn accept_everywhere(&self, study: &str) -> Result<(), NetworkError> {
        std::thread::scope(|scope| {
            let working: Vec<_> = (0..self.nodes.len())
                .map(|index| {
                    scope.spawn(move || {
                        self.wait_for_study(index, study)?;
                        self.node_command(&self.nodes[index].home, ["study", "accept", study]).map(|_| ())
                    })
                })
                .collect();
            working.into_iter().try_for_each(|one| one.join().unwrap_or_else(|_| Err(interrupted())))
        })
    }

    /// Runs a study and writes its files; returns what the command printed.
    pub fn run(&self, study: &str, out: &Path, further: &[&str]) -> Result<Output, NetworkError> {
        let mut arguments = vec!["run".as_ref(), study.as_ref(), "--out".as_ref(), out.as_os_str()];
        arguments.extend(further.iter().map(OsStr::new));
        self.coordinator_command(arguments)
    }

    /// A command at the coordinator's desk, as its own person.
    pub fn coordinator_command<A: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = A>,
    ) -> Result<Output, NetworkError> {
        succeeded(self.program.command(Role::Coordinator, &self.coordinator_home(), arguments)?)
    }

    /// A command in some node's directory.
    pub fn node_command<A: AsRef<OsStr>>(
        &self,
        home: &Path,
        arguments: impl IntoIterator<Item = A>,
    ) -> Result<Output, NetworkError> {
        succeeded(self.program.command(Role::Node, home, arguments)?)
    }

    /// Waits until something has happened, for as long as the network's patience lasts.
    pub fn wait(&self, what: &str, done: impl FnMut() -> Option<()>) -> Result<(), NetworkError> {
        wait_for(PATIENCE, done).ok_or_else(|| {
            let mut log = self.coordinator_log();
            (0..self.nodes.len()).for_each(|index| log.push_str(&self.node_log(index)));
            NetworkError::Patience { what: what.to_owned(), log }
        })
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // Nodes first, so that none of them spends its last moments looking for its coordinator.
        self.nodes.clear();
        self.coordinator = None;
    }
}

fn succeeded(output: Output) -> Result<Output, NetworkError> {
    match output.status.code() {
        Some(0) => Ok(output),
        code => Err(NetworkError::Command {
            code: code.unwrap_or(-1),
            message: last_words(&text(&output.stderr)),
        }),
    }
}

/// A finding in a line, without its file: `line 7 (age): …`.
fn in_words(finding: &Value) -> String {
    let place = ["line", "row"].into_iter().find_map(|key| Some(format!("{key} {}", finding[key].as_u64()?)));
    let column = finding["column"].as_str().map(|column| format!(" ({column})")).unwrap_or_default();
    let said = finding["finding"].as_str().unwrap_or_default();
    format!("{}{column}: {said}", place.unwrap_or_default())
}

/// What a command said when it ended, without the progress it told before.
fn last_words(said: &str) -> String {
    let lines: Vec<&str> = said.lines().collect();
    let end = lines.iter().rposition(|line| line.starts_with("notochord")).unwrap_or_default();
    lines[end..].join("\n")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn interrupted() -> NetworkError {
    NetworkError::Io(io::Error::other("a thread of the sandbox ended early"))
}
