//! Columns of a design in coordinates of about unit size.
//!
//! `z = (q - centre) / scale`, where `q` is the integer of a column. An iterative fit works in these coordinates,
//! where sums lose little; estimates and their covariance are transformed back exactly. Without an intercept columns
//! are scaled but not moved, which would change the model.

use serde::{Deserialize, Serialize};

use crate::design::{Column, Design};
use crate::quantity::Quantity;
use crate::twofold::Twofold;

/// Public centres and scales of some columns of a design.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Standard {
    /// Positions of the columns in the design.
    pub(crate) columns: Vec<usize>,
    centres: Vec<f64>,
    scales: Vec<f64>,
}

/// Estimates with their covariance.
#[derive(Debug, Clone)]
pub(crate) struct Estimates {
    pub(crate) values: Vec<Twofold>,
    pub(crate) covariance: Vec<Vec<Twofold>>,
}

impl Standard {
    /// From the middle of the public bounds, in units of half their width; all columns but the outcome.
    pub(crate) fn of_bounds(design: &Design) -> Self {
        let columns: Vec<usize> = (0..design.columns.len() - 1).collect();
        let middle = |column: &Column| match column.quantity {
            _ if !design.intercept => unmoved(&column.quantity),
            Quantity::Integer { lower, upper } => (upper as f64 - lower as f64) / 2.0,
            Quantity::Number { .. } => 0.0,
        };
        let width = |column: &Column| {
            let (bound, start) = (column.quantity.bound() as f64, column.quantity.origin() as f64);
            match column.quantity {
                _ if !design.intercept => (start.abs()).max((start + bound).abs()).max(1.0),
                Quantity::Integer { .. } => (bound / 2.0).max(1.0),
                Quantity::Number { .. } => bound,
            }
        };
        let chosen = &design.columns[..columns.len()];
        let (centres, scales) = (chosen.iter().map(middle).collect(), chosen.iter().map(width).collect());
        Self { columns, centres, scales }
    }

    /// Columns of a design with their centres and scales, in steps.
    pub(crate) fn new(columns: Vec<usize>, centres: Vec<f64>, scales: Vec<f64>) -> Self {
        Self { columns, centres, scales }
    }

    /// The coordinates of some of its columns in which they have these means and standard deviations now.
    pub(crate) fn narrowed(&self, used: &[usize], means: &[f64], deviations: &[f64]) -> Self {
        let pick = |numbers: &dyn Fn(usize) -> f64| used.iter().map(|at| numbers(*at)).collect::<Vec<f64>>();
        Self {
            columns: used.iter().map(|at| self.columns[*at]).collect(),
            centres: pick(&|at| self.centres[at] + self.scales[at] * means[at]),
            scales: pick(&|at| self.scales[at] * deviations[at]),
        }
    }

    /// Whether a state from outside is one for this design.
    pub(crate) fn is_sound(&self, design: &Design) -> bool {
        let count = self.columns.len();
        let rising = self.columns.windows(2).all(|pair| pair[0] < pair[1]);
        let usable = |scale: &f64| scale.is_finite() && *scale > 0.0;
        let last = self.columns.last().is_none_or(|last| *last < design.columns.len() - 1);
        rising
            && last
            && self.centres.len() == count
            && self.scales.len() == count
            && self.scales.iter().all(usable)
    }

    /// The row of a design in these coordinates: 1 for the intercept, then the columns.
    pub(crate) fn row(&self, integers: &[i64]) -> Vec<f64> {
        let places = self.columns.iter().zip(&self.centres).zip(&self.scales);
        let columns = places.map(|((column, centre), scale)| (integers[*column] as f64 - centre) / scale);
        std::iter::once(1.0).chain(columns).collect()
    }

    /// How far a row of a design lies from another in these coordinates, column by column.
    pub(crate) fn difference(&self, integers: &[i64], from: &[i64]) -> Vec<f64> {
        let places = self.columns.iter().zip(&self.scales);
        places.map(|(column, scale)| integers[*column].saturating_sub(from[*column]) as f64 / scale).collect()
    }

    /// How far a column's natural 0 is from its centre, in its scale: a column is `z + shift` in units of scale.
    pub(crate) fn shift(&self, at: usize, design: &Design) -> Twofold {
        let origin = Twofold::from(i128::from(design.columns[self.columns[at]].quantity.origin()));
        (origin + Twofold::from(self.centres[at])) / Twofold::from(self.scales[at])
    }

    /// One unit of these coordinates, in the column's own.
    pub(crate) fn unit(&self, at: usize, design: &Design) -> Twofold {
        design.columns[self.columns[at]].quantity.step() * Twofold::from(self.scales[at])
    }

    /// The logarithm of the product of the units of the columns at these places: what the information of estimates
    /// in the columns' own units has above that of these, halved.
    pub(crate) fn log_units(&self, places: &[usize], design: &Design) -> f64 {
        let columns = places.iter().filter_map(|place| place.checked_sub(1));
        columns.map(|at| libm::log(self.unit(at, design).rounded())).sum()
    }

    /// The same linear predictor in other coordinates. `estimates` begin with the intercept; the others are of the
    /// columns at `places` here, which stand at `targets` there.
    pub(crate) fn moved_to(
        &self,
        other: &Standard,
        places: &[usize],
        targets: &[usize],
        estimates: &[f64],
    ) -> Vec<f64> {
        let mut moved = vec![estimates[0]];
        for ((place, target), estimate) in places.iter().zip(targets).zip(&estimates[1..]) {
            moved[0] += estimate * ((other.centres[*target] - self.centres[*place]) / self.scales[*place]);
            moved.push(estimate * (other.scales[*target] / self.scales[*place]));
        }
        moved
    }

    /// Estimates in the columns' own units. `places` are those of the estimates among intercept (0) and columns
    /// (from 1).
    pub(crate) fn natural(&self, places: &[usize], estimates: &Estimates, design: &Design) -> Estimates {
        let one = Twofold::from(1.0);
        let row = |place: usize| -> Vec<Twofold> {
            let entry = |own: &usize| match (place, *own) {
                (0, 0) => one,
                (0, own) => -self.shift(own - 1, design),
                (_, own) if own == place => one / self.unit(own - 1, design),
                _ => Twofold::ZERO,
            };
            places.iter().map(entry).collect()
        };
        let rows: Vec<Vec<Twofold>> = places.iter().map(|place| row(*place)).collect();
        let dot = |one: &[Twofold], two: &[Twofold]| {
            one.iter().zip(two).fold(Twofold::ZERO, |sum, (one, two)| sum + *one * *two)
        };
        let covariance = |row: &Vec<Twofold>| -> Vec<Twofold> {
            let half: Vec<Twofold> = estimates.covariance.iter().map(|column| dot(row, column)).collect();
            rows.iter().map(|other| dot(&half, other)).collect()
        };
        Estimates {
            values: rows.iter().map(|row| dot(row, &estimates.values)).collect(),
            covariance: rows.iter().map(covariance).collect(),
        }
    }
}

/// The centre that leaves a column where it is.
fn unmoved(quantity: &Quantity) -> f64 {
    -(quantity.origin() as f64)
}
