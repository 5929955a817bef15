//! What must hold whatever went wrong: nothing is released twice, nothing that was accepted or released is lost, every
//! ledger verifies and only grows, every run has ended, and every site of it has a status.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::Duration;

use notochord_ledger::{Entry, Ledger, verify};
use notochord_node::decision::{self, Decision};
use notochord_proto::acceptance::Acceptance;
use notochord_proto::digest::Digest;
use notochord_proto::envelope::Envelope;
use notochord_proto::wire::{Answer, ReleaseRecord, Round};
use notochord_sandbox::process::wait_for;
use prost::Message as _;
use serde_json::Value;

use super::relay::Passed;
use super::schedule::{Party, SITES};
use super::world::{World, site};

/// How long a run may take to end after everything works again.
const PATIENCE: Duration = Duration::from_secs(30);

/// What was seen so far, against which the next look is held.
#[derive(Default)]
pub(super) struct Promises {
    entries: BTreeMap<Party, Vec<Entry>>,
    /// What was answered to a step of a study from a snapshot: by site, study, snapshot and analysis.
    contributions: BTreeMap<(usize, Vec<u8>, Vec<u8>, String), Digest>,
    /// The answers that the coordinator holds, by run and site, each with its round.
    held: BTreeMap<(String, usize), (Digest, Digest)>,
}

impl Promises {
    /// Looks at everything; panics at what does not hold.
    pub(super) fn hold_in(&mut self, world: &World) {
        let coordinator = wait_until_every_run_has_ended(world);
        self.only_grew(Party::Coordinator, &coordinator);
        self.runs_are_accounted_for(world, &coordinator);
        for number in 0..SITES {
            // Before the ledger: what passed is written already.
            let passed = world.relay.passed(&site(number));
            let entries = read(world, Party::Node(number));
            self.only_grew(Party::Node(number), &entries);
            self.releases_are_single_and_kept(number, &passed, &entries);
            acceptances_stand(world, number, &entries);
        }
    }

    /// How each run ended, as the coordinator's ledger says.
    pub(super) fn ends(&self) -> BTreeMap<&str, &str> {
        let entries = self.entries[&Party::Coordinator].iter().filter(|entry| entry.kind == "run_ended");
        entries.map(|end| (end.body["run"].as_str().unwrap(), end.body["status"].as_str().unwrap())).collect()
    }

    /// Every entry that was there is there.
    fn only_grew(&mut self, party: Party, entries: &[Entry]) {
        let before = self.entries.insert(party, entries.to_vec()).unwrap_or_default();
        assert!(entries.starts_with(&before), "{party:?}: its ledger lost or changed an entry");
    }

    fn releases_are_single_and_kept(&self, number: usize, passed: &Passed, entries: &[Entry]) {
        let asked: BTreeSet<Digest> =
            passed.rounds.iter().map(|request| payload_digest(&request.sealed_round)).collect();
        let told: BTreeSet<String> = passed.records.iter().map(|sealed| run_of_record(sealed)).collect();
        let (mut intended, mut keys, mut closed) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let mut released: BTreeMap<Digest, Digest> = BTreeMap::new();
        for entry in entries {
            match entry.kind.as_str() {
                "intent" => {
                    let round = digest(entry, "round");
                    assert!(asked.contains(&round), "{number}: the intent for a round that nobody asked");
                    intended.insert(round);
                }
                "released" => {
                    let round = digest(entry, "round");
                    assert!(intended.contains(&round), "{number}: a release without an intent before it");
                    let before = released.insert(round, digest(entry, "answer"));
                    assert_eq!(before, None, "{number}: a round was released twice");
                    let key = entry.body["idempotency_key"].as_str().unwrap().to_owned();
                    assert!(keys.insert(key), "{number}: an idempotency key was used twice");
                }
                "run_closed" => {
                    let run = entry.body["run"].as_str().unwrap().to_owned();
                    assert!(told.contains(&run), "{number}: {run} was closed and nobody had said so");
                    assert!(closed.insert(run), "{number}: a run was closed twice");
                }
                _ => {}
            }
        }
        for (round, answer) in &passed.answers {
            assert_eq!(released.get(round), Some(answer), "{number}: an answer left that its ledger lacks");
        }
        for run in &passed.receipts {
            assert!(closed.contains(run), "{number}: a release record that it took is not in its ledger");
        }
        for ((run, _), (round, answer)) in self.held.iter().filter(|((_, of), _)| *of == number) {
            assert_eq!(
                released.get(round),
                Some(answer),
                "{number}: the answer to {run} is not in its ledger"
            );
        }
    }

    fn runs_are_accounted_for(&mut self, world: &World, entries: &[Entry]) {
        let home = world.home(Party::Coordinator);
        let (mut began, mut ended) = (BTreeSet::new(), BTreeMap::new());
        let mut results: BTreeMap<String, Digest> = BTreeMap::new();
        for entry in entries {
            let run = || entry.body["run"].as_str().unwrap().to_owned();
            match entry.kind.as_str() {
                "run_began" => assert!(began.insert(run()), "{}: it began twice", run()),
                "result_released" => {
                    assert!(began.contains(&run()), "{}: released before it began", run());
                    let before = results.insert(run(), digest(entry, "result"));
                    assert_eq!(before, None, "{}: its result was released twice", run());
                }
                "run_ended" => {
                    assert!(began.contains(&run()), "{}: ended before it began", run());
                    let before = ended.insert(run(), entry.clone());
                    assert!(before.is_none(), "{}: it ended twice", run());
                }
                _ => {}
            }
        }
        for run in &began {
            let place = home.join("runs").join(run);
            let end = ended.get(run).unwrap_or_else(|| panic!("{run}: it has no end"));
            self.take_in_answers(run, &place);
            every_site_has_a_status(run, end, &place);
            let was_cut_short = end.body["reason"].as_str().unwrap().contains("the coordinator stopped");
            match (end.body["status"].as_str().unwrap(), results.get(run)) {
                ("released", Some(result)) => {
                    let json = fs::read(place.join("result.json")).unwrap();
                    assert_eq!(Digest::of(&json), *result, "{run}: its result is not what was released");
                    self.names_its_answers(run, &serde_json::from_slice(&json).unwrap());
                }
                ("broken", None) => {}
                ("broken", Some(_)) if was_cut_short => {}
                (status, result) => panic!("{run}: it is {status} and its result {result:?}"),
            }
        }
    }

    /// A result names the answers it rests on, and every site.
    fn names_its_answers(&self, run: &str, result: &Value) {
        assert_eq!(
            result["sites"].as_array().unwrap().len(),
            SITES,
            "{run}: a site is missing in its result"
        );
        for number in 0..SITES {
            let named = result["provenance"]["answers"][site(number)].as_str();
            let held = self.held.get(&(run.to_owned(), number)).map(|(_, answer)| answer.to_string());
            assert_eq!(named, held.as_deref(), "{run}: the answer of {}", site(number));
        }
    }

    /// Takes in the answers to a run that the coordinator holds. The same step of a study is answered from the same
    /// snapshot with the same numbers, in whatever run.
    fn take_in_answers(&mut self, run: &str, place: &Path) {
        for number in 0..SITES {
            let key = (run.to_owned(), number);
            let file = place.join(format!("rounds/1/answers/{}.json", site(number)));
            let (false, Ok(sealed)) = (self.held.contains_key(&key), fs::read(file)) else { continue };
            let envelope = Envelope::from_json(&sealed).unwrap();
            let answer = Answer::decode(envelope.payload_for_reading()).unwrap();
            let round = Envelope::from_json(&fs::read(place.join("rounds/1/round.json")).unwrap()).unwrap();
            let asked = Round::decode(round.payload_for_reading()).unwrap();
            assert_eq!(answer.round, round.payload_digest().as_bytes(), "{run}: an answer to another round");
            for step in answer.steps {
                let analysis = step.step.as_ref().unwrap().analysis.clone();
                let said = Digest::of(&step.encode_to_vec());
                let of = (number, asked.study.clone(), answer.snapshot.clone(), analysis);
                let before = *self.contributions.entry(of.clone()).or_insert(said);
                assert_eq!(before, said, "{run}: {of:?} was answered with other numbers before");
            }
            self.held.insert(key, (round.payload_digest(), Digest::of(&sealed)));
        }
    }
}

/// Every site that was asked has a status, and unless the coordinator stopped before it had asked, every site.
fn every_site_has_a_status(run: &str, end: &Entry, place: &Path) {
    let stopped = end.body["reason"].as_str().unwrap().contains("the coordinator stopped");
    let statuses = end.body["sites"].as_object().unwrap();
    let asked: Vec<String> = match (fs::read(place.join("rounds/1/round.json")), stopped) {
        (Ok(sealed), true) => {
            let sealed = Envelope::from_json(&sealed).unwrap();
            let round = Round::decode(sealed.payload_for_reading()).unwrap();
            round.roster.into_iter().map(|seat| seat.site).collect()
        }
        (Err(_), true) => Vec::new(),
        (_, false) => (0..SITES).map(site).collect(),
    };
    for site in asked {
        assert!(statuses.contains_key(&site), "{run}: {site} has no status, {:?}", end.body);
    }
}

/// The decision in force is an acceptance that the ledger holds, and none that a steward was told of is missing.
fn acceptances_stand(world: &World, number: usize, entries: &[Entry]) {
    let accepted: Vec<&Entry> = entries.iter().filter(|entry| entry.kind == "study_accepted").collect();
    let told = world.accepted.lock().unwrap()[number];
    assert!(accepted.len() >= told, "{number}: {told} acceptances were made, {} are there", accepted.len());
    let home = notochord_node::home::Home::open(&world.home(Party::Node(number))).unwrap();
    let study = digest(accepted[0], "study");
    let Decision::Accepted(decided) = decision::of(&home, study).unwrap() else {
        panic!("{number}: the acceptance of the study is gone")
    };
    let statement: Acceptance = serde_json::from_slice(decided.acceptance.payload_for_reading()).unwrap();
    let recorded = |entry: &&&Entry| {
        digest(entry, "snapshot") == decided.snapshot && (entry.time - statement.accepted_at).abs().is_zero()
    };
    assert!(accepted.iter().any(|entry| recorded(&entry)), "{number}: an acceptance that its ledger lacks");
}

/// Once everybody is back, every site of every round knows how it ended.
pub(super) fn wait_until_every_round_is_closed(world: &World) {
    let runs = world.home(Party::Coordinator).join("runs");
    let mut open = Vec::new();
    let all_closed = || {
        open.clear();
        for run in fs::read_dir(&runs).unwrap() {
            let run = run.unwrap();
            let Ok(sealed) = fs::read(run.path().join("rounds/1/round.json")) else { continue };
            let sealed = Envelope::from_json(&sealed).unwrap();
            let round = Round::decode(sealed.payload_for_reading()).unwrap();
            open.extend(round.roster.into_iter().map(|seat| (round.run.clone(), seat.site)));
        }
        for number in 0..SITES {
            let entries = read(world, Party::Node(number));
            let closed: BTreeSet<&str> = entries
                .iter()
                .filter(|entry| entry.kind == "run_closed")
                .filter_map(|entry| entry.body["run"].as_str())
                .collect();
            open.retain(|(run, of)| *of != site(number) || !closed.contains(run.as_str()));
        }
        open.is_empty().then_some(())
    };
    let closed = wait_for(PATIENCE, all_closed);
    assert!(closed.is_some(), "rounds whose sites never heard how they ended: {open:?}");
}

fn wait_until_every_run_has_ended(world: &World) -> Vec<Entry> {
    let mut entries = Vec::new();
    let every = || {
        entries = read(world, Party::Coordinator);
        let count = |kind: &str| entries.iter().filter(|entry| entry.kind == kind).count();
        (count("run_began") <= count("run_ended")).then_some(())
    };
    let ended = wait_for(PATIENCE, every);
    assert!(ended.is_some(), "a run does not end: {:#?}", &entries[entries.len().saturating_sub(5)..]);
    entries
}

/// The entries of a party's ledger, which verifies.
fn read(world: &World, party: Party) -> Vec<Entry> {
    let home = world.home(party);
    let (storage, key) = match party {
        Party::Coordinator => {
            let home = notochord::home::Home::open(&home).unwrap();
            (home.ledger_storage().unwrap(), home.checkpoint_key().unwrap())
        }
        Party::Node(_) => {
            let home = notochord_node::home::Home::open(&home).unwrap();
            (home.ledger_storage().unwrap(), home.checkpoint_key().unwrap())
        }
    };
    let verifier = key.verifier();
    // Opening repairs what a command that was killed left behind, as any command of the centre would.
    let ledger = Ledger::open(storage, key).unwrap_or_else(|error| panic!("{party:?}: {error}"));
    let storage = notochord_ledger::DirectoryStorage::open(home.join("ledger")).unwrap();
    let verified = verify(&storage, &verifier).unwrap();
    assert!(verified.is_sound(), "{party:?}: {verified}");
    ledger.entries().to_vec()
}

fn digest(entry: &Entry, field: &str) -> Digest {
    entry.body[field].as_str().unwrap().parse().unwrap()
}

fn payload_digest(sealed: &[u8]) -> Digest {
    Envelope::from_json(sealed).unwrap().payload_digest()
}

fn run_of_record(sealed: &[u8]) -> String {
    let envelope = Envelope::from_json(sealed).unwrap();
    ReleaseRecord::decode(envelope.payload_for_reading()).unwrap().run
}
