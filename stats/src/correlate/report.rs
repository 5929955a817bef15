//! What correlations report.

use serde::Serialize;

use super::coefficient::{Centred, Coefficient, Spread, centred};
use super::numbers::Numbers;
use crate::figure::Figure;
use crate::grid::GridUsed;
use crate::outcome::{Cell, Outcome, Table};
use crate::quantity::Quantity;
use crate::totals::Totals;
use crate::twofold::Twofold;

/// The exact sums of some numbers, and of the products of two: `products[i][j]` with `j <= i`.
pub(super) struct Products {
    pub(super) sums: Vec<i128>,
    pub(super) products: Vec<Vec<i128>>,
}

/// What a unit of a number is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Unit {
    /// A step of a variable.
    Of(Quantity),
    /// Half a rank, which has no covariance anybody asks for.
    Rank,
}

/// What is known when the last round is done.
pub(super) struct Answer<'a> {
    pub(super) numbers: &'a Numbers,
    pub(super) method: &'static str,
    pub(super) spread: Spread,
    pub(super) n: u64,
    pub(super) lost: Figure<u64>,
    pub(super) units: Vec<Unit>,
    pub(super) grids: Option<Vec<GridLine>>,
}

/// The grid that a number was ranked on.
#[derive(Serialize)]
pub(super) struct GridLine {
    pub(super) variable: String,
    #[serde(flatten)]
    pub(super) grid: GridUsed,
}

/// The result.
#[derive(Serialize)]
struct Report {
    method: &'static str,
    /// How many rows have every variable.
    n: u64,
    /// How many lack one.
    missing: Figure<u64>,
    correlation: Matrix,
    #[serde(skip_serializing_if = "Option::is_none")]
    covariance: Option<Matrix>,
    pairs: Vec<Pair>,
    #[serde(skip_serializing_if = "Option::is_none")]
    grids: Option<Vec<GridLine>>,
}

/// A symmetric matrix; null where there is no number.
#[derive(Serialize)]
struct Matrix {
    variables: Vec<String>,
    values: Vec<Vec<Option<f64>>>,
}

/// Two variables.
#[derive(Serialize)]
struct Pair {
    x: String,
    y: String,
    n: u64,
    estimate: Option<f64>,
    statistic: Option<f64>,
    df: Option<u64>,
    p: Option<f64>,
    lower: Option<f64>,
    upper: Option<f64>,
    /// Why there is no coefficient.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Their labels.
    #[serde(skip)]
    labels: [String; 2],
}

impl Answer<'_> {
    pub(super) fn outcome(self, totals: &Totals, sums: &Products) -> Outcome {
        if self.n == 0 {
            return Outcome::refused("no row has every variable");
        }
        let Some(centred) = self.centred(sums) else {
            return Outcome::refused("the sums are too large to be centred exactly; there are too many rows");
        };
        let count = self.numbers.len();
        let between = |one: usize, two: usize| {
            let sums =
                Centred { xx: centred[one][one], yy: centred[two][two], xy: entry(&centred, one, two) };
            Coefficient::new(self.n, sums, self.spread)
        };
        let estimate = |one: usize, two: usize| match between(one, two) {
            Ok(_) if one == two => Some(1.0),
            Ok(coefficient) => Some(coefficient.estimate),
            Err(_) => None,
        };
        let correlation = self.matrix(estimate);
        let covariance = (0..count)
            .all(|at| self.units[at] != Unit::Rank)
            .then(|| self.matrix(|one, two| self.covariance(entry(&centred, one, two), one, two)));
        let mut pairs = Vec::new();
        for one in 0..count {
            pairs.extend((one + 1..count).map(|two| self.pair(one, two, between(one, two))));
        }
        let report = Report {
            method: self.method,
            n: self.n,
            missing: self.lost,
            correlation,
            covariance,
            pairs,
            grids: self.grids,
        };
        let shown = report.shown();
        Outcome::answered(totals, &report, report.tidy(), shown)
    }

    /// `n Σxy - Σx Σy` for each pair.
    fn centred(&self, sums: &Products) -> Option<Vec<Vec<i128>>> {
        let row = |(one, products): (usize, &Vec<i128>)| {
            let each = products.iter().enumerate();
            each.map(|(two, product)| centred(self.n, *product, sums.sums[one], sums.sums[two])).collect()
        };
        sums.products.iter().enumerate().map(row).collect()
    }

    fn matrix(&self, entry: impl Fn(usize, usize) -> Option<f64>) -> Matrix {
        let count = self.numbers.len();
        let row = |one: usize| (0..count).map(|two| entry(one, two)).collect();
        let names = self.numbers.numerics.iter().map(|numeric| numeric.name.to_string());
        Matrix { variables: names.collect(), values: (0..count).map(row).collect() }
    }

    fn covariance(&self, centred: i128, one: usize, two: usize) -> Option<f64> {
        let (Unit::Of(x), Unit::Of(y)) = (self.units[one], self.units[two]) else { return None };
        let degrees = Twofold::from(self.n) * Twofold::from(self.n.checked_sub(1).filter(|df| *df > 0)?);
        let covariance = (x.step() * y.step() * Twofold::from(centred) / degrees).rounded();
        covariance.is_finite().then_some(covariance)
    }

    fn pair(
        &self,
        one: usize,
        two: usize,
        coefficient: Result<Coefficient, super::coefficient::NoCoefficient>,
    ) -> Pair {
        let name = |at: usize| self.numbers.numerics[at].name.to_string();
        let found = coefficient.as_ref().ok();
        Pair {
            x: name(one),
            y: name(two),
            n: self.n,
            estimate: found.map(|c| c.estimate),
            statistic: found.and_then(|c| c.statistic),
            df: found.map(|c| c.df),
            p: found.and_then(|c| c.p),
            lower: found.and_then(|c| c.interval).map(|(lower, _)| lower),
            upper: found.and_then(|c| c.interval).map(|(_, upper)| upper),
            reason: coefficient.as_ref().err().map(ToString::to_string),
            labels: [one, two].map(|at| self.numbers.labels[at].clone()),
        }
    }
}

/// An entry of a symmetric matrix of which the lower half is kept.
fn entry(matrix: &[Vec<i128>], one: usize, two: usize) -> i128 {
    matrix[one.max(two)][one.min(two)]
}

impl Pair {
    fn numbers(&self) -> Vec<Cell> {
        let number = |number: Option<f64>| number.map_or(Cell::Empty, Cell::from);
        let df = self.df.map_or(Cell::Empty, Cell::from);
        let (estimate, statistic, p) = (number(self.estimate), number(self.statistic), number(self.p));
        vec![self.n.into(), estimate, statistic, df, p, number(self.lower), number(self.upper)]
    }
}

impl Report {
    fn tidy(&self) -> Table {
        let columns = ["x", "y", "n", "estimate", "statistic", "df", "p", "lower", "upper"];
        let mut table = Table::new("correlate", columns);
        for pair in &self.pairs {
            let names = [pair.x.as_str().into(), pair.y.as_str().into()];
            table.rows.push(names.into_iter().chain(pair.numbers()).collect());
        }
        table
    }

    fn shown(&self) -> Vec<Table> {
        let title = match self.method {
            "pearson" => "Pearson's correlation",
            _ => "Spearman's rank correlation, tested by t",
        };
        let mut table = Table::new(title, ["", "with", "n", "r", "t", "df", "p", "Lower", "Upper"]);
        for pair in &self.pairs {
            let labels = pair.labels.iter().map(|label| Cell::from(label.as_str()));
            table.rows.push(labels.chain(pair.numbers()).collect());
        }
        let mut rows = Table::new("Rows", ["Used", "Lost"]);
        rows.rows.push(vec![self.n.into(), self.missing.into()]);
        let mut grids = Table::new("Ranked on", ["Variable", "Width of a cell", "Values"]);
        for line in self.grids.iter().flatten() {
            let values =
                if line.grid.exact { "each its own rank" } else { "binned: those in a cell share a rank" };
            grids.rows.push(vec![line.variable.as_str().into(), line.grid.width.into(), values.into()]);
        }
        let grids = (!grids.rows.is_empty()).then_some(grids);
        [Some(table), Some(rows), grids].into_iter().flatten().collect()
    }
}
