//! Expressions of the closed grammar over Arrow columns.
//!
//! The logic is SQL's, with three values: a comparison with something missing is missing, `AND` and `OR` are
//! Kleene's, and `CASE` takes a branch only where its condition is true. Numbers are 64-bit floats and a
//! result that is not finite (a division by zero, the logarithm of zero or less, an overflow) is missing, so
//! evaluation never fails on a value. There is no negative zero. Texts are codes of factors, compared by
//! their bytes.

mod choose;
mod number;
mod reduce;
mod text;
mod truth;

use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_schema::ArrowError;
use notochord_proto::expression::{Expression, ExpressionKind};
use notochord_proto::name::{FormName, VariableName};

pub(crate) use number::number;
pub(crate) use reduce::Reduced;
pub(crate) use text::text;
pub(crate) use truth::truth;

use crate::cohort::Cohort;

/// Why an expression cannot be evaluated. None of it depends on a value, and a checked expression meets none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvaluateError {
    /// A kernel refused. Its own message might quote a value, so it is not kept.
    #[error("the columns do not fit together")]
    Kernel,
    /// A value of one kind stands where another is wanted.
    #[error("a value stands where {} is wanted", in_words(*wanted))]
    Kind {
        /// What is wanted.
        wanted: ExpressionKind,
    },
    /// A reduction that is not made of entries of one form, or that was not computed.
    #[error("a reduction does not read the entries of one form")]
    Reduction,
    /// A form that is not among those at hand.
    #[error("`{0}` is not among the forms at hand")]
    UnknownForm(FormName),
    /// A name that is not among the columns.
    #[error("`{0}` is not among the variables at hand")]
    UnknownVariable(VariableName),
}

/// What an expression gives; `None` for a `NULL`, which may stand for anything.
fn kind(expression: &Expression, cohort: &Cohort) -> Result<Option<ExpressionKind>, EvaluateError> {
    Ok(match expression {
        Expression::Null => None,
        Expression::Number(_)
        | Expression::Arithmetic { .. }
        | Expression::Negate(_)
        | Expression::Call { .. } => Some(ExpressionKind::Number),
        Expression::Text(_) => Some(ExpressionKind::Text),
        Expression::Truth(_)
        | Expression::Not(_)
        | Expression::And(_)
        | Expression::Or(_)
        | Expression::Compare { .. }
        | Expression::IsNull(_)
        | Expression::In { .. }
        | Expression::Between { .. } => Some(ExpressionKind::Truth),
        Expression::Variable(name) => {
            let column = cohort.column(name).ok_or_else(|| EvaluateError::UnknownVariable(name.clone()))?;
            let numeric = column.variable.kind.is_numeric();
            Some(if numeric { ExpressionKind::Number } else { ExpressionKind::Text })
        }
        Expression::Case { branches, otherwise } => {
            let values = branches.iter().map(|branch| &branch.value).chain(otherwise.as_deref());
            common_kind(values, cohort)?
        }
        Expression::Coalesce(parts) => common_kind(parts, cohort)?,
        Expression::Reduce { .. } | Expression::Count(_) => {
            Some(Reduced::kind(&reduced(expression, cohort)?))
        }
    })
}

/// The value of a reduction for every row.
fn reduced(expression: &Expression, cohort: &Cohort) -> Result<ArrayRef, EvaluateError> {
    Ok(cohort.reduced(expression).ok_or(EvaluateError::Reduction)??)
}

/// What several expressions that stand side by side give: the first that knows decides.
fn common_kind<'a>(
    expressions: impl IntoIterator<Item = &'a Expression>,
    cohort: &Cohort,
) -> Result<Option<ExpressionKind>, EvaluateError> {
    expressions.into_iter().find_map(|expression| kind(expression, cohort).transpose()).transpose()
}

/// The values of an expression that is to give `kind`.
fn array(expression: &Expression, kind: ExpressionKind, cohort: &Cohort) -> Result<ArrayRef, EvaluateError> {
    Ok(match kind {
        ExpressionKind::Truth => Arc::new(truth(expression, cohort)?),
        ExpressionKind::Number => Arc::new(number(expression, cohort)?),
        ExpressionKind::Text => Arc::new(text(expression, cohort)?),
    })
}

fn in_words(kind: ExpressionKind) -> &'static str {
    match kind {
        ExpressionKind::Truth => "a condition",
        ExpressionKind::Number => "a number",
        ExpressionKind::Text => "a code",
    }
}

impl From<ArrowError> for EvaluateError {
    fn from(_: ArrowError) -> Self {
        Self::Kernel
    }
}

#[cfg(test)]
pub(crate) mod tests;
