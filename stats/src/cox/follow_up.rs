//! When somebody is followed: `Surv(time, event)`, or `Surv(start, stop, event)` for those who come under observation
//! late.

use std::collections::BTreeSet;

use notochord_proto::expression::Expression;
use notochord_proto::name::VariableName;
use notochord_proto::scope::Scope;

use crate::arithmetic::{Arithmetic, ArithmeticColumns};
use crate::contribution::ContributeError;
use crate::frame::Frame;

/// The left side of a formula, and the formula of the event.
pub(super) struct Surv {
    start: Option<String>,
    stop: String,
    /// The formula with the event alone on its left side.
    pub(super) of_event: String,
}

/// The times of a row.
pub(super) struct FollowUp {
    start: Option<Arithmetic>,
    stop: Arithmetic,
}

/// Their columns being read.
pub(super) struct FollowUpColumns<'a> {
    start: Option<ArithmeticColumns<'a>>,
    stop: ArithmeticColumns<'a>,
}

/// After `start`, until `stop`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Interval {
    pub(super) start: f64,
    pub(super) stop: f64,
}

/// A public grid of times: 0, `every`, twice that, … `until`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Times {
    every: f64,
    /// The position of the last time.
    last: usize,
}

impl Surv {
    /// Reads `Surv(…) ~ …`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let wanted =
            "the formula of a Cox model begins with `Surv(time, event) ~` or `Surv(start, stop, event) ~`";
        let (left, right) = text.split_once('~').ok_or(wanted)?;
        let inside = left.trim().strip_prefix("Surv").map(str::trim).ok_or(wanted)?;
        let inside = inside.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).ok_or(wanted)?;
        let parts: Vec<&str> = inside.split(',').map(str::trim).collect();
        let (start, stop, event) = match parts.as_slice() {
            [stop, event] => (None, *stop, *event),
            [start, stop, event] => (Some((*start).to_owned()), *stop, *event),
            _ => return Err(wanted.to_owned()),
        };
        Ok(Self { start, stop: stop.to_owned(), of_event: format!("{event} ~{right}") })
    }
}

impl FollowUp {
    pub(super) fn new(surv: &Surv, scope: &Scope) -> Result<Self, String> {
        let time = |text: &str| {
            let expression = Expression::parse(text).map_err(|error| error.to_string())?;
            Arithmetic::of(&expression, scope)
        };
        Ok(Self { start: surv.start.as_deref().map(time).transpose()?, stop: time(&surv.stop)? })
    }

    pub(super) fn variables(&self) -> BTreeSet<VariableName> {
        let start = self.start.iter().flat_map(Arithmetic::variables);
        start.chain(self.stop.variables()).collect()
    }

    /// Whether rows have a time at which they come under observation.
    pub(super) fn has_start(&self) -> bool {
        self.start.is_some()
    }

    pub(super) fn read<'a>(&'a self, frame: &'a Frame) -> Result<FollowUpColumns<'a>, ContributeError> {
        let start = self.start.as_ref().map(|start| start.read(frame)).transpose()?;
        Ok(FollowUpColumns { start, stop: self.stop.read(frame)? })
    }
}

impl FollowUpColumns<'_> {
    /// The times of a row; none where one is missing, or where it ends no later than it begins, which R's `Surv` takes
    /// as missing too.
    pub(super) fn at(&self, row: usize) -> Result<Option<Interval>, ContributeError> {
        let start = match &self.start {
            None => f64::NEG_INFINITY,
            Some(start) => match start.at(row)? {
                Some(value) => value.to_number(),
                None => return Ok(None),
            },
        };
        let stop = self.stop.at(row)?.map(|value| value.to_number());
        Ok(stop.filter(|stop| *stop > start).map(|stop| Interval { start, stop }))
    }
}

/// The most times of a grid.
const MOST_TIMES: f64 = 20_000.0;

impl Times {
    /// The grid, or why there is none.
    pub(super) fn new(every: f64, until: f64) -> Result<Self, String> {
        if !(every > 0.0 && until >= every && until.is_finite()) {
            return Err("`every` must be above 0 and `until` no less than it".to_owned());
        }
        let last = (until / every + ROUNDING).floor();
        if last >= MOST_TIMES {
            return Err(format!("the grid of times has more than {MOST_TIMES} points; make `every` larger"));
        }
        Ok(Self { every, last: last as usize })
    }

    /// How many times, 0 included.
    pub(super) fn len(self) -> usize {
        self.last + 1
    }

    /// A time by its position.
    pub(super) fn at(self, position: usize) -> f64 {
        position as f64 * self.every
    }

    /// The names of the times.
    pub(super) fn headings(self) -> Vec<String> {
        (0..self.len()).map(|at| self.at(at).to_string()).collect()
    }

    /// The position of the smallest grid time not below a time; none past the last.
    pub(super) fn position(self, time: f64) -> Option<usize> {
        let position = (time / self.every - ROUNDING).ceil().max(0.0);
        (position <= self.last as f64).then_some(position as usize)
    }

    /// An interval in positions, and whether it ends on the grid: what goes on past it is cut off at its last time.
    /// Who comes under observation between two times counts from the earlier one, so that nobody's interval is empty.
    pub(super) fn interval(self, interval: Interval) -> (Interval, bool) {
        let stop = self.position(interval.stop);
        let start = (interval.start / self.every + ROUNDING).floor();
        (Interval { start, stop: stop.unwrap_or(self.last) as f64 }, stop.is_some())
    }
}

/// Decimal steps are not exact in binary.
const ROUNDING: f64 = 1e-9;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_time_counts_at_the_smallest_grid_time_not_below_it_and_an_entry_at_the_one_before() {
        let times = Times::new(30.0, 90.0).unwrap();
        assert_eq!(times.headings(), ["0", "30", "60", "90"]);
        assert_eq!([0.0, 1.0, 30.0, 31.0, 90.0].map(|time| times.position(time)), [0, 1, 1, 2, 3].map(Some));
        assert_eq!(times.position(91.0), None);
        let (cut, ends) = times.interval(Interval { start: 31.0, stop: 400.0 });
        assert_eq!((cut, ends), (Interval { start: 1.0, stop: 3.0 }, false));
        assert_eq!(Times::new(0.1, 0.3).unwrap().position(0.1 + 0.2), Some(3));
        assert!(Times::new(0.0, 3.0).is_err() && Times::new(1.0, 1e9).is_err());
    }

    #[test]
    fn the_left_side_names_one_time_or_two_and_the_event() {
        let surv = Surv::parse("Surv(tstart, tstop, status) ~ age + sex").unwrap();
        assert_eq!((surv.start.as_deref(), surv.stop.as_str()), (Some("tstart"), "tstop"));
        assert_eq!(surv.of_event, "status ~ age + sex");
        for text in ["status ~ age", "Surv(time) ~ age", "Surv(a, b, c, d) ~ age", "Surv(time, status)"] {
            assert!(Surv::parse(text).is_err(), "{text}");
        }
    }
}
