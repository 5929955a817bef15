//! Pearson's chi-squared test (`chisq.test`), and what every test of a table reports.

use serde::Serialize;

use crate::distribution::chi_squared_survival;
use crate::figure::Figure;
use crate::outcome::Cell;

/// The result of a test of a table. Numbers a test does not have are absent.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
pub(crate) struct Test {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) statistic: Option<Figure<f64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) df: Option<u64>,
    pub(crate) p: Option<f64>,
    /// The odds ratio and its 95 % interval; an infinite one is the text `Inf`.
    #[serde(flatten)]
    pub(super) odds_ratio: Option<OddsRatio>,
    /// Which of the tests of that name it is, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) method: Option<&'static str>,
    /// How the p-value was sampled, where it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sampling: Option<Sampling>,
    /// The scores of ordered levels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) scores: Option<Vec<f64>>,
    /// Why there is no p-value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
}

/// How a p-value was sampled: anybody who samples so gets the same one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Sampling {
    pub(super) tables: u64,
    pub(super) seed: u64,
}

/// An odds ratio with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct OddsRatio {
    pub(super) estimate: Ratio,
    pub(super) lower: Ratio,
    pub(super) upper: Ratio,
}

/// A ratio between 0 and infinity, both included.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(untagged)]
pub(super) enum Ratio {
    Finite(f64),
    Infinite(&'static str),
}

impl Ratio {
    pub(super) const INFINITE: Self = Self::Infinite("Inf");
}

impl Test {
    /// Headings of the row that [`Test::shown`] gives.
    pub(super) const HEADINGS: [&str; 8] =
        ["Test", "Statistic", "df", "p", "Odds ratio", "Lower", "Upper", "Remark"];

    /// A test that needs a withheld count.
    pub(super) fn withheld() -> Self {
        Self::refused("a count it needs was withheld by a disclosure rule")
    }

    /// A test that these counts do not allow.
    pub(super) fn refused(reason: &str) -> Self {
        Self { reason: Some(reason.to_owned()), ..Self::default() }
    }

    /// A row for people.
    pub(super) fn shown(&self, name: &str) -> Vec<Cell> {
        let ratio = |pick: fn(&OddsRatio) -> Ratio| {
            self.odds_ratio.as_ref().map(pick).map_or(Cell::Empty, Ratio::cell)
        };
        vec![
            name.into(),
            self.statistic.map_or(Cell::Empty, Cell::from),
            self.df.map_or(Cell::Empty, Cell::from),
            self.p.map_or(Cell::Empty, Cell::from),
            ratio(|odds| odds.estimate),
            ratio(|odds| odds.lower),
            ratio(|odds| odds.upper),
            self.reason.as_deref().or(self.method).unwrap_or_default().into(),
        ]
    }
}

/// The table without its empty rows and columns.
pub(crate) fn occupied(counts: &[Vec<u64>]) -> Vec<Vec<u64>> {
    let columns = counts.first().map_or(0, Vec::len);
    let kept: Vec<usize> = (0..columns).filter(|column| counts.iter().any(|row| row[*column] > 0)).collect();
    let rows = counts.iter().filter(|row| row.iter().any(|count| *count > 0));
    rows.map(|row| kept.iter().map(|column| row[*column]).collect()).collect()
}

/// Pearson's test without continuity correction, and with Yates' beside it for two rows and two columns.
pub(crate) fn chi_squared(counts: &[Vec<u64>]) -> Vec<(&'static str, Test)> {
    let columns = counts.first().map_or(0, Vec::len);
    if counts.len() < 2 || columns < 2 {
        return vec![("chi_squared", Test::refused("fewer than two rows or columns have anybody in them"))];
    }
    let row_totals: Vec<f64> = counts.iter().map(|row| row.iter().sum::<u64>() as f64).collect();
    let column_totals: Vec<f64> =
        (0..columns).map(|column| counts.iter().map(|row| row[column]).sum::<u64>() as f64).collect();
    let total: f64 = row_totals.iter().sum();
    let cells: Vec<(f64, f64)> = (0..counts.len())
        .flat_map(|row| (0..columns).map(move |column| (row, column)))
        .map(|(row, column)| (counts[row][column] as f64, row_totals[row] * column_totals[column] / total))
        .collect();
    let df = (counts.len() - 1) as u64 * (columns - 1) as u64;
    let test = |correction: f64, method: &'static str| {
        let term = |(observed, expected): &(f64, f64)| {
            let distance = (observed - expected).abs() - correction;
            distance * distance / expected
        };
        let statistic: f64 = cells.iter().map(term).sum();
        let p = Some(chi_squared_survival(statistic, df as f64));
        Test {
            statistic: Some(Figure::finite(statistic)),
            df: Some(df),
            p,
            method: Some(method),
            ..Test::default()
        }
    };
    let mut tests = vec![("chi_squared", test(0.0, "Pearson's, without continuity correction"))];
    if df == 1 {
        let nearest = cells.iter().map(|(observed, expected)| (observed - expected).abs());
        let correction = nearest.fold(0.5, f64::min);
        tests.push(("chi_squared_yates", test(correction, "Pearson's, with Yates' continuity correction")));
    }
    tests
}
