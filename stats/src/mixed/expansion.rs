//! Numbers with their first and second derivatives by a few parameters.
//!
//! What a site's random intercept does to its sums is computed with these, so that the derivatives need no formulas of
//! their own.

/// A value, its derivatives, and its second derivatives as the lower triangle of a symmetric matrix.
#[derive(Debug, Clone)]
pub(super) struct Expansion {
    pub(super) value: f64,
    pub(super) first: Vec<f64>,
    pub(super) second: Vec<f64>,
}

/// How many numbers an expansion by so many parameters is.
pub(super) fn length(parameters: usize) -> usize {
    1 + parameters + parameters * (parameters + 1) / 2
}

/// The position of a pair in a lower triangle.
pub(super) fn pair(one: usize, two: usize) -> usize {
    let (low, high) = (one.min(two), one.max(two));
    high * (high + 1) / 2 + low
}

impl Expansion {
    pub(super) fn zero(parameters: usize) -> Self {
        Self {
            value: 0.0,
            first: vec![0.0; parameters],
            second: vec![0.0; parameters * (parameters + 1) / 2],
        }
    }

    /// An expansion from its numbers, by more parameters, on which it does not depend.
    pub(super) fn read(numbers: &[f64], own: usize, parameters: usize) -> Self {
        let mut expansion = Self::zero(parameters);
        expansion.value = numbers[0];
        expansion.first[..own].copy_from_slice(&numbers[1..=own]);
        expansion.second[..own * (own + 1) / 2].copy_from_slice(&numbers[1 + own..]);
        expansion
    }

    /// A parameter, of which one step is `scale`.
    pub(super) fn variable(value: f64, at: usize, scale: f64, parameters: usize) -> Self {
        let mut expansion = Self::zero(parameters);
        expansion.value = value;
        expansion.first[at] = scale;
        expansion
    }

    /// Its numbers, in order.
    pub(super) fn numbers(&self) -> impl Iterator<Item = f64> + '_ {
        std::iter::once(self.value).chain(self.first.iter().copied()).chain(self.second.iter().copied())
    }

    pub(super) fn plus(&self, other: &Self, factor: f64) -> Self {
        let add =
            |one: &[f64], two: &[f64]| one.iter().zip(two).map(|(one, two)| one + factor * two).collect();
        Self {
            value: self.value + factor * other.value,
            first: add(&self.first, &other.first),
            second: add(&self.second, &other.second),
        }
    }

    pub(super) fn times(&self, other: &Self) -> Self {
        let count = self.first.len();
        let first = self.first.iter().zip(&other.first);
        let first = first.map(|(one, two)| one * other.value + self.value * two).collect();
        let mut second = Vec::with_capacity(self.second.len());
        for one in 0..count {
            for two in 0..=one {
                let at = second.len();
                let crossed = self.first[one] * other.first[two] + self.first[two] * other.first[one];
                second.push(self.second[at] * other.value + self.value * other.second[at] + crossed);
            }
        }
        Self { value: self.value * other.value, first, second }
    }

    /// A function of it, by the function's value and derivatives there.
    fn through(&self, value: f64, slope: f64, curvature: f64) -> Self {
        let mut second = Vec::with_capacity(self.second.len());
        for one in 0..self.first.len() {
            for two in 0..=one {
                second
                    .push(slope * self.second[second.len()] + curvature * self.first[one] * self.first[two]);
            }
        }
        Self { value, first: self.first.iter().map(|first| slope * first).collect(), second }
    }

    /// `1 / x`
    pub(super) fn inverse(&self) -> Self {
        let inverse = 1.0 / self.value;
        self.through(inverse, -inverse * inverse, 2.0 * inverse * inverse * inverse)
    }

    /// `ln x`
    pub(super) fn logarithm(&self) -> Self {
        let inverse = 1.0 / self.value;
        self.through(libm::log(self.value), inverse, -inverse * inverse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quotient_and_a_logarithm_have_the_derivatives_of_calculus() {
        // x / y and ln(x y) at (2, 4), with steps of 1 and 3.
        let (x, y) = (Expansion::variable(2.0, 0, 1.0, 2), Expansion::variable(4.0, 1, 3.0, 2));
        let quotient = x.times(&y.inverse());
        let numbers: Vec<f64> = quotient.numbers().collect();
        assert_eq!(numbers, [0.5, 0.25, -0.375, 0.0, -0.1875, 0.5625]);
        let logarithm: Vec<f64> = x.times(&y).logarithm().numbers().skip(1).collect();
        assert_eq!(logarithm, [0.5, 0.75, -0.25, 0.0, -0.5625]);
    }
}
