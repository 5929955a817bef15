//! How a file writes its cells.

use std::fmt;

use serde::Serialize;

/// How the cells of a file are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Style {
    pub(super) encoding: Encoding,
    pub(super) boxes: Boxes,
    pub(super) decimal: Decimal,
}

/// What stands in the cell of a choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// Its code: REDCap's raw export.
    Codes,
    /// Its label.
    Labels,
}

/// What stands in the box of a checkbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Boxes {
    /// 0 or 1, or `Unchecked` or `Checked`; an empty cell is missing.
    Ticks,
    /// The label of the choice where it is ticked, and nothing where it is not.
    Labels,
}

/// What may stand before the fraction of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decimal {
    /// A point.
    Point,
    /// A point or, because it does not divide the cells of the file, a comma.
    PointOrComma,
}

impl fmt::Display for Encoding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Codes => "codes",
            Self::Labels => "labels",
        })
    }
}
