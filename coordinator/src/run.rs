//! A run: announce the study, ask every site that accepted it round after round, wait no longer than the deadline for
//! each, assemble.
//!
//! Whatever a site does (dies, hangs, answers rubbish), the run ends, and every site has a status.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use notochord_ledger::LedgerError;
use notochord_proto::envelope::Envelope;
use notochord_proto::name::{RunId, SiteId};
use notochord_proto::scope::Scope;
use notochord_proto::sealed_study::SealedStudy;
use notochord_proto::wire::run_event::Event;
use notochord_proto::wire::{RunFinished, RunStarted, SiteProgress};
use notochord_stats::plan::Plan;
use time::OffsetDateTime;
use tracing::{info, warn};

use crate::assembly::SiteLine;
use crate::course::Course;
use crate::directory::{self, Site};
use crate::evidence::{Behind, Evidence, seal_roster};
use crate::home::HomeError;
use crate::in_force::InForce;
use crate::interruption;
use crate::logbook::{RunBegan, RunEnded};
use crate::office::Office;
use crate::outbox;
use crate::progress::{Feed, RunKey};
use crate::round::{Answered, Seat};
use crate::site_status::SiteStatus;
use crate::store::{RunLine, RunStatus, StoreError};
use crate::studies::StudiesError;
use crate::witnessing;

mod asking;
mod ending;

/// How long a node may take to say what its centre has decided.
const ANNOUNCE_DEADLINE: Duration = Duration::from_secs(10);
/// How much the clocks of centres may be ahead.
const CLOCK_SLACK: Duration = Duration::from_secs(600);
/// How long the delivery of the release record is tried.
const DELIVER_DEADLINE: Duration = Duration::from_secs(5);

/// Where progress is told; a listener that left does not stop a run.
pub type Events = Arc<Feed>;

/// Why a run is broken.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Not enough sites.
    #[error("{found} of {asked} sites {what}; the study asks for at least {minimum} ({others})")]
    TooFewSites {
        /// How many did.
        found: usize,
        /// How many were asked.
        asked: usize,
        /// What they should have done.
        what: &'static str,
        /// The study's minimum.
        minimum: u32,
        /// The others, and why not.
        others: String,
    },
    /// Stopped.
    #[error("{0} withdrew the study while it ran; nothing is released")]
    Withdrawn(String),
    /// Stopped otherwise.
    #[error("the study was stopped while it ran, and nothing is released: {0}")]
    Stopped(StudiesError),
    /// A site that took part was revoked.
    #[error("the certificate of {0} was revoked while the study ran; nothing is released")]
    Revoked(String),
    /// The study does not fit the dictionary.
    #[error("{0}")]
    Plan(String),
    /// The directory.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The index.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Result documents.
    #[error("the result cannot be written: {0}")]
    Json(#[from] serde_json::Error),
    /// No randomness.
    #[error("the operating system gives no randomness: {0}")]
    Randomness(getrandom::Error),
    /// A fault of this program.
    #[error(
        "a fault of the coordinator's program ended the run; its log says where, and the sites' data are as they were"
    )]
    Fault,
}

/// Starts a run; it goes on by itself, tells `events` what happens, and writes everything down.
///
/// `in_force` is what the study was found runnable under. The whole run stands on it, also if another root document
/// comes into force meanwhile: a result, its record and its evidence name one and the same.
pub fn start(
    office: Arc<Office>,
    in_force: InForce,
    sealed: SealedStudy,
    deadline: Duration,
    key: Option<&RunKey>,
    events: Events,
) -> Result<RunId, RunError> {
    let started = office.now();
    let id = run_id(&sealed, started)?;
    let study = format!("{}@{}", sealed.study.id, sealed.study.version);
    let line = RunLine {
        run: id.clone(),
        study,
        started,
        finished: None,
        status: RunStatus::Running,
        reason: String::new(),
        idempotency_key: key.map(|key| key.as_str().to_owned()),
    };
    office.logbook.write(&RunBegan { run: id.clone(), study: sealed.digest }, started)?;
    office.store.put_run(&line)?;
    let run = Run { office, in_force, sealed, id: id.clone(), started, deadline, events };
    tokio::spawn(run.until_the_end(line));
    Ok(id)
}

fn run_id(sealed: &SealedStudy, now: OffsetDateTime) -> Result<RunId, RunError> {
    let random = getrandom::u32().map_err(RunError::Randomness)?;
    let study: String = sealed.study.id.as_str().chars().take(32).collect();
    let text = format!(
        "{}-{:04}{:02}{:02}-{random:08x}",
        study.trim_end_matches('-'),
        now.year().clamp(0, 9999),
        u8::from(now.month()),
        now.day()
    );
    RunId::new(text).map_err(|error| RunError::Plan(error.to_string()))
}

struct Run {
    office: Arc<Office>,
    in_force: InForce,
    sealed: SealedStudy,
    id: RunId,
    started: OffsetDateTime,
    /// How long sites may take for each round.
    deadline: Duration,
    events: Events,
}

/// What became of the sites of a run.
type Statuses = BTreeMap<SiteId, SiteLine>;

/// A run that is under way.
struct Conducted<'a> {
    seats: Vec<Seat>,
    plan: Arc<Plan>,
    course: Course,
    roster: Envelope,
    rounds: Vec<Answered>,
    statuses: &'a mut Statuses,
}

impl Run {
    async fn until_the_end(self, line: RunLine) {
        let run = Arc::new(self);
        let conducting = run.clone();
        // A task of its own: whatever goes wrong in there, the run ends.
        let conducted = tokio::spawn(async move {
            let mut statuses = Statuses::new();
            let ended = conducting.conduct(&mut statuses).await;
            (statuses.into_iter().map(|(site, line)| (site, line.status)).collect(), ended)
        });
        let (sites, ended) = match conducted.await {
            Ok(conducted) => conducted,
            Err(_) => {
                let sites = interruption::close_rounds(&run.office, &run.id);
                for site in sites.keys() {
                    outbox::bring(&run.office, site).await;
                }
                (sites, Err(RunError::Fault))
            }
        };
        run.end(line, sites, ended).await;
    }

    async fn end(&self, mut line: RunLine, sites: BTreeMap<SiteId, SiteStatus>, ended: Result<(), RunError>) {
        line.finished = Some(self.office.now());
        (line.status, line.reason) = match ended {
            Ok(()) => (RunStatus::Released, String::new()),
            Err(error) => (RunStatus::Broken, error.to_string()),
        };
        info!(run = %line.run, status = line.status.name(), reason = %line.reason, "run ended");
        let (run, status, reason) = (line.run.clone(), line.status, line.reason.clone());
        let entry = RunEnded { run, status, reason, sites };
        if let Err(error) = self.office.logbook.write(&entry, self.office.now()) {
            warn!(%error, run = %line.run, "the end of a run could not be written into the ledger");
        }
        if let Err(error) = self.office.store.put_run(&line) {
            warn!(%error, run = %line.run, "the end of a run could not be written down");
        }
        let finished =
            RunFinished { run: line.run.to_string(), status: line.status.name().into(), reason: line.reason };
        self.tell(Event::Finished(finished)).await;
    }

    async fn conduct(&self, statuses: &mut Statuses) -> Result<(), RunError> {
        let sites = self.sites()?;
        let labels = sites.iter().map(|site| site.label.clone()).collect();
        self.tell(Event::Started(RunStarted { run: self.id.to_string(), sites: labels })).await;
        // A node that holds an older copy of its ledger must not be asked anything.
        witnessing::remind_all(&self.office).await;
        let seats = self.announce(sites, statuses).await;
        self.require(statuses, "have accepted the study and are connected", |line| line.snapshot.is_some())?;
        let plan = Arc::new(self.plan(&seats)?);
        let course = Course::begin(plan.clone(), self.sealed.study.sites.minimum, &seats);
        let roster = seal_roster(&self.office, &self.in_force, &self.id)?;
        let mut run = Conducted { seats, plan, course, roster, rounds: Vec::new(), statuses };
        // Whatever fails from here on, every site is told how its rounds ended.
        let released = match self.ask(&mut run).await {
            Ok(()) => self.release(&run).map(Some),
            Err(error) => Err(error),
        };
        let result = released.as_ref().ok().copied().flatten();
        let record = self.deliver(&run, result).await;
        let witnessed = witnessing::cosign_all(&self.office, Some(&self.id)).await;
        if result.is_some() {
            let acceptances = run.seats.iter().map(|seat| (seat.site.id.clone(), seat.acceptance.clone()));
            let (office, in_force, sealed) = (&self.office, &self.in_force, &self.sealed);
            let (acceptances, roster, rounds) = (acceptances.collect(), &run.roster, &run.rounds);
            let behind = Behind { in_force, sealed, roster, acceptances, rounds, record };
            let evidence = Evidence::gather(office, behind, witnessed)?;
            office.home.write(&format!("runs/{}/evidence.json", self.id), &evidence.to_bytes()?)?;
        }
        released.map(|_| ())
    }

    /// The sites to ask: the study's roster, or every enrolled one.
    fn sites(&self) -> Result<Vec<Site>, RunError> {
        let mut sites = directory::sites(&self.office.home)?;
        sites.retain(|site| site.revoked.is_none());
        if let Some(roster) = &self.sealed.study.sites.roster {
            sites.retain(|site| roster.contains(&site.id));
        }
        Ok(sites)
    }

    /// Whether enough sites did what they should have; if not, says which did not and why.
    fn require(
        &self,
        statuses: &Statuses,
        what: &'static str,
        did: impl Fn(&SiteLine) -> bool,
    ) -> Result<(), RunError> {
        let minimum = self.sealed.study.sites.minimum;
        let (those, others): (Vec<_>, Vec<_>) = statuses.values().partition(|line| did(line));
        if those.len() >= minimum as usize {
            return Ok(());
        }
        let others: Vec<String> =
            others.iter().map(|line| format!("{} {}", line.label, line.in_words())).collect();
        let (found, asked, others) = (those.len(), statuses.len(), others.join(", "));
        Err(RunError::TooFewSites { found, asked, what, minimum, others })
    }

    fn plan(&self, seats: &[Seat]) -> Result<Plan, RunError> {
        let labels: Vec<String> = seats.iter().map(|seat| seat.site.label.clone()).collect();
        Scope::for_study(&self.in_force.dictionary, &labels, &self.sealed.study)
            .and_then(|scope| Plan::new(&self.sealed.study, &scope))
            .map_err(|problems| RunError::Plan(problems.first().map(ToString::to_string).unwrap_or_default()))
    }

    async fn progress(&self, site: &Site, status: &str, detail: &str, round: u32) {
        let progress = SiteProgress {
            site: site.id.to_string(),
            label: site.label.clone(),
            status: status.to_owned(),
            detail: detail.to_owned(),
            round,
        };
        self.tell(Event::Site(progress)).await;
    }

    async fn tell(&self, event: Event) {
        self.events.tell(event);
    }
}
