#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs::File;

use arrow_array::cast::AsArray;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use proptest::prelude::*;
use tempfile::TempDir;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use super::*;
use crate::sample::{import_at, import_into};

const NOON: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);
const PATIENTS: &str = "record_id,age,weight,rx,died\n\
                        P1,61,70.5,Lev,1\n\
                        P2,62,,Obs,0\n\
                        P3,,80,,\n";

fn at(directory: &TempDir) -> Snapshots {
    Snapshots::at(directory.path(), None)
}

fn write(directory: &TempDir, text: &str, imported_at: OffsetDateTime) -> Written {
    import_at(&at(directory), text, imported_at).written
}

fn content(text: &str) -> Digest {
    import_into(&at(&TempDir::new().unwrap()), text).written.manifest().content
}

fn open(directory: &TempDir, digest: &Digest) -> Result<Snapshot, String> {
    at(directory).open(digest).map_err(|error| error.to_string())
}

/// What a directory holds beside its lock.
fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name != ".lock");
    names.sort();
    names
}

#[test]
fn a_snapshot_reads_back_what_was_imported() {
    let directory = TempDir::new().unwrap();
    let Written::New(manifest) = write(&directory, PATIENTS, NOON) else { panic!("not new") };
    let snapshot = open(&directory, &manifest.content).unwrap();
    assert_eq!(snapshot.manifest(), &manifest);
    assert_eq!((manifest.patients, manifest.entries.as_slice()), (3, [3].as_slice()));
    assert_eq!(manifest.sources[0].digest, Digest::of(PATIENTS.as_bytes()));
    assert_eq!(manifest.sources[0].rows, 3);
    assert_eq!(names(directory.path()), [manifest.content.hex()]);
    let place = directory.path().join(manifest.content.hex());
    assert_eq!(names(&place), ["forms", "manifest.json", "patients.parquet"]);
    assert_eq!(names(&place.join("forms")), ["form.parquet"]);
}

#[test]
fn a_snapshot_larger_than_a_batch_reads_back_too() {
    let directory = TempDir::new().unwrap();
    let rows: Vec<_> = (0..9_000).map(|row| format!("P{row},{},Lev", row % 100)).collect();
    let text = format!("record_id,age,rx\n{}\n", rows.join("\n"));
    let manifest = write(&directory, &text, NOON).manifest().clone();
    assert_eq!(open(&directory, &manifest.content).unwrap().table().patients.len(), 9_000);
}

#[test]
fn no_patients_at_all_are_a_snapshot_too() {
    let directory = TempDir::new().unwrap();
    let manifest = write(&directory, "record_id,age\n", NOON).manifest().clone();
    assert!(open(&directory, &manifest.content).unwrap().table().patients.is_empty());
}

#[test]
fn the_order_of_rows_and_columns_does_not_change_the_hash_and_every_value_does() {
    let shuffled = "rx,died,record_id,weight,age\n,,P3,80.0,\nObs,0,P2,,62\nLev,1,P1,70.50,61.0\n";
    assert_eq!(content(shuffled), content(PATIENTS));
    for (from, to) in
        [("P1", "P4"), ("61", "60"), ("70.5", "70.25"), ("Lev", "Obs"), ("62,", ","), (",1\n", ",\n")]
    {
        assert_ne!(content(&PATIENTS.replacen(from, to, 1)), content(PATIENTS), "{from}");
    }
}

#[test]
fn the_content_hash_is_what_it_always_was() {
    let always = "sha256:f73d1d4029e2764fe8daa1468c9e9ab46559ad988672cbb266995f3ec4e30466";
    assert_eq!(content(PATIENTS).to_string(), always, "acceptances name snapshots by this hash");
}

#[test]
fn importing_the_same_content_again_changes_nothing_and_says_so() {
    let directory = TempDir::new().unwrap();
    let first = write(&directory, PATIENTS, NOON).manifest().clone();
    let again = write(&directory, PATIENTS, NOON + Duration::DAY);
    assert_eq!(again, Written::AlreadyThere(first));
}

#[test]
fn any_flipped_byte_of_a_file_is_refused_by_its_name() {
    let directory = TempDir::new().unwrap();
    let digest = write(&directory, PATIENTS, NOON).manifest().content;
    for file in ["patients.parquet", "forms/form.parquet"] {
        let path = directory.path().join(digest.hex()).join(file);
        let bytes = fs::read(&path).unwrap();
        for position in [0, bytes.len() / 3, bytes.len() / 2, bytes.len() - 9] {
            let mut flipped = bytes.clone();
            flipped[position] ^= 1;
            fs::write(&path, flipped).unwrap();
            let expected = "changed since it was written; move its directory away and import again";
            let error = open(&directory, &digest).err().unwrap();
            assert_eq!(error, format!("{}: {expected}", path.display()));
        }
        fs::write(&path, bytes).unwrap();
    }
    assert!(open(&directory, &digest).is_ok());
}

#[test]
fn other_rows_under_a_manifest_made_to_fit_are_refused() {
    let directory = TempDir::new().unwrap();
    let honest = write(&directory, PATIENTS, NOON).manifest().clone();
    let forged = write(&directory, &PATIENTS.replace("61", "60"), NOON).manifest().clone();
    let (to, from) =
        (directory.path().join(honest.content.hex()), directory.path().join(forged.content.hex()));
    for file in forged.files() {
        fs::copy(from.join(&file.name), to.join(&file.name)).unwrap();
    }
    let manifest = SnapshotManifest { content: honest.content, ..forged };
    fs::write(to.join("manifest.json"), manifest.to_bytes().unwrap()).unwrap();
    assert!(open(&directory, &honest.content).err().unwrap().contains("manifest.json: changed since"));
}

#[test]
fn a_manifest_that_names_a_file_elsewhere_is_refused() {
    let directory = TempDir::new().unwrap();
    let mut manifest = write(&directory, PATIENTS, NOON).manifest().clone();
    for name in ["../secret", "/etc/passwd", "forms/../../x", ""] {
        manifest.patients_file.name = name.into();
        let path = directory.path().join(manifest.content.hex()).join("manifest.json");
        fs::write(path, manifest.to_bytes().unwrap()).unwrap();
        assert!(
            open(&directory, &manifest.content).err().unwrap().contains("manifest.json: changed"),
            "{name}"
        );
    }
}

#[test]
fn a_manifest_of_another_format_or_of_no_format_is_refused() {
    let directory = TempDir::new().unwrap();
    let digest = write(&directory, PATIENTS, NOON).manifest().content;
    let path = directory.path().join(digest.hex()).join("manifest.json");
    fs::write(&path, r#"{"format": 1}"#).unwrap();
    let error = open(&directory, &digest).err().unwrap();
    assert!(error.ends_with("format 1 of a snapshot; this version reads format 2; import the data again"));
    assert_eq!(at(&directory).list().unwrap(), [], "nothing can be done with it");
    fs::write(&path, "{}").unwrap();
    assert!(open(&directory, &digest).err().unwrap().contains("changed since it was written"));
}

#[test]
fn snapshots_are_listed_newest_first_and_drafts_not_at_all() {
    let directory = TempDir::new().unwrap();
    assert_eq!(Snapshots::at(directory.path().join("none"), None).list().unwrap(), []);
    let newer = write(&directory, PATIENTS, NOON + Duration::HOUR).manifest().clone();
    let older = write(&directory, "record_id,age\nP1,61\n", NOON).manifest().clone();
    fs::create_dir(directory.path().join(".importing-left-behind")).unwrap();
    assert_eq!(at(&directory).list().unwrap(), [newer, older]);
}

#[test]
fn a_snapshot_that_is_not_there_is_missing() {
    let directory = TempDir::new().unwrap();
    let error = open(&directory, &Digest::of(b"")).err().unwrap();
    assert!(error.starts_with("no snapshot e3b0c44298fc in "), "{error}");
}

#[test]
fn what_a_killed_import_left_is_removed_by_the_next() {
    let directory = TempDir::new().unwrap();
    for leftover in [".importing-0123", ".destroying-4567"] {
        let leftover = directory.path().join(leftover);
        fs::create_dir_all(leftover.join("forms")).unwrap();
        fs::write(leftover.join("patients.parquet"), "half").unwrap();
        fs::write(leftover.join("forms/form.parquet"), "half").unwrap();
    }
    let manifest = write(&directory, PATIENTS, NOON).manifest().clone();
    assert_eq!(names(directory.path()), [manifest.content.hex()]);
}

#[test]
fn two_who_write_exclude_each_other_and_the_second_is_told() {
    let directory = TempDir::new().unwrap();
    let snapshots = at(&directory);
    let reserved = snapshots.reserve().unwrap();
    let error = snapshots.reserve().err().unwrap().to_string();
    assert!(error.ends_with("another import or erasure is at work here; wait until it has ended"), "{error}");
    drop(reserved);
    assert!(snapshots.reserve().is_ok());
}

#[test]
fn a_snapshot_that_cannot_be_put_in_its_place_leaves_nothing() {
    let directory = TempDir::new().unwrap();
    // A file where the snapshots' directory should be.
    let file = directory.path().join("snapshots");
    fs::write(&file, "").unwrap();
    assert!(Snapshots::at(&file, None).reserve().is_err());
    assert_eq!(names(directory.path()), ["snapshots"]);
    // Something else in the snapshot's place.
    let place = directory.path().join(content(PATIENTS).hex());
    fs::write(&place, "").unwrap();
    let snapshots = at(&directory);
    let reserved = snapshots.reserve().unwrap();
    let (dictionary, key) = (crate::sample::dictionary(), crate::sample::key());
    let mut importer = crate::import::Importer::new(&dictionary, &key, directory.path()).unwrap();
    importer.read("patients.csv", PATIENTS.as_bytes()).unwrap();
    assert!(importer.keep(&reserved, NOON, "0.1.0").is_err());
    assert_eq!(names(directory.path()).len(), 2);
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_a_snapshot() {
    use std::os::unix::fs::PermissionsExt;
    let directory = TempDir::new().unwrap();
    let manifest = write(&directory, PATIENTS, NOON).manifest().clone();
    let place = directory.path().join(manifest.content.hex());
    let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert!(manifest.files().all(|file| mode(place.join(&file.name)) == 0o600));
    assert_eq!(mode(place.join("manifest.json")), 0o600);
    assert_eq!(mode(place.join("forms")), 0o700);
    assert_eq!(mode(place), 0o700);
}

/// Every text and every integer that any reader of Parquet finds in the file.
fn decoded(path: &Path) -> (Vec<String>, Vec<i64>) {
    let reader =
        ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap().build().unwrap();
    let (mut texts, mut integers) = (Vec::new(), Vec::new());
    for batch in reader.map(Result::unwrap) {
        texts.extend(batch.schema().fields().iter().map(|field| field.name().clone()));
        for column in batch.columns() {
            let strings = column.as_string_opt::<i32>();
            texts.extend(strings.into_iter().flat_map(|column| column.iter().flatten()).map(str::to_owned));
            let keys = column.as_fixed_size_binary_opt();
            texts.extend(keys.into_iter().flat_map(|keys| keys.iter().flatten().map(hex::encode)));
            let numbers = column.as_primitive_opt::<arrow_array::types::Int64Type>();
            integers.extend(numbers.into_iter().flat_map(|column| column.iter().flatten()));
        }
    }
    (texts, integers)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn any_order_of_the_rows_gives_the_same_hash(order in Just((0..20).collect::<Vec<u32>>()).prop_shuffle()) {
        let text = |order: &[u32]| {
            let rows = order.iter().map(|row| format!("P{row},{},{}\n", 20 + row, row % 2));
            format!("record_id,age,died\n{}", rows.collect::<String>())
        };
        prop_assert_eq!(content(&text(&order)), content(&text(&(0..20).collect::<Vec<_>>())));
    }

    #[test]
    fn no_identifier_reaches_the_files_of_a_snapshot(
        marks in proptest::collection::hash_set("[A-Z]{6}", 1..8),
        number in 100_000..999_999_i64,
    ) {
        let mut text = "surname,record_id,hospital_number,age,remarks,born,shoe,symptoms,rx\n".to_owned();
        for mark in &marks {
            text.push_str(&format!("S{mark},R{mark},{number},61,N{mark},1960-01-01,X{mark},Y{mark},Lev\n"));
        }
        let directory = TempDir::new().unwrap();
        let manifest = write(&directory, &text, NOON).manifest().clone();
        let place = directory.path().join(manifest.content.hex());
        prop_assert_eq!(manifest.patients, marks.len() as u64);
        let mut texts = vec![fs::read_to_string(place.join("manifest.json")).unwrap()];
        for file in manifest.files() {
            let (found, integers) = decoded(&place.join(&file.name));
            prop_assert!(!integers.contains(&number));
            texts.extend(found);
            texts.push(String::from_utf8_lossy(&fs::read(place.join(&file.name)).unwrap()).into_owned());
        }
        for text in texts {
            prop_assert!(!marks.iter().any(|mark| text.contains(mark.as_str())));
            prop_assert!(!text.contains("1960-01-01"));
        }
    }
}
