#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;
use crate::dictionary::sample;

/// `age` 0–120, `smoke` yes/no, `rx` Obs | Lev | Lev+5FU, `stage` 1 | 2 | 3, `odd` US:NIH | <=20.
fn scope() -> Scope {
    let dictionary = sample::dictionary(&[
        ["age", "text", "", "integer", "0", "120", "", ""],
        ["smoke", "yesno", "", "", "", "", "", ""],
        ["rx", "radio", "Obs, Observation | Lev, Levamisole | Lev+5FU, Both", "", "", "", "", ""],
        ["stage", "radio", "1, I | 2, II | 3, III", "", "", "", "", ""],
        ["odd", "radio", "US:NIH, a | <=20, b", "", "", "", "", ""],
        ["surname", "notes", "", "", "", "", "", ""],
    ]);
    Scope::new(&dictionary.unwrap(), &["b".to_owned(), "a".to_owned()])
}

fn words(text: &str) -> String {
    Expression::parse(text).unwrap().in_words()
}

fn refusal(text: &str) -> String {
    Expression::parse(text).unwrap_err().to_string()
}

fn resolved(text: &str) -> Result<String, String> {
    let expression = Expression::parse(text).unwrap();
    expression.resolve_condition(&scope()).map(|part| part.in_words()).map_err(|error| error.to_string())
}

#[test]
fn a_site_may_be_named_that_does_not_take_part() {
    let scope = scope();
    for text in ["site = 'Hospital A'", "site <> 'Hospital A'", "site IN ('Hospital A', 'B')"] {
        assert!(Expression::parse(text).unwrap().check(&scope).is_ok(), "{text}");
    }
}

#[test]
fn the_grammar_binds_as_sql_does() {
    for (text, meaning) in [
        ("a = 1 or b = 2 and not c = 3", "a = 1 OR b = 2 AND NOT c = 3"),
        ("(a = 1 or b = 2) and c = 3", "(a = 1 OR b = 2) AND c = 3"),
        ("a + b * -2 - (c - 1) > 0", "a + b * -2 - (c - 1) > 0"),
        ("(a + b) * 2 / c = - d", "(a + b) * 2 / c = -d"),
        ("a != 1.50", "a <> 1.5"),
        ("a is not null AND b Is Null", "a IS NOT NULL AND b IS NULL"),
        ("NOT a in (1, 2)", "a NOT IN (1, 2)"),
        ("a not between 1 and 2 and b = 1", "a NOT BETWEEN 1 AND 2 AND b = 1"),
        ("CASE rx WHEN 'a' THEN 1 ELSE 0 END", "CASE WHEN rx = 'a' THEN 1 ELSE 0 END"),
        ("case when a > 1 then 'it''s' end", "CASE WHEN a > 1 THEN 'it''s' END"),
        ("Least(a, 1) + ABS(b) + coalesce(c, 0)", "least(a, 1) + abs(b) + COALESCE(c, 0)"),
        ("\"end\" = 1 and \"age\" = 2", "\"end\" = 1 AND age = 2"),
        ("time > 30 and date = 1 and position < 2", "time > 30 AND date = 1 AND position < 2"),
        ("TRUE", "TRUE"),
        ("1e3 < .5", "1000 < 0.5"),
        ("nrs@month3 - nrs@baseline > 2", "nrs@month3 - nrs@baseline > 2"),
        ("\"nrs@2_weeks\" = 1 AND \"end@month3\" = x@end", "\"nrs@2_weeks\" = 1 AND \"end@month3\" = x@end"),
        ("ANY(a = 1 or b = 2) AND Count(surgery) > 1", "any(a = 1 OR b = 2) AND count(surgery) > 1"),
        ("max(-a) - sum(b * 2) >= first(c)", "max(-a) - sum(b * 2) >= first(c)"),
        ("min > 1 AND any = 2 AND count = 3", "min > 1 AND any = 2 AND count = 3"),
        ("count(\"end\") = count(\"2_weeks\")", "count(\"end\") = count(\"2_weeks\")"),
    ] {
        assert_eq!(words(text), meaning, "{text}");
    }
}

#[test]
fn what_is_not_in_the_grammar_is_refused_by_name() {
    for (text, error) in [
        ("a LIKE 'x%'", "`LIKE` is not in the grammar; compare with = or list the codes with IN"),
        ("a NOT LIKE 'x'", "`LIKE` is not in the grammar; compare with = or list the codes with IN"),
        ("a IN (SELECT 1)", "`SELECT` is not in the grammar; an expression sees one row at a time"),
        ("EXISTS (SELECT 1)", "`EXISTS` is not in the grammar; an expression sees one row at a time"),
        (
            "CAST(a AS int) = 1",
            "`CAST` is not in the grammar; every value keeps the type the dictionary gives it",
        ),
        ("a::int = 1", "`::` is not in the grammar; every value keeps the type the dictionary gives it"),
        ("a IS TRUE", "`IS TRUE` is not in the grammar; it has IS NULL and IS NOT NULL"),
        ("a % 2 = 1", "`%` is not in the grammar; use a - b * floor(a / b)"),
        ("a || b = 'c'", "`||` is not in the grammar; write OR between conditions; texts cannot be joined"),
        ("a == 1", "`==` is not in the grammar; write ="),
        ("@month3 > 1", "`@` is not in the grammar; write `variable@event`, such as `pain@month3`"),
        ("nrs@ > 1", "`>` is not in the grammar here"),
        (
            "nrs@2_weeks > 1",
            "an event that begins with a digit is written in double quotes, as in \"nrs@2_weeks\"",
        ),
        ("nrs@month3@month6 > 1", "`@` is not in the grammar; write `variable@event`, such as `pain@month3`"),
        (
            "max(a, b) > 1",
            "`max` takes one value of each entry of a form, not 2; the greatest of several is greatest(a, b)",
        ),
        (
            "any(a = 1, b = 1)",
            "`any` takes one value of each entry of a form, not 2; join conditions with OR",
        ),
        ("first() = 1", "did not expect `)` here; is a sign or AND missing before it?"),
        (
            "count(a = 1) > 1",
            "`count` takes the name of one form and counts its entries; `any` asks for a condition",
        ),
        ("count(1) > 1", "expected the name of a form, as in count(surgery), found `1`"),
        (
            "mean(a) > 1",
            "the function `mean` is not in the grammar; use sum(a) / sum(CASE WHEN a IS NOT NULL THEN 1 END)",
        ),
        ("cuont(a) > 1", "the function `cuont` is not in the grammar; did you mean `count`?"),
        ("t.a = 1", "`.` is not in the grammar; a variable has no table in front of it"),
        ("sqrt(a) > 1", "the function `sqrt` is not in the grammar; use exp(ln(a) / 2)"),
        ("flor(a) > 1", "the function `flor` is not in the grammar; did you mean `floor`?"),
        (
            "median(a) > 1",
            "the function `median` is not in the grammar; it has abs, floor, ln, exp, least, greatest, coalesce, any, first, last, min, max, sum, count",
        ),
        ("abs(a, b) > 1", "`abs` takes one value, not 2"),
        ("a < b < c", "comparisons do not chain; join them with AND"),
        ("a = 1 b", "did not expect `b` here; is a sign or AND missing before it?"),
        ("a =", "ends too early; expected a value"),
        ("(a = 1", "ends too early; expected a closing parenthesis"),
        ("end = 1", "expected a value, found `END`; a variable of that name is written \"end\""),
        ("CASE WHEN a = 1 THEN 2", "ends too early; expected END of CASE"),
        ("CASE a + 1 WHEN 2 THEN 3 END", "between CASE and WHEN stands a variable or nothing"),
        (
            "a = 1 -- why",
            "comments (`--`, `/*`) are not in the grammar; write them after `#`, outside the text",
        ),
        ("1e999 = a", "`1e999` is not a finite number"),
        (
            "Age > 1",
            "`Age` is not a variable name: lower-case letters, digits and `_`, a letter first, at most 100 characters",
        ),
    ] {
        assert_eq!(refusal(text), error, "{text}");
    }
}

#[test]
fn a_number_beside_a_factor_of_numeric_codes_means_the_code() {
    for (text, meaning) in [
        ("stage = 3", "stage = '3'"),
        ("2.0 <> stage", "'2' <> stage"),
        ("stage IN (1, '2')", "stage IN ('1', '2')"),
        ("CASE stage WHEN 1 THEN age > 3 END", "CASE WHEN stage = '1' THEN age > 3 END"),
        ("smoke = 1 AND rx = 'Lev+5FU'", "smoke = 1 AND rx = 'Lev+5FU'"),
        ("odd IN ('<=20', 'US:NIH')", "odd IN ('<=20', 'US:NIH')"),
        ("age BETWEEN 3 AND NULL", "age BETWEEN 3 AND NULL"),
        ("site = 'b' AND COALESCE(rx, 'Obs') = 'Obs'", "site = 'b' AND COALESCE(rx, 'Obs') = 'Obs'"),
        ("TRUE", "TRUE"),
    ] {
        assert_eq!(resolved(text).unwrap(), meaning, "{text}");
    }
}

#[test]
fn what_makes_no_sense_over_the_variables_is_refused() {
    for (text, error) in [
        ("agee > 1", "unknown variable `agee`; did you mean `age`?"),
        ("surname IS NULL", "`surname` cannot be used in a study: it is free text"),
        ("rx = 'Lve'", "`rx` has no code 'Lve'; did you mean 'Lev'?"),
        ("rx IN ('Obs', 'elephant')", "`rx` has no code 'elephant'; it has 'Lev', 'Lev+5FU', 'Obs'"),
        ("rx = 1", "`rx` has codes; write one in quotes: 'Lev', 'Lev+5FU', 'Obs'"),
        ("stage = 9", "`stage` has no code '9'; it has '1', '2', '3'"),
        ("stage > 1", "`stage` is a code where a number is wanted; codes know =, <> and IN only"),
        ("rx + 1 > 2", "`rx` is a code where a number is wanted; codes know =, <> and IN only"),
        ("age = 'old'", "`age` is a number and `'old'` a code"),
        ("smoke", "`smoke` is a number, not a condition; compare it with one, as in `smoke = 1`"),
        ("NOT rx", "`rx` is a code, not a condition; compare it with one, as in `rx = 'Lev'`"),
        ("(age > 1) = (smoke = 1)", "`smoke = 1` is a condition; conditions are joined by AND, OR and NOT"),
        (
            "abs(age > 1) = 1",
            "`age > 1` is a condition where a number is wanted; make it one with CASE WHEN … THEN 1 ELSE 0 END",
        ),
        ("CASE WHEN TRUE THEN 1 ELSE 'a' END = 1", "CASE gives a number here and a code there"),
        ("stage = rx", "`stage` has no code 'Lev'; it has '1', '2', '3'"),
    ] {
        assert_eq!(resolved(text).unwrap_err(), error, "{text}");
    }
}

#[test]
fn an_expression_gives_what_its_parts_give() {
    let kind = |text| Expression::parse(text).unwrap().check(&scope());
    assert_eq!(kind("age > 1"), Ok(ExpressionKind::Truth));
    assert_eq!(kind("CASE WHEN smoke = 1 THEN NULL ELSE ln(age) END"), Ok(ExpressionKind::Number));
    assert_eq!(kind("COALESCE(rx, 'none')"), Ok(ExpressionKind::Text));
    assert_eq!(kind("NULL").unwrap_err().to_string(), "is always missing");
}

#[test]
fn the_variables_of_an_expression_are_all_of_them() {
    let expression = Expression::parse("CASE WHEN a > b THEN least(c, d) ELSE -e END IN (f, 1)").unwrap();
    let names: Vec<_> = expression.variables().into_iter().map(String::from).collect();
    assert_eq!(names, ["a", "b", "c", "d", "e", "f"]);
}

#[test]
fn what_a_reduction_reads_is_not_read_of_the_row() {
    let expression = Expression::parse("max(a) > b AND any(c = 1) OR count(f) > d@month3").unwrap();
    let names =
        |names: BTreeSet<VariableName>| names.into_iter().map(String::from).collect::<Vec<_>>().join(" ");
    assert_eq!(names(expression.variables()), "a b c d@month3");
    assert_eq!(names(expression.variables_of_the_row()), "b d@month3");
    let reductions: Vec<_> = expression.reductions().into_iter().map(Expression::in_words).collect();
    assert_eq!(reductions, ["max(a)", "any(c = 1)", "count(f)"]);
}

#[test]
fn nesting_and_length_are_bounded() {
    for open in
        ["(", "not(", "case(", "cast(", "-(", "case when ", "abs(", "a in (", "not ", "- ", "case a when "]
    {
        for times in [5, 49, 60, 900] {
            assert!(Expression::parse(&format!("{}1 1", open.repeat(times))).is_err(), "{open}");
        }
    }
    assert!(Expression::parse(&format!("{}a = 1{}", "(".repeat(49), ")".repeat(49))).is_ok());
    assert_eq!(
        refusal(&format!("{}a = 1{}", "(".repeat(51), ")".repeat(51))),
        "nested more than 50 deep; split it into derived variables"
    );
    assert_eq!(refusal(&"a ".repeat(6000)), "an expression has at most 10000 characters");
    assert_eq!(
        refusal(&format!("1{} = 2", " + 1".repeat(201))),
        "more than 200 signs of arithmetic; split it"
    );
    assert!(Expression::parse(&["a = 1"; 1000].join(" OR ")).is_ok());
}

#[test]
fn checking_deep_expressions_takes_no_longer_than_reading_them() {
    let deep = format!("{}1{} > 1", "CASE WHEN age < ".repeat(24), " THEN 1 END".repeat(24));
    assert!(resolved(&deep).is_ok());
}

fn any_expression() -> impl Strategy<Value = Expression> {
    let leaf = prop_oneof![
        proptest::sample::select(vec![
            "age",
            "smoke",
            "end",
            "time",
            "like",
            "x_1",
            "any",
            "count",
            "age@month3",
            "end@end",
            "age@2_weeks",
        ])
        .prop_map(|name| Expression::Variable(VariableName::new(name).unwrap())),
        any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(Expression::Number),
        (-9_i32..9).prop_map(|number| Expression::Number(number.into())),
        "[a-zA-Z'<=é\"\\\\ ]{0,6}".prop_map(Expression::Text),
        any::<bool>().prop_map(Expression::Truth),
        Just(Expression::Null),
        proptest::sample::select(vec!["surgery", "end", "count", "2_weeks"])
            .prop_map(|form| Expression::Count(FormName::new(form).unwrap())),
    ];
    leaf.prop_recursive(6, 40, 4, |part| {
        let boxed = || part.clone().prop_map(Box::new);
        let many = |least| prop::collection::vec(part.clone(), least..4);
        let comparison = proptest::sample::select(vec![
            Comparison::Equal,
            Comparison::NotEqual,
            Comparison::Less,
            Comparison::LessOrEqual,
            Comparison::Greater,
            Comparison::GreaterOrEqual,
        ]);
        let operator = proptest::sample::select(vec![
            Operator::Add,
            Operator::Subtract,
            Operator::Multiply,
            Operator::Divide,
        ]);
        let branch = (part.clone(), part.clone()).prop_map(|(condition, value)| Branch { condition, value });
        prop_oneof![
            boxed().prop_map(Expression::Not),
            boxed().prop_map(Expression::Negate),
            boxed().prop_map(Expression::IsNull),
            (proptest::sample::select(Reduction::ALL.to_vec()), boxed())
                .prop_map(|(reduction, value)| Expression::Reduce { reduction, value }),
            many(2).prop_map(Expression::And),
            many(2).prop_map(Expression::Or),
            many(1).prop_map(Expression::Coalesce),
            (comparison, boxed(), boxed()).prop_map(|(operator, left, right)| Expression::Compare {
                operator,
                left,
                right
            }),
            (operator, boxed(), boxed()).prop_map(|(operator, left, right)| Expression::Arithmetic {
                operator,
                left,
                right
            }),
            (boxed(), many(1)).prop_map(|(value, list)| Expression::In { value, list }),
            (boxed(), boxed(), boxed()).prop_map(|(value, low, high)| Expression::Between {
                value,
                low,
                high
            }),
            (prop::collection::vec(branch, 1..3), prop::option::of(boxed()))
                .prop_map(|(branches, otherwise)| Expression::Case { branches, otherwise }),
            part.clone()
                .prop_map(|argument| Expression::Call { function: Function::Ln, arguments: vec![argument] }),
            many(1).prop_map(|arguments| Expression::Call { function: Function::Least, arguments }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_expression_parses_back_from_its_words(expression in any_expression()) {
        let words = expression.in_words();
        prop_assert_eq!(Expression::parse(&words), Ok(expression), "{}", words);
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC*") {
        let _ = Expression::parse(&text);
    }

    #[test]
    fn no_mixture_of_words_makes_parser_or_check_panic(
        words in prop::collection::vec(proptest::sample::select(vec![
            "age", "rx", "stage", "1", "'Lev'", "=", "<", "(", ")", ",", "AND", "NOT", "IN", "CASE", "WHEN", "THEN",
            "END", "IS", "NULL", "-", "+", "BETWEEN", "least", "coalesce", "@", "\"", "any(", "max(", "first(", "count(", "form", "age@baseline", "age@month3",
        ]), 0..12)
    ) {
        if let Ok(expression) = Expression::parse(&words.join(" ")) {
            let _ = expression.resolve(&scope());
        }
    }
}
