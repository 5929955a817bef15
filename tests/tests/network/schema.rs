use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::stage::{program_path, reference};

fn schema() -> jsonschema::Validator {
    let text = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/result.schema.json")).unwrap();
    jsonschema::validator_for(&serde_json::from_slice(&text).unwrap()).unwrap()
}

fn dry_run(further: &[&str]) -> Value {
    dry_run_of(["dictionary.csv", "data.csv", "study.toml"].map(reference), further)
}

fn dry_run_of(files: [PathBuf; 3], further: &[&str]) -> Value {
    let out = tempfile::tempdir().unwrap();
    let [dictionary, data, study] = files.map(|file| file.display().to_string());
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

#[test]
fn a_synthesis_of_a_model_in_rounds_and_families_of_p_values_keep_to_the_schema() {
    let schema = schema();
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = || {
        let data = tests.join("reference/birthwt");
        [data.join("dictionary.csv"), data.join("data.csv"), tests.join("tests/network/syntheses.toml")]
    };
    for minimum in ["1", "5"] {
        let result = dry_run_of(files(), &["--minimum", minimum]);
        let found: Vec<String> = schema.iter_errors(&result).map(|error| error.to_string()).collect();
        assert!(found.is_empty(), "k = {minimum}: {found:#?}");
        let analyses = &result["analyses"];
        assert_eq!(analyses["risk-by-site"]["rounds"], 1);
        assert!(analyses["risk"]["rounds"].as_u64().unwrap() > 2, "{}", analyses["risk"]);
        let terms = |id: &str| analyses[id]["result"]["terms"].as_array().unwrap().clone();
        let (synthesis, pooled) = (terms("risk-by-site"), terms("risk"));
        assert_eq!(synthesis.len(), 4);
        for (term, of) in synthesis.iter().zip(&pooled) {
            assert_eq!((&term["name"], &term["k"]), (&of["name"], &3.into()));
            assert_eq!(term["pooled"]["estimate"], of["estimate"]);
        }
        let family = &result["families"]["primary"];
        let members = family["members"].as_array().unwrap();
        assert_eq!(members.len(), 11, "{family}");
        let smallest = members.iter().find(|member| member["analysis"] == "smoking").unwrap();
        let p = |key: &str| smallest[key].as_f64().unwrap();
        assert!((p("adjusted") - 11.0 * p("p")).abs() < 1e-12, "{family}");
        let ranks = members.iter().find(|member| member["analysis"] == "ranks").unwrap();
        assert_eq!(ranks["p"].is_null(), minimum == "5", "{ranks}");
    }
}
