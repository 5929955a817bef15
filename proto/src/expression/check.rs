//! Checks an expression against the variables of a scope, and settles what a number beside a factor means.

mod reduction;

use std::collections::BTreeSet;

use super::{Branch, Comparison, Expression, ExpressionError, ExpressionKind, words};
use crate::name::VariableName;
use crate::problem::suggestion;
use crate::scope::{SITE, Scope};
use crate::variable::VariableKind;

/// A part as it is evaluated, and what it gives.
struct Checked {
    part: Expression,
    gives: Gives,
}

/// What a part gives. A text carries the codes it may be.
#[derive(Clone, PartialEq)]
enum Gives {
    Truth,
    Number,
    Text(BTreeSet<String>),
    /// `NULL` goes with everything.
    Null,
}

type Check = Result<Checked, ExpressionError>;

pub(super) fn kind(expression: &Expression, scope: &Scope) -> Result<ExpressionKind, ExpressionError> {
    match check(expression, scope)?.gives {
        Gives::Truth => Ok(ExpressionKind::Truth),
        Gives::Number => Ok(ExpressionKind::Number),
        Gives::Text(_) => Ok(ExpressionKind::Text),
        Gives::Null => error("is always missing".to_owned()),
    }
}

pub(super) fn resolved(expression: &Expression, scope: &Scope) -> Result<Expression, ExpressionError> {
    check(expression, scope).map(|checked| checked.part)
}

pub(super) fn resolved_condition(
    expression: &Expression,
    scope: &Scope,
) -> Result<Expression, ExpressionError> {
    condition(check(expression, scope)?).map(|checked| checked.part)
}

/// The expression as the value of a variable of `kind`. A condition becomes 1 and 0 where the kind is yes/no.
pub(super) fn resolved_value(
    expression: &Expression,
    scope: &Scope,
    kind: &VariableKind,
) -> Result<Expression, ExpressionError> {
    let Checked { part, gives } = check(expression, scope)?;
    match (kind, gives) {
        (VariableKind::Integer { bounds: Some((0, 1)) }, Gives::Truth) => Ok(yes_or_no(part)),
        (VariableKind::Integer { .. } | VariableKind::Number { .. }, Gives::Number) => Ok(part),
        (VariableKind::Factor { levels }, Gives::Text(codes)) => {
            let known: Vec<_> = levels.iter().map(|level| level.code.as_str()).collect();
            match codes.iter().find(|code| !known.contains(&code.as_str())) {
                None => Ok(part),
                Some(other) => error(format!(
                    "gives '{other}', which is not among `levels`{}",
                    near(other, known.iter().copied())
                )),
            }
        }
        (VariableKind::Factor { .. }, _) => {
            error("must give codes, each in quotes, for `type = \"factor\"`".to_owned())
        }
        (_, Gives::Truth) => error("is a condition; it needs `type = \"yesno\"`".to_owned()),
        (_, Gives::Text(_)) => error("gives codes; it needs `type = \"factor\"`".to_owned()),
        (_, Gives::Null) => error("is always missing".to_owned()),
    }
}

/// 1 where the condition is true, 0 where it is false, missing where it is missing.
fn yes_or_no(condition: Expression) -> Expression {
    let no =
        Branch { condition: Expression::Not(Box::new(condition.clone())), value: Expression::Number(0.0) };
    let yes = Branch { condition, value: Expression::Number(1.0) };
    Expression::Case { branches: vec![yes, no], otherwise: None }
}

fn check(expression: &Expression, scope: &Scope) -> Check {
    let boxed = |checked: Checked| Box::new(checked.part);
    Ok(match expression {
        Expression::Variable(name) => variable(name, scope)?,
        Expression::Number(_) => number_from(expression.clone()),
        Expression::Text(code) => literal(code),
        Expression::Truth(_) => truth(expression.clone()),
        Expression::Null => Checked { part: Expression::Null, gives: Gives::Null },
        Expression::Not(part) => truth(Expression::Not(boxed(condition(check(part, scope)?)?))),
        Expression::And(parts) => truth(Expression::And(conditions(parts, scope)?)),
        Expression::Or(parts) => truth(Expression::Or(conditions(parts, scope)?)),
        Expression::Compare { operator, left, right } => compare(*operator, left, right, scope)?,
        Expression::Arithmetic { operator, left, right } => number_from(Expression::Arithmetic {
            operator: *operator,
            left: boxed(number(check(left, scope)?)?),
            right: boxed(number(check(right, scope)?)?),
        }),
        Expression::Negate(part) => number_from(Expression::Negate(boxed(number(check(part, scope)?)?))),
        Expression::IsNull(part) => truth(Expression::IsNull(boxed(check(part, scope)?))),
        Expression::In { value, list } => within(value, list, scope)?,
        Expression::Between { value, low, high } => truth(Expression::Between {
            value: boxed(number(check(value, scope)?)?),
            low: boxed(number(check(low, scope)?)?),
            high: boxed(number(check(high, scope)?)?),
        }),
        Expression::Case { branches, otherwise } => case(branches, otherwise.as_deref(), scope)?,
        Expression::Coalesce(arguments) => {
            let (parts, gives) = alike("COALESCE", arguments, scope)?;
            Checked { part: Expression::Coalesce(parts), gives }
        }
        Expression::Call { function, arguments } => {
            let arguments = arguments.iter().map(|argument| Ok(number(check(argument, scope)?)?.part));
            number_from(Expression::Call {
                function: *function,
                arguments: arguments.collect::<Result<_, _>>()?,
            })
        }
        Expression::Reduce { reduction, value } => reduction::check(*reduction, value, scope)?,
        Expression::Count(form) => {
            scope.require_form(form).map_err(ExpressionError)?;
            number_from(expression.clone())
        }
    })
}

fn variable(name: &VariableName, scope: &Scope) -> Check {
    let gives = match scope.require(name).map_err(ExpressionError)?.kind {
        VariableKind::Integer { .. } | VariableKind::Number { .. } => Gives::Number,
        VariableKind::Factor { levels } => {
            Gives::Text(levels.iter().map(|level| level.code.clone()).collect())
        }
    };
    Ok(Checked { part: Expression::Variable(name.clone()), gives })
}

fn literal(code: &str) -> Checked {
    let gives = Gives::Text(BTreeSet::from([code.to_owned()]));
    Checked { part: Expression::Text(code.to_owned()), gives }
}

fn truth(part: Expression) -> Checked {
    Checked { part, gives: Gives::Truth }
}

fn number_from(part: Expression) -> Checked {
    Checked { part, gives: Gives::Number }
}

/// A part that must be a condition.
fn condition(checked: Checked) -> Check {
    let example = match &checked.gives {
        Gives::Truth | Gives::Null => return Ok(checked),
        Gives::Number => "1".to_owned(),
        Gives::Text(codes) => format!("'{}'", first(codes)),
    };
    let (name, what) = (named(&checked.part), checked.gives.words());
    error(format!(
        "{name} is {what}, not a condition; compare it with one, as in `{} = {example}`",
        name.trim_matches('`')
    ))
}

fn conditions(parts: &[Expression], scope: &Scope) -> Result<Vec<Expression>, ExpressionError> {
    parts.iter().map(|part| Ok(condition(check(part, scope)?)?.part)).collect()
}

/// A part that must be a number.
fn number(checked: Checked) -> Check {
    let instead = match checked.gives {
        Gives::Number | Gives::Null => return Ok(checked),
        Gives::Truth => "make it one with CASE WHEN … THEN 1 ELSE 0 END",
        Gives::Text(_) => "codes know =, <> and IN only",
    };
    let (name, what) = (named(&checked.part), checked.gives.words());
    error(format!("{name} is {what} where a number is wanted; {instead}"))
}

fn compare(operator: Comparison, left: &Expression, right: &Expression, scope: &Scope) -> Check {
    let (left, right) = (check(left, scope)?, check(right, scope)?);
    let (left, right) = if operator.is_order() {
        (number(left)?, number(right)?)
    } else if matches!(left.gives, Gives::Text(_)) && !matches!(left.part, Expression::Text(_)) {
        let right = beside(&left, right)?;
        (left, right)
    } else {
        (beside(&right, left)?, right)
    };
    Ok(truth(Expression::Compare { operator, left: Box::new(left.part), right: Box::new(right.part) }))
}

fn within(value: &Expression, list: &[Expression], scope: &Scope) -> Check {
    let value = check(value, scope)?;
    let list = list.iter().map(|item| Ok(beside(&value, check(item, scope)?)?.part));
    let list = list.collect::<Result<_, ExpressionError>>()?;
    Ok(truth(Expression::In { value: Box::new(value.part), list }))
}

/// `other` as it is evaluated where it is compared for equality with `value`.
fn beside(value: &Checked, other: Checked) -> Check {
    match (&value.gives, &other.gives) {
        (Gives::Truth, _) | (_, Gives::Truth) => {
            let condition = if value.gives == Gives::Truth { value } else { &other };
            error(format!(
                "{} is a condition; conditions are joined by AND, OR and NOT",
                named(&condition.part)
            ))
        }
        (Gives::Null, _) | (_, Gives::Null) | (Gives::Number, Gives::Number) => Ok(other),
        // A study may name a site that does not take part, or one that is not known yet.
        (Gives::Text(codes), Gives::Text(beside)) if codes.is_disjoint(beside) && !is_site(&value.part) => {
            no_such_code(&value.part, codes, first(beside))
        }
        (Gives::Text(_), Gives::Text(_)) => Ok(other),
        (Gives::Text(codes), Gives::Number) => match other.part {
            Expression::Number(number) => code_of(number, &value.part, codes),
            part => error(format!("{} is a number and {} a code", named(&part), named(&value.part))),
        },
        (Gives::Number, Gives::Text(codes)) => {
            let (name, code) = (named(&value.part), first(codes));
            error(format!("{name} is a number; compare it with a number, not with '{code}'"))
        }
    }
}

/// The code that a number means beside a factor whose codes are all numbers.
fn code_of(number: f64, factor: &Expression, codes: &BTreeSet<String>) -> Check {
    let numbers: Option<Vec<f64>> = codes.iter().map(|code| code.parse().ok()).collect();
    let Some(numbers) = numbers else {
        return error(format!("{} has codes; write one in quotes: {}", named(factor), some_of(codes)));
    };
    let written = number.to_string();
    let equal = || codes.iter().zip(numbers).find(|(_, one)| *one == number).map(|(code, _)| code);
    match codes.get(&written).or_else(equal) {
        Some(code) => Ok(literal(code)),
        None => no_such_code(factor, codes, &written),
    }
}

fn case(branches: &[Branch], otherwise: Option<&Expression>, scope: &Scope) -> Check {
    let values = branches.iter().map(|branch| &branch.value).chain(otherwise);
    let (mut values, gives) = alike("CASE", values, scope)?;
    let otherwise = otherwise.and_then(|_| values.pop()).map(Box::new);
    let branch = |(branch, value): (&Branch, Expression)| {
        Ok(Branch { condition: condition(check(&branch.condition, scope)?)?.part, value })
    };
    let branches = branches.iter().zip(values).map(branch).collect::<Result<_, ExpressionError>>()?;
    Ok(Checked { part: Expression::Case { branches, otherwise }, gives })
}

/// Parts that must all give the same, and what they give together.
fn alike<'a>(
    name: &str,
    parts: impl IntoIterator<Item = &'a Expression>,
    scope: &Scope,
) -> Result<(Vec<Expression>, Gives), ExpressionError> {
    let mut together = Gives::Null;
    let mut resolved = Vec::new();
    for part in parts {
        let checked = check(part, scope)?;
        together = match (together, checked.gives) {
            (Gives::Null, gives) | (gives, Gives::Null) => gives,
            (Gives::Text(mut codes), Gives::Text(more)) => {
                codes.extend(more);
                Gives::Text(codes)
            }
            (before, gives) if before == gives => before,
            (before, gives) => {
                return error(format!("{name} gives {} here and {} there", before.words(), gives.words()));
            }
        };
        resolved.push(checked.part);
    }
    Ok((resolved, together))
}

impl Gives {
    fn words(&self) -> &'static str {
        match self {
            Self::Truth => "a condition",
            Self::Number => "a number",
            Self::Text(_) => "a code",
            Self::Null => "NULL",
        }
    }
}

fn error<T>(message: String) -> Result<T, ExpressionError> {
    Err(ExpressionError(message))
}

fn is_site(part: &Expression) -> bool {
    matches!(part, Expression::Variable(name) if name.as_str() == SITE)
}

fn first(codes: &BTreeSet<String>) -> &str {
    codes.first().map(String::as_str).unwrap_or_default()
}

fn no_such_code<T>(
    factor: &Expression,
    codes: &BTreeSet<String>,
    written: &str,
) -> Result<T, ExpressionError> {
    let near = match near(written, codes.iter().map(String::as_str)) {
        near if near.is_empty() => format!("; it has {}", some_of(codes)),
        near => near,
    };
    error(format!("{} has no code '{written}'{near}", named(factor)))
}

/// The code nearest to what was written; codes of one or two signs are all near to each other.
fn near<'a>(written: &str, codes: impl Iterator<Item = &'a str>) -> String {
    suggestion(written, codes.filter(|_| written.chars().count() > 2)).replace('`', "'")
}

/// A list of codes for people: the first few.
fn some_of(codes: &BTreeSet<String>) -> String {
    let shown: Vec<_> = codes.iter().take(8).map(|code| format!("'{code}'")).collect();
    let more = if codes.len() > shown.len() { ", …" } else { "" };
    shown.join(", ") + more
}

/// An expression for people: not more than fits in a line.
fn named(expression: &Expression) -> String {
    let words = words::of(expression);
    if words.chars().count() <= 60 {
        return format!("`{words}`");
    }
    format!("`{}…`", words.chars().take(59).collect::<String>())
}
