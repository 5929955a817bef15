//! Effects in a table of two rows and two columns: the second row against the first, the second column being the
//! event.

use serde::Serialize;

use super::association::Ratio;
use crate::distribution::normal_quantile;
use crate::outcome::{Cell, Table};

/// The effects, each with Wald's 95 % interval.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Effects {
    /// The row compared, and the one it is compared with.
    row: String,
    reference: String,
    /// The column that is counted.
    event: String,
    /// The sample odds ratio, with Woolf's interval on the logarithmic scale.
    odds_ratio: Effect,
    /// The ratio of the shares, with Katz' interval on the logarithmic scale.
    risk_ratio: Effect,
    /// The difference of the shares (`prop.test(correct = FALSE)` with the rows exchanged).
    risk_difference: Effect,
}

/// An estimate, and its interval where there is one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
struct Effect {
    /// Null where it is 0 divided by 0; an infinite one is the text `Inf`.
    estimate: Option<Ratio>,
    lower: Option<f64>,
    upper: Option<f64>,
}

impl Effects {
    /// The effects in a table, `[[a, b], [c, d]]`, no row or column of which is empty.
    pub(super) fn of(counts: [[u64; 2]; 2], rows: [&str; 2], event: &str) -> Self {
        let [[a, b], [c, d]] = counts.map(|row| row.map(|count| count as f64));
        let (first, second) = (a + b, c + d);
        let (base, risk) = (b / first, d / second);
        let wald = (risk * (1.0 - risk) / second + base * (1.0 - base) / first).sqrt();
        let reach = normal_quantile(0.975) * wald;
        let difference = risk - base;
        Self {
            row: rows[1].to_owned(),
            reference: rows[0].to_owned(),
            event: event.to_owned(),
            odds_ratio: Effect::ratio(a * d, b * c, 1.0 / a + 1.0 / b + 1.0 / c + 1.0 / d),
            risk_ratio: Effect::ratio(d * first, b * second, 1.0 / d - 1.0 / second + 1.0 / b - 1.0 / first),
            risk_difference: Effect {
                estimate: Some(Ratio::Finite(difference)),
                lower: Some(difference - reach),
                upper: Some(difference + reach),
            },
        }
    }

    /// A row for people for each effect.
    pub(super) fn shown(&self) -> Table {
        let title = format!("{} against {}, event: {}", self.row, self.reference, self.event);
        let mut table = Table::new(title, ["Effect", "Estimate", "Lower", "Upper"]);
        let effects = [
            ("Odds ratio (sample)", self.odds_ratio),
            ("Risk ratio", self.risk_ratio),
            ("Risk difference", self.risk_difference),
        ];
        table.rows.extend(effects.map(|(name, effect)| {
            let estimate = effect.estimate.map_or(Cell::Empty, Ratio::cell);
            let bound = |bound: Option<f64>| bound.map_or(Cell::Empty, Cell::from);
            vec![name.into(), estimate, bound(effect.lower), bound(effect.upper)]
        }));
        table
    }
}

impl Effect {
    /// A ratio, its interval from the variance of its logarithm; none where that is infinite.
    fn ratio(above: f64, below: f64, variance: f64) -> Self {
        let estimate = match (above > 0.0, below > 0.0) {
            (false, false) => None,
            (_, false) => Some(Ratio::INFINITE),
            _ => Some(Ratio::Finite(above / below)),
        };
        if !(variance.is_finite() && above > 0.0 && below > 0.0) {
            return Self { estimate, lower: None, upper: None };
        }
        let (centre, reach) = (libm::log(above / below), normal_quantile(0.975) * variance.max(0.0).sqrt());
        let bound = |logarithm: f64| Some(libm::exp(logarithm));
        Self { estimate, lower: bound(centre - reach), upper: bound(centre + reach) }
    }
}
