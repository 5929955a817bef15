//! The grammar again, one row at a time and as plainly as it can be said.

use std::collections::BTreeMap;

use notochord_proto::expression::{Comparison, Expression, Function, Operator};

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Missing,
    Truth(bool),
    Number(f64),
    Text(String),
}

/// The values of a row by variable, and of its patient by the words of a reduction.
pub(crate) type Row = BTreeMap<String, Value>;

pub(crate) fn interpret(expression: &Expression, row: &Row) -> Value {
    let of = |expression: &Expression| interpret(expression, row);
    match expression {
        Expression::Variable(name) => row[name.as_str()].clone(),
        Expression::Reduce { .. } | Expression::Count(_) => row[&expression.in_words()].clone(),
        Expression::Number(value) => Value::Number(*value),
        Expression::Text(code) => Value::Text(code.clone()),
        Expression::Truth(value) => Value::Truth(*value),
        Expression::Null => Value::Missing,
        Expression::Not(part) => match of(part) {
            Value::Truth(value) => Value::Truth(!value),
            _ => Value::Missing,
        },
        Expression::And(parts) => all(parts.iter().map(of)),
        Expression::Or(parts) => any(parts.iter().map(of)),
        Expression::Compare { operator, left, right } => compare(*operator, &of(left), &of(right)),
        Expression::IsNull(part) => Value::Truth(of(part) == Value::Missing),
        Expression::In { value, list } => {
            let value = of(value);
            any(list.iter().map(|candidate| compare(Comparison::Equal, &value, &of(candidate))))
        }
        Expression::Between { value, low, high } => {
            let value = of(value);
            let from_low = compare(Comparison::GreaterOrEqual, &value, &of(low));
            all([from_low, compare(Comparison::LessOrEqual, &value, &of(high))].into_iter())
        }
        Expression::Case { branches, otherwise } => {
            match branches.iter().find(|branch| of(&branch.condition) == Value::Truth(true)) {
                Some(branch) => of(&branch.value),
                None => otherwise.as_ref().map_or(Value::Missing, |otherwise| of(otherwise)),
            }
        }
        Expression::Coalesce(parts) => {
            parts.iter().map(of).find(|value| *value != Value::Missing).unwrap_or(Value::Missing)
        }
        Expression::Negate(part) => number([of(part)], |[value]| 0.0 - value),
        Expression::Arithmetic { operator, left, right } => {
            number([of(left), of(right)], |[left, right]| match operator {
                Operator::Add => left + right,
                Operator::Subtract => left - right,
                Operator::Multiply => left * right,
                Operator::Divide => left / right,
            })
        }
        Expression::Call { function, arguments } => {
            let mut known: Vec<f64> = Vec::new();
            for argument in arguments {
                if let Value::Number(value) = of(argument) {
                    known.push(value);
                }
            }
            known.sort_by(f64::total_cmp);
            let Some(least) = known.first().copied() else { return Value::Missing };
            let value = match function {
                Function::Abs => least.abs(),
                Function::Floor => least.floor(),
                Function::Ln => libm::log(least),
                Function::Exp => libm::exp(least),
                Function::Least => least,
                Function::Greatest => known[known.len() - 1],
            };
            number([Value::Number(value)], |[value]| value)
        }
    }
}

/// True if all are; false if one is; else missing.
fn all(values: impl Iterator<Item = Value>) -> Value {
    let values: Vec<_> = values.collect();
    if values.contains(&Value::Truth(false)) {
        Value::Truth(false)
    } else if values.contains(&Value::Missing) {
        Value::Missing
    } else {
        Value::Truth(true)
    }
}

/// True if one is; false if all are; else missing.
fn any(values: impl Iterator<Item = Value>) -> Value {
    let values: Vec<_> = values.collect();
    if values.contains(&Value::Truth(true)) {
        Value::Truth(true)
    } else if values.contains(&Value::Missing) {
        Value::Missing
    } else {
        Value::Truth(false)
    }
}

fn compare(operator: Comparison, left: &Value, right: &Value) -> Value {
    let order = match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.partial_cmp(right),
        (Value::Text(left), Value::Text(right)) => left.partial_cmp(right),
        (Value::Truth(left), Value::Truth(right)) => left.partial_cmp(right),
        _ => None,
    };
    let Some(order) = order else { return Value::Missing };
    Value::Truth(match operator {
        Comparison::Equal => order.is_eq(),
        Comparison::NotEqual => order.is_ne(),
        Comparison::Less => order.is_lt(),
        Comparison::LessOrEqual => order.is_le(),
        Comparison::Greater => order.is_gt(),
        Comparison::GreaterOrEqual => order.is_ge(),
    })
}

/// The result of an operation on numbers, missing if an operand is or if it is not finite.
fn number<const N: usize>(operands: [Value; N], operation: impl Fn([f64; N]) -> f64) -> Value {
    let mut numbers = [0.0; N];
    for (number, operand) in numbers.iter_mut().zip(operands) {
        let Value::Number(value) = operand else { return Value::Missing };
        *number = value;
    }
    let result = operation(numbers);
    if result.is_finite() { Value::Number(result) } else { Value::Missing }
}
