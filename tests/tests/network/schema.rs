use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::stage::{program_path, reference};

fn schema() -> jsonschema::Validator {
    let text = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/result.schema.json")).unwrap();
    jsonschema::validator_for(&serde_json::from_slice(&text).unwrap()).unwrap()
}

fn dry_run(further: &[&str]) -> Value {
    let out = tempfile::tempdir().unwrap();
    let [dictionary, data, study] =
        ["dictionary.csv", "data.csv", "study.toml"].map(|file| reference(file).display().to_string());
    let ran = std::process::Command::new(program_path())
        .args([
            "run",
            "--dictionary",
            &dictionary,
            "--data",
            &data,
            "--site-column",
            "site",
            "--study",
            &study,
        ])
        .args(["--json", "--out", &out.path().display().to_string()])
        .args(further)
        .output()
        .unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    serde_json::from_slice::<Value>(&ran.stdout).unwrap()[0].clone()
}

#[test]
fn result_json_keeps_to_its_checked_in_schema_released_and_suppressed() {
    let schema = schema();
    for minimum in ["1", "5", "40"] {
        let mut result = dry_run(&["--minimum", minimum]);
        let found: Vec<String> = schema.iter_errors(&result).map(|error| error.to_string()).collect();
        assert!(found.is_empty(), "k = {minimum}: {found:#?}");
        result["analyses"]["describe-age"]["result"]["groups"][0]["variables"]["age"]["n"] = "929".into();
        assert!(!schema.is_valid(&result), "the schema takes a text for a count");
    }
}
