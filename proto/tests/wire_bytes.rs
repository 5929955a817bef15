//! The bytes of what is signed and sent, pinned: another version, or another implementation, must write the same.
#![allow(clippy::unwrap_used)]

use notochord_proto::layout::{CountTable, Layout, Sum, TablePurpose};
use notochord_proto::vector;
use notochord_proto::wire::{
    Answer, Contribution, ReleaseRecord, Round, Seat, SiteOutcome, Step, StepAnswer,
};
use prost::Message;

fn step() -> Step {
    Step { analysis: "baseline".into(), ..Default::default() }
}

fn round() -> Round {
    Round {
        network: "reference".into(),
        run: "colon-20270131-00000001".into(),
        idempotency_key: (0..16).collect(),
        study: vec![0xab; 32],
        expires_unix_s: 1_801_396_800,
        roster: vec![Seat { site: "toronto".into(), label: "Toronto".into(), snapshot: vec![0xcd; 32] }],
        steps: vec![step()],
        ..Default::default()
    }
}

fn later_round() -> Round {
    let step = Step { iteration: 1, state: b"[0.1]".to_vec(), sites: vec!["toronto".into()], ..step() };
    let (keys, previous, answers) = (vec![0xaa; 32], vec![0xee; 32], vec![vec![0xbb; 32]]);
    Round { steps: vec![step], keys, previous, answers, ..round() }
}

fn answer() -> Answer {
    let contribution = Contribution {
        layout: vec![1; 32],
        values: vec![2; 16],
        withheld: vec![0],
        rules: vec!["primary".into()],
    };
    let withheld = StepAnswer { step: Some(Step { analysis: "rare".into(), ..step() }), contribution: None };
    Answer {
        round: vec![0xee; 32],
        site: "toronto".into(),
        snapshot: vec![0xcd; 32],
        software: "0.1.0".into(),
        steps: vec![StepAnswer { step: Some(step()), contribution: Some(contribution) }, withheld],
    }
}

fn release() -> ReleaseRecord {
    ReleaseRecord {
        network: "reference".into(),
        run: "colon-20270131-00000001".into(),
        study: vec![0xab; 32],
        rounds: vec![vec![0xee; 32]],
        result: Vec::new(),
        sites: vec![SiteOutcome { site: "toronto".into(), status: "contributed".into() }],
    }
}

fn assert_bytes<M: Message + Default + PartialEq + std::fmt::Debug>(name: &str, message: &M) {
    let golden = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    let written = hex::encode(message.encode_to_vec());
    if std::env::var_os("NOTOCHORD_BLESS").is_some() {
        std::fs::write(&golden, format!("{written}\n")).unwrap();
    }
    let pinned = std::fs::read_to_string(&golden).unwrap();
    assert_eq!(written, pinned.trim_end(), "{name}");
    assert_eq!(&M::decode(hex::decode(pinned.trim_end()).unwrap().as_slice()).unwrap(), message, "{name}");
}

#[test]
fn rounds_answers_and_release_records_have_the_bytes_they_always_had() {
    assert_bytes("round.hex", &round());
    assert_bytes("later_round.hex", &later_round());
    assert_bytes("answer.hex", &answer());
    assert_bytes("release.hex", &release());
}

#[test]
fn a_vector_and_the_name_of_its_layout_have_the_bytes_they_always_had() {
    let table = CountTable {
        name: "rows".into(),
        rows: vec!["used".into(), "lost".into()],
        columns: vec![String::new()],
        purpose: TablePurpose::Base,
    };
    let sum = Sum { name: "age".into(), over: vec![0], unit_bound: 100 };
    let layout = Layout { tables: vec![table], sums: vec![sum], design: None };
    assert_bytes(
        "vector.hex",
        &vector::encode(&layout, &[Some(40), None, Some(-2400)], vec!["primary".into()]),
    );
}
