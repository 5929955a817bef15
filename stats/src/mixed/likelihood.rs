//! The profile likelihood of the variance ratios, from sums of patients.
//!
//! Estimates and residual variance are solved for, so that `-2 ℓ = M ln RSS + ln |V| (+ ln |X'V⁻¹X| with REML)`, up to a
//! constant, with `M` the rows, less the estimates with REML (Harville, JASA 72, 1977).

use super::coordinates::{Derivatives, square};
use super::expansion::pair;
use super::patient::triangle;
use crate::cholesky::Cholesky;
use crate::twofold::Twofold;

/// What is maximised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    /// The likelihood of the residuals.
    Reml,
    /// The likelihood.
    Ml,
}

/// The sums of a round: of the estimates' columns, then of the outcome.
#[derive(Debug, Clone)]
pub(super) struct Sums {
    pub(super) width: usize,
    pub(super) parameters: usize,
    /// Lower triangles: the sums, then by each parameter, then by each two.
    pub(super) values: Vec<Twofold>,
    pub(super) first: Vec<Vec<f64>>,
    pub(super) second: Vec<Vec<f64>>,
    /// `ln |V|`, its derivatives, and its second derivatives.
    pub(super) log: (f64, Vec<f64>, Vec<f64>),
}

/// The estimates at some variance ratios.
#[derive(Debug, Clone)]
pub(super) struct Solved {
    pub(super) estimates: Vec<Twofold>,
    pub(super) inverse: Vec<Vec<Twofold>>,
    pub(super) residual: f64,
    pub(super) log_determinant: f64,
}

/// A share of the outcome's squares below which nothing is left of it.
const EXACT: f64 = 1e-18;

impl Sums {
    /// Solves for the estimates; none where the columns are dependent or the fit is exact.
    pub(super) fn solve(&self) -> Option<Solved> {
        let columns = self.width - 1;
        let at = |one: usize, two: usize| self.values[pair(one, two)];
        let gram: Vec<Vec<Twofold>> =
            (0..columns).map(|one| (0..columns).map(|two| at(one, two)).collect()).collect();
        let factors = Cholesky::new(&gram, &vec![Twofold::ZERO; columns]);
        if factors.kept.len() < columns {
            return None;
        }
        let outcome: Vec<Twofold> = (0..self.width).map(|one| at(columns, one)).collect();
        let (orthogonal, rest) = factors.project(&outcome, outcome[columns]);
        let residual = rest.rounded();
        let inverse = factors.inverse();
        let solved = Solved {
            estimates: factors.coefficients(&orthogonal),
            inverse,
            residual,
            log_determinant: factors.log_determinant(),
        };
        (residual > EXACT * outcome[columns].rounded()).then_some(solved)
    }

    /// `-2 ℓ` up to a constant, with its derivatives by the parameters.
    pub(super) fn profile(&self, solved: &Solved, method: Method, rows: u64) -> (f64, Derivatives) {
        let columns = self.width - 1;
        let weight = solved.degrees(method, rows);
        let restricted = method == Method::Reml;
        let mut vector: Vec<f64> = solved.estimates.iter().map(|estimate| -estimate.rounded()).collect();
        vector.push(1.0);
        let inverse: Vec<Vec<f64>> =
            solved.inverse.iter().map(|row| row.iter().map(|entry| entry.rounded()).collect()).collect();
        let times = |matrix: &[f64]| -> Vec<f64> {
            (0..self.width)
                .map(|one| (0..self.width).fold(0.0, |sum, two| sum + matrix[pair(one, two)] * vector[two]))
                .collect()
        };
        let dot = |one: &[f64], two: &[f64]| one.iter().zip(two).fold(0.0, |sum, (one, two)| sum + one * two);
        let trace = |matrix: &[f64]| {
            let mut sum = 0.0;
            for one in 0..columns {
                for two in 0..columns {
                    sum += inverse[one][two] * matrix[pair(one, two)];
                }
            }
            sum
        };
        // By each parameter: the residuals' part of every sum, A⁻¹ times it, and A⁻¹ A'.
        let moved: Vec<Vec<f64>> = self.first.iter().map(|matrix| times(matrix)).collect();
        let turned: Vec<Vec<f64>> = moved
            .iter()
            .map(|moved| inverse.iter().map(|row| dot(row, &moved[..columns])).collect())
            .collect();
        let ratio = |matrix: &Vec<f64>| -> Vec<Vec<f64>> {
            let entry = |row: &Vec<f64>, two: usize| {
                (0..columns).fold(0.0, |sum, one| sum + row[one] * matrix[pair(one, two)])
            };
            inverse.iter().map(|row| (0..columns).map(|two| entry(row, two)).collect()).collect()
        };
        let ratios: Vec<Vec<Vec<f64>>> = match restricted {
            true => self.first.iter().map(ratio).collect(),
            false => Vec::new(),
        };
        let slopes: Vec<f64> = moved.iter().map(|moved| dot(moved, &vector)).collect();
        let residual = solved.residual;
        let gradient = |at: usize| {
            let determinant = if restricted { trace(&self.first[at]) } else { 0.0 };
            self.log.1[at] + weight * slopes[at] / residual + determinant
        };
        let second = |one: usize, two: usize| {
            let matrix = &self.second[pair(one, two)];
            let curvature = dot(&times(matrix), &vector) - 2.0 * dot(&moved[one][..columns], &turned[two]);
            let mut determinant = 0.0;
            if restricted {
                determinant = trace(matrix);
                for (at, row) in ratios[one].iter().enumerate() {
                    for (next, entry) in row.iter().enumerate() {
                        determinant -= entry * ratios[two][next][at];
                    }
                }
            }
            let ratio = slopes[one] / residual * (slopes[two] / residual);
            self.log.2[pair(one, two)] + weight * (curvature / residual - ratio) + determinant
        };
        let mut lower = vec![0.0; triangle(self.parameters)];
        for one in 0..self.parameters {
            for two in 0..=one {
                lower[pair(one, two)] = second(one, two);
            }
        }
        let derivatives = Derivatives {
            gradient: (0..self.parameters).map(gradient).collect(),
            hessian: square(self.parameters, |at| lower[at]),
        };
        let determinant = if restricted { solved.log_determinant } else { 0.0 };
        (self.log.0 + weight * libm::log(residual) + determinant, derivatives)
    }

    /// The sums a small step away, to the second order.
    pub(super) fn moved(&self, by: &[f64]) -> Sums {
        let mut moved = self.clone();
        let expanded = |first: &dyn Fn(usize) -> f64, second: &dyn Fn(usize) -> f64| {
            let mut change = 0.0;
            for (one, step) in by.iter().enumerate() {
                change += step * first(one);
                for (two, other) in by.iter().enumerate() {
                    change += 0.5 * step * other * second(pair(one, two));
                }
            }
            change
        };
        for (at, value) in moved.values.iter_mut().enumerate() {
            let change = expanded(&|one| self.first[one][at], &|pair| self.second[pair][at]);
            *value = *value + Twofold::from(change);
        }
        moved.log.0 += expanded(&|one| self.log.1[one], &|pair| self.log.2[pair]);
        moved
    }
}

impl Solved {
    /// What the residual sum of squares is divided by.
    pub(super) fn degrees(&self, method: Method, rows: u64) -> f64 {
        match method {
            Method::Reml => rows as f64 - self.estimates.len() as f64,
            Method::Ml => rows as f64,
        }
    }
}
