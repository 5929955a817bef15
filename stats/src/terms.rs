//! The terms of a model: which it may report, for analyses that stand on it, and as it reports them.

use serde::Serialize;

use crate::distribution::{t_critical, t_two_sided};
use crate::levels::Levels;
use crate::outcome::{Cell, Table};

/// The name of the intercept.
pub(crate) const INTERCEPT: &str = "(Intercept)";

/// The terms that an analysis may report, before anything is known of the data.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Terms {
    /// Every name that may stand in `terms` of the result, in its order. Terms of levels nobody has are among them.
    pub(crate) names: Vec<String>,
    /// The reference level of each factor that is coded by contrasts with it, by position. Where nobody has it, the
    /// terms of the factor are contrasts with another level, and the names mean something else.
    pub(crate) references: Vec<(Levels, usize)>,
}

/// What a term's statistic is compared with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Reference {
    /// Student's t with these degrees of freedom.
    T(f64),
    /// The normal distribution.
    Normal,
}

/// A term: estimate, standard error, their ratio, its two-sided p-value and a 95 % interval. Its numbers are null
/// where it is aliased.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Term {
    pub(crate) name: String,
    pub(crate) estimate: Option<f64>,
    pub(crate) se: Option<f64>,
    pub(crate) statistic: Option<f64>,
    pub(crate) p: Option<f64>,
    pub(crate) lower: Option<f64>,
    pub(crate) upper: Option<f64>,
}

/// The covariance matrix of the terms that are not aliased.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Covariance {
    pub(crate) terms: Vec<String>,
    pub(crate) values: Vec<Vec<f64>>,
}

/// The headings of the tidy table of terms.
const TIDY: [&str; 7] = ["term", "estimate", "se", "statistic", "p", "lower", "upper"];

impl Reference {
    /// The two-sided p-value of a statistic.
    pub(crate) fn p(self, statistic: f64) -> f64 {
        match self {
            Self::T(df) => t_two_sided(statistic, df),
            Self::Normal => libm::erfc(statistic.abs() * std::f64::consts::FRAC_1_SQRT_2),
        }
    }

    /// How many standard errors a 95 % interval reaches.
    pub(crate) fn critical(self) -> f64 {
        match self {
            Self::T(df) => t_critical(0.95, df),
            // R: qnorm(0.975)
            Self::Normal => 1.959_963_984_540_054,
        }
    }

    /// The statistic's name.
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Self::T(_) => "t",
            Self::Normal => "z",
        }
    }
}

impl Term {
    /// A term whose column others give.
    pub(crate) fn aliased(name: String) -> Self {
        Self { name, estimate: None, se: None, statistic: None, p: None, lower: None, upper: None }
    }

    /// A term that is estimated. `critical` is [`Reference::critical`], found once for all terms.
    pub(crate) fn estimated(
        name: String,
        estimate: f64,
        se: f64,
        reference: Reference,
        critical: f64,
    ) -> Self {
        let finite = |number: f64| Some(number).filter(|number| number.is_finite());
        let statistic = estimate / se;
        Self {
            name,
            estimate: finite(estimate),
            se: finite(se),
            statistic: finite(statistic),
            p: finite(reference.p(statistic)),
            lower: finite(estimate - critical * se),
            upper: finite(estimate + critical * se),
        }
    }

    fn cells(&self) -> Vec<Cell> {
        let numbers = [self.estimate, self.se, self.statistic, self.p, self.lower, self.upper];
        let numbers = numbers.into_iter().map(|number| number.map_or(Cell::Empty, Cell::from));
        std::iter::once(self.name.as_str().into()).chain(numbers).collect()
    }
}

/// The tidy table of terms.
pub(crate) fn tidy(kind: &str, terms: &[Term]) -> Table {
    let mut table = Table::new(kind, TIDY);
    table.rows.extend(terms.iter().map(Term::cells));
    table
}

/// The table of terms for people.
pub(crate) fn shown(title: String, terms: &[Term], symbol: &str) -> Table {
    let mut table = Table::new(title, ["Term", "Estimate", "SE", symbol, "p", "Lower", "Upper"]);
    table.rows.extend(terms.iter().map(Term::cells));
    table
}
