//! The closed grammar of conditions and derived values: a small, total part of SQL.
//!
//! Three-valued logic as in SQL: a comparison or a sum over something missing is missing. Anything outside the
//! grammar is refused by name, so that a reader of [`Expression`] has seen everything a study can ask of a row.
//!
//! What a patient has many of is asked for in two ways: `variable@event` is the value at one event, and a
//! [`Reduction`] makes one value of all entries of a form.

mod check;
mod parse;
mod refusal;
mod words;

use std::collections::BTreeSet;

use crate::name::{FormName, VariableName};
use crate::scope::Scope;
use crate::variable::VariableKind;

/// An expression over one row.
#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    /// A variable of the row.
    Variable(VariableName),
    /// A finite number.
    Number(f64),
    /// A text in quotes; after [`Expression::resolve`] a code of the factor beside it.
    Text(String),
    /// `TRUE` or `FALSE`
    Truth(bool),
    /// `NULL`
    Null,
    /// `NOT a`
    Not(Box<Expression>),
    /// `a AND b AND …`, two or more.
    And(Vec<Expression>),
    /// `a OR b OR …`, two or more.
    Or(Vec<Expression>),
    /// `left = right` and its kin.
    Compare {
        /// How the sides are compared.
        operator: Comparison,
        /// The left side.
        left: Box<Expression>,
        /// The right side.
        right: Box<Expression>,
    },
    /// `left + right` and its kin.
    Arithmetic {
        /// What is done with the sides.
        operator: Operator,
        /// The left side.
        left: Box<Expression>,
        /// The right side.
        right: Box<Expression>,
    },
    /// `-a`; a number written with a minus is a [`Expression::Number`].
    Negate(Box<Expression>),
    /// `a IS NULL`
    IsNull(Box<Expression>),
    /// `value IN (…)`, one or more.
    In {
        /// What is looked for.
        value: Box<Expression>,
        /// Where.
        list: Vec<Expression>,
    },
    /// `value BETWEEN low AND high`, both ends included.
    Between {
        /// What is compared.
        value: Box<Expression>,
        /// The lower end.
        low: Box<Expression>,
        /// The upper end.
        high: Box<Expression>,
    },
    /// `CASE WHEN … THEN … ELSE … END`, one branch or more. `CASE x WHEN 1 …` becomes `CASE WHEN x = 1 …`.
    Case {
        /// The branches; the first whose condition is true counts.
        branches: Vec<Branch>,
        /// What counts where no branch does; missing where absent.
        otherwise: Option<Box<Expression>>,
    },
    /// `COALESCE(a, …)`: the first that is not missing, one or more.
    Coalesce(Vec<Expression>),
    /// A call of one of the functions.
    Call {
        /// Which.
        function: Function,
        /// As many as the function takes.
        arguments: Vec<Expression>,
    },
    /// `any(condition)` and its kin: one value of all the patient's entries of a form.
    Reduce {
        /// How many become one.
        reduction: Reduction,
        /// What is asked of each entry; its variables belong to one form.
        value: Box<Expression>,
    },
    /// `count(form)`: how many entries of the form the patient has.
    Count(FormName),
}

/// `WHEN condition THEN value`
#[derive(Debug, Clone, PartialEq)]
pub struct Branch {
    /// When the branch counts.
    pub condition: Expression,
    /// What it gives.
    pub value: Expression,
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// Arithmetic on two numbers. A result that is not finite, as of a division by zero, is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`, always of real numbers: `7 / 2` is 3.5.
    Divide,
}

/// A function of numbers. A result that is not finite, as of `ln(0)`, is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// `abs(x)`
    Abs,
    /// `floor(x)`
    Floor,
    /// `ln(x)`: the natural logarithm.
    Ln,
    /// `exp(x)`
    Exp,
    /// `least(x, …)` of those that are not missing.
    Least,
    /// `greatest(x, …)` of those that are not missing.
    Greatest,
}

/// How a value of each entry of a form becomes one value of the patient. Entries come in the order of event,
/// visit and instance; those where the value is missing are passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reduction {
    /// `any(condition)`: true where it is true of some entry; missing where there are entries and it is missing
    /// of all; else false.
    Any,
    /// `first(x)`
    First,
    /// `last(x)`
    Last,
    /// `min(x)`
    Min,
    /// `max(x)`
    Max,
    /// `sum(x)`; missing where no entry has a value.
    Sum,
}

/// What an expression gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpressionKind {
    /// True, false or missing.
    Truth,
    /// A number or missing.
    Number,
    /// A code of a factor, or missing.
    Text,
}

/// What is wrong with an expression, and what to write instead, in one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ExpressionError(pub(crate) String);

/// The longest text of an expression, in characters.
pub const LONGEST: usize = 10_000;

/// The deepest nesting of parentheses, `NOT`, minus, calls and `CASE`.
pub const DEEPEST: usize = 50;

impl Expression {
    /// Parses a text of the grammar.
    pub fn parse(text: &str) -> Result<Expression, ExpressionError> {
        parse::expression(text)
    }

    /// What the expression gives, over the variables of a scope.
    pub fn check(&self, scope: &Scope) -> Result<ExpressionKind, ExpressionError> {
        check::kind(self, scope)
    }

    /// The same expression as it is evaluated: every variable is known, and a number compared with a factor of
    /// numeric codes has become the code.
    pub fn resolve(&self, scope: &Scope) -> Result<Expression, ExpressionError> {
        check::resolved(self, scope)
    }

    /// As [`Expression::resolve`], for a place that wants a condition.
    pub fn resolve_condition(&self, scope: &Scope) -> Result<Expression, ExpressionError> {
        check::resolved_condition(self, scope)
    }

    /// As [`Expression::resolve`], for the value of a variable of `kind`: a condition becomes 1 and 0 where the
    /// kind is yes/no, and the codes of a factor are among its levels.
    pub fn resolve_value(&self, scope: &Scope, kind: &VariableKind) -> Result<Expression, ExpressionError> {
        check::resolved_value(self, scope, kind)
    }

    /// The variables it reads, of the row itself or in a reduction.
    pub fn variables(&self) -> BTreeSet<VariableName> {
        let mut variables = BTreeSet::new();
        self.visit(&mut |part| {
            if let Expression::Variable(name) = part {
                variables.insert(name.clone());
            }
        });
        variables
    }

    /// The variables it reads of the row itself, and not in a reduction.
    pub fn variables_of_the_row(&self) -> BTreeSet<VariableName> {
        match self {
            Self::Variable(name) => BTreeSet::from([name.clone()]),
            Self::Reduce { .. } => BTreeSet::new(),
            _ => self.parts().into_iter().flat_map(Self::variables_of_the_row).collect(),
        }
    }

    /// Its reductions and counts of entries, in the order they are written.
    pub fn reductions(&self) -> Vec<&Expression> {
        match self {
            Self::Reduce { .. } | Self::Count(_) => vec![self],
            _ => self.parts().into_iter().flat_map(Self::reductions).collect(),
        }
    }

    /// The expression as SQL in one line; it parses back to the same expression.
    pub fn in_words(&self) -> String {
        words::of(self)
    }

    /// Shows every part of the expression to `see`, the whole first.
    fn visit(&self, see: &mut impl FnMut(&Expression)) {
        see(self);
        for part in self.parts() {
            part.visit(see);
        }
    }

    fn parts(&self) -> Vec<&Expression> {
        match self {
            Self::Variable(_) | Self::Number(_) | Self::Text(_) | Self::Truth(_) | Self::Null => Vec::new(),
            Self::Count(_) => Vec::new(),
            Self::Not(part) | Self::Negate(part) | Self::IsNull(part) => vec![part],
            Self::Reduce { value, .. } => vec![value],
            Self::And(parts) | Self::Or(parts) | Self::Coalesce(parts) => parts.iter().collect(),
            Self::Call { arguments, .. } => arguments.iter().collect(),
            Self::Compare { left, right, .. } | Self::Arithmetic { left, right, .. } => vec![left, right],
            Self::In { value, list } => std::iter::once(&**value).chain(list).collect(),
            Self::Between { value, low, high } => vec![value, low, high],
            Self::Case { branches, otherwise } => {
                let branches = branches.iter().flat_map(|branch| [&branch.condition, &branch.value]);
                branches.chain(otherwise.as_deref()).collect()
            }
        }
    }
}

impl Function {
    /// Every function.
    pub const ALL: [Function; 6] = [Self::Abs, Self::Floor, Self::Ln, Self::Exp, Self::Least, Self::Greatest];

    /// Its name as written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Abs => "abs",
            Self::Floor => "floor",
            Self::Ln => "ln",
            Self::Exp => "exp",
            Self::Least => "least",
            Self::Greatest => "greatest",
        }
    }

    /// Whether it takes one argument or as many as one likes.
    pub fn takes_many(self) -> bool {
        matches!(self, Self::Least | Self::Greatest)
    }
}

impl Reduction {
    /// Every reduction.
    pub const ALL: [Reduction; 6] = [Self::Any, Self::First, Self::Last, Self::Min, Self::Max, Self::Sum];

    /// Its name as written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::First => "first",
            Self::Last => "last",
            Self::Min => "min",
            Self::Max => "max",
            Self::Sum => "sum",
        }
    }
}

impl Comparison {
    /// The sign as written.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }

    /// Whether it asks which side comes first.
    pub fn is_order(self) -> bool {
        !matches!(self, Self::Equal | Self::NotEqual)
    }
}

impl Operator {
    /// The sign as written.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
        }
    }
}

#[cfg(test)]
mod tests;
