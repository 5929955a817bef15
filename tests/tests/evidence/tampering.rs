//! A result is checked from its files alone, and whatever is changed in them is named.

use std::collections::BTreeMap;

use notochord::verify::{Exhibit, Found, Known, Report, verify};
use notochord_proto::digest::Digest;
use notochord_proto::envelope::Envelope;
use notochord_proto::keys::SecretKey;
use notochord_proto::root::{ANSWER_TYPE, RELEASE_TYPE, ROUND_TYPE};
use notochord_proto::roster::{ROSTER_TYPE, Roster};
use notochord_proto::wire;

use serde_json::Value;

use crate::stage::{Stage, exhibit};

/// A result as somebody may change it.
pub(crate) struct Case<'a> {
    pub(crate) stage: &'a Stage,
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    pub(crate) evidence: Value,
    /// The evidence of another run of the same study.
    pub(crate) other: &'a Value,
    known: Known,
}

/// What is changed, how, and the check that names it with some of its words.
pub(crate) type Tampering = (&'static str, fn(&mut Case<'_>), &'static str, &'static str);

#[test]
fn a_result_proves_itself_and_every_tampering_with_it_is_named() {
    let stage = Stage::set();
    let (results, other) = (stage.run("first").unwrap(), stage.run("second").unwrap());
    let honest = exhibit(&results);
    let report = verify(&honest, &Known { root: None, witnesses: 2 });
    assert_eq!(failures(&report), [""; 0], "{report:#?}");
    let missing: Vec<&str> = report.missing().map(|check| check.what.as_str()).collect();
    assert_eq!(missing, ["trust anchor"], "{report:#?}");

    assert_each_is_named(&stage, &honest, &exhibit(&other), TAMPERINGS);
}

/// Each tampering with the honest result is found where it was done.
pub(crate) fn assert_each_is_named(stage: &Stage, honest: &Exhibit, other: &Exhibit, all: &[Tampering]) {
    let evidence: Value = serde_json::from_slice(&honest.files["evidence.json"]).unwrap();
    let other: Value = serde_json::from_slice(&other.files["evidence.json"]).unwrap();
    let mut wrong = Vec::new();
    for (name, tamper, what, words) in all {
        let files = honest.files.clone();
        let mut case =
            Case { stage, files, evidence: evidence.clone(), other: &other, known: Known::default() };
        tamper(&mut case);
        if case.evidence != evidence {
            case.files.insert("evidence.json".into(), serde_json::to_vec(&case.evidence).unwrap());
        }
        assert!(case.files != honest.files || case.known.root.is_some(), "{name}: nothing was changed");
        let report = verify(&Exhibit { files: case.files }, &case.known);
        let named = report.checks.iter().any(|check| {
            check.what == *what && matches!(&check.found, Found::Fails(why) if why.contains(words))
        });
        if !named {
            wrong.push(format!("{name}: {:#?}", failures(&report)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_command_prints_what_holds_and_ends_with_3_where_something_does_not() {
    use notochord_sandbox::network::NetworkError;
    let stage = Stage::set();
    let results = stage.run("results").unwrap();
    let arguments = || [std::ffi::OsStr::new("verify"), results.as_os_str()];
    let printed = stage.network.coordinator_command(arguments()).unwrap();
    let printed = String::from_utf8_lossy(&printed.stdout).into_owned();
    for line in ["holds    study: ", "holds    answer of centre-1: ", "cosigned by centre-2, centre-3"] {
        assert!(printed.contains(line), "{line} is not in\n{printed}");
    }
    let result = std::fs::read_to_string(results.join("result.json")).unwrap();
    std::fs::write(results.join("result.json"), result.replacen("\"n\": ", "\"n\": 1", 1)).unwrap();
    let Err(NetworkError::Command { code, message }) = stage.network.coordinator_command(arguments()) else {
        panic!("it verifies")
    };
    assert_eq!(code, 3, "{message}");
    assert!(message.contains("release record, result.json"), "{message}");
}

pub(crate) fn failures(report: &Report) -> Vec<String> {
    let said = report.failures().map(|check| match &check.found {
        Found::Fails(why) => format!("{}: {why}", check.what),
        _ => String::new(),
    });
    said.collect()
}

const TAMPERINGS: &[Tampering] = &[
    ("no result", |case| drop(case.files.remove("result.json")), "result.json", "it is not there"),
    ("no evidence", |case| drop(case.files.remove("evidence.json")), "evidence.json", "it is not there"),
    ("another format", |case| case.evidence["format"] = 3.into(), "evidence.json", "it has format 3"),
    ("an unknown field", |case| case.evidence["more"] = 2.into(), "evidence.json", "unknown field"),
    (
        "a number in the result",
        |case| case.in_file("result.json", "\"n\": ", "\"n\": 1"),
        "result.json",
        "they differ at analyses/age/result",
    ),
    (
        "a number in the result, against the release record",
        |case| case.in_file("result.json", "\"n\": ", "\"n\": 1"),
        "release record",
        "it names another result.json",
    ),
    (
        "the spacing of the result",
        |case| case.in_file("result.json", "\"study\": {", "\"study\":  {"),
        "result.json",
        "its spacing or order",
    ),
    (
        "how a site took part",
        |case| case.in_file("result.json", "\"contributed\"", "\"refused\""),
        "release record",
        "another result.json",
    ),
    ("a table", |case| case.in_file("age.csv", "1", "2"), "age.csv", "does not follow from result.json"),
    ("the report", |case| case.in_file("report.html", "age", "agf"), "report.html", "does not follow"),
    (
        "a root that is not pinned",
        |case| case.known.root = Some(Digest::of(b"mine")),
        "root document",
        "you named",
    ),
    ("a byte of the root", |case| case.in_payload("root", b"ages", b"ages "), "root document", ""),
    ("the root's seal", |case| case.unsign("/root"), "root document", "signatures needed"),
    (
        "the dictionary",
        |case| case.edit("/dictionary/dictionary.csv", |text| format!("{text}\n")),
        "data dictionary",
        "not the dictionary that the root document names",
    ),
    (
        "a byte of the study",
        |case| case.in_payload("study", b"How old", b"How tall"),
        "study",
        "investigator",
    ),
    ("the study's approvals", |case| case.keep_first_seals("/study", 1), "study", "0 of the 2 signatures"),
    ("one of the approvals", |case| case.keep_first_seals("/study", 2), "study", "1 of the 2 signatures"),
    ("the roster's seal", |case| case.unsign("/roster"), "roster", "signatures needed"),
    (
        "another key in the roster, sealed by the coordinator",
        |case| case.reseal_roster(|roster| roster.sites[0].node = roster.sites[1].node),
        "roster",
        "gives its key to another",
    ),
    (
        "a stranger's key in the roster, sealed by the coordinator",
        |case| case.reseal_roster(|roster| roster.sites[0].node = stranger().public()),
        "answer of centre-1",
        "signatures needed",
    ),
    (
        "the roster of another run",
        |case| case.evidence["roster"] = case.other["roster"].clone(),
        "roster",
        "of another run",
    ),
    ("the round's seal", |case| case.unsign("/rounds/0/round"), "round", "signatures needed"),
    (
        "the round of another run",
        |case| case.evidence["rounds"][0]["round"] = case.other["rounds"][0]["round"].clone(),
        "round",
        "of another run",
    ),
    (
        "a round with another snapshot, sealed by the coordinator",
        |case| case.reseal_round(|round| round.roster[0].snapshot = vec![7; 32]),
        "acceptance by centre-1",
        "another snapshot",
    ),
    (
        "a round with a site that is not enrolled, sealed by the coordinator",
        |case| case.reseal_round(|round| round.roster[0].site = "nobody".into()),
        "round",
        "which the roster does not know",
    ),
    (
        "a round without one analysis, sealed by the coordinator",
        |case| case.reseal_round(|round| drop(round.steps.pop())),
        "round",
        "exactly the analyses of the study",
    ),
    (
        "a round of another study, sealed by the coordinator",
        |case| case.reseal_round(|round| round.study = vec![7; 32]),
        "round",
        "another study",
    ),
    (
        "a round sealed anew, to which nobody answered",
        |case| case.reseal_round(|round| round.idempotency_key = vec![7; 16]),
        "answer of centre-2",
        "to another round",
    ),
    (
        "an acceptance that is not there",
        |case| drop(case.evidence["acceptances"].as_object_mut().unwrap().remove("centre-2")),
        "acceptance by centre-2",
        "is not there",
    ),
    (
        "another site's acceptance",
        |case| case.evidence["acceptances"]["centre-2"] = case.evidence["acceptances"]["centre-1"].clone(),
        "acceptance by centre-2",
        "signatures needed",
    ),
    (
        "the steward's signature on the study",
        |case| case.keep_first_seals("/acceptances/centre-3/countersigned", 3),
        "acceptance by centre-3",
        "the countersigned study",
    ),
    (
        "an answer that is not there",
        |case| drop(case.evidence["rounds"][0]["answers"].as_object_mut().unwrap().remove("centre-1")),
        "release record",
        "not those whose answers are there",
    ),
    (
        "another site's answer",
        |case| {
            case.evidence["rounds"][0]["answers"]["centre-1"] =
                case.evidence["rounds"][0]["answers"]["centre-2"].clone()
        },
        "answer of centre-1",
        "signatures needed",
    ),
    (
        "an answer to another run",
        |case| {
            case.evidence["rounds"][0]["answers"]["centre-1"] =
                case.other["rounds"][0]["answers"]["centre-1"].clone()
        },
        "answer of centre-1",
        "to another round",
    ),
    (
        "other numbers in an answer, sealed by its node",
        |case| {
            case.reseal_answer(|answer| {
                answer.steps[0].contribution.as_mut().unwrap().values[0] ^= 1;
            })
        },
        "result.json",
        "they differ at analyses/age/",
    ),
    (
        "another layout in an answer, sealed by its node",
        |case| {
            case.reseal_answer(|answer| {
                answer.steps[0].contribution.as_mut().unwrap().layout = vec![7; 32];
            })
        },
        "answer of centre-1",
        "age",
    ),
    (
        "the spacing of an answer",
        |case| case.edit("/rounds/0/answers/centre-1", |text| format!("{text} ")),
        "result.json",
        "they differ at provenance/answers/centre-1",
    ),
    ("the release record's seal", |case| case.unsign("/release"), "release record", "signatures needed"),
    (
        "the release record of another run",
        |case| case.evidence["release"] = case.other["release"].clone(),
        "release record",
        "of another run",
    ),
    (
        "a release record that tells otherwise who took part, sealed by the coordinator",
        |case| case.reseal_release(|record| record.sites[0].status = "refused".into()),
        "release record",
        "how the sites took part",
    ),
    (
        "a release record of other rounds, sealed by the coordinator",
        |case| case.reseal_release(|record| record.rounds.push(vec![7; 32])),
        "release record",
        "other rounds",
    ),
    (
        "a checkpoint's size",
        |case| case.edit("/sites/centre-1/checkpoint", |text| text.replacen('\n', "\n1", 1)),
        "the ledger of centre-1",
        "signature does not fit",
    ),
    (
        "another site's ledger",
        |case| case.evidence["sites"]["centre-1"] = case.evidence["sites"]["centre-2"].clone(),
        "the ledger of centre-1",
        "another key",
    ),
    (
        "an entry of a ledger",
        |case| case.edit("/sites/centre-2/entries/0/json", |text| text.replace("intent", "intend")),
        "the ledger of centre-2",
        "does not lead to the checkpoint's root",
    ),
    (
        "the place of an entry",
        |case| case.evidence["sites"]["centre-2"]["entries"][0]["proof"]["index"] = 0.into(),
        "the ledger of centre-2",
        "entry 0: the proof",
    ),
    (
        "a hash of a proof",
        |case| case.edit("/sites/centre-3/entries/1/proof/path/0", |_| Digest::of(b"x").to_string()),
        "the ledger of centre-3",
        "does not lead to the checkpoint's root",
    ),
    (
        "a hash too few in a proof",
        |case| {
            let path = &mut case.evidence["sites"]["centre-3"]["entries"][1]["proof"]["path"];
            drop(path.as_array_mut().unwrap().pop());
        },
        "the ledger of centre-3",
        "too few hashes",
    ),
    (
        "the coordinator's entry about another run",
        |case| case.evidence["coordinator"] = case.other["coordinator"].clone(),
        "the coordinator's ledger",
        "says something else of this run",
    ),
    (
        "a cosignature",
        |case| {
            case.edit("/coordinator/checkpoint", |text| {
                let (text, line) = text.trim_end().rsplit_once('\n').unwrap();
                let mut line = line.to_owned();
                let tail = line.split_off(line.len() - 8);
                format!("{text}\n{line}{}\n", if tail.starts_with('A') { "BAAAAA==" } else { "AAAAAA==" })
            })
        },
        "the coordinator's ledger",
        "the cosignature of",
    ),
    (
        "a cosignature that is not there, where two are asked for",
        |case| {
            case.known.witnesses = 2;
            case.edit("/sites/centre-1/checkpoint", |text| {
                format!("{}\n", text.trim_end().rsplit_once('\n').unwrap().0)
            });
        },
        "the ledger of centre-1",
        "1 witnesses cosigned its checkpoint; you ask for 2",
    ),
    (
        "a ledger that is not there, where a witness is asked for",
        |case| {
            case.known.witnesses = 1;
            drop(case.evidence["sites"].as_object_mut().unwrap().remove("centre-1"));
        },
        "the ledger of centre-1",
        "it was not shown; you ask for 1 witnesses",
    ),
];

impl Case<'_> {
    pub(crate) fn in_file(&mut self, file: &str, from: &str, to: &str) {
        let text = String::from_utf8(self.files[file].clone()).unwrap();
        assert!(text.contains(from), "{file} lacks {from}");
        self.files.insert(file.into(), text.replacen(from, to, 1).into_bytes());
    }

    /// Changes a text of the evidence.
    fn edit(&mut self, pointer: &str, change: impl FnOnce(&str) -> String) {
        let place = self.evidence.pointer_mut(pointer).unwrap_or_else(|| panic!("no {pointer}"));
        *place = change(place.as_str().unwrap()).into();
    }

    fn in_payload(&mut self, document: &str, from: &[u8], to: &[u8]) {
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        self.edit(&format!("/{document}"), |text| {
            let mut sealed: Value = serde_json::from_str(text).unwrap();
            let payload = STANDARD.decode(sealed["payload"].as_str().unwrap()).unwrap();
            let at = payload.windows(from.len()).position(|window| window == from).unwrap_or(10);
            let changed = [&payload[..at], to, &payload[at + from.len()..]].concat();
            sealed["payload"] = STANDARD.encode(changed).into();
            sealed.to_string()
        });
    }

    fn keep_first_seals(&mut self, pointer: &str, count: usize) {
        self.edit(pointer, |text| {
            let mut sealed: Value = serde_json::from_str(text).unwrap();
            let seals = sealed["signatures"].as_array_mut().unwrap();
            assert!(seals.len() > count, "{} seals", seals.len());
            seals.truncate(count);
            sealed.to_string()
        });
    }

    fn unsign(&mut self, pointer: &str) {
        self.keep_first_seals(pointer, 0);
    }

    fn coordinator(&self) -> SecretKey {
        self.stage.key("coordinator/keys/coordinator.key")
    }

    fn reseal_roster(&mut self, change: impl FnOnce(&mut Roster)) {
        let key = self.coordinator();
        self.edit("/roster", |text| {
            let sealed = Envelope::from_json(text.as_bytes()).unwrap();
            let mut roster: Roster = serde_json::from_slice(sealed.payload_for_reading()).unwrap();
            change(&mut roster);
            Envelope::seal(ROSTER_TYPE, roster.to_bytes(), &key).to_json()
        });
    }

    fn reseal_round(&mut self, change: impl FnOnce(&mut wire::Round)) {
        self.reseal_round_at(0, change);
    }

    pub(crate) fn reseal_round_at(&mut self, at: usize, change: impl FnOnce(&mut wire::Round)) {
        let key = self.coordinator();
        self.edit(&format!("/rounds/{at}/round"), |text| reseal(text, ROUND_TYPE, &key, change));
    }

    fn reseal_release(&mut self, change: impl FnOnce(&mut wire::ReleaseRecord)) {
        let key = self.coordinator();
        self.edit("/release", |text| reseal(text, RELEASE_TYPE, &key, change));
    }

    fn reseal_answer(&mut self, change: impl FnOnce(&mut wire::Answer)) {
        self.reseal_answer_at(0, change);
    }

    pub(crate) fn reseal_answer_at(&mut self, at: usize, change: impl FnOnce(&mut wire::Answer)) {
        let key = self.stage.key("site-1/keys/node.key");
        self.edit(&format!("/rounds/{at}/answers/centre-1"), |text| reseal(text, ANSWER_TYPE, &key, change));
    }
}

fn reseal<M: prost::Message + Default>(
    text: &str,
    payload_type: &str,
    key: &SecretKey,
    change: impl FnOnce(&mut M),
) -> String {
    let sealed = Envelope::from_json(text.as_bytes()).unwrap();
    let mut message = M::decode(sealed.payload_for_reading()).unwrap();
    change(&mut message);
    Envelope::seal(payload_type, message.encode_to_vec(), key).to_json()
}

fn stranger() -> SecretKey {
    SecretKey::from_seed(&zeroize::Zeroizing::new([42; 32]))
}
