//! Day 0 of a patient, and days since then.

use time::{Date, Duration, Month};

use super::Files;
use crate::import::{Finding, FindingKind};
use crate::record::{Record, Standing, Value};
use crate::schema::Schema;

/// The years that `day0_year` can be.
const YEARS: std::ops::RangeInclusive<i32> = 1900..=2100;

/// Day 0 of a patient: days since 1970-01-01, and its year. It is never stored; the year is.
#[derive(Clone, Copy, Default)]
pub(crate) struct DayZero(Option<(i64, i64)>);

impl DayZero {
    /// The earliest of the dates so marked in any row; unknown where one of them cannot be read.
    pub(super) fn of(
        schema: &Schema,
        files: Files<'_>,
        records: &[Record],
        findings: &mut Vec<Finding>,
    ) -> Self {
        let unreadable = records.iter().find(|record| record.standing == Standing::DayZeroUnreadable);
        if let Some(record) = unreadable {
            let finding = "nobody knows the patient's day 0, because a date of it cannot be read: all the \
                           patient's dates are missing";
            let kind = FindingKind::DayZeroUnknown;
            findings.push(files.finding(record.source, None, kind, finding.into()));
            return Self(None);
        }
        let dates = records.iter().flat_map(|record| {
            let dates = record.values.iter().filter_map(|(column, value)| match value {
                Value::Date(day) => schema.day_zero.binary_search(column).is_ok().then_some(*day),
                _ => None,
            });
            dates.map(|day| (day, record.source))
        });
        let Some((day, source)) = dates.min() else { return Self(None) };
        match year(day).filter(|year| YEARS.contains(year)) {
            Some(year) => Self(Some((day.into(), year.into()))),
            None => {
                let finding = "the patient's day 0 lies before 1900 or after 2100: all the patient's dates \
                               are missing";
                findings.push(files.finding(source, None, FindingKind::DayZeroYear, finding.into()));
                Self(None)
            }
        }
    }

    /// Its year, where it is known.
    pub(super) fn year(self) -> Option<i64> {
        self.0.map(|(_, year)| year)
    }

    /// How many days after it a date lies, where it is known.
    pub(super) fn days_until(self, day: i32) -> Option<i64> {
        self.0.map(|(zero, _)| i64::from(day) - zero)
    }
}

fn year(day: i32) -> Option<i32> {
    let epoch = Date::from_calendar_date(1970, Month::January, 1).ok()?;
    epoch.checked_add(Duration::days(day.into())).map(Date::year)
}
