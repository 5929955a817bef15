//! Conditions: true, false or missing for every row.

use arrow_arith::boolean::{and_kleene, is_null, not, or_kleene};
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BooleanArray};
use arrow_buffer::BooleanBuffer;
use arrow_ord::cmp;
use notochord_proto::expression::{Comparison, Expression, ExpressionKind};

use super::choose::{case, coalesce};
use super::{EvaluateError, array, common_kind, kind, reduced};
use crate::cohort::Cohort;

/// The condition's value for every row.
pub(crate) fn truth(expression: &Expression, cohort: &Cohort) -> Result<BooleanArray, EvaluateError> {
    match expression {
        Expression::Truth(value) => Ok(constant(*value, cohort)),
        Expression::Null => Ok(BooleanArray::new_null(cohort.rows())),
        Expression::Not(part) => Ok(not(&truth(part, cohort)?)?),
        Expression::And(parts) => parts
            .iter()
            .try_fold(constant(true, cohort), |whole, part| Ok(and_kleene(&whole, &truth(part, cohort)?)?)),
        Expression::Or(parts) => parts
            .iter()
            .try_fold(constant(false, cohort), |whole, part| Ok(or_kleene(&whole, &truth(part, cohort)?)?)),
        Expression::Compare { operator, left, right } => {
            let sides = arrays([&**left, &**right], cohort)?;
            compare(*operator, &sides[0], &sides[1])
        }
        Expression::IsNull(part) => match kind(part, cohort)? {
            Some(kind) => Ok(is_null(&array(part, kind, cohort)?)?),
            None => Ok(constant(true, cohort)),
        },
        Expression::In { value, list } => {
            let arrays = arrays(std::iter::once(&**value).chain(list), cohort)?;
            arrays[1..].iter().try_fold(constant(false, cohort), |found, candidate| {
                Ok(or_kleene(&found, &compare(Comparison::Equal, &arrays[0], candidate)?)?)
            })
        }
        Expression::Between { value, low, high } => {
            let arrays = arrays([&**value, &**low, &**high], cohort)?;
            let from_low = compare(Comparison::GreaterOrEqual, &arrays[0], &arrays[1])?;
            Ok(and_kleene(&from_low, &compare(Comparison::LessOrEqual, &arrays[0], &arrays[2])?)?)
        }
        Expression::Case { branches, otherwise } => {
            let chosen = case(branches, otherwise.as_deref(), ExpressionKind::Truth, cohort)?;
            Ok(chosen.as_boolean().clone())
        }
        Expression::Coalesce(parts) => {
            Ok(coalesce(parts, ExpressionKind::Truth, cohort)?.as_boolean().clone())
        }
        Expression::Reduce { .. } => Ok(reduced(expression, cohort)?.as_boolean_opt().ok_or(WANTED)?.clone()),
        Expression::Variable(_)
        | Expression::Count(_)
        | Expression::Number(_)
        | Expression::Text(_)
        | Expression::Arithmetic { .. }
        | Expression::Negate(_)
        | Expression::Call { .. } => Err(WANTED),
    }
}

const WANTED: EvaluateError = EvaluateError::Kind { wanted: ExpressionKind::Truth };

fn constant(value: bool, cohort: &Cohort) -> BooleanArray {
    let values = if value { BooleanBuffer::new_set } else { BooleanBuffer::new_unset };
    BooleanArray::from(values(cohort.rows()))
}

/// The values of expressions that are compared with each other. Where all are `NULL` any kind will do.
fn arrays<'a>(
    expressions: impl IntoIterator<Item = &'a Expression, IntoIter: Clone>,
    cohort: &Cohort,
) -> Result<Vec<ArrayRef>, EvaluateError> {
    let expressions = expressions.into_iter();
    let kind = common_kind(expressions.clone(), cohort)?.unwrap_or(ExpressionKind::Truth);
    expressions.map(|expression| array(expression, kind, cohort)).collect()
}

/// Arrow orders floats totally; without NaN and minus zero that is the order of numbers.
fn compare(operator: Comparison, left: &dyn Array, right: &dyn Array) -> Result<BooleanArray, EvaluateError> {
    let kernel = match operator {
        Comparison::Equal => cmp::eq,
        Comparison::NotEqual => cmp::neq,
        Comparison::Less => cmp::lt,
        Comparison::LessOrEqual => cmp::lt_eq,
        Comparison::Greater => cmp::gt,
        Comparison::GreaterOrEqual => cmp::gt_eq,
    };
    Ok(kernel(&left, &right)?)
}
