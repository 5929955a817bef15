//! Asking the sites of a run: the study first, then round after round.

use std::collections::BTreeMap;
use std::sync::Arc;

use notochord_proto::wire::run_event::Event;
use notochord_proto::wire::{self, RoundStarted};
use notochord_stats::step::Step;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::{ANNOUNCE_DEADLINE, CLOCK_SLACK, Conducted, Run, RunError, Statuses};
use crate::ask;
use crate::assembly::{DroppedOut, SiteLine};
use crate::directory::Site;
use crate::round::{Answered, Round, Seat, Terms};
use crate::site_status::SiteStatus;

impl Run {
    /// Asks, round after round, until every analysis has its answer or a reason why there is none.
    pub(super) async fn ask(&self, run: &mut Conducted<'_>) -> Result<(), RunError> {
        loop {
            let steps = run.course.steps();
            if steps.is_empty() {
                return Ok(());
            }
            let round = self.round(run, steps)?;
            let place = format!("runs/{}/rounds/{}", self.id, round.number);
            self.office.home.write(&format!("{place}/round.json"), &round.sealed)?;
            let analyses = round.steps.iter().map(|step| step.analysis.to_string()).collect();
            self.tell(Event::Round(RoundStarted { round: round.number, analyses })).await;
            let is_first = round.number == 1;
            let (answered, kept) = self.gather(run, round, &place).await;
            run.course.take(&answered);
            run.rounds.push(answered);
            kept?;
            if is_first {
                let contributed = |line: &SiteLine| line.status == SiteStatus::Contributed;
                self.require(run.statuses, "contributed", contributed)?;
            }
            self.still_permitted(run)?;
        }
    }

    /// Hands the study to every site and collects who has accepted it, for which snapshot.
    pub(super) async fn announce(&self, sites: Vec<Site>, statuses: &mut Statuses) -> Vec<Seat> {
        let sealed_study = self.sealed.envelope.to_json().into_bytes();
        let until = Instant::now() + (self.deadline / 2).min(ANNOUNCE_DEADLINE);
        let mut asked = JoinSet::new();
        for site in sites {
            let (office, sealed) = (self.office.clone(), self.sealed.clone());
            let request = wire::AnnounceRequest { sealed_study: sealed_study.clone() };
            asked.spawn(async move {
                let answered = timeout_at(until, ask::announce(&office, &site, request, &sealed)).await;
                let silent = match office.hub.node(&site.id) {
                    Some(_) => SiteStatus::TooSlow,
                    None => SiteStatus::Unreachable,
                };
                let decided = answered.unwrap_or(Err(silent.into()));
                (site, decided)
            });
        }
        let mut seats = Vec::new();
        while let Some(joined) = asked.join_next().await {
            let Ok((site, decided)) = joined else { continue };
            let (decided, fell_short) = match decided {
                Ok(decided) => (Some(decided), None),
                Err(fell_short) => (None, Some(fell_short)),
            };
            let status = fell_short.as_ref().map(|one| one.status);
            let detail = fell_short.and_then(|one| one.detail);
            let snapshot = decided.as_ref().map(|(snapshot, _)| *snapshot);
            let words = detail.as_deref().unwrap_or_default();
            self.progress(&site, status.map_or("accepted", SiteStatus::name), words, 0).await;
            let line = SiteLine {
                id: site.id.clone(),
                label: site.label.clone(),
                // Every site that accepted gets its last word in the round.
                status: status.unwrap_or(SiteStatus::Unreachable),
                snapshot,
                software: None,
                detail,
                dropped_out: None,
            };
            statuses.insert(site.id.clone(), line);
            seats.extend(decided.map(|(snapshot, acceptance)| Seat { site, snapshot, acceptance }));
        }
        seats.sort_by(|a, b| a.site.id.cmp(&b.site.id));
        seats
    }

    pub(super) fn round(&self, run: &Conducted<'_>, steps: Vec<Step>) -> Result<Round, RunError> {
        let mut key = [0; 16];
        getrandom::fill(&mut key).map_err(RunError::Randomness)?;
        let network = &self.in_force.root.network;
        let (id, study, keys) = (&self.id, self.sealed.digest, run.roster.payload_digest());
        let terms = Terms { network, run: id, study, seats: &run.seats, keys };
        let expires = self.office.now() + self.deadline + CLOCK_SLACK;
        Ok(Round::seal(&terms, steps, run.rounds.last(), key, expires, &self.office.key))
    }

    /// Asks every seat of the round at once; a lost link is asked again, with the same bytes, when the site is back.
    /// Each answer is kept below `place` when it comes; also gives whether all could be.
    pub(super) async fn gather(
        &self,
        run: &mut Conducted<'_>,
        round: Round,
        place: &str,
    ) -> (Answered, Result<(), RunError>) {
        let deadline = Instant::now() + self.deadline;
        let request = Arc::new(round.request(run.rounds.last(), &run.roster.to_json()));
        let round = Arc::new(round);
        let mut asked = JoinSet::new();
        for seat in run.seats.iter().filter(|seat| round.asks(&seat.site.id)).cloned() {
            let (office, plan) = (self.office.clone(), run.plan.clone());
            let (round, request) = (round.clone(), request.clone());
            asked.spawn(async move {
                let answer = ask::contribute(&office, &seat, &plan, &round, &request, deadline).await;
                (seat.site, answer)
            });
        }
        let (mut answers, mut all_kept) = (BTreeMap::new(), Ok(()));
        while let Some(joined) = asked.join_next().await {
            let Ok((site, answer)) = joined else { continue };
            let status = answer.as_ref().err().copied().unwrap_or(SiteStatus::Contributed);
            self.progress(&site, status.name(), "", round.number).await;
            if let Some(line) = run.statuses.get_mut(&site.id) {
                match (round.number, &answer) {
                    (1, _) => line.status = status,
                    (_, Err(status)) => {
                        line.dropped_out = Some(DroppedOut { round: round.number, status: *status });
                    }
                    (_, Ok(_)) => {}
                }
                if let Ok(answer) = &answer {
                    line.software = Some(answer.software.clone());
                }
            }
            if let Ok(answer) = &answer {
                let kept =
                    self.office.home.write(&format!("{place}/answers/{}.json", site.id), &answer.sealed);
                all_kept = all_kept.and(kept.map_err(RunError::from));
            }
            answers.extend(answer.ok().map(|answer| (site.id, answer)));
        }
        (Answered { round, answers }, all_kept)
    }
}
