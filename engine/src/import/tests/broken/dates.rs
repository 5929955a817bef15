//! Dates that are none.

use super::*;

fn date(name: &'static str, cell: &str, says: &'static [&'static str]) -> Broken {
    broken(name, format!("record_id,checked\nP1,{cell}\n"), says)
}

pub(super) fn exports() -> Vec<Broken> {
    vec![
        date(
            "day first",
            "31/12/2024",
            &["a.csv:2 (checked): `31/12/2024` is not a date as REDCap exports it; write dates YYYY-MM-DD"],
        ),
        date(
            "month first",
            "12-31-2024",
            &["a.csv:2 (checked): `12-31-2024` is not a date as REDCap exports it; write dates YYYY-MM-DD"],
        ),
        date(
            "dots",
            "31.12.24",
            &["a.csv:2 (checked): `31.12.24` is not a date as REDCap exports it; write dates YYYY-MM-DD"],
        ),
        date(
            "slashes",
            "2024/12/31",
            &["a.csv:2 (checked): `2024/12/31` is not a date as REDCap exports it; write dates YYYY-MM-DD"],
        ),
        date(
            "no zeros",
            "2024-1-5",
            &["a.csv:2 (checked): `2024-1-5` is not a date as REDCap exports it; write dates YYYY-MM-DD"],
        ),
        date(
            "a month in words",
            "31 Dec 2024",
            &["a.csv:2 (checked): `31 Dec 2024` is not a date; write dates YYYY-MM-DD"],
        ),
        date(
            "a spreadsheet's day",
            "45657",
            &[
                "a.csv:2 (checked): `45657` is not a date; it looks like a spreadsheet's number of a day: format the column as YYYY-MM-DD",
            ],
        ),
        date("a year", "2024", &["a.csv:2 (checked): `2024` is not a whole date; write dates YYYY-MM-DD"]),
        date(
            "a month",
            "2024-12",
            &["a.csv:2 (checked): `2024-12` is not a whole date; write dates YYYY-MM-DD"],
        ),
        date(
            "a day that is not",
            "2023-02-29",
            &["a.csv:2 (checked): `2023-02-29` is not a date; there is no such day in the calendar"],
        ),
        date(
            "a month that is not",
            "2024-13-01",
            &["a.csv:2 (checked): `2024-13-01` is not a date; there is no such day in the calendar"],
        ),
        date(
            "a year long ago",
            "0204-12-31",
            &["a.csv:2 (checked): `0204-12-31` is not a year from 1900 to 2100"],
        ),
        date(
            "a year far away",
            "2204-12-31",
            &["a.csv:2 (checked): `2204-12-31` is not a year from 1900 to 2100"],
        ),
        date(
            "a time that is none",
            "2024-12-31 25h",
            &[
                "a.csv:2 (checked): `2024-12-31 25h` is not a date; write times hh:mm:ss behind the date, or the date alone",
            ],
        ),
        date(
            "no date at all",
            "yesterday",
            &["a.csv:2 (checked): `yesterday` is not a date; write dates YYYY-MM-DD"],
        ),
        broken(
            "day 0 that cannot be read",
            "record_id,seen,age\nP1,1.2.2024,61\n",
            &["a.csv:2 (seen): `1.2.2024` is not a date as REDCap exports it; write dates YYYY-MM-DD"],
        ),
    ]
}

#[test]
fn a_date_that_is_none_says_why() {
    check(&exports());
}
