//! A coordinator without sites, and the files to make some.

use std::fs;
use std::path::{Path, PathBuf};

use notochord_sandbox::network::{Network, Plan};
use notochord_sandbox::process::Program;
use tempfile::TempDir;

pub(crate) struct Stage {
    pub(crate) network: Network,
    pub(crate) directory: TempDir,
}

impl Stage {
    pub(crate) fn set() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let dictionary = reference("dictionary.csv");
        let plan = Plan {
            name: "reference",
            dictionary: &dictionary,
            events: None,
            throwaway_minimum: None,
            approvers: 2,
        };
        let network = Network::start(program(), &directory.path().join("network"), &plan).unwrap();
        Self { network, directory }
    }

    /// Centres with the whole file each.
    pub(crate) fn add_sites(&mut self, count: usize) {
        let sites: Vec<(String, Vec<PathBuf>)> =
            (1..=count).map(|number| (format!("Centre {number}"), vec![reference("data.csv")])).collect();
        self.network.add_sites(&sites).unwrap();
        self.network.wait_for_sites(count).unwrap();
    }

    /// A study of the patients' ages, with a part of its text replaced.
    pub(crate) fn study(&self, from: &str, to: &str) -> PathBuf {
        let text = include_str!("ages.toml");
        assert!(text.contains(from), "{from}");
        let file = self.directory.path().join("ages.toml");
        fs::write(&file, text.replace(from, to)).unwrap();
        file
    }
}

pub(crate) fn program() -> Program {
    Program::new(program_path())
}

pub(crate) fn program_path() -> &'static str {
    env!("CARGO_BIN_EXE_notochord-tests")
}

pub(crate) fn reference(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("reference/colon_death").join(file)
}
