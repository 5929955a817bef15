//! The rounds of a model on the public grid of times: who leaves and who enters between two event times.
//!
//! A row is at risk from the first event time after its entry to the last one before it leaves. Each node sends the
//! weighted moments of the rows that leave, and of those that enter, by the event time next to it; risk sets are their
//! sums from the last event time back, exactly, because they are sums of integers.

use notochord_proto::layout::{Layout, TablePurpose};
use serde::{Deserialize, Serialize};

use super::evaluation::{pairs, triples};
use super::hazards::Hazards;
use super::newton::Evaluation;
use super::partial::{self, Ties};
use super::proportional::Interactions;
use super::risk::{EventTime, Integers, Order, Row};
use super::section::Proportionality;
use super::state::{Finishing, State};
use super::strata::Stratum;
use super::{Cox, MOST};
use crate::contribution::{ContributeError, Contribution};
use crate::figure::Figure;
use crate::frame::Frame;
use crate::totals::Totals;
use crate::twofold::Twofold;
use crate::vector::{LONGEST, Tables};
use crate::weighted;

/// The event times of a stratum.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Blocks {
    /// Their positions on the grid.
    positions: Vec<usize>,
    deaths: Vec<u64>,
}

impl Blocks {
    /// Whether blocks from outside are of a grid of so many times.
    pub(super) fn is_sound(&self, times: usize) -> bool {
        self.positions.len() == self.deaths.len()
            && self.positions.windows(2).all(|pair| pair[0] < pair[1])
            && self.positions.last().is_none_or(|last| *last < times)
            && self.deaths.iter().all(|deaths| (1..=super::start::MOST_EVENTS).contains(deaths))
    }

    pub(super) fn events(&self) -> u64 {
        self.deaths.iter().sum()
    }

    /// How many event times are before a row comes under observation, and how many are not after it leaves.
    fn of(&self, row: &Row) -> (usize, usize) {
        let entered = self.positions.partition_point(|at| *at as f64 <= row.interval.start);
        let left = self.positions.partition_point(|at| *at as f64 <= row.interval.stop);
        (entered, left)
    }
}

/// Where the numbers of one stratum stand in the vector of a round, and how many each event time has.
struct Places {
    leaving: usize,
    entering: usize,
    deaths: usize,
    /// The first sum of each event time.
    sums: Vec<usize>,
}

impl Cox {
    /// The event times of a stratum, from the counts of the first round.
    pub(super) fn blocks(&self, stratum: usize, totals: &Totals) -> Option<Blocks> {
        let (times, cells) = (self.grid()?, self.counts.leaving.get(stratum)?);
        let mut blocks = Blocks { positions: Vec::new(), deaths: Vec::new() };
        for at in 0..times.len() {
            let deaths = totals.count(cells.at(at, 0)).known()?;
            if deaths > 0 {
                blocks.positions.push(at);
                blocks.deaths.push(deaths);
            }
        }
        Some(blocks)
    }

    /// Which moments an event time sends: of those who leave, of those who enter, and of tied deaths.
    fn parts(&self, deaths: u64) -> (bool, bool) {
        (self.follow_up.has_start(), self.asked.ties == Ties::Efron && deaths > 1)
    }

    /// How many sums an event time sends: its deaths' columns, then moments.
    fn sums_at(&self, columns: usize, deaths: u64) -> usize {
        let (entering, tied) = self.parts(deaths);
        columns + self.asked.order().length(columns) * (1 + usize::from(entering) + usize::from(tied))
    }

    /// How many integers a round sends.
    pub(super) fn layout_across_length(&self, state: &State) -> usize {
        let columns = state.standard.columns.len();
        let lists = 2 + usize::from(self.follow_up.has_start());
        let of = |deaths: &u64| lists + self.sums_at(columns, *deaths);
        let times = state.blocks.iter().flat_map(|blocks| &blocks.deaths);
        times.map(of).fold(3, usize::saturating_add)
    }

    fn places(&self, state: &State) -> Vec<Places> {
        let columns = state.standard.columns.len();
        let has_start = self.follow_up.has_start();
        let mut next = 1;
        let mut places = Vec::new();
        for blocks in &state.blocks {
            let count = blocks.positions.len();
            let leaving = next;
            let entering = leaving + count;
            let deaths = entering + if has_start { count } else { 0 };
            next = deaths + count;
            places.push(Places { leaving, entering, deaths, sums: Vec::new() });
        }
        // The overflow, then the linear predictor of events.
        next += 2;
        for (blocks, places) in state.blocks.iter().zip(&mut places) {
            for deaths in &blocks.deaths {
                places.sums.push(next);
                next += self.sums_at(columns, *deaths);
            }
        }
        places
    }

    /// What each integer of a later round is.
    pub(super) fn layout_across(&self, state: &State) -> Layout {
        let Some(times) = self.grid() else { return Layout::default() };
        if self.layout_across_length(state) > LONGEST {
            return Layout::default();
        }
        let has_start = self.follow_up.has_start();
        let mut tables = Tables::default();
        let used = tables.count(TablePurpose::Base, &self.design.outcome, "rows used");
        for (at, blocks) in state.blocks.iter().enumerate() {
            let name = |what: &str| format!("{what} {}", self.strata.code(at)).trim_end().to_owned();
            let headings = || blocks.positions.iter().map(|at| times.at(*at).to_string()).collect::<Vec<_>>();
            tables.list(TablePurpose::Base, name("leaving"), headings());
            if has_start {
                tables.list(TablePurpose::Base, name("entering"), headings());
            }
            tables.list(TablePurpose::Base, name("events"), headings());
        }
        let labels = self.labels(&state.standard);
        let mut moments = vec!["weight".to_owned()];
        moments.extend(labels.iter().cloned());
        moments.extend(pairs(&labels));
        if self.asked.order() == Order::Third {
            moments.extend(triples(&labels));
        }
        let mut sums = tables.sums();
        sums.sum("rows out of range", vec![used], 1);
        sums.sum("linear predictor of events", vec![used], weighted::BOUND);
        for (blocks, places) in state.blocks.iter().zip(self.places(state)) {
            for (at, deaths) in blocks.deaths.iter().enumerate() {
                let time = times.at(blocks.positions[at]);
                let (entering, tied) = self.parts(*deaths);
                for label in &labels {
                    let over = vec![places.deaths + at];
                    sums.sum(format!("{label} of events at {time}"), over, weighted::BOUND);
                }
                let kinds = [
                    (true, "leaving from", places.leaving + at),
                    (entering, "entering after", places.entering + at),
                    (tied, "events at", places.deaths + at),
                ];
                for (_, what, over) in kinds.into_iter().filter(|kind| kind.0) {
                    for name in &moments {
                        sums.sum(format!("{name} of {what} {time}"), vec![over], weighted::BOUND);
                    }
                }
            }
        }
        sums.finish_model(self.columns(used))
    }

    pub(super) fn contribute_across(
        &self,
        frame: &Frame,
        state: &State,
    ) -> Result<Contribution, ContributeError> {
        let mut contribution = Contribution::zero(self.layout_across(state).len());
        let first_sum = self.places(state);
        let overflow = 1 + first_sum
            .iter()
            .zip(&state.blocks)
            .map(|(places, blocks)| places.deaths + blocks.positions.len() - places.leaving)
            .sum::<usize>();
        let (columns, length) =
            (state.standard.columns.len(), self.asked.order().length(state.standard.columns.len()));
        for (Stratum { factors, .. }, rows) in self.rows(frame, &state.standard, &state.fit.estimates)? {
            let (Some(blocks), Some(places)) = (state.blocks.get(factors), first_sum.get(factors)) else {
                continue;
            };
            for row in rows {
                contribution.tally(0, 1);
                let products = self.asked.order().of_row(libm::exp(row.eta), &row.z);
                let own: Option<Vec<i128>> = row.z.iter().copied().map(weighted::quantised).collect();
                let (Some(products), Some(own), Some(eta)) = (products, own, weighted::quantised(row.eta))
                else {
                    contribution.tally(overflow, 1);
                    continue;
                };
                let (entered, left) = blocks.of(&row);
                if entered >= left {
                    continue;
                }
                let mut add = |first: usize, terms: &[i128]| {
                    for (at, term) in terms.iter().enumerate() {
                        contribution.tally(first + at, *term);
                    }
                };
                let moments = |at: usize| places.sums[at] + columns;
                add(places.leaving + left - 1, &[1]);
                add(moments(left - 1), &products);
                if entered > 0 {
                    add(places.entering + entered - 1, &[1]);
                    add(moments(entered - 1) + length, &products);
                }
                if row.event {
                    let (has_start, tied) = self.parts(blocks.deaths[left - 1]);
                    add(places.deaths + left - 1, &[1]);
                    add(overflow + 1, &[eta]);
                    add(places.sums[left - 1], &own);
                    if tied {
                        add(moments(left - 1) + length * (1 + usize::from(has_start)), &products);
                    }
                }
            }
        }
        Ok(contribution)
    }

    /// Reads a round: none where the totals are of no rows, and inside none where a row is out of range.
    pub(super) fn read_across(
        &self,
        state: &State,
        totals: &Totals,
    ) -> Option<(Option<Evaluation>, Finishing)> {
        let places = self.places(state);
        let overflow = places
            .iter()
            .zip(&state.blocks)
            .map(|(places, blocks)| places.deaths + blocks.positions.len() - places.leaving)
            .fold(1, |sum: usize, own| sum + own);
        if totals.count(overflow) != Figure::Known(0) {
            return Some((None, Finishing::default()));
        }
        let columns = state.standard.columns.len();
        let eta = Integers::read(totals, overflow + 1, 1)?;
        let mut at = Evaluation {
            loglik: weighted::number(*eta.0.first()?),
            score: vec![Twofold::ZERO; columns],
            information: vec![vec![Twofold::ZERO; columns]; columns],
            third: Vec::new(),
        };
        if self.asked.order() == Order::Third {
            at.third = vec![Twofold::ZERO; partial::pyramid(columns)];
        }
        let mut finishing = Finishing::default();
        let mut interactions = Interactions::zero(columns);
        for (blocks, places) in state.blocks.iter().zip(&places) {
            let times = self.event_times_across(blocks, places, columns, totals)?;
            for time in &times {
                at.add(time);
                interactions
                    .add(time, super::proportional::value(&state.transform, Some(time.time as usize)));
            }
            finishing.hazards.push(Hazards::new(&times));
        }
        if self.asked.proportionality == Proportionality::Tested {
            finishing.interactions = Some(interactions);
        }
        Some((Some(at), finishing))
    }

    /// The event times of a stratum, the first one first.
    fn event_times_across(
        &self,
        blocks: &Blocks,
        places: &Places,
        columns: usize,
        totals: &Totals,
    ) -> Option<Vec<EventTime>> {
        let length = self.asked.order().length(columns);
        let mut risk = Integers::zero(length);
        let mut found = Vec::new();
        for (at, deaths) in blocks.deaths.iter().enumerate().rev() {
            if totals.count(places.deaths + at) != Figure::Known(*deaths) {
                return None;
            }
            let (entering, tied) = self.parts(*deaths);
            let mut next = places.sums[at];
            let own = Integers::read(totals, next, columns)?;
            next += columns;
            risk.add(&Integers::read(totals, next, length)?.0)?;
            next += length;
            // Who entered after this event time, but before the next one, was not at risk at it.
            if entering {
                risk.subtract(&Integers::read(totals, next, length)?.0)?;
                next += length;
            }
            let tied = match tied {
                true => Integers::read(totals, next, length)?.moments(columns),
                false => Integers::zero(length).moments(columns),
            };
            let term = partial::term(self.asked.ties, *deaths, &risk.moments(columns), &tied)?;
            let columns = own.0.iter().map(|sum| weighted::number(*sum).rounded()).collect();
            let time = blocks.positions[at] as f64;
            found.push(EventTime { time, deaths: *deaths, columns, eta: 0.0, term });
        }
        found.reverse();
        Some(found)
    }
}

impl Integers {
    /// Reads so many totals.
    fn read(totals: &Totals, first: usize, count: usize) -> Option<Self> {
        let known =
            |at: usize| totals.sum(at).known().filter(|sum| sum.unsigned_abs() <= MOST.unsigned_abs());
        (first..first + count).map(known).collect::<Option<_>>().map(Self)
    }
}

impl Evaluation {
    /// Adds what an event time adds.
    fn add(&mut self, time: &EventTime) {
        self.loglik = self.loglik - Twofold::from(time.term.logarithms);
        for (own, (sum, means)) in self.score.iter_mut().zip(time.columns.iter().zip(&time.term.means)) {
            *own = *own + Twofold::from(*sum) - Twofold::from(*means);
        }
        for (one, row) in self.information.iter_mut().enumerate() {
            for (two, own) in row.iter_mut().enumerate() {
                *own = *own + Twofold::from(time.term.information[partial::entry(one, two)]);
            }
        }
        for (own, term) in self.third.iter_mut().zip(&time.term.third) {
            *own = *own + Twofold::from(*term);
        }
    }
}
