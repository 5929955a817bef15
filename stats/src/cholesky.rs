//! Cholesky's factorisation of cross-products, in the order of the columns and in twice the precision.
//!
//! `G = L D Lᵀ` with ones on the diagonal of `L`. A column that the earlier ones give is set aside, as R's
//! `lm` does, so the rank is the number of columns kept.

use crate::twofold::Twofold;

/// The factorisation of a matrix of cross-products.
pub(crate) struct Cholesky {
    /// The columns kept.
    pub(crate) kept: Vec<usize>,
    /// The rows of `L` below its diagonal, of the columns kept.
    lower: Vec<Vec<Twofold>>,
    /// The diagonal of `D`.
    pivots: Vec<Twofold>,
}

impl Cholesky {
    /// Factorises a symmetric matrix. A column is set aside when what the earlier ones leave of its square is
    /// at most `least` of that column.
    pub(crate) fn new(gram: &[Vec<Twofold>], least: &[Twofold]) -> Self {
        let mut factors = Self { kept: Vec::new(), lower: Vec::new(), pivots: Vec::new() };
        for (column, row) in gram.iter().enumerate() {
            let (coefficients, pivot) = factors.project(row, row[column]);
            if pivot > least[column] {
                factors.kept.push(column);
                factors.lower.push(coefficients);
                factors.pivots.push(pivot);
            }
        }
        factors
    }

    /// What a further column is in terms of the kept ones made orthogonal, and what they leave of its square.
    /// `row` is its cross-products with all columns, `square` with itself.
    pub(crate) fn project(&self, row: &[Twofold], square: Twofold) -> (Vec<Twofold>, Twofold) {
        let mut products: Vec<Twofold> = Vec::with_capacity(self.kept.len());
        let mut coefficients = Vec::with_capacity(self.kept.len());
        let mut rest = square;
        for (at, column) in self.kept.iter().enumerate() {
            let earlier = self.lower[at].iter().zip(&products);
            let product = earlier.fold(row[*column], |product, (lower, earlier)| product - *lower * *earlier);
            let coefficient = product / self.pivots[at];
            rest = rest - coefficient * product;
            products.push(product);
            coefficients.push(coefficient);
        }
        (coefficients, rest)
    }

    /// The coefficients of the kept columns themselves, from those of the orthogonal ones: solves `Lᵀ b = z`.
    pub(crate) fn coefficients(&self, orthogonal: &[Twofold]) -> Vec<Twofold> {
        let mut solved = orthogonal.to_vec();
        for at in (0..solved.len()).rev() {
            let value = solved[at];
            for (earlier, lower) in solved.iter_mut().zip(&self.lower[at]) {
                *earlier = *earlier - *lower * value;
            }
        }
        solved
    }

    /// The natural logarithm of the determinant of the matrix of the kept columns.
    pub(crate) fn log_determinant(&self) -> f64 {
        self.pivots.iter().map(|pivot| libm::log(pivot.rounded())).sum()
    }

    /// The inverse of the matrix of the kept columns.
    pub(crate) fn inverse(&self) -> Vec<Vec<Twofold>> {
        let rank = self.kept.len();
        let column = |unit: usize| {
            let mut solved = vec![Twofold::ZERO; rank];
            for at in unit..rank {
                let start = if at == unit { Twofold::from(1.0) } else { Twofold::ZERO };
                let earlier = self.lower[at].iter().zip(&solved);
                solved[at] = earlier.fold(start, |sum, (lower, earlier)| sum - *lower * *earlier);
            }
            let scaled: Vec<_> =
                solved.iter().zip(&self.pivots).map(|(value, pivot)| *value / *pivot).collect();
            self.coefficients(&scaled)
        };
        (0..rank).map(column).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(rows: &[&[f64]]) -> Vec<Vec<Twofold>> {
        rows.iter().map(|row| row.iter().map(|value| Twofold::from(*value)).collect()).collect()
    }

    #[test]
    fn the_inverse_times_the_matrix_is_one() {
        let gram = matrix(&[&[4.0, 2.0, 1.0], &[2.0, 3.0, 0.5], &[1.0, 0.5, 2.0]]);
        let inverse = Cholesky::new(&gram, &[Twofold::ZERO; 3]).inverse();
        for (at, row) in inverse.iter().enumerate() {
            for (column, other) in gram.iter().enumerate() {
                let entry = row.iter().zip(other).fold(Twofold::ZERO, |sum, (one, two)| sum + *one * *two);
                let expected = if at == column { 1.0 } else { 0.0 };
                assert!((entry - Twofold::from(expected)).rounded().abs() < 1e-30);
            }
        }
    }

    #[test]
    fn a_column_that_earlier_ones_give_is_set_aside() {
        // The third column is the sum of the first two.
        let gram = matrix(&[&[1.0, 0.0, 1.0], &[0.0, 2.0, 2.0], &[1.0, 2.0, 3.0]]);
        let factors = Cholesky::new(&gram, &[Twofold::from(1e-14); 3]);
        assert_eq!(factors.kept, [0, 1]);
    }
}
