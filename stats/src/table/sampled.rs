//! Fisher's test by sampling tables with the same margins, as `fisher.test(simulate.p.value = TRUE)` does, with a
//! stated seed, so that everybody samples the same tables.

use super::association::Sampling;
use super::network::Logarithms;

/// The seed of every such test.
const SEED: u64 = 1;

/// The most tables, and the most units dealt out for all of them.
const MOST_TABLES: u64 = 20_000;
const MOST_UNITS: u64 = 10_000_000;

/// The fewest tables worth a p-value.
const FEWEST_TABLES: u64 = 1_000;

/// The share of sampled tables that are no likelier than this one, which counts itself; none where the counts are so
/// large that too few could be sampled.
pub(super) fn p_value(counts: &[Vec<u64>]) -> Option<(f64, Sampling)> {
    let n: u64 = counts.iter().flatten().sum();
    let tables = (MOST_UNITS / n.max(1)).min(MOST_TABLES);
    if tables < FEWEST_TABLES {
        return None;
    }
    let columns = counts.first().map_or(0, Vec::len);
    let logarithms = Logarithms::new(n);
    let unlikeliness = |counts: &[u64]| counts.iter().map(|count| logarithms.factorial(*count)).sum::<f64>();
    let observed = unlikeliness(&counts.concat());
    let row_totals: Vec<u64> = counts.iter().map(|row| row.iter().sum()).collect();
    let each = |column: usize| counts.iter().map(|row| row[column]).sum::<u64>();
    let mut units: Vec<usize> =
        (0..columns).flat_map(|column| (0..each(column)).map(move |_| column)).collect();
    let mut random = SplitMix(SEED);
    let mut as_unlikely = 1_u64;
    for _ in 0..tables {
        // Fisher and Yates' shuffle deals the columns out to the rows.
        for at in (1..units.len()).rev() {
            units.swap(at, random.below(at as u64 + 1) as usize);
        }
        let mut table = vec![0; counts.len() * columns];
        let mut dealt = units.iter();
        for (row, total) in row_totals.iter().enumerate() {
            for column in dealt.by_ref().take(*total as usize) {
                table[row * columns + column] += 1;
            }
        }
        // Rounding errors of equal sums differ by much less.
        as_unlikely += u64::from(unlikeliness(&table) >= observed - 1e-7);
    }
    Some((as_unlikely as f64 / (tables + 1) as f64, Sampling { tables, seed: SEED }))
}

/// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below a limit; its bias, the limit divided by 2^64, is nothing.
    fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(limit)) >> 64) as u64
    }
}
