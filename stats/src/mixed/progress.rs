//! Newton's method on the profile likelihood.
//!
//! A round tells the likelihood and its derivatives where it was asked for. Where it is worse than before, the next round
//! asks halfway back. A coordinate at its bound stays there while the likelihood falls away from it. A fit whose next step
//! changes no coordinate by more than [`CONVERGED`] takes it with the second-order expansion of the sums, which is then
//! exact to the last digits, and is done.

use super::coordinates::Derivatives;
use super::expansion::length;
use super::likelihood::Sums;
use super::patient::{Shape, triangle};
use super::state::{Best, State};
use super::{MOST, Mixed};
use crate::figure::Figure;
use crate::outcome::Outcome;
use crate::statistic::Next;
use crate::totals::Totals;
use crate::weighted;

/// The largest change of a coordinate in the last step.
const CONVERGED: f64 = 3e-6;
/// The largest change in any step.
const FURTHEST_STEP: f64 = 1.5;
/// What rounding may make the likelihood worse by.
const SLACK: f64 = 1e-9;

impl Mixed {
    pub(super) fn advance_later(&self, mut state: State, totals: &Totals) -> Next<State> {
        let refused = |reason: String| Next::Answer(Outcome::refused(reason));
        if totals.sum(1) != Figure::Known(0) {
            // A step too far; the first place has none before it.
            let Some(best) = &state.best else { return refused(self.out_of_range()) };
            state.round += 1;
            state.at = halfway(&state.at, &best.at);
            return Next::Ask(state);
        }
        let Some(sums) = self.sums(&state, totals) else {
            return refused("the totals are not those of any rows".to_owned());
        };
        let shape = self.asked.shape();
        state.round += 1;
        let Some(solved) = sums.solve() else {
            let Some(best) = &state.best else {
                return refused(
                    "the model fits the outcome exactly, which leaves no errors to estimate".to_owned(),
                );
            };
            state.at = halfway(&state.at, &best.at);
            return Next::Ask(state);
        };
        let point = state.coordinates.at(shape, &state.at);
        let (value, by) = sums.profile(&solved, self.asked.method, state.rows);
        if !value.is_finite() {
            return refused("the likelihood left the numbers that can be computed with".to_owned());
        }
        if let Some(best) = &state.best
            && value > best.value + SLACK * (1.0 + best.value.abs())
        {
            state.at = halfway(&state.at, &best.at);
            return Next::Ask(state);
        }
        let turned = state.coordinates.turn(shape, &state.at, &point, &by);
        let bounded = |at: usize| state.coordinates.is_bounded(shape, at);
        let Some((step, whole)) = step(&state.at, &turned, &bounded) else {
            return refused("the likelihood left the numbers that can be computed with".to_owned());
        };
        let largest = step.iter().fold(0.0, |largest, step: &f64| f64::max(largest, step.abs()));
        let next: Vec<f64> = state.at.iter().zip(&step).map(|(at, step)| at + step).collect();
        if whole && largest < CONVERGED {
            let moved = state.coordinates.at(shape, &next);
            let site_step = point.site.map_or(1.0, |site| state.coordinates.site_step(site));
            let last = sums.moved(&moved.from(&point, site_step));
            state.at = next;
            return Next::Answer(self.report(totals, &state, &moved, &last));
        }
        state.best = Some(Best { at: state.at.clone(), value });
        state.at = next.into_iter().map(State::bounded).collect();
        Next::Ask(state)
    }

    /// The sums of a round; none where they are no numbers.
    fn sums(&self, state: &State, totals: &Totals) -> Option<Sums> {
        let (width, parameters) = (state.kept.len() + 1, state.coordinates.parameters());
        let mut position = 2;
        let mut next = || {
            let known = totals.sum(position).known().filter(|sum| sum.unsigned_abs() <= MOST.unsigned_abs());
            position += 1;
            known.map(weighted::number)
        };
        let products = triangle(width);
        let mut values = Vec::with_capacity(products);
        let mut first = vec![Vec::with_capacity(products); parameters];
        let mut second = vec![Vec::with_capacity(products); triangle(parameters)];
        for _ in 0..products {
            values.push(next()?);
            for entries in first.iter_mut().chain(&mut second) {
                entries.push(next()?.rounded());
            }
        }
        let mut log = Vec::with_capacity(length(parameters));
        for _ in 0..length(parameters) {
            log.push(next()?.rounded());
        }
        let log = (log[0], log[1..=parameters].to_vec(), log[1 + parameters..].to_vec());
        Some(Sums { width, parameters, values, first, second, log })
    }
}

fn halfway(one: &[f64], two: &[f64]) -> Vec<f64> {
    one.iter().zip(two).map(|(one, two)| (one + two) / 2.0).collect()
}

/// Newton's step, and whether nothing was done to it; none where it is no number.
fn step(at: &[f64], by: &Derivatives, bounded: &dyn Fn(usize) -> bool) -> Option<(Vec<f64>, bool)> {
    let count = at.len();
    let free: Vec<usize> = (0..count)
        .filter(|place| !(bounded(*place) && at[*place] <= 0.0 && by.gradient[*place] >= 0.0))
        .collect();
    let mut step = vec![0.0; count];
    let size = |place: usize| by.hessian[place][place].abs().max(1e-8);
    let mut shift = 0.0;
    let mut found = None;
    for _ in 0..40 {
        let entry =
            |one: usize, two: usize| by.hessian[one][two] + if one == two { shift * size(one) } else { 0.0 };
        let matrix: Vec<Vec<f64>> =
            free.iter().map(|one| free.iter().map(|two| entry(*one, *two)).collect()).collect();
        let right: Vec<f64> = free.iter().map(|place| -by.gradient[*place]).collect();
        if let Some(solved) = solved(matrix, right) {
            found = Some(solved);
            break;
        }
        shift = if shift == 0.0 { 1e-3 } else { shift * 4.0 };
    }
    let found = found?;
    let largest = found.iter().fold(0.0, |largest, step: &f64| f64::max(largest, step.abs()));
    if !largest.is_finite() {
        return None;
    }
    let short = if largest > FURTHEST_STEP { FURTHEST_STEP / largest } else { 1.0 };
    let mut whole = shift == 0.0 && short == 1.0;
    for (place, change) in free.iter().zip(&found) {
        step[*place] = change * short;
        if bounded(*place) && at[*place] + step[*place] < 0.0 {
            step[*place] = -at[*place];
            whole = false;
        }
    }
    Some((step, whole))
}

/// Solves a positive definite system by Cholesky's factors; none where it is not positive definite.
fn solved(matrix: Vec<Vec<f64>>, mut right: Vec<f64>) -> Option<Vec<f64>> {
    let size = right.len();
    let mut lower = matrix;
    for row in 0..size {
        let scale = lower[row][row].abs();
        for column in 0..=row {
            let earlier = (0..column).fold(0.0, |sum, at| sum + lower[row][at] * lower[column][at]);
            let rest = lower[row][column] - earlier;
            if row == column {
                if rest.is_nan() || rest <= 1e-10 * scale {
                    return None;
                }
                lower[row][row] = rest.sqrt();
            } else {
                lower[row][column] = rest / lower[column][column];
            }
        }
        let earlier = (0..row).fold(0.0, |sum, at| sum + lower[row][at] * right[at]);
        right[row] = (right[row] - earlier) / lower[row][row];
    }
    for row in (0..size).rev() {
        let later = (row + 1..size).fold(0.0, |sum, at| sum + lower[at][row] * right[at]);
        right[row] = (right[row] - later) / lower[row][row];
    }
    Some(right)
}

/// Whether a shape's last coordinates are 0 at a singular fit.
pub(super) fn is_singular(shape: Shape, state: &State) -> bool {
    let count = state.at.len();
    let at_bound = (0..count).any(|at| state.coordinates.is_bounded(shape, at) && state.at[at] <= 0.0);
    let flat = shape == Shape::Slope && [0, 2].iter().any(|at| state.at[*at].abs() < 1e-5);
    at_bound || flat
}
