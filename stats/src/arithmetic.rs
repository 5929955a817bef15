//! Arithmetic inside `I(…)` and `log(…)` of a formula, with bounds that follow from those of its variables.

use std::collections::BTreeSet;

use notochord_proto::expression::{Expression, Function, Operator};
use notochord_proto::name::VariableName;
use notochord_proto::scope::Scope;

use crate::contribution::ContributeError;
use crate::frame::Frame;
use crate::quantity::{Numeric, NumericColumn, Quantity, Value};

/// A number computed from the variables of a row.
#[derive(Debug, Clone)]
pub(crate) struct Arithmetic {
    node: Node,
    range: Range,
}

#[derive(Debug, Clone)]
enum Node {
    Variable(Numeric),
    Number(f64),
    Negate(Box<Node>),
    Binary(Operator, Box<Node>, Box<Node>),
    Call(Call, Box<Node>),
}

/// The functions of one number.
#[derive(Debug, Clone, Copy)]
enum Call {
    Abs,
    Floor,
    Log,
    Exp,
}

/// The public bounds of a number, and whether it is whole.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Range {
    lower: f64,
    upper: f64,
    whole: bool,
}

/// The columns that arithmetic reads, in the order of [`Arithmetic::read`].
pub(crate) struct ArithmeticColumns<'a> {
    arithmetic: &'a Arithmetic,
    columns: Vec<NumericColumn<'a>>,
}

/// Whole numbers up to here are exact as `f64`.
const EXACT: f64 = 9_007_199_254_740_992.0; // 2^53

impl Arithmetic {
    /// The arithmetic of an expression over a scope, or why it is none.
    pub(crate) fn of(expression: &Expression, scope: &Scope) -> Result<Self, String> {
        let (node, range) = node(expression, scope)?;
        Ok(Self { node, range })
    }

    /// The natural logarithm of an expression.
    pub(crate) fn log_of(expression: &Expression, scope: &Scope) -> Result<Self, String> {
        let (inner, range) = node(expression, scope)?;
        let range = Call::Log.range(range)?;
        Ok(Self { node: Node::Call(Call::Log, Box::new(inner)), range })
    }

    /// Its public bounds.
    pub(crate) fn range(&self) -> Range {
        self.range
    }

    /// The variables it reads.
    pub(crate) fn variables(&self) -> BTreeSet<VariableName> {
        self.numerics().into_iter().map(|numeric| numeric.name.clone()).collect()
    }

    /// Its columns in a frame.
    pub(crate) fn read<'a>(&'a self, frame: &'a Frame) -> Result<ArithmeticColumns<'a>, ContributeError> {
        let columns =
            self.numerics().into_iter().map(|numeric| numeric.read(frame)).collect::<Result<_, _>>()?;
        Ok(ArithmeticColumns { arithmetic: self, columns })
    }

    /// Its variables from left to right.
    fn numerics(&self) -> Vec<&Numeric> {
        let mut found = Vec::new();
        let mut nodes = vec![&self.node];
        while let Some(node) = nodes.pop() {
            match node {
                Node::Variable(numeric) => found.push(numeric),
                Node::Number(_) => {}
                Node::Negate(inner) | Node::Call(_, inner) => nodes.push(inner),
                Node::Binary(_, left, right) => nodes.extend([&**right, &**left]),
            }
        }
        found
    }
}

impl ArithmeticColumns<'_> {
    /// The number of a row; none where a variable is missing.
    pub(crate) fn at(&self, row: usize) -> Result<Option<Value>, ContributeError> {
        let mut values = Vec::with_capacity(self.columns.len());
        for column in &self.columns {
            match column.at(row)? {
                Some((value, _)) => values.push(value),
                None => return Ok(None),
            }
        }
        if let (Node::Variable(_), [value]) = (&self.arithmetic.node, values.as_slice()) {
            return Ok(Some(*value));
        }
        let number = self.arithmetic.node.evaluate(&mut values.into_iter());
        let whole = self.arithmetic.range.whole;
        Ok(Some(if whole { Value::Integer(number as i64) } else { Value::Number(number) }))
    }
}

impl Node {
    /// The number, from the values of its variables from left to right.
    fn evaluate(&self, values: &mut impl Iterator<Item = Value>) -> f64 {
        match self {
            Self::Variable(_) => values.next().map_or(f64::NAN, Value::to_number),
            Self::Number(number) => *number,
            Self::Negate(inner) => -inner.evaluate(values),
            Self::Binary(operator, left, right) => {
                let (left, right) = (left.evaluate(values), right.evaluate(values));
                apply(*operator, left, right)
            }
            Self::Call(call, inner) => call.apply(inner.evaluate(values)),
        }
    }
}

fn node(expression: &Expression, scope: &Scope) -> Result<(Node, Range), String> {
    let unary = |inner: &Expression| node(inner, scope);
    Ok(match expression {
        Expression::Variable(name) => {
            let numeric = Numeric::of(&scope.require(name)?)?;
            let range = Range::of(&numeric.quantity);
            (Node::Variable(numeric), range)
        }
        Expression::Number(number) => (Node::Number(*number), Range::point(*number)),
        Expression::Negate(inner) => {
            let (inner, range) = unary(inner)?;
            (Node::Negate(Box::new(inner)), Range { lower: -range.upper, upper: -range.lower, ..range })
        }
        Expression::Arithmetic { operator, left, right } => {
            let ((left, first), (right, second)) = (unary(left)?, unary(right)?);
            let range = first.combined(*operator, second)?;
            (Node::Binary(*operator, Box::new(left), Box::new(right)), range)
        }
        Expression::Call { function, arguments } => {
            let call = match function {
                Function::Abs => Call::Abs,
                Function::Floor => Call::Floor,
                Function::Ln => Call::Log,
                Function::Exp => Call::Exp,
                Function::Least | Function::Greatest => return Err(not_offered(function.name())),
            };
            let [argument] = arguments.as_slice() else { return Err(not_offered(function.name())) };
            let (inner, range) = unary(argument)?;
            (Node::Call(call, Box::new(inner)), call.range(range)?)
        }
        other => return Err(not_offered(&other.in_words())),
    })
}

fn not_offered(what: &str) -> String {
    format!("`{what}` is not offered inside a formula; a derived variable can hold it")
}

fn apply(operator: Operator, left: f64, right: f64) -> f64 {
    match operator {
        Operator::Add => left + right,
        Operator::Subtract => left - right,
        Operator::Multiply => left * right,
        Operator::Divide => left / right,
    }
}

impl Call {
    fn apply(self, number: f64) -> f64 {
        match self {
            Self::Abs => number.abs(),
            Self::Floor => number.floor(),
            Self::Log => libm::log(number),
            Self::Exp => libm::exp(number),
        }
    }

    fn range(self, of: Range) -> Result<Range, String> {
        let (low, high) = (self.apply(of.lower), self.apply(of.upper));
        match self {
            Self::Abs if of.lower <= 0.0 && of.upper >= 0.0 => Range::new(0.0, low.max(high), of.whole),
            Self::Abs => Range::new(low.min(high), low.max(high), of.whole),
            Self::Floor => Range::new(low, high, true),
            Self::Log if of.lower <= 0.0 => {
                Err(format!("a logarithm needs a lower bound above 0; here it is {}", of.lower))
            }
            Self::Log | Self::Exp => Range::new(low, high, false).map(Range::widened),
        }
    }
}

impl Range {
    /// Bounds that are finite and in order.
    fn new(lower: f64, upper: f64, whole: bool) -> Result<Self, String> {
        if !(lower.is_finite() && upper.is_finite()) {
            return Err("the bounds of its variables let a term of the formula become infinite".to_owned());
        }
        let whole = whole && lower.abs() <= EXACT && upper.abs() <= EXACT;
        Ok(Self { lower, upper, whole })
    }

    fn of(quantity: &Quantity) -> Self {
        match *quantity {
            Quantity::Integer { lower, upper } => {
                Self { lower: lower as f64, upper: upper as f64, whole: true }
            }
            Quantity::Number { lower, upper, .. } => Self { lower, upper, whole: false },
        }
    }

    fn point(number: f64) -> Self {
        Self { lower: number, upper: number, whole: number.fract() == 0.0 && number.abs() <= EXACT }
    }

    /// 0 or 1.
    pub(crate) const INDICATOR: Self = Self { lower: 0.0, upper: 1.0, whole: true };

    /// The bounds of a product.
    pub(crate) fn times(self, other: Self) -> Result<Self, String> {
        self.combined(Operator::Multiply, other)
    }

    fn combined(self, operator: Operator, other: Self) -> Result<Self, String> {
        if operator == Operator::Divide && other.lower <= 0.0 && other.upper >= 0.0 {
            return Err("a divisor in the formula can be 0 within its bounds".to_owned());
        }
        let corners = [
            apply(operator, self.lower, other.lower),
            apply(operator, self.lower, other.upper),
            apply(operator, self.upper, other.lower),
            apply(operator, self.upper, other.upper),
        ];
        let lower = corners.iter().copied().fold(f64::INFINITY, f64::min);
        let upper = corners.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Self::new(lower, upper, self.whole && other.whole && operator != Operator::Divide)
    }

    /// A little room for functions whose last bit is not monotone.
    fn widened(self) -> Self {
        let room = (self.upper - self.lower).max(self.lower.abs()).max(self.upper.abs()) * 1e-12;
        Self { lower: self.lower - room, upper: self.upper + room, ..self }
    }

    /// The fixed point of a number with these bounds.
    pub(crate) fn quantity(self) -> Result<Quantity, String> {
        let quantity = match self.whole {
            true => Quantity::integer(self.lower as i128, self.upper as i128),
            false => None,
        };
        quantity
            .or_else(|| Quantity::number(self.lower, self.upper))
            .ok_or_else(|| "the bounds of a term of the formula are not finite".to_owned())
    }
}
