//! What is not in the grammar, by name, and what the grammar has instead.

use super::{ExpressionError, Function, Reduction};
use crate::problem::suggestion;

/// Words that are refused wherever they stand. A variable of that name is written in double quotes.
const WORDS: [(&str, &str); 21] = [
    ("LIKE", CODES),
    ("ILIKE", CODES),
    ("RLIKE", CODES),
    ("SIMILAR", CODES),
    ("REGEXP", CODES),
    ("GLOB", CODES),
    ("SELECT", ONE_ROW),
    ("FROM", ONE_ROW),
    ("WHERE", ONE_ROW),
    ("EXISTS", ONE_ROW),
    ("OVER", ONE_ROW),
    ("ALL", ONE_ROW),
    ("CAST", TYPES),
    ("TRY_CAST", TYPES),
    ("CONVERT", TYPES),
    ("COLLATE", "codes are compared byte by byte"),
    ("DISTINCT", "it has = and <>, IS NULL and IS NOT NULL"),
    ("UNKNOWN", "it has IS NULL and IS NOT NULL"),
    ("XOR", "it has AND, OR and NOT"),
    ("DIV", "use floor(a / b)"),
    ("MOD", REMAINDER),
];

/// Functions people look for.
const FUNCTIONS: [(&str, &str); 18] = [
    ("if", "use CASE WHEN … THEN … ELSE … END"),
    ("iif", "use CASE WHEN … THEN … ELSE … END"),
    ("ifelse", "use CASE WHEN … THEN … ELSE … END"),
    ("nullif", "use CASE WHEN a = b THEN NULL ELSE a END"),
    ("ifnull", "use coalesce(a, b)"),
    ("log", "use ln(a), the natural logarithm"),
    ("log10", "use ln(a) / ln(10)"),
    ("log2", "use ln(a) / ln(2)"),
    ("sqrt", "use exp(ln(a) / 2)"),
    ("power", POWER),
    ("pow", POWER),
    ("ceil", "use -floor(-a)"),
    ("ceiling", "use -floor(-a)"),
    ("round", "use floor(a + 0.5)"),
    ("mod", REMAINDER),
    ("avg", MEAN),
    ("mean", MEAN),
    ("every", "use NOT any(NOT condition)"),
];

/// Signs that are not in the grammar.
const SIGNS: [(&str, &str); 11] = [
    ("==", "write ="),
    ("||", "write OR between conditions; texts cannot be joined"),
    ("&&", "write AND"),
    ("!", "write NOT, or <> between values"),
    ("::", TYPES),
    ("%", REMAINDER),
    ("^", POWER),
    ("@", "write `variable@event`, such as `pain@month3`"),
    (".", "a variable has no table in front of it"),
    (";", "an expression is a single one"),
    ("[", "it has no lists but IN (…)"),
];

const CODES: &str = "compare with = or list the codes with IN";
const MEAN: &str = "use sum(a) / sum(CASE WHEN a IS NOT NULL THEN 1 END)";
const ONE_ROW: &str = "an expression sees one row at a time";
const TYPES: &str = "every value keeps the type the dictionary gives it";
const REMAINDER: &str = "use a - b * floor(a / b)";
const POWER: &str = "use exp(b * ln(a))";

/// Whether an unquoted word is refused wherever it stands.
pub(super) fn is_refused(word: &str) -> bool {
    hint(&WORDS, &word.to_ascii_uppercase()).is_some()
}

/// The refusal of a word or a sign.
pub(super) fn of(written: &str) -> ExpressionError {
    let upper = written.to_ascii_uppercase();
    match hint(&WORDS, &upper).or_else(|| hint(&SIGNS, written)) {
        Some(hint) => ExpressionError(format!("`{upper}` is not in the grammar; {hint}")),
        None => ExpressionError(format!("`{written}` is not in the grammar here")),
    }
}

/// The refusal of a call of an unknown function.
pub(super) fn of_function(name: &str) -> ExpressionError {
    let lower = name.to_ascii_lowercase();
    if is_refused(name) {
        return of(name);
    }
    let functions = Function::ALL.iter().map(|function| function.name()).chain(["coalesce"]);
    let reductions = Reduction::ALL.iter().map(|reduction| reduction.name()).chain(["count"]);
    let known: Vec<_> = functions.chain(reductions).collect();
    let instead = match hint(&FUNCTIONS, &lower) {
        Some(hint) => format!("; {hint}"),
        None => match suggestion(&lower, known.iter().copied()) {
            near if near.is_empty() => format!("; it has {}", known.join(", ")),
            near => near,
        },
    };
    ExpressionError(format!("the function `{name}` is not in the grammar{instead}"))
}

/// The refusal of a reduction of several values.
pub(super) fn of_many(reduction: Reduction, values: usize) -> ExpressionError {
    let name = reduction.name();
    let instead = match reduction {
        Reduction::Any => "join conditions with OR",
        Reduction::First | Reduction::Last => "the first of several that is known is coalesce(a, b)",
        Reduction::Min => "the least of several is least(a, b)",
        Reduction::Max => "the greatest of several is greatest(a, b)",
        Reduction::Sum => "add several with a + b",
    };
    ExpressionError(format!("`{name}` takes one value of each entry of a form, not {values}; {instead}"))
}

fn hint(table: &[(&str, &'static str)], written: &str) -> Option<&'static str> {
    table.iter().find(|(refused, _)| *refused == written).map(|(_, hint)| *hint)
}
