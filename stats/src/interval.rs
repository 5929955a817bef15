//! Intervals of a probability on a transformed scale, as `survfit` has them.

use notochord_proto::fields::{FieldValue, FromField, one_of};

use crate::distribution::normal_quantile;
use crate::figure::Figure;

/// The scale on which the interval is symmetric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scale {
    /// The logarithm; cut off at 1.
    Log,
    /// The logarithm of minus the logarithm (Kalbfleisch and Prentice).
    LogLog,
    /// The probability itself; cut off at 0 and 1.
    Plain,
}

impl FromField for Scale {
    fn from_field(value: &FieldValue) -> Result<Self, String> {
        one_of(value, &[("log", Self::Log), ("log-log", Self::LogLog), ("plain", Self::Plain)])
    }
}

impl Scale {
    /// Its name in studies.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::LogLog => "log-log",
            Self::Plain => "plain",
        }
    }

    /// The 95 % interval of a probability, from the standard error of its logarithm; there is none of 0. That of a sure 1 is
    /// 1 on every scale, where `survfit` has none on that of Kalbfleisch and Prentice once somebody left.
    pub(crate) fn interval(self, probability: f64, se_of_log: f64) -> [Figure<f64>; 2] {
        if !(probability > 0.0 && se_of_log.is_finite()) {
            return [Figure::Undefined; 2];
        }
        let reach = normal_quantile(0.975) * se_of_log;
        let log = libm::log(probability);
        let ends = match self {
            Self::Log => [libm::exp(log - reach), libm::exp(log + reach).min(1.0)],
            Self::Plain => {
                let reach = reach * probability;
                [(probability - reach).max(0.0), (probability + reach).min(1.0)]
            }
            Self::LogLog if probability >= 1.0 && se_of_log == 0.0 => [1.0, 1.0],
            Self::LogLog if probability >= 1.0 => return [Figure::Undefined; 2],
            Self::LogLog => {
                let (centre, reach) = (libm::log(-log), reach / log);
                [libm::exp(-libm::exp(centre - reach)), libm::exp(-libm::exp(centre + reach))]
            }
        };
        ends.map(Figure::finite)
    }
}
