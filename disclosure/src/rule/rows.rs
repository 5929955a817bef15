//! Minimum rows: an analysis of a few patients, or of nobody, is not made at all.
//!
//! Whatever is computed from three patients describes these three. And if an analysis of nobody were
//! answered, somebody who knows a patient could ask about patients like that one: zeros or silence would tell
//! whether the patient is among them.

use notochord_proto::study::Rows;

use crate::profile::Threshold;

/// Whether the analysis whose tables have these totals rests on too few patients.
pub(crate) fn too_few(totals: &[i128], minimum: Threshold) -> bool {
    minimum.exceeds(totals.iter().copied().max().unwrap_or(0))
}

pub(crate) fn reason(minimum: Threshold, rows: Rows) -> String {
    match rows {
        Rows::Patient => format!("the analysis rests on fewer than {minimum} patients, or on nobody"),
        Rows::Visit => {
            format!("the analysis rests on visits that could be of fewer than {minimum} patients, or on none")
        }
    }
}
