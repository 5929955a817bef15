//! The groups of a description compared: a test and standardised differences for each variable, as in Table 1 of a
//! paper.
//!
//! Numbers are tested by Welch's analysis of variance, which is Welch's t test for two groups. Factors, and whole numbers
//! of no more than two occupied values, are tested by Pearson's chi-squared without continuity correction; by Fisher's
//! exact test where there are two rows and two columns and a count below 5 is expected. Rows whose group is missing are
//! left out, and so are rows without the variable.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Content, Describe, Described};
use crate::compare::{Sample, welch_anova};
use crate::figure::Figure;
use crate::moments::{Moments, sums_of_positions};
use crate::outcome::{Cell, Table};
use crate::table::{self, Test};
use crate::totals::Totals;

/// The most groups whose differences are given pair by pair.
const MOST_GROUPS: usize = 12;

/// The comparison of the groups in one variable.
#[derive(Serialize)]
pub(super) struct Comparison {
    test: GroupTest,
    /// One for each pair of groups that have values, up to twelve groups.
    standardised_differences: Vec<Difference>,
    #[serde(skip)]
    pub(super) variable: String,
    #[serde(skip)]
    label: String,
}

/// A test of the groups; without numbers it says why.
#[derive(Debug, Clone, Serialize, Default)]
struct GroupTest {
    /// `welch_anova`, `chi_squared` or `fisher`.
    name: &'static str,
    statistic: Option<f64>,
    df: Option<f64>,
    p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// How far two groups are apart. Of a number: the difference of means over the root of the mean variance (Austin,
/// Statistics in Medicine 28, 2009). Of a factor: the distance of Mahalanobis between the shares of its levels (Yang and
/// Dalton, SAS Global Forum 2012), which has no sign.
#[derive(Serialize)]
struct Difference {
    first: String,
    second: String,
    value: Figure<f64>,
}

/// The comparisons of a description that has groups.
pub(super) fn comparisons(describe: &Describe, totals: &Totals) -> Vec<Comparison> {
    if describe.groups.is_everybody() {
        return Vec::new();
    }
    let names: Vec<String> = describe.groups.headings().into_iter().take(describe.groups.len()).collect();
    describe.variables.iter().map(|described| described.comparison(&names, totals)).collect()
}

impl Described {
    fn comparison(&self, names: &[String], totals: &Totals) -> Comparison {
        let (test, standardised_differences) = match &self.content {
            Content::Number { number, .. } => {
                let group = |group: usize| {
                    let (n, sums) = (number.count(group, totals), number.sums(group, totals));
                    let quantity = number.numeric.quantity;
                    let sample = n.and(sums).and_then(|(n, (sum, squares))| {
                        Sample::new(n, sum, squares, quantity).map_or(Figure::Undefined, Figure::Known)
                    });
                    (n, sample, Moments::new(n, sums, &quantity))
                };
                of_numbers(names, (0..names.len()).map(group).collect())
            }
            Content::Counts { levels, cells } => {
                let row =
                    |group| (0..levels.len()).map(|level| totals.count(cells.at(group, level))).collect();
                let counts: Vec<Vec<Figure<u64>>> = (0..names.len()).map(row).collect();
                let known = Figure::all(counts.iter().map(|row| Figure::all(row.iter().copied())));
                let occupied = known.known().map(|counts| table::occupied(&counts));
                let few = occupied.is_none_or(|table| table.first().map_or(0, Vec::len) <= 2);
                match levels.grid().filter(|_| !few) {
                    Some((quantity, _)) => {
                        let group = |row: &Vec<Figure<u64>>| {
                            let n = Figure::total(row.iter().copied());
                            let sums =
                                Figure::all(row.iter().copied()).map(|counts| sums_of_positions(&counts));
                            let sample = n.and(sums).and_then(|(n, (sum, squares))| {
                                Sample::new(n, sum, squares, quantity)
                                    .map_or(Figure::Undefined, Figure::Known)
                            });
                            (n, sample, Moments::new(n, sums, &quantity))
                        };
                        of_numbers(names, counts.iter().map(group).collect())
                    }
                    None => of_counts(names, counts),
                }
            }
        };
        Comparison {
            test,
            standardised_differences,
            variable: self.name.to_string(),
            label: self.label.clone(),
        }
    }
}

const WITHHELD: &str = "a number it needs was withheld by a disclosure rule";

fn of_numbers(
    names: &[String],
    groups: Vec<(Figure<u64>, Figure<Sample>, Moments)>,
) -> (GroupTest, Vec<Difference>) {
    let occupied: Vec<(&String, Figure<Sample>, Moments)> = names
        .iter()
        .zip(groups)
        .filter(|(_, (n, ..))| *n != Figure::Known(0))
        .map(|(name, (_, sample, moments))| (name, sample, moments))
        .collect();
    let name = "welch_anova";
    let test = match Figure::all(occupied.iter().map(|(_, sample, _)| *sample)).known() {
        None => GroupTest { name, reason: Some(WITHHELD.to_owned()), ..GroupTest::default() },
        Some(samples) => match welch_anova(&samples) {
            Ok((statistic, df, _, p)) => {
                GroupTest { name, statistic: Some(statistic), df: Some(df as f64), p: Some(p), reason: None }
            }
            Err(reason) => GroupTest { name, reason: Some(reason.to_owned()), ..GroupTest::default() },
        },
    };
    let difference = |one: &Moments, two: &Moments| {
        one.mean
            .and(two.mean)
            .and(one.variance.and(two.variance))
            .and_then(|((a, b), (v, w))| Figure::finite((a - b) / (v / 2.0 + w / 2.0).sqrt()))
    };
    let pairs = pairs(&occupied, |(name, _, one), (other, _, two)| Difference {
        first: (*name).clone(),
        second: (*other).clone(),
        value: difference(one, two),
    });
    (test, pairs)
}

fn of_counts(names: &[String], counts: Vec<Vec<Figure<u64>>>) -> (GroupTest, Vec<Difference>) {
    let somebody = |row: &Vec<Figure<u64>>| Figure::total(row.iter().copied()) != Figure::Known(0);
    let occupied: Vec<(&String, Figure<Vec<u64>>)> = names
        .iter()
        .zip(&counts)
        .filter(|(_, row)| somebody(row))
        .map(|(name, row)| (name, Figure::all(row.iter().copied())))
        .collect();
    let test = match Figure::all(occupied.iter().map(|(_, row)| row.clone())).known() {
        None => GroupTest { name: "chi_squared", reason: Some(WITHHELD.to_owned()), ..GroupTest::default() },
        Some(table) => tested(&table::occupied(&table)),
    };
    let pairs = pairs(&occupied, |(name, one), (other, two)| Difference {
        first: (*name).clone(),
        second: (*other).clone(),
        value: one.clone().and(two.clone()).and_then(|(one, two)| Figure::finite(distance(&one, &two))),
    });
    (test, pairs)
}

fn tested(counts: &[Vec<u64>]) -> GroupTest {
    let of = |name: &'static str, test: Test| GroupTest {
        name,
        statistic: test.statistic.and_then(Figure::known),
        df: test.df.map(|df| df as f64),
        p: test.p,
        reason: test.reason,
    };
    let all: u64 = counts.iter().flatten().sum();
    let least = |totals: Vec<u64>| totals.into_iter().min().unwrap_or(0) as f64;
    let columns = counts.first().map_or(0, Vec::len);
    let rows = least(counts.iter().map(|row| row.iter().sum()).collect());
    let least_column = least((0..columns).map(|column| counts.iter().map(|row| row[column]).sum()).collect());
    if counts.len() == 2 && columns == 2 && rows * least_column / (all as f64) < 5.0 {
        return of("fisher", table::fisher_test(counts));
    }
    let mut tests = table::chi_squared(counts).into_iter();
    tests.next().map_or_else(GroupTest::default, |(name, test)| of(name, test))
}

/// The distance of Mahalanobis between the shares of levels in two groups, under the mean of their covariances. Not a
/// number where these are singular, as for two groups that have no level in common.
fn distance(one: &[u64], two: &[u64]) -> f64 {
    let shares = |counts: &[u64]| {
        let all: u64 = counts.iter().sum();
        counts.iter().map(|count| *count as f64 / all as f64).collect::<Vec<_>>()
    };
    let (one, two) = (shares(one), shares(two));
    let occupied: Vec<(f64, f64)> =
        one.into_iter().zip(two).filter(|(first, second)| first + second > 0.0).skip(1).collect();
    if occupied.is_empty() {
        return 0.0;
    }
    let covariance = |(row, (a, b)): (usize, &(f64, f64))| {
        let entry = |(column, (c, d)): (usize, &(f64, f64))| {
            let same = if row == column { a + b } else { 0.0 };
            (same - a * c - b * d) / 2.0
        };
        occupied.iter().enumerate().map(entry).collect::<Vec<f64>>()
    };
    let mut matrix: Vec<Vec<f64>> = occupied.iter().enumerate().map(covariance).collect();
    let mut right: Vec<f64> = occupied.iter().map(|(a, b)| a - b).collect();
    let differences = right.clone();
    // Cholesky's elimination: the matrix is symmetric and not negative.
    for pivot in 0..matrix.len() {
        let diagonal = matrix[pivot][pivot];
        if diagonal <= 1e-12 {
            return f64::NAN;
        }
        for row in pivot + 1..matrix.len() {
            let factor = matrix[row][pivot] / diagonal;
            let (above, below) = matrix.split_at_mut(row);
            for (entry, above) in below[0].iter_mut().zip(&above[pivot]).skip(pivot) {
                *entry -= factor * above;
            }
            right[row] -= factor * right[pivot];
        }
    }
    for pivot in (0..matrix.len()).rev() {
        let known: f64 = (pivot + 1..matrix.len()).map(|column| matrix[pivot][column] * right[column]).sum();
        right[pivot] = (right[pivot] - known) / matrix[pivot][pivot];
    }
    differences
        .iter()
        .zip(&right)
        .map(|(difference, solved)| difference * solved)
        .sum::<f64>()
        .max(0.0)
        .sqrt()
}

fn pairs<T>(groups: &[T], difference: impl Fn(&T, &T) -> Difference) -> Vec<Difference> {
    if groups.len() > MOST_GROUPS {
        return Vec::new();
    }
    let pair =
        |(at, one): (usize, &T)| groups[at + 1..].iter().map(|two| difference(one, two)).collect::<Vec<_>>();
    groups.iter().enumerate().flat_map(pair).collect()
}

/// The comparisons by variable.
pub(super) fn by_variable(comparisons: &[Comparison]) -> BTreeMap<&str, &Comparison> {
    comparisons.iter().map(|comparison| (comparison.variable.as_str(), comparison)).collect()
}

impl Comparison {
    /// The tidy rows, after the columns of groups and the variable: `statistic`, `level`, `value`.
    pub(super) fn tidy(&self) -> Vec<[Cell; 3]> {
        let p = ["p".into(), self.test.name.into(), self.p()];
        let difference = |difference: &Difference| {
            let level = format!("{} - {}", difference.first, difference.second);
            ["smd".into(), level.as_str().into(), difference.value.into()]
        };
        std::iter::once(p).chain(self.standardised_differences.iter().map(difference)).collect()
    }

    fn p(&self) -> Cell {
        match (self.test.p, self.test.reason.as_deref()) {
            (Some(p), _) => p.into(),
            (None, Some(WITHHELD)) => Cell::Withheld,
            (None, _) => Cell::Empty,
        }
    }
}

/// For people: a row for each variable, and for each pair of groups.
pub(super) fn shown(comparisons: &[Comparison]) -> Table {
    let headings = ["Variable", "Test", "p", "Groups", "Standardised difference", "Remark"];
    let mut table = Table::new("Groups compared", headings);
    for comparison in comparisons {
        let remark = Cell::from(comparison.test.reason.as_deref().unwrap_or_default());
        let start = || vec![comparison.label.as_str().into(), comparison.test.name.into(), comparison.p()];
        if comparison.standardised_differences.is_empty() {
            table.rows.push(start().into_iter().chain([Cell::Empty, Cell::Empty, remark.clone()]).collect());
        }
        for pair in &comparison.standardised_differences {
            let groups = format!("{} - {}", pair.first, pair.second);
            let end = [groups.as_str().into(), pair.value.into(), remark.clone()];
            table.rows.push(start().into_iter().chain(end).collect());
        }
    }
    table
}
