//! A registry as a centre has it: events, repeats, missing-data codes, exports in codes and labels, a patient who
//! withdraws, and a dictionary that grows.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use notochord_sandbox::network::{Network, NetworkError, Plan};
use notochord_sandbox::role::Role;
use serde_json::Value;
use tempfile::TempDir;

use crate::stage::{program, program_path};

fn registry(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("registry").join(file)
}

/// A network of one centre without data.
struct Centre {
    network: Network,
    home: PathBuf,
    directory: TempDir,
}

impl Centre {
    fn set() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let dictionary = registry("");
        let plan = Plan {
            name: "registry",
            dictionary: &dictionary,
            events: None,
            throwaway_minimum: Some(1),
            approvers: 1,
        };
        let network = Network::start(program(), &directory.path().join("network"), &plan).unwrap();
        let home = directory.path().join("centre");
        let invitation = network.invite("Utrecht", &[]).unwrap();
        network.node_command(&home, ["init"]).unwrap();
        let enrol = ["enrol".as_ref(), invitation.as_os_str(), "--throwaway".as_ref()];
        network.node_command(&home, enrol).unwrap();
        Self { network, home, directory }
    }

    fn run(&self, arguments: &[&str]) -> String {
        self.try_run(arguments).unwrap_or_else(|error| panic!("{arguments:?}: {error}"))
    }

    fn try_run(&self, arguments: &[&str]) -> Result<String, NetworkError> {
        let output = self.network.node_command(&self.home, arguments)?;
        Ok(String::from_utf8(output.stdout).unwrap())
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.run(arguments)).unwrap()
    }

    fn import(&self, file: &Path) -> Value {
        self.json(&["import", &file.display().to_string(), "--json"])
    }

    fn snapshots(&self) -> Vec<Value> {
        self.json(&["snapshots", "list", "--json"]).as_array().unwrap().clone()
    }

    /// Everything in the centre's directory, as one text.
    fn bytes_at_rest(&self, below: &str) -> Vec<u8> {
        fn gather(path: &Path, bytes: &mut Vec<u8>) {
            for entry in fs::read_dir(path).unwrap().map(Result::unwrap) {
                match entry.file_type().unwrap().is_dir() {
                    true => gather(&entry.path(), bytes),
                    false => bytes.extend(fs::read(entry.path()).unwrap()),
                }
            }
        }
        let mut bytes = Vec::new();
        gather(&self.home.join(below), &mut bytes);
        bytes
    }

    fn ledger(&self) -> String {
        fs::read_to_string(self.home.join("ledger/ledger.log")).unwrap()
    }
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

fn sandbox(arguments: &[&str]) -> Output {
    Command::new(program_path()).args(arguments).output().unwrap()
}

fn expected() -> Value {
    serde_json::from_slice(&fs::read(registry("expected.json")).unwrap()).unwrap()
}

/// The update with one sign of its root document's signature changed.
fn with_another_signature(update: &str) -> String {
    let mut update: Value = serde_json::from_str(update).unwrap();
    let mut root: Value = serde_json::from_str(update["root"].as_str().unwrap()).unwrap();
    let signature = root["signatures"][0]["sig"].as_str().unwrap();
    let first = if signature.starts_with('A') { 'B' } else { 'A' };
    root["signatures"][0]["sig"] = format!("{first}{}", &signature[1..]).into();
    update["root"] = root.to_string().into();
    update.to_string()
}

/// The first group's summary of a variable, or that of the group with this level.
fn summary<'a>(result: &'a Value, analysis: &str, group: &str, variable: &str) -> &'a Value {
    let groups = result["analyses"][analysis]["result"]["groups"].as_array().unwrap();
    let by = |one: &&Value| one["by"].as_str().unwrap_or_default() == group;
    &groups.iter().find(by).unwrap()["variables"][variable]
}

fn close(found: &Value, expected: &Value) {
    let (found, expected) = (found.as_f64().unwrap(), expected.as_f64().unwrap());
    assert!((found - expected).abs() <= 1e-12 * expected.abs().max(1.0), "{found} is not {expected}");
}

#[test]
fn visits_repeats_and_values_at_events_give_what_the_pooled_data_say_from_codes_and_from_labels() {
    let expected = expected();
    for export in ["raw.csv", "labels.csv"] {
        let out = tempfile::tempdir().unwrap();
        let [dictionary, data, patients, visits] =
            ["", export, "patients.toml", "visits.toml"].map(|file| registry(file).display().to_string());
        let out = out.path().display().to_string();
        let ran = sandbox(&[
            "run",
            "--dictionary",
            &dictionary,
            "--data",
            &data,
            "--site-column",
            "redcap_data_access_group",
            "--study",
            &patients,
            "--study",
            &visits,
            "--minimum",
            "1",
            "--json",
            "--out",
            &out,
        ]);
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        let results: Value = serde_json::from_slice(&ran.stdout).unwrap();
        let (patients, visits) = (&results[0], &results[1]);

        let of = |variable: &str| summary(patients, "outcome", "", variable);
        let count =
            |variable: &str| of(variable)["mean"].as_f64().unwrap() * of(variable)["n"].as_f64().unwrap();
        close(&of("reoperated")["n"], &expected["patients"]);
        close(&count("reoperated").into(), &expected["with_reoperation"]);
        close(&count("severe").into(), &expected["with_severe"]);
        close(&of("adverse_events")["mean"], &expected["events_per_patient"]);
        close(&of("worst_grade")["mean"], &expected["worst_grade"]);
        close(&of("change")["n"], &expected["change_to_month3"]["n"]);
        close(&of("change")["mean"], &expected["change_to_month3"]["mean"]);
        for (name, stem) in
            [("nrs_back", "baseline"), ("nrs_back@week6", "week6"), ("nrs_back@month3_arm_1", "month3")]
        {
            let pain = summary(patients, "pain", "", name);
            close(&pain["n"], &expected["nrs_by_event"][stem]["n"]);
            close(&pain["mean"], &expected["nrs_by_event"][stem]["mean"]);
        }

        for stem in ["baseline", "week6", "month3"] {
            let pain = summary(visits, "by-event", stem, "nrs_back");
            close(&pain["n"], &expected["nrs_by_event"][stem]["n"]);
            close(&pain["mean"], &expected["nrs_by_event"][stem]["mean"]);
            let rows = pain["n"].as_u64().unwrap() + pain["missing"].as_u64().unwrap();
            assert_eq!(
                rows,
                expected["visits"][stem].as_u64().unwrap(),
                "an event that was never entered is no row"
            );
        }
        let day = summary(visits, "by-event", "month3", "day");
        close(&day["mean"], &expected["day_of_month3"]["mean"]);
        let women = summary(visits, "women", "", "nrs_back");
        close(&women["n"], &expected["nrs_of_women_over_visits"]["n"]);
        close(&women["mean"], &expected["nrs_of_women_over_visits"]["mean"]);
    }
}

#[test]
fn labels_shuffled_rows_and_several_files_are_the_snapshot_of_the_codes() {
    let centre = Centre::set();
    let first = centre.import(&registry("raw.csv"));
    assert_eq!(first["patients"], 120);
    assert_eq!(centre.import(&registry("labels.csv"))["snapshot"], first["snapshot"]);

    let text = fs::read_to_string(registry("raw.csv")).unwrap();
    // Notes of several lines end in "once"; only whole records may be moved.
    let text = text.replace("seen in clinic\nfell", "seen in clinic, fell");
    let (heading, rows) = text.split_once('\n').unwrap();
    let mut rows: Vec<&str> = rows.lines().collect();
    rows.sort_unstable_by_key(|row| row.bytes().rev().collect::<Vec<_>>());
    let (one, two) = rows.split_at(rows.len() / 3);
    let files = [("one.csv", one), ("two.csv", two)].map(|(name, rows)| {
        let path = centre.directory.path().join(name);
        fs::write(&path, format!("\u{feff}{heading}\r\n{}\r\n", rows.join("\r\n"))).unwrap();
        path.display().to_string()
    });
    let together = centre.json(&["import", &files[0], &files[1], "--json"]);
    assert_eq!(together["snapshot"], first["snapshot"]);
    assert_eq!(centre.snapshots().len(), 1);
    assert_eq!(together["change"]["patients_changed"], 0, "{}", together["change"]);
}

#[test]
fn a_check_keeps_nothing_but_its_report_and_names_what_is_wrong() {
    let centre = Centre::set();
    let broken = centre.directory.path().join("broken.csv");
    let text = fs::read_to_string(registry("raw.csv"))
        .unwrap()
        .replace(",post,5,2,2022-07-22,3,", ",post,5,2,2022-07-22,33,");
    fs::write(&broken, text).unwrap();
    let report = centre.json(&["check", &broken.display().to_string(), "--json"]);
    assert_eq!(report["rows_quarantined"], 1);
    let finding = &report["findings"]["listed"][0];
    assert_eq!((&finding["line"], &finding["column"]), (&Value::from(2), &Value::from("nrs_back")));
    assert_eq!(report["snapshot"], Value::Null);
    assert!(centre.snapshots().is_empty());

    let reports: Vec<_> = fs::read_dir(centre.home.join("reports")).unwrap().map(Result::unwrap).collect();
    assert_eq!(reports.len(), 1);
    let read = |name: &str| fs::read_to_string(reports[0].path().join(name)).unwrap();
    assert!(read("quarantine.csv").contains(",2,\"nrs_back\","), "{}", read("quarantine.csv"));
    assert!(read("report.html").starts_with("<!doctype html>"));
    let bytes = centre.bytes_at_rest("");
    assert!(!holds(&bytes, "Surname1") && !holds(&bytes, "BO-001"), "an identifier was kept");
}

#[test]
fn a_patient_who_withdraws_is_gone_from_every_snapshot_and_from_later_imports() {
    let mut centre = Centre::set();
    let before = centre.import(&registry("raw.csv"))["snapshot"].clone();
    centre.network.submit(&registry("patients.toml"), 1).unwrap();
    let node = centre.network.adopt_node("Utrecht", &centre.home);
    centre.network.start_node(node).unwrap();
    centre.network.wait_for_study(node, "registry-patients").unwrap();
    centre.run(&["study", "accept", "registry-patients"]);

    let erased = centre.json(&["erase", "BO-001", "--json"]);
    let after = &erased["replaced"][0]["by"];
    assert_eq!(erased["replaced"][0]["snapshot"], before);
    assert_eq!(erased["studies_to_accept_again"][0], "registry-patients@1");
    let snapshots = centre.snapshots();
    assert_eq!(
        (snapshots.len(), &snapshots[0]["content"], &snapshots[0]["patients"]),
        (1, after, &119.into())
    );
    assert!(!centre.home.join("reports").exists());

    let again = centre.import(&registry("raw.csv"));
    assert_eq!((&again["snapshot"], &again["patients_erased"]), (after, &1.into()));
    let ledger = centre.ledger();
    assert!(ledger.contains(r#""kind":"patient_erased""#) && !ledger.contains("BO-001"));
    centre.run(&["ledger", "verify"]);
}

#[test]
fn encrypted_snapshots_are_read_with_their_key_and_not_without() {
    let centre = Centre::set();
    centre.import(&registry("raw.csv"));
    assert!(holds(&centre.bytes_at_rest("snapshots"), "PAR1"));
    let key = centre.directory.path().join("snapshot.key");
    let key_name = key.display().to_string();
    let said = centre.run(&["snapshots", "encrypt", "--key", &key_name]);
    assert!(said.starts_with("1 snapshots were encrypted"), "{said}");
    assert!(!holds(&centre.bytes_at_rest("snapshots"), "PAR1"), "something is still plain");
    let manifest = &centre.snapshots()[0];
    assert!(manifest["sealed_with"].is_string());
    // The same content, read with the key to be compared.
    assert_eq!(centre.import(&registry("labels.csv"))["snapshot"], manifest["content"]);

    fs::rename(&key, key.with_extension("away")).unwrap();
    let Err(NetworkError::Command { message, .. }) =
        centre.try_run(&["check", &registry("raw.csv").display().to_string()])
    else {
        panic!("read without its key")
    };
    assert!(message.contains("snapshot.key"), "{message}");
    fs::rename(key.with_extension("away"), &key).unwrap();
    centre.run(&["snapshots", "decrypt"]);
    assert!(holds(&centre.bytes_at_rest("snapshots"), "PAR1"));
}

#[test]
fn a_new_version_of_the_dictionary_is_adopted_taken_and_migrated_to_and_studies_of_another_are_refused() {
    let centre = Centre::set();
    centre.import(&registry("raw.csv"));
    let next = centre.directory.path().join("registry-2");
    fs::create_dir(&next).unwrap();
    let put = |name: &str, change: &dyn Fn(String) -> String| {
        fs::write(next.join(name), change(fs::read_to_string(registry(name)).unwrap())).unwrap();
    };
    put("events.csv", &|text| text);
    put("network.toml", &|text| text.replace("dictionary = \"1\"", "dictionary = \"2\""));
    put("rules.toml", &|text| text.replace("nrs_back", "pain_back"));
    put("dictionary.csv", &|text| {
        text.replace("nrs_back,", "pain_back,").replace("\"1, Female | 2, Male\"", "\"F, Female | M, Male\"")
    });
    let adopt = |out: &str| {
        let out = centre.directory.path().join(out);
        let arguments =
            ["dictionary".as_ref(), "adopt".as_ref(), next.as_os_str(), "--out".as_ref(), out.as_os_str()];
        let output = centre.network.coordinator_command(arguments);
        output.map(|output| (out, String::from_utf8(output.stdout).unwrap()))
    };
    let Err(NetworkError::Command { code: 2, message }) = adopt("none.json") else { panic!("adopted") };
    assert!(message.contains("migrations.toml says nothing of the way from version 1 to 2"), "{message}");
    let migrations = "[[migrations]]\nfrom = \"1\"\nto = \"2\"\nrenamed = [{ from = \"nrs_back\", to = \"pain_back\" }]\n\
                      recoded = [{ field = \"sex\", codes = { \"1\" = \"F\", \"2\" = \"M\" } }]\n";
    fs::write(next.join("migrations.toml"), migrations).unwrap();
    let (update, said) = adopt("update.json").unwrap();
    assert!(said.contains("`nrs_back`") && said.contains("`pain_back`"), "{said}");

    // From now on the coordinator is of version 2; the centre, which is not connected, of version 1.
    let mut centre = centre;
    centre.network.kill_coordinator().unwrap();
    centre.network.start_coordinator().unwrap();
    let study = centre.directory.path().join("two.toml");
    let text = fs::read_to_string(registry("patients.toml")).unwrap();
    fs::write(
        &study,
        text.replace("dictionary = \"1\"", "dictionary = \"2\"").replace("nrs_back", "pain_back"),
    )
    .unwrap();
    let old_study = centre.network.seal(&registry("patients.toml"), 1);
    let Err(NetworkError::Command { code: 2, message }) = old_study else {
        panic!("an old study was signed")
    };
    assert!(
        message.contains("version 1 of the data dictionary") && message.contains("pain_back"),
        "{message}"
    );
    centre.network.submit(&study, 1).unwrap();
    let forged = centre.directory.path().join("forged.json");
    fs::write(&forged, with_another_signature(&fs::read_to_string(&update).unwrap())).unwrap();
    let Err(NetworkError::Command { code: 3, message }) =
        centre.try_run(&["dictionary", "update", &forged.display().to_string()])
    else {
        panic!("a forged update was taken")
    };
    assert!(message.contains("is not sealed by the root keys you trust"), "{message}");
    let said = centre.run(&["dictionary", "update", &update.display().to_string()]);
    assert!(said.starts_with("Version 2 of the data dictionary is in force here; it was 1."), "{said}");
    let said = centre.run(&["dictionary", "update", &update.display().to_string()]);
    assert_eq!(said, "Version 2 of the data dictionary is in force here already.\n");
    let node = centre.network.adopt_node("Utrecht", &centre.home);
    centre.network.start_node(node).unwrap();
    centre.network.wait_for_study(node, "registry-patients").unwrap();
    let Err(NetworkError::Command { code: 2, message }) =
        centre.try_run(&["study", "accept", "registry-patients"])
    else {
        panic!("accepted for a snapshot of version 1")
    };
    assert!(message.contains("snapshots migrate"), "{message}");
    centre.run(&["snapshots", "migrate"]);
    centre.run(&["study", "accept", "registry-patients"]);
    centre.network.wait_for_sites(1).unwrap();
    let out = centre.directory.path().join("results");
    centre.network.run("registry-patients", &out, &[]).unwrap();
    let result: Value = serde_json::from_slice(&fs::read(out.join("result.json")).unwrap()).unwrap();
    let pain = summary(&result, "pain", "", "pain_back");
    close(&pain["mean"], &expected()["nrs_by_event"]["baseline"]["mean"]);
    assert!(program().command(Role::Node, &centre.home, ["ledger", "verify"]).unwrap().status.success());
}
