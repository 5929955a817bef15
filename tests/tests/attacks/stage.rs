//! A network of three centres over the colon data that has accepted one study, and what its nodes wrote down.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use notochord_proto::dictionary::Dictionary;
use notochord_sandbox::network::{Network, Plan};
use notochord_sandbox::process::{Program, wait_for};
use notochord_sandbox::split::{Split, split};
use serde_json::Value;
use tempfile::TempDir;

pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// The centre that is attacked, by its place among the nodes.
pub(crate) const A: usize = 0;
/// The centre whose keys the attacker holds, where one is needed.
pub(crate) const C: usize = 2;

/// A number that is 1 for one known patient and 0 for everybody else, in a sum that rests on hundreds.
pub(crate) const TRACKER: (&str, &str) = (
    "[[analyses]]\nid = \"age\"\nkind = \"describe\"\nvariables = [\"age\"]",
    r#"[derived.burden]
value = "CASE WHEN age = 69 AND sex = 1 AND rx = 'Obs' THEN 1 ELSE 0 END"
type = "number"
min = 0
max = 1

[[analyses]]
id = "age"
kind = "describe"
variables = ["burden"]"#,
);

/// An analysis that takes several rounds.
const RISK: (&str, &str) = (
    "columns_by = \"sex\"",
    r#"columns_by = "sex"

[[analyses]]
id = "risk"
kind = "logistic"
formula = "status ~ age + sex"
"#,
);

pub(crate) struct Stage {
    pub(crate) network: Network,
    pub(crate) directory: TempDir,
}

/// What an entry of a node's ledger says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) kind: String,
    pub(crate) reason: String,
}

impl Stage {
    /// A network without centres, whose two approvers must both approve.
    pub(crate) fn without_centres() -> Self {
        Self::of(None)
    }

    /// The centres A, B and C, which have accepted `ages`.
    pub(crate) fn set() -> Self {
        Self::of(None).with_centres(&[])
    }

    /// The same centres, with a study that asks in several rounds too: `risk`.
    pub(crate) fn iterative() -> Self {
        Self::of(None).with_centres(&[RISK])
    }

    /// The same in a throw-away network, where two centres are enough.
    pub(crate) fn throw_away() -> Self {
        Self::of(Some(1)).with_centres(&[("minimum = 3", "minimum = 2")])
    }

    fn of(throwaway_minimum: Option<u32>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let dictionary = reference("dictionary.csv");
        let plan = Plan {
            name: "reference",
            dictionary: &dictionary,
            events: None,
            throwaway_minimum,
            approvers: 2,
        };
        let network = Network::start(program(), &directory.path().join("network"), &plan).unwrap();
        Self { network, directory }
    }

    fn with_centres(mut self, changes: &[(&str, &str)]) -> Self {
        let (file, data) = (reference("data.csv"), fs::read(reference("data.csv")).unwrap());
        let mut centres = Vec::new();
        for (label, rows) in split(&file, &data, "record_id", &Split::Column("site")).unwrap() {
            let file = self.directory.path().join(format!("{label}.csv"));
            fs::write(&file, rows).unwrap();
            centres.push((label, vec![file]));
        }
        self.network.add_sites(&centres).unwrap();
        self.network.wait_for_sites(3).unwrap();
        self.network.submit(&self.study("ages.toml", changes), 2).unwrap();
        self.network.accept_everywhere("ages").unwrap();
        self
    }

    /// Writes the study of the patients' ages to a file, with parts of its text replaced.
    pub(crate) fn study(&self, name: &str, changes: &[(&str, &str)]) -> PathBuf {
        let file = self.directory.path().join(name);
        fs::write(&file, study(changes)).unwrap();
        file
    }

    /// The study that every centre has accepted, as it was handed in.
    pub(crate) fn accepted_study(&self) -> Vec<u8> {
        fs::read(self.network.directory().join("ages.toml.sealed.json")).unwrap()
    }

    pub(crate) fn home(&self, centre: usize) -> &Path {
        &self.network.nodes()[centre].home
    }

    /// A command of a centre that must succeed.
    pub(crate) fn centre_command(&self, centre: usize, arguments: &[&str]) -> String {
        let output = self.network.node_command(self.home(centre), arguments).unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    /// A centre's ledger, as its own command shows it.
    pub(crate) fn ledger(&self, home: &Path) -> Vec<Entry> {
        let shown = self.network.node_command(home, ["ledger", "show", "--json"]).unwrap();
        let entry = |line: &str| {
            let entry: Value = serde_json::from_str(line).unwrap();
            let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            Entry { kind: word(&entry["kind"]), reason: word(&entry["body"]["reason"]) }
        };
        String::from_utf8(shown.stdout).unwrap().lines().map(entry).collect()
    }

    /// What a centre writes down while `attack` goes on.
    pub(crate) fn written_during<T>(&self, centre: usize, attack: impl FnOnce() -> T) -> (T, Vec<Entry>) {
        let before = self.ledger(self.home(centre)).len();
        let done = attack();
        (done, self.ledger(self.home(centre)).split_off(before))
    }

    /// The labels of the centres that the coordinator takes for connected.
    pub(crate) fn connected(&self) -> Vec<String> {
        let printed = self.network.coordinator_command(["sites", "--json"]).unwrap();
        let sites: Value = serde_json::from_slice(&printed.stdout).unwrap();
        let connected = sites.as_array().unwrap().iter().filter(|site| site["connected"] == true);
        connected.map(|site| site["label"].as_str().unwrap().to_owned()).collect()
    }

    /// Kills a centre's node, and waits until the coordinator has noticed.
    pub(crate) fn kill(&mut self, centre: usize) {
        self.network.kill_node(centre).unwrap();
        let label = &self.network.nodes()[centre].label;
        wait_for(PATIENCE, || (!self.connected().contains(label)).then_some(())).expect("it to be missed");
    }

    /// The study still runs, and all three centres contribute.
    pub(crate) fn assert_an_honest_run_works(&self) {
        let result = self.run(&[]);
        assert_eq!(statuses(&result), ["contributed", "contributed", "contributed"]);
    }

    /// Runs the study; returns `result.json`.
    pub(crate) fn run(&self, further: &[&str]) -> Value {
        let out = self.directory.path().join("results");
        self.network.run("ages", &out, further).unwrap();
        serde_json::from_slice(&fs::read(out.join("result.json")).unwrap()).unwrap()
    }

    /// Waits until the coordinator has said so many times that it turned somebody away for this reason; its ledger
    /// says so too.
    pub(crate) fn wait_for_the_coordinator_to_say(&self, what: &str, times: usize) {
        wait_for_words(|| self.network.coordinator_log(), what, times);
        wait_for_words(|| self.coordinators_turned_away(), what, 1);
    }

    /// The entries of the coordinator's ledger about those it turned away, a line each.
    pub(crate) fn coordinators_turned_away(&self) -> String {
        let shown = self.network.coordinator_command(["ledger", "show", "--json"]).unwrap();
        let lines = String::from_utf8_lossy(&shown.stdout).into_owned();
        lines.lines().filter(|line| line.contains("turned_away")).collect::<Vec<_>>().join("\n")
    }

    /// Waits until a centre's node has said something so many times.
    pub(crate) fn wait_for_the_node_to_say(&self, centre: usize, what: &str, times: usize) {
        wait_for_words(|| self.network.node_log(centre), what, times);
    }
}

fn wait_for_words(log: impl Fn() -> String, what: &str, times: usize) {
    wait_for(PATIENCE, || (log().matches(what).count() >= times).then_some(()))
        .unwrap_or_else(|| panic!("`{what}` is not {times} times in\n{}", log()));
}

/// How A, B and C took part.
pub(crate) fn statuses(result: &Value) -> Vec<&str> {
    result["sites"].as_array().unwrap().iter().map(|site| site["status"].as_str().unwrap()).collect()
}

/// The one entry that a refusal leaves: nothing was intended, nothing was released.
pub(crate) fn assert_refused(written: &[Entry], kind: &str, reason: &str) {
    let [entry] = written else { panic!("not one entry but {written:#?}, for `{reason}`") };
    assert_eq!(entry.kind, kind, "{entry:?}");
    assert!(entry.reason.contains(reason), "`{}` is not `{reason}`", entry.reason);
}

/// The study of the patients' ages, with parts of its text replaced.
pub(crate) fn study(changes: &[(&str, &str)]) -> String {
    let mut text = include_str!("ages.toml").to_owned();
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    text
}

pub(crate) fn program() -> Program {
    Program::new(env!("CARGO_BIN_EXE_notochord-tests"))
}

/// The network's dictionary.
pub(crate) fn dictionary() -> Dictionary {
    Dictionary::parse("dictionary.csv", &fs::read(reference("dictionary.csv")).unwrap()).unwrap()
}

fn reference(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("reference/colon_death").join(file)
}
