//! A throw-away network of three centres over the colon data; a study that two may answer.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use notochord_link::membership::Membership;
use notochord_link::socket::{Gone, call_over};
use notochord_proto::wire::network_client::NetworkClient;
use notochord_sandbox::network::{Network, Plan};
use notochord_sandbox::process::{Program, wait_for};
use notochord_sandbox::role::Role;
use notochord_sandbox::split::{Split, split};
use serde_json::Value;
use tempfile::TempDir;
use tonic::transport::Channel;

pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// The centre whose node is of another release.
pub(crate) const C: usize = 2;

pub(crate) const STUDY: &str = include_str!("ages.toml");

pub(crate) struct Stage {
    pub(crate) network: Network,
    pub(crate) directory: TempDir,
}

impl Stage {
    /// A, B and C, connected; no study yet.
    pub(crate) fn set() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let dictionary = reference("dictionary.csv");
        let plan = Plan {
            name: "reference",
            dictionary: &dictionary,
            events: None,
            throwaway_minimum: Some(1),
            approvers: 1,
        };
        let mut network = Network::start(program(), &directory.path().join("network"), &plan).unwrap();
        let (file, data) = (reference("data.csv"), fs::read(reference("data.csv")).unwrap());
        let mut centres = Vec::new();
        for (label, rows) in split(&file, &data, "record_id", &Split::Column("site")).unwrap() {
            let file = directory.path().join(format!("{label}.csv"));
            fs::write(&file, rows).unwrap();
            centres.push((label, vec![file]));
        }
        network.add_sites(&centres).unwrap();
        network.wait_for_sites(3).unwrap();
        Self { network, directory }
    }

    /// The same, and everybody has accepted `ages`.
    pub(crate) fn with_a_study() -> Self {
        let stage = Self::set();
        stage.submit();
        stage.network.accept_everywhere("ages").unwrap();
        stage
    }

    /// Hands the study in; returns the sealed file.
    pub(crate) fn submit(&self) -> PathBuf {
        let file = self.directory.path().join("ages.toml");
        fs::write(&file, STUDY.replace("minimum = 3", "minimum = 2")).unwrap();
        self.network.submit(&file, 1).unwrap()
    }

    pub(crate) fn home(&self, centre: usize) -> &Path {
        &self.network.nodes()[centre].home
    }

    /// Ends a centre's node, and waits until the coordinator has noticed.
    pub(crate) fn end_node(&mut self, centre: usize) {
        self.network.kill_node(centre).unwrap();
        let label = self.network.nodes()[centre].label.clone();
        let missed = || (self.site(&label)["connected"] == false).then_some(());
        wait_for(PATIENCE, missed).expect("it to be missed");
    }

    /// A centre's line of `notochord sites`.
    pub(crate) fn site(&self, label: &str) -> Value {
        let printed = self.network.coordinator_command(["sites", "--json"]).unwrap();
        let sites: Value = serde_json::from_slice(&printed.stdout).unwrap();
        sites.as_array().unwrap().iter().find(|site| site["label"] == label).unwrap().clone()
    }

    /// What a centre's node lacks, as `notochord sites` says it.
    pub(crate) fn lacks(&self, label: &str) -> Vec<String> {
        let site = self.site(label);
        site["lacks"].as_array().unwrap().iter().map(|lack| lack.as_str().unwrap().to_owned()).collect()
    }

    /// Runs the study: how A, B and C took part, and what was said about C.
    pub(crate) fn run(&self) -> (Vec<String>, String) {
        let out = self.directory.path().join("results");
        let printed = self.network.run("ages", &out, &["--json", "--deadline", "10s"]).unwrap();
        let result: Value = serde_json::from_slice(&fs::read(out.join("result.json")).unwrap()).unwrap();
        let sites = result["sites"].as_array().unwrap();
        let statuses = sites.iter().map(|site| site["status"].as_str().unwrap().to_owned()).collect();
        let detail = sites[C]["detail"].as_str().unwrap_or_default().to_owned();
        assert!(String::from_utf8_lossy(&printed.stdout).contains(&detail), "the command says it too");
        (statuses, detail)
    }

    /// A command of a centre, whatever becomes of it.
    pub(crate) fn node(&self, centre: usize, arguments: &[&str]) -> Output {
        program().command(Role::Node, self.home(centre), arguments).unwrap()
    }

    /// The entries of one kind in a centre's ledger.
    pub(crate) fn entries(&self, centre: usize, kind: &str) -> usize {
        count(&self.network.node_command(self.home(centre), ["ledger", "show", "--json"]).unwrap(), kind)
    }

    /// The entries of one kind in the coordinator's ledger.
    pub(crate) fn coordinators_entries(&self, kind: &str) -> usize {
        count(&self.network.coordinator_command(["ledger", "show", "--json"]).unwrap(), kind)
    }

    /// The coordinator's desk, as its own person calls it.
    pub(crate) async fn desk(&self) -> (NetworkClient<Channel>, Gone) {
        let mut membership = Membership::load(&self.network.coordinator_home().join("operator")).unwrap();
        membership.connect = self.network.addresses().unwrap().0;
        let (channel, gone) = call_over(membership.dial().await.unwrap()).await.unwrap();
        (NetworkClient::new(channel), gone)
    }
}

fn count(printed: &Output, kind: &str) -> usize {
    let lines = String::from_utf8_lossy(&printed.stdout).into_owned();
    let is_kind = |line: &&str| serde_json::from_str::<Value>(line).unwrap()["kind"] == kind;
    lines.lines().filter(is_kind).count()
}

pub(crate) fn text(output: &Output) -> String {
    let (said, complained) = (&output.stdout, &output.stderr);
    format!("{}{}", String::from_utf8_lossy(said), String::from_utf8_lossy(complained))
}

pub(crate) fn program() -> Program {
    Program::new(env!("CARGO_BIN_EXE_notochord-tests"))
}

pub(crate) fn reference(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("reference/colon_death").join(file)
}
