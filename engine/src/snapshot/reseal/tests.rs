#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::*;
use crate::sample::import_into;

const THREE: &str = "record_id,age\nP1,61\nP2,62\nP3,63\n";

fn key(directory: &TempDir, name: &str) -> SnapshotKey {
    SnapshotKey::create(&directory.path().join(name)).unwrap()
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn sealed_changed_and_plain_again_a_snapshot_says_the_same_under_the_same_hash() {
    let (directory, keys) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let mut snapshots = Snapshots::at(directory.path(), None);
    let content = import_into(&snapshots, THREE).written.manifest().content;
    let plain: Vec<PathBuf> = files(directory.path());
    for key in [Some(key(&keys, "one")), Some(key(&keys, "two")), None] {
        let id = key.as_ref().map(SnapshotKey::id);
        assert_eq!(snapshots.reseal(key).unwrap(), 1);
        assert_eq!(snapshots.open(&content).unwrap().manifest().sealed_with, id);
        assert_eq!(files(directory.path()).len(), plain.len(), "old files are gone");
    }
    assert_eq!(snapshots.reseal(None).unwrap(), 0, "nothing to change");
}

#[test]
fn sealed_files_are_no_parquet_and_hold_no_variable_in_the_open() {
    let (directory, keys) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let snapshots = Snapshots::at(directory.path(), Some(key(&keys, "one")));
    let manifest = import_into(&snapshots, THREE).written.manifest().clone();
    for file in manifest.files() {
        let bytes = fs::read(directory.path().join(manifest.content.hex()).join(&file.name)).unwrap();
        assert!(!bytes.starts_with(b"PAR1") && !bytes.ends_with(b"PAR1"));
        assert!(!bytes.windows(8).any(|window| window == b"_patient"));
        assert!(file.name.ends_with(".sealed"));
    }
}

#[test]
fn no_key_and_another_key_are_told_apart() {
    let (directory, keys) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let one = key(&keys, "one");
    let id = one.id();
    let content = import_into(&Snapshots::at(directory.path(), Some(one)), THREE).written.manifest().content;
    let error = |key| Snapshots::at(directory.path(), key).open(&content).err().unwrap().to_string();
    let none = error(None);
    assert!(
        none.ends_with(&format!("sealed with the snapshot key {id}, which is not here; put its file back"))
    );
    let other = error(Some(key(&keys, "two")));
    assert!(other.ends_with(&format!(
        "sealed with the snapshot key {id}, not with this one; name the right key file"
    )));
}

#[test]
fn interrupted_half_way_it_is_done_again_and_leaves_nothing_over() {
    let (directory, keys) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let mut snapshots = Snapshots::at(directory.path(), None);
    let manifest = import_into(&snapshots, THREE).written.manifest().clone();
    let place = directory.path().join(manifest.content.hex());
    // Files under a key that no manifest came to name.
    fs::write(place.join("patients.0011223344556677.sealed"), "half").unwrap();
    fs::write(place.join("forms/form.0011223344556677.sealed"), "half").unwrap();
    fs::write(place.join("manifest.new"), "half").unwrap();
    assert!(snapshots.open(&manifest.content).is_ok(), "the old files are in force");
    snapshots.reseal(Some(key(&keys, "one"))).unwrap();
    assert!(snapshots.open(&manifest.content).is_ok());
    assert_eq!(files(&place).len(), 3);
}
