//! Synthesis of estimates and their standard errors: common effect and random effects.
//!
//! The formulas are those of Viechtbauer (Journal of Statistical Software 36(3), 2010): R's `metafor::rma` with
//! `method = "FE"`, `"DL"` and `"REML"`, `test = "z"` and `"knha"`.

use crate::distribution::{chi_squared_survival, t_critical, t_two_sided};

/// An estimate of one site, with its standard error above 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Estimate {
    pub(super) value: f64,
    pub(super) se: f64,
}

/// A combined estimate with its test and 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Combined {
    pub(super) estimate: f64,
    pub(super) se: f64,
    pub(super) statistic: f64,
    /// Of Student's t; none where the test is normal.
    pub(super) df: Option<u64>,
    pub(super) p: f64,
    pub(super) interval: (f64, f64),
}

/// How much sites differ beyond chance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Heterogeneity {
    /// Cochran's Q, chi-squared with `df` where they do not differ.
    pub(super) q: f64,
    pub(super) df: u64,
    pub(super) p: f64,
    /// Higgins' I² from Q, in percent.
    pub(super) i_squared: f64,
}

/// A random-effects synthesis.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Random {
    /// The variance between sites.
    pub(super) tau_squared: f64,
    /// The share of the total variance that it is, in percent.
    pub(super) i_squared: f64,
    /// With the normal test.
    pub(super) normal: Option<Combined>,
    /// With Hartung's and Knapp's variance and t; none where the estimates do not differ at all.
    pub(super) hartung_knapp: Option<Combined>,
    /// Where the effect of a further site lies with probability 0.95, by the same variance and t.
    pub(super) prediction: Option<(f64, f64)>,
    /// The share of each site, in percent.
    pub(super) weights: Vec<f64>,
}

/// The distance from 0 that a standard normal stays within with probability 0.95.
const NORMAL: f64 = 1.959_963_984_540_054;

/// The common-effect synthesis, and the share of each site in percent.
pub(super) fn fixed(estimates: &[Estimate]) -> Option<(Combined, Vec<f64>)> {
    let weighted = Weighted::new(estimates, 0.0)?;
    Some((Combined::normal(weighted.mean, weighted.se())?, weighted.shares()))
}

/// How much two or more estimates differ.
pub(super) fn heterogeneity(estimates: &[Estimate]) -> Option<Heterogeneity> {
    let df = (estimates.len() as u64).checked_sub(1).filter(|df| *df > 0)?;
    let q = Weighted::new(estimates, 0.0)?.q();
    let i_squared = if q > df as f64 { 100.0 * (q - df as f64) / q } else { 0.0 };
    q.is_finite().then(|| Heterogeneity { q, df, p: chi_squared_survival(q, df as f64), i_squared })
}

/// DerSimonian's and Laird's variance between two or more sites.
pub(super) fn dersimonian_laird(estimates: &[Estimate]) -> Option<f64> {
    let df = estimates.len().checked_sub(1).filter(|df| *df > 0)? as f64;
    let common = Weighted::new(estimates, 0.0)?;
    finite(((common.q() - df) / common.trace()).max(0.0))
}

/// The variance between two or more sites by restricted maximum likelihood; none where it is not found.
pub(super) fn reml(estimates: &[Estimate]) -> Option<f64> {
    const MOST_STEPS: usize = 2_000;
    let mut tau_squared = dersimonian_laird(estimates)?;
    let smallest = estimates.iter().map(|one| one.se * one.se).fold(f64::INFINITY, f64::min);
    let mut likelihood = Weighted::new(estimates, tau_squared)?.restricted_likelihood();
    for _ in 0..MOST_STEPS {
        let now = Weighted::new(estimates, tau_squared)?;
        let mut step = (now.score() / now.information()).max(-tau_squared);
        loop {
            if step.abs() <= 1e-14 * (tau_squared + smallest) {
                return finite(tau_squared);
            }
            let next = Weighted::new(estimates, tau_squared + step)?.restricted_likelihood();
            // Near the top the likelihood no longer tells: there its rounding is larger than what a step gains.
            if next >= likelihood - 1e-12 * likelihood.abs().max(1.0) {
                likelihood = next;
                tau_squared += step;
                break;
            }
            step /= 2.0;
        }
    }
    None
}

/// The synthesis with a variance between sites.
pub(super) fn random(estimates: &[Estimate], tau_squared: f64) -> Option<Random> {
    let weighted = Weighted::new(estimates, tau_squared)?;
    let df = (estimates.len() as u64).checked_sub(1).filter(|df| *df > 0)?;
    let common = Weighted::new(estimates, 0.0)?;
    let typical = df as f64 / common.trace();
    let variance = weighted.q() / df as f64 / weighted.total;
    let critical = t_critical(0.95, df as f64);
    let half = critical * (variance + tau_squared).sqrt();
    Some(Random {
        tau_squared,
        i_squared: finite(100.0 * tau_squared / (tau_squared + typical))?,
        normal: Combined::normal(weighted.mean, weighted.se()),
        hartung_knapp: Combined::student(weighted.mean, variance.sqrt(), df, critical),
        prediction: half.is_finite().then_some((weighted.mean - half, weighted.mean + half)),
        weights: weighted.shares(),
    })
}

/// Estimates with the weights that a variance between sites gives them.
struct Weighted<'a> {
    estimates: &'a [Estimate],
    weights: Vec<f64>,
    total: f64,
    mean: f64,
}

impl<'a> Weighted<'a> {
    fn new(estimates: &'a [Estimate], tau_squared: f64) -> Option<Self> {
        let weights: Vec<f64> = estimates.iter().map(|one| 1.0 / (one.se * one.se + tau_squared)).collect();
        let total: f64 = weights.iter().sum();
        let sum: f64 = weights.iter().zip(estimates).map(|(weight, one)| weight * one.value).sum();
        let mean = sum / total;
        (total > 0.0 && total.is_finite() && mean.is_finite()).then_some(Self {
            estimates,
            weights,
            total,
            mean,
        })
    }

    /// The standard error of the mean, if the weights are the inverse variances.
    fn se(&self) -> f64 {
        (1.0 / self.total).sqrt()
    }

    fn shares(&self) -> Vec<f64> {
        self.weights.iter().map(|weight| 100.0 * weight / self.total).collect()
    }

    /// The sum of powers of the weights.
    fn power(&self, power: i32) -> f64 {
        let raised = |weight: &f64| (1..power).fold(*weight, |product, _| product * weight);
        self.weights.iter().map(raised).sum()
    }

    /// The weighted squares about the mean.
    fn q(&self) -> f64 {
        let square =
            |(weight, one): (&f64, &Estimate)| weight * (one.value - self.mean) * (one.value - self.mean);
        self.weights.iter().zip(self.estimates).map(square).sum()
    }

    /// The trace of P, the weights about the mean.
    fn trace(&self) -> f64 {
        self.total - self.power(2) / self.total
    }

    /// Twice the derivative of the restricted likelihood by the variance between sites.
    fn score(&self) -> f64 {
        let square = |(weight, one): (&f64, &Estimate)| {
            let residual = weight * (one.value - self.mean);
            residual * residual
        };
        self.weights.iter().zip(self.estimates).map(square).sum::<f64>() - self.trace()
    }

    /// Twice the expected information about the variance between sites: the trace of P².
    fn information(&self) -> f64 {
        let share = self.power(2) / self.total;
        self.power(2) - 2.0 * self.power(3) / self.total + share * share
    }

    /// The restricted log-likelihood, but for a constant.
    fn restricted_likelihood(&self) -> f64 {
        let logs: f64 = self.weights.iter().map(|weight| libm::log(*weight)).sum();
        0.5 * (logs - libm::log(self.total) - self.q())
    }
}

impl Combined {
    fn normal(estimate: f64, se: f64) -> Option<Self> {
        let statistic = finite(estimate / se)?;
        let p = chi_squared_survival(finite(statistic * statistic)?, 1.0);
        Self::of(estimate, se, statistic, None, p, NORMAL * se)
    }

    fn student(estimate: f64, se: f64, df: u64, critical: f64) -> Option<Self> {
        let statistic = finite(estimate / se)?;
        let p = t_two_sided(statistic, df as f64);
        Self::of(estimate, se, statistic, Some(df), p, critical * se)
    }

    fn of(estimate: f64, se: f64, statistic: f64, df: Option<u64>, p: f64, half: f64) -> Option<Self> {
        let interval = (estimate - half, estimate + half);
        let finite = [estimate, se, p, interval.0, interval.1].iter().all(|number| number.is_finite());
        finite.then_some(Self { estimate, se, statistic, df, p, interval })
    }
}

fn finite(number: f64) -> Option<f64> {
    number.is_finite().then_some(number)
}
