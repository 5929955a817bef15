//! Concordance: of the pairs of rows of a stratum of which one has its event while the other is at risk, how many have
//! the higher risk first (Harrell; R's `survival::concordance`).

use super::risk::Row;

/// How many pairs of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Pairs {
    pub(super) concordant: u64,
    pub(super) discordant: u64,
    /// Of the same risk.
    pub(super) tied: u64,
}

/// How many have each rank, as sums over ranges (Fenwick, Software: Practice and Experience 24, 1994).
struct Ranks(Vec<u64>);

impl Ranks {
    fn add(&mut self, rank: usize) {
        let mut at = rank + 1;
        while at < self.0.len() {
            self.0[at] += 1;
            at += at & at.wrapping_neg();
        }
    }

    fn remove(&mut self, rank: usize) {
        let mut at = rank + 1;
        while at < self.0.len() {
            self.0[at] -= 1;
            at += at & at.wrapping_neg();
        }
    }

    /// How many have a lower rank.
    fn below(&self, rank: usize) -> u64 {
        let (mut at, mut sum) = (rank, 0);
        while at > 0 {
            sum += self.0[at];
            at &= at - 1;
        }
        sum
    }
}

/// The pairs of a stratum.
pub(super) fn pairs(rows: &[Row]) -> Pairs {
    let mut risks: Vec<f64> = rows.iter().map(|row| row.eta).collect();
    risks.sort_by(f64::total_cmp);
    risks.dedup();
    let rank = |row: &Row| risks.partition_point(|risk| *risk < row.eta);
    let falling = |key: &dyn Fn(&Row) -> f64| {
        let mut places: Vec<usize> = (0..rows.len()).collect();
        places.sort_by(|one, two| key(&rows[*two]).total_cmp(&key(&rows[*one])));
        places
    };
    let (leaving, entering) = (falling(&|row| row.interval.stop), falling(&|row| row.interval.start));
    let mut ranks = Ranks(vec![0; risks.len() + 1]);
    let (mut pairs, mut at_risk, mut went) = (Pairs::default(), 0_u64, 0);
    for tied in leaving.chunk_by(|one, two| rows[*one].interval.stop == rows[*two].interval.stop) {
        let time = rows[tied[0]].interval.stop;
        while let Some(at) = entering.get(went).copied().filter(|at| rows[*at].interval.start >= time) {
            ranks.remove(rank(&rows[at]));
            at_risk -= 1;
            went += 1;
        }
        let (events, others): (Vec<usize>, Vec<usize>) = tied.iter().partition(|at| rows[**at].event);
        // Who leaves without an event at the time of one outlives it.
        for at in others {
            ranks.add(rank(&rows[at]));
            at_risk += 1;
        }
        for at in &events {
            let own = rank(&rows[*at]);
            let (below, up_to) = (ranks.below(own), ranks.below(own + 1));
            pairs.concordant += below;
            pairs.tied += up_to - below;
            pairs.discordant += at_risk - up_to;
        }
        for at in events {
            ranks.add(rank(&rows[at]));
            at_risk += 1;
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::super::follow_up::Interval;
    use super::*;

    #[test]
    fn pairs_are_counted_as_one_by_one() {
        let row = |place: usize| Row {
            place,
            interval: Interval {
                start: if place.is_multiple_of(4) { (place % 7) as f64 - 1.0 } else { f64::NEG_INFINITY },
                stop: (place * 5 % 11) as f64 + 7.0,
            },
            event: place % 3 != 1,
            z: Vec::new(),
            eta: (place * 3 % 8) as f64,
        };
        let rows: Vec<Row> = (0..40).map(row).collect();
        let mut expected = Pairs::default();
        for dies in rows.iter().filter(|row| row.event) {
            let time = dies.interval.stop;
            let lives = |other: &&Row| {
                other.interval.start < time
                    && (other.interval.stop > time || (other.interval.stop == time && !other.event))
            };
            for other in rows.iter().filter(lives) {
                match dies.eta.total_cmp(&other.eta) {
                    std::cmp::Ordering::Greater => expected.concordant += 1,
                    std::cmp::Ordering::Less => expected.discordant += 1,
                    std::cmp::Ordering::Equal => expected.tied += 1,
                }
            }
        }
        assert_eq!(pairs(&rows), expected);
    }
}
