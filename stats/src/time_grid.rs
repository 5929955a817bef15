//! The public grid that times are counted on.
//!
//! Its times are 0, `every`, 2·`every` … `until`, the last step shorter where `until` is no multiple. A time counts at
//! the smallest grid time not below it, so a curve is at most one step late; one beyond `until` is censored there.

use notochord_proto::fields::Fields;
use notochord_proto::problem::Problem;

use crate::vector::LONGEST;

/// Grid times, in the unit of the time variable.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TimeGrid {
    every: f64,
    times: Vec<f64>,
}

/// Where a time counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counted {
    /// At this grid time.
    At(usize),
    /// Beyond the last one: censored there.
    Beyond,
}

impl TimeGrid {
    /// Reads `every` and `until`.
    pub(crate) fn parse(fields: &mut Fields<'_>) -> Result<Self, Problem> {
        let (every, until): (f64, f64) = (fields.required("every")?, fields.required("until")?);
        Self::new(every, until).map_err(|(key, message)| fields.problem(key, message))
    }

    fn new(every: f64, until: f64) -> Result<Self, (&'static str, String)> {
        if !(every.is_finite() && every > 0.0) {
            return Err(("every", "`every` is the width of the time grid, a number above 0".to_owned()));
        }
        if !(until.is_finite() && until >= every) {
            return Err(("until", "`until` is the end of the time grid, at least `every`".to_owned()));
        }
        let steps = (until / every - ROUNDING).ceil();
        if steps >= LONGEST as f64 {
            return Err((
                "every",
                format!("the time grid has more than {LONGEST} times; a wider `every` has fewer"),
            ));
        }
        let steps = steps as usize;
        let inner = (0..steps).map(|step| step as f64 * every);
        Ok(Self { every, times: inner.chain([until]).collect() })
    }

    /// The grid times, from 0.
    pub(crate) fn times(&self) -> &[f64] {
        &self.times
    }

    /// The end of the grid.
    pub(crate) fn until(&self) -> f64 {
        self.times.last().copied().unwrap_or_default()
    }

    /// Where a time counts; a decimal that is a grid time but for rounding counts there.
    pub(crate) fn count(&self, time: f64) -> Counted {
        let slack = ROUNDING * self.every;
        match self.times.partition_point(|at| at + slack < time) {
            at if at < self.times.len() => Counted::At(at),
            _ => Counted::Beyond,
        }
    }

    /// Reads `report_at`: the positions of grid times, in order.
    pub(crate) fn parse_report_at(&self, fields: &mut Fields<'_>) -> Result<Vec<usize>, Problem> {
        let wanted: Vec<f64> = fields.optional("report_at")?.unwrap_or_default();
        let mut positions = Vec::new();
        for time in wanted {
            positions.push(self.position(time).map_err(|message| fields.problem("report_at", message))?);
        }
        positions.sort_unstable();
        positions.dedup();
        Ok(positions)
    }

    fn position(&self, time: f64) -> Result<usize, String> {
        if !(0.0..=self.until()).contains(&time) {
            return Err(format!("`report_at` {time} is not between 0 and `until`"));
        }
        let (Counted::At(above), slack) = (self.count(time), ROUNDING * self.every) else {
            return Err(format!("`report_at` {time} is not between 0 and `until`"));
        };
        let found = self.times[above];
        if (found - time).abs() <= slack {
            return Ok(above);
        }
        let below = self.times[above.saturating_sub(1)];
        Err(format!("`report_at` {time} is no time of the grid; the nearest are {below} and {found}"))
    }

    /// Up to seven grid times for a table of numbers at risk.
    pub(crate) fn spread(&self) -> Vec<usize> {
        (0..self.times.len()).step_by(self.times.len().div_ceil(7)).collect()
    }
}

/// How far off a grid time, in widths, a time still counts as it.
const ROUNDING: f64 = 1e-9;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_time_counts_at_the_smallest_grid_time_not_below_it() {
        let grid = TimeGrid::new(30.0, 90.0).unwrap();
        assert_eq!(grid.times(), [0.0, 30.0, 60.0, 90.0]);
        let counted = [0.0, 0.5, 30.0, 31.0, 90.0].map(|time| grid.count(time));
        assert_eq!(counted, [0, 1, 1, 2, 3].map(Counted::At));
        assert_eq!(grid.count(90.5), Counted::Beyond);
    }

    #[test]
    fn decimals_on_the_grid_count_there() {
        let grid = TimeGrid::new(0.1, 2.0).unwrap();
        assert_eq!(grid.times().len(), 21);
        for tenth in 0..=20 {
            let time: f64 = format!("{}.{}", tenth / 10, tenth % 10).parse().unwrap();
            assert_eq!(grid.count(time), Counted::At(tenth), "{time}");
        }
    }

    #[test]
    fn the_last_step_is_shorter_where_the_end_is_no_multiple() {
        let grid = TimeGrid::new(30.0, 100.0).unwrap();
        assert_eq!(grid.times(), [0.0, 30.0, 60.0, 90.0, 100.0]);
        assert_eq!(grid.count(95.0), Counted::At(4));
    }

    #[test]
    fn a_grid_without_width_or_of_too_many_times_is_none() {
        assert!(TimeGrid::new(0.0, 10.0).is_err());
        assert!(TimeGrid::new(f64::NAN, 10.0).is_err());
        assert!(TimeGrid::new(1.0, 0.5).is_err());
        assert!(TimeGrid::new(1e-9, 1e9).is_err());
    }

    #[test]
    fn a_time_between_grid_times_cannot_be_reported_at() {
        let grid = TimeGrid::new(30.0, 720.0).unwrap();
        assert_eq!(grid.position(360.0), Ok(12));
        assert!(grid.position(365.0).unwrap_err().contains("360 and 390"));
        assert!(grid.position(750.0).is_err());
        assert!(grid.position(f64::NAN).is_err());
    }
}
