//! How much one caller may ask for: a bucket of tokens per identity, and a number of places at a time. Time is
//! passed in.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The most identities whose buckets are kept; beyond it those that are full again are forgotten.
const MOST_BUCKETS: usize = 4096;

/// So many at once, and then so many per second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// At once.
    pub burst: u32,
    /// Per second.
    pub per_second: u32,
}

/// A bucket of tokens per identity.
#[derive(Debug)]
pub struct RateLimit<K> {
    rate: Rate,
    buckets: Mutex<HashMap<K, Bucket>>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

impl<K: Eq + Hash> RateLimit<K> {
    /// Buckets that are full at first.
    pub fn new(rate: Rate) -> Self {
        Self { rate, buckets: Mutex::default() }
    }

    /// Whether `who` may now; takes a token.
    pub fn admits(&self, who: K, now: Instant) -> bool {
        let mut buckets = lock(&self.buckets);
        if buckets.len() >= MOST_BUCKETS && !buckets.contains_key(&who) {
            let burst = f64::from(self.rate.burst);
            buckets.retain(|_, bucket| bucket.filled(self.rate, now) < burst);
            if buckets.len() >= MOST_BUCKETS {
                return false;
            }
        }
        let full = Bucket { tokens: f64::from(self.rate.burst), at: now };
        let bucket = buckets.entry(who).or_insert(full);
        let tokens = bucket.filled(self.rate, now);
        let admits = tokens >= 1.0;
        *bucket = Bucket { tokens: if admits { tokens - 1.0 } else { tokens }, at: now };
        admits
    }
}

impl Bucket {
    /// The tokens in it by now. A clock that stands or runs backwards adds none.
    fn filled(&self, rate: Rate, now: Instant) -> f64 {
        let passed = now.checked_duration_since(self.at).unwrap_or(Duration::ZERO);
        (self.tokens + passed.as_secs_f64() * f64::from(rate.per_second)).min(f64::from(rate.burst))
    }
}

/// Places, so many per identity.
#[derive(Debug)]
pub struct Places<K: Eq + Hash> {
    most: usize,
    taken: Arc<Mutex<HashMap<K, usize>>>,
}

/// A place that is given back when dropped.
#[derive(Debug)]
pub struct Place<K: Eq + Hash> {
    who: K,
    taken: Arc<Mutex<HashMap<K, usize>>>,
}

impl<K: Eq + Hash + Clone> Places<K> {
    /// So many per identity.
    pub fn new(most: usize) -> Self {
        Self { most, taken: Arc::default() }
    }

    /// A place for `who`, if one is left.
    pub fn take(&self, who: K) -> Option<Place<K>> {
        let mut taken = lock(&self.taken);
        let count = taken.entry(who.clone()).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Place { who, taken: self.taken.clone() })
    }
}

impl<K: Eq + Hash> Drop for Place<K> {
    fn drop(&mut self) {
        let mut taken = lock(&self.taken);
        if let Some(count) = taken.get_mut(&self.who) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                taken.remove(&self.who);
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // The maps stay consistent whatever happened to a thread that held them.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const RATE: Rate = Rate { burst: 3, per_second: 2 };

    #[test]
    fn a_burst_is_let_through_and_then_so_many_per_second() {
        let (limit, start) = (RateLimit::new(RATE), Instant::now());
        let admitted = |at: Duration| (0..10).filter(|_| limit.admits("a", start + at)).count();
        assert_eq!(admitted(Duration::ZERO), 3);
        assert_eq!(admitted(Duration::from_millis(499)), 0);
        assert_eq!(admitted(Duration::from_millis(1000)), 2);
        assert_eq!(admitted(Duration::from_secs(3600)), 3, "never more than a burst");
        assert_eq!(admitted(Duration::from_secs(3599)), 0, "a clock that runs backwards gives nothing");
    }

    #[test]
    fn one_identity_does_not_use_up_anothers_tokens() {
        let (limit, now) = (RateLimit::new(RATE), Instant::now());
        assert_eq!((0..10).filter(|_| limit.admits("a", now)).count(), 3);
        assert!(limit.admits("b", now));
    }

    #[test]
    fn as_many_strangers_as_like_to_come_take_bounded_room() {
        let (limit, start) = (RateLimit::new(RATE), Instant::now());
        let admitted = (0..2 * MOST_BUCKETS).filter(|number| limit.admits(*number, start)).count();
        assert_eq!((admitted, lock(&limit.buckets).len()), (MOST_BUCKETS, MOST_BUCKETS));
        assert!(limit.admits(usize::MAX, start + Duration::from_secs(1)));
        assert_eq!(lock(&limit.buckets).len(), 1);
    }

    #[test]
    fn a_place_is_given_back_when_its_holder_leaves() {
        let places = Places::new(2);
        let (first, _second) = (places.take("a").unwrap(), places.take("a").unwrap());
        assert!(places.take("a").is_none());
        assert!(places.take("b").is_some());
        drop(first);
        assert!(places.take("a").is_some());
    }
}
