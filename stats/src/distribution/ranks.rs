//! The exact distributions of Wilcoxon's two statistics where no values are tied: in how many equally likely ways
//! each value of the statistic comes about, as R's `pwilcox` and `psignrank` count them.

/// The probabilities of a statistic of ranks, which is symmetric about the middle of its values.
pub(crate) struct Ranks {
    /// The probability of each value or a lower one.
    cumulative: Vec<f64>,
}

impl Ranks {
    /// The rank-sum statistic `W` of groups of these sizes, each below 50: from 0 to their product.
    pub(crate) fn rank_sum(first: u64, second: u64) -> Self {
        let size = (first * second) as usize + 1;
        let mut ways = vec![0_i128; size];
        ways[0] = 1;
        // The Gaussian binomial coefficient: the product of (1 - q^(second + i)) / (1 - q^i).
        for i in 1..=first {
            let (times, divided) = ((second + i) as usize, i as usize);
            for at in (times..size).rev() {
                ways[at] -= ways[at - times];
            }
            for at in divided..size {
                ways[at] += ways[at - divided];
            }
        }
        Self::of(&ways)
    }

    /// The signed-rank statistic `V` of fewer than 50 differences: from 0 to `n (n + 1) / 2`.
    pub(crate) fn signed(n: u64) -> Self {
        let size = (n * (n + 1) / 2) as usize + 1;
        let mut ways = vec![0_i128; size];
        ways[0] = 1;
        for rank in 1..=n as usize {
            for at in (rank..size).rev() {
                ways[at] += ways[at - rank];
            }
        }
        Self::of(&ways)
    }

    fn of(ways: &[i128]) -> Self {
        let all: i128 = ways.iter().sum();
        let cumulative = ways.iter().scan(0, |below, ways| {
            *below += ways;
            Some(*below as f64 / all as f64)
        });
        Self { cumulative: cumulative.collect() }
    }

    /// The probability of this value or a lower one.
    pub(crate) fn at_most(&self, value: u64) -> f64 {
        self.cumulative.get(value as usize).copied().unwrap_or(1.0)
    }

    /// Twice the smaller tail, both of which contain the value (`wilcox.test`).
    pub(crate) fn two_sided(&self, value: u64) -> f64 {
        let mirrored = (self.cumulative.len() as u64 - 1).saturating_sub(value);
        (2.0 * self.at_most(value).min(self.at_most(mirrored))).min(1.0)
    }

    /// The lowest value that is reached or undercut with at least this probability (`qwilcox`, `qsignrank`).
    pub(crate) fn quantile(&self, p: f64) -> u64 {
        self.cumulative.partition_point(|below| *below < p) as u64
    }
}
