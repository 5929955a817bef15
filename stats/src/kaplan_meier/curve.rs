//! The estimator of Kaplan and Meier, its quantiles and the area below it (`survfit`, `quantile`, `survmean`).

use crate::exits::Course;
use crate::figure::Figure;
use crate::interval::Scale;

/// What is known of survival at a grid time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point {
    pub(super) time: f64,
    pub(super) at_risk: u64,
    pub(super) events: u64,
    pub(super) censored: u64,
    /// Events up to this time, those at it among them.
    pub(super) events_so_far: u64,
    pub(super) survival: f64,
    /// Greenwood's sum: the variance of the logarithm of survival; infinite once nobody is left.
    pub(super) greenwood: f64,
    /// Nelson and Aalen's cumulative hazard and its variance.
    pub(super) hazard: f64,
    pub(super) hazard_variance: f64,
}

/// The curve at every grid time.
pub(super) struct Curve(pub(super) Vec<Point>);

impl Curve {
    /// The curve of one event, or of any of several causes.
    pub(super) fn new(course: &Course, times: &[f64]) -> Self {
        let (mut survival, mut greenwood, mut hazard, mut hazard_variance) = (1.0, 0.0, 0.0, 0.0);
        let mut events_so_far = 0;
        let point = |(at, time): (usize, &f64)| {
            let (at_risk, events) = (course.at_risk[at], course.any_event(at));
            if events > 0 {
                let (n, d) = (at_risk as f64, events as f64);
                events_so_far += events;
                survival *= (n - d) / n;
                greenwood += d / (n * (n - d));
                hazard += d / n;
                hazard_variance += d / (n * n);
            }
            let censored = course.censored[at];
            Point {
                time: *time,
                at_risk,
                events,
                censored,
                events_so_far,
                survival,
                greenwood,
                hazard,
                hazard_variance,
            }
        };
        Self(times.iter().enumerate().map(point).collect())
    }

    /// Whether anybody leaves at a point: others add nothing to a curve.
    pub(super) fn is_step(point: &Point) -> bool {
        point.events + point.censored > 0
    }

    /// The last time at which anybody is under observation; none of nobody.
    fn end(&self) -> Option<f64> {
        self.0.iter().rev().find(|point| point.at_risk > 0).map(|point| point.time)
    }

    /// The time by which a share `p` had the event, with its interval.
    pub(super) fn quantile(&self, p: f64, scale: Scale) -> [Figure<f64>; 3] {
        let steps: Vec<&Point> = self.0.iter().filter(|point| Self::is_step(point)).collect();
        let crossing = |gone: &dyn Fn(&Point) -> Option<f64>| {
            let start = Some((0.0, 0.0));
            let points = steps.iter().filter_map(|point| Some((point.time, gone(point)?)));
            let whole = steps.last().and_then(|point| gone(point)).zip(self.end());
            crossing(&start.into_iter().chain(points).collect::<Vec<_>>(), p, whole)
        };
        let end =
            |which: usize| move |point: &Point| point.interval(scale)[which].known().map(|end| 1.0 - end);
        [crossing(&|point| Some(1.0 - point.survival)), crossing(&end(0)), crossing(&end(1))]
    }

    /// The mean survival time up to `tau` and its standard error; none where the last one under observation leaves
    /// before it alive.
    pub(super) fn restricted_mean(&self, tau: f64) -> Option<(f64, f64)> {
        let before: Vec<&Point> = self.0.iter().filter(|point| point.time <= tau).collect();
        let observed = self.end().is_some_and(|end| end >= tau);
        if !observed && before.last().is_none_or(|point| point.survival > 0.0) {
            return None;
        }
        let (mut area, mut variance, mut next) = (0.0, 0.0, tau);
        for point in before.iter().rev() {
            area += point.survival * (next - point.time);
            next = point.time;
            let (n, d) = (point.at_risk as f64, point.events as f64);
            if n > d {
                variance += area * area * d / (n * (n - d));
            }
        }
        Some((area, variance.sqrt()))
    }

    /// The time everybody was under observation, added up.
    pub(super) fn person_time(&self) -> f64 {
        self.0.iter().map(|point| point.time * (point.events + point.censored) as f64).sum()
    }
}

impl Point {
    /// Whether somebody is under observation, or everybody had the event.
    pub(super) fn is_known(&self) -> bool {
        self.at_risk > 0 || self.survival == 0.0
    }

    /// The standard error of survival; none once everybody had the event.
    pub(super) fn se(&self) -> Figure<f64> {
        Figure::finite(self.survival * self.greenwood.sqrt())
    }

    /// The interval of survival.
    pub(super) fn interval(&self, scale: Scale) -> [Figure<f64>; 2] {
        scale.interval(self.survival, self.greenwood.sqrt())
    }
}

/// Where a curve of shares gone first reaches `p`. Where it stays at `p` itself, the middle of that stretch; `last` is
/// its last value and the time at which observation ends.
fn crossing(points: &[(f64, f64)], p: f64, last: Option<(f64, f64)>) -> Figure<f64> {
    // The ends of an interval need not fall all the way; R puts their values in order too.
    let mut distinct = points.to_vec();
    distinct.sort_by(|one, two| one.1.total_cmp(&two.1));
    distinct.dedup_by_key(|(_, gone)| *gone);
    let first = |least: f64| distinct.iter().find(|(_, gone)| *gone >= least).map(|(time, _)| *time);
    let Some(begins) = first(p - TOLERANCE) else { return Figure::Undefined };
    if let Some((_, end)) = last.filter(|(gone, _)| (gone - p).abs() < TOLERANCE) {
        return Figure::finite((begins + end) / 2.0);
    }
    first(p + TOLERANCE).map_or(Figure::Undefined, |ends| Figure::finite((begins + ends) / 2.0))
}

/// The root of the machine's precision: what R takes for equal.
const TOLERANCE: f64 = 1.490_116_119_384_765_6e-8;
