//! The result of `calibration`.

use serde::Serialize;

use super::Calibration;
use super::state::State;
use crate::figure::Figure;
use crate::grid::GridUsed;
use crate::outcome::{Cell, Outcome, Status, Table};
use crate::totals::Totals;
use crate::wald::{ExactShare, Wald};

/// The result.
#[derive(Serialize)]
struct Report {
    n: u64,
    missing: Option<u64>,
    events: u64,
    /// The share with the event, and the mean prediction.
    observed: Figure<f64>,
    mean_predicted: Option<f64>,
    brier: Option<f64>,
    /// One less Brier's score over that of predicting the share.
    scaled_brier: Option<Figure<f64>>,
    in_the_large: Option<Wald>,
    intercept: Option<Wald>,
    slope: Option<Wald>,
    /// Why there is no slope, intercept or calibration in the large.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    grid: GridUsed,
    groups: Option<Vec<Group>>,
    decision_curve: Vec<Point>,
}

/// A group of predictions.
#[derive(Serialize)]
struct Group {
    group: u64,
    /// The point of the grid that its predictions are up to.
    up_to: f64,
    n: Figure<u64>,
    events: Figure<u64>,
    predicted: Figure<f64>,
    observed: Figure<f64>,
    lower: Figure<f64>,
    upper: Figure<f64>,
}

/// A threshold of the decision curve (Vickers and Elkin, Medical Decision Making 26, 2006).
#[derive(Serialize)]
struct Point {
    threshold: f64,
    net_benefit: Option<f64>,
    /// Of treating everybody; treating nobody has 0.
    treat_all: f64,
}

pub(super) fn outcome(asked: &Calibration, state: &State, totals: &Totals) -> Outcome {
    let n = state.classes[0] + state.classes[1];
    let (size, share) = (n as f64, state.classes[1] as f64 / n as f64);
    let point = |(threshold, above): (&f64, &Option<[u64; 2]>)| {
        let odds = threshold / (1.0 - threshold);
        let benefit = above.map(|[false_positives, true_positives]| {
            true_positives as f64 / size - false_positives as f64 / size * odds
        });
        Point { threshold: *threshold, net_benefit: benefit, treat_all: share - (1.0 - share) * odds }
    };
    let (large, sloped) = (&state.fits[0], &state.fits[1]);
    let report = Report {
        n,
        missing: state.missing,
        events: state.classes[1],
        observed: Figure::finite(share),
        mean_predicted: state.predicted,
        brier: state.brier,
        scaled_brier: state.brier.map(|brier| Figure::finite(1.0 - brier / (share * (1.0 - share)))),
        in_the_large: large.intercept(),
        intercept: sloped.intercept(),
        slope: sloped.slope(),
        reason: large.reason().or(sloped.reason()).map(str::to_owned),
        grid: asked.grid.used(state.off_grid),
        groups: (!state.groups.is_empty()).then(|| groups(asked, state)),
        decision_curve: asked.thresholds.iter().zip(&state.above).map(point).collect(),
    };
    let outcome = Outcome::answered(totals, &report, report.tidy(), report.shown());
    match outcome.status {
        // What an earlier round withheld is withheld from the answer.
        Status::Released if state.withheld > 0 => {
            let reason = Some(format!("{} numbers were withheld by a disclosure rule", state.withheld));
            Outcome { status: Status::PartlySuppressed, reason, ..outcome }
        }
        Status::Suppressed => Outcome { status: Status::PartlySuppressed, ..outcome },
        _ => outcome,
    }
}

/// The groups with somebody in them.
fn groups(asked: &Calibration, state: &State) -> Vec<Group> {
    let last = asked.grid.cells() - 1;
    let mut groups = Vec::new();
    for (at, found) in state.groups.iter().enumerate() {
        let up_to = asked.grid.start(state.cuts.get(at).copied().unwrap_or(last).min(last));
        let (n, events, predicted, share) = match found {
            Some(([0, 0], _)) => continue,
            Some((counts, mean)) => {
                let n = counts[0] + counts[1];
                let share = Figure::Known(ExactShare::new(counts[1], n));
                (Figure::Known(n), Figure::Known(counts[1]), Figure::finite(*mean), share)
            }
            None => (Figure::Withheld, Figure::Withheld, Figure::Withheld, Figure::Withheld),
        };
        groups.push(Group {
            group: groups.len() as u64 + 1,
            up_to,
            n,
            events,
            predicted,
            observed: share.and_then(|share| share.estimate),
            lower: share.and_then(|share| share.lower),
            upper: share.and_then(|share| share.upper),
        });
    }
    groups
}

impl Report {
    fn tidy(&self) -> Table {
        let columns = ["group", "up_to", "n", "events", "predicted", "observed", "lower", "upper"];
        let mut table = Table::new("calibration", columns);
        for own in self.groups.iter().flatten() {
            let first = [own.group.into(), own.up_to.into(), own.n.into(), own.events.into()];
            let numbers = [own.predicted, own.observed, own.lower, own.upper].map(Cell::from);
            table.rows.push(first.into_iter().chain(numbers).collect());
        }
        table
    }

    fn shown(&self) -> Vec<Table> {
        let title = format!("Calibration: {} of {} rows with the event", self.events, self.n);
        let mut table = Table::new(title, ["", "Estimate", "Lower", "Upper", "p"]);
        let fits =
            [("In the large", self.in_the_large), ("Intercept", self.intercept), ("Slope", self.slope)];
        for (name, fit) in fits {
            let numbers = match fit {
                Some(fit) => [fit.estimate, fit.lower, fit.upper, fit.p].map(Cell::from),
                None => [Cell::Empty, Cell::Empty, Cell::Empty, Cell::Empty],
            };
            table.rows.push([name.into()].into_iter().chain(numbers).collect());
        }
        let brier = self.brier.map_or(Cell::Withheld, Cell::from);
        table.rows.push(vec!["Brier score".into(), brier, Cell::Empty, Cell::Empty, Cell::Empty]);
        let mut curve = Table::new("Decision curve", ["Threshold", "Net benefit", "Treating all"]);
        for point in &self.decision_curve {
            let benefit = point.net_benefit.map_or(Cell::Withheld, Cell::from);
            curve.rows.push(vec![point.threshold.into(), benefit, point.treat_all.into()]);
        }
        [table, curve].into_iter().filter(|table| !table.rows.is_empty()).collect()
    }
}
