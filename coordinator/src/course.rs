//! The course of a run: round after round, each analysis asks again or has its answer. A run goes it as the answers
//! come; whoever verifies a result goes it again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use notochord_disclosure::Rule;
use notochord_proto::name::SiteId;
use notochord_stats::outcome::Outcome;
use notochord_stats::plan::{Plan, PlannedAnalysis};
use notochord_stats::step::{Following, Step};

use crate::round::{Answered, Seat};

/// How the analyses of a run stand.
pub struct Course {
    plan: Arc<Plan>,
    minimum: usize,
    labels: BTreeMap<SiteId, String>,
    rounds: u32,
    /// One for each analysis of the plan, in its order.
    standings: Vec<Standing>,
}

/// How one analysis stands.
pub struct Standing {
    /// Where it goes.
    pub stage: Stage,
    /// How many rounds it took so far.
    pub rounds: u32,
    /// The rules that withheld something at some site.
    pub rules: BTreeSet<Rule>,
    /// How many sites contributed.
    pub sites: usize,
    /// The sites whose rules withheld all of it from the first round.
    pub withheld_by: Vec<SiteId>,
}

/// Where an analysis goes.
pub enum Stage {
    /// This is asked next.
    Next(Step),
    /// It has its answer, or a reason why there is none.
    Ended(Outcome),
}

impl Course {
    /// The course of a plan's analyses with these sites, of which at least `minimum` must contribute.
    pub fn begin(plan: Arc<Plan>, minimum: u32, seats: &[Seat]) -> Self {
        let begin = |analysis: &PlannedAnalysis| Standing {
            stage: Stage::Next(Step::first(analysis.id.clone())),
            rounds: 0,
            rules: BTreeSet::new(),
            sites: 0,
            withheld_by: Vec::new(),
        };
        let labels = seats.iter().map(|seat| (seat.site.id.clone(), seat.site.label.clone())).collect();
        let standings = plan.analyses.iter().map(begin).collect();
        Self { plan, minimum: minimum as usize, labels, rounds: 0, standings }
    }

    /// What the next round asks; nothing where every analysis has ended.
    pub fn steps(&self) -> Vec<Step> {
        let next = self.standings.iter().filter_map(|standing| match &standing.stage {
            Stage::Next(step) => Some(step.clone()),
            Stage::Ended(_) => None,
        });
        next.collect()
    }

    /// What was planned.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// How many rounds there were.
    pub fn rounds(&self) -> u32 {
        self.rounds
    }

    /// Each analysis and how it stands, in the study's order.
    pub fn standings(&self) -> impl Iterator<Item = (&PlannedAnalysis, &Standing)> {
        self.plan.analyses.iter().zip(&self.standings)
    }

    /// Takes in the answers to the round that asked [`Course::steps`].
    pub fn take(&mut self, answered: &Answered) {
        self.rounds += 1;
        for (at, step) in answered.round.steps.iter().enumerate() {
            let Some(place) = self.plan.analyses.iter().position(|analysis| analysis.id == step.analysis)
            else {
                continue;
            };
            let stage = self.follow(&self.plan.analyses[place], step, answered, at);
            let standing = &mut self.standings[place];
            standing.rounds += 1;
            let answers = || answered.answers.iter().map(|(site, answer)| (site, answer.steps.get(at)));
            let given = answers().filter_map(|(_, step)| step?.as_ref());
            standing.rules.extend(given.clone().flat_map(|step| step.rules.iter().copied()));
            if step.question.iteration() == 0 {
                standing.sites = given.count();
                let withheld = answers().filter(|(_, step)| step.is_none_or(Option::is_none));
                standing.withheld_by = withheld.map(|(site, _)| site.clone()).collect();
            }
            standing.stage = stage;
        }
        if answered.is_too_much_for(&self.steps()) {
            let reason = "the sites' answers are too long to be shown to one another, which a further round needs; \
                          fewer analyses in the study make them shorter";
            for standing in &mut self.standings {
                if let Stage::Next(_) = standing.stage {
                    standing.stage = Stage::Ended(Outcome::refused(reason));
                }
            }
        }
    }

    fn follow(&self, analysis: &PlannedAnalysis, step: &Step, answered: &Answered, at: usize) -> Stage {
        let given = answered.given(at);
        let outcome = match step.follow(analysis, &given, self.minimum) {
            Ok(Following::Ask(next)) => return Stage::Next(next),
            Ok(Following::Answer(outcome)) => outcome,
            Ok(Following::TooFew) => {
                let (contributed, all) = (given.values().flatten().count(), given.len());
                let minimum = self.minimum;
                Outcome::suppressed(format!(
                    "{contributed} of {all} sites contributed; the others' disclosure rules withheld it, and the study \
                     asks for at least {minimum} sites"
                ))
            }
            Ok(Following::Changed { silent, withheld }) => {
                let number = step.question.iteration() + 1;
                let end = "it goes on with all the sites that it began with, or not at all";
                match silent.is_empty() {
                    false => Outcome::refused(format!(
                        "{} did not answer its round {number}; {end}",
                        self.labels_of(&silent)
                    )),
                    true => Outcome::suppressed(format!(
                        "the disclosure rules of {} withheld its round {number}; {end}",
                        self.labels_of(&withheld)
                    )),
                }
            }
            Err(error) => Outcome::refused(error.to_string()),
        };
        Stage::Ended(outcome)
    }

    fn labels_of(&self, sites: &[SiteId]) -> String {
        let label = |site| self.labels.get(site).map_or("a site", String::as_str);
        sites.iter().map(label).collect::<Vec<_>>().join(", ")
    }
}
