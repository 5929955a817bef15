//! A small network whose parts can be killed, and the invariants that hold whatever was.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::mpsc::Sender;
use std::thread::JoinHandle;
use std::time::Duration;

use notochord_sandbox::network::{Network, NetworkError, Plan};
use notochord_sandbox::process::{Program, wait_for};
use notochord_sandbox::role::Role;
use serde_json::Value;
use tempfile::TempDir;

pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

const STUDY: &str = include_str!("ages.toml");
const RISK: &str = "
[[analyses]]
id = \"risk\"
kind = \"logistic\"
formula = \"status ~ age + sex\"
";

/// A network over the colon data, and a study that every centre has accepted.
pub(crate) struct Stage {
    pub(crate) network: Network,
    pub(crate) directory: TempDir,
}

impl Stage {
    /// `sites` centres, each with the rows of the file `copies` times over, so that a round takes its time.
    pub(crate) fn set(sites: usize, copies: usize) -> Self {
        Self::with(STUDY, sites, copies)
    }

    /// The same, with a study that also asks in several rounds: `risk`.
    pub(crate) fn iterative(sites: usize, copies: usize) -> Self {
        Self::with(&format!("{STUDY}{RISK}"), sites, copies)
    }

    fn with(study_text: &str, sites: usize, copies: usize) -> Self {
        let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("reference/colon_death");
        let directory = tempfile::tempdir().unwrap();
        let study = directory.path().join("ages.toml");
        fs::write(&study, study_text).unwrap();
        let data = directory.path().join("data.csv");
        fs::write(&data, repeated(&fs::read_to_string(reference.join("data.csv")).unwrap(), copies)).unwrap();
        let plan = Plan {
            name: "reference",
            dictionary: &reference.join("dictionary.csv"),
            events: None,
            throwaway_minimum: None,
            approvers: 1,
        };
        let program = Program::new(env!("CARGO_BIN_EXE_notochord-tests"));
        let mut network = Network::start(program, &directory.path().join("network"), &plan).unwrap();
        let centres: Vec<(String, Vec<PathBuf>)> =
            (1..=sites).map(|number| (format!("Centre {number}"), vec![data.clone()])).collect();
        network.add_sites(&centres).unwrap();
        network.wait_for_sites(sites).unwrap();
        network.submit(&study, 1).unwrap();
        network.accept_everywhere("ages").unwrap();
        Self { network, directory }
    }

    /// Runs the study to its end.
    pub(crate) fn run(&self, deadline: &str) -> Result<Output, NetworkError> {
        self.network.run("ages", &self.directory.path().join("results"), &["--deadline", deadline])
    }

    /// Runs the study in a process of its own; `done` hears how it ended.
    pub(crate) fn run_in_background(
        &self,
        deadline: &str,
        done: Sender<Result<(), NetworkError>>,
    ) -> JoinHandle<()> {
        let program = Program::new(env!("CARGO_BIN_EXE_notochord-tests"));
        let home = self.network.coordinator_home();
        let out = self.directory.path().join("results").display().to_string();
        let arguments = ["run", "ages", "--deadline", deadline, "--out", &out].map(str::to_owned);
        std::thread::spawn(move || {
            let output = program.command(Role::Coordinator, &home, arguments).unwrap();
            let message = String::from_utf8_lossy(&output.stderr).into_owned();
            let ran = match output.status.code() {
                Some(0) => Ok(()),
                code => Err(NetworkError::Command { code: code.unwrap_or(-1), message }),
            };
            // A test that failed does not listen any more.
            let _ = done.send(ran);
        })
    }

    /// How each site took part in the last result.
    pub(crate) fn statuses(&self) -> Vec<String> {
        let result = fs::read(self.directory.path().join("results/result.json")).unwrap();
        let result: Value = serde_json::from_slice(&result).unwrap();
        let sites = result["sites"].as_array().unwrap();
        sites.iter().map(|site| site["status"].as_str().unwrap().to_owned()).collect()
    }

    /// The runs as the coordinator lists them.
    pub(crate) fn runs(&self) -> Vec<Value> {
        let printed = self.network.coordinator_command(["runs", "--json"]).unwrap();
        serde_json::from_slice::<Value>(&printed.stdout).unwrap().as_array().unwrap().clone()
    }

    /// What the coordinator's ledger holds of a kind.
    pub(crate) fn coordinators_entries(&self, kind: &str) -> Vec<Value> {
        let shown = self.network.coordinator_command(["ledger", "show", "--json"]).unwrap();
        let lines = String::from_utf8_lossy(&shown.stdout).into_owned();
        let entries = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        entries.filter(|entry| entry["kind"] == kind).map(|entry| entry["body"].clone()).collect()
    }

    /// The bytes of a node's ledger.
    pub(crate) fn ledger(&self, index: usize) -> String {
        let log = self.network.nodes()[index].home.join("ledger/ledger.log");
        String::from_utf8_lossy(&fs::read(log).unwrap()).into_owned()
    }

    /// Waits until a node's ledger holds `count` entries of a kind.
    pub(crate) fn wait_for_entries(&self, index: usize, kind: &str, count: usize) {
        let wanted = format!("\"kind\":\"{kind}\"");
        wait_for(PATIENCE, || (self.ledger(index).matches(&wanted).count() >= count).then_some(()))
            .unwrap_or_else(|| panic!("no {count} entries {kind} in\n{}", self.ledger(index)));
    }

    /// Every ledger verifies, nothing was released twice under one idempotency key or without an intent before it.
    pub(crate) fn assert_ledgers_tell_the_truth(&self) {
        for node in self.network.nodes() {
            self.network.node_command(&node.home, ["ledger", "verify"]).unwrap();
            let shown = self.network.node_command(&node.home, ["ledger", "show", "--json"]).unwrap();
            let mut releases: BTreeMap<String, usize> = BTreeMap::new();
            let mut intended = Vec::new();
            for line in String::from_utf8_lossy(&shown.stdout).lines() {
                let entry: Value = serde_json::from_str(line).unwrap();
                let round = entry["body"]["round"].clone();
                match entry["kind"].as_str().unwrap() {
                    "intent" => intended.push(round),
                    "released" => {
                        assert!(intended.contains(&round), "{}: released without intent: {line}", node.label);
                        let key = entry["body"]["idempotency_key"].as_str().unwrap().to_owned();
                        *releases.entry(key).or_default() += 1;
                    }
                    _ => {}
                }
            }
            assert!(releases.values().all(|count| *count == 1), "{}: {releases:?}", node.label);
        }
    }
}

/// Sends a signal to a node's process.
pub(crate) fn signal(network: &Network, index: usize, name: &str) {
    let process = network.node_process(index).unwrap().to_string();
    assert!(Command::new("kill").args([name, &process]).status().unwrap().success());
}

fn repeated(data: &str, copies: usize) -> String {
    let (header, rows) = data.split_once('\n').unwrap();
    format!("{header}\n{}", rows.repeat(copies))
}
