//! Codes of factors for every row.

use arrow_array::StringArray;
use arrow_array::cast::AsArray;
use notochord_proto::expression::{Expression, ExpressionKind};

use super::choose::{case, coalesce};
use super::{EvaluateError, reduced};
use crate::cohort::Cohort;

/// The code for every row.
pub(crate) fn text(expression: &Expression, cohort: &Cohort) -> Result<StringArray, EvaluateError> {
    match expression {
        Expression::Text(code) => {
            Ok(StringArray::from_iter_values(std::iter::repeat_n(code.as_str(), cohort.rows())))
        }
        Expression::Null => Ok(StringArray::new_null(cohort.rows())),
        Expression::Variable(name) => {
            let column = cohort.column(name).ok_or_else(|| EvaluateError::UnknownVariable(name.clone()))?;
            column.codes().ok_or(WANTED)
        }
        Expression::Case { branches, otherwise } => {
            let chosen = case(branches, otherwise.as_deref(), ExpressionKind::Text, cohort)?;
            Ok(chosen.as_string().clone())
        }
        Expression::Coalesce(parts) => Ok(coalesce(parts, ExpressionKind::Text, cohort)?.as_string().clone()),
        Expression::Reduce { .. } => Ok(reduced(expression, cohort)?.as_string_opt().ok_or(WANTED)?.clone()),
        Expression::Number(_)
        | Expression::Count(_)
        | Expression::Truth(_)
        | Expression::Not(_)
        | Expression::And(_)
        | Expression::Or(_)
        | Expression::Compare { .. }
        | Expression::Arithmetic { .. }
        | Expression::Negate(_)
        | Expression::IsNull(_)
        | Expression::In { .. }
        | Expression::Between { .. }
        | Expression::Call { .. } => Err(WANTED),
    }
}

const WANTED: EvaluateError = EvaluateError::Kind { wanted: ExpressionKind::Text };
