//! What the kinds about predictions share: an outcome that is yes or no, and the names of scores.

use notochord_proto::fields::{FieldValue, Fields, FromField};
use notochord_proto::name::VariableName;
use notochord_proto::problem::Problem;
use notochord_proto::scope::Scope;
use notochord_proto::variable::Variable;

use crate::contribution::ContributeError;
use crate::frame::Frame;
use crate::levels::{LevelColumn, Levels};
use crate::quantity::{Numeric, Quantity};

/// An outcome that is yes or no: yes/no, a whole number between 0 and 1, or a factor of two levels, of which the second
/// is the event.
pub(crate) struct Binary(pub(crate) Levels);

/// A column of outcomes being read.
pub(crate) struct BinaryColumn<'a>(LevelColumn<'a>);

impl Binary {
    /// The variable that a key names.
    pub(crate) fn parse(fields: &mut Fields<'_>, key: &'static str, scope: &Scope) -> Result<Self, Problem> {
        let name: VariableName = fields.required(key)?;
        let levels = scope.require(&name).and_then(|variable| Levels::of(&variable));
        let levels = levels.map_err(|message| fields.problem(key, message))?;
        let numbers = levels.are_integers() && levels.codes() != ["0", "1"];
        if levels.len() != 2 || numbers {
            let message = format!(
                "`{name}` is not yes or no; a yes/no variable, 0 and 1 or a factor of two levels is wanted"
            );
            return Err(fields.problem(key, message));
        }
        Ok(Self(levels))
    }

    /// Its column in a frame.
    pub(crate) fn read<'a>(&'a self, frame: &'a Frame) -> Result<BinaryColumn<'a>, ContributeError> {
        self.0.read(frame).map(BinaryColumn)
    }
}

impl BinaryColumn<'_> {
    /// 1 where the row has the event, 0 where it has not; none where that is missing.
    pub(crate) fn at(&self, row: usize) -> Result<Option<usize>, ContributeError> {
        self.0.at(row)
    }
}

/// The name of a score.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Score(pub(crate) VariableName);

impl FromField for Score {
    fn from_field(value: &FieldValue) -> Result<Self, String> {
        if let FieldValue::Text(text) = value
            && text.trim_start().starts_with("fit(")
        {
            return Err(format!(
                "`{text}`, the predictions of another analysis, is not offered by this version; name a variable, or write \
                 the published formula of the score into `[derived]`"
            ));
        }
        VariableName::from_field(value).map(Self)
    }
}

/// A number that a key names, and its variable.
pub(crate) fn number(
    fields: &Fields<'_>,
    key: &'static str,
    score: &Score,
    scope: &Scope,
) -> Result<(Numeric, Variable), Problem> {
    let variable = scope.require(&score.0).map_err(|message| fields.problem(key, message))?;
    let number = Numeric::of(&variable).map_err(|message| fields.problem(key, message))?;
    Ok((number, variable))
}

/// A prediction: a probability, whose bounds in the dictionary lie between 0 and 1.
pub(crate) fn probability(
    fields: &Fields<'_>,
    key: &'static str,
    score: &Score,
    scope: &Scope,
) -> Result<(Numeric, Variable), Problem> {
    let (number, variable) = self::number(fields, key, score, scope)?;
    match number.quantity {
        Quantity::Number { lower, upper, .. } if lower >= 0.0 && upper <= 1.0 => Ok((number, variable)),
        _ => {
            let message =
                format!("`{}` is no probability: its bounds must be numbers between 0 and 1", number.name);
            Err(fields.problem(key, message))
        }
    }
}
