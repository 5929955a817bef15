//! The exact p-value of a table of any shape: the network algorithm of Mehta and Patel (JASA 78, 1983).
//!
//! Columns are filled one after the other. A node is what is left of the row totals; paths into it whose probabilities
//! so far agree are carried as one. A node whose longest and shortest ways on decide a path ends it there.

use std::collections::BTreeMap;

/// The most steps that are taken; a table that needs more is not answered.
const MOST_STEPS: u64 = 4_000_000;

/// The most units in the table: so many logarithms are computed beforehand.
const MOST_UNITS: u64 = 200_000;

/// Paths whose logarithms agree to this many parts of 1 are one: far less than the tolerance of ties, 1e-7.
const SAME: f64 = 1e10;

/// The probability of the tables with the same margins that are no likelier than this one; `tie` is how much likelier a
/// table may seem and still be no likelier. None where there are too many tables. The table has no empty row or column.
pub(super) fn p_value(counts: &[Vec<u64>], tie: f64) -> Option<f64> {
    let counts = with_fewer_rows(counts);
    let rows: Vec<u64> = counts.iter().map(|row| row.iter().sum()).collect();
    let mut order: Vec<usize> = (0..counts.first()?.len()).collect();
    let total = |column: usize| counts.iter().map(|row| row[column]).sum::<u64>();
    order.sort_by_key(|column| (total(*column), *column));
    let n: u64 = rows.iter().sum();
    if n > MOST_UNITS {
        return None;
    }
    let logarithms = Logarithms::new(n);
    let column = |at: usize| counts.iter().map(|row| row[at]).collect::<Vec<_>>();
    let observed: f64 = order.iter().map(|at| logarithms.ways(&column(*at))).sum();
    let all = logarithms.ways(&rows);
    let columns: Vec<u64> = order.iter().map(|at| total(*at)).collect();
    let limit = observed + libm::log(tie);
    let network = Network { columns: &columns, logarithms: &logarithms, limit, all };
    network.run(rows).map(|p| p.min(1.0))
}

/// The table or its mirror image, so that nodes are short.
fn with_fewer_rows(counts: &[Vec<u64>]) -> Vec<Vec<u64>> {
    let columns = counts.first().map_or(0, Vec::len);
    if counts.len() <= columns {
        return counts.to_vec();
    }
    (0..columns).map(|column| counts.iter().map(|row| row[column]).collect()).collect()
}

/// Logarithms of factorials.
pub(super) struct Logarithms(Vec<f64>);

impl Logarithms {
    pub(super) fn new(n: u64) -> Self {
        Self((0..=n).map(|of| libm::lgamma(of as f64 + 1.0)).collect())
    }

    /// The logarithm of in how many ways units can be dealt out to these counts.
    pub(super) fn ways(&self, counts: &[u64]) -> f64 {
        self.factorial(counts.iter().sum()) - counts.iter().map(|count| self.factorial(*count)).sum::<f64>()
    }

    pub(super) fn factorial(&self, of: u64) -> f64 {
        self.0.get(of as usize).copied().unwrap_or(f64::INFINITY)
    }
}

struct Network<'a> {
    columns: &'a [u64],
    logarithms: &'a Logarithms,
    /// The logarithm below which a table is no likelier than the observed one.
    limit: f64,
    all: f64,
}

/// Paths into a node: the logarithm of their probability so far, and how many they are, by a rounded logarithm.
type Paths = BTreeMap<i64, (f64, f64)>;

/// The longest and the shortest way on from a node, by how many columns are filled and what is left.
type Ends = BTreeMap<(usize, Vec<u64>), (f64, f64)>;

impl Network<'_> {
    fn run(&self, rows: Vec<u64>) -> Option<f64> {
        let mut steps = 0;
        let mut ends = Ends::new();
        let last_two = self.columns.len().checked_sub(2)?;
        let mut nodes = BTreeMap::from([(sorted(rows), Paths::from([(0, (0.0, 1.0))]))]);
        let mut p = 0.0;
        for filled in 0..last_two {
            let mut next: BTreeMap<Vec<u64>, Paths> = BTreeMap::new();
            for (left, paths) in nodes {
                let (longest, shortest) = self.ends(filled, &left, &mut ends, &mut steps)?;
                let ways_on = self.logarithms.ways(&left);
                let mut open = Vec::new();
                for (so_far, many) in paths.into_values() {
                    if so_far + longest <= self.limit {
                        p += many * libm::exp(so_far + ways_on - self.all);
                    } else if so_far + shortest <= self.limit {
                        open.push((so_far, many));
                    }
                }
                if open.is_empty() {
                    continue;
                }
                for column in fillings(&left, self.columns[filled], &mut steps)? {
                    let edge = self.logarithms.ways(&column);
                    let child = sorted(left.iter().zip(&column).map(|(left, taken)| left - taken).collect());
                    let into = next.entry(child).or_default();
                    steps += open.len() as u64;
                    for (so_far, many) in &open {
                        let now = so_far + edge;
                        into.entry((now * SAME).round() as i64).or_insert((now, 0.0)).1 += many;
                    }
                }
                if steps > MOST_STEPS {
                    return None;
                }
            }
            nodes = next;
        }
        for (left, paths) in nodes {
            p += self.finish(last_two, &left, paths, &mut steps)?;
        }
        Some(p)
    }

    /// The probability of the paths into a node before the last two columns that end no likelier than observed.
    fn finish(&self, filled: usize, left: &[u64], paths: Paths, steps: &mut u64) -> Option<f64> {
        let mut ways: Vec<f64> = self.last_ways(filled, left, steps)?;
        ways.sort_by(f64::total_cmp);
        let below: Vec<f64> = ways
            .iter()
            .scan(0.0, |sum, way| {
                *sum += libm::exp(way - self.all);
                Some(*sum)
            })
            .collect();
        *steps += paths.len() as u64;
        let share = |(so_far, many): (f64, f64)| {
            let end = ways.partition_point(|way| so_far + way <= self.limit);
            if end == 0 { 0.0 } else { many * libm::exp(so_far) * below[end - 1] }
        };
        Some(paths.into_values().map(share).sum())
    }

    /// The logarithm of every way to fill the last two columns.
    fn last_ways(&self, filled: usize, left: &[u64], steps: &mut u64) -> Option<Vec<f64>> {
        let fillings = fillings(left, *self.columns.get(filled)?, steps)?;
        let way = |column: &Vec<u64>| {
            let rest: Vec<u64> = left.iter().zip(column).map(|(left, taken)| left - taken).collect();
            self.logarithms.ways(column) + self.logarithms.ways(&rest)
        };
        Some(fillings.iter().map(way).collect())
    }

    /// The longest and the shortest way on from a node.
    fn ends(&self, filled: usize, left: &[u64], known: &mut Ends, steps: &mut u64) -> Option<(f64, f64)> {
        if let Some(ends) = known.get(&(filled, left.to_vec())) {
            return Some(*ends);
        }
        let widen = |ends: (f64, f64), way: (f64, f64)| (ends.0.max(way.0), ends.1.min(way.1));
        let none = (f64::NEG_INFINITY, f64::INFINITY);
        let ends = if filled + 2 == self.columns.len() {
            let ways = self.last_ways(filled, left, steps)?;
            ways.into_iter().fold(none, |ends, way| widen(ends, (way, way)))
        } else {
            let mut ends = none;
            for column in fillings(left, self.columns[filled], steps)? {
                let child = sorted(left.iter().zip(&column).map(|(left, taken)| left - taken).collect());
                let (longest, shortest) = self.ends(filled + 1, &child, known, steps)?;
                let edge = self.logarithms.ways(&column);
                ends = widen(ends, (edge + longest, edge + shortest));
            }
            ends
        };
        known.insert((filled, left.to_vec()), ends);
        Some(ends)
    }
}

fn sorted(mut left: Vec<u64>) -> Vec<u64> {
    left.sort_unstable();
    left
}

/// Every way to fill a column of that total from what is left of the rows; none where there are too many.
fn fillings(left: &[u64], total: u64, steps: &mut u64) -> Option<Vec<Vec<u64>>> {
    let mut found = vec![(Vec::new(), total)];
    for (at, most) in left.iter().enumerate() {
        let room: u64 = left[at + 1..].iter().sum();
        let mut longer = Vec::new();
        for (column, rest) in found {
            for taken in rest.saturating_sub(room)..=rest.min(*most) {
                *steps += 1;
                if *steps > MOST_STEPS {
                    return None;
                }
                let mut column: Vec<u64> = column.clone();
                column.push(taken);
                longer.push((column, rest - taken));
            }
        }
        found = longer;
    }
    Some(found.into_iter().map(|(column, _)| column).collect())
}
