//! The risk sets of one stratum, from its last event time to its first.
//!
//! Weights and their products are added and taken away as integers, so that nothing is left of who came and went and
//! the order of rows does not matter.

use super::follow_up::Interval;
use super::partial::{self, Moments, Term, Ties, pyramid, triangle};
use crate::weighted;

/// A row of a fit.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// Where it stands in its frame.
    pub(super) place: usize,
    pub(super) interval: Interval,
    pub(super) event: bool,
    /// Its columns, in the coordinates of the fit.
    pub(super) z: Vec<f64>,
    /// Its linear predictor.
    pub(super) eta: f64,
}

/// What is known at one event time.
#[derive(Debug, Clone)]
pub(super) struct EventTime {
    pub(super) time: f64,
    pub(super) deaths: u64,
    /// The sums of the columns and of the linear predictor over those who died.
    pub(super) columns: Vec<f64>,
    pub(super) eta: f64,
    pub(super) term: Term,
}

/// Which moments are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Second,
    Third,
}

/// The integers of moments: the weight, its products with columns, pairs and triples of them.
#[derive(Debug, Clone)]
pub(super) struct Integers(pub(super) Vec<i128>);

impl Order {
    /// How many integers moments of so many columns are.
    pub(super) fn length(self, columns: usize) -> usize {
        let third = match self {
            Self::Second => 0,
            Self::Third => pyramid(columns),
        };
        1 + columns + triangle(columns) + third
    }

    /// What one row adds to moments; none where a term is out of range.
    pub(super) fn of_row(self, weight: f64, z: &[f64]) -> Option<Vec<i128>> {
        let mut terms = Vec::with_capacity(self.length(z.len()));
        terms.push(weight);
        terms.extend(z.iter().map(|one| weight * one));
        for (at, one) in z.iter().enumerate() {
            terms.extend(z[..=at].iter().map(|two| weight * one * two));
        }
        if self == Self::Third {
            for (at, one) in z.iter().enumerate() {
                for (next, two) in z[..=at].iter().enumerate() {
                    terms.extend(z[..=next].iter().map(|three| weight * one * two * three));
                }
            }
        }
        terms.into_iter().map(weighted::quantised).collect()
    }
}

impl Integers {
    pub(super) fn zero(length: usize) -> Self {
        Self(vec![0; length])
    }

    /// Adds, or nothing where 128 bits are too few.
    pub(super) fn add(&mut self, other: &[i128]) -> Option<()> {
        for (own, other) in self.0.iter_mut().zip(other) {
            *own = own.checked_add(*other)?;
        }
        Some(())
    }

    pub(super) fn subtract(&mut self, other: &[i128]) -> Option<()> {
        for (own, other) in self.0.iter_mut().zip(other) {
            *own = own.checked_sub(*other)?;
        }
        Some(())
    }

    /// As moments of so many columns.
    pub(super) fn moments(&self, columns: usize) -> Moments {
        let numbers: Vec<f64> = self.0.iter().map(|sum| weighted::number(*sum).rounded()).collect();
        let pairs = 1 + columns;
        let triples = pairs + triangle(columns);
        let part = |from: usize, to: usize| numbers.get(from..to).unwrap_or_default().to_vec();
        Moments {
            weight: numbers.first().copied().unwrap_or_default(),
            first: part(1, pairs),
            second: part(pairs, triples),
            third: part(triples, numbers.len()),
        }
    }
}

/// What keeps weights of a stratum between `e^-20` and `e^20` where they are no further apart: the predictor that has
/// weight 1.
const WIDEST: f64 = 20.0;

/// The linear predictor that has weight 1 among these rows.
pub(super) fn level(rows: &[Row]) -> f64 {
    let least = rows.iter().map(|row| row.eta).fold(f64::INFINITY, f64::min);
    let most = rows.iter().map(|row| row.eta).fold(f64::NEG_INFINITY, f64::max);
    least.max(most - WIDEST)
}

/// The event times of a stratum, the first one first; none where a weight is out of range.
pub(super) fn event_times(rows: &[Row], ties: Ties, order: Order) -> Option<Vec<EventTime>> {
    let Some(columns) = rows.first().map(|row| row.z.len()) else { return Some(Vec::new()) };
    let level = level(rows);
    let products: Vec<Vec<i128>> =
        rows.iter().map(|row| order.of_row(libm::exp(row.eta - level), &row.z)).collect::<Option<_>>()?;
    let falling = |key: &dyn Fn(&Row) -> f64| {
        let mut places: Vec<usize> = (0..rows.len()).collect();
        places.sort_by(|one, two| key(&rows[*two]).total_cmp(&key(&rows[*one])));
        places
    };
    let leaving = falling(&|row| row.interval.stop);
    let entering = falling(&|row| row.interval.start);
    let (mut came, mut went) = (0, 0);
    let mut risk = Integers::zero(order.length(columns));
    let mut found = Vec::new();
    while came < leaving.len() {
        let time = rows[leaving[came]].interval.stop;
        let (mut deaths, mut eta) = (0, 0);
        let mut tied = Integers::zero(order.length(columns));
        let mut sums = vec![0_i128; columns];
        while let Some(at) = leaving.get(came).copied().filter(|at| rows[*at].interval.stop == time) {
            risk.add(&products[at])?;
            if rows[at].event {
                deaths += 1;
                eta += weighted::quantised(rows[at].eta - level)?;
                tied.add(&products[at])?;
                for (sum, z) in sums.iter_mut().zip(&rows[at].z) {
                    *sum += weighted::quantised(*z)?;
                }
            }
            came += 1;
        }
        while let Some(at) = entering.get(went).copied().filter(|at| rows[*at].interval.start >= time) {
            risk.subtract(&products[at])?;
            went += 1;
        }
        if deaths > 0 {
            let term = partial::term(ties, deaths, &risk.moments(columns), &tied.moments(columns))?;
            let number = |sum: i128| weighted::number(sum).rounded();
            let columns = sums.into_iter().map(number).collect();
            found.push(EventTime { time, deaths, columns, eta: number(eta), term });
        }
    }
    found.reverse();
    Some(found)
}
