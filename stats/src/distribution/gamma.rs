//! The regularised incomplete gamma function.

use super::deviance;

/// `Q(a, x)`, the upper tail.
pub(super) fn upper(a: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    if x.is_infinite() {
        return 0.0;
    }
    let factor = deviance::poisson(a, x);
    let tail = if x < a + 1.0 { 1.0 - factor * series(a, x) } else { factor * a * continued_fraction(a, x) };
    tail.clamp(0.0, 1.0)
}

/// `1 + x/(a+1) + x²/((a+1)(a+2)) + …`
fn series(a: f64, x: f64) -> f64 {
    let (mut term, mut sum) = (1.0, 1.0);
    for step in 1..100_000 {
        term *= x / (a + f64::from(step));
        sum += term;
        if term < sum * f64::EPSILON {
            break;
        }
    }
    sum
}

/// The continued fraction of the upper tail, by Lentz's method (Press et al., Numerical Recipes, 6.2).
fn continued_fraction(a: f64, x: f64) -> f64 {
    const SMALLEST: f64 = 1e-300;
    let away_from_zero = |value: f64| if value.abs() < SMALLEST { SMALLEST } else { value };
    let mut b = x + 1.0 - a;
    let mut c = 1.0 / SMALLEST;
    let mut d = 1.0 / away_from_zero(b);
    let mut fraction = d;
    for step in 1..100_000 {
        let m = f64::from(step);
        let coefficient = -m * (m - a);
        b += 2.0;
        d = 1.0 / away_from_zero(coefficient * d + b);
        c = away_from_zero(b + coefficient / c);
        let change = c * d;
        fraction *= change;
        if (change - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    fraction
}
