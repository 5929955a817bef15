//! Numbers as people read them.

/// A number with its thousands set apart: `1,204,331`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of things: `1 row`, `2 rows`.
pub(super) fn counted(number: u64, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", grouped(number))
}

/// How many whole hundredths a part is: 100 only where it is the whole.
pub(super) fn hundredths(part: u64, whole: u64) -> u64 {
    let hundredths = u128::from(part) * 100 / u128::from(whole.max(1));
    hundredths.min(100) as u64
}

/// A part of a whole: `87%`, and `<1%` where little is not nothing.
pub(super) fn percent(part: u64, whole: u64) -> String {
    match hundredths(part, whole) {
        0 if part > 0 => "<1%".to_owned(),
        hundredths => format!("{hundredths}%"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart_and_one_is_not_many() {
        assert_eq!([0, 7, 999, 1_000, 1_204_331].map(grouped), ["0", "7", "999", "1,000", "1,204,331"]);
        assert_eq!(
            [counted(1, "row"), counted(0, "row"), counted(1_200, "row")],
            ["1 row", "0 rows", "1,200 rows"]
        );
    }

    #[test]
    fn only_all_is_a_hundred_percent_and_only_nothing_is_none() {
        let percents = [(0, 3), (1, 1_000), (999, 1_000), (3, 3)].map(|(part, whole)| percent(part, whole));
        assert_eq!(percents, ["0%", "<1%", "99%", "100%"]);
        assert_eq!(percent(0, 0), "0%");
        assert_eq!(percent(u64::MAX, u64::MAX), "100%");
    }
}
