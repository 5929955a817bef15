//! The regularised incomplete beta function.

use super::deviance;

/// `I_x(a, b)`; `y = 1 - x` is given apart so that neither is rounded away.
pub(super) fn regularised(a: f64, b: f64, x: f64, y: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if y <= 0.0 {
        return 1.0;
    }
    let factor = deviance::binomial(a, a + b, x, y) * a * b / (a + b);
    let tail = if x < (a + 1.0) / (a + b + 2.0) {
        factor / continued_fraction(a, b, x, y)
    } else {
        1.0 - factor / continued_fraction(b, a, y, x)
    };
    tail.clamp(0.0, 1.0)
}

/// The continued fraction of Didonato and Morris (ACM TOMS 18, 1992, equation 9), by Lentz's method. Its
/// terms cancel nowhere, however large `a` and `b` are.
fn continued_fraction(a: f64, b: f64, x: f64, y: f64) -> f64 {
    let denominator = |m: f64| {
        m + m * (b - m) * x / (a + 2.0 * m - 1.0)
            + (a + m) * (a * y - b * x + 1.0 + m * (1.0 + y)) / (a + 2.0 * m + 1.0)
    };
    let numerator = |m: f64| {
        let scale = a + 2.0 * m - 1.0;
        (a + m - 1.0) * (a + b + m - 1.0) * m * (b - m) * x * x / (scale * scale)
    };
    const SMALLEST: f64 = 1e-300;
    let away_from_zero = |value: f64| if value.abs() < SMALLEST { SMALLEST } else { value };
    let mut fraction = away_from_zero(a * (a * y - b * x + 1.0) / (a + 1.0));
    let (mut c, mut d) = (fraction, 0.0);
    for step in 1..100_000 {
        let m = f64::from(step);
        d = 1.0 / away_from_zero(denominator(m) + numerator(m) * d);
        c = away_from_zero(denominator(m) + numerator(m) / c);
        fraction *= c * d;
        if (c * d - 1.0).abs() <= f64::EPSILON {
            break;
        }
    }
    fraction
}
