//! A small network with a study that every centre has accepted.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use notochord::verify::Exhibit;
use notochord_proto::keys::SecretKey;
use notochord_sandbox::network::{Network, NetworkError, Plan};
use notochord_sandbox::process::{Program, wait_for};
use tempfile::TempDir;

pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

const STUDY: &str = include_str!("../faults/ages.toml");
const RISK: &str = "
[[analyses]]
id = \"risk\"
kind = \"logistic\"
formula = \"status ~ age + sex\"
";

pub(crate) struct Stage {
    pub(crate) network: Network,
    pub(crate) directory: TempDir,
}

impl Stage {
    /// Three centres with the whole file each.
    pub(crate) fn set() -> Self {
        Self::with(STUDY)
    }

    /// The same, with a study that also asks in several rounds: `risk`.
    pub(crate) fn iterative() -> Self {
        Self::with(&format!("{STUDY}{RISK}"))
    }

    fn with(study_text: &str) -> Self {
        let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("reference/colon_death");
        let directory = tempfile::tempdir().unwrap();
        let study = directory.path().join("ages.toml");
        fs::write(&study, study_text).unwrap();
        let plan = Plan {
            name: "reference",
            dictionary: &reference.join("dictionary.csv"),
            events: None,
            throwaway_minimum: None,
            approvers: 2,
        };
        let program = Program::new(env!("CARGO_BIN_EXE_notochord-tests"));
        let mut network = Network::start(program, &directory.path().join("network"), &plan).unwrap();
        let centres: Vec<(String, Vec<PathBuf>)> =
            (1..=3).map(|number| (format!("Centre {number}"), vec![reference.join("data.csv")])).collect();
        network.add_sites(&centres).unwrap();
        network.wait_for_sites(3).unwrap();
        network.submit(&study, 2).unwrap();
        network.accept_everywhere("ages").unwrap();
        Self { network, directory }
    }

    /// Runs the study; its files go to a directory of this name.
    pub(crate) fn run(&self, results: &str) -> Result<PathBuf, NetworkError> {
        let results = self.directory.path().join(results);
        self.network.run("ages", &results, &["--deadline", "30s"]).map(|_| results)
    }

    /// A signing key of the coordinator or a site: `coordinator/keys/coordinator.key`, `site-1/keys/node.key`.
    pub(crate) fn key(&self, file: &str) -> SecretKey {
        let text = fs::read_to_string(self.network.directory().join(file)).unwrap();
        SecretKey::from_file_text(&text).unwrap()
    }

    /// The entries of a node's ledger.
    pub(crate) fn ledger(&self, index: usize) -> String {
        let log = self.network.nodes()[index].home.join("ledger/ledger.log");
        String::from_utf8_lossy(&fs::read(log).unwrap()).into_owned()
    }

    /// Waits until a node's ledger is locked; says why it is.
    pub(crate) fn wait_for_lock(&self, index: usize) -> String {
        let locked = self.network.nodes()[index].home.join("ledger/locked");
        wait_for(PATIENCE, || fs::read_to_string(&locked).ok())
            .unwrap_or_else(|| panic!("not locked\n{}", self.network.node_log(index)))
    }
}

/// The files of a result.
pub(crate) fn exhibit(results: &Path) -> Exhibit {
    let read = |file: fs::DirEntry| (file.file_name().into_string().unwrap(), fs::read(file.path()).unwrap());
    let files: BTreeMap<_, _> = fs::read_dir(results).unwrap().map(|file| read(file.unwrap())).collect();
    Exhibit { files }
}

/// Copies a directory with all below it.
pub(crate) fn copy_directory(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        let target = to.join(file.file_name());
        match file.file_type().unwrap().is_dir() {
            true => copy_directory(&file.path(), &target),
            false => drop(fs::copy(file.path(), target).unwrap()),
        }
    }
}
