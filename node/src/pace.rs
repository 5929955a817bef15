//! How soon a node tries to reach its coordinator again: after ever longer waits, and at a quick pace for a while after
//! a stop that was announced.

use std::time::{Duration, Instant};

use notochord_link::backoff::{Backoff, jitter};

/// The first wait.
const FIRST: Duration = Duration::from_millis(200);
/// The longest wait between two attempts: with the handshake, a link is back within 5 s of its way's return.
const LONGEST: Duration = Duration::from_secs(4);
/// The longest wait after an announced stop.
const LONGEST_WHEN_EXPECTED: Duration = Duration::from_secs(1);
/// How long after an announced stop the coordinator is expected back.
const EXPECTED: Duration = Duration::from_secs(600);

/// The waits between attempts.
#[derive(Debug)]
pub(crate) struct Pace {
    usual: Backoff,
    expected: Backoff,
    parted: Option<Instant>,
}

impl Pace {
    /// The usual pace.
    pub(crate) fn new() -> Self {
        Self {
            usual: Backoff::new(FIRST, LONGEST),
            expected: Backoff::new(FIRST, LONGEST_WHEN_EXPECTED),
            parted: None,
        }
    }

    /// The next wait.
    pub(crate) fn next(&mut self, now: Instant) -> Duration {
        match self.parted {
            Some(parted) if now.saturating_duration_since(parted) < EXPECTED => self.expected.next(jitter()),
            _ => self.usual.next(jitter()),
        }
    }

    /// The coordinator has announced its stop.
    pub(crate) fn part(&mut self, now: Instant) {
        self.parted = Some(now);
        self.expected.reset();
        self.usual.reset();
    }

    /// A link is open; says whether that ends an announced stop.
    pub(crate) fn arrive(&mut self) -> bool {
        self.parted.take().is_some()
    }

    /// A link has held: the waits start again.
    pub(crate) fn reset(&mut self) {
        self.usual.reset();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The longest of the waits that follow one another for ever.
    fn longest(pace: &mut Pace, now: Instant) -> Duration {
        (0..50).map(|_| pace.next(now)).max().unwrap_or_default()
    }

    #[test]
    fn no_wait_is_longer_than_four_seconds_and_none_longer_than_one_after_an_announced_stop() {
        let (mut pace, now) = (Pace::new(), Instant::now());
        assert!((Duration::from_secs(2)..=LONGEST).contains(&longest(&mut pace, now)));
        pace.part(now);
        assert!(longest(&mut pace, now) <= LONGEST_WHEN_EXPECTED);
        assert!(longest(&mut pace, now + EXPECTED) > LONGEST_WHEN_EXPECTED);
        assert!(pace.arrive());
        assert!(!pace.arrive());
        pace.reset();
        assert!(pace.next(now) <= FIRST);
    }
}
