//! R4, secondary suppression: a withheld count must not be found by subtraction.
//!
//! If one count of a row is missing and the row's total is printed elsewhere, the missing count is the
//! difference. So a row or column in which something is withheld has at least two withheld counts that add up
//! to at least k, and in a table of rows and columns every withheld count keeps a range of possible values at
//! least k wide.

pub(crate) mod range;

use notochord_proto::study::Rows;

use crate::frequency::table::{Line, Table};
use crate::frequency::withheld::{Tally, Withheld};
use crate::profile::Threshold;

/// How large a threshold a line stands up to in which some cells are withheld: any, if nothing is left to
/// withhold or all its patients are.
pub(crate) fn strength(table: &Table, line: Line, withheld: &Withheld) -> Option<i128> {
    let Tally { cells, patients } = withheld.of(line);
    match cells {
        0 => None,
        all if all == table.cells_of(line).len() => None,
        1 => Some(0),
        _ if patients == table.total_of(line) => None,
        _ => Some(patients),
    }
}

/// The cell to withhold beside others: one with patients rather than an empty one, one that breaks into as
/// few whole lines as possible, the smallest, the first.
pub(crate) fn companion(
    table: &Table,
    withheld: &Withheld,
    among: impl Iterator<Item = usize>,
) -> Option<usize> {
    among.filter(|cell| !withheld.holds(*cell)).min_by_key(|cell| {
        let broken_into = table.lines_of(*cell).filter(|line| withheld.of(*line).cells == 0).count();
        let count = table.count(*cell);
        (count == 0, broken_into, count, *cell)
    })
}

pub(crate) fn reason(minimum: Threshold, rows: Rows) -> String {
    match rows {
        Rows::Patient => format!(
            "with it, and a total, a withheld count could be worked out to within fewer than {minimum} patients"
        ),
        Rows::Visit => format!(
            "with it, and a total, a withheld count of visits could be worked out to within those of fewer than {minimum} patients"
        ),
    }
}
