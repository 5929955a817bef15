//! What one patient adds at public variance ratios: `X'WX`, `X'Wy`, `y'Wy` and `ln |V|` with their derivatives.
//!
//! `V = W⁻¹` is the covariance of a patient's rows over the residual variance: `I + Z P Zᵀ` with random terms, or the
//! rows and columns of `P` that belong to the patient's visits. With `C = Zᵀ(1, X, y)`, or the rows by visit, everything
//! is a quadratic form of `C` in small matrices (Laird and Ware, Biometrics 38, 1982; Lindstrom and Bates, JASA 83, 1988).

use super::expansion::length;
#[cfg(test)]
use super::expansion::pair;

/// What the rows of a patient have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Nothing.
    Independent,
    /// A random intercept.
    Intercept,
    /// A random intercept and slope.
    Slope,
    /// A covariance for every two visits.
    Visits,
}

/// The covariance of a patient's rows over the residual variance, at which sums are asked for.
#[derive(Debug, Clone)]
pub(super) struct Ratios {
    pub(super) shape: Shape,
    /// Square, symmetric.
    pub(super) matrix: Vec<Vec<f64>>,
    /// A derivative by the entry `(a, b)` is one by steps of `steps[a] · steps[b]`.
    pub(super) steps: Vec<f64>,
}

/// A row of a patient.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// 1, the columns, the outcome.
    pub(super) values: Vec<f64>,
    /// The number of the random slope, where there is one.
    pub(super) slope: f64,
    /// The position of the visit, where there are visits.
    pub(super) visit: usize,
}

/// The small matrices of a patient.
struct Kernel {
    /// `C`: a row for each random term, or for each visit.
    cross: Vec<Vec<f64>>,
    /// `W = base + CᵀKC` is with this `K`.
    inner: Vec<Vec<f64>>,
    /// `QᵀC`, of which derivatives are made.
    turned: Vec<Vec<f64>>,
    /// `S`, of which the derivatives of `ln |V|` are made.
    spread: Vec<Vec<f64>>,
    log_determinant: f64,
    /// For each entry of the matrix of ratios: positions and weights of its derivative.
    directions: Vec<Vec<(usize, usize, f64)>>,
}

/// How many entries the lower triangle of a matrix of that size has.
pub(super) fn triangle(size: usize) -> usize {
    size * (size + 1) / 2
}

impl Ratios {
    /// How many parameters.
    pub(super) fn parameters(&self) -> usize {
        triangle(self.matrix.len())
    }

    /// The sums of a patient: for each two of the values, and at last for `ln |V|`, an expansion's numbers. The order of
    /// the rows does not matter. None where two rows are of one visit.
    pub(super) fn sums(&self, rows: &mut [Row], second: bool) -> Option<Vec<f64>> {
        rows.sort_by(|one, two| {
            let values = one.values.iter().zip(&two.values).map(|(one, two)| one.total_cmp(two));
            let values = values.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then);
            one.visit.cmp(&two.visit).then(values).then(one.slope.total_cmp(&two.slope))
        });
        if self.shape == Shape::Visits && rows.windows(2).any(|pair| pair[0].visit == pair[1].visit) {
            return None;
        }
        let width = rows.first()?.values.len();
        let kernel = self.kernel(rows, width)?;
        let parameters = self.parameters();
        let mut sums = Vec::with_capacity((triangle(width) + 1) * length(parameters));
        for one in 0..width {
            for two in 0..=one {
                let base = match self.shape {
                    Shape::Visits => 0.0,
                    _ => rows.iter().fold(0.0, |sum, row| sum + row.values[one] * row.values[two]),
                };
                sums.push(base + form(&kernel.cross, &kernel.inner, one, two));
                kernel.derivatives(one, two, second, &mut sums);
            }
        }
        sums.push(kernel.log_determinant);
        kernel.log_derivatives(&mut sums);
        Some(sums)
    }

    fn kernel(&self, rows: &[Row], width: usize) -> Option<Kernel> {
        if self.shape == Shape::Visits {
            let visits: Vec<usize> = rows.iter().map(|row| row.visit).collect();
            let own = visits.iter().map(|one| visits.iter().map(|two| self.matrix[*one][*two]).collect());
            let (inverse, log_determinant) = inverted(own.collect())?;
            let cross: Vec<Vec<f64>> = rows.iter().map(|row| row.values.clone()).collect();
            let turned = product(&transposed(&inverse), &cross);
            let (inner, spread) = (inverse.clone(), inverse);
            let directions = self.directions(&|entry| visits.iter().position(|visit| *visit == entry));
            return Some(Kernel { cross, inner, turned, spread, log_determinant, directions });
        }
        let size = self.matrix.len();
        let terms = |row: &Row| [1.0, row.slope];
        let mut cross = vec![vec![0.0; width]; size];
        let mut gram = vec![vec![0.0; size]; size];
        for row in rows {
            for (at, term) in terms(row).iter().enumerate().take(size) {
                cross[at].iter_mut().zip(&row.values).for_each(|(sum, value)| *sum += term * value);
                gram[at].iter_mut().zip(terms(row)).for_each(|(sum, other)| *sum += term * other);
            }
        }
        let mut whole = product(&self.matrix, &gram);
        whole.iter_mut().enumerate().for_each(|(at, row)| row[at] += 1.0);
        let (turn, log_determinant) = inverted(whole)?;
        let inner = product(&turn, &self.matrix);
        let inner = inner.iter().map(|row| row.iter().map(|entry| -entry).collect()).collect();
        let (turned, spread) = (product(&transposed(&turn), &cross), product(&gram, &turn));
        Some(Kernel { cross, inner, turned, spread, log_determinant, directions: self.directions(&Some) })
    }

    fn directions(&self, place: &dyn Fn(usize) -> Option<usize>) -> Vec<Vec<(usize, usize, f64)>> {
        let mut directions = Vec::with_capacity(self.parameters());
        for one in 0..self.matrix.len() {
            for two in 0..=one {
                let step = self.steps[one] * self.steps[two];
                directions.push(match (place(one), place(two)) {
                    (Some(own), Some(other)) if own == other => vec![(own, other, step)],
                    (Some(own), Some(other)) => vec![(own, other, step), (other, own, step)],
                    _ => Vec::new(),
                });
            }
        }
        directions
    }
}

impl Kernel {
    /// Of the form of two values: by each entry `-TᵀBT`, by each two `Tᵀ(BSB' + B'SB)T`.
    fn derivatives(&self, one: usize, two: usize, second: bool, sums: &mut Vec<f64>) {
        let turned = &self.turned;
        for direction in &self.directions {
            let terms = direction.iter().map(|(a, b, step)| step * turned[*a][one] * turned[*b][two]);
            sums.push(0.0 - terms.fold(0.0, |sum, term| sum + term));
        }
        if !second {
            return;
        }
        for (at, first) in self.directions.iter().enumerate() {
            for other in &self.directions[..=at] {
                let mut sum = 0.0;
                for (a, b, step) in first {
                    for (c, d, other_step) in other {
                        let weight = step * other_step;
                        sum += weight * turned[*a][one] * self.spread[*b][*c] * turned[*d][two];
                        sum += weight * turned[*c][one] * self.spread[*d][*a] * turned[*b][two];
                    }
                }
                sums.push(sum);
            }
        }
    }

    /// Of `ln |V|`: `tr SB` and `-tr SBSB'`.
    fn log_derivatives(&self, sums: &mut Vec<f64>) {
        let spread = &self.spread;
        for direction in &self.directions {
            sums.push(direction.iter().fold(0.0, |sum, (a, b, step)| sum + step * spread[*b][*a]));
        }
        for (at, first) in self.directions.iter().enumerate() {
            for other in &self.directions[..=at] {
                let mut sum = 0.0;
                for (a, b, step) in first {
                    for (c, d, other_step) in other {
                        sum -= step * other_step * spread[*d][*a] * spread[*b][*c];
                    }
                }
                sums.push(sum);
            }
        }
    }
}

/// The second derivative by two entries in an expansion's numbers.
#[cfg(test)]
fn second_at(parameters: usize, one: usize, two: usize) -> usize {
    1 + parameters + pair(one, two)
}

fn form(cross: &[Vec<f64>], inner: &[Vec<f64>], one: usize, two: usize) -> f64 {
    let mut sum = 0.0;
    for (row, own) in inner.iter().zip(cross) {
        for (entry, other) in row.iter().zip(cross) {
            sum += own[one] * entry * other[two];
        }
    }
    sum
}

fn transposed(matrix: &[Vec<f64>]) -> Vec<Vec<f64>> {
    (0..matrix.len()).map(|column| matrix.iter().map(|row| row[column]).collect()).collect()
}

pub(super) fn product(one: &[Vec<f64>], two: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let columns = two.first().map_or(0, Vec::len);
    let entry = |row: &Vec<f64>, column: usize| {
        row.iter().zip(two).fold(0.0, |sum, (own, other)| sum + own * other[column])
    };
    one.iter().map(|row| (0..columns).map(|column| entry(row, column)).collect()).collect()
}

/// The inverse and the logarithm of the determinant, by Gauss and Jordan with partial pivoting; none where the
/// determinant is not above 0.
pub(super) fn inverted(mut matrix: Vec<Vec<f64>>) -> Option<(Vec<Vec<f64>>, f64)> {
    let size = matrix.len();
    let unit = |at: usize| (0..size).map(|column| f64::from(u8::from(column == at))).collect::<Vec<f64>>();
    let mut inverse: Vec<Vec<f64>> = (0..size).map(unit).collect();
    let (mut log_determinant, mut positive) = (0.0, true);
    for column in 0..size {
        let pivot = (column..size)
            .max_by(|one, two| matrix[*one][column].abs().total_cmp(&matrix[*two][column].abs()))?;
        if pivot != column {
            matrix.swap(pivot, column);
            inverse.swap(pivot, column);
            positive = !positive;
        }
        let lead = matrix[column][column];
        if lead == 0.0 || !lead.is_finite() {
            return None;
        }
        positive ^= lead < 0.0;
        log_determinant += libm::log(lead.abs());
        matrix[column].iter_mut().chain(&mut inverse[column]).for_each(|entry| *entry /= lead);
        let (own, own_inverse) = (matrix[column].clone(), inverse[column].clone());
        for row in (0..size).filter(|row| *row != column) {
            let factor = matrix[row][column];
            matrix[row].iter_mut().zip(&own).for_each(|(entry, own)| *entry -= factor * own);
            inverse[row].iter_mut().zip(&own_inverse).for_each(|(entry, own)| *entry -= factor * own);
        }
    }
    positive.then_some((inverse, log_determinant))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn rows() -> Vec<Row> {
        let values = [[1.0, 0.3, 2.0], [1.0, -0.7, 1.0], [1.0, 1.1, -0.4]];
        let row =
            |(visit, values): (usize, [f64; 3])| Row { slope: values[1], values: values.to_vec(), visit };
        values.into_iter().enumerate().map(row).collect()
    }

    fn at(shape: Shape, matrix: &[Vec<f64>]) -> Vec<f64> {
        let steps = vec![1.0; matrix.len()];
        Ratios { shape, matrix: matrix.to_vec(), steps }.sums(&mut rows(), true).unwrap()
    }

    #[test]
    fn derivatives_are_those_that_differences_approach() {
        let slope = vec![vec![0.8, 0.2], vec![0.2, 0.5]];
        let visits = vec![
            vec![2.0, 0.4, 0.1, 0.0],
            vec![0.4, 1.5, 0.3, 0.2],
            vec![0.1, 0.3, 1.0, 0.1],
            vec![0.0, 0.2, 0.1, 3.0],
        ];
        for (shape, matrix) in [(Shape::Slope, slope), (Shape::Visits, visits)] {
            let parameters = triangle(matrix.len());
            let here = at(shape, &matrix);
            let mut parameter = 0;
            for one in 0..matrix.len() {
                for two in 0..=one {
                    let step = 1e-5;
                    let moved = |by: f64| {
                        let mut matrix = matrix.clone();
                        matrix[one][two] += by;
                        if one != two {
                            matrix[two][one] += by;
                        }
                        at(shape, &matrix)
                    };
                    let (above, below) = (moved(step), moved(-step));
                    for first in (0..here.len()).step_by(length(parameters)) {
                        let slope = |at: usize| (above[first + at] - below[first + at]) / (2.0 * step);
                        assert!(
                            (slope(0) - here[first + 1 + parameter]).abs() < 1e-7,
                            "{shape:?} {one} {two}"
                        );
                        for other in 0..parameters {
                            let second = here[first + second_at(parameters, parameter, other)];
                            assert!(
                                (slope(1 + other) - second).abs() < 1e-7,
                                "{shape:?} {one} {two} {other}"
                            );
                        }
                    }
                    parameter += 1;
                }
            }
        }
    }

    #[test]
    fn an_independent_patient_adds_products_alone() {
        let sums = Ratios { shape: Shape::Independent, matrix: Vec::new(), steps: Vec::new() }
            .sums(&mut rows(), true);
        assert_eq!(
            sums.unwrap(),
            [3.0, 0.3 - 0.7 + 1.1, 0.09 + 0.49 + 1.1 * 1.1, 2.6, 0.6 - 0.7 - 0.44000000000000006, 5.16, 0.0]
        );
    }

    #[test]
    fn two_rows_of_a_visit_have_no_covariance() {
        let mut twice = rows();
        twice[1].visit = 0;
        let ratios = Ratios { shape: Shape::Visits, matrix: vec![vec![1.0; 3]; 3], steps: vec![1.0; 3] };
        assert!(ratios.sums(&mut twice, true).is_none());
    }
}
