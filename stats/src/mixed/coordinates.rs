//! Variance ratios in coordinates that Newton's method is at home in.
//!
//! A random intercept is `ln(1 + g λ)`, in which the likelihood of a balanced design is that of two mean squares, and
//! which is 0 where the variance is. Intercept and slope are the Cholesky factor, as in R's `lme4`: at a singular fit
//! its last entry is 0 and the likelihood is flat there. Visits are a Cholesky factor with logarithms on its diagonal and
//! 1 in its first place, for the residual variance takes the scale (Pinheiro and Bates, Statistics and Computing 6,
//! 1996).

use serde::{Deserialize, Serialize};

use super::expansion::pair;
use super::patient::{Ratios, Shape, triangle};

/// The coordinates of an analysis: a public function of its state.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Coordinates {
    /// For each random term of a patient the typical square of its numbers; for visits only how many there are.
    pub(super) sizes: Vec<f64>,
    /// The typical number of rows of a site, where sites have an intercept.
    pub(super) site: Option<f64>,
}

/// Variance ratios.
#[derive(Debug, Clone)]
pub(super) struct Point {
    pub(super) patient: Ratios,
    pub(super) site: Option<f64>,
}

/// First and second derivatives of the coordinates' functions, or by them.
pub(super) struct Derivatives {
    pub(super) gradient: Vec<f64>,
    pub(super) hessian: Vec<Vec<f64>>,
}

impl Coordinates {
    /// How many entries the ratios have: those of a patient's matrix, then the site's.
    pub(super) fn parameters(&self) -> usize {
        triangle(self.sizes.len()) + usize::from(self.site.is_some())
    }

    /// The entries of the factor that are coordinates.
    fn entries(&self, shape: Shape) -> Vec<(usize, usize)> {
        let entries = (0..self.sizes.len()).flat_map(|row| (0..=row).map(move |column| (row, column)));
        entries.skip(usize::from(shape == Shape::Visits)).collect()
    }

    /// How many coordinates.
    pub(super) fn count(&self, shape: Shape) -> usize {
        self.entries(shape).len() + usize::from(self.site.is_some())
    }

    /// Whether a coordinate is not below 0.
    pub(super) fn is_bounded(&self, shape: Shape, at: usize) -> bool {
        shape == Shape::Intercept || (self.site.is_some() && at + 1 == self.count(shape))
    }

    /// The Cholesky factor at a point; a random intercept has none.
    fn factor(&self, shape: Shape, x: &[f64]) -> Vec<Vec<f64>> {
        let mut factor = vec![vec![0.0; self.sizes.len()]; self.sizes.len()];
        if shape == Shape::Visits && !factor.is_empty() {
            factor[0][0] = 1.0;
        }
        for ((row, column), value) in self.entries(shape).into_iter().zip(x) {
            let logarithm = shape == Shape::Visits && row == column;
            factor[row][column] = if logarithm { libm::exp(*value) } else { *value };
        }
        factor
    }

    /// What the entries of the factor are counted in.
    fn unit(&self, shape: Shape, row: usize) -> f64 {
        match shape {
            Shape::Slope => 1.0 / self.sizes[row].sqrt(),
            _ => 1.0,
        }
    }

    /// The ratios at a point.
    pub(super) fn at(&self, shape: Shape, x: &[f64]) -> Point {
        let size = self.sizes.len();
        let of = |phi: f64, size: f64| libm::expm1(phi) / size;
        let matrix: Vec<Vec<f64>> = if shape == Shape::Intercept {
            vec![vec![of(x[0], self.sizes[0])]]
        } else {
            let factor = self.factor(shape, x);
            let entry = |one: usize, two: usize| {
                let sum = factor[one].iter().zip(&factor[two]).fold(0.0, |sum, (one, two)| sum + one * two);
                sum * self.unit(shape, one) * self.unit(shape, two)
            };
            (0..size).map(|one| (0..size).map(|two| entry(one, two)).collect()).collect()
        };
        let step = |at: usize| match shape {
            Shape::Visits => matrix[at][at].sqrt(),
            _ => (matrix[at][at] + 1.0 / self.sizes[at]).sqrt(),
        };
        let steps = (0..size).map(step).collect();
        let site = self.site.map(|size| of(x[x.len() - 1], size));
        Point { patient: Ratios { shape, matrix, steps }, site }
    }

    /// What a step of the site's ratio is in derivatives.
    pub(super) fn site_step(&self, site: f64) -> f64 {
        site + 1.0 / self.site.unwrap_or(1.0)
    }

    /// The derivatives by the coordinates, from those by the entries of the ratios in the steps of the point.
    pub(super) fn turn(&self, shape: Shape, x: &[f64], point: &Point, by: &Derivatives) -> Derivatives {
        let (count, parameters) = (self.count(shape), self.parameters());
        let mut jacobian = vec![vec![0.0; count]; parameters];
        let mut curved = vec![vec![0.0; count]; count];
        let entries = self.entries(shape);
        let factor = self.factor(shape, x);
        let mut parameter = 0;
        for one in 0..self.sizes.len() {
            for two in 0..=one {
                let step = point.patient.steps[one] * point.patient.steps[two];
                if shape == Shape::Intercept {
                    jacobian[parameter][0] = 1.0;
                    curved[0][0] += by.gradient[parameter];
                    parameter += 1;
                    continue;
                }
                let weight = self.unit(shape, one) * self.unit(shape, two) / step;
                for (at, (row, column)) in entries.iter().enumerate() {
                    let own = if *row == one { factor[two][*column] } else { 0.0 };
                    let other = if *row == two { factor[one][*column] } else { 0.0 };
                    jacobian[parameter][at] = weight * (own + other);
                    for (next, (second_row, second_column)) in entries.iter().enumerate() {
                        let pairs = u8::from((*row, *second_row) == (one, two))
                            + u8::from((*row, *second_row) == (two, one));
                        if column == second_column && pairs > 0 {
                            curved[at][next] += by.gradient[parameter] * weight * f64::from(pairs);
                        }
                    }
                }
                parameter += 1;
            }
        }
        if self.site.is_some() {
            jacobian[parameter][count - 1] = 1.0;
            curved[count - 1][count - 1] += by.gradient[parameter];
        }
        let gradient = |at: usize| {
            jacobian.iter().zip(&by.gradient).fold(0.0, |sum, (row, slope)| sum + row[at] * slope)
        };
        let mut gradient: Vec<f64> = (0..count).map(gradient).collect();
        let mut hessian = curved;
        for at in 0..count {
            for next in 0..count {
                for (one, row) in by.hessian.iter().enumerate() {
                    for (two, entry) in row.iter().enumerate() {
                        hessian[at][next] += jacobian[one][at] * entry * jacobian[two][next];
                    }
                }
            }
        }
        if shape == Shape::Visits {
            self.take_logarithms(shape, &factor, &mut gradient, &mut hessian);
        }
        Derivatives { gradient, hessian }
    }

    /// Derivatives by entries of a factor become those by the logarithms of its diagonal.
    fn take_logarithms(
        &self,
        shape: Shape,
        factor: &[Vec<f64>],
        gradient: &mut [f64],
        hessian: &mut [Vec<f64>],
    ) {
        for (at, (row, column)) in self.entries(shape).into_iter().enumerate() {
            if row != column {
                continue;
            }
            let scale = factor[row][row];
            gradient[at] *= scale;
            hessian[at].iter_mut().for_each(|entry| *entry *= scale);
            hessian.iter_mut().for_each(|row| row[at] *= scale);
            hessian[at][at] += gradient[at];
        }
    }

    /// The point of a matrix of ratios and a site's ratio, moved inside where it is on or beyond the edge.
    pub(super) fn of(&self, shape: Shape, matrix: &[Vec<f64>], site: Option<f64>) -> Vec<f64> {
        let mut x = match shape {
            Shape::Independent => Vec::new(),
            Shape::Intercept => vec![libm::log1p((self.sizes[0] * matrix[0][0]).clamp(0.0, 1e6))],
            Shape::Slope | Shape::Visits => self.factor_of(shape, matrix),
        };
        if let (Some(size), Some(site)) = (self.site, site) {
            x.push(libm::log1p((size * site).clamp(0.0, 1e6)));
        }
        x
    }

    fn factor_of(&self, shape: Shape, matrix: &[Vec<f64>]) -> Vec<f64> {
        let size = matrix.len();
        let unit = |at: usize| self.unit(shape, at);
        let largest = (0..size).map(|at| matrix[at][at] / (unit(at) * unit(at))).fold(0.0, f64::max);
        let least = if shape == Shape::Slope { 0.01 } else { 1e-6 * largest };
        let deviation = |at: usize| (matrix[at][at] / (unit(at) * unit(at))).max(least).max(1e-300).sqrt();
        let deviations: Vec<f64> = (0..size).map(deviation).collect();
        // Correlations of a matrix that is none are drawn towards 0 until it is one.
        let mut shrink = 0.98;
        let factor = loop {
            let entry = |one: usize, two: usize| {
                if one == two {
                    return 1.0;
                }
                let correlation =
                    matrix[one][two] / (unit(one) * unit(two)) / (deviations[one] * deviations[two]);
                if correlation.is_finite() { shrink * correlation.clamp(-1.0, 1.0) } else { 0.0 }
            };
            let correlations =
                (0..size).map(|one| (0..size).map(|two| entry(one, two)).collect()).collect::<Vec<_>>();
            match lower(&correlations) {
                Some(factor) => break factor,
                None => shrink *= 0.8,
            }
            if shrink < 1e-3 {
                shrink = 0.0;
            }
        };
        let first = if shape == Shape::Visits { deviations[0] } else { 1.0 };
        let entry = |(row, column): (usize, usize)| {
            let value = factor[row][column] * deviations[row] / first;
            if shape == Shape::Visits && row == column { libm::log(value) } else { value }
        };
        self.entries(shape).into_iter().map(entry).collect()
    }
}

/// The Cholesky factor of a matrix, with room to spare.
fn lower(matrix: &[Vec<f64>]) -> Option<Vec<Vec<f64>>> {
    let size = matrix.len();
    let mut factor = vec![vec![0.0; size]; size];
    for row in 0..size {
        for column in 0..=row {
            let earlier = (0..column).fold(0.0, |sum, at| sum + factor[row][at] * factor[column][at]);
            let rest: f64 = matrix[row][column] - earlier;
            if row == column {
                if rest < 1e-3 {
                    return None;
                }
                factor[row][row] = rest.sqrt();
            } else {
                factor[row][column] = rest / factor[column][column];
            }
        }
    }
    Some(factor)
}

impl Point {
    /// The entries in steps of another point, from that point: what an expansion there is moved by.
    pub(super) fn from(&self, other: &Point, site_step: f64) -> Vec<f64> {
        let mut moved = Vec::new();
        for (one, row) in self.patient.matrix.iter().enumerate() {
            for (two, ratio) in row.iter().enumerate().take(one + 1) {
                let step = other.patient.steps[one] * other.patient.steps[two];
                moved.push((ratio - other.patient.matrix[one][two]) / step);
            }
        }
        if let (Some(own), Some(there)) = (self.site, other.site) {
            moved.push((own - there) / site_step);
        }
        moved
    }
}

/// The second derivatives of a lower triangle as a square.
pub(super) fn square(size: usize, lower: impl Fn(usize) -> f64) -> Vec<Vec<f64>> {
    (0..size).map(|one| (0..size).map(|two| lower(pair(one, two))).collect()).collect()
}
