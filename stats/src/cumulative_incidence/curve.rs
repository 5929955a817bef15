//! The estimator of Aalen and Johansen of one cause among several, with the variance `cmprsk::cuminc` gives it.

use crate::exits::Course;
use crate::figure::Figure;
use crate::interval::Scale;

/// What is known of a cause at a grid time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point {
    pub(super) time: f64,
    pub(super) at_risk: u64,
    /// Events of the cause.
    pub(super) events: u64,
    /// Events of the cause up to this time, those at it among them.
    pub(super) events_so_far: u64,
    /// Exits for any reason.
    pub(super) exits: u64,
    pub(super) incidence: f64,
    pub(super) variance: f64,
    /// Whether somebody is under observation, or nobody is left without an event.
    pub(super) known: bool,
}

/// The curve of a cause (a position among the causes) at every grid time. The variance is of Aalen's type, from the
/// martingales of both kinds of event with ties as in a hypergeometric draw; it changes where the cause has events.
pub(super) fn curve(course: &Course, cause: usize, times: &[f64]) -> Vec<Point> {
    let (mut free, mut incidence, mut variance) = (1.0, 0.0, 0.0);
    let mut sums = Sums::default();
    let mut events_so_far = 0;
    let point = |(at, time): (usize, &f64)| {
        let at_risk = course.at_risk[at];
        let (events, any) = (course.events[cause][at], course.any_event(at));
        if any > 0 {
            let (n, own, other) = (at_risk as f64, events as f64, (any - events) as f64);
            let still_free = free * (n - own - other) / n;
            incidence += free * own / n;
            let scaled = if still_free > 0.0 { incidence / still_free } else { 0.0 };
            let inverse = if still_free > 0.0 { 1.0 / still_free } else { 0.0 };
            if other > 0.0 && still_free > 0.0 {
                sums.add(scaled, inverse, drawn(free, other, n));
            }
            if own > 0.0 {
                sums.add(1.0 + scaled, inverse, drawn(free, own, n));
                events_so_far += events;
                variance = sums.variance(incidence);
            }
            free = still_free;
        }
        Point {
            time: *time,
            at_risk,
            events,
            events_so_far,
            exits: any + course.censored[at],
            incidence,
            variance,
            known: at_risk > 0 || (free == 0.0 && course.n() > 0),
        }
    };
    times.iter().enumerate().map(point).collect()
}

/// The sums over times that the variance is computed from.
#[derive(Default)]
struct Sums {
    squares: f64,
    products: f64,
    inverses: f64,
}

impl Sums {
    fn add(&mut self, factor: f64, inverse: f64, spread: f64) {
        self.squares += factor * factor * spread;
        self.products += inverse * factor * spread;
        self.inverses += inverse * inverse * spread;
    }

    fn variance(&self, incidence: f64) -> f64 {
        let variance = self.squares + incidence * incidence * self.inverses - 2.0 * incidence * self.products;
        variance.max(0.0)
    }
}

/// The variance of that many events drawn among `n`.
fn drawn(free: f64, events: f64, n: f64) -> f64 {
    let ties = if events > 1.0 { 1.0 - (events - 1.0) / (n - 1.0) } else { 1.0 };
    free * free * ties * events / (n * n)
}

impl Point {
    pub(super) fn se(&self) -> Figure<f64> {
        Figure::finite(self.variance.sqrt())
    }

    pub(super) fn interval(&self, scale: Scale) -> [Figure<f64>; 2] {
        scale.interval(self.incidence, self.variance.sqrt() / self.incidence)
    }
}
