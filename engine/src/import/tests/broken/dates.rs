//! Dates that are none.

use super::*;

fn date(name: &'static str, cell: &str, says: &'static [&'static str]) -> Broken {
    broken(name, format!("record_id,checked\nP1,{cell}\n"), says)
}

pub(super) fn exports() -> Vec<Broken> {
    vec![
        date("day first", "31/12/2024", &[]),
        date("month first", "12-31-2024", &[]),
        date("dots", "31.12.24", &[]),
        date("slashes", "2024/12/31", &[]),
        date("no zeros", "2024-1-5", &[]),
        date("a month in words", "31 Dec 2024", &[]),
        date("a spreadsheet's day", "45657", &[]),
        date("a year", "2024", &[]),
        date("a month", "2024-12", &[]),
        date("a day that is not", "2023-02-29", &[]),
        date("a month that is not", "2024-13-01", &[]),
        date("a year long ago", "0204-12-31", &[]),
        date("a year far away", "2204-12-31", &[]),
        date("a time that is none", "2024-12-31 25h", &[]),
        date("no date at all", "yesterday", &[]),
        broken("day 0 that cannot be read", "record_id,seen,age\nP1,1.2.2024,61\n", &[]),
    ]
}

#[test]
fn a_date_that_is_none_says_why() {
    check(&exports());
}
