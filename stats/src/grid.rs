//! A public grid over a numeric variable, and quantiles from counts on it.

use notochord_proto::variable::Variable;
use serde::Serialize;

use crate::figure::Figure;
use crate::quantity::{Quantity, Value};

/// A grid of no more than `most` cells.
fn within(most: f64, variable: &Variable, width: f64, cells: f64) -> Result<(), String> {
    match width > 0.0 && cells > most {
        true => Err(format!("a grid of width {width} over `{}` has more than {most} cells", variable.name)),
        false => Ok(()),
    }
}

/// The most cells a grid may have.
const MOST_CELLS: f64 = 4096.0;

/// The most cells of a grid that ranks are read from: each value may need one of its own.
const MOST_CELLS_OF_RANKS: f64 = 131_072.0;

/// Cells of equal width from the lower bound of a variable to its upper.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Grid {
    origin: f64,
    upper: f64,
    width: f64,
    cells: usize,
    values: Values,
}

/// Which values of the variable can lie between the points of its grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Values {
    /// None: whole numbers on a grid of width 1.
    OnPoints,
    /// The data must tell.
    PerhapsOnPoints,
    /// Nearly all.
    Anywhere,
}

/// How a result reports the grid behind its quantiles.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct GridUsed {
    /// The width of its cells.
    pub(crate) width: f64,
    /// Whether every value lies on a point of it; quantiles are interpolated otherwise.
    pub(crate) exact: bool,
}

impl Grid {
    /// The grid that quantiles are read from: the width asked for, or the dictionary's, or 1 for whole
    /// numbers (wider where that would be more than 1024 cells), or a 512th of the range.
    pub(crate) fn fine(variable: &Variable, width: Option<f64>) -> Result<Grid, String> {
        Self::of_at_most(MOST_CELLS, 1024.0, variable, width)
    }

    /// The grid that ranks are read from, with more cells, so that whole numbers and decimals keep their ties: the
    /// width asked for, or the dictionary's, or 1 for whole numbers (wider where that would be more than 32,768
    /// cells), or a 512th of the range.
    pub(crate) fn of_ranks(variable: &Variable, width: Option<f64>) -> Result<Grid, String> {
        Self::of_at_most(MOST_CELLS_OF_RANKS, 32_768.0, variable, width)
    }

    fn of_at_most(
        most: f64,
        most_whole: f64,
        variable: &Variable,
        width: Option<f64>,
    ) -> Result<Grid, String> {
        let (lower, upper, whole) = range(variable)?;
        let span = upper - lower;
        let default =
            if whole { ((span + 1.0) / most_whole).ceil() } else { (span / 512.0).max(f64::MIN_POSITIVE) };
        let asked = width.or(variable.grid);
        let width = asked.unwrap_or(default);
        let values = match asked {
            _ if whole && width == 1.0 => Values::OnPoints,
            Some(_) => Values::PerhapsOnPoints,
            None => Values::Anywhere,
        };
        let cells = (span / width + ROUNDING).floor() + 1.0;
        within(most, variable, width, cells)?;
        Self::new(variable, lower, upper, width, cells, values)
    }

    /// The bars of a histogram: the width asked for, or the dictionary's, or a round one that gives at most
    /// 40.
    pub(crate) fn coarse(variable: &Variable, width: Option<f64>) -> Result<Grid, String> {
        let (lower, upper, whole) = range(variable)?;
        let span = if whole { upper - lower + 1.0 } else { upper - lower };
        let width = width.or(variable.grid).unwrap_or_else(|| round_width(span, whole));
        let cells = (span / width - ROUNDING).ceil().max(1.0);
        within(MOST_CELLS, variable, width, cells)?;
        Self::new(variable, lower, upper, width, cells, Values::Anywhere)
    }

    /// A cell for each whole number from `lower` to `upper`.
    pub(crate) fn of_integers(lower: i64, upper: i64) -> Grid {
        let cells = usize::try_from(upper.saturating_sub(lower)).map_or(1, |span| span + 1);
        Grid { origin: lower as f64, upper: upper as f64, width: 1.0, cells, values: Values::OnPoints }
    }

    fn new(
        variable: &Variable,
        lower: f64,
        upper: f64,
        width: f64,
        cells: f64,
        values: Values,
    ) -> Result<Grid, String> {
        let name = &variable.name;
        if !(width > 0.0 && width.is_finite()) {
            return Err(format!("the grid of `{name}` must have a width above 0"));
        }
        Ok(Grid { origin: lower, upper, width, cells: cells as usize, values })
    }

    /// How many cells.
    pub(crate) fn cells(&self) -> usize {
        self.cells
    }

    /// The width of a cell.
    pub(crate) fn width(&self) -> f64 {
        self.width
    }

    /// The cell of a value within the bounds.
    pub(crate) fn cell(&self, value: Value) -> usize {
        let steps = ((value.to_number() - self.origin) / self.width + ROUNDING).floor();
        (steps.max(0.0) as usize).min(self.cells - 1)
    }

    /// Where a cell begins.
    pub(crate) fn start(&self, cell: usize) -> f64 {
        self.origin + cell as f64 * self.width
    }

    /// Where a cell ends: at the next one's start, or at the upper bound.
    pub(crate) fn end(&self, cell: usize) -> f64 {
        if cell + 1 == self.cells { self.upper } else { self.start(cell + 1) }
    }

    /// Whether a count of values between the points tells something about this grid.
    pub(crate) fn may_be_missed(&self) -> bool {
        self.values == Values::PerhapsOnPoints
    }

    /// Whether a value lies between the points.
    pub(crate) fn is_missed_by(&self, value: Value) -> bool {
        let steps = (value.to_number() - self.origin) / self.width;
        (steps - steps.round()).abs() > ROUNDING
    }

    /// The grid as a result reports it, where this many values (if it was counted) lie between its points.
    pub(crate) fn used(&self, missed: Option<u64>) -> GridUsed {
        let exact = match self.values {
            Values::OnPoints => true,
            Values::PerhapsOnPoints => missed == Some(0),
            Values::Anywhere => false,
        };
        GridUsed { width: self.width, exact }
    }

    /// The quantiles of R's type 7 from the counts of the cells: of the points where the grid is exact,
    /// otherwise of values spread evenly within their cells.
    pub(crate) fn quantiles(
        &self,
        probabilities: &[f64],
        counts: &Figure<Vec<u64>>,
        used: GridUsed,
    ) -> Vec<Figure<f64>> {
        self.each(probabilities, counts, |probability, counts| self.quantile(probability, counts, used))
    }

    /// As [`Grid::quantiles`], of R's type 2: a value of the data, or the middle of two (SAS' definition 5).
    pub(crate) fn averaged_quantiles(
        &self,
        probabilities: &[f64],
        counts: &Figure<Vec<u64>>,
        used: GridUsed,
    ) -> Vec<Figure<f64>> {
        self.each(probabilities, counts, |probability, counts| self.averaged(probability, counts, used))
    }

    fn each(
        &self,
        probabilities: &[f64],
        counts: &Figure<Vec<u64>>,
        quantile: impl Fn(f64, &[u64]) -> Option<f64>,
    ) -> Vec<Figure<f64>> {
        let quantile = |probability: &f64| match counts {
            Figure::Known(counts) => quantile(*probability, counts).map_or(Figure::Undefined, Figure::finite),
            Figure::Withheld => Figure::Withheld,
            Figure::Undefined => Figure::Undefined,
        };
        probabilities.iter().map(quantile).collect()
    }

    /// One quantile of type 7; none without values.
    fn quantile(&self, probability: f64, counts: &[u64], used: GridUsed) -> Option<f64> {
        let n: u64 = counts.iter().sum();
        let position = n.checked_sub(1)? as f64 * probability;
        let below = position.floor();
        let low = self.ordered(below as u64, counts, used)?;
        let high = self.ordered(position.ceil() as u64, counts, used)?;
        let weight = position - below;
        Some(if low == high { low } else { (1.0 - weight) * low + weight * high })
    }

    /// One quantile of type 2; none without values. R takes a position for whole that exceeds it by rounding.
    fn averaged(&self, probability: f64, counts: &[u64], used: GridUsed) -> Option<f64> {
        let n: u64 = counts.iter().sum();
        let last = n.checked_sub(1)?;
        let position = n as f64 * probability;
        let whole = (position + 4.0 * f64::EPSILON).floor();
        let below = self.ordered((whole as u64).saturating_sub(1).min(last), counts, used)?;
        let above = self.ordered((whole as u64).min(last), counts, used)?;
        Some(if position > whole { above } else { (below + above) / 2.0 })
    }

    /// The value at a rank that counts from 0.
    fn ordered(&self, rank: u64, counts: &[u64], used: GridUsed) -> Option<f64> {
        let mut before = 0;
        let (cell, count) = counts.iter().enumerate().find(|(_, count)| {
            let found = rank < before + **count;
            if !found {
                before += **count;
            }
            found
        })?;
        let start = self.start(cell);
        let within = ((rank - before) as f64 + 0.5) / *count as f64;
        Some(if used.exact { start } else { start + within * (self.end(cell) - start) })
    }
}

/// How far off a point, in widths, a value still counts as on it.
const ROUNDING: f64 = 1e-9;

/// The bounds of a variable, and whether it is whole.
fn range(variable: &Variable) -> Result<(f64, f64, bool), String> {
    Ok(match Quantity::of(variable)? {
        Quantity::Integer { lower, upper } => (lower as f64, upper as f64, true),
        Quantity::Number { lower, upper, .. } => (lower, upper, false),
    })
}

/// The smallest of 1, 2, 5, 10, … that divides the span into at most 40.
fn round_width(span: f64, whole: bool) -> f64 {
    let least = (span / 40.0).max(f64::MIN_POSITIVE);
    let mut power = if whole { 1.0 } else { 1e-300 };
    loop {
        if let Some(width) = [1.0, 2.0, 5.0].iter().map(|factor| factor * power).find(|width| *width >= least)
        {
            return width;
        }
        power *= 10.0;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use notochord_proto::name::VariableName;
    use notochord_proto::variable::VariableKind;

    use super::*;

    fn variable(kind: VariableKind) -> Variable {
        let name = VariableName::new("x").unwrap();
        Variable { label: String::new(), kind, unit: None, grid: None, sensitive: false, name }
    }

    fn quantiles(grid: &Grid, values: &[f64]) -> Vec<f64> {
        let mut counts = vec![0; grid.cells()];
        values.iter().for_each(|value| counts[grid.cell(Value::Number(*value))] += 1);
        let missed = values.iter().filter(|value| grid.is_missed_by(Value::Number(**value))).count();
        let used = grid.used(Some(missed as u64));
        [0.25, 0.5, 0.75].map(|p| grid.quantile(p, &counts, used).unwrap()).to_vec()
    }

    #[test]
    fn whole_numbers_have_exact_quantiles() {
        let grid = Grid::fine(&variable(VariableKind::Integer { bounds: Some((0, 50)) }), None).unwrap();
        assert_eq!(grid.cells(), 51);
        // R: quantile(c(1, 2, 4, 8, 16, 50)) is 2.5, 6, 14 in the middle.
        assert_eq!(quantiles(&grid, &[16.0, 1.0, 2.0, 50.0, 8.0, 4.0]), [2.5, 6.0, 14.0]);
    }

    #[test]
    fn quantiles_of_type_two_are_values_or_the_middle_of_two() {
        let grid = Grid::fine(&variable(VariableKind::Integer { bounds: Some((0, 50)) }), None).unwrap();
        let mut counts = vec![0; 51];
        [1, 2, 4, 8, 16, 50, 50].iter().for_each(|value: &usize| counts[*value] += 1);
        let quantile = |p| grid.averaged(p, &counts, grid.used(None));
        // R 4.2.2: quantile(c(1, 2, 4, 8, 16, 50, 50), c(.1, 2/7, .5, 6/7, .99), type = 2)
        let expected = [1.0, 3.0, 8.0, 50.0, 50.0].map(Some);
        assert_eq!([0.1, 2.0 / 7.0, 0.5, 6.0 / 7.0, 0.99].map(quantile), expected);
        assert_eq!(grid.averaged(0.5, &vec![0; 51], grid.used(None)), None);
    }

    #[test]
    fn decimals_on_a_declared_grid_have_exact_quantiles_and_others_near_ones() {
        let kind = variable(VariableKind::Number { bounds: Some((0.0, 10.0)) });
        let grid = Grid::fine(&kind, Some(0.1)).unwrap();
        assert_eq!(grid.cells(), 101);
        let exact = quantiles(&grid, &[0.3, 4.1, 9.9]);
        assert!((exact[1] - 4.1).abs() < 1e-12 && (exact[0] - 2.2).abs() < 1e-12, "{exact:?}");
        let near = quantiles(&grid, &[0.34, 4.17, 9.99]);
        assert!((near[1] - 4.15).abs() < 1e-12, "{near:?}");
    }

    #[test]
    fn a_wide_range_of_whole_numbers_gets_wider_cells() {
        let grid = Grid::fine(&variable(VariableKind::Integer { bounds: Some((0, 4999)) }), None).unwrap();
        assert_eq!((grid.width(), grid.cells()), (5.0, 1000));
        assert!(!grid.used(None).exact);
    }

    #[test]
    fn the_last_bar_of_a_histogram_is_closed() {
        let number =
            Grid::coarse(&variable(VariableKind::Number { bounds: Some((0.0, 10.0)) }), Some(2.5)).unwrap();
        assert_eq!((number.cells(), number.cell(Value::Number(10.0)), number.end(3)), (4, 3, 10.0));
        let whole = Grid::coarse(&variable(VariableKind::Integer { bounds: Some((0, 99)) }), None).unwrap();
        assert_eq!((whole.width(), whole.cells()), (5.0, 20));
    }

    #[test]
    fn a_grid_of_no_width_or_of_too_many_cells_is_refused() {
        let kind = variable(VariableKind::Number { bounds: Some((0.0, 10.0)) });
        assert!(Grid::fine(&kind, Some(0.0)).is_err());
        assert!(Grid::fine(&kind, Some(1e-9)).is_err());
    }
}
