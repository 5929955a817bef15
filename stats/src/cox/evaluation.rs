//! The rounds of a model stratified by site: the log-likelihood, the score and the information of each site.

use notochord_proto::layout::{Layout, TablePurpose};

use super::newton::{Evaluation, Penalty};
use super::partial::{pyramid, triangle};
use super::risk::{EventTime, event_times};
use super::state::State;
use super::{Cox, MOST};
use crate::contribution::{ContributeError, Contribution};
use crate::frame::Frame;
use crate::standard::Standard;
use crate::totals::Totals;
use crate::twofold::Twofold;
use crate::vector::{Sums, Tables};
use crate::weighted;

impl Cox {
    /// What each integer of a later round is.
    pub(super) fn layout_within(&self, state: &State) -> Layout {
        let mut tables = Tables::default();
        let used = tables.count(TablePurpose::Base, &self.design.outcome, "rows used");
        let mut sums = tables.sums();
        self.describe_evaluation(&self.labels(&state.standard), used, &mut sums);
        sums.finish_model(self.columns(used))
    }

    /// Adds the sums of one evaluation, of columns of these names.
    pub(super) fn describe_evaluation(&self, labels: &[String], used: usize, sums: &mut Sums) {
        sums.sum("event times out of range", vec![used], 1);
        sums.sum("log-likelihood", vec![used], weighted::BOUND);
        for label in labels {
            sums.sum(format!("score of {label}"), vec![used], weighted::BOUND);
        }
        for name in pairs(labels) {
            sums.sum(format!("information of {name}"), vec![used], weighted::BOUND);
        }
        if self.asked.penalty == Penalty::Firth {
            for name in triples(labels) {
                sums.sum(format!("third derivative of {name}"), vec![used], weighted::BOUND);
            }
        }
    }

    /// How many sums that are.
    pub(super) fn evaluation_length(&self, columns: usize) -> usize {
        let third = if self.asked.penalty == Penalty::Firth { pyramid(columns) } else { 0 };
        2 + columns + triangle(columns) + third
    }

    pub(super) fn contribute_within(
        &self,
        frame: &Frame,
        state: &State,
    ) -> Result<Contribution, ContributeError> {
        let mut contribution = Contribution::zero(self.layout_within(state).len());
        self.add_evaluation(frame, &state.standard, &state.fit.estimates, 1, &mut contribution)?;
        self.followed(frame, |row| contribution.tally(0, i128::from(row.is_some())))?;
        Ok(contribution)
    }

    /// Adds an evaluation to a contribution, from a position on.
    pub(super) fn add_evaluation(
        &self,
        frame: &Frame,
        standard: &Standard,
        estimates: &[f64],
        first: usize,
        contribution: &mut Contribution,
    ) -> Result<(), ContributeError> {
        for rows in self.rows(frame, standard, estimates)?.values() {
            let times = event_times(rows, self.asked.ties, self.asked.order());
            let terms: Option<Vec<Vec<i128>>> =
                times.and_then(|times| times.iter().map(quantised_terms).collect());
            let Some(terms) = terms else {
                contribution.tally(first, 1);
                continue;
            };
            for term in terms {
                for (at, term) in term.into_iter().enumerate() {
                    contribution.tally(first + 1 + at, term);
                }
            }
        }
        Ok(())
    }

    /// Reads an evaluation of so many columns from a position on: none where the totals are of no rows, and inside
    /// none where a site could not compute it.
    pub(super) fn read_within(
        &self,
        columns: usize,
        totals: &Totals,
        first: usize,
    ) -> Option<Option<Evaluation>> {
        let known =
            |at: usize| totals.sum(at).known().filter(|sum| sum.unsigned_abs() <= MOST.unsigned_abs());
        if known(first)? != 0 {
            return Some(None);
        }
        let length = self.evaluation_length(columns);
        let numbers: Option<Vec<Twofold>> =
            (first + 1..first + length).map(|at| known(at).map(weighted::number)).collect();
        let mut numbers = numbers?.into_iter();
        let loglik = numbers.next()?;
        let score: Vec<Twofold> = numbers.by_ref().take(columns).collect();
        let information = weighted::symmetric(columns, &mut numbers)?;
        Some(Some(Evaluation { loglik, score, information, third: numbers.collect() }))
    }
}

/// The terms of one event time as integers; none where one is out of range.
fn quantised_terms(at: &EventTime) -> Option<Vec<i128>> {
    let score = at.columns.iter().zip(&at.term.means).map(|(sum, means)| sum - means);
    let terms = std::iter::once(at.eta - at.term.logarithms).chain(score);
    let terms = terms.chain(at.term.information.iter().copied()).chain(at.term.third.iter().copied());
    terms.map(weighted::quantised).collect()
}

/// The names of the entries of a lower triangle.
pub(super) fn pairs(labels: &[String]) -> Vec<String> {
    let row = |(at, one): (usize, &String)| -> Vec<String> {
        labels[..=at].iter().map(|two| format!("{one} × {two}")).collect()
    };
    labels.iter().enumerate().flat_map(row).collect()
}

/// The names of the entries of a lower pyramid.
pub(super) fn triples(labels: &[String]) -> Vec<String> {
    let plane = |(at, one): (usize, &String)| -> Vec<String> {
        pairs(&labels[..=at]).into_iter().map(|pair| format!("{one} × {pair}")).collect()
    };
    labels.iter().enumerate().flat_map(plane).collect()
}
