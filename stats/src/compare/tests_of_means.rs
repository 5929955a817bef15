//! Welch's and Student's t tests and the analysis of variance, from the exact sums of each group.

use serde::Serialize;

use super::TestOfMeans;
use crate::distribution::{f_survival, t_critical, t_two_sided};
use crate::moments::centred_squares;
use crate::outcome::Cell;
use crate::quantity::Quantity;
use crate::twofold::Twofold;

/// The exact sums of an occupied group.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    n: u64,
    sum: i128,
    /// `n` times the sum of squares about the mean, in squared steps.
    centred: i128,
    quantity: Quantity,
}

/// The result of a test. Numbers a test does not have are null.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
pub(super) struct TestResult {
    name: &'static str,
    statistic: Option<f64>,
    df: Option<Degrees>,
    p: Option<f64>,
    estimate: Option<f64>,
    lower: Option<f64>,
    upper: Option<f64>,
    /// Between and within groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    sum_of_squares: Option<[f64; 2]>,
    /// Why there is no test.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

/// Degrees of freedom: of t, or between and within groups.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(untagged)]
enum Degrees {
    Of(f64),
    BetweenWithin([u64; 2]),
}

impl Sample {
    /// None where no values have these sums.
    pub(super) fn new(n: u64, sum: i128, squares: i128, quantity: Quantity) -> Option<Self> {
        Some(Self { n, sum, centred: centred_squares(n, sum, squares)?, quantity })
    }

    /// The mean less the origin, in steps.
    fn mean(&self) -> Twofold {
        Twofold::from(self.sum) / Twofold::from(self.n)
    }

    /// The sum of squares about the mean, in squared steps.
    fn squares(&self) -> Twofold {
        Twofold::from(self.centred) / Twofold::from(self.n)
    }

    /// The squared standard error of the mean, in squared steps.
    fn squared_error(&self) -> f64 {
        (self.squares() / (Twofold::from(self.n) * Twofold::from(self.n - 1))).rounded()
    }
}

impl TestOfMeans {
    /// Its name in studies and results.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Welch => "welch",
            Self::Student => "student",
            Self::Anova => "anova",
        }
    }

    /// The test of these groups, or why they allow none. `mu` is the difference under the null hypothesis.
    pub(super) fn run(self, samples: &[Sample], mu: f64) -> Result<TestResult, String> {
        match (self, samples) {
            (_, []) => Err("no row has both the outcome and the group".to_owned()),
            (Self::Anova, samples) => anova(samples),
            (_, [one, two]) => self.of_two(one, two, mu),
            (_, samples) => Err(format!(
                "the {} test compares two groups, and here {} have anybody in them",
                self.name(),
                samples.len()
            )),
        }
    }

    fn of_two(self, one: &Sample, two: &Sample, mu: f64) -> Result<TestResult, String> {
        if self == Self::Welch && (one.n < 2 || two.n < 2) || one.n + two.n < 3 {
            return Err("a group has one row only, and so no variance".to_owned());
        }
        let (square, df) = if self == Self::Welch { unpooled(one, two) } else { pooled(one, two) };
        if square <= 0.0 {
            return Err(NO_VARIATION.to_owned());
        }
        let step = one.quantity.step();
        let error = square.sqrt() * step.rounded();
        let estimate = ((one.mean() - two.mean()) * step).rounded();
        let statistic = (estimate - mu) / error;
        let reach = t_critical(0.95, df) * error;
        Ok(TestResult {
            name: self.name(),
            statistic: Some(statistic),
            df: Some(Degrees::Of(df)),
            p: Some(t_two_sided(statistic, df)),
            estimate: Some(estimate),
            lower: Some(estimate - reach),
            upper: Some(estimate + reach),
            ..TestResult::default()
        })
    }
}

const NO_VARIATION: &str = "the outcome does not vary within the groups";

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
        name: TestOfMeans::Anova.name(),
        statistic: Some(statistic),
        df: Some(Degrees::BetweenWithin([between_df, within_df])),
        p: Some(f_survival(statistic, between_df as f64, within_df as f64)),
        sum_of_squares: Some([between, within].map(|squares| (squares * step * step).rounded())),
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
