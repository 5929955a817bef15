//! Numbers: a finite float or missing for every row.

use arrow_arith::arity::binary;
use arrow_array::Float64Array;
use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use notochord_proto::expression::{Expression, ExpressionKind, Function, Operator};
use notochord_stats::frame::Column;

use super::choose::{case, coalesce};
use super::{EvaluateError, reduced};
use crate::cohort::Cohort;

/// The number for every row.
pub(crate) fn number(expression: &Expression, cohort: &Cohort) -> Result<Float64Array, EvaluateError> {
    let values = match expression {
        Expression::Number(value) => Float64Array::from_value(*value, cohort.rows()),
        Expression::Null => Float64Array::new_null(cohort.rows()),
        Expression::Variable(name) => {
            let column = cohort.column(name).ok_or_else(|| EvaluateError::UnknownVariable(name.clone()))?;
            match &column.values {
                // Import holds integers within the range that a float has exactly.
                Column::Integer(values) => values.unary(|value| value as f64),
                Column::Number(values) => values.clone(),
                Column::Factor(_) => return Err(WANTED),
            }
        }
        Expression::Negate(part) => number(part, cohort)?.unary(|value| -value),
        Expression::Arithmetic { operator, left, right } => {
            let (left, right) = (number(left, cohort)?, number(right, cohort)?);
            match operator {
                Operator::Add => binary(&left, &right, |a: f64, b: f64| a + b)?,
                Operator::Subtract => binary(&left, &right, |a: f64, b: f64| a - b)?,
                Operator::Multiply => binary(&left, &right, |a: f64, b: f64| a * b)?,
                Operator::Divide => binary(&left, &right, |a: f64, b: f64| a / b)?,
            }
        }
        Expression::Call { function, arguments } => call(*function, arguments, cohort)?,
        Expression::Case { branches, otherwise } => {
            let chosen = case(branches, otherwise.as_deref(), ExpressionKind::Number, cohort)?;
            chosen.as_primitive().clone()
        }
        Expression::Coalesce(parts) => {
            coalesce(parts, ExpressionKind::Number, cohort)?.as_primitive().clone()
        }
        Expression::Reduce { .. } | Expression::Count(_) => {
            reduced(expression, cohort)?.as_primitive_opt().ok_or(WANTED)?.clone()
        }
        Expression::Text(_)
        | Expression::Truth(_)
        | Expression::Not(_)
        | Expression::And(_)
        | Expression::Or(_)
        | Expression::Compare { .. }
        | Expression::IsNull(_)
        | Expression::In { .. }
        | Expression::Between { .. } => return Err(WANTED),
    };
    Ok(finite(&values))
}

const WANTED: EvaluateError = EvaluateError::Kind { wanted: ExpressionKind::Number };

/// What is not finite is missing, and minus zero is zero.
fn finite(values: &Float64Array) -> Float64Array {
    values.unary_opt::<_, Float64Type>(|value| value.is_finite().then_some(value + 0.0))
}

/// Logarithm and exponential are libm's, so that every processor gives the same bits.
fn call(
    function: Function,
    arguments: &[Expression],
    cohort: &Cohort,
) -> Result<Float64Array, EvaluateError> {
    let arguments = arguments.iter().map(|argument| number(argument, cohort));
    let mut arguments = arguments.collect::<Result<Vec<_>, _>>()?.into_iter();
    let Some(first) = arguments.next() else {
        return Ok(Float64Array::new_null(cohort.rows()));
    };
    Ok(match function {
        Function::Abs => first.unary(f64::abs),
        Function::Floor => first.unary(f64::floor),
        Function::Ln => first.unary(libm::log),
        Function::Exp => first.unary(libm::exp),
        Function::Least => arguments.fold(first, |least, next| of_known(f64::min, &least, &next)),
        Function::Greatest => arguments.fold(first, |greatest, next| of_known(f64::max, &greatest, &next)),
    })
}

/// Joins two columns as PostgreSQL's `least` and `greatest` do: where one value is missing the other counts.
fn of_known(join: fn(f64, f64) -> f64, left: &Float64Array, right: &Float64Array) -> Float64Array {
    left.iter()
        .zip(right)
        .map(|(left, right)| match (left, right) {
            (Some(left), Some(right)) => Some(join(left, right)),
            (one, other) => one.or(other),
        })
        .collect()
}
