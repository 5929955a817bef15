//! The network's half of `roc`.

use serde::Serialize;

use super::area::{self, Area, Point};
use super::{Counted, Roc, Scored, State};
use crate::figure::Figure;
use crate::grid::GridUsed;
use crate::outcome::{Cell, Outcome, Status, Table};
use crate::totals::Totals;
use crate::wald::{ExactShare, Wald};

/// The result.
#[derive(Serialize)]
struct Curves {
    outcome: String,
    n: u64,
    missing: Option<u64>,
    cases: u64,
    controls: u64,
    scores: Vec<Curve>,
    /// The first score's area less the second's, where there are two.
    #[serde(skip_serializing_if = "Option::is_none")]
    comparison: Option<Comparison>,
}

/// A score.
#[derive(Serialize)]
struct Curve {
    score: String,
    grid: GridUsed,
    auc: Figure<f64>,
    se: Figure<f64>,
    lower: Figure<f64>,
    upper: Figure<f64>,
    /// Against an area of a half.
    statistic: Figure<f64>,
    p: Figure<f64>,
    youden: Option<Place>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<At>,
    curve: Option<Vec<Place>>,
    #[serde(skip)]
    label: String,
}

/// A point of a curve.
#[derive(Serialize)]
struct Place {
    threshold: f64,
    sensitivity: f64,
    specificity: f64,
    /// Youden's.
    index: f64,
}

/// At the threshold of the study.
#[derive(Serialize)]
struct At {
    threshold: f64,
    true_positives: Figure<u64>,
    false_positives: Figure<u64>,
    sensitivity: Option<ExactShare>,
    specificity: Option<ExactShare>,
    positive_predictive_value: Option<ExactShare>,
    negative_predictive_value: Option<ExactShare>,
}

#[derive(Serialize)]
struct Comparison {
    #[serde(flatten)]
    difference: Wald,
    covariance: Figure<f64>,
}

pub(super) fn outcome(roc: &Roc, state: &State, totals: &Totals, products: Option<[i128; 2]>) -> Outcome {
    let classes = state.classes;
    let areas: Vec<Option<Area>> = state
        .scores
        .iter()
        .map(|score| score.occupied.as_ref().map(|occupied| occupied.area(classes)))
        .collect();
    let each = roc.scores.iter().zip(&state.scores).zip(&areas);
    let scores: Vec<Curve> =
        each.map(|((score, counted), area)| curve(score, counted, *area, classes)).collect();
    let comparison = match (&areas[..], products) {
        ([Some(one), Some(two)], Some(products)) => {
            let covariance = one.covariance(two, classes, products);
            let se = (one.variance + two.variance - 2.0 * covariance).max(0.0).sqrt();
            // The greatest of 0 and no number is 0.
            let se = if covariance.is_finite() { se } else { f64::NAN };
            let difference = Wald::new(one.area - two.area, se, 0.0);
            Some(Comparison { difference, covariance: Figure::finite(covariance) })
        }
        _ => None,
    };
    let result = Curves {
        outcome: roc.outcome.0.name.to_string(),
        n: classes[0] + classes[1],
        missing: state.missing,
        cases: classes[1],
        controls: classes[0],
        scores,
        comparison,
    };
    let outcome = Outcome::answered(totals, &result, result.tidy(), result.shown());
    // What the first round withheld is withheld from the answer of the second.
    let is_short =
        |(score, counted): (&Scored, &Counted)| score.threshold.is_some() && counted.above.is_none();
    let short = state.missing.is_none() || roc.scores.iter().zip(&state.scores).any(is_short);
    match outcome.status {
        Status::Released if short => {
            let reason = Some("numbers were withheld by a disclosure rule".to_owned());
            Outcome { status: Status::PartlySuppressed, reason, ..outcome }
        }
        _ => outcome,
    }
}

fn curve(score: &Scored, counted: &Counted, area: Option<Area>, classes: [u64; 2]) -> Curve {
    let test = match area {
        Some(Area { area, variance, .. }) => Wald::within(area, variance.sqrt(), 0.5, 0.0, 1.0),
        None => {
            let none = Figure::Withheld;
            Wald { estimate: none, se: none, statistic: none, p: none, lower: none, upper: none }
        }
    };
    let points = counted.occupied.as_ref().map(|occupied| occupied.curve(classes));
    let place = |point: &Point| Place::new(score.grid.start(point.cell), point.above, classes);
    Curve {
        score: score.number.name.to_string(),
        grid: score.grid.used(counted.missed),
        auc: test.estimate,
        se: test.se,
        lower: test.lower,
        upper: test.upper,
        statistic: test.statistic,
        p: test.p,
        youden: points.as_ref().and_then(|points| area::youden(points, classes)).map(|point| place(&point)),
        at: score.threshold.map(|threshold| At::new(threshold, counted.above, classes)),
        curve: points.map(|points| points.iter().map(place).collect()),
        label: score.label.clone(),
    }
}

impl Place {
    fn new(threshold: f64, above: [u64; 2], classes: [u64; 2]) -> Self {
        let share = |part: u64, class: usize| part as f64 / classes[class] as f64;
        let (sensitivity, specificity) = (share(above[1], 1), share(classes[0] - above[0], 0));
        Self { threshold, sensitivity, specificity, index: sensitivity + specificity - 1.0 }
    }
}

impl At {
    fn new(threshold: f64, above: Option<[u64; 2]>, classes: [u64; 2]) -> Self {
        let Some(above) = above.filter(|above| above[0] <= classes[0] && above[1] <= classes[1]) else {
            let count = Figure::Withheld;
            return Self {
                threshold,
                true_positives: count,
                false_positives: count,
                sensitivity: None,
                specificity: None,
                positive_predictive_value: None,
                negative_predictive_value: None,
            };
        };
        let below = [classes[0] - above[0], classes[1] - above[1]];
        Self {
            threshold,
            true_positives: Figure::Known(above[1]),
            false_positives: Figure::Known(above[0]),
            sensitivity: Some(ExactShare::new(above[1], classes[1])),
            specificity: Some(ExactShare::new(below[0], classes[0])),
            positive_predictive_value: Some(ExactShare::new(above[1], above[0] + above[1])),
            negative_predictive_value: Some(ExactShare::new(below[0], below[0] + below[1])),
        }
    }
}

impl Curves {
    fn tidy(&self) -> Table {
        let mut table = Table::new("roc", ["score", "threshold", "sensitivity", "specificity"]);
        for score in &self.scores {
            for point in score.curve.iter().flatten() {
                let numbers = [point.threshold, point.sensitivity, point.specificity].map(Cell::from);
                table.rows.push([score.score.as_str().into()].into_iter().chain(numbers).collect());
            }
        }
        table
    }

    fn shown(&self) -> Vec<Table> {
        let title = format!("Area under the curve: {} of {} rows with the event", self.cases, self.n);
        let mut areas = Table::new(title, ["Score", "Area", "Lower", "Upper", "p"]);
        for score in &self.scores {
            let numbers = [score.auc, score.lower, score.upper, score.p].map(Cell::from);
            areas.rows.push([score.label.as_str().into()].into_iter().chain(numbers).collect());
        }
        if let Some(Comparison { difference, .. }) = &self.comparison {
            let numbers =
                [difference.estimate, difference.lower, difference.upper, difference.p].map(Cell::from);
            areas.rows.push(["Difference".into()].into_iter().chain(numbers).collect());
        }
        let columns = ["Score", "Threshold", "", "Estimate", "Lower", "Upper"];
        let mut at = Table::new("At the threshold", columns);
        for (score, own) in self.scores.iter().filter_map(|score| Some((score, score.at.as_ref()?))) {
            let rows = [
                ("Sensitivity", &own.sensitivity),
                ("Specificity", &own.specificity),
                ("Positive predictive value", &own.positive_predictive_value),
                ("Negative predictive value", &own.negative_predictive_value),
            ];
            for (name, share) in rows {
                let figures = match share {
                    Some(share) => [share.estimate, share.lower, share.upper].map(Cell::from),
                    None => [Cell::Withheld, Cell::Withheld, Cell::Withheld],
                };
                let first = [score.label.as_str().into(), own.threshold.into(), name.into()];
                at.rows.push(first.into_iter().chain(figures).collect());
            }
        }
        [areas, at].into_iter().filter(|table| !table.rows.is_empty()).collect()
    }
}
