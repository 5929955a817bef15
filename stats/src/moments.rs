//! Mean and variance from sums of integers.

use crate::figure::Figure;
use crate::quantity::Quantity;
use crate::twofold::Twofold;

/// How many values, their mean and their variance (with `n - 1`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Moments {
    pub(crate) n: Figure<u64>,
    pub(crate) mean: Figure<f64>,
    pub(crate) variance: Figure<f64>,
}

impl Moments {
    /// From the number of values, and the sum of their integers and of the squares of these.
    pub(crate) fn new(n: Figure<u64>, sums: Figure<(i128, i128)>, quantity: &Quantity) -> Self {
        let known = n.and(sums);
        let mean = known.and_then(|(n, (sum, _))| {
            let steps = sum.saturating_add(i128::from(quantity.origin()) * i128::from(n));
            match n {
                0 => Figure::Undefined,
                _ => Figure::finite((quantity.step() * Twofold::from(steps) / Twofold::from(n)).rounded()),
            }
        });
        let variance = known.and_then(|(n, (sum, squares))| {
            let Some(centred) = centred_squares(n, sum, squares).filter(|_| n >= 2) else {
                return Figure::Undefined;
            };
            let step = quantity.step();
            let degrees = Twofold::from(n) * Twofold::from(n - 1);
            Figure::finite((step * step * Twofold::from(centred) / degrees).rounded())
        });
        Self { n, mean, variance }
    }

    /// The standard deviation.
    pub(crate) fn sd(&self) -> Figure<f64> {
        self.variance.map(f64::sqrt)
    }

    /// The standard error of the mean.
    pub(crate) fn se(&self) -> Figure<f64> {
        self.variance.and(self.n).map(|(variance, n)| (variance / n as f64).sqrt())
    }
}

/// `n` times the sum of squares about the mean, exactly; none where the sums are not those of `n` values.
pub(crate) fn centred_squares(n: u64, sum: i128, squares: i128) -> Option<i128> {
    let centred = i128::from(n).checked_mul(squares)?.checked_sub(sum.checked_mul(sum)?)?;
    (centred >= 0).then_some(centred)
}

/// The sum of the positions of the values counted, and that of their squares.
pub(crate) fn sums_of_positions(counts: &[u64]) -> (i128, i128) {
    counts.iter().enumerate().fold((0, 0), |(sum, squares), (position, count)| {
        let (position, count) = (position as i128, i128::from(*count));
        (sum + position * count, squares + position * position * count)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn age_in_the_colon_trial_has_the_moments_r_gives() {
        // R 4.2.2, survival::colon: n 929, sum 55512, sum of squares 3449592.
        let quantity = Quantity::Integer { lower: 0, upper: 120 };
        let moments = Moments::new(Figure::Known(929), Figure::Known((55_512, 3_449_592)), &quantity);
        assert_eq!(moments.mean, Figure::Known(59.754_574_811_625_4));
        assert_eq!(moments.variance, Figure::Known(142.775_908_466_649_35));
        assert_eq!(moments.sd(), Figure::Known(11.948_887_331_741_368));
        assert_eq!(moments.se(), Figure::Known(0.392_030_276_706_155_7));
    }

    #[test]
    fn no_value_has_no_mean_and_one_value_no_variance() {
        let quantity = Quantity::Integer { lower: 10, upper: 20 };
        let of_threes = |n: u64| {
            let sum = 3 * i128::from(n);
            Moments::new(Figure::Known(n), Figure::Known((sum, 3 * sum)), &quantity)
        };
        assert_eq!(of_threes(0).mean, Figure::Undefined);
        assert_eq!(of_threes(1).mean, Figure::Known(13.0));
        assert_eq!(of_threes(1).sd(), Figure::Undefined);
        assert_eq!(of_threes(2).sd(), Figure::Known(0.0));
    }
}
