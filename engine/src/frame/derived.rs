//! The values of a derived variable, held to what the study says it may be.

use arrow_array::{Float64Array, Int32Array, Int64Array, StringArray};
use notochord_proto::expression::Expression;
use notochord_proto::variable::{Level, VariableKind};
use notochord_stats::frame::Column;

use crate::cohort::Cohort;
use crate::evaluate::{EvaluateError, number, text};
use crate::rows::GREATEST_INTEGER;

/// The value of every row. One that is outside the bounds, not whole, or not among the levels is missing, like
/// a result that is not finite.
pub(super) fn values(
    value: &Expression,
    declared: &VariableKind,
    cohort: &Cohort,
) -> Result<Column, EvaluateError> {
    Ok(match declared {
        VariableKind::Integer { bounds } => Column::Integer(integers(&number(value, cohort)?, *bounds)),
        VariableKind::Number { bounds } => Column::Number(numbers(&number(value, cohort)?, *bounds)),
        VariableKind::Factor { levels } => Column::Factor(positions(&text(value, cohort)?, levels)),
    })
}

fn integers(values: &Float64Array, bounds: Option<(i64, i64)>) -> Int64Array {
    let (least, greatest) = bounds.unwrap_or((-GREATEST_INTEGER, GREATEST_INTEGER));
    let whole = |value: f64| {
        let integer = value as i64;
        (integer as f64 == value && (least..=greatest).contains(&integer)).then_some(integer)
    };
    values.iter().map(|value| value.and_then(whole)).collect()
}

fn numbers(values: &Float64Array, bounds: Option<(f64, f64)>) -> Float64Array {
    let within = |value: &f64| bounds.is_none_or(|(least, greatest)| (least..=greatest).contains(value));
    values.iter().map(|value| value.filter(within)).collect()
}

/// The position of each code in the levels.
fn positions(codes: &StringArray, levels: &[Level]) -> Int32Array {
    let position =
        |code: &str| levels.iter().zip(0..).find_map(|(level, at)| (level.code == code).then_some(at));
    codes.iter().map(|code| code.and_then(position)).collect()
}
