//! Least squares from exact sums.
//!
//! With an intercept the cross-products are centred in integers, `n Σxy - Σx Σy`, so that centring loses
//! nothing; the rest runs in twice the precision and is rounded once.

use std::f64::consts::PI;

use crate::cholesky::Cholesky;
use crate::distribution::{f_survival, t_critical, t_two_sided};
use crate::quantity::Quantity;
use crate::twofold::Twofold;

/// The sums over the rows used, of the columns of a model and, last, of its outcome.
pub(super) struct Moments {
    pub(super) n: u64,
    pub(super) quantities: Vec<Quantity>,
    pub(super) sums: Vec<i128>,
    pub(super) products: Vec<Vec<i128>>,
}

/// A fitted model.
pub(super) struct Fit {
    pub(super) n: u64,
    /// Each coefficient, the intercept first; none where it is aliased.
    pub(super) coefficients: Vec<Option<Coefficient>>,
    /// The covariance matrix of the coefficients that are not aliased.
    pub(super) covariance: Vec<Vec<f64>>,
    pub(super) sigma: f64,
    /// Regression and residual degrees of freedom.
    pub(super) df: [u64; 2],
    pub(super) rss: f64,
    pub(super) r_squared: f64,
    pub(super) adjusted_r_squared: f64,
    /// F and its p-value, where there is more than an intercept.
    pub(super) f: Option<(f64, f64)>,
    pub(super) loglik: f64,
    pub(super) aic: f64,
    pub(super) bic: f64,
}

/// A coefficient with its standard error, test and 95 % interval.
pub(super) struct Coefficient {
    pub(super) estimate: f64,
    pub(super) se: f64,
    pub(super) statistic: f64,
    pub(super) p: f64,
    pub(super) lower: f64,
    pub(super) upper: f64,
}

/// Why there is no fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoFit {
    #[error("{n} rows leave no degrees of freedom for the errors of {parameters} parameters")]
    TooFewRows { n: u64, parameters: usize },
    #[error("the outcome has the same value in every row")]
    ConstantOutcome,
    #[error("the model fits the outcome exactly, which leaves no errors to estimate")]
    ExactFit,
    #[error("the model has no term")]
    NoTerm,
    #[error("the sums are too large to be centred exactly; the model has too many rows")]
    TooLarge,
}

/// R's `lm` sets a column aside when the earlier ones leave less than 1e-7 of its length.
const COLLINEAR: f64 = 1e-14;

/// A fit whose squared errors are below this share of the outcome's is exact.
const EXACT: f64 = 1e-20;

/// The columns of a model in coordinates that lose nothing, and back.
struct Coordinates {
    /// Cross-products in these coordinates.
    gram: Vec<Vec<Twofold>>,
    /// The natural size of a unit of each coordinate.
    units: Vec<Twofold>,
    /// The mean of each column, in natural units.
    means: Vec<Twofold>,
    /// The sum of squares of each column, in natural units.
    squares: Vec<Twofold>,
}

impl Fit {
    pub(super) fn new(moments: &Moments, intercept: bool) -> Result<Self, NoFit> {
        let n = Twofold::from(moments.n);
        let Coordinates { gram, units, means, squares } =
            if intercept { moments.centred()? } else { moments.uncentred() };
        let outcome = gram.len() - 1;
        let (unit, natural) = (units[outcome], |at: usize| units[at] * units[at]);
        let total = gram[outcome][outcome] * natural(outcome);
        if total <= Twofold::ZERO {
            return Err(NoFit::ConstantOutcome);
        }
        let least: Vec<Twofold> =
            (0..outcome).map(|at| Twofold::from(COLLINEAR) * squares[at] / natural(at).or_one()).collect();
        let factors = Cholesky::new(&gram[..outcome], &least);
        let parameters = factors.kept.len() + usize::from(intercept);
        if parameters == 0 {
            return Err(NoFit::NoTerm);
        }
        let residual = moments.n.checked_sub(parameters as u64).filter(|df| *df > 0);
        let residual = residual.ok_or(NoFit::TooFewRows { n: moments.n, parameters })?;
        let (orthogonal, rest) = factors.project(&gram[outcome], gram[outcome][outcome]);
        let rss = rest * natural(outcome);
        if rss <= total * Twofold::from(EXACT) {
            return Err(NoFit::ExactFit);
        }

        let scale = |at: usize| unit / units[factors.kept[at]];
        let slopes = factors.coefficients(&orthogonal).into_iter().enumerate();
        let slopes: Vec<Twofold> = slopes.map(|(at, slope)| slope * scale(at)).collect();
        let variance = rss / Twofold::from(residual);
        let inverse = factors.inverse();
        let covariance = |one: usize, two: usize| {
            variance * inverse[one][two] / (units[factors.kept[one]] * units[factors.kept[two]])
        };
        let rank = factors.kept.len();
        let mut estimates = slopes.clone();
        let mut matrix: Vec<Vec<Twofold>> =
            (0..rank).map(|one| (0..rank).map(|two| covariance(one, two)).collect()).collect();
        if intercept {
            let mean = |at: usize| means[factors.kept[at]];
            let shift = (0..rank).fold(Twofold::ZERO, |sum, at| sum + slopes[at] * mean(at));
            estimates.insert(0, means[outcome] - shift);
            let border: Vec<Twofold> = matrix
                .iter()
                .map(|row| -(0..rank).fold(Twofold::ZERO, |sum, at| sum + row[at] * mean(at)))
                .collect();
            let corner = (0..rank).fold(variance / n, |sum, at| sum - border[at] * mean(at));
            for (row, entry) in matrix.iter_mut().zip(&border) {
                row.insert(0, *entry);
            }
            matrix.insert(0, std::iter::once(corner).chain(border).collect());
        }
        let covariance: Vec<Vec<f64>> =
            matrix.into_iter().map(|row| row.into_iter().map(Twofold::rounded).collect()).collect();

        let df = residual as f64;
        let reach = t_critical(0.95, df);
        let mut coefficients: Vec<Option<Coefficient>> =
            (0..outcome + usize::from(intercept)).map(|_| None).collect();
        let places =
            (0..usize::from(intercept)).chain(factors.kept.iter().map(|at| at + usize::from(intercept)));
        for (at, (place, estimate)) in places.zip(&estimates).enumerate() {
            let (estimate, se) = (estimate.rounded(), covariance[at][at].sqrt());
            let statistic = estimate / se;
            let p = t_two_sided(statistic, df);
            let (lower, upper) = (estimate - reach * se, estimate + reach * se);
            coefficients[place] = Some(Coefficient { estimate, se, statistic, p, lower, upper });
        }

        let r_squared = (Twofold::from(1.0) - rss / total).rounded();
        let (count, error) = (moments.n as f64, rss.rounded());
        let freedom = count - if intercept { 1.0 } else { 0.0 };
        let f = (rank > 0).then(|| {
            let explained = (total - rss) / Twofold::from(rank as u64);
            let f = (explained / variance).rounded();
            (f, f_survival(f, rank as f64, df))
        });
        let loglik = -count / 2.0 * (libm::log(2.0 * PI) + libm::log(error / count) + 1.0);
        let estimated = parameters as f64 + 1.0;
        Ok(Self {
            n: moments.n,
            coefficients,
            covariance,
            sigma: variance.rounded().sqrt(),
            df: [rank as u64, residual],
            rss: error,
            r_squared,
            adjusted_r_squared: 1.0 - (1.0 - r_squared) * (freedom / df),
            f,
            loglik,
            aic: 2.0 * estimated - 2.0 * loglik,
            bic: libm::log(count) * estimated - 2.0 * loglik,
        })
    }
}

impl Moments {
    fn origin(&self, at: usize) -> Twofold {
        self.step(at) * Twofold::from(i128::from(self.quantities[at].origin()))
    }

    fn step(&self, at: usize) -> Twofold {
        self.quantities[at].step()
    }

    /// `Σ (origin + step q) (origin' + step' q')`
    fn natural(&self, one: usize, two: usize) -> Twofold {
        let n = Twofold::from(self.n);
        let (first, second) = (self.origin(one), self.origin(two));
        let (by, with) = (self.step(one), self.step(two));
        n * first * second
            + first * with * Twofold::from(self.sums[two])
            + second * by * Twofold::from(self.sums[one])
            + by * with * Twofold::from(self.products[one][two])
    }

    fn means(&self) -> Vec<Twofold> {
        let n = Twofold::from(self.n);
        let mean = |at: usize| self.origin(at) + self.step(at) * Twofold::from(self.sums[at]) / n;
        (0..self.sums.len()).map(mean).collect()
    }

    /// Coordinates about the mean, in steps.
    fn centred(&self) -> Result<Coordinates, NoFit> {
        let n = i128::from(self.n);
        let columns = 0..self.sums.len();
        let centred = |one: usize, two: usize| {
            let product = n.checked_mul(self.products[one][two])?;
            product.checked_sub(self.sums[one].checked_mul(self.sums[two])?)
        };
        let entry = |one, two| {
            let centred = centred(one, two).ok_or(NoFit::TooLarge)?;
            Ok(Twofold::from(centred) / Twofold::from(self.n))
        };
        let row = |one: usize| columns.clone().map(|two| entry(one, two)).collect::<Result<Vec<_>, _>>();
        Ok(Coordinates {
            gram: columns.clone().map(row).collect::<Result<_, _>>()?,
            units: columns.clone().map(|at| self.step(at)).collect(),
            means: self.means(),
            squares: columns.clone().map(|at| self.natural(at, at)).collect(),
        })
    }

    /// Coordinates about 0, in natural units.
    fn uncentred(&self) -> Coordinates {
        let columns = 0..self.sums.len();
        let row = |one: usize| columns.clone().map(|two| self.natural(one, two)).collect::<Vec<_>>();
        Coordinates {
            gram: columns.clone().map(row).collect(),
            units: vec![Twofold::from(1.0); self.sums.len()],
            means: self.means(),
            squares: columns.clone().map(|at| self.natural(at, at)).collect(),
        }
    }
}
