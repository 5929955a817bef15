//! A correlation coefficient from exact sums, with its test and interval.

use crate::distribution::t_two_sided;
use crate::twofold::Twofold;

/// Sums of one number, or of a product of two, about the means: `n Σxy - Σx Σy`, exactly.
#[derive(Debug, Clone, Copy)]
pub(super) struct Centred {
    pub(super) xx: i128,
    pub(super) yy: i128,
    pub(super) xy: i128,
}

/// How widely Fisher's transform of the coefficient varies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spread {
    /// By `1 / (n - 3)`.
    Pearson,
    /// By `(1 + r²/2) / (n - 3)`.
    BonettWright,
}

/// A coefficient. Its statistic is absent where it is 1 or -1, its interval where there are fewer than four rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Coefficient {
    pub(super) estimate: f64,
    pub(super) statistic: Option<f64>,
    pub(super) df: u64,
    pub(super) p: Option<f64>,
    pub(super) interval: Option<(f64, f64)>,
}

/// Why there is no coefficient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoCoefficient {
    #[error("fewer than two rows are complete")]
    TooFewRows,
    #[error("a number has the same value in every row")]
    Constant,
    #[error("the totals are not those of any rows")]
    Impossible,
}

/// Nearer to 1 than this the square of a coefficient is 1: the sums are exact, only their products are rounded.
const ROUNDING: f64 = 1e-28;

/// The distance from 0 that a standard normal stays within with probability 0.95.
const NORMAL: f64 = 1.959_963_984_540_054;

/// `n Σxy - Σx Σy`; none beyond 128 bits.
pub(super) fn centred(n: u64, product: i128, x: i128, y: i128) -> Option<i128> {
    i128::from(n).checked_mul(product)?.checked_sub(x.checked_mul(y)?)
}

impl Coefficient {
    pub(super) fn new(n: u64, sums: Centred, spread: Spread) -> Result<Self, NoCoefficient> {
        let Centred { xx, yy, xy } = sums;
        if n < 2 {
            return Err(NoCoefficient::TooFewRows);
        }
        if xx < 0 || yy < 0 {
            return Err(NoCoefficient::Impossible);
        }
        if xx == 0 || yy == 0 {
            return Err(NoCoefficient::Constant);
        }
        let squares = Twofold::from(xx) * Twofold::from(yy);
        let rest = ((squares - Twofold::from(xy) * Twofold::from(xy)) / squares).rounded();
        if rest < -ROUNDING {
            return Err(NoCoefficient::Impossible);
        }
        let sign = if xy < 0 { -1.0 } else { 1.0 };
        let df = n - 2;
        if rest < ROUNDING {
            let interval = (n > 3).then_some((sign, sign));
            let p = (df > 0).then_some(0.0);
            return Ok(Self { estimate: sign, statistic: None, df, p, interval });
        }
        let estimate = (xy as f64 / squares.rounded().sqrt()).clamp(-1.0, 1.0);
        let statistic = (df > 0).then(|| estimate * (df as f64 / rest).sqrt());
        Ok(Self {
            estimate,
            statistic,
            df,
            p: statistic.map(|t| t_two_sided(t, df as f64)),
            interval: (n > 3).then(|| interval(estimate, rest, n, spread)),
        })
    }
}

/// Fisher's interval of a coefficient, the square of which leaves `rest` to 1.
fn interval(r: f64, rest: f64, n: u64, spread: Spread) -> (f64, f64) {
    let size = r.abs();
    let z = match size < 0.5 {
        true => libm::atanh(size),
        false => libm::log1p(size) - 0.5 * libm::log(rest),
    };
    let z = if r < 0.0 { -z } else { z };
    let variance = match spread {
        Spread::Pearson => 1.0,
        Spread::BonettWright => 1.0 + r * r / 2.0,
    };
    let half = NORMAL * (variance / (n - 3) as f64).sqrt();
    (libm::tanh(z - half), libm::tanh(z + half))
}
