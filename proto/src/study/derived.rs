//! Variables that a study computes from others.

use super::Rows;
use crate::document;
use crate::expression::Expression;
use crate::fields::{FieldValue, Fields, FromField, Section, one_of};
use crate::name::VariableName;
use crate::problem::{Place, Problem};
use crate::scope::Scope;
use crate::variable::{Level, MOST_LEVELS, Variable, VariableKind};

/// A `[derived.NAME]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Derived {
    /// Its name, unlike any other variable's.
    pub name: VariableName,
    /// Its label, for reports; its name where none is given.
    pub label: String,
    /// What it is computed for: each row of the cohort, or each patient where the rows are visits.
    pub rows: Rows,
    /// How it is computed.
    pub value: Expression,
    /// What it may hold.
    pub kind: VariableKind,
    /// Where its value stands.
    pub place: Place,
}

impl Derived {
    /// Its value as it is evaluated, over the variables before it.
    pub fn resolve(&self, scope: &Scope) -> Result<Expression, Problem> {
        let resolved = self.value.resolve_value(&scope.for_rows(self.rows), &self.kind);
        resolved.map_err(|error| Problem::new(self.place.clone(), error.to_string()))
    }

    /// The variable it becomes, over the variables before it.
    pub(crate) fn variable(&self, scope: &Scope) -> Result<Variable, Problem> {
        if scope.has(&self.name) {
            let message = format!("`{}` is already a variable; give the derived one another name", self.name);
            return Err(Problem::new(self.place.clone(), message));
        }
        self.resolve(scope)?;
        let (name, label, kind) = (self.name.clone(), self.label.clone(), self.kind.clone());
        // What is computed from a sensitive variable is sensitive.
        let sensitive = scope.is_sensitive(&self.value);
        Ok(Variable { name, label, kind, unit: None, grid: None, sensitive })
    }
}

/// The word of `type`.
#[derive(Clone, Copy)]
enum Type {
    YesNo,
    Integer,
    Number,
    Factor,
}

impl FromField for Type {
    fn from_field(value: &FieldValue) -> Result<Self, String> {
        let types = [
            ("yesno", Self::YesNo),
            ("integer", Self::Integer),
            ("number", Self::Number),
            ("factor", Self::Factor),
        ];
        one_of(value, &types)
    }
}

pub(super) fn derived(name: &str, section: &Section, rows_of_the_cohort: Rows) -> Result<Derived, Problem> {
    let mut fields = section.fields();
    let wrong = |message: String| Problem::new(section.place().clone(), message);
    let name = VariableName::new(name).map_err(|error| wrong(error.to_string()))?;
    if name.event().is_some() {
        return Err(wrong(format!("`{name}` names an event; a derived variable has a bare name")));
    }
    let label = fields.optional("label")?.unwrap_or_else(|| name.to_string());
    let value = fields.required("value")?;
    let place = fields.place("value");
    let rows = fields.optional("rows")?.unwrap_or(rows_of_the_cohort);
    if rows == Rows::Visit && rows_of_the_cohort == Rows::Patient {
        let message =
            "the rows of the cohort are patients; any(…), first(…) and their kin reduce visits to one";
        return Err(fields.problem("rows", message));
    }
    let kind = kind(&mut fields)?;
    fields.finish()?;
    Ok(Derived { name, label, rows, value, kind, place })
}

fn kind(fields: &mut Fields<'_>) -> Result<VariableKind, Problem> {
    Ok(match fields.required("type")? {
        Type::YesNo => VariableKind::Integer { bounds: Some((0, 1)) },
        Type::Integer => VariableKind::Integer { bounds: bounds(fields)? },
        Type::Number => VariableKind::Number { bounds: bounds(fields)? },
        Type::Factor => VariableKind::Factor { levels: levels(fields)? },
    })
}

/// `min` and `max`, both or neither.
fn bounds<T: FromField + PartialOrd>(fields: &mut Fields<'_>) -> Result<Option<(T, T)>, Problem> {
    match (fields.optional::<T>("min")?, fields.optional::<T>("max")?) {
        (None, None) => Ok(None),
        (Some(min), Some(max)) if min < max => Ok(Some((min, max))),
        (Some(_), Some(_)) => Err(fields.problem("max", "`max` must be above `min`")),
        (Some(_), None) => Err(fields.problem("min", "`min` needs a `max` beside it")),
        (None, Some(_)) => Err(fields.problem("max", "`max` needs a `min` beside it")),
    }
}

/// `levels = ["…", …]`, each its own label.
fn levels(fields: &mut Fields<'_>) -> Result<Vec<Level>, Problem> {
    let codes: Vec<String> = fields.required("levels")?;
    if let Some(message) = fault(&codes) {
        return Err(fields.problem("levels", message));
    }
    Ok(codes.into_iter().map(|code| Level { label: code.clone(), code }).collect())
}

/// What is wrong with the codes of a factor.
fn fault(codes: &[String]) -> Option<String> {
    if codes.is_empty() || codes.len() > MOST_LEVELS {
        return Some(format!("names {} levels; a factor has 1 to {MOST_LEVELS}", codes.len()));
    }
    if let Some(code) = codes.iter().find(|code| code.trim().is_empty() || code.contains(['|', ','])) {
        return Some(format!("`{code}` is not a code: it is empty or holds `|` or `,`"));
    }
    document::repeated(codes).map(|code| format!("names `{code}` twice"))
}
