//! What a cluster adds, and the next estimates.

use super::{Gee, MOMENTS, MOST, State, length_of_round};
use crate::cholesky::Cholesky;
use crate::figure::Figure;
use crate::gee::section::Correlation;
use crate::glm::{self, Family};
use crate::outcome::Outcome;
use crate::statistic::Next;
use crate::totals::Totals;
use crate::twofold::Twofold;
use crate::weighted;

/// A row over the standard deviation that its mean gives it.
pub(super) struct Row {
    /// The derivatives of its mean.
    columns: Vec<f64>,
    /// Pearson's residual.
    residual: f64,
}

/// What the clusters of a round add up to.
pub(super) struct Sums {
    pub(super) squares: f64,
    products: f64,
    pairs: f64,
    score: Vec<Twofold>,
    pub(super) bread: Vec<Vec<Twofold>>,
    pub(super) meat: Vec<Vec<Twofold>>,
}

/// The next step is nothing when it is below this share of every error, and `alpha` changes by no more.
const CONVERGED: f64 = 1e-11;
/// The mean variance of an outcome of 0 or 1 below which outcomes are certain.
const CERTAIN: f64 = 1e-5;
/// The farthest `alpha` is let go from 0.
const FURTHEST_ALPHA: f64 = 0.999_999;

impl Row {
    /// A row's terms at its linear predictor.
    pub(super) fn new(x: Vec<f64>, row: glm::Row) -> Self {
        let slope = row.expected.sqrt();
        // A row whose mean is all but certain tells nothing of the estimates; its residual is what Pearson's square says.
        let residual = if slope > 0.0 { row.score / slope } else { f64::NAN };
        Self { columns: x.into_iter().map(|x| slope * x).collect(), residual }
    }
}

/// The sums of a cluster: squared residuals, products of two, how many products, score, bread and meat. The inverse of
/// an exchangeable correlation of n rows is `(I - alpha / (1 + (n - 1) alpha) J) / (1 - alpha)`.
pub(super) fn of_cluster(rows: &mut [Row], alpha: f64) -> Vec<f64> {
    rows.sort_by(|one, two| {
        let columns = one.columns.iter().zip(&two.columns).map(|(one, two)| one.total_cmp(two));
        let columns = columns.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then);
        columns.then(one.residual.total_cmp(&two.residual))
    });
    let (n, width) = (rows.len() as f64, rows.first().map_or(0, |row| row.columns.len()));
    let (own, shared) = (1.0 / (1.0 - alpha), alpha / (1.0 + (n - 1.0) * alpha));
    // A matrix that is no correlation has no inverse to weigh with.
    let own = if 1.0 + (n - 1.0) * alpha > 0.0 { own } else { f64::NAN };
    let mut totals = vec![0.0; width];
    let (mut residuals, mut squares) = (0.0, 0.0);
    for row in rows.iter() {
        totals.iter_mut().zip(&row.columns).for_each(|(sum, column)| *sum += column);
        residuals += row.residual;
        squares += row.residual * row.residual;
    }
    let products: f64 = {
        let mut sum = 0.0;
        let mut earlier = 0.0;
        for row in rows.iter() {
            sum += row.residual * earlier;
            earlier += row.residual;
        }
        sum
    };
    let score: Vec<f64> = (0..width)
        .map(|at| {
            let plain = rows.iter().fold(0.0, |sum, row| sum + row.columns[at] * row.residual);
            own * (plain - shared * totals[at] * residuals)
        })
        .collect();
    let mut terms = vec![squares, products, n * (n - 1.0) / 2.0];
    terms.extend(&score);
    for one in 0..width {
        for two in 0..=one {
            let plain = rows.iter().fold(0.0, |sum, row| sum + row.columns[one] * row.columns[two]);
            terms.push(own * (plain - shared * totals[one] * totals[two]));
        }
    }
    for one in 0..width {
        terms.extend(score[..=one].iter().map(|two| score[one] * two));
    }
    terms
}

impl Gee {
    pub(super) fn advance_later(&self, mut state: State, totals: &Totals) -> Next<State> {
        let refused = |reason: &str| Next::Answer(Outcome::refused(reason));
        if totals.sum(self.first_sum()) != Figure::Known(0) {
            return refused(
                "the estimates leave the numbers that can be computed with, or the correlation is none: a term may separate the outcome",
            );
        }
        let Some(sums) = read(self.first_sum() + 1, &state, totals) else {
            return refused("the totals are not those of any rows");
        };
        state.round += 1;
        let columns = state.kept.len();
        // The diagonal is compared with itself: a share below this is rounding.
        let least: Vec<Twofold> =
            (0..columns).map(|at| sums.bread[at][at].max_zero() * Twofold::from(1e-13)).collect();
        let factors = Cholesky::new(&sums.bread, &least);
        if factors.kept.len() < columns {
            return refused(
                "the rows say nothing about a term at the estimates so far; its values may separate the outcome",
            );
        }
        // Columns have mean squares of about 1, so that this is the mean variance of an outcome.
        let certain = |at: usize| sums.bread[at][at].rounded() < CERTAIN * state.rows as f64;
        if matches!(self.asked.family, Family::Binomial(_)) && (0..columns).any(certain) {
            return refused(
                "the outcomes are all but certain at the estimates so far: a term separates them, so that its estimate grows without bound",
            );
        }
        let scale = sums.squares / state.rows as f64;
        if scale.is_nan() || scale <= 1e-20 {
            return refused("the model fits the outcome exactly, which leaves no errors to estimate");
        }
        let inverse = factors.inverse();
        let covariance = crate::sandwich::sandwich(&inverse, &sums.meat);
        let step: Vec<f64> = inverse
            .iter()
            .map(|row| {
                row.iter()
                    .zip(&sums.score)
                    .fold(Twofold::ZERO, |sum, (entry, score)| sum + *entry * *score)
                    .rounded()
            })
            .collect();
        let alpha = match self.asked.correlation {
            Correlation::Independence => 0.0,
            Correlation::Exchangeable if sums.pairs <= 0.0 => {
                return refused("every cluster has one row, so that there is no correlation to estimate");
            }
            Correlation::Exchangeable => sums.products / sums.pairs / scale,
        };
        if step.iter().any(|step| !step.is_finite()) || !alpha.is_finite() {
            return refused("the estimates left the numbers that can be computed with");
        }
        let small = |(at, step): (usize, &f64)| {
            let model = (inverse[at][at].rounded() * scale).sqrt();
            step.abs() <= CONVERGED * model
        };
        let settled = step.iter().enumerate().all(small) && (alpha - state.alpha).abs() <= CONVERGED;
        state.estimates.iter_mut().zip(&step).for_each(|(estimate, step)| *estimate += step);
        state.alpha = alpha.clamp(-FURTHEST_ALPHA, FURTHEST_ALPHA);
        if settled {
            return Next::Answer(self.report(totals, &state, scale, &covariance));
        }
        Next::Ask(state)
    }
}

fn read(begin: usize, state: &State, totals: &Totals) -> Option<Sums> {
    let columns = state.kept.len();
    let numbers: Option<Vec<Twofold>> = (begin..begin + length_of_round(columns))
        .map(|at| {
            let known = totals.sum(at).known().filter(|sum| sum.unsigned_abs() <= MOST.unsigned_abs());
            known.map(weighted::number)
        })
        .collect();
    let numbers = numbers?;
    let mut rest = numbers[MOMENTS + columns..].iter().copied();
    Some(Sums {
        squares: numbers[0].rounded(),
        products: numbers[1].rounded(),
        pairs: numbers[2].rounded(),
        score: numbers[MOMENTS..MOMENTS + columns].to_vec(),
        bread: weighted::symmetric(columns, &mut rest)?,
        meat: weighted::symmetric(columns, &mut rest)?,
    })
}
