//! Least squares from exact sums.
//!
//! With an intercept the cross-products are centred in integers, `n Σxy - Σx Σy`, so that centring loses
//! nothing; the rest runs in twice the precision and is rounded once.

use std::f64::consts::PI;

use crate::cholesky::Cholesky;
use crate::distribution::f_survival;
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
    pub(super) coefficients: Vec<Option<f64>>,
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

/// The columns of a model, and last its outcome, in coordinates that lose nothing.
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

/// The coefficients that are not aliased, in natural units.
struct Solution {
    /// Their columns.
    kept: Vec<usize>,
    estimates: Vec<Twofold>,
    /// Their covariance matrix, for errors of variance 1.
    inverse: Vec<Vec<Twofold>>,
    rss: Twofold,
}

impl Fit {
    pub(super) fn new(moments: &Moments, intercept: bool) -> Result<Self, NoFit> {
        let coordinates = if intercept { moments.centred()? } else { moments.uncentred() };
        let total = coordinates.total();
        if total <= Twofold::ZERO {
            return Err(NoFit::ConstantOutcome);
        }
        let mut solution = coordinates.solve();
        let rank = solution.kept.len();
        let constant = usize::from(intercept);
        let parameters = rank + constant;
        if parameters == 0 {
            return Err(NoFit::NoTerm);
        }
        let residual = moments.n.checked_sub(parameters as u64).filter(|df| *df > 0);
        let residual = residual.ok_or(NoFit::TooFewRows { n: moments.n, parameters })?;
        let rss = solution.rss;
        if rss <= total * Twofold::from(EXACT) {
            return Err(NoFit::ExactFit);
        }
        if intercept {
            solution.add_intercept(moments.n, &coordinates.means);
        }

        let (n, df) = (moments.n as f64, residual as f64);
        let variance = rss / Twofold::from(residual);
        let covariance = |row: &Vec<Twofold>| row.iter().map(|entry| (*entry * variance).rounded()).collect();
        let covariance: Vec<Vec<f64>> = solution.inverse.iter().map(covariance).collect();
        let columns = coordinates.units.len() - 1;
        let mut coefficients: Vec<Option<f64>> = vec![None; columns + constant];
        let places = (0..constant).chain(solution.kept.iter().map(|column| column + constant));
        for (at, place) in places.enumerate() {
            coefficients[place] = Some(solution.estimates[at].rounded());
        }
        let f = (rank > 0).then(|| {
            let explained = (total - rss) / Twofold::from(rank as u64);
            let f = (explained / variance).rounded();
            (f, f_survival(f, rank as f64, df))
        });
        let r_squared = (Twofold::from(1.0) - rss / total).rounded();
        let loglik = -n / 2.0 * (libm::log(2.0 * PI) + libm::log(rss.rounded() / n) + 1.0);
        let estimated = parameters as f64 + 1.0;
        Ok(Self {
            n: moments.n,
            coefficients,
            covariance,
            sigma: variance.rounded().sqrt(),
            df: [rank as u64, residual],
            rss: rss.rounded(),
            r_squared,
            adjusted_r_squared: 1.0 - (1.0 - r_squared) * ((n - constant as f64) / df),
            f,
            loglik,
            aic: 2.0 * estimated - 2.0 * loglik,
            bic: libm::log(n) * estimated - 2.0 * loglik,
        })
    }
}

/// What a model with these columns leaves of the outcome's squares, and its rank.
pub(super) fn residual(moments: &Moments, intercept: bool) -> Result<(Twofold, u64), NoFit> {
    let coordinates = if intercept { moments.centred()? } else { moments.uncentred() };
    let solution = coordinates.solve();
    Ok((solution.rss, (solution.kept.len() + usize::from(intercept)) as u64))
}

impl Coordinates {
    /// The outcome's position.
    fn outcome(&self) -> usize {
        self.units.len() - 1
    }

    /// The outcome's sum of squares: about its mean, where there is an intercept.
    fn total(&self) -> Twofold {
        let outcome = self.outcome();
        self.gram[outcome][outcome] * self.units[outcome] * self.units[outcome]
    }

    fn solve(&self) -> Solution {
        let (outcome, units) = (self.outcome(), &self.units);
        let least = |at: usize| Twofold::from(COLLINEAR) * self.squares[at] / (units[at] * units[at]);
        let least: Vec<Twofold> = (0..outcome).map(least).collect();
        let factors = Cholesky::new(&self.gram[..outcome], &least);
        let (orthogonal, rest) = factors.project(&self.gram[outcome], self.gram[outcome][outcome]);
        let slopes = factors.coefficients(&orthogonal).into_iter().zip(&factors.kept);
        let estimates = slopes.map(|(slope, column)| slope * units[outcome] / units[*column]).collect();
        let inverse = factors.inverse().into_iter().zip(&factors.kept).map(|(row, one)| {
            let row = row.into_iter().zip(&factors.kept);
            row.map(|(entry, two)| entry / (units[*one] * units[*two])).collect()
        });
        let inverse = inverse.collect();
        Solution { estimates, inverse, rss: rest * units[outcome] * units[outcome], kept: factors.kept }
    }
}

impl Solution {
    /// Puts the intercept first: what the means leave of the outcome's mean.
    fn add_intercept(&mut self, n: u64, means: &[Twofold]) {
        let along = |row: &[Twofold]| {
            let terms = row.iter().zip(&self.kept).map(|(entry, column)| *entry * means[*column]);
            terms.fold(Twofold::ZERO, |sum, term| sum + term)
        };
        let explained = along(&self.estimates);
        let border: Vec<Twofold> = self.inverse.iter().map(|row| -along(row)).collect();
        let corner = Twofold::from(1.0) / Twofold::from(n) - along(&border);
        if let Some(mean) = means.last() {
            self.estimates.insert(0, *mean - explained);
        }
        for (row, entry) in self.inverse.iter_mut().zip(&border) {
            row.insert(0, *entry);
        }
        self.inverse.insert(0, std::iter::once(corner).chain(border).collect());
    }
}

impl Moments {
    /// Those of some of its columns: `of` are among the design's `columns` that these are of.
    pub(super) fn of(&self, columns: &[usize], of: &[usize]) -> Self {
        let mut places: Vec<usize> = (0..columns.len()).filter(|at| of.contains(&columns[*at])).collect();
        places.push(columns.len());
        let pick = |one: &usize| places.iter().map(|two| self.products[*one][*two]).collect();
        Self {
            n: self.n,
            quantities: places.iter().map(|at| self.quantities[*at]).collect(),
            sums: places.iter().map(|at| self.sums[*at]).collect(),
            products: places.iter().map(pick).collect(),
        }
    }

    /// The mean of a column in steps and its standard deviation; without an intercept, its natural 0 and its size.
    pub(super) fn spread(&self, at: usize, intercept: bool) -> (f64, f64) {
        let n = Twofold::from(self.n);
        let mean = match intercept {
            true => Twofold::from(self.sums[at]) / n,
            false => -Twofold::from(i128::from(self.quantities[at].origin())),
        };
        let twice = (mean + mean) * Twofold::from(self.sums[at]) / n;
        let square = Twofold::from(self.products[at][at]) / n - twice + mean * mean;
        (mean.rounded(), square.rounded().max(0.0).sqrt())
    }

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
