//! A directory of everything that people here write or hand in, all of it in order.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use notochord_sandbox::network::{Network, Plan};
use notochord_sandbox::process::{Program, wait_for};
use notochord_sandbox::role::Role;
use tempfile::TempDir;

/// The binary that plays every role.
const PROGRAM: &str = env!("CARGO_BIN_EXE_notochord-tests");

/// The files of a registry and its network.
///
/// ```text
/// dictionary.csv study.toml data.csv faulty.csv     what a registry starts from
/// investigator.key approver-1.key study.toml.sealed.json
/// invitation.toml                                  of a site that has not enrolled
/// office/                                          a coordinator that does not serve
/// me/                                              a person's membership in a network that is served
/// node/                                            a site's node with data and a study that waits
/// fresh/                                           a node that has not enrolled
/// ```
pub(crate) struct Bench {
    base: TempDir,
    /// Keeps the coordinator alive that `me` and `invitation.toml` name.
    _network: Option<Network>,
}

/// A copy of the bench that a test may spoil.
pub(crate) struct Copy(TempDir);

/// What a command said.
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) error: String,
}

impl Bench {
    /// The documents alone.
    pub(crate) fn of_documents() -> Self {
        let base = tempfile::tempdir().unwrap();
        let documents = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/commands/base");
        copy(&documents, base.path());
        Self { base, _network: None }
    }

    /// The documents and a network.
    pub(crate) fn of_network() -> Self {
        let Self { base, .. } = Self::of_documents();
        let path = |name: &str| base.path().join(name);
        let directory = path("network");
        let dictionary = path("dictionary.csv");
        let plan = Plan {
            name: "spine",
            dictionary: &dictionary,
            events: None,
            throwaway_minimum: None,
            approvers: 1,
        };
        let mut network = Network::start(Program::new(PROGRAM), &directory, &plan).unwrap();
        network.add_sites(&[("Site One".to_owned(), vec![path("data.csv")])]).unwrap();
        network.wait_for_sites(1).unwrap();
        network.submit(&path("study.toml"), 1).unwrap();
        network.wait_for_study(0, "spine-baseline").unwrap();
        network.kill_node(0).unwrap();
        copy(&network.nodes()[0].home, &path("node"));
        fs::rename(network.invite("Site Two", &[]).unwrap(), path("invitation.toml")).unwrap();
        let person = network.invite("Ann", &["--person"]).unwrap();
        let program = Program::new(PROGRAM);
        let enrol = ["enrol".as_ref(), person.as_os_str()];
        assert!(program.command(Role::Coordinator, &path("me"), enrol).unwrap().status.success());
        network.node_command(&path("fresh"), ["init"]).unwrap();
        for key in ["investigator", "approver-1"] {
            fs::copy(network.key(key), path(&format!("{key}.key"))).unwrap();
        }
        let sealed = "study.toml.sealed.json";
        fs::copy(directory.join(sealed), path(sealed)).unwrap();
        make_office(&base, &network);
        Self { base, _network: Some(network) }
    }

    /// A copy to spoil.
    pub(crate) fn copy(&self) -> Copy {
        let directory = tempfile::tempdir().unwrap();
        copy(self.base.path(), directory.path());
        Copy(directory)
    }
}

/// A second network's coordinator, which never serves.
fn make_office(base: &TempDir, network: &Network) {
    let key = |name: &str| {
        let file = base.path().join(format!("{name}-of-office.key"));
        let made = network.coordinator_command(["key".as_ref(), "new".as_ref(), file.as_os_str()]).unwrap();
        fs::remove_file(file).unwrap();
        format!("{name}={}", String::from_utf8(made.stdout).unwrap().trim())
    };
    let (investigator, approver) = (key("investigator"), key("approver"));
    let dictionary = base.path().join("dictionary.csv").display().to_string();
    let program = Program::new(PROGRAM);
    let arguments = ["init", "--name", "spine", "--listen", "127.0.0.1:0", "--enrol", "127.0.0.1:0"];
    let further = ["--dictionary", &dictionary, "--investigator", &investigator, "--approver", &approver];
    let made =
        program.command(Role::Coordinator, &base.path().join("office"), arguments.iter().chain(&further));
    assert!(made.unwrap().status.success());
}

impl Copy {
    /// A path in it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Every file with its bytes, and every directory.
    pub(crate) fn state(&self) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
        let mut state = BTreeMap::new();
        let mut open = vec![self.0.path().to_owned()];
        while let Some(directory) = open.pop() {
            for entry in fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                let bytes = path.is_file().then(|| fs::read(&path).unwrap());
                if bytes.is_none() {
                    open.push(path.clone());
                }
                state.insert(path, bytes);
            }
        }
        state
    }

    /// Runs a command line such as `notochord-node --home node status` here.
    pub(crate) fn run(&self, line: &str) -> Said {
        let mut command = command(line);
        command.current_dir(self.0.path());
        if line.ends_with(" serve") { self.serve(command) } else { Said::of(command) }
    }

    /// A server that gets as far as serving has done all that is asked of it here.
    fn serve(&self, mut command: Command) -> Said {
        let mut child = command.spawn().unwrap();
        let serving = self.path("office/serving");
        let began = || serving.exists().then_some(());
        wait_for(Duration::from_secs(60), || began().or(child.try_wait().unwrap().map(|_| ()))).unwrap();
        if serving.exists() {
            // It ends with its parent, whose pipe this is.
            drop(child.stdin.take());
            wait_for(Duration::from_secs(60), || child.try_wait().unwrap()).unwrap();
            fs::remove_file(serving).unwrap();
        }
        child.wait_with_output().unwrap().into()
    }
}

/// The command of a line whose first word is one of the three programs.
pub(crate) fn command(line: &str) -> Command {
    let mut words = line.split(' ');
    let mut command = Command::new(PROGRAM);
    match words.next().unwrap() {
        "notochord" => drop(command.arg(Role::Coordinator.argument())),
        "notochord-node" => drop(command.arg(Role::Node.argument())),
        "notochord-sandbox" => {}
        other => panic!("there is no program {other}"),
    }
    command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    ["NOTOCHORD_HOME", "NOTOCHORD_NODE_HOME", "COLUMNS", "LINES", "RUST_LOG"].iter().for_each(|name| {
        command.env_remove(name);
    });
    command
}

impl Said {
    /// What a command says until it ends.
    pub(crate) fn of(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        // A server ends when this pipe closes, and so perhaps before it has said anything.
        let _pipe = child.stdin.take();
        child.wait_with_output().unwrap().into()
    }
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        // What is no text is a fault of its own.
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self {
            code: output.status.code().unwrap_or(-1),
            out: text(output.stdout),
            error: text(output.stderr),
        }
    }
}

/// Copies a directory's content, permissions included.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap();
        match path.is_dir() {
            // The served network stays where it is.
            true if name == "network" && path.join("coordinator").exists() => {}
            true => copy(&path, &to.join(name)),
            false => drop(fs::copy(&path, to.join(name)).unwrap()),
        }
    }
}
