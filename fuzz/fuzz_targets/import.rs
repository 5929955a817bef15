//! Any bytes as an export of the made-up registry: as a CSV, and as a file that may be Parquet.

#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use notochord_engine::import::Importer;
use notochord_engine::record_key::RecordKey;
use notochord_proto::dictionary::{Dictionary, DictionaryFiles};
use tempfile::TempDir;
use time::OffsetDateTime;

macro_rules! registry {
    ($name:literal) => {
        ($name.to_owned(), include_bytes!(concat!("../../tests/registry/", $name)).to_vec())
    };
}

struct Bench {
    dictionary: Dictionary,
    scratch: TempDir,
}

fn bench() -> &'static Bench {
    static BENCH: OnceLock<Bench> = OnceLock::new();
    BENCH.get_or_init(|| {
        let files =
            [registry!("dictionary.csv"), registry!("events.csv"), registry!("network.toml"), registry!("rules.toml")];
        let files = DictionaryFiles::new(files).expect("the registry's files");
        let dictionary = Dictionary::from_files(&files).expect("the registry's dictionary");
        Bench { dictionary, scratch: TempDir::new().expect("a directory") }
    })
}

fuzz_target!(|bytes: &[u8]| {
    let Bench { dictionary, scratch } = bench();
    let key = RecordKey::from_bytes([7; 32]);
    let importer = || Importer::new(dictionary, &key, scratch.path()).expect("an importer");
    let mut text = importer();
    if text.read("export.csv", bytes).is_ok()
        && let Ok(checked) = text.check(None, OffsetDateTime::UNIX_EPOCH)
    {
        // Whatever was kept fits the dictionary's bounds, so that the report of it can always be written.
        assert!(serde_json::to_string(&checked.quality).is_ok());
        checked.quality.html();
    }
    if bytes.starts_with(b"PAR1") {
        let path = scratch.path().join("export.parquet");
        std::fs::write(&path, bytes).expect("a file");
        let mut file = importer();
        if file.read_file(&path, |_| ()).is_ok() {
            let _ = file.check(None, OffsetDateTime::UNIX_EPOCH);
        }
    }
});
