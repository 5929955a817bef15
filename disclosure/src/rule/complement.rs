//! R2, complementary counts: all but a few is as telling as a few.
//!
//! If 97 of 100 patients had surgery, the three who had none stand out as much as if they had been counted.
//! The group is the cell's row, its column, or the whole table.

use notochord_proto::study::Rows;

use crate::profile::Threshold;

/// How large a threshold the count stands up to among these groups: the smallest rest of a group.
pub(crate) fn strength<const N: usize>(count: i128, groups: [i128; N]) -> Option<i128> {
    groups.into_iter().map(|group| group.saturating_sub(count)).filter(|rest| *rest > 0).min()
}

pub(crate) fn reason(minimum: Threshold, rows: Rows) -> String {
    match rows {
        Rows::Patient => format!(
            "all but 1 to {} patients of a group are counted here, so the others stand out",
            minimum.get() - 1
        ),
        Rows::Visit => format!(
            "all but a few visits of a group are counted here, and the others could be of fewer than {minimum} patients"
        ),
    }
}
