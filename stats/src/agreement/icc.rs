//! Intraclass correlation of one rating, from the two-way analysis of variance.

use super::kappa::Coefficient;
use crate::distribution::{f_survival, f_upper_quantile};
use crate::figure::Figure;
use crate::twofold::Twofold;

/// What the ratings of every subject by every rater add up to, in any unit and from any origin.
pub(super) struct Added {
    pub(super) subjects: u64,
    /// The sum of each rater's ratings.
    pub(super) raters: Vec<Twofold>,
    /// The sum of all squares, and that of the squares of each subject's sum.
    pub(super) squares: Twofold,
    pub(super) by_subject: Twofold,
}

/// Below this share of the total a mean square is nothing but rounding.
const NOTHING: f64 = 1e-24;

/// ICC(2,1) and ICC(3,1) of Shrout and Fleiss (Psychological Bulletin 86, 1979) with the intervals of McGraw and Wong
/// (1996), or why there are none.
pub(super) fn coefficients(added: &Added) -> Result<[Coefficient; 2], &'static str> {
    if added.subjects < 2 {
        return Err("intraclass correlation needs two subjects that every rater rated");
    }
    let many = Twofold::from(added.raters.len() as u64);
    let subjects = Twofold::from(added.subjects);
    let total = added.raters.iter().fold(Twofold::ZERO, |sum, rater| sum + *rater);
    let mean = total * total / (subjects * many);
    let whole = (added.squares - mean).max_zero();
    let between = (added.by_subject / many - mean).max_zero();
    let of_raters = added.raters.iter().fold(Twofold::ZERO, |sum, rater| sum + *rater * *rater);
    let of_raters = (of_raters / subjects - mean).max_zero();
    let rest = (whole - between - of_raters).max_zero();
    let (n, k) = (added.subjects as f64, added.raters.len() as f64);
    let negligible = NOTHING * added.squares.rounded().abs();
    let least = |square: Twofold| if square.rounded() > negligible { square.rounded() } else { 0.0 };
    let [first, second] = [n - 1.0, (n - 1.0) * (k - 1.0)];
    let (msr, msc, mse) = (least(between) / first, least(of_raters) / (k - 1.0), least(rest) / second);
    if msr + mse + msc == 0.0 {
        return Err("all ratings are the same, so that there is no variance to share");
    }
    let single = (msr - mse) / (msr + (k - 1.0) * mse + k * (msc - mse) / n);
    let fixed = (msr - mse) / (msr + (k - 1.0) * mse);
    let f = msr / mse;
    let quantile = |numerator: f64, denominator: f64| {
        let sound =
            numerator > 0.01 && denominator > 0.01 && numerator.is_finite() && denominator.is_finite();
        if sound { f_upper_quantile(0.025, numerator, denominator) } else { f64::NAN }
    };
    let (low, high) = (f / quantile(first, second), f * quantile(second, first));
    let of_fixed = [(low - 1.0) / (low + k - 1.0), (high - 1.0) / (high + k - 1.0)];
    let fj = msc / mse;
    let within = n * (1.0 + (k - 1.0) * single) - k * single;
    let above = k * single * fj + within;
    let below = first * k * k * single * single * fj * fj + within * within;
    let df = (k - 1.0) * first * above * above / below;
    let (upper_f, lower_f) = (quantile(first, df), quantile(df, first));
    let spread = k * msc + (k * n - k - n) * mse;
    let of_single = [
        n * (msr - upper_f * mse) / (upper_f * spread + n * msr),
        n * (lower_f * msr - mse) / (spread + n * lower_f * msr),
    ];
    let statistic = Figure::finite(f);
    let coefficient = |name, estimate, [lower, upper]: [f64; 2]| Coefficient {
        name,
        estimate: Figure::finite(estimate),
        se: None,
        lower: Figure::finite(lower),
        upper: Figure::finite(upper),
        null_se: None,
        statistic,
        df: Some([first, second]),
        p: statistic.map(|f| f_survival(f, first, second)),
        observed: None,
        expected: None,
    };
    Ok([coefficient("ICC(2,1)", single, of_single), coefficient("ICC(3,1)", fixed, of_fixed)])
}
