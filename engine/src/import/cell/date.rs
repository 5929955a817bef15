//! Dates: `2024-05-31`, alone or before a time of day.

use time::{Date, Month};

use super::{Wrong, remedy_of_missing};
use crate::import::FindingKind;

/// The years in which a patient of a registry can live.
const YEARS: std::ops::RangeInclusive<i32> = 1900..=2100;
/// The numbers by which spreadsheets know the days from 1927 to 2173.
const SPREADSHEET_DAYS: std::ops::RangeInclusive<u32> = 10_000..=99_999;

/// Days since 1970-01-01, or what is wrong with the cell.
pub(super) fn read(cell: &str) -> Result<i32, Wrong> {
    let (date, time) = split(cell);
    let Some((year, month, day)) = iso(date) else {
        return Err(other(cell, date));
    };
    if !time.is_none_or(is_time) {
        let remedy = "; write times hh:mm:ss behind the date, or the date alone";
        return Err(Wrong::new(FindingKind::NotADate, cell, "a date", remedy));
    }
    if !YEARS.contains(&year) {
        let remedy = format!("a year from {} to {}", YEARS.start(), YEARS.end());
        return Err(Wrong::new(FindingKind::AbsurdYear, cell, &remedy, ""));
    }
    days(year, month, day).ok_or_else(|| {
        Wrong::new(FindingKind::NoSuchDay, cell, "a date", "; there is no such day in the calendar")
    })
}

/// The date and, behind a blank or a `T`, the time of day.
fn split(cell: &str) -> (&str, Option<&str>) {
    match cell.split_once([' ', 'T']) {
        Some((date, time)) => (date, Some(time)),
        None => (cell, None),
    }
}

fn iso(date: &str) -> Option<(i32, u8, u8)> {
    let mut parts = date.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let is_iso = parts.next().is_none() && (year.len(), month.len(), day.len()) == (4, 2, 2);
    if !is_iso || !is_digits(year) || !is_digits(month) || !is_digits(day) {
        return None;
    }
    Some((year.parse().ok()?, month.parse().ok()?, day.parse().ok()?))
}

fn days(year: i32, month: u8, day: u8) -> Option<i32> {
    let date = Date::from_calendar_date(year, Month::try_from(month).ok()?, day).ok()?;
    date.to_julian_day().checked_sub(Date::from_ordinal_date(1970, 1).ok()?.to_julian_day())
}

/// `hh:mm`, `hh:mm:ss`, with a fraction and a zone or without. Only the date is used.
fn is_time(time: &str) -> bool {
    let time = time.trim();
    let end = time.find(|c: char| !(c.is_ascii_digit() || c == ':')).unwrap_or(time.len());
    let (clock, rest) = time.split_at(end);
    let parts: Vec<&str> = clock.split(':').collect();
    let is_clock =
        (2..=3).contains(&parts.len()) && parts.iter().all(|part| part.len() == 2 && is_digits(part));
    is_clock
        && rest.len() <= 20
        && rest.bytes().all(|byte| byte.is_ascii_digit() || b".Z+-: ".contains(&byte))
}

/// What a cell is that is no ISO date.
fn other(cell: &str, date: &str) -> Wrong {
    const WRITE: &str = "; write dates YYYY-MM-DD";
    if let Some(remedy) = remedy_of_missing(cell) {
        return Wrong::new(FindingKind::UndeclaredMissing, cell, "a date", remedy);
    }
    let parts: Vec<&str> = date.split(['/', '.', '-']).collect();
    let numbers = parts.iter().all(|part| (1..=4).contains(&part.len()) && is_digits(part));
    let days = cell.parse::<u32>().ok().filter(|_| cell.len() == 5);
    match parts.len() {
        3 if numbers => Wrong::new(FindingKind::DateInOtherOrder, cell, "a date as REDCap exports it", WRITE),
        2 if numbers => Wrong::new(FindingKind::PartialDate, cell, "a whole date", WRITE),
        1 if numbers && date.len() == 4 => Wrong::new(FindingKind::PartialDate, cell, "a whole date", WRITE),
        1 if days.is_some_and(|days| SPREADSHEET_DAYS.contains(&days)) => {
            let remedy = "; it looks like a spreadsheet's number of a day: format the column as YYYY-MM-DD";
            Wrong::new(FindingKind::SpreadsheetDate, cell, "a date", remedy)
        }
        _ => Wrong::new(FindingKind::NotADate, cell, "a date", WRITE),
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iso_dates_and_the_dates_of_iso_times_are_days() {
        assert_eq!(read("1970-01-01").ok(), Some(0));
        assert_eq!(read("1969-12-31").ok(), Some(-1));
        assert_eq!(read("2024-02-29").ok(), Some(19_782));
        for cell in [
            "2024-02-29 13:45",
            "2024-02-29 13:45:10",
            "2024-02-29T13:45:10.250Z",
            "2024-02-29T13:45:10+01:00",
        ] {
            assert_eq!(read(cell).ok(), Some(19_782), "{cell}");
        }
    }

    #[test]
    fn anything_else_is_named_for_what_it_is() {
        use FindingKind::*;
        for (cell, kind) in [
            ("31/12/2024", DateInOtherOrder),
            ("12-31-24", DateInOtherOrder),
            ("31.12.2024", DateInOtherOrder),
            ("2024/12/31", DateInOtherOrder),
            ("2024-5-1", DateInOtherOrder),
            ("45657", SpreadsheetDate),
            ("2024", PartialDate),
            ("2024-05", PartialDate),
            ("2023-02-29", NoSuchDay),
            ("2024-13-01", NoSuchDay),
            ("0024-01-01", AbsurdYear),
            ("2999-01-01", AbsurdYear),
            ("20241231", NotADate),
            ("31 Dec 2024", NotADate),
            ("2024-02-29 noon", NotADate),
            ("2024-02-٠٩", NotADate),
            ("-", UndeclaredMissing),
        ] {
            assert!(read(cell).err().is_some_and(|wrong| wrong.kind == kind), "{cell}");
        }
    }
}
