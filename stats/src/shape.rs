//! Skewness and kurtosis from exact sums of third and fourth powers.
//!
//! A fourth power of 40 bits and the sum of a million of them do not fit 128 bits. So the square of an integer is split
//! in two halves of 40 bits, and the products of the halves are added: `q³ = q (h 2⁴⁰ + l)` and
//! `q⁴ = h² 2⁸⁰ + 2 h l 2⁴⁰ + l²`. Where the bound is small the upper half is 0 and nothing is sent of it.

use serde::Serialize;

use crate::contribution::Contribution;
use crate::figure::Figure;
use crate::moments::centred_squares;
use crate::totals::Totals;
use crate::twofold::Twofold;
use crate::vector::Sums;

/// Bits of the lower half of a square.
const HALF: u32 = 40;

/// Where the sums of powers of a number in groups stand in the vector.
pub(crate) struct Shape {
    groups: Vec<Powers>,
}

/// The sums of one group.
struct Powers {
    low_cube: usize,
    low_fourth: usize,
    /// Of those with the upper half: the cube, the mixed fourth power and the upper one.
    high: Option<[usize; 3]>,
}

/// Skewness `g1` and excess kurtosis `g2`, the third and the fourth central moment over powers of the second (type 1 of
/// `e1071::skewness`; Joanes and Gill, The Statistician 47, 1998).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Skew {
    pub(crate) skewness: Figure<f64>,
    pub(crate) kurtosis: Figure<f64>,
}

impl Shape {
    /// Adds the sums of a number whose integers are at most `bound`, a group for each cell of its counts.
    pub(crate) fn new(
        name: &str,
        headings: &[String],
        cells: &[usize],
        bound: i128,
        sums: &mut Sums,
    ) -> Self {
        let half = 1_i128 << HALF;
        let (low, high) = (half.min(bound * bound), bound * bound / half);
        let group = |(heading, cell): (&String, &usize)| {
            let mut sum =
                |what: &str, bound| sums.sum(format!("{name} {what}: {heading}"), vec![*cell], bound);
            Powers {
                low_cube: sum("cubes", low * bound),
                low_fourth: sum("fourth powers", low * low),
                high: (high > 0).then(|| {
                    [
                        sum("upper cubes", high * bound),
                        sum("mixed fourth powers", high * low),
                        sum("upper fourth powers", high * high),
                    ]
                }),
            }
        };
        Self { groups: headings.iter().zip(cells).map(group).collect() }
    }

    /// Adds one value, whose integer this is.
    pub(crate) fn tally(&self, group: usize, integer: i64, contribution: &mut Contribution) {
        let integer = i128::from(integer);
        let square = integer * integer;
        let (low, high) = (square & ((1 << HALF) - 1), square >> HALF);
        let powers = &self.groups[group];
        contribution.tally(powers.low_cube, low * integer);
        contribution.tally(powers.low_fourth, low * low);
        if let Some([cube, mixed, fourth]) = powers.high {
            contribution.tally(cube, high * integer);
            contribution.tally(mixed, high * low);
            contribution.tally(fourth, high * high);
        }
    }

    /// The sums of third and of fourth powers of some groups taken together.
    pub(crate) fn powers(
        &self,
        groups: std::ops::Range<usize>,
        totals: &Totals,
    ) -> Figure<(Twofold, Twofold)> {
        let sum = |at: usize| totals.sum(at).map(Twofold::from);
        let half = Twofold::from(1_i128 << HALF);
        let each = groups.filter_map(|group| self.groups.get(group)).map(|powers| {
            let low = sum(powers.low_cube).and(sum(powers.low_fourth));
            let Some([cube, mixed, fourth]) = powers.high else { return low };
            low.and(sum(cube).and(sum(mixed).and(sum(fourth)))).map(
                |((low_cube, low_fourth), (cube, (mixed, fourth)))| {
                    let two = Twofold::from(2.0);
                    (low_cube + cube * half, low_fourth + (mixed * two + fourth * half) * half)
                },
            )
        });
        Figure::all(each).map(|each| {
            each.into_iter()
                .fold((Twofold::ZERO, Twofold::ZERO), |sum, each| (sum.0 + each.0, sum.1 + each.1))
        })
    }
}

impl Skew {
    /// From how many values there are, and the sums of the first four powers of their integers.
    pub(crate) fn new(
        n: Figure<u64>,
        sums: Figure<(i128, i128)>,
        powers: Figure<(Twofold, Twofold)>,
    ) -> Self {
        let moments = n.and(sums.and(powers)).and_then(|(n, ((sum, squares), (cubes, fourths)))| {
            // Of integers that do not vary there is no shape.
            let Some(centred) = centred_squares(n, sum, squares).filter(|centred| n > 0 && *centred > 0)
            else {
                return Figure::Undefined;
            };
            let count = Twofold::from(n);
            let (mean, second, third, fourth) =
                (Twofold::from(sum) / count, Twofold::from(squares) / count, cubes / count, fourths / count);
            let variance = Twofold::from(centred) / (count * count);
            let times = |factor: f64| Twofold::from(factor);
            let skew = third - times(3.0) * mean * second + times(2.0) * mean * mean * mean;
            let tails = fourth - times(4.0) * mean * third + times(6.0) * mean * mean * second
                - times(3.0) * mean * mean * mean * mean;
            let deviation = variance.rounded().sqrt();
            let skewness = (skew / variance).rounded() / deviation;
            let kurtosis = (tails / (variance * variance) - times(3.0)).rounded();
            Figure::Known((Figure::finite(skewness), Figure::finite(kurtosis)))
        });
        match moments {
            Figure::Known((skewness, kurtosis)) => Self { skewness, kurtosis },
            Figure::Withheld => Self { skewness: Figure::Withheld, kurtosis: Figure::Withheld },
            Figure::Undefined => Self { skewness: Figure::Undefined, kurtosis: Figure::Undefined },
        }
    }
}

/// The sums of third and fourth powers of the positions of the values counted.
pub(crate) fn powers_of_positions(counts: &[u64]) -> (Twofold, Twofold) {
    let (cubes, fourths) =
        counts.iter().enumerate().fold((0_i128, 0_i128), |(cubes, fourths), (at, count)| {
            let (at, count) = (at as i128, i128::from(*count));
            (cubes + at * at * at * count, fourths + at * at * at * at * count)
        });
    (Twofold::from(cubes), Twofold::from(fourths))
}
