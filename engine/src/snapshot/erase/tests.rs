#![allow(clippy::unwrap_used)]

use std::path::Path;

use tempfile::TempDir;
use time::macros::datetime;

use super::*;
use crate::sample::{import_into, key};
use crate::snapshot::{SnapshotKey, write};

const NOON: OffsetDateTime = datetime!(2026-11-23 12:00 UTC);
const THREE: &str = "record_id,age\nP1,61\nP2,62\nP3,63\n";
const OTHER_THREE: &str = "record_id,age\nP1,61\nP2,62\nP4,64\n";

fn digests_in(snapshots: &Snapshots) -> Vec<Digest> {
    let mut digests = digests(snapshots.directory()).unwrap();
    digests.sort();
    digests
}

fn import(snapshots: &Snapshots, text: &str) -> Digest {
    import_into(snapshots, text).written.manifest().content
}

#[test]
fn every_snapshot_that_holds_the_patient_is_replaced_by_what_an_import_without_them_gives() {
    let (directory, other) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let (snapshots, elsewhere) = (Snapshots::at(directory.path(), None), Snapshots::at(other.path(), None));
    let (first, second) = (import(&snapshots, THREE), import(&snapshots, OTHER_THREE));
    let untouched = import(&snapshots, "record_id,age\nP1,61\n");
    let erasure = snapshots.erase(&key(), " P2 ", NOON).unwrap();
    let expected = [
        Replaced { snapshot: first, by: Some(import(&elsewhere, &THREE.replace("P2,62\n", ""))) },
        Replaced { snapshot: second, by: Some(import(&elsewhere, &OTHER_THREE.replace("P2,62\n", ""))) },
    ];
    assert_eq!(erasure.replaced.len(), 2);
    assert!(expected.iter().all(|one| erasure.replaced.contains(one)));
    let mut there: Vec<Digest> = expected.iter().filter_map(|one| one.by).chain([untouched]).collect();
    there.sort();
    assert_eq!(digests_in(&snapshots), there);
    for digest in there {
        let snapshot = snapshots.open(&digest).unwrap();
        let patient = key().patient("P2");
        assert!(!snapshot.table().patients.contains(&patient));
    }
    let history = snapshots.open(&expected[0].by.unwrap()).unwrap().manifest().history.clone();
    assert_eq!(history, [HistoryStep::Erased { from: first, at: NOON }]);
}

#[test]
fn a_snapshot_of_nobody_else_is_replaced_by_nothing() {
    let directory = TempDir::new().unwrap();
    let snapshots = Snapshots::at(directory.path(), None);
    let snapshot = import(&snapshots, "record_id,age\nP1,61\n");
    let erasure = snapshots.erase(&key(), "P1", NOON).unwrap();
    assert_eq!(erasure.replaced, [Replaced { snapshot, by: None }]);
    assert!(digests_in(&snapshots).is_empty());
}

#[test]
fn later_imports_leave_the_patient_out() {
    let directory = TempDir::new().unwrap();
    let snapshots = Snapshots::at(directory.path(), None);
    snapshots.erase(&key(), "P2", NOON).unwrap();
    let dictionary = crate::sample::dictionary();
    let (key, reserved) = (key(), snapshots.reserve().unwrap());
    let mut importer = crate::import::Importer::new(&dictionary, &key, directory.path())
        .unwrap()
        .leave_out(snapshots.erased().unwrap());
    importer.read("patients.csv", THREE.as_bytes()).unwrap();
    let imported = importer.keep(&reserved, NOON, "0.1.0").unwrap();
    assert_eq!((imported.written.manifest().patients, imported.quality.patients_erased), (2, 1));
}

#[test]
fn nothing_of_the_patients_key_is_left_in_any_file_but_the_list() {
    let directory = TempDir::new().unwrap();
    let snapshots = Snapshots::at(directory.path(), None);
    import(&snapshots, THREE);
    snapshots.erase(&key(), "P2", NOON).unwrap().recorded().unwrap();
    let patient = key().patient("P2").0;
    fn files(directory: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
        entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
    }
    for file in files(directory.path()) {
        let bytes = fs::read(&file).unwrap();
        assert!(!bytes.windows(patient.len()).any(|window| window == patient), "{}", file.display());
    }
}

#[test]
fn an_erasure_that_was_interrupted_anywhere_is_taken_up_again_and_reported_whole() {
    let name = |digest: &Digest| digest.hex();
    // After the list was written; after the new snapshot was; after the journal was; while the old one was
    // being destroyed.
    for stage in 0..4 {
        let directory = TempDir::new().unwrap();
        let snapshots = Snapshots::at(directory.path(), None);
        let snapshot = import(&snapshots, THREE);
        let mut erased = Erased::default();
        erased.insert(key().patient("P2"));
        erased.write(&directory.path().join(ERASED)).unwrap();
        let by = import_into(
            &Snapshots::at(TempDir::new().unwrap().path(), None),
            "record_id,age\nP1,61\nP3,63\n",
        );
        let replaced = Replaced { snapshot, by: Some(by.written.manifest().content) };
        if stage >= 1 {
            let manifest = snapshots.open(&snapshot).unwrap().manifest().clone();
            let reserved = snapshots.reserve().unwrap();
            assert_eq!(snapshots.without(&reserved, manifest, &erased, NOON).unwrap(), replaced.by);
        }
        if stage >= 2 {
            let journal = serde_json::to_vec(&[&replaced]).unwrap();
            fs::write(directory.path().join(JOURNAL), journal).unwrap();
        }
        if stage >= 3 {
            let doomed = directory.path().join(format!("{DOOMED_PREFIX}{}", name(&snapshot)));
            fs::rename(directory.path().join(name(&snapshot)), &doomed).unwrap();
            fs::remove_file(doomed.join("patients.parquet")).unwrap();
        }
        let erasure = snapshots.erase(&key(), "P2", NOON).unwrap();
        assert_eq!(erasure.replaced, [replaced.clone()], "stage {stage}");
        assert_eq!(digests_in(&snapshots), replaced.by.as_slice(), "stage {stage}");
        erasure.recorded().unwrap();
        assert!(snapshots.erase(&key(), "P2", NOON).unwrap().replaced.is_empty(), "reported once");
    }
}

#[test]
fn a_snapshot_of_an_older_format_is_destroyed_because_nobody_can_tell_who_is_in_it() {
    let directory = TempDir::new().unwrap();
    let snapshots = Snapshots::at(directory.path(), None);
    let snapshot = Digest::of(b"old");
    let place = directory.path().join(snapshot.hex());
    fs::create_dir(&place).unwrap();
    fs::write(place.join("manifest.json"), r#"{"format": 1}"#).unwrap();
    let erasure = snapshots.erase(&key(), "P2", NOON).unwrap();
    assert_eq!(erasure.replaced, [Replaced { snapshot, by: None }]);
    assert!(!place.exists());
}

#[test]
fn sealed_snapshots_stay_sealed_and_need_their_key() {
    let directory = TempDir::new().unwrap();
    let sealing = SnapshotKey::create(&directory.path().join("snapshot.key")).unwrap();
    let id = sealing.id();
    let snapshots = Snapshots::at(directory.path().join("snapshots"), Some(sealing));
    let snapshot = import(&snapshots, THREE);
    let without_key = Snapshots::at(directory.path().join("snapshots"), None);
    assert!(without_key.erase(&key(), "P2", NOON).is_err());
    let erasure = snapshots.erase(&key(), "P2", NOON).unwrap();
    assert_eq!(erasure.replaced[0].snapshot, snapshot);
    let by = snapshots.open(&erasure.replaced[0].by.unwrap()).unwrap();
    assert_eq!(by.manifest().sealed_with, Some(id));
    let content = write::content_of(&by.manifest().layout, Patients::of(by.table(), &by.manifest().layout));
    assert_eq!(content, by.manifest().content);
}
