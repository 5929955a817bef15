//! R8, sums: a sum over a few patients is not shown.
//!
//! The mean age of two patients, with the age of one, gives the age of the other. A sum also falls with the
//! counts of the patients it is over, because a sum next to its mean gives the count back. And a sum to which
//! nobody adds more than 1 is itself a count, of those who answered yes or are in two groups at once; so the
//! rules on small counts and on small rests hold for it.

use notochord_proto::layout::Sum;
use notochord_proto::study::Rows;

use crate::profile::Threshold;
use crate::rule::complement;

/// Whether a sum over these cells stays behind.
pub(crate) fn falls(sum: &Sum, value: i128, counts: &[i128], withheld: &[bool], minimum: Threshold) -> bool {
    minimum.is_small(patients(sum, counts))
        || sum.over.iter().any(|cell| withheld.get(*cell) == Some(&true))
        || counts_few(sum, value, counts, minimum)
}

/// Whether a sum is a count, and a small one or one that leaves a small rest.
pub(crate) fn counts_few(sum: &Sum, value: i128, counts: &[i128], minimum: Threshold) -> bool {
    let rest = complement::strength(value, [patients(sum, counts)]);
    sum.unit_bound <= 1 && (minimum.is_small(value) || rest.is_some_and(|rest| minimum.is_small(rest)))
}

fn patients(sum: &Sum, counts: &[i128]) -> i128 {
    sum.over.iter().filter_map(|cell| counts.get(*cell)).sum()
}

pub(crate) fn reason(minimum: Threshold, rows: Rows) -> String {
    match rows {
        Rows::Patient => format!(
            "a sum over fewer than {minimum} patients, or one that tells a small or withheld number of patients"
        ),
        Rows::Visit => format!(
            "a sum over visits that could be of fewer than {minimum} patients, or one that tells a small or withheld number of visits"
        ),
    }
}
