//! The result itself: computed again from the sites' answers, and compared.

use notochord_proto::digest::Digest;
use serde::Deserialize;
use serde_json::Value;

use super::Case;
use super::report::Report;
use crate::assembly::{self, Provenance, RunTimes, SiteLine};
use crate::course::Course;
use crate::result::ResultBundle;
use crate::round::Answered;

/// What of `result.json` is not computed from the answers.
#[derive(Deserialize)]
pub(super) struct ReleasedResult {
    pub(super) run: RunTimes,
    pub(super) sites: Vec<SiteLine>,
    provenance: Provenance,
    /// SHA-256 of the file.
    #[serde(skip, default = "no_digest")]
    pub(super) digest: Digest,
}

fn no_digest() -> Digest {
    Digest::of(&[])
}

impl ReleasedResult {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        if bytes.is_empty() {
            return Err("it is not there".into());
        }
        let result: Self =
            serde_json::from_slice(bytes).map_err(|error| format!("it cannot be read: {error}"))?;
        Ok(Self { digest: Digest::of(bytes), ..result })
    }
}

/// Computes the result again from the answers, and compares every file with what it should be.
pub(super) fn recompute(case: &Case<'_>, gone: Option<(Course, Vec<Answered>)>, report: &mut Report) {
    let what = "result.json";
    let Some((course, gone)) = gone else {
        return report.misses(what, "it cannot be computed again without every round and answer");
    };
    let (rounds, mut answers) = assembly::provenance_of(&gone);
    let later_answers = answers.split_off(answers.len().min(1));
    let provenance = Provenance {
        network: case.root.network.to_string(),
        root: case.root_digest,
        dictionary: case.root.dictionary,
        investigators: case.study.investigators.clone(),
        approvers: case.study.approvers.clone(),
        rounds,
        answers: answers.pop().unwrap_or_default(),
        later_answers,
        software: case.result.provenance.software.clone(),
    };
    let sites = case.result.sites.clone();
    let k = assembly::threshold(&case.root, &case.study.study);
    let run = case.result.run.clone();
    let (document, tables) = assembly::assemble(&case.study, &course, run, sites, provenance, k);
    let Ok(mut json) = serde_json::to_vec_pretty(&document) else {
        return report.fails(what, "it cannot be computed again");
    };
    json.push(b'\n');
    let released = case.files.get(what).map_or(&[][..], Vec::as_slice);
    if json != released {
        let software = &case.result.provenance.software;
        let place = difference(&json, released);
        let version = match software == env!("CARGO_PKG_VERSION") {
            true => String::new(),
            false => format!(" (it was made by version {software}, this is {})", env!("CARGO_PKG_VERSION")),
        };
        report.fails(what, format!("the answers give another one; they differ at {place}{version}"));
        return;
    }
    report.holds(what, format!("{}: the answers give it, byte for byte", case.result.digest));
    let bundle = ResultBundle { json, tables, evidence: Vec::new() };
    let Some(files) = report.take("files", bundle.files()) else { return };
    for (name, expected) in files.into_iter().filter(|(name, _)| name != what) {
        match case.files.get(&name) {
            Some(found) if *found == expected => report.holds(name, "follows from result.json"),
            Some(_) => report.fails(name, "it does not follow from result.json"),
            None => report.misses(name, "it is not there"),
        }
    }
}

/// Where two JSON documents first differ, as `analyses/age/result`.
fn difference(one: &[u8], other: &[u8]) -> String {
    let parse = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap_or_default();
    let mut place = Vec::new();
    match first_difference(&parse(one), &parse(other), &mut place) {
        true => place.join("/"),
        false => "its spacing or order".to_owned(),
    }
}

fn first_difference(one: &Value, other: &Value, place: &mut Vec<String>) -> bool {
    let mut inner = |name: String, one: &Value, other: &Value| {
        place.push(name);
        let differs = first_difference(one, other, place);
        if !differs {
            place.pop();
        }
        differs
    };
    match (one, other) {
        (Value::Object(left), Value::Object(right)) => {
            let names = left.keys().chain(right.keys().filter(|name| !left.contains_key(*name)));
            let at = |object: &serde_json::Map<String, Value>, name: &String| object.get(name).cloned();
            names.into_iter().any(|name| match (at(left, name), at(right, name)) {
                (Some(one), Some(other)) => inner(name.clone(), &one, &other),
                (one, other) => {
                    inner(name.clone(), &one.unwrap_or_default(), &other.unwrap_or("absent".into()))
                }
            })
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            left.iter().zip(right).enumerate().any(|(at, (one, other))| inner(at.to_string(), one, other))
        }
        _ => one != other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_place_at_which_two_results_differ_is_named() {
        let place = |one: &str, other: &str| difference(one.as_bytes(), other.as_bytes());
        assert_eq!(place(r#"{"a":{"b":[1,2]}}"#, r#"{"a":{"b":[1,3]}}"#), "a/b/1");
        assert_eq!(place(r#"{"a":1}"#, r#"{"a":1,"c":2}"#), "c");
        assert_eq!(place(r#"{"a":1}"#, r#"{"a": 1}"#), "its spacing or order");
        assert_eq!(place(r#"{"a":[1]}"#, r#"{"a":[1,2]}"#), "a");
    }
}
