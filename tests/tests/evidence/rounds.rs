//! A result of several rounds: each one's questions are computed again from the answers before it.

use notochord::verify::{Known, verify};
use serde_json::{Value, json};

use crate::stage::{Stage, exhibit};
use crate::tampering::{Case, Tampering, assert_each_is_named, failures};

#[test]
fn a_study_takes_as_many_rounds_as_its_slowest_analysis_and_every_round_proves_itself() {
    let stage = Stage::iterative();
    let (results, other) = (stage.run("first").unwrap(), stage.run("second").unwrap());
    let honest = exhibit(&results);
    let report = verify(&honest, &Known { root: None, witnesses: 2 });
    assert_eq!(failures(&report), [""; 0], "{report:#?}");

    let result: Value = serde_json::from_slice(&honest.files["result.json"]).unwrap();
    let rounds = |analysis: &str| &result["analyses"][analysis]["rounds"];
    assert_eq!((rounds("age"), rounds("arms"), rounds("risk")), (&json!(1), &json!(1), &result["rounds"]));
    let all = result["rounds"].as_u64().unwrap();
    assert!((4..=10).contains(&all), "{all} rounds");
    assert_eq!(result["provenance"]["rounds"].as_array().unwrap().len() as u64, all);
    assert_eq!(result["provenance"]["later_answers"].as_array().unwrap().len() as u64, all - 1);
    assert_eq!(result["analyses"]["risk"]["status"], "released");
    let schema = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/result.schema.json");
    let schema: Value = serde_json::from_slice(&std::fs::read(schema).unwrap()).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let found: Vec<String> = schema.iter_errors(&result).map(|error| error.to_string()).collect();
    assert!(found.is_empty(), "{found:#?}");

    assert_each_is_named(&stage, &honest, &exhibit(&other), TAMPERINGS);
}

#[test]
fn a_program_hears_of_every_round() {
    let stage = Stage::iterative();
    let results = stage.directory.path().join("results");
    let told = stage.network.run("ages", &results, &["--json"]).unwrap();
    let told: Vec<Value> = String::from_utf8(told.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let rounds: Vec<&Value> = told.iter().filter(|event| event["event"] == "round_started").collect();
    assert_eq!(rounds[0]["analyses"], json!(["age", "arms", "risk"]));
    for (at, round) in rounds.iter().enumerate() {
        assert_eq!(round["round"], at + 1);
        assert!(at == 0 || round["analyses"] == json!(["risk"]));
        let answered = told.iter().filter(|event| event["event"] == "site" && event["round"] == at + 1);
        assert_eq!(answered.count(), 3);
    }
    let result: Value = serde_json::from_slice(&std::fs::read(results.join("result.json")).unwrap()).unwrap();
    assert_eq!(result["rounds"], rounds.len());
}

#[test]
fn a_preview_names_what_later_rounds_send_and_shows_no_fit() {
    let stage = Stage::iterative();
    let home = &stage.network.nodes()[0].home;
    let printed = stage.network.node_command(home, ["study", "preview", "ages"]).unwrap();
    let printed = String::from_utf8(printed.stdout).unwrap();
    let later: Vec<&str> = printed.lines().filter(|line| line.contains("later rounds:")).collect();
    let [line] = later[..] else { panic!("not one of three analyses asks again:\n{printed}") };
    assert!(line.contains("at most 24, each with up to"), "{line}");
    let names: Vec<&str> =
        printed.lines().filter(|line| line.trim_start().starts_with("each round  ")).collect();
    assert!(names.len() > 5, "{printed}");

    let printed = stage.network.node_command(home, ["study", "preview", "ages", "--json"]).unwrap();
    let printed: Value = serde_json::from_slice(&printed.stdout).unwrap();
    assert_eq!(printed[0]["later"], json!({ "rounds_at_most": 0 }));
    let (risk, values) = (&printed[2]["later"], printed[2]["leaves"].as_array().unwrap());
    assert_eq!(risk["rounds_at_most"], 24);
    assert_eq!(risk["names"].as_array().unwrap().len(), names.len());
    assert!(risk["names"].as_array().unwrap().iter().all(Value::is_string));
    assert!(values.iter().all(|one| one["value"].is_string()));
}

const TAMPERINGS: &[Tampering] = &[
    (
        "a parameter, sealed by the coordinator",
        |case| {
            case.reseal_round_at(1, |round| {
                let state = &mut round.steps[0].state;
                let at = state.iter().rposition(u8::is_ascii_digit).unwrap();
                state[at] = if state[at] == b'0' { b'1' } else { state[at] - 1 };
            })
        },
        "round 2",
        "the parameters of `risk` are not those the answers give",
    ),
    (
        "the sites of a later round, sealed by the coordinator",
        |case| case.reseal_round_at(1, |round| drop(round.steps[0].sites.pop())),
        "round 2",
        "`risk` is asked of other sites",
    ),
    (
        "numbers in an answer to a later round, sealed by its node",
        |case| {
            case.reseal_answer_at(1, |answer| {
                let values = &mut answer.steps[0].contribution.as_mut().unwrap().values;
                let last = values.len() - 16;
                values[last + 8] ^= 1;
            })
        },
        "round 3",
        "the parameters of `risk` are not those the answers give",
    ),
    (
        "the spacing of an answer to a later round",
        |case| {
            let answer = &mut case.evidence["rounds"][1]["answers"]["centre-1"];
            *answer = format!("{} ", answer.as_str().unwrap()).into();
        },
        "round 3",
        "it names other answers to the round before it",
    ),
    (
        "an answer to a later round of another run",
        |case| {
            let other = case.other["rounds"][1]["answers"]["centre-1"].clone();
            case.evidence["rounds"][1]["answers"]["centre-1"] = other;
        },
        "answer of centre-1 to round 2",
        "to another round",
    ),
    (
        "an answer to a later round that is not there",
        |case| {
            drop(case.evidence["rounds"][1]["answers"].as_object_mut().unwrap().remove("centre-1"));
        },
        "round 3",
        "every analysis had its answer before it",
    ),
    (
        "a round in the middle that is not there",
        |case| drop(rounds(case).remove(2)),
        "round 3",
        "exactly the analyses that have no answer yet",
    ),
    ("the last round that is not there", |case| drop(rounds(case).pop()), "rounds", "one is missing"),
    (
        "two rounds in each other's place",
        |case| rounds(case).swap(1, 2),
        "round 2",
        "exactly the analyses that have no answer yet",
    ),
    (
        "a round twice",
        |case| {
            let second = rounds(case)[1].clone();
            rounds(case).insert(2, second);
        },
        "round 3",
        "exactly the analyses that have no answer yet",
    ),
    (
        "a later round of another run",
        |case| case.evidence["rounds"][1] = case.other["rounds"][1].clone(),
        "round 2",
        "of another run",
    ),
    (
        "what a later round follows, sealed by the coordinator",
        |case| case.reseal_round_at(2, |round| round.previous = vec![7; 32]),
        "round 3",
        "it does not follow the round before it",
    ),
    (
        "the keys that a later round names, sealed by the coordinator",
        |case| case.reseal_round_at(1, |round| round.keys = vec![7; 32]),
        "round 2",
        "another roster of keys",
    ),
    (
        "a seat of a later round, sealed by the coordinator",
        |case| case.reseal_round_at(1, |round| drop(round.roster.pop())),
        "round 2",
        "other sites than the first round",
    ),
    (
        "a site that is said to have dropped out",
        |case| {
            case.in_file(
                "result.json",
                "\"dropped_out\": null",
                "\"dropped_out\": { \"round\": 2, \"status\": \"too_slow\" }",
            )
        },
        "rounds",
        "the sites that dropped out are not those",
    ),
];

fn rounds<'a>(case: &'a mut Case<'_>) -> &'a mut Vec<Value> {
    case.evidence["rounds"].as_array_mut().unwrap()
}
