//! Parameters that somebody chose: a node sums patients' rows with no others than those that all sites' answers give.

use std::sync::Arc;

use notochord::acceptance::SealedAcceptance;
use notochord::course::Course;
use notochord::directory::{self, Site};
use notochord::home::Home;
use notochord::round::{Answered, Round as SealedRound, Seat as KnownSeat};
use notochord_proto::digest::Digest;
use notochord_proto::envelope::Envelope;
use notochord_proto::name::{NetworkName, RunId, SiteId};
use notochord_proto::root::ANSWER_TYPE;
use notochord_proto::roster::{ROSTER_TYPE, Roster, RosterSite};
use notochord_proto::scope::Scope;
use notochord_proto::study::Study;
use notochord_proto::wire::{Answer, ContributeReply, ContributeRequest, Preceding, Round, Step};
use notochord_stats::plan::Plan;
use prost::Message as _;

use crate::attacker::{Attacker, first_step, key, strangers_key};
use crate::stage::{A, Entry, Stage, assert_refused, dictionary};

/// A run that the attacker conducts as the coordinator would, so far.
struct Conducted<'a> {
    stage: &'a Stage,
    attacker: &'a Attacker,
    plan: Arc<Plan>,
    course: Course,
    seats: Vec<KnownSeat>,
    roster: Roster,
    rounds: Vec<(Round, Answered)>,
}

/// A round and what it says it builds upon, as somebody may change them.
struct Forgery<'a, 'b> {
    run: &'a Conducted<'b>,
    round: Round,
    preceding: Preceding,
}

impl<'a> Conducted<'a> {
    /// The first round, answered by all three centres.
    fn begin(stage: &'a Stage, attacker: &'a Attacker) -> Self {
        let study = Envelope::from_json(&stage.accepted_study()).unwrap();
        let study = Study::parse("ages.toml", study.payload_for_reading()).unwrap();
        let labels = ["A", "B", "C"].map(str::to_owned);
        let scope = Scope::for_study(&dictionary(), &labels, &study).unwrap();
        let plan = Arc::new(Plan::new(&study, &scope).ok().unwrap());
        let home = Home::open(&stage.network.coordinator_home()).unwrap();
        let sites = directory::sites(&home).unwrap();
        let seats: Vec<KnownSeat> = attacker.roster.iter().map(|seat| known(&sites, seat)).collect();
        let mut first = attacker.round();
        first.steps = ["age", "arms", "risk"].map(first_step).into();
        let roster = roster(&first.run, &sites);
        first.keys = digest_of(&roster.to_bytes());
        let course = Course::begin(plan.clone(), 3, &seats);
        let mut run = Self { stage, attacker, plan, course, seats, roster, rounds: Vec::new() };
        run.ask(first, None);
        run
    }

    /// Asks all three centres, and goes on with what they answer.
    fn ask(&mut self, round: Round, preceding: Option<Preceding>) {
        let sealed = self.attacker.seal(&round);
        let digest = Digest::of(&round.encode_to_vec());
        let number = self.rounds.len() as u32 + 1;
        let known = SealedRound { number, steps: self.course.steps(), sealed: sealed.clone(), digest };
        let answers = self.seats.iter().map(|seat| {
            let asked = ContributeRequest { sealed_round: sealed.clone(), preceding: preceding.clone() };
            let reply = self.attacker.contribute_later(seat.site.id.as_str(), asked);
            let answer = known.read_answer(seat, &self.plan, reply.sealed_answer).unwrap();
            (seat.site.id.clone(), answer)
        });
        let answers = answers.collect();
        let answered = Answered { round: Arc::new(known), answers };
        self.course.take(&answered);
        self.rounds.push((round, answered));
    }

    /// The round that follows, as the coordinator would ask it.
    fn next(&self) -> (Round, Preceding) {
        let (before, answered) = self.rounds.last().unwrap();
        let fresh = self.attacker.round();
        let mut round = Round { idempotency_key: fresh.idempotency_key, ..before.clone() };
        round.expires_unix_s = fresh.expires_unix_s;
        round.steps = self.course.steps().iter().map(|step| step.to_message()).collect();
        let sealed_answers: Vec<Vec<u8>> = answered.answers.values().map(|one| one.sealed.clone()).collect();
        round.previous = digest_of(&before.encode_to_vec());
        round.answers = sealed_answers.iter().map(|answer| digest_of(answer)).collect();
        let sealed_roster = self.sealed_roster(&self.roster);
        let sealed_round = answered.round.sealed.clone();
        (round, Preceding { sealed_round, sealed_answers, sealed_roster })
    }

    fn go_on(&mut self) {
        let (round, preceding) = self.next();
        self.ask(round, Some(preceding));
    }

    fn sealed_roster(&self, roster: &Roster) -> Vec<u8> {
        Envelope::seal(ROSTER_TYPE, roster.to_bytes(), &self.attacker.coordinator).to_json().into_bytes()
    }

    /// The reply of centre A and what it wrote down.
    fn tell(&self, round: &Round, preceding: Option<Preceding>) -> (ContributeReply, Vec<Entry>) {
        let asked = ContributeRequest { sealed_round: self.attacker.seal(round), preceding };
        self.stage.written_during(A, || self.attacker.contribute_later("a", asked))
    }

    /// Changes the round that would follow; it is refused, and the ledger says why.
    fn assert_refused(&self, reason: &str, forge: impl FnOnce(&mut Forgery<'_, 'a>)) {
        let (round, preceding) = self.next();
        let mut forgery = Forgery { run: self, round, preceding };
        forge(&mut forgery);
        let Forgery { round, preceding, .. } = forgery;
        let (reply, written) = self.tell(&round, Some(preceding));
        assert_eq!(reply, ContributeReply::default(), "{reason}");
        assert_refused(&written, "round_refused", reason);
    }
}

impl Forgery<'_, '_> {
    /// Names the answers that are handed over now.
    fn name_answers(&mut self) {
        self.round.answers = self.preceding.sealed_answers.iter().map(|answer| digest_of(answer)).collect();
    }

    /// Puts another answer into the place of B's.
    fn answer_of_b(&mut self, answer: Vec<u8>) {
        self.preceding.sealed_answers[1] = answer;
        self.name_answers();
    }

    /// B's answer, with one patient more.
    fn inflated(&self) -> Answer {
        let sealed = Envelope::from_json(&self.preceding.sealed_answers[1]).unwrap();
        let mut answer = Answer::decode(sealed.payload_for_reading()).unwrap();
        answer.steps.last_mut().unwrap().contribution.as_mut().unwrap().values[0] += 1;
        answer
    }

    fn risk(&mut self) -> &mut Step {
        self.round.steps.iter_mut().find(|step| step.analysis == "risk").unwrap()
    }
}

fn known(sites: &[Site], seat: &notochord_proto::wire::Seat) -> KnownSeat {
    let site = sites.iter().find(|site| site.id.as_str() == seat.site).unwrap().clone();
    let snapshot = Digest::try_from(seat.snapshot.as_slice()).unwrap();
    KnownSeat { site, snapshot, acceptance: SealedAcceptance::default() }
}

fn roster(run: &str, sites: &[Site]) -> Roster {
    let site = |site: &Site| RosterSite {
        id: site.id.clone(),
        label: site.label.clone(),
        node: site.node,
        steward: site.steward,
    };
    let network = NetworkName::new("reference").unwrap();
    Roster { network, run: RunId::new(run).unwrap(), sites: sites.iter().map(site).collect() }
}

fn digest_of(bytes: &[u8]) -> Vec<u8> {
    Digest::of(bytes).as_bytes().to_vec()
}

fn seal(answer: &Answer, key: &notochord_proto::keys::SecretKey) -> Vec<u8> {
    Envelope::seal(ANSWER_TYPE, answer.encode_to_vec(), key).to_json().into_bytes()
}

#[test]
fn a_parameter_that_the_answers_do_not_give_is_refused_and_the_ledger_says_so() {
    let mut stage = Stage::iterative();
    let attacker = Attacker::in_place_of_the_coordinator(&mut stage);
    let mut run = Conducted::begin(&stage, &attacker);
    for _ in 0..2 {
        run.assert_refused("the parameters of `risk` are not those the answers give", |forgery| {
            // The last digit of some number.
            let state = &mut forgery.risk().state;
            let at = state.iter().rposition(u8::is_ascii_digit).unwrap();
            state[at] = if state[at] == b'0' { b'1' } else { state[at] - 1 };
        });
        run.assert_refused("the parameters of `risk` are not those the answers give", |forgery| {
            forgery.risk().state.push(b' ');
        });
        run.assert_refused("is not asked of the sites that answered", |forgery| {
            drop(forgery.risk().sites.pop());
        });
        run.go_on();
    }
    let (round, preceding) = run.next();
    let (reply, written) = run.tell(&round, Some(preceding.clone()));
    assert!(!reply.sealed_answer.is_empty(), "{written:?}");
    assert_eq!(written.iter().map(|entry| entry.kind.as_str()).collect::<Vec<_>>(), ["intent", "released"]);
    // The same bytes get the same answer; the same iteration in another round gets none.
    assert_eq!(run.tell(&round, Some(preceding)), (reply, Vec::new()));
    run.assert_refused("iteration 3 of `risk` was answered in another round of this run", |_| {});
}

#[test]
fn answers_that_the_sites_did_not_give_to_the_round_before_lead_to_no_other() {
    let mut stage = Stage::iterative();
    let attacker = Attacker::in_place_of_the_coordinator(&mut stage);
    let mut run = Conducted::begin(&stage, &attacker);
    let of_b = key(&stage.home(1).join("keys/node.key"));
    let of_c = key(&stage.home(2).join("keys/node.key"));
    run.assert_refused("not those the round names", |forgery| {
        let inflated = forgery.inflated();
        forgery.preceding.sealed_answers[1] = seal(&inflated, &of_b);
    });
    run.assert_refused("the answer of `b`", |forgery| {
        let inflated = forgery.inflated();
        forgery.answer_of_b(seal(&inflated, &strangers_key()));
    });
    run.assert_refused("the answer of `b`", |forgery| {
        let inflated = forgery.inflated();
        forgery.answer_of_b(seal(&inflated, &of_c));
    });
    // Whoever has the site's key can answer for it, but the parameters must follow.
    run.assert_refused("the parameters of `risk`", |forgery| {
        let inflated = forgery.inflated();
        forgery.answer_of_b(seal(&inflated, &of_b));
    });
    run.assert_refused("no site that was asked", |forgery| {
        let phantom = Answer { site: "d".into(), ..forgery.inflated() };
        forgery.preceding.sealed_answers.push(seal(&phantom, &strangers_key()));
        forgery.name_answers();
    });
    run.assert_refused("no site that was asked", |forgery| forgery.answer_of_b(b"noise".to_vec()));
    run.assert_refused("`c` answers twice", |forgery| {
        let twice = forgery.preceding.sealed_answers[2].clone();
        forgery.answer_of_b(twice);
    });
    run.assert_refused("own is not the one it released", |forgery| {
        drop(forgery.preceding.sealed_answers.remove(0));
        forgery.name_answers();
    });
    run.assert_refused("own is not the one it released", |forgery| {
        let spaced = [&forgery.preceding.sealed_answers[0][..], b" "].concat();
        forgery.preceding.sealed_answers[0] = spaced;
        forgery.name_answers();
    });
    // Two sites' answers are too few.
    run.assert_refused("there is nothing more to ask", |forgery| {
        drop(forgery.preceding.sealed_answers.remove(1));
        forgery.name_answers();
    });
    let first_answer_of_b = run.rounds[0].1.answers[&SiteId::new("b").unwrap()].sealed.clone();
    run.go_on();
    run.assert_refused("the answer of `b`: the answer is to another round", |forgery| {
        forgery.answer_of_b(first_answer_of_b);
    });
    // A site that is left out of a later round ends the analysis: what the others give would be told apart.
    run.assert_refused("not all the sites that `risk` began with", |forgery| {
        drop(forgery.preceding.sealed_answers.remove(1));
        forgery.name_answers();
        forgery.risk().sites.remove(1);
    });
    run.go_on();
}

#[test]
fn a_round_follows_the_one_that_the_node_itself_answered() {
    let mut stage = Stage::iterative();
    let attacker = Attacker::in_place_of_the_coordinator(&mut stage);
    let mut run = Conducted::begin(&stage, &attacker);
    let (round, _) = run.next();
    let (reply, written) = run.tell(&round, None);
    assert_eq!(reply, ContributeReply::default());
    assert_refused(&written, "round_refused", "comes without the one before it");
    run.assert_refused("the round before: it is not the one that the round names", |forgery| {
        forgery.round.previous = vec![7; 32];
    });
    run.assert_refused("this node did not answer", |forgery| {
        let mut unasked = forgery.run.rounds[0].0.clone();
        unasked.idempotency_key = vec![9; 16];
        forgery.round.previous = digest_of(&unasked.encode_to_vec());
        forgery.preceding.sealed_round = forgery.run.attacker.seal(&unasked);
    });
    run.assert_refused("the round before: it is of another run", |forgery| {
        forgery.round.run = "another-run".into();
    });
    run.assert_refused("the round before: it seats other sites", |forgery| {
        forgery.round.roster[1].label = "Beta".into();
    });
    run.assert_refused("the round before: the round's seal", |forgery| {
        let text = String::from_utf8(forgery.preceding.sealed_round.clone()).unwrap();
        let sealed = Envelope::from_json(text.as_bytes()).unwrap();
        let unsealed =
            Envelope::new(notochord_proto::root::ROUND_TYPE, sealed.payload_for_reading().to_vec());
        forgery.preceding.sealed_round = unsealed.to_json().into_bytes();
    });
    // Keys of the attacker's own: neither instead of the run's, nor from the start of a round.
    let mut own_keys = run.roster.clone();
    own_keys.sites[1].node = strangers_key().public();
    run.assert_refused("the roster of keys is not the one of this run", |forgery| {
        forgery.preceding.sealed_roster = forgery.run.sealed_roster(&own_keys);
    });
    run.assert_refused("the round before: it names another roster of keys", |forgery| {
        forgery.preceding.sealed_roster = forgery.run.sealed_roster(&own_keys);
        forgery.round.keys = digest_of(&own_keys.to_bytes());
    });
    // What is answered is not asked again, and nothing is skipped.
    run.assert_refused("`age` ends with the answers to the round before", |forgery| {
        let state = forgery.risk().state.clone();
        let sites = forgery.risk().sites.clone();
        let step = Step { analysis: "age".into(), iteration: 1, state, sites };
        forgery.round.steps.insert(0, step);
    });
    run.assert_refused("iteration 2 of `risk` after iteration 0", |forgery| forgery.risk().iteration = 2);
    run.assert_refused("the round mixes iterations", |forgery| {
        forgery.round.steps.push(first_step("age"));
    });
    let (_, of_first) = run.next();
    run.go_on();
    run.go_on();
    let second = run.rounds[1].0.clone();
    // An older round again: under its own key it gets its old answer, under a new one none.
    let (reply, written) = run.tell(&second, Some(of_first.clone()));
    assert!(!reply.sealed_answer.is_empty() && written.is_empty(), "{written:?}");
    let again = Round { idempotency_key: vec![8; 16], ..second };
    let (reply, written) = run.tell(&again, Some(of_first));
    assert_eq!(reply, ContributeReply::default());
    assert_refused(
        &written,
        "round_refused",
        "iteration 1 of `risk` was answered in another round of this run",
    );
    run.assert_refused("iteration 4 of `risk` after iteration 2", |forgery| forgery.risk().iteration = 4);
}
