#![allow(clippy::unwrap_used, clippy::panic)]

pub(crate) mod interpreter;

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, Float64Array, Int32Array, Int64Array};
use notochord_proto::expression::{Branch, Comparison, Function, Operator};
use notochord_proto::variable::{Level, Variable, VariableKind};
use notochord_stats::frame::Column;
use proptest::prelude::*;

use super::*;
use crate::rows::RowColumn;
use interpreter::{Row, Value, interpret};

/// The codes of the factors `arm` and `next`.
const CODES: [&str; 3] = ["Obs", "Lev", "Lev+5FU"];

/// Rows of the integers `p` and `q`, the numbers `x` and `y`, and the factors `arm` and `next`.
#[derive(Debug, Clone, Default)]
struct Rows {
    p: Vec<Option<i64>>,
    q: Vec<Option<i64>>,
    x: Vec<Option<f64>>,
    y: Vec<Option<f64>>,
    arm: Vec<Option<i32>>,
    next: Vec<Option<i32>>,
}

impl Rows {
    fn cohort(&self) -> Cohort {
        let mut cohort = Cohort::of((0..self.p.len() as u32).collect(), Arc::default());
        let integer = || VariableKind::Integer { bounds: None };
        let number = || VariableKind::Number { bounds: None };
        let level = |code: &str| Level { code: code.into(), label: code.into() };
        let factor = || VariableKind::Factor { levels: CODES.map(level).to_vec() };
        let mut insert = |name: &str, kind, values| {
            let name = VariableName::new(name).unwrap();
            let variable =
                Variable { name, label: String::new(), kind, unit: None, grid: None, sensitive: false };
            cohort.insert(RowColumn { variable, values });
        };
        insert("p", integer(), Column::Integer(Int64Array::from(self.p.clone())));
        insert("q", integer(), Column::Integer(Int64Array::from(self.q.clone())));
        insert("x", number(), Column::Number(Float64Array::from(self.x.clone())));
        insert("y", number(), Column::Number(Float64Array::from(self.y.clone())));
        insert("arm", factor(), Column::Factor(Int32Array::from(self.arm.clone())));
        insert("next", factor(), Column::Factor(Int32Array::from(self.next.clone())));
        cohort
    }

    fn row(&self, row: usize) -> Row {
        let number = |value: Option<f64>| value.map_or(Value::Missing, Value::Number);
        let code = |value: Option<i32>| {
            value.map_or(Value::Missing, |code| Value::Text(CODES[code as usize].into()))
        };
        Row::from([
            ("p".into(), number(self.p[row].map(|value| value as f64))),
            ("q".into(), number(self.q[row].map(|value| value as f64))),
            ("x".into(), number(self.x[row])),
            ("y".into(), number(self.y[row])),
            ("arm".into(), code(self.arm[row])),
            ("next".into(), code(self.next[row])),
        ])
    }
}

/// One row with these numbers and codes.
fn one(x: Option<f64>, y: Option<f64>, arm: Option<i32>) -> Rows {
    Rows { p: vec![None], q: vec![None], x: vec![x], y: vec![y], arm: vec![arm], next: vec![Some(0)] }
}

fn shown<T: ToString>(value: Option<T>) -> String {
    value.map_or("NULL".into(), |value| value.to_string())
}

/// What an expression gives in the one row.
fn given(expression: &str, rows: &Rows) -> String {
    let (expression, cohort) = (Expression::parse(expression).unwrap(), rows.cohort());
    match kind(&expression, &cohort).unwrap() {
        None => "NULL".into(),
        Some(ExpressionKind::Truth) => shown(truth(&expression, &cohort).unwrap().iter().next().unwrap()),
        Some(ExpressionKind::Number) => shown(number(&expression, &cohort).unwrap().iter().next().unwrap()),
        Some(ExpressionKind::Text) => shown(text(&expression, &cohort).unwrap().iter().next().unwrap()),
    }
}

#[test]
fn and_or_and_not_follow_the_tables_of_three_valued_logic() {
    let values = [Some(1), Some(0), None];
    let rows = Rows {
        p: values.iter().flat_map(|value| [*value; 3]).collect(),
        q: values.repeat(3),
        x: vec![None; 9],
        y: vec![None; 9],
        arm: vec![None; 9],
        next: vec![None; 9],
    };
    let table = |expression: &str| -> String {
        let truths = truth(&Expression::parse(expression).unwrap(), &rows.cohort()).unwrap();
        truths.iter().map(|value| value.map_or('N', |value| if value { 'T' } else { 'F' })).collect()
    };
    //                                             p = TTTFFFNNN, q = TFNTFNTFN
    assert_eq!(table("p = 1 AND q = 1"), "TFNFFFNFN");
    assert_eq!(table("p = 1 OR q = 1"), "TTTTFNTNN");
    assert_eq!(table("NOT p = 1"), "FFFTTTNNN");
    assert_eq!(table("p = q"), "TFNFTNNNN");
    assert_eq!(table("p IS NULL"), "FFFFFFTTT");
    assert_eq!(table("(p = q) IS NULL"), "FFTFFTTTT");
    assert_eq!(table("p IN (q, 1)"), "TTTFTNNNN");
    assert_eq!(table("p IN (0, NULL)"), "NNNTTTNNN");
    assert_eq!(table("q NOT IN (0, NULL)"), "NFNNFNNFN");
    assert_eq!(table("p BETWEEN q AND 1"), "TTNFTNNNN");
    assert_eq!(table("p BETWEEN 1 AND NULL"), "NNNFFFNNN");
    assert_eq!(table("CASE WHEN p = 1 THEN q = 1 WHEN q = 1 THEN FALSE END"), "TFNFNNFNN");
    assert_eq!(table("COALESCE(p = 1, q = 1)"), "TTTFFFTFN");
    assert_eq!(table("NULL"), "NNNNNNNNN");
    assert_eq!(table("NULL = NULL"), "NNNNNNNNN");
    assert_eq!(table("NULL IS NULL"), "TTTTTTTTT");
    assert_eq!(table("TRUE OR NULL"), "TTTTTTTTT");
}

#[test]
fn a_number_that_is_not_finite_is_missing() {
    let rows = one(Some(0.0), Some(-1.0), None);
    for missing in
        ["1 / x", "x / x", "ln(x)", "ln(y)", "exp(1000)", "1e308 * 10", "-1e308 - 1e308", "exp(710) - 1"]
    {
        assert_eq!(given(missing, &rows), "NULL", "{missing}");
        assert_eq!(given(&format!("({missing}) IS NULL"), &rows), "true", "{missing}");
        assert_eq!(given(&format!("COALESCE({missing}, 7)"), &rows), "7", "{missing}");
    }
    assert_eq!(given("exp(-1000)", &rows), "0");
}

#[test]
fn minus_zero_equals_zero() {
    let rows = one(Some(0.0), Some(-1.0), None);
    for zero in ["-x", "x * y", "-0.0", "floor(-0.0)", "least(x, -x)"] {
        assert_eq!(given(&format!("({zero}) = 0 AND NOT ({zero}) < 0"), &rows), "true", "{zero}");
        assert_eq!(given(zero, &rows), "0", "{zero}");
    }
}

#[test]
fn functions_and_arithmetic_are_those_of_real_numbers() {
    let rows = one(Some(7.0), Some(-2.5), None);
    let expected = [
        ("x / 2", "3.5"),
        ("x - y * 2", "12"),
        ("-y", "2.5"),
        ("abs(y)", "2.5"),
        ("floor(y)", "-3"),
        ("floor(x)", "7"),
        ("ln(1)", "0"),
        ("exp(0)", "1"),
        ("least(x, y, 3)", "-2.5"),
        ("greatest(x, y, 3)", "7"),
    ];
    for (expression, value) in expected {
        assert_eq!(given(expression, &rows), value, "{expression}");
    }
}

#[test]
fn least_and_greatest_pass_over_what_is_missing() {
    let rows = one(Some(3.0), None, None);
    assert_eq!(given("least(y, x, NULL)", &rows), "3");
    assert_eq!(given("greatest(NULL, y, x)", &rows), "3");
    assert_eq!(given("least(y, NULL)", &rows), "NULL");
}

#[test]
fn factors_are_compared_by_code() {
    let rows = one(None, None, Some(2));
    assert_eq!(given("arm = 'Lev+5FU'", &rows), "true");
    assert_eq!(given("arm <> next", &rows), "true");
    assert_eq!(given("arm IN ('Obs', 'Lev')", &rows), "false");
    assert_eq!(given("CASE WHEN arm = 'Obs' THEN 'none' ELSE 'some' END", &rows), "some");
    assert_eq!(given("COALESCE(NULL, arm)", &rows), "Lev+5FU");
    assert_eq!(given("arm = 'Lev+5FU'", &one(None, None, None)), "NULL");
}

#[test]
fn a_case_without_a_true_branch_and_without_else_is_missing() {
    let rows = one(Some(1.0), None, None);
    assert_eq!(given("CASE WHEN x > 1 THEN 1 WHEN y > 1 THEN 2 END", &rows), "NULL");
    assert_eq!(given("CASE WHEN y > 1 THEN 1 ELSE 3 END", &rows), "3");
    assert_eq!(given("CASE WHEN x > 0 THEN NULL ELSE 3 END", &rows), "NULL");
}

#[test]
fn an_expression_that_was_never_checked_is_an_error_and_not_a_panic() {
    let cohort = one(Some(1.0), None, None).cohort();
    let refusal = |text: &str| truth(&Expression::parse(text).unwrap(), &cohort).unwrap_err().to_string();
    assert_eq!(refusal("max(x) = 1"), "a reduction does not read the entries of one form");
    assert_eq!(refusal("z = 1"), "`z` is not among the variables at hand");
    assert_eq!(refusal("x"), "a value stands where a condition is wanted");
    assert_eq!(refusal("x = arm"), "a value stands where a number is wanted");
    assert_eq!(refusal("arm = x"), "a value stands where a code is wanted");
}

#[test]
fn nesting_adds_to_the_work_and_does_not_multiply_it() {
    let cohort = one(Some(1.0), None, None).cohort();
    let number = |value| Box::new(Expression::Number(value));
    let mut nested = variable("x");
    for _ in 0..50 {
        let condition = Expression::Between { value: nested.into(), low: number(0.0), high: number(9.0) };
        let branch = Branch { condition, value: Expression::Number(1.0) };
        nested = Expression::Case { branches: vec![branch], otherwise: None };
        nested = Expression::Coalesce(vec![Expression::Null, nested]);
    }
    assert_eq!(super::number(&nested, &cohort).unwrap().iter().next().unwrap(), Some(1.0));
}

/// Random rows: small numbers, so that equal values, zeros and overflows are common.
fn rows() -> impl Strategy<Value = Rows> {
    let integers = || proptest::option::of(-2..3_i64);
    let numbers =
        || proptest::option::of(prop_oneof![(-3..4_i32).prop_map(f64::from), -1e3..1e3, Just(1e300)]);
    let codes = || proptest::option::of(0..CODES.len() as i32);
    let row = (integers(), integers(), numbers(), numbers(), codes(), codes());
    proptest::collection::vec(row, 1..12).prop_map(|rows| Rows {
        p: rows.iter().map(|row| row.0).collect(),
        q: rows.iter().map(|row| row.1).collect(),
        x: rows.iter().map(|row| row.2).collect(),
        y: rows.iter().map(|row| row.3).collect(),
        arm: rows.iter().map(|row| row.4).collect(),
        next: rows.iter().map(|row| row.5).collect(),
    })
}

fn variable(name: &str) -> Expression {
    Expression::Variable(VariableName::new(name).unwrap())
}

/// A random expression of a kind, at most `depth` parts deep.
fn expression(kind: ExpressionKind, depth: u32) -> BoxedStrategy<Expression> {
    let leaf = match kind {
        ExpressionKind::Truth => {
            prop_oneof![any::<bool>().prop_map(Expression::Truth), Just(Expression::Null)].boxed()
        }
        ExpressionKind::Number => prop_oneof![
            proptest::sample::select(vec!["p", "q", "x", "y"]).prop_map(variable),
            (-3..4_i32).prop_map(|value| Expression::Number(f64::from(value))),
            Just(Expression::Null),
        ]
        .boxed(),
        ExpressionKind::Text => prop_oneof![
            proptest::sample::select(vec!["arm", "next"]).prop_map(variable),
            proptest::sample::select(CODES.to_vec()).prop_map(|code| Expression::Text(code.into())),
            Just(Expression::Null),
        ]
        .boxed(),
    };
    if depth == 0 {
        return leaf;
    }
    let part = move |kind| expression(kind, depth - 1);
    let parts = move |kind| proptest::collection::vec(part(kind), 1..4);
    let branch =
        (part(ExpressionKind::Truth), part(kind)).prop_map(|(condition, value)| Branch { condition, value });
    let case = (proptest::collection::vec(branch, 1..3), proptest::option::of(part(kind).prop_map(Box::new)))
        .prop_map(|(branches, otherwise)| Expression::Case { branches, otherwise });
    let any_kind =
        prop_oneof![part(ExpressionKind::Truth), part(ExpressionKind::Number), part(ExpressionKind::Text)];
    let own = match kind {
        ExpressionKind::Truth => prop_oneof![
            part(kind).prop_map(|part| Expression::Not(part.into())),
            parts(kind).prop_map(Expression::And),
            parts(kind).prop_map(Expression::Or),
            comparison(ExpressionKind::Number, depth - 1),
            comparison(ExpressionKind::Text, depth - 1),
            any_kind.prop_map(|part| Expression::IsNull(part.into())),
            membership(ExpressionKind::Number, depth - 1),
            membership(ExpressionKind::Text, depth - 1),
            proptest::array::uniform3(part(ExpressionKind::Number)).prop_map(|[value, low, high]| {
                Expression::Between { value: value.into(), low: low.into(), high: high.into() }
            }),
        ]
        .boxed(),
        ExpressionKind::Number => prop_oneof![
            part(kind).prop_map(|part| Expression::Negate(part.into())),
            (proptest::sample::select(OPERATORS.to_vec()), part(kind), part(kind)).prop_map(
                |(operator, left, right)| {
                    Expression::Arithmetic { operator, left: left.into(), right: right.into() }
                }
            ),
            (proptest::sample::select(Function::ALL.to_vec()), parts(kind)).prop_map(
                |(function, mut arguments)| {
                    if !function.takes_many() {
                        arguments.truncate(1);
                    }
                    Expression::Call { function, arguments }
                }
            ),
        ]
        .boxed(),
        ExpressionKind::Text => leaf.clone(),
    };
    prop_oneof![1 => leaf, 4 => own, 1 => case, 1 => parts(kind).prop_map(Expression::Coalesce)].boxed()
}

fn comparison(kind: ExpressionKind, depth: u32) -> impl Strategy<Value = Expression> {
    let operators = proptest::sample::select(COMPARISONS.to_vec());
    (operators, expression(kind, depth), expression(kind, depth)).prop_map(|(operator, left, right)| {
        Expression::Compare { operator, left: left.into(), right: right.into() }
    })
}

fn membership(kind: ExpressionKind, depth: u32) -> impl Strategy<Value = Expression> {
    (expression(kind, depth), proptest::collection::vec(expression(kind, depth), 1..4))
        .prop_map(|(value, list)| Expression::In { value: value.into(), list })
}

const OPERATORS: [Operator; 4] = [Operator::Add, Operator::Subtract, Operator::Multiply, Operator::Divide];
const COMPARISONS: [Comparison; 6] = [
    Comparison::Equal,
    Comparison::NotEqual,
    Comparison::Less,
    Comparison::LessOrEqual,
    Comparison::Greater,
    Comparison::GreaterOrEqual,
];

/// The values of an array, one by one.
fn listed(array: &ArrayRef) -> Vec<Value> {
    let value = |row: usize| {
        if array.is_null(row) {
            Value::Missing
        } else if let Some(numbers) = array.as_primitive_opt::<Float64Type>() {
            Value::Number(numbers.value(row))
        } else if let Some(codes) = array.as_string_opt::<i32>() {
            Value::Text(codes.value(row).into())
        } else {
            Value::Truth(array.as_boolean().value(row))
        }
    };
    (0..array.len()).map(value).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn evaluation_agrees_with_a_row_by_row_interpreter(
        rows in rows(),
        condition in expression(ExpressionKind::Truth, 4),
        amount in expression(ExpressionKind::Number, 4),
        code in expression(ExpressionKind::Text, 3),
    ) {
        let cohort = rows.cohort();
        let kinds = [ExpressionKind::Truth, ExpressionKind::Number, ExpressionKind::Text];
        for (expression, kind) in [condition, amount, code].iter().zip(kinds) {
            let columns = listed(&array(expression, kind, &cohort).unwrap());
            let by_row: Vec<_> = (0..cohort.rows()).map(|row| interpret(expression, &rows.row(row))).collect();
            prop_assert_eq!(columns, by_row);
        }
    }
}
