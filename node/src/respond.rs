//! The node's judgement: what it does about a study that arrives, a round that asks, and the end of a run.
//!
//! Every refusal looks the same from outside; its reason is written into the ledger. The order of work is:
//! verify, look into the ledger, write the intent, compute, pass the gate, write the release, answer.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use notochord_ledger::{Ledger, Record, Recovery, Witness};
use notochord_proto::answer;
use notochord_proto::digest::Digest;
use notochord_proto::envelope::Envelope;
use notochord_proto::keys::SecretKey;
use notochord_proto::role::Role;
use notochord_proto::root::{ANSWER_TYPE, RELEASE_TYPE};
use notochord_proto::sealed_study::{FEWEST_SITES, SealedStudy};
use notochord_proto::wire;
use notochord_stats::plan::{Plan, PlannedAnalysis};
use notochord_stats::step::Step;
use prost::Message as _;
use time::{Duration, OffsetDateTime};

use crate::centre::{Centre, Question, pass};
use crate::decision::Decision;
use crate::entry::{self, IntendedStep, Intent, LinkRefused, Reason, Released, ReleasedStep, RoundRefused};
use crate::entry::{RecordRefused, RuleCount, RunClosed};
use crate::later_round::{self, Bench};
use crate::meeting::Parting;
use crate::order::{Addressee, Order};
use crate::refusal::Refusal;
use crate::standing;
use crate::store::Store;
use crate::upkeep::Upkeep;

mod announcement;

/// How many studies that were turned away are kept in mind.
const MOST_TURNED_AWAY: usize = 1000;

/// A node that answers.
pub struct Responder {
    centre: RwLock<Arc<Centre>>,
    key: SecretKey,
    store: Store,
    /// One round at a time: two copies of a question must not race to its first answer.
    ledger: Mutex<Ledger>,
    pub(crate) upkeep: Upkeep,
    pub(crate) parting: Parting,
    /// The studies that were turned away in the last hour, by their exact bytes, oldest first.
    turned_away: Mutex<VecDeque<(Digest, OffsetDateTime)>>,
    /// What this node remembers of other ledgers.
    witness: Mutex<Witness>,
}

impl Responder {
    /// A node of a centre.
    pub fn new(centre: Centre) -> Result<Self, Refusal> {
        let home = centre.home();
        let (key, store) = (home.node_key()?, Store::open(&home.path("state"))?);
        let (ledger, witness) = (Mutex::new(home.ledger()?), Mutex::new(home.witness()?));
        let centre = RwLock::new(Arc::new(centre));
        Ok(Self {
            centre,
            key,
            store,
            ledger,
            witness,
            upkeep: Upkeep::default(),
            parting: Parting::default(),
            turned_away: Mutex::default(),
        })
    }

    /// What was repaired when the ledger was opened.
    pub fn recoveries(&self) -> Vec<Recovery> {
        self.ledger().recoveries().to_vec()
    }

    /// The digest of the node's dictionary.
    pub fn dictionary(&self) -> Digest {
        self.centre().root().dictionary
    }

    /// The centre as it is now; a new root document or status list puts another in its place.
    pub fn centre(&self) -> Arc<Centre> {
        // What it holds is replaced whole.
        self.centre.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts what the disk says now in the place of the centre.
    pub(crate) fn reload(&self) -> Result<(), Refusal> {
        let fresh = Arc::new(self.centre().reopened()?);
        *self.centre.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// Answers a round, or refuses; a refusal is written down and looks the same whatever its reason.
    pub fn contribute(&self, asked: &wire::ContributeRequest) -> wire::ContributeReply {
        let sealed_answer = match self.read(&asked.sealed_round) {
            Ok(order) => self
                .obey(&order, asked.preceding.as_ref())
                .unwrap_or_else(|refusal| self.refuse(Some(order.round), &refusal)),
            Err(refusal) => self.refuse(None, &refusal),
        };
        wire::ContributeReply { sealed_answer }
    }

    /// Nothing is the one answer to every refusal.
    fn refuse(&self, round: Option<Digest>, refusal: &Refusal) -> Vec<u8> {
        tracing::warn!(%refusal, "a round was refused");
        self.write_down(&RoundRefused { round, reason: Reason::of(refusal) });
        Vec::new()
    }

    fn read(&self, sealed: &[u8]) -> Result<Order, Refusal> {
        let centre = self.centre();
        Order::read(sealed, &coordinator(&centre), &addressee(&centre))
            .map_err(|error| Refusal::Order(error.to_string()))
    }

    fn obey(&self, order: &Order, preceding: Option<&wire::Preceding>) -> Result<Vec<u8>, Refusal> {
        let ledger = &mut *self.ledger();
        ledger.refresh()?;
        if entry::is_closed(ledger, &order.run) {
            return Err(Refusal::Replayed(order.run.to_string()));
        }
        if entry::round_of_key(ledger, &order.idempotency_key).is_some_and(|round| round != order.round) {
            return Err(Refusal::KeyReused);
        }
        self.permitted(order, ledger)?;
        let study = self.accepted(order, ledger)?;
        let released = entry::released(ledger, order.round);
        if let Some(released) = &released
            && let Some(answer) = self.store.answer(order.round)?
            && Digest::of(&answer) == released.answer
        {
            return Ok(answer);
        }
        let labels: Vec<String> = order.roster.iter().map(|seat| seat.label.clone()).collect();
        let question = self.centre().question(&study, &labels)?;
        let analyses = named(&question.plan, &order.steps)?;
        later_round::once(order, ledger)?;
        if let Some(previous) = &order.previous {
            let (centre, needed) = (self.centre(), self.needed(&study) as usize);
            let (addressee, coordinator) = (&addressee(&centre), &coordinator(&centre));
            let bench = Bench { addressee, coordinator, ledger, plan: &question.plan, needed };
            later_round::recompute(order, previous, preceding, &bench)?;
        }
        if released.is_none() {
            self.intend(ledger, order)?;
        }
        let (answer, steps) = self.compute(order, &study, &question, &analyses)?;
        // Computing takes its time: the round may be over by now, or the study be answered no more.
        ledger.refresh()?;
        order.in_time(self.centre().now()).map_err(|error| Refusal::Order(error.to_string()))?;
        self.permitted(order, ledger)?;
        self.accepted(order, ledger)?;
        let digest = Digest::of(&answer);
        match released {
            // The machine stopped between the release and the reply: the same bytes may be said again.
            Some(released) if released.answer == digest => {}
            Some(_) => return Err(Refusal::Unrepeatable),
            None => Released {
                round: order.round,
                idempotency_key: order.idempotency_key.clone(),
                answer: digest,
                steps,
            }
            .write(ledger, self.centre().now())?,
        }
        self.store.keep(order.round, &answer)?;
        Ok(answer)
    }

    /// Whether anything may be answered now, to this roster, about this study: the network's documents are in force,
    /// nobody of the roster was revoked, and the study was not stopped.
    fn permitted(&self, order: &Order, ledger: &Ledger) -> Result<(), Refusal> {
        let centre = self.centre();
        let status = centre.trust().in_force(centre.now())?;
        standing::not_put_back(ledger, centre.trust())?;
        if let Some(seat) = order.roster.iter().find(|seat| status.site_is_revoked(&seat.site)) {
            return Err(Refusal::Revoked(seat.site.clone()));
        }
        let stopped = standing::stopped_by(status, order.study);
        stopped.or_else(|| standing::stopped(ledger, order.study)).map_or(Ok(()), Err)
    }

    /// The study of an order, if this centre has accepted it for the snapshot that the order names, and the
    /// roster is one the study allows.
    fn accepted(&self, order: &Order, ledger: &Ledger) -> Result<SealedStudy, Refusal> {
        let centre = self.centre();
        let study = standing::with_quorum(centre.study(order.study)?, ledger, centre.root())?;
        let decided = standing::decision(centre.home(), ledger, order.study)?;
        let Decision::Accepted(accepted) = decided else {
            return Err(Refusal::NotAccepted);
        };
        if accepted.snapshot != order.snapshot {
            return Err(Refusal::OtherSnapshot { accepted: accepted.snapshot, asked: order.snapshot });
        }
        let needed = self.needed(&study);
        let found = order.roster.len();
        if found < needed as usize {
            return Err(Refusal::TooFewSites { found, needed });
        }
        if let Some(roster) = &study.study.sites.roster
            && let Some(stranger) = order.roster.iter().find(|seat| !roster.contains(&seat.site))
        {
            return Err(Refusal::Stranger(stranger.site.clone()));
        }
        Ok(study)
    }

    /// How many sites must take part in a study.
    fn needed(&self, study: &SealedStudy) -> u32 {
        let least = if self.centre().root().throwaway_minimum.is_some() { 1 } else { FEWEST_SITES };
        study.study.sites.minimum.max(least)
    }

    fn intend(&self, ledger: &mut Ledger, order: &Order) -> Result<(), Refusal> {
        let intent = Intent {
            round: order.round,
            run: order.run.clone(),
            study: order.study,
            snapshot: order.snapshot,
            steps: order.steps.iter().map(IntendedStep::of).collect(),
        };
        Ok(intent.write(ledger, self.centre().now())?)
    }

    fn compute(
        &self,
        order: &Order,
        study: &SealedStudy,
        question: &Question,
        analyses: &[&PlannedAnalysis],
    ) -> Result<(Vec<u8>, Vec<ReleasedStep>), Refusal> {
        let rules = self.centre().rules(study)?;
        let frames = self.centre().frames(study, question, order.snapshot)?;
        let (mut answers, mut steps) = (Vec::new(), Vec::new());
        for (analysis, step) in analyses.iter().zip(&order.steps) {
            let (fired, message) = match step.is_asked_of(self.centre().site()) {
                true => {
                    let passage = pass(analysis, &step.question, &frames, &rules)?;
                    (passage.fired, passage.releasable.map(|releasable| releasable.into_message()))
                }
                // What the rules withheld in the first round stays here in every other.
                false => (Vec::new(), None),
            };
            steps.push(ReleasedStep {
                analysis: analysis.id.clone(),
                iteration: step.question.iteration(),
                withheld_whole: message.is_none(),
                rules: RuleCount::folded(&fired),
            });
            let step = Some(answer::named(&step.to_message()));
            answers.push(wire::StepAnswer { step, contribution: message });
        }
        let answer = wire::Answer {
            round: order.round.as_bytes().to_vec(),
            site: self.centre().site().to_string(),
            snapshot: order.snapshot.as_bytes().to_vec(),
            software: env!("CARGO_PKG_VERSION").to_owned(),
            steps: answers,
        };
        let sealed = Envelope::seal(ANSWER_TYPE, answer.encode_to_vec(), &self.key);
        Ok((sealed.to_json().into_bytes(), steps))
    }

    /// Takes the record of how a run ended, after which its rounds are answered no more. One that does not hold
    /// changes nothing, and is written down.
    pub fn close(&self, sealed: &[u8]) {
        if let Err(refusal) = self.end(sealed) {
            tracing::warn!(%refusal, "a release record was refused");
            self.write_down(&RecordRefused { reason: Reason::of(&refusal) });
        }
    }

    fn end(&self, sealed: &[u8]) -> Result<(), Refusal> {
        let envelope = Envelope::from_json(sealed)?;
        let verified = envelope.verify(RELEASE_TYPE, &coordinator(&self.centre()))?;
        let malformed = || Refusal::Order("the release record cannot be read".into());
        let record = wire::ReleaseRecord::decode(verified.payload).map_err(|_| malformed())?;
        let digest = |bytes: &Vec<u8>| Digest::try_from(bytes.as_slice()).map_err(|_| malformed());
        let closed = RunClosed {
            run: record.run.parse().map_err(|_| malformed())?,
            study: digest(&record.study)?,
            result: if record.result.is_empty() { None } else { Some(digest(&record.result)?) },
            rounds: record.rounds.iter().map(digest).collect::<Result<_, _>>()?,
        };
        let mut ledger = self.ledger();
        ledger.refresh()?;
        if record.network != self.centre().root().network.as_str() {
            return Err(Refusal::Order("the release record is of another network".into()));
        }
        if !entry::is_closed(&ledger, &closed.run) {
            closed.write(&mut ledger, self.centre().now())?;
        }
        Ok(())
    }

    /// Writes down that somebody stood in the coordinator's place. The same reason is written once an hour: a
    /// stranger who comes again and again must not fill the ledger.
    pub fn turn_away(&self, reason: &'static str) {
        let now = self.centre().now();
        let last = entry::last_turned_away(&self.ledger(), reason);
        if last.is_none_or(|last| now - last >= Duration::HOUR) {
            self.write_down(&LinkRefused { reason: reason.to_owned() });
        }
    }

    /// What time it is.
    pub(crate) fn now(&self) -> OffsetDateTime {
        self.centre().now()
    }

    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        // The ledger checks itself before each append, whatever happened to a thread that held it.
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The ledger with what the data steward's commands have written into it meanwhile.
    fn newest_ledger(&self) -> Result<MutexGuard<'_, Ledger>, Refusal> {
        let mut ledger = self.ledger();
        ledger.refresh()?;
        Ok(ledger)
    }

    pub(crate) fn witness(&self) -> MutexGuard<'_, Witness> {
        // A witness reads what it kept each time, whatever happened to a thread that held it.
        self.witness.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes an entry without which nothing may go on.
    pub(crate) fn record(&self, record: &impl Record) -> Result<(), Refusal> {
        Ok(record.write(&mut self.ledger(), self.centre().now())?)
    }

    /// Writes an entry whose failure changes nothing about the answer.
    pub(crate) fn write_down(&self, record: &impl Record) {
        if let Err(error) = record.write(&mut self.ledger(), self.centre().now()) {
            tracing::error!(%error, "the ledger could not be written");
        }
    }
}

/// The analyses that an order names, in its order.
fn named<'a>(plan: &'a Plan, steps: &[Step]) -> Result<Vec<&'a PlannedAnalysis>, Refusal> {
    let named = steps.iter().map(|step| &step.analysis);
    named.map(|id| plan.analysis(id).ok_or_else(|| Refusal::UnknownStep(id.clone()))).collect()
}

fn coordinator(centre: &Centre) -> Role {
    Role::of_one("the coordinator", centre.root().coordinator)
}

fn addressee(centre: &Centre) -> Addressee<'_> {
    let (network, site) = (&centre.root().network, centre.site());
    Addressee { network, site, label: centre.label(), now: centre.now() }
}

fn decision_reply(decision: wire::Decision) -> wire::AnnounceReply {
    wire::AnnounceReply { decision: decision.into(), ..Default::default() }
}
