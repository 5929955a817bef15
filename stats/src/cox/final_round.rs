//! The round at the final estimates: robust errors, and within sites the test of proportional hazards and concordance.

use std::collections::BTreeMap;

use notochord_proto::layout::{Layout, TablePurpose};

use super::concordance::{self, Pairs};
use super::evaluation::pairs;
use super::hazards::Hazards;
use super::partial::triangle;
use super::proportional::{Interactions, value};
use super::report::{self, Additions, Robust};
use super::risk::{event_times, level};
use super::section::{Concordance, Proportionality};
use super::state::State;
use super::{Cox, MOST};
use crate::contribution::{ContributeError, Contribution, MOST_UNITS};
use crate::figure::Figure;
use crate::frame::Frame;
use crate::outcome::Outcome;
use crate::sandwich::{Errors, Scored, sandwich};
use crate::totals::Totals;
use crate::twofold::Twofold;
use crate::vector::Tables;
use crate::weighted;

/// Where the parts of the round stand.
struct Places {
    meat: Option<usize>,
    interactions: Option<usize>,
    concordance: Option<usize>,
}

impl Cox {
    fn final_places(&self, columns: usize) -> Places {
        let mut next = self.asked.errors.first_sum();
        let mut place = |wanted: bool, length: usize| {
            let place = wanted.then_some(next);
            next += if wanted { length } else { 0 };
            place
        };
        let by_site = self.strata.by_site();
        Places {
            meat: place(self.asked.errors != Errors::Model, Errors::length(columns)),
            interactions: place(
                by_site && self.asked.proportionality == Proportionality::Tested,
                1 + columns + 2 * triangle(columns),
            ),
            concordance: place(by_site && self.asked.concordance == Concordance::Counted, 3),
        }
    }

    /// What each integer of the last round is.
    pub(super) fn final_layout(&self, state: &State) -> Layout {
        let labels = self.labels(&state.standard);
        let places = self.final_places(labels.len());
        let mut tables = Tables::default();
        let used = tables.count(TablePurpose::Base, &self.design.outcome, "rows used");
        if self.asked.errors == Errors::Cluster {
            tables.count(TablePurpose::Base, &self.design.outcome, "patients");
        }
        let mut sums = tables.sums();
        if places.meat.is_some() {
            sums.sum("rows out of range", vec![used], 1);
            for name in pairs(&labels) {
                sums.sum(format!("scores of {name}"), vec![used], weighted::BOUND);
            }
        }
        if places.interactions.is_some() {
            sums.sum("event times out of range", vec![used], 1);
            for label in &labels {
                sums.sum(format!("score of {label} × time"), vec![used], weighted::BOUND);
            }
            for what in ["time", "time squared"] {
                for name in pairs(&labels) {
                    sums.sum(format!("information of {name} × {what}"), vec![used], weighted::BOUND);
                }
            }
        }
        if places.concordance.is_some() {
            for name in ["concordant pairs", "discordant pairs", "pairs of one risk"] {
                sums.sum(name, vec![used], MOST_UNITS);
            }
        }
        sums.finish_model(self.columns(used))
    }

    pub(super) fn contribute_final(
        &self,
        frame: &Frame,
        state: &State,
    ) -> Result<Contribution, ContributeError> {
        let mut contribution = Contribution::zero(self.final_layout(state).len());
        let count = state.standard.columns.len();
        let places = self.final_places(count);
        let mut scored: BTreeMap<usize, Vec<Option<Scored>>> = BTreeMap::new();
        for (stratum, rows) in self.rows(frame, &state.standard, &state.fit.estimates)? {
            contribution.tally(0, rows.len() as i128);
            let within = self.strata.by_site();
            let times = match within {
                true => event_times(&rows, self.asked.ties, super::risk::Order::Second),
                false => Some(Vec::new()),
            };
            if let Some(first) = places.interactions {
                let terms = times.as_ref().and_then(|times| self.interactions(times, state));
                match terms {
                    None => contribution.tally(first, 1),
                    Some(terms) => {
                        for (at, term) in terms.into_iter().enumerate() {
                            contribution.tally(first + 1 + at, term);
                        }
                    }
                }
            }
            if let Some(first) = places.concordance {
                let Pairs { concordant, discordant, tied } = concordance::pairs(&rows);
                for (at, pairs) in [concordant, discordant, tied].into_iter().enumerate() {
                    contribution.tally(first + at, pairs.into());
                }
            }
            if places.meat.is_none() {
                continue;
            }
            let own = times.as_ref().map(|times| Hazards::new(times));
            let known = state.finishing.as_ref().and_then(|finishing| finishing.hazards.get(stratum.factors));
            let (hazards, level) = match within {
                true => (own.as_ref(), level(&rows)),
                false => (known, 0.0),
            };
            let cumulative = hazards.map(|hazards| hazards.cumulative(count));
            for row in &rows {
                let x = match &cumulative {
                    Some(cumulative) => cumulative.score(row, libm::exp(row.eta - level)),
                    None => vec![f64::NAN; count],
                };
                let of_site =
                    scored.entry(stratum.site).or_insert_with(|| (0..frame.rows()).map(|_| None).collect());
                if let Some(place) = of_site.get_mut(row.place) {
                    *place = Some(Scored { x, score: 1.0, leverage: 0.0 });
                }
            }
        }
        if let Some(first) = places.meat {
            // Stratified by site, a patient is one of a site's.
            for scored in scored.values() {
                let (patients, sums) = self.asked.errors.meat(scored, frame, count);
                if self.asked.errors == Errors::Cluster {
                    contribution.tally(1, patients.into());
                }
                for (at, sum) in sums.into_iter().enumerate() {
                    contribution.tally(first + at, sum);
                }
            }
        }
        Ok(contribution)
    }

    /// What a stratum adds to the test of proportional hazards.
    fn interactions(&self, times: &[super::risk::EventTime], state: &State) -> Option<Vec<i128>> {
        let grid = self.asked.times?;
        let count = state.standard.columns.len();
        let mut total = vec![0_i128; count + 2 * triangle(count)];
        for time in times {
            let mut own = Interactions::zero(count);
            own.add(time, value(&state.transform, grid.position(time.time)));
            let numbers = own.score.iter().chain(&own.cross).chain(&own.own);
            for (sum, number) in total.iter_mut().zip(numbers) {
                *sum = sum.checked_add(weighted::quantised(*number)?)?;
            }
        }
        Some(total)
    }

    /// The answer with what the last round adds.
    pub(super) fn finish(&self, state: &State, totals: &Totals) -> Outcome {
        match self.additions(state, totals) {
            Ok(additions) => report::outcome(self, totals, state, additions),
            Err(outcome) => *outcome,
        }
    }

    fn additions(&self, state: &State, totals: &Totals) -> Result<Additions, Box<Outcome>> {
        let refused = |reason: &str| Box::new(Outcome::refused(reason));
        let nonsense = || refused("the totals are not those of any rows");
        let count = state.standard.columns.len();
        let places = self.final_places(count);
        let numbers = |first: usize, length: usize| -> Option<Vec<Twofold>> {
            let known =
                |at: usize| totals.sum(at).known().filter(|sum| sum.unsigned_abs() <= MOST.unsigned_abs());
            (first..first + length).map(|at| known(at).map(weighted::number)).collect()
        };
        let mut additions = Additions::default();
        if let Some(first) = places.meat {
            let clusters = self.asked.errors.clusters(totals).ok_or_else(nonsense)?;
            if totals.sum(first) != Figure::Known(0) {
                return Err(refused("robust errors do not exist: the score of a row is out of range"));
            }
            if clusters.is_some_and(|clusters| clusters < 2) {
                return Err(refused("errors by patient need more than one patient"));
            }
            let mut meat = numbers(first + 1, triangle(count)).ok_or_else(nonsense)?.into_iter();
            let meat = weighted::symmetric(count, &mut meat).ok_or_else(nonsense)?;
            let done = state.fit.done.as_ref().ok_or_else(nonsense)?;
            let bread: Vec<Vec<Twofold>> = done
                .inverse
                .iter()
                .map(|row| row.iter().map(|entry| Twofold::from(*entry)).collect())
                .collect();
            additions.robust = Some(Robust { covariance: sandwich(&bread, &meat), clusters });
        }
        if let Some(first) = places.interactions {
            if totals.sum(first) != Figure::Known(0) {
                return Err(refused("the test of proportional hazards has a score out of range"));
            }
            let numbers = numbers(first + 1, count + 2 * triangle(count)).ok_or_else(nonsense)?;
            let numbers: Vec<f64> = numbers.iter().map(|number| number.rounded()).collect();
            let (score, rest) = numbers.split_at(count);
            let (cross, own) = rest.split_at(triangle(count));
            let (score, cross, own) = (score.to_vec(), cross.to_vec(), own.to_vec());
            additions.interactions = Some(Interactions { score, cross, own });
        }
        if let Some(first) = places.concordance {
            let pairs = |at: usize| {
                let sum = totals.sum(first + at).known()?;
                u64::try_from(sum).ok().filter(|sum| *sum < 1 << 60)
            };
            let counted = [pairs(0), pairs(1), pairs(2)];
            let [Some(concordant), Some(discordant), Some(tied)] = counted else { return Err(nonsense()) };
            additions.pairs = Some(Pairs { concordant, discordant, tied });
        }
        Ok(additions)
    }
}
