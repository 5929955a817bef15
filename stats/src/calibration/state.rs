//! What travels between the rounds of a calibration.

use serde::{Deserialize, Serialize};

use super::fit::{Fit, SUMS};
use super::{Calibration, report};
use crate::figure::Figure;
use crate::outcome::Outcome;
use crate::statistic::Next;
use crate::totals::Totals;
use crate::twofold::Twofold;
use crate::weighted;

/// What is known so far: all of it public.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct State {
    /// The rows without and with the event.
    pub(super) classes: [u64; 2],
    pub(super) missing: Option<u64>,
    /// How many predictions are exactly 0 or 1.
    pub(super) certain: Option<u64>,
    /// The means of predictions and of squared errors; none where withheld.
    pub(super) predicted: Option<f64>,
    pub(super) brier: Option<f64>,
    /// For each threshold, how many without and with the event are at or above it; none where withheld.
    pub(super) above: Vec<Option<[u64; 2]>>,
    /// The last cell of every group but the last one; none where a count was withheld.
    pub(super) cuts: Vec<usize>,
    pub(super) off_grid: Option<u64>,
    /// For each group: rows without and with the event, and the mean prediction; none where withheld.
    pub(super) groups: Vec<Option<([u64; 2], f64)>>,
    /// In the large, and with a slope; none before the third round.
    pub(super) fits: Vec<Fit>,
    /// How many numbers were withheld so far.
    pub(super) withheld: usize,
}

/// The most rows, so that products of their counts fit 128 bits, and the largest total.
const MOST_ROWS: u64 = 1 << 40;
const MOST: i128 = 1 << 121;

fn refused(reason: &str) -> Next<State> {
    Next::Answer(Outcome::refused(reason))
}

const NOT_ROWS: &str = "the totals are not those of any rows";

impl State {
    /// Whether a state from outside is one of this analysis.
    pub(super) fn is_sound(&self, asked: &Calibration) -> bool {
        let rows = |counts: &[u64; 2]| counts.iter().all(|count| *count <= MOST_ROWS);
        let group = |group: &Option<([u64; 2], f64)>| {
            group.is_none_or(|(counts, mean)| rows(&counts) && mean.is_finite())
        };
        rows(&self.classes)
            && self.classes != [0, 0]
            && [self.predicted, self.brier].iter().flatten().all(|number| number.is_finite())
            && self.above.len() == asked.thresholds.len()
            && self.above.iter().flatten().all(rows)
            && [0, asked.groups - 1].contains(&self.cuts.len())
            && (self.groups.is_empty() || self.groups.len() == asked.groups)
            && self.groups.iter().all(group)
            && (self.fits.is_empty() || self.fits.len() == 2)
            && self.fits.iter().zip([false, true]).all(|(fit, sloped)| fit.is_sound(sloped))
    }

    /// After the first round.
    pub(super) fn first(asked: &Calibration, totals: &Totals) -> Next<State> {
        let class = |class: usize| totals.count(asked.classes.at(class, 0));
        let classes = match class(0).and(class(1)) {
            Figure::Known((0, 0)) => return refused("no row has the outcome and a prediction"),
            Figure::Known((without, with)) => [without, with],
            Figure::Withheld => {
                let reason = "how many rows have the outcome was withheld by a disclosure rule";
                return Next::Answer(Outcome::suppressed(reason));
            }
            Figure::Undefined => return refused(NOT_ROWS),
        };
        let sums = asked.sums.map(|class| class.map(|at| totals.sum(at).known()));
        if sums.iter().flatten().flatten().any(|sum| sum.unsigned_abs() > MOST.unsigned_abs()) {
            return refused(NOT_ROWS);
        }
        let n = Twofold::from(classes[0]) + Twofold::from(classes[1]);
        let (origin, step) = (asked.predicted.quantity.origin(), asked.predicted.quantity.step());
        let origin = Twofold::from(i128::from(origin));
        let part = |class: usize| {
            let (count, sum) = (Twofold::from(classes[class]), Twofold::from(sums[class][0]?));
            let square = Twofold::from(sums[class][1]?);
            let total = step * (origin * count + sum);
            Some((
                total,
                step * step * (origin * origin * count + Twofold::from(2.0) * origin * sum + square),
            ))
        };
        let parts = part(0).zip(part(1));
        let predicted = parts.map(|((one, _), (two, _))| ((one + two) / n).rounded());
        let brier = parts.map(|((_, one), (sum, two))| {
            ((one + two - Twofold::from(2.0) * sum + Twofold::from(classes[1])) / n).max_zero().rounded()
        });
        let side = |sides: &crate::vector::Cells, class: usize| totals.count(sides.at(class, 1)).known();
        let cells = Figure::all((0..asked.grid.cells()).map(|cell| totals.count(asked.counts.at(cell, 0))));
        let state = State {
            classes,
            missing: totals.count(asked.missing).known(),
            certain: totals.count(asked.certain.at(1, 0)).known(),
            predicted,
            brier,
            above: asked.sides.iter().map(|sides| Some([side(sides, 0)?, side(sides, 1)?])).collect(),
            cuts: cells.known().map_or(Vec::new(), |cells| cuts(&cells, asked.groups)),
            off_grid: asked.missed.and_then(|missed| totals.count(missed).known()),
            groups: Vec::new(),
            fits: Vec::new(),
            withheld: totals.withheld(),
        };
        match state.is_sound(asked) {
            false => refused(NOT_ROWS),
            true if state.cuts.is_empty() => state.begin(asked, totals),
            true => Next::Ask(state),
        }
    }

    /// After the second round.
    pub(super) fn with_groups(mut self, asked: &Calibration, totals: &Totals) -> Next<State> {
        let (origin, step) = (asked.predicted.quantity.origin(), asked.predicted.quantity.step());
        let group = |group: usize| {
            let counts = [totals.count(2 * group).known()?, totals.count(2 * group + 1).known()?];
            let sum = totals.sum(2 * asked.groups + group).known()?;
            let n = Twofold::from(counts[0]) + Twofold::from(counts[1]);
            if n == Twofold::ZERO || sum.unsigned_abs() > MOST.unsigned_abs() {
                return Some((counts, 0.0));
            }
            let mean = step * (Twofold::from(i128::from(origin)) + Twofold::from(sum) / n);
            Some((counts, mean.rounded()))
        };
        self.groups = (0..asked.groups).map(group).collect();
        self.withheld += totals.withheld();
        self.begin(asked, totals)
    }

    /// Begins the fits, or says why there are none.
    fn begin(mut self, asked: &Calibration, totals: &Totals) -> Next<State> {
        self.fits = vec![Fit::start(false), Fit::start(true)];
        let reason = match self.certain {
            Some(0) if self.classes.contains(&0) => "the outcome is the same in every row",
            Some(0) => return Next::Ask(self),
            Some(_) => "a prediction of exactly 0 or 1 has no logit; bound predictions away from them",
            None => "how many predictions are exactly 0 or 1 was withheld by a disclosure rule",
        };
        self.fits.iter_mut().for_each(|fit| fit.fail(reason));
        Next::Answer(report::outcome(asked, &self, totals))
    }

    /// After a later round.
    pub(super) fn with_fits(mut self, asked: &Calibration, totals: &Totals) -> Next<State> {
        let n = self.classes[0] + self.classes[1];
        if totals.withheld() > 0 {
            let reason = "numbers the fit needs were withheld by a disclosure rule";
            self.withheld += totals.withheld();
            self.fits.iter_mut().filter(|fit| fit.is_running()).for_each(|fit| fit.fail(reason));
        } else if totals.count(0) != Figure::Known(n) {
            return refused("the rows are not those of the first round");
        }
        let mut next = 1;
        for fit in self.fits.iter_mut().filter(|fit| fit.is_running()) {
            let sum = |at: usize| {
                let sum = totals.sum(next + 1 + at).known();
                sum.filter(|sum| sum.unsigned_abs() <= MOST.unsigned_abs()).map(weighted::number)
            };
            let sums = [sum(0), sum(1), sum(2), sum(3), sum(4), sum(5)];
            let sums: Option<Vec<Twofold>> = sums.into_iter().collect();
            let sums = sums.and_then(|sums| <[Twofold; SUMS.len()]>::try_from(sums).ok());
            fit.advance(sums.filter(|_| totals.sum(next) == Figure::Known(0)));
            next += 1 + SUMS.len();
        }
        match self.fits.iter().any(Fit::is_running) {
            true => Next::Ask(self),
            false => Next::Answer(report::outcome(asked, &self, totals)),
        }
    }
}

/// The last cells of groups that hold about as many rows each: the first with that share of the rows up to its end.
fn cuts(cells: &[u64], groups: usize) -> Vec<usize> {
    let n: u128 = cells.iter().map(|count| u128::from(*count)).sum();
    let mut up_to = 0_u128;
    let mut cuts = Vec::with_capacity(groups - 1);
    for (cell, count) in cells.iter().enumerate() {
        up_to += u128::from(*count);
        while cuts.len() + 1 < groups && up_to * groups as u128 >= (cuts.len() as u128 + 1) * n {
            cuts.push(cell);
        }
    }
    cuts
}
