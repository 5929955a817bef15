//! A small network whose first centre reaches its coordinator through a proxy.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use notochord_sandbox::network::{Network, Plan};
use notochord_sandbox::process::{Program, wait_for};
use serde_json::Value;
use tempfile::TempDir;

use crate::middlebox::{Middlebox, PATIENCE};

pub(crate) struct Stage {
    pub(crate) network: Network,
    pub(crate) directory: TempDir,
}

/// The centre behind the proxy.
pub(crate) const BEHIND: usize = 0;

impl Stage {
    /// A coordinator without sites.
    pub(crate) fn empty() -> Self {
        Self::of(program())
    }

    /// The same, with every program of the network started like this one.
    pub(crate) fn of(program: Program) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let plan = Plan {
            name: "reference",
            dictionary: &reference("dictionary.csv"),
            events: None,
            throwaway_minimum: None,
            approvers: 1,
        };
        let network = Network::start(program, &directory.path().join("network"), &plan).unwrap();
        Self { network, directory }
    }

    /// Three centres that have accepted the study of ages; the first one's `link.toml` names `proxy`, and holds
    /// these lines as well.
    pub(crate) fn behind(proxy: &Middlebox, further: &str) -> Self {
        Self::with_rows(1, proxy, further)
    }

    /// The same with the rows of the file so many times, so that a round takes its time.
    pub(crate) fn with_rows(copies: usize, proxy: &Middlebox, further: &str) -> Self {
        let mut stage = Self::empty();
        stage.populate(3, copies, |home| write_link(home, proxy, further));
        stage
    }

    /// Adds so many centres, the first one's directory prepared before anything is there.
    pub(crate) fn populate(&mut self, centres: usize, copies: usize, prepare: impl FnOnce(&Path)) {
        let stage = self;
        let home = stage.directory.path().join("network/site-1");
        fs::create_dir_all(&home).unwrap();
        prepare(&home);
        let data = stage.directory.path().join("data.csv");
        let text = fs::read_to_string(reference("data.csv")).unwrap();
        let (header, rows) = text.split_once('\n').unwrap();
        fs::write(&data, format!("{header}\n{}", rows.repeat(copies))).unwrap();
        let sites: Vec<_> =
            (1..=centres).map(|number| (format!("Centre {number}"), vec![data.clone()])).collect();
        stage.network.add_sites(&sites).unwrap();
        stage.network.wait_for_sites(centres).unwrap();
        let study = stage.directory.path().join("ages.toml");
        fs::write(&study, include_str!("../network/ages.toml")).unwrap();
        stage.network.submit(&study, 1).unwrap();
        stage.network.accept_everywhere("ages").unwrap();
    }

    /// Has the coordinator listen and be found elsewhere from now on, and starts it again.
    pub(crate) fn move_coordinator(&mut self, from: &str, to: &str) {
        self.network.kill_coordinator().unwrap();
        let file = self.network.coordinator_home().join("network.toml");
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(&file, text.replace(from, to)).unwrap();
        self.network.start_coordinator().unwrap();
    }

    pub(crate) fn home(&self) -> &Path {
        &self.network.nodes()[BEHIND].home
    }

    /// Runs the study; how each site took part.
    pub(crate) fn run(&self) -> Vec<String> {
        self.run_for("60s")
    }

    /// The same with this deadline.
    pub(crate) fn run_for(&self, deadline: &str) -> Vec<String> {
        let out = self.directory.path().join("results");
        self.network.run("ages", &out, &["--deadline", deadline]).unwrap();
        let result: Value = serde_json::from_slice(&fs::read(out.join("result.json")).unwrap()).unwrap();
        let sites = result["sites"].as_array().unwrap();
        sites.iter().map(|site| site["status"].as_str().unwrap().to_owned()).collect()
    }

    /// How many entries of a kind the ledger of the centre behind the proxy holds.
    pub(crate) fn entries(&self, kind: &str) -> usize {
        let ledger = fs::read(self.home().join("ledger/ledger.log")).unwrap();
        String::from_utf8_lossy(&ledger).matches(&format!("\"kind\":\"{kind}\"")).count()
    }

    /// Whether the coordinator says that the centre behind the proxy is connected.
    pub(crate) fn is_connected(&self) -> bool {
        let printed = self.network.coordinator_command(["sites", "--json"]).unwrap();
        let sites: Value = serde_json::from_slice(&printed.stdout).unwrap();
        let mut sites = sites.as_array().unwrap().iter();
        sites.any(|site| site["id"] == "centre-1" && site["connected"] == true)
    }

    /// Waits until the coordinator says so.
    pub(crate) fn wait_until_connected(&self, expected: bool) {
        wait_for(PATIENCE, || (self.is_connected() == expected).then_some(())).unwrap_or_else(|| {
            panic!("connected is not {expected}: {}", self.network.node_log(BEHIND));
        });
    }

    /// Waits until the node behind the proxy has said this so many times.
    pub(crate) fn wait_for_log(&self, text: &str, times: usize) {
        let log = || self.network.node_log(BEHIND);
        wait_for(PATIENCE, || (log().matches(text).count() >= times).then_some(()))
            .unwrap_or_else(|| panic!("never `{text}`: {}", log()));
    }
}

/// Writes a directory's `link.toml` with this proxy and the further lines, and the password beside it.
pub(crate) fn write_link(home: &Path, proxy: &Middlebox, further: &str) {
    write_link_to(home, &proxy.address, "open sesame", further);
}

/// The same for a proxy that is only an address, and its password.
pub(crate) fn write_link_to(home: &Path, proxy: &str, password: &str, further: &str) {
    fs::write(home.join("link.toml"), format!("proxy = \"http://{proxy}\"\n{further}")).unwrap();
    let mut private = fs::OpenOptions::new();
    let file = private.write(true).create(true).truncate(true).mode(0o600);
    writeln!(file.open(home.join("password")).unwrap(), "{password}").unwrap();
}

/// The lines of a `link.toml` that name who calls.
pub(crate) const WITH_PASSWORD: &str = "proxy_user = \"Aladdin\"\nproxy_password_file = \"password\"\n";

pub(crate) fn program() -> Program {
    Program::new(env!("CARGO_BIN_EXE_notochord-tests"))
}

pub(crate) fn reference(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("reference/colon_death").join(file)
}

/// Says that a test is skipped, and why, also where the harness keeps what tests print to itself.
pub(crate) fn skipped(reason: &str) {
    let name = std::thread::current().name().unwrap_or_default().to_owned();
    // A test whose words nobody hears is skipped all the same.
    let _ = writeln!(std::io::stderr(), "SKIPPED {name}: {reason}");
}
