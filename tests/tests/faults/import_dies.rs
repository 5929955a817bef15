//! An import that is killed, at whatever point, leaves the snapshot before in force and nothing else.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use notochord_sandbox::network::{Network, Plan};
use notochord_sandbox::process::Program;
use serde_json::Value;
use tempfile::TempDir;

const PATIENTS: usize = 1_500;

struct Centre {
    network: Network,
    home: PathBuf,
    data: PathBuf,
    before: Value,
    _directory: TempDir,
}

impl Centre {
    /// A centre with a snapshot, and the file of a larger registry.
    fn set() -> Self {
        let registry = Path::new(env!("CARGO_MANIFEST_DIR")).join("registry");
        let directory = tempfile::tempdir().unwrap();
        let data = directory.path().join("larger.csv");
        fs::write(&data, larger(&fs::read_to_string(registry.join("raw.csv")).unwrap())).unwrap();
        let plan = Plan {
            name: "registry",
            dictionary: &registry,
            events: None,
            throwaway_minimum: Some(1),
            approvers: 1,
        };
        let program = Program::new(env!("CARGO_BIN_EXE_notochord-tests"));
        let network = Network::start(program, &directory.path().join("network"), &plan).unwrap();
        let home = directory.path().join("centre");
        let invitation = network.invite("Utrecht", &[]).unwrap();
        network.node_command(&home, ["init"]).unwrap();
        let enrol = ["enrol".as_ref(), invitation.as_os_str(), "--throwaway".as_ref()];
        network.node_command(&home, enrol).unwrap();
        network.node_command(&home, ["import".as_ref(), registry.join("raw.csv").as_os_str()]).unwrap();
        let mut centre = Self { network, home, data, before: Value::Null, _directory: directory };
        centre.before = centre.snapshots();
        centre
    }

    fn snapshots(&self) -> Value {
        let printed = self.network.node_command(&self.home, ["snapshots", "list", "--json"]).unwrap();
        serde_json::from_slice(&printed.stdout).unwrap()
    }

    fn import(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_notochord-tests"));
        command.args(["role-node", "--home"]).arg(&self.home).arg("import").arg(&self.data);
        command
    }

    /// The names in the directory of snapshots that are no snapshot.
    fn leftovers(&self) -> Vec<String> {
        let names = fs::read_dir(self.home.join("snapshots")).unwrap();
        let mut names: Vec<_> = names.map(|name| name.unwrap().file_name().into_string().unwrap()).collect();
        names.retain(|name| name.len() != 64);
        names.sort();
        names
    }

    /// The snapshot before is in force, unchanged, and can be read.
    fn assert_as_before(&self, when: &str) {
        assert_eq!(self.snapshots(), self.before, "{when}");
    }

    /// An import that is left alone works, and cleans up after those that were killed.
    fn assert_next_import_works(&self) {
        let imported = self.import().arg("--json").output().unwrap();
        assert!(imported.status.success(), "{}", String::from_utf8_lossy(&imported.stderr));
        let report: Value = serde_json::from_slice(&imported.stdout).unwrap();
        assert_eq!(report["patients"], PATIENTS);
        assert_eq!(self.snapshots().as_array().unwrap().len(), 2);
        assert!(
            self.leftovers().iter().all(|name| name.starts_with(".lock") || name == "lock"),
            "{:?}",
            self.leftovers()
        );
    }
}

/// The rows of one patient of the file, again and again under new record ids.
fn larger(export: &str) -> String {
    let (headings, rows) = export.split_once('\n').unwrap();
    let rows: Vec<_> = rows.lines().filter(|row| row.starts_with("BO-001,")).collect();
    let mut text = format!("{headings}\n");
    for patient in 0..PATIENTS {
        for row in &rows {
            writeln!(text, "{}", row.replacen("BO-001", &format!("P{patient}"), 1)).unwrap();
        }
    }
    text
}

#[test]
fn an_import_killed_at_any_size_of_a_file_it_writes_leaves_the_snapshot_before_in_force() {
    let centre = Centre::set();
    let mut killed = 0;
    // The system kills a process that makes a file larger than it may, here from no block to more than all files need.
    for blocks in [0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377] {
        let command = centre.import();
        let limited = format!("ulimit -c 0; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        let mut limited_command = Command::new("bash");
        limited_command.arg("-c").arg(limited).arg(command.get_program()).args(command.get_args());
        let ended = limited_command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
        if ended.success() {
            break;
        }
        killed += 1;
        centre.assert_as_before(&format!("killed at {blocks} blocks"));
    }
    assert!(killed >= 5, "killed only {killed} times");
    centre.assert_next_import_works();
}

#[test]
fn an_import_killed_while_its_draft_grows_leaves_the_snapshot_before_in_force() {
    let centre = Centre::set();
    let snapshots = centre.home.join("snapshots");
    let grown = || -> u64 {
        fn size(path: &Path) -> u64 {
            let entries = fs::read_dir(path).into_iter().flatten().flatten();
            entries.map(|entry| 1 + entry.metadata().map_or(0, |one| one.len()) + size(&entry.path())).sum()
        }
        let names = fs::read_dir(&snapshots).into_iter().flatten().flatten();
        let drafts = names.filter(|one| one.file_name().len() != 64 && one.path().is_dir());
        drafts.map(|draft| 1 + size(&draft.path())).sum()
    };
    let mut killed = 0;
    for threshold in [0, 1, 2, 5, 1_000, 10_000, 20_000, 40_000, 80_000] {
        let mut child = centre.import().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let finished = loop {
            if child.try_wait().unwrap().is_some() {
                break true;
            }
            if grown() >= threshold {
                break false;
            }
            std::hint::spin_loop();
        };
        child.kill().unwrap();
        child.wait().unwrap();
        if finished || centre.snapshots() != centre.before {
            // It was done before it could be killed: then it is there whole, and the test ends here.
            assert_eq!(centre.snapshots().as_array().unwrap().len(), 2);
            break;
        }
        killed += 1;
        centre.assert_as_before(&format!("killed at {threshold} bytes"));
    }
    assert!(killed >= 3, "killed only {killed} times");
    centre.assert_next_import_works();
}

#[test]
fn two_imports_at_once_exclude_each_other_and_one_of_them_says_so() {
    let centre = Centre::set();
    let two =
        [(); 2].map(|()| centre.import().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
    let ended = two.map(|child| child.wait_with_output().unwrap());
    let refused: Vec<_> = ended.iter().filter(|output| !output.status.success()).collect();
    let [refused] = refused[..] else { panic!("{} of two were refused", refused.len()) };
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains("another import or erasure"), "{said}");
    centre.assert_next_import_works();
}
