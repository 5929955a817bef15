//! How long to wait before trying again: doubling, bounded, and jittered so that a fleet does not return at once.

use std::time::Duration;

/// Waits of growing length.
#[derive(Debug, Clone)]
pub struct Backoff {
    first: Duration,
    most: Duration,
    failures: u32,
}

impl Backoff {
    /// Waits from about `first`, doubling up to `most`.
    pub fn new(first: Duration, most: Duration) -> Self {
        Self { first, most, failures: 0 }
    }

    /// The next wait; `random` says where in its half-open range it falls.
    pub fn next(&mut self, random: u32) -> Duration {
        let ceiling = self.first.saturating_mul(1 << self.failures.min(16)).min(self.most);
        self.failures = self.failures.saturating_add(1);
        let half = ceiling / 2;
        half + half.mul_f64(f64::from(random) / f64::from(u32::MAX))
    }

    /// After a success the waits start again.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

/// Random bits of the operating system for [`Backoff::next`]; no randomness means no jitter.
pub fn jitter() -> u32 {
    getrandom::u32().unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_bound_and_start_again_after_a_success() {
        let mut backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(5));
        let waits: Vec<_> = (0..7).map(|_| backoff.next(u32::MAX).as_millis()).collect();
        assert_eq!(waits, [200, 400, 800, 1600, 3200, 5000, 5000]);
        assert_eq!(backoff.next(0), Duration::from_millis(2500));
        backoff.reset();
        assert_eq!(backoff.next(u32::MAX).as_millis(), 200);
    }
}
