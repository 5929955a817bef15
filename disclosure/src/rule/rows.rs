//! Minimum rows: an analysis of a few patients is not made at all.
//!
//! Whatever is computed from three patients describes these three.

use crate::profile::Threshold;

/// Whether the analysis whose tables have these totals rests on too few patients.
pub(crate) fn too_few(totals: &[i128], minimum: Threshold) -> bool {
    minimum.is_small(totals.iter().copied().max().unwrap_or(0))
}

pub(crate) fn reason(minimum: Threshold) -> String {
    format!("the analysis rests on fewer than {minimum} patients")
}
