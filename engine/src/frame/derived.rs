//! The values of a derived variable, held to what the study says it may be.

use arrow_array::{Float64Array, Int64Array};
use notochord_proto::expression::Expression;
use notochord_proto::variable::VariableKind;
use notochord_stats::frame::Column;

use crate::cohort::Cohort;
use crate::evaluate::{EvaluateError, number, text};
use crate::rows::{GREATEST_INTEGER, positions};

/// The value of every row; `None` if one is outside the bounds, not whole, or not among the levels. What is
/// missing stays missing.
pub(super) fn values(
    value: &Expression,
    declared: &VariableKind,
    cohort: &Cohort,
) -> Result<Option<Column>, EvaluateError> {
    Ok(match declared {
        VariableKind::Integer { bounds } => integers(&number(value, cohort)?, *bounds).map(Column::Integer),
        VariableKind::Number { bounds } => {
            let values = number(value, cohort)?;
            let within = |value| bounds.is_none_or(|(least, greatest)| (least..=greatest).contains(&value));
            values.iter().flatten().all(within).then_some(Column::Number(values))
        }
        VariableKind::Factor { .. } => positions(declared, &text(value, cohort)?).map(Column::Factor),
    })
}

fn integers(values: &Float64Array, bounds: Option<(i64, i64)>) -> Option<Int64Array> {
    let (least, greatest) = bounds.unwrap_or((-GREATEST_INTEGER, GREATEST_INTEGER));
    let whole = |value: f64| {
        let integer = value as i64;
        let allowed = integer as f64 == value && (least..=greatest).contains(&integer);
        allowed.then_some(integer).ok_or(())
    };
    values.iter().map(|value| value.map(whole).transpose()).collect::<Result<_, ()>>().ok()
}
