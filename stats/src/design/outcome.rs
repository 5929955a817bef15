//! The outcome of a model.

use notochord_proto::scope::Scope;

use super::{Coding, Column, Design, Meaning, Part};
use crate::formula::Atom;
use crate::quantity::Quantity;

/// What a model explains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Response {
    /// A number.
    Number,
    /// A whole number not below 0.
    Count,
    /// 0 or 1: yes or no, a whole number between 0 and 1, or a factor of two levels, of which the second is 1.
    Binary,
}

impl Design {
    /// The column of the outcome.
    pub(super) fn outcome_column(
        &mut self,
        atom: &Atom,
        response: Response,
        scope: &Scope,
    ) -> Result<Column, String> {
        let name = atom.to_string();
        let column = match self.resolve(atom, scope)? {
            Meaning::Number(number) => {
                let quantity = self.numbers[number].range().quantity()?;
                Column { name, quantity, parts: vec![Part::Number(number)] }
            }
            Meaning::Factor(factor)
                if response == Response::Binary && self.factors[factor].levels.len() == 2 =>
            {
                let part = Part::Level { factor, level: 1, coding: Coding::Indicators };
                Column { name, quantity: Quantity::Integer { lower: 0, upper: 1 }, parts: vec![part] }
            }
            Meaning::Factor(_) if response == Response::Binary => {
                return Err(format!("the outcome `{name}` has more than two levels"));
            }
            Meaning::Factor(_) => return Err(format!("the outcome `{name}` is a factor, not a number")),
        };
        match (response, column.quantity) {
            (Response::Number, _)
            | (Response::Binary, Quantity::Integer { lower: 0, upper: 1 })
            | (Response::Count, Quantity::Integer { lower: 0.., .. }) => Ok(column),
            (Response::Binary, _) => Err(format!(
                "the outcome `{}` is not yes or no; a yes/no variable, a whole number between 0 and 1 or a factor of two \
                 levels is wanted",
                column.name
            )),
            (Response::Count, _) => {
                Err(format!("the outcome `{}` is not a count: a whole number not below 0", column.name))
            }
        }
    }
}
