//! Wilcoxon's two tests and that of Kruskal and Wallis, from the counts of each group on the grid: `wilcox.test` and
//! `kruskal.test`.
//!
//! Tied values have their mid-rank. As in R, p-values are exact below 50 values in each group where nothing is tied (nor a
//! difference 0), and otherwise normal with continuity correction. Shifts and their intervals are order statistics of the
//! differences of pairs, or of Walsh's averages: R's own where it is exact, and what R's root finder comes near to where not.

use std::collections::BTreeMap;

use super::asked::Asked;
use super::tests_of_means::{Degrees, Normal, TestResult};
use crate::distribution::{Ranks, chi_squared_survival, normal_quantile, normal_two_sided};

/// The counts of the occupied groups on one grid.
pub(super) struct OnGrid {
    /// For each group the count of each cell.
    pub(super) counts: Vec<Vec<u64>>,
    /// Where the grid begins, and how wide its cells are.
    pub(super) origin: f64,
    pub(super) width: f64,
    /// Whether every value lies on a point of it.
    pub(super) exact: bool,
}

/// As many values as R still goes through exactly.
const EXACT_BELOW: u64 = 50;

/// Values of a step of the grid for a null hypothesis between its points.
const FINER: f64 = 1_048_576.0; // 2^20

/// The test of these groups, or why they allow none. `mu` is what the null hypothesis says.
pub(super) fn run(test: Asked, values: &OnGrid, mu: f64) -> Result<TestResult, String> {
    let result = match (test, &values.counts[..]) {
        (_, []) if test.is_of_groups() => return Err("no row has both the outcome and the group".to_owned()),
        (_, []) => return Err("no row has what is compared".to_owned()),
        (Asked::SignedRank, [one]) => values.signed_rank(one, mu)?,
        (Asked::Kruskal, groups) => kruskal(groups)?,
        (_, [one, two]) => values.rank_sum(one, two, mu)?,
        (_, groups) => {
            return Err(format!(
                "the {} test compares two groups, and here {} have anybody in them",
                test.name(),
                groups.len()
            ));
        }
    };
    Ok(TestResult { name: test.name(), binned: Some(!values.exact), ..result })
}

/// How many values of each group have the same place, in order of the places.
type Places<const GROUPS: usize> = BTreeMap<i64, [u64; GROUPS]>;

/// Twice the sum of mid-ranks of each group, and the sum of `t³ - t` over ties.
fn ranked<const GROUPS: usize>(places: &Places<GROUPS>) -> ([u128; GROUPS], u128) {
    let (mut sums, mut ties, mut before) = ([0_u128; GROUPS], 0_u128, 0_u128);
    for counts in places.values() {
        let tied: u128 = counts.iter().map(|count| u128::from(*count)).sum();
        for (sum, count) in sums.iter_mut().zip(counts) {
            *sum = sum.saturating_add(u128::from(*count).saturating_mul(2 * before + tied + 1));
        }
        ties = ties.saturating_add(cubed_less(tied));
        before += tied;
    }
    (sums, ties)
}

fn cubed_less(tied: u128) -> u128 {
    tied.saturating_mul(tied).saturating_mul(tied).saturating_sub(tied)
}

fn total(counts: &[u64]) -> u64 {
    counts.iter().fold(0, |total, count| total.saturating_add(*count))
}

/// The p-values of a statistic that is `distance` away from its mean.
fn normal(distance: f64, sigma: f64) -> Normal {
    // R moves a statistic at its mean nowhere.
    let corrected = if distance == 0.0 { 0.0 } else { distance.abs() - 0.5 };
    Normal {
        p_corrected: normal_two_sided(corrected / sigma).min(1.0),
        p_uncorrected: normal_two_sided(distance / sigma).min(1.0),
    }
}

const EXACT: &str = "exact";
const NORMAL: &str = "normal approximation with continuity correction";

impl OnGrid {
    fn rank_sum(&self, one: &[u64], two: &[u64], mu: f64) -> Result<TestResult, String> {
        let place = |cell: usize, shift: f64| ((cell as f64 - shift / self.width) * FINER).round() as i64;
        let mut places = Places::<2>::new();
        for (group, (counts, shift)) in [(one, mu), (two, 0.0)].into_iter().enumerate() {
            for (cell, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
                places.entry(place(cell, shift)).or_default()[group] += count;
            }
        }
        let ([twice, _], ties) = ranked(&places);
        let (first, second) = (total(one), total(two));
        let (m, n) = (first as f64, second as f64);
        let twice_w = twice.saturating_sub(u128::from(first) * (u128::from(first) + 1));
        let w = twice_w as f64 / 2.0;
        let of_ties =
            |ties: u128| (m * n / 12.0 * ((m + n + 1.0) - ties as f64 / ((m + n) * (m + n - 1.0)))).sqrt();
        let sigma = of_ties(ties);
        // Not a number where a group is empty or alone.
        if sigma.is_nan() || sigma <= 0.0 {
            return Err("the values are all the same".to_owned());
        }
        let normal = normal(w - m * n / 2.0, sigma);
        let exact = (first < EXACT_BELOW && second < EXACT_BELOW && ties == 0)
            .then(|| Ranks::rank_sum(first, second));
        let p = exact.as_ref().map_or(normal.p_corrected, |ranks| ranks.two_sided((twice_w / 2) as u64));
        let pairs = u128::from(first) * u128::from(second);
        let within =
            |counts: &[u64]| counts.iter().map(|t| cubed_less(u128::from(*t))).fold(0, u128::saturating_add);
        let outside = match &exact {
            Some(ranks) => u128::from(ranks.quantile(0.025).max(1)),
            None => outermost(pairs, of_ties(within(one).saturating_add(within(two)))),
        };
        let below = |most: i64| pairs_below(one, two, most);
        let reach = (one.len().max(two.len())) as i64;
        let ordered = |rank: u128| first_with(-reach, reach, |most| below(most) >= rank) as f64 * self.width;
        Ok(located(w, p, exact.is_some(), normal, pairs, outside, ordered))
    }

    fn signed_rank(&self, counts: &[u64], mu: f64) -> Result<TestResult, String> {
        let start = (self.origin - mu) / self.width;
        let mut places = Places::<2>::new();
        let (mut zeros, mut kept) = (0, counts.to_vec());
        for (cell, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let place = ((start + cell as f64) * FINER).round() as i64;
            match place.signum() {
                0 => {
                    zeros += count;
                    kept[cell] = 0;
                }
                sign => places.entry(place.saturating_abs()).or_default()[usize::from(sign < 0)] += count,
            }
        }
        let n = total(&kept);
        if n == 0 {
            return Err("every difference is 0".to_owned());
        }
        let ([twice, _], ties) = ranked(&places);
        let (v, m) = (twice as f64 / 2.0, n as f64);
        let of_ties =
            |ties: u128| (m * (m + 1.0) * (2.0 * m + 1.0) / 24.0 - ties as f64 / 48.0).max(0.0).sqrt();
        let sigma = of_ties(ties);
        let normal = normal(v - m * (m + 1.0) / 4.0, sigma);
        let exact = (n < EXACT_BELOW && ties == 0 && zeros == 0).then(|| Ranks::signed(n));
        let p = exact.as_ref().map_or(normal.p_corrected, |ranks| ranks.two_sided((twice / 2) as u64));
        let averages = u128::from(n) * (u128::from(n) + 1) / 2;
        let alike = kept.iter().map(|t| cubed_less(u128::from(*t))).fold(0, u128::saturating_add);
        let outside = match &exact {
            Some(ranks) => u128::from(ranks.quantile(0.025).max(1)),
            None => outermost(averages, of_ties(alike)),
        };
        let below = |most: i64| averages_below(&kept, most);
        let reach = 2 * kept.len() as i64;
        let ordered = |rank: u128| {
            self.origin + first_with(-1, reach, |most| below(most) >= rank) as f64 / 2.0 * self.width
        };
        Ok(located(v, p, exact.is_some(), normal, averages, outside, ordered))
    }
}

/// The rank of the lower end of the 95 % interval among so many ordered differences, by the normal approximation with
/// continuity correction.
fn outermost(differences: u128, sigma: f64) -> u128 {
    let rank = (differences as f64 / 2.0 - 0.5 - normal_quantile(0.975) * sigma).floor() + 1.0;
    (rank.max(1.0) as u128).min(differences.max(1))
}

/// The result with its shift: the median of the ordered differences, and those so far from either end.
fn located(
    statistic: f64,
    p: f64,
    exact: bool,
    normal: Normal,
    differences: u128,
    outside: u128,
    ordered: impl Fn(u128) -> f64,
) -> TestResult {
    let (low, high) = (ordered(differences.div_ceil(2).max(1)), ordered(differences / 2 + 1));
    TestResult {
        statistic: Some(statistic),
        p: Some(p),
        estimate: Some(low / 2.0 + high / 2.0),
        lower: Some(ordered(outside)),
        upper: Some(ordered(differences + 1 - outside)),
        method: Some(if exact { EXACT } else { NORMAL }),
        normal: Some(normal),
        ..TestResult::default()
    }
}

/// The first whole number between for which a condition holds that holds from some point on.
fn first_with(lowest: i64, highest: i64, holds: impl Fn(i64) -> bool) -> i64 {
    let (mut low, mut high) = (lowest, highest);
    while low < high {
        let middle = low + (high - low).div_euclid(2);
        if holds(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

/// How many pairs have a difference of at most so many cells.
fn pairs_below(one: &[u64], two: &[u64], most: i64) -> u128 {
    // The values of the second group at `cell - most` or above.
    let mut suffix = vec![0_u128; two.len() + 1];
    for (cell, count) in two.iter().enumerate().rev() {
        suffix[cell] = suffix[cell + 1] + u128::from(*count);
    }
    let above = |cell: usize| {
        let from = usize::try_from(cell as i64 - most).unwrap_or(0).min(two.len());
        suffix[from]
    };
    one.iter()
        .enumerate()
        .map(|(cell, count)| u128::from(*count).saturating_mul(above(cell)))
        .fold(0, u128::saturating_add)
}

/// How many of Walsh's averages, each value with itself among them, have cells that add up to at most so many.
fn averages_below(counts: &[u64], most: i64) -> u128 {
    let mut prefix = vec![0_u128; counts.len() + 1];
    for (cell, count) in counts.iter().enumerate() {
        prefix[cell + 1] = prefix[cell] + u128::from(*count);
    }
    let up_to = |cell: i64| prefix[usize::try_from(cell + 1).unwrap_or(0).min(counts.len())];
    let (mut ordered, mut alone) = (0_u128, 0_u128);
    for (cell, count) in counts.iter().enumerate() {
        let (cell, count) = (cell as i64, u128::from(*count));
        ordered = ordered.saturating_add(count.saturating_mul(up_to(most - cell)));
        if 2 * cell <= most {
            alone += count;
        }
    }
    ordered.saturating_add(alone) / 2
}

fn kruskal(groups: &[Vec<u64>]) -> Result<TestResult, String> {
    if groups.len() < 2 {
        return Err("the test compares groups, and only one has anybody in it".to_owned());
    }
    let cells = groups.iter().map(Vec::len).max().unwrap_or(0);
    let mut sums = vec![0_u128; groups.len()];
    let (mut ties, mut before) = (0_u128, 0_u128);
    for cell in 0..cells {
        let here = |group: &Vec<u64>| u128::from(group.get(cell).copied().unwrap_or(0));
        let tied: u128 = groups.iter().map(here).sum();
        for (sum, group) in sums.iter_mut().zip(groups) {
            *sum = sum.saturating_add(here(group).saturating_mul(2 * before + tied + 1));
        }
        ties = ties.saturating_add(cubed_less(tied));
        before += tied;
    }
    let n = before as f64;
    let untied = 1.0 - ties as f64 / (n * n * n - n);
    if !(n > 1.0 && untied > 0.0) {
        return Err("the values are all the same".to_owned());
    }
    let middle = (n + 1.0) / 2.0;
    let term = |(sum, group): (&u128, &Vec<u64>)| {
        let size = total(group) as f64;
        let distance = *sum as f64 / 2.0 / size - middle;
        size * distance * distance
    };
    let spread: f64 = sums.iter().zip(groups).map(term).sum();
    let statistic = 12.0 / (n * (n + 1.0)) * spread / untied;
    let df = (groups.len() - 1) as f64;
    Ok(TestResult {
        statistic: Some(statistic),
        df: Some(Degrees::Of(df)),
        p: Some(chi_squared_survival(statistic, df)),
        method: Some("chi-squared approximation, corrected for ties"),
        ..TestResult::default()
    })
}
