//! `CASE` and `COALESCE`, which choose among values of any one kind.

use arrow_arith::boolean::is_not_null;
use arrow_array::ArrayRef;
use arrow_select::zip::zip;
use notochord_proto::expression::{Branch, Expression, ExpressionKind};

use super::{EvaluateError, array, truth};
use crate::cohort::Cohort;

/// The value of the first branch whose condition is true, else `otherwise`, else missing.
pub(super) fn case(
    branches: &[Branch],
    otherwise: Option<&Expression>,
    kind: ExpressionKind,
    cohort: &Cohort,
) -> Result<ArrayRef, EvaluateError> {
    let mut chosen = array(otherwise.unwrap_or(&Expression::Null), kind, cohort)?;
    for Branch { condition, value } in branches.iter().rev() {
        // A null condition takes the other side, as a false one does.
        chosen = zip(&truth(condition, cohort)?, &array(value, kind, cohort)?, &chosen)?;
    }
    Ok(chosen)
}

/// The first value that is not missing.
pub(super) fn coalesce(
    parts: &[Expression],
    kind: ExpressionKind,
    cohort: &Cohort,
) -> Result<ArrayRef, EvaluateError> {
    let mut chosen = array(&Expression::Null, kind, cohort)?;
    for part in parts.iter().rev() {
        let values = array(part, kind, cohort)?;
        chosen = zip(&is_not_null(&values)?, &values, &chosen)?;
    }
    Ok(chosen)
}
