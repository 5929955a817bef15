//! Tests of means and variances, from the exact sums of each group: `t.test`, `aov`, `oneway.test` and `var.test`.

use serde::Serialize;

use super::asked::Asked;
use crate::distribution::{f_cdf, f_survival, f_upper_quantile, t_critical, t_two_sided};
use crate::moments::centred_squares;
use crate::outcome::Cell;
use crate::quantity::Quantity;
use crate::twofold::Twofold;

/// The exact sums of an occupied group.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    n: u64,
    sum: i128,
    /// `n` times the sum of squares about the mean, in squared steps.
    centred: i128,
    quantity: Quantity,
}

/// The result of a test. Numbers a test does not have are null.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
pub(super) struct TestResult {
    pub(super) name: &'static str,
    pub(super) statistic: Option<f64>,
    pub(super) df: Option<Degrees>,
    pub(super) p: Option<f64>,
    pub(super) estimate: Option<f64>,
    pub(super) lower: Option<f64>,
    pub(super) upper: Option<f64>,
    /// Between and within groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sum_of_squares: Option<[f64; 2]>,
    /// How the p-value of ranks was found, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) method: Option<&'static str>,
    /// The p-value of ranks by the normal approximation, with and without continuity correction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) normal: Option<Normal>,
    /// Whether the ranks are those of cells, because not every value lies on the grid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) binned: Option<bool>,
    /// Why there is no test.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<&'static str>,
}

/// Two p-values of the normal approximation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Normal {
    pub(super) p_corrected: f64,
    pub(super) p_uncorrected: f64,
}

/// Degrees of freedom: of t or chi-squared, or between and within groups.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(untagged)]
pub(super) enum Degrees {
    Of(f64),
    BetweenWithin([u64; 2]),
    BetweenAbout(u64, f64),
}

impl Sample {
    /// None where no values have these sums.
    pub(crate) fn new(n: u64, sum: i128, squares: i128, quantity: Quantity) -> Option<Self> {
        Some(Self { n, sum, centred: centred_squares(n, sum, squares)?, quantity })
    }

    /// The mean less the origin, in steps.
    fn mean(&self) -> Twofold {
        Twofold::from(self.sum) / Twofold::from(self.n)
    }

    /// The mean.
    fn value(&self) -> f64 {
        ((self.mean() + Twofold::from(i128::from(self.quantity.origin()))) * self.quantity.step()).rounded()
    }

    /// The sum of squares about the mean, in squared steps.
    fn squares(&self) -> Twofold {
        Twofold::from(self.centred) / Twofold::from(self.n)
    }

    /// The squared standard error of the mean, in squared steps; `n` is at least 2.
    fn squared_error(&self) -> f64 {
        (self.squares() / (Twofold::from(self.n) * Twofold::from(self.n - 1))).rounded()
    }
}

/// The test of these groups, or why they allow none. `mu` is what the null hypothesis says.
pub(super) fn run(test: Asked, samples: &[Sample], mu: f64) -> Result<TestResult, String> {
    match (test, samples) {
        (_, []) if test.is_of_groups() => Err("no row has both the outcome and the group".to_owned()),
        (_, []) => Err("no row has what is compared".to_owned()),
        (Asked::Anova, samples) => anova(samples),
        (Asked::WelchAnova, samples) => welch_anova_result(samples),
        (Asked::OneSample | Asked::PairedT, [one]) => of_one(test, one, mu),
        (Asked::Variance, [one, two]) => variances(one, two),
        (_, [one, two]) => of_two(test, one, two, mu),
        (_, samples) => Err(format!(
            "the {} test compares two groups, and here {} have anybody in them",
            test.name(),
            samples.len()
        )),
    }
}

const NO_VARIATION: &str = "the outcome does not vary within the groups";
const ONE_ROW: &str = "a group has one row only, and so no variance";

fn of_one(test: Asked, one: &Sample, mu: f64) -> Result<TestResult, String> {
    if one.n < 2 {
        return Err("there is one value only, and so no variance".to_owned());
    }
    if one.centred == 0 {
        return Err("the values are all the same".to_owned());
    }
    let (error, df) = (one.squared_error().sqrt() * one.quantity.step().rounded(), (one.n - 1) as f64);
    Ok(of_difference(test, one.value(), mu, error, df))
}

fn of_two(test: Asked, one: &Sample, two: &Sample, mu: f64) -> Result<TestResult, String> {
    if test == Asked::Welch && (one.n < 2 || two.n < 2) || one.n + two.n < 3 {
        return Err(ONE_ROW.to_owned());
    }
    let (square, df) = if test == Asked::Welch { unpooled(one, two) } else { pooled(one, two) };
    if square <= 0.0 {
        return Err(NO_VARIATION.to_owned());
    }
    let step = one.quantity.step();
    let estimate = ((one.mean() - two.mean()) * step).rounded();
    Ok(of_difference(test, estimate, mu, square.sqrt() * step.rounded(), df))
}

/// Student's t of an estimate with this standard error.
fn of_difference(test: Asked, estimate: f64, mu: f64, error: f64, df: f64) -> TestResult {
    let statistic = (estimate - mu) / error;
    let reach = t_critical(0.95, df) * error;
    TestResult {
        name: test.name(),
        statistic: Some(statistic),
        df: Some(Degrees::Of(df)),
        p: Some(t_two_sided(statistic, df)),
        estimate: Some(estimate),
        lower: Some(estimate - reach),
        upper: Some(estimate + reach),
        ..TestResult::default()
    }
}

/// Welch's squared error of the difference, in squared steps, and its degrees of freedom.
fn unpooled(one: &Sample, two: &Sample) -> (f64, f64) {
    let (first, second) = (one.squared_error(), two.squared_error());
    let square = first + second;
    let (first, second) = (first / square, second / square);
    (square, 1.0 / (first * first / (one.n - 1) as f64 + second * second / (two.n - 1) as f64))
}

/// Student's squared error of the difference, in squared steps, and its degrees of freedom.
fn pooled(one: &Sample, two: &Sample) -> (f64, f64) {
    let df = (one.n + two.n - 2) as f64;
    let variance = (one.squares() + two.squares()).rounded() / df;
    (variance * (1.0 / one.n as f64 + 1.0 / two.n as f64), df)
}

/// The F test of two variances, their ratio and its interval.
fn variances(one: &Sample, two: &Sample) -> Result<TestResult, String> {
    if one.n < 2 || two.n < 2 {
        return Err(ONE_ROW.to_owned());
    }
    if one.centred == 0 || two.centred == 0 {
        return Err("the outcome does not vary within a group".to_owned());
    }
    let ratio =
        (one.squares() / Twofold::from(one.n - 1) / (two.squares() / Twofold::from(two.n - 1))).rounded();
    let (first, second) = ((one.n - 1) as f64, (two.n - 1) as f64);
    let tail = f_cdf(ratio, first, second).min(f_survival(ratio, first, second));
    Ok(TestResult {
        name: Asked::Variance.name(),
        statistic: Some(ratio),
        df: Some(Degrees::BetweenWithin([one.n - 1, two.n - 1])),
        p: Some((2.0 * tail).min(1.0)),
        estimate: Some(ratio),
        lower: Some(ratio / f_upper_quantile(0.025, first, second)),
        upper: Some(ratio * f_upper_quantile(0.025, second, first)),
        ..TestResult::default()
    })
}

fn anova(samples: &[Sample]) -> Result<TestResult, String> {
    let groups = samples.len() as u64;
    let n: u64 = samples.iter().map(|sample| sample.n).sum();
    if groups < 2 {
        return Err("an analysis of variance compares groups, and only one has anybody in it".to_owned());
    }
    if n == groups {
        return Err("every group has one row only, and so there is no variance within groups".to_owned());
    }
    let (between_df, within_df) = (groups - 1, n - groups);
    let total = samples.iter().fold(0_i128, |total, sample| total.saturating_add(sample.sum));
    let mean = Twofold::from(total) / Twofold::from(n);
    let (mut between, mut within) = (Twofold::ZERO, Twofold::ZERO);
    for sample in samples {
        let distance = sample.mean() - mean;
        between = between + distance * distance * Twofold::from(sample.n);
        within = within + sample.squares();
    }
    if within <= Twofold::ZERO {
        return Err(NO_VARIATION.to_owned());
    }
    let mean_squares = (between / Twofold::from(between_df), within / Twofold::from(within_df));
    let statistic = (mean_squares.0 / mean_squares.1).rounded();
    let step = samples[0].quantity.step();
    Ok(TestResult {
        name: Asked::Anova.name(),
        statistic: Some(statistic),
        df: Some(Degrees::BetweenWithin([between_df, within_df])),
        p: Some(f_survival(statistic, between_df as f64, within_df as f64)),
        sum_of_squares: Some([between, within].map(|squares| (squares * step * step).rounded())),
        ..TestResult::default()
    })
}

/// Welch's analysis of variance (`oneway.test`): F, its degrees of freedom and p; two groups give the square of Welch's
/// t. Or why these groups allow none.
pub(crate) fn welch_anova(samples: &[Sample]) -> Result<(f64, u64, f64, f64), &'static str> {
    let Some(reference) = samples.first().filter(|_| samples.len() > 1) else {
        return Err("an analysis of variance compares groups, and fewer than two have anybody in them");
    };
    if samples.iter().any(|sample| sample.n < 2) {
        return Err(ONE_ROW);
    }
    if samples.iter().any(|sample| sample.centred == 0) {
        return Err("the outcome does not vary within a group");
    }
    let weights: Vec<f64> = samples.iter().map(|sample| 1.0 / sample.squared_error()).collect();
    let total: f64 = weights.iter().sum();
    // Means less the first, so that nothing is lost where they are far from 0.
    let means: Vec<f64> = samples.iter().map(|sample| (sample.mean() - reference.mean()).rounded()).collect();
    let centre = weights.iter().zip(&means).map(|(weight, mean)| weight * mean).sum::<f64>() / total;
    let spread = |(weight, mean): (&f64, &f64)| weight * (mean - centre) * (mean - centre);
    let between: f64 = weights.iter().zip(&means).map(spread).sum();
    let k = samples.len() as f64;
    let term = |(sample, weight): (&Sample, &f64)| {
        (1.0 - weight / total) * (1.0 - weight / total) / (sample.n - 1) as f64
    };
    let lambda = samples.iter().zip(&weights).map(term).sum::<f64>() / (k * k - 1.0);
    let statistic = between / ((k - 1.0) * (1.0 + 2.0 * (k - 2.0) * lambda));
    let (first, second) = (samples.len() as u64 - 1, 1.0 / (3.0 * lambda));
    Ok((statistic, first, second, f_survival(statistic, first as f64, second)))
}

fn welch_anova_result(samples: &[Sample]) -> Result<TestResult, String> {
    let (statistic, first, second, p) = welch_anova(samples)?;
    Ok(TestResult {
        name: Asked::WelchAnova.name(),
        statistic: Some(statistic),
        df: Some(Degrees::BetweenAbout(first, second)),
        p: Some(p),
        ..TestResult::default()
    })
}

impl TestResult {
    /// A test that needs a withheld number.
    pub(super) fn withheld(name: &'static str) -> Self {
        let reason = "a number it needs was withheld by a disclosure rule";
        Self { name, reason: Some(reason), ..Self::default() }
    }

    /// Name, statistic, degrees of freedom (within groups apart), p, estimate, lower, upper.
    pub(super) fn cells(&self) -> [Cell; 8] {
        let absent = if self.reason.is_some() { Cell::Withheld } else { Cell::Empty };
        let cell = |number: Option<f64>| number.map_or(absent.clone(), Cell::from);
        let (df, within) = match self.df {
            Some(Degrees::Of(df)) => (df.into(), Cell::Empty),
            Some(Degrees::BetweenWithin([between, within])) => (between.into(), within.into()),
            Some(Degrees::BetweenAbout(between, within)) => (between.into(), within.into()),
            None => (absent.clone(), Cell::Empty),
        };
        [
            self.name.into(),
            cell(self.statistic),
            df,
            within,
            cell(self.p),
            cell(self.estimate),
            cell(self.lower),
            cell(self.upper),
        ]
    }
}
