//! Checks a reduction: what is asked of each entry, and that one form has it.

use super::{Check, Checked, Gives, condition, error, named, number, number_from, truth};
use crate::expression::{Expression, ExpressionError, Reduction};
use crate::scope::Scope;

pub(super) fn check(reduction: Reduction, value: &Expression, scope: &Scope) -> Check {
    let name = reduction.name();
    if let Some(inner) = value.reductions().first() {
        return error(format!("{} stands inside `{name}`; reductions do not nest", named(inner)));
    }
    of_one_form(name, value, scope)?;
    let value = super::check(value, scope)?;
    let reduced = |value: Box<Expression>| Expression::Reduce { reduction, value };
    Ok(match reduction {
        Reduction::Any => truth(reduced(Box::new(condition(value)?.part))),
        Reduction::Min | Reduction::Max | Reduction::Sum => {
            number_from(reduced(Box::new(number(value)?.part)))
        }
        Reduction::First | Reduction::Last => match value.gives {
            Gives::Truth => {
                return error(format!(
                    "{} is a condition where `{name}` takes a value; any(…) asks whether one is ever true",
                    named(&value.part)
                ));
            }
            Gives::Null => return error(format!("{} is always missing", named(&value.part))),
            gives => Checked { part: reduced(Box::new(value.part)), gives },
        },
    })
}

/// Whether one form has all variables of the value.
fn of_one_form(name: &str, value: &Expression, scope: &Scope) -> Result<(), ExpressionError> {
    let mut first = None;
    for variable in value.variables() {
        if variable.event().is_some() {
            let field = variable.field();
            return error(format!(
                "`{variable}` stands inside `{name}`, which reads every entry; write `{field}`, or leave `{name}` out"
            ));
        }
        scope.require(&variable).map_err(ExpressionError)?;
        let Some(form) = scope.form_of(&variable) else {
            return error(format!(
                "`{variable}` is on no form, and `{name}` reads the entries of one; compare it outside"
            ));
        };
        match &first {
            Some((other, of_other)) if of_other != form => {
                return error(format!(
                    "`{name}` reads the entries of one form; `{other}` is on `{of_other}` and `{variable}` on `{form}`"
                ));
            }
            Some(_) => {}
            None => first = Some((variable.clone(), form.to_owned())),
        }
    }
    match first {
        Some(_) => Ok(()),
        None => error(format!("`{name}` names no variable of a form; count(form) counts entries")),
    }
}
