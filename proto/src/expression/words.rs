//! An expression as text again.

use super::{Branch, Expression, parse};
use crate::name::VariableName;

/// How tightly a part binds, from loosest to tightest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binding {
    Or,
    And,
    Not,
    Test,
    Sum,
    Product,
    Sign,
    Primary,
}

pub(super) fn of(expression: &Expression) -> String {
    match expression {
        Expression::Variable(name) if needs_quotes(name) => format!("\"{name}\""),
        Expression::Variable(name) => name.to_string(),
        Expression::Number(number) => number.to_string(),
        Expression::Text(text) => quoted(text),
        Expression::Truth(true) => "TRUE".to_owned(),
        Expression::Truth(false) => "FALSE".to_owned(),
        Expression::Null => "NULL".to_owned(),
        Expression::Not(part) => negated(part),
        Expression::And(parts) => joined(parts, " AND ", Binding::Not),
        Expression::Or(parts) => joined(parts, " OR ", Binding::And),
        Expression::Compare { operator, left, right } => {
            format!("{} {} {}", at_least(left, Binding::Sum), operator.sign(), at_least(right, Binding::Sum))
        }
        Expression::Arithmetic { operator, left, right } => {
            let binding = binding(expression);
            let tighter = if binding == Binding::Sum { Binding::Product } else { Binding::Sign };
            format!("{} {} {}", at_least(left, binding), operator.sign(), at_least(right, tighter))
        }
        // A number needs the parentheses too: `-3` is a number and not the negation of one.
        Expression::Negate(part) if matches!(**part, Expression::Number(_)) => format!("-({})", of(part)),
        Expression::Negate(part) => format!("-{}", at_least(part, Binding::Primary)),
        Expression::IsNull(_) | Expression::In { .. } | Expression::Between { .. } => test(expression, ""),
        Expression::Case { branches, otherwise } => case(branches, otherwise.as_deref()),
        Expression::Coalesce(arguments) => format!("COALESCE({})", listed(arguments)),
        Expression::Call { function, arguments } => format!("{}({})", function.name(), listed(arguments)),
        Expression::Reduce { reduction, value } => format!("{}({})", reduction.name(), of(value)),
        Expression::Count(form) if parse::is_keyword(form.as_str()) || starts_with_digit(form.as_str()) => {
            format!("count(\"{form}\")")
        }
        Expression::Count(form) => format!("count({form})"),
    }
}

/// Whether the bare name would be read as something else.
fn needs_quotes(name: &VariableName) -> bool {
    parse::is_keyword(name.field()) || name.event().is_some_and(starts_with_digit)
}

fn starts_with_digit(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

fn binding(expression: &Expression) -> Binding {
    use super::Operator::{Add, Divide, Multiply, Subtract};
    match expression {
        Expression::Or(_) => Binding::Or,
        Expression::And(_) => Binding::And,
        Expression::Not(_) => Binding::Not,
        Expression::Compare { .. } => Binding::Test,
        Expression::IsNull(_) | Expression::In { .. } | Expression::Between { .. } => Binding::Test,
        Expression::Arithmetic { operator: Add | Subtract, .. } => Binding::Sum,
        Expression::Arithmetic { operator: Multiply | Divide, .. } => Binding::Product,
        Expression::Negate(_) => Binding::Sign,
        Expression::Number(number) if number.is_sign_negative() => Binding::Sign,
        _ => Binding::Primary,
    }
}

/// In parentheses where it binds more loosely than its place wants.
fn at_least(part: &Expression, wanted: Binding) -> String {
    if binding(part) < wanted { format!("({})", of(part)) } else { of(part) }
}

fn joined(parts: &[Expression], by: &str, wanted: Binding) -> String {
    parts.iter().map(|part| at_least(part, wanted)).collect::<Vec<_>>().join(by)
}

fn listed(parts: &[Expression]) -> String {
    joined(parts, ", ", Binding::Or)
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn negated(part: &Expression) -> String {
    match part {
        Expression::IsNull(_) | Expression::In { .. } | Expression::Between { .. } => test(part, "NOT "),
        _ => format!("NOT {}", at_least(part, Binding::Not)),
    }
}

/// `IS NULL`, `IN` or `BETWEEN`, with `not` in its place.
fn test(expression: &Expression, not: &str) -> String {
    match expression {
        Expression::IsNull(value) => format!("{} IS {not}NULL", at_least(value, Binding::Sum)),
        Expression::In { value, list } => {
            format!("{} {not}IN ({})", at_least(value, Binding::Sum), listed(list))
        }
        Expression::Between { value, low, high } => {
            let [value, low, high] = [value, low, high].map(|part| at_least(part, Binding::Sum));
            format!("{value} {not}BETWEEN {low} AND {high}")
        }
        other => of(other),
    }
}

fn case(branches: &[Branch], otherwise: Option<&Expression>) -> String {
    let branch = |branch: &Branch| format!(" WHEN {} THEN {}", of(&branch.condition), of(&branch.value));
    let branches: String = branches.iter().map(branch).collect();
    let otherwise = otherwise.map(|value| format!(" ELSE {}", of(value))).unwrap_or_default();
    format!("CASE{branches}{otherwise} END")
}
