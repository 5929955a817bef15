//! R1, primary suppression: a count of a few patients is not shown.
//!
//! If two patients of a centre have a rare complication, a colleague who knows one of them learns something
//! about the other. None is not withheld: it says that nobody has it.

use notochord_proto::study::Rows;

use crate::profile::Threshold;

/// How large a threshold the count stands up to: itself, or any if there is nobody to protect.
pub(crate) fn strength(count: i128) -> Option<i128> {
    (count > 0).then_some(count)
}

pub(crate) fn reason(minimum: Threshold, rows: Rows) -> String {
    match rows {
        Rows::Patient => format!("a count from 1 to {} could point at single patients", minimum.get() - 1),
        Rows::Visit => format!(
            "a count of visits that could be of fewer than {minimum} patients could point at single ones"
        ),
    }
}
