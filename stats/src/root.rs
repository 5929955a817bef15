//! Where a condition stops holding.

/// The last number between `low` and `high` for which the condition holds, to the last bit. It must hold up
/// to some point and not beyond; where it holds nowhere the answer is `low`, where everywhere `high`.
pub(crate) fn last_where(low: f64, high: f64, holds: impl Fn(f64) -> bool) -> f64 {
    let (mut inside, mut outside) = (low, high);
    loop {
        let middle = inside + (outside - inside) / 2.0;
        if middle <= inside || middle >= outside {
            return if holds(outside) { outside } else { inside };
        }
        if holds(middle) {
            inside = middle;
        } else {
            outside = middle;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_square_root_of_three_is_found_to_the_last_bit() {
        assert_eq!(last_where(0.0, 2.0, |x| x * x < 3.0), 3.0_f64.sqrt());
        assert_eq!(last_where(0.0, 2.0, |_| true), 2.0);
    }
}
