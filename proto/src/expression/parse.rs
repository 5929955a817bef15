//! Parses the grammar by recursive descent over the tokens of `sqlparser`.
//!
//! Only its tokenizer is used: its parser reads far more than the grammar has, and on hostile input such as
//! `not(not(not(…` its time grows exponentially with the nesting. This one never looks back.

use std::collections::VecDeque;

use sqlparser::dialect::AnsiDialect;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, Tokenizer, Whitespace, Word};

use super::{
    Branch, Comparison, DEEPEST, Expression, ExpressionError, Function, LONGEST, Operator, Reduction, refusal,
};
use crate::name::{FormName, VariableName};

/// The most arithmetic operators of an expression: together with the nesting they bound the height of the tree.
const MOST_OPERATORS: usize = 200;

pub(super) fn expression(text: &str) -> Result<Expression, ExpressionError> {
    if text.chars().nth(LONGEST).is_some() {
        return Err(ExpressionError(format!("an expression has at most {LONGEST} characters")));
    }
    let mut parser = Parser { tokens: tokens(text)?, depth: 0, operators: 0 };
    let expression = parser.disjunction()?;
    match parser.tokens.pop_front() {
        None => Ok(expression),
        Some(token) => Err(unexpected(&token)),
    }
}

/// Whether a word means something to the grammar, so that a variable of that name needs double quotes.
pub(super) fn is_keyword(word: &str) -> bool {
    KEYWORDS.contains(&word.to_ascii_uppercase().as_str()) || refusal::is_refused(word)
}

/// The words of the grammar.
const KEYWORDS: [&str; 14] = [
    "AND", "OR", "NOT", "CASE", "WHEN", "THEN", "ELSE", "END", "IN", "BETWEEN", "IS", "NULL", "TRUE", "FALSE",
];

fn tokens(text: &str) -> Result<VecDeque<Token>, ExpressionError> {
    let tokens = Tokenizer::new(&AnsiDialect {}, text).tokenize();
    let mut tokens = tokens.map_err(|error| ExpressionError(error.to_string()))?;
    let is_comment = |token: &Token| {
        matches!(
            token,
            Token::Whitespace(Whitespace::SingleLineComment { .. } | Whitespace::MultiLineComment(_))
        )
    };
    if tokens.iter().any(is_comment) {
        return Err(ExpressionError(
            "comments (`--`, `/*`) are not in the grammar; write them after `#`, outside the text".to_owned(),
        ));
    }
    tokens.retain(|token| !matches!(token, Token::Whitespace(_)));
    Ok(tokens.into())
}

/// What is left to read.
struct Parser {
    tokens: VecDeque<Token>,
    depth: usize,
    operators: usize,
}

type Parsed = Result<Expression, ExpressionError>;

impl Parser {
    fn disjunction(&mut self) -> Parsed {
        let mut parts = vec![self.conjunction()?];
        while self.take_word(Keyword::OR) {
            parts.push(self.conjunction()?);
        }
        Ok(one_or(parts, Expression::Or))
    }

    fn conjunction(&mut self) -> Parsed {
        let mut parts = vec![self.negation()?];
        while self.take_word(Keyword::AND) {
            parts.push(self.negation()?);
        }
        Ok(one_or(parts, Expression::And))
    }

    fn negation(&mut self) -> Parsed {
        if self.take_word(Keyword::NOT) {
            return Ok(negated(self.nested(Self::negation)?));
        }
        self.predicate()
    }

    /// A value, or a test of one.
    fn predicate(&mut self) -> Parsed {
        let value = self.sum()?;
        if let Some(operator) = self.tokens.front().and_then(comparison) {
            self.tokens.pop_front();
            let (left, right) = (Box::new(value), Box::new(self.sum()?));
            return match self.tokens.front().and_then(comparison) {
                Some(_) => Err(ExpressionError("comparisons do not chain; join them with AND".to_owned())),
                None => Ok(Expression::Compare { operator, left, right }),
            };
        }
        if self.take_word(Keyword::IS) {
            return self.is_null(value);
        }
        let not = self.take_word(Keyword::NOT);
        let value = Box::new(value);
        let test = if self.take_word(Keyword::IN) {
            Expression::In { value, list: self.nested(Self::list)? }
        } else if self.take_word(Keyword::BETWEEN) {
            let low = Box::new(self.sum()?);
            self.expect_word(Keyword::AND, "AND between the ends of BETWEEN")?;
            Expression::Between { value, low, high: Box::new(self.sum()?) }
        } else if not {
            return Err(self.wanted("IN or BETWEEN after NOT"));
        } else {
            return Ok(*value);
        };
        Ok(if not { negated(test) } else { test })
    }

    fn is_null(&mut self, value: Expression) -> Parsed {
        let not = self.take_word(Keyword::NOT);
        if !self.take_word(Keyword::NULL) {
            let written = self.tokens.front().map(Token::to_string).unwrap_or_default().to_ascii_uppercase();
            let message = format!("`IS {written}` is not in the grammar; it has IS NULL and IS NOT NULL");
            return Err(ExpressionError(message));
        }
        let is_null = Expression::IsNull(Box::new(value));
        Ok(if not { negated(is_null) } else { is_null })
    }

    fn sum(&mut self) -> Parsed {
        self.chain(Self::product, |token| match token {
            Token::Plus => Some(Operator::Add),
            Token::Minus => Some(Operator::Subtract),
            _ => None,
        })
    }

    fn product(&mut self) -> Parsed {
        self.chain(Self::signed, |token| match token {
            Token::Mul => Some(Operator::Multiply),
            Token::Div => Some(Operator::Divide),
            _ => None,
        })
    }

    /// Operands joined from the left by the operators that `read` knows.
    fn chain(&mut self, operand: fn(&mut Self) -> Parsed, read: fn(&Token) -> Option<Operator>) -> Parsed {
        let mut left = operand(self)?;
        while let Some(operator) = self.tokens.front().and_then(read) {
            self.tokens.pop_front();
            self.operators += 1;
            if self.operators > MOST_OPERATORS {
                return Err(ExpressionError(format!(
                    "more than {MOST_OPERATORS} signs of arithmetic; split it"
                )));
            }
            let right = Box::new(operand(self)?);
            left = Expression::Arithmetic { operator, left: Box::new(left), right };
        }
        Ok(left)
    }

    fn signed(&mut self) -> Parsed {
        if !self.take(&Token::Minus) {
            return self.primary();
        }
        if let Some(Token::Number(written, false)) = self.tokens.front() {
            let number = number(written)?;
            self.tokens.pop_front();
            return Ok(Expression::Number(-number));
        }
        Ok(Expression::Negate(Box::new(self.nested(Self::signed)?)))
    }

    fn primary(&mut self) -> Parsed {
        match self.tokens.pop_front() {
            Some(Token::Number(written, false)) => Ok(Expression::Number(number(&written)?)),
            Some(Token::SingleQuotedString(text)) => Ok(Expression::Text(text)),
            Some(Token::Word(word)) => self.word(&word),
            Some(Token::LParen) => {
                let inner = self.nested(Self::disjunction)?;
                self.expect(&Token::RParen, "a closing parenthesis")?;
                Ok(inner)
            }
            Some(token) => Err(unexpected(&token)),
            None => Err(self.wanted("a value")),
        }
    }

    /// A value that begins with a word.
    fn word(&mut self, word: &Word) -> Parsed {
        if word.quote_style.is_some() {
            return variable(&word.value);
        }
        match word.keyword {
            Keyword::TRUE => Ok(Expression::Truth(true)),
            Keyword::FALSE => Ok(Expression::Truth(false)),
            Keyword::NULL => Ok(Expression::Null),
            Keyword::CASE => self.nested(Self::case),
            _ if refusal::is_refused(&word.value) => Err(refusal::of(&word.value)),
            _ if is_keyword(&word.value) => Err(misplaced(&word.value)),
            _ if self.tokens.front() == Some(&Token::LParen) => self.call(&word.value),
            _ if self.take(&Token::AtSign) => self.at_event(&word.value),
            _ => variable(&word.value),
        }
    }

    /// The event of `variable@event`.
    fn at_event(&mut self, name: &str) -> Parsed {
        match self.tokens.front() {
            Some(Token::Word(event)) if event.quote_style.is_none() => {
                let written = format!("{name}@{}", event.value);
                self.tokens.pop_front();
                variable(&written)
            }
            // The tokenizer takes the digits for a number.
            Some(Token::Number(..)) => Err(ExpressionError(format!(
                "an event that begins with a digit is written in double quotes, as in \"{name}@2_weeks\""
            ))),
            _ => Err(self.wanted("the name of an event after `@`")),
        }
    }

    fn call(&mut self, name: &str) -> Parsed {
        let lower = name.to_ascii_lowercase();
        if lower == "count" {
            return self.count();
        }
        if let Some(reduction) = Reduction::ALL.into_iter().find(|reduction| reduction.name() == lower) {
            return self.reduce(reduction);
        }
        let function = Function::ALL.into_iter().find(|function| function.name() == lower);
        if function.is_none() && lower != "coalesce" {
            return Err(refusal::of_function(name));
        }
        let arguments = self.nested(Self::list)?;
        match function {
            None => Ok(Expression::Coalesce(arguments)),
            Some(function) if arguments.len() == 1 || function.takes_many() => {
                Ok(Expression::Call { function, arguments })
            }
            Some(_) => Err(ExpressionError(format!("`{lower}` takes one value, not {}", arguments.len()))),
        }
    }

    /// `(value)` of a reduction.
    fn reduce(&mut self, reduction: Reduction) -> Parsed {
        let mut values = self.nested(Self::list)?;
        match (values.pop(), values.len()) {
            (Some(value), 0) => Ok(Expression::Reduce { reduction, value: Box::new(value) }),
            (_, others) => Err(refusal::of_many(reduction, others + 1)),
        }
    }

    /// `(form)` of `count`.
    fn count(&mut self) -> Parsed {
        const WANTED: &str = "the name of a form, as in count(surgery)";
        self.expect(&Token::LParen, WANTED)?;
        let form = match self.tokens.front() {
            Some(Token::Word(word)) if word.quote_style.is_some() || !is_keyword(&word.value) => {
                FormName::new(&word.value).map_err(|error| ExpressionError(error.to_string()))?
            }
            _ => return Err(self.wanted(WANTED)),
        };
        self.tokens.pop_front();
        match self.take(&Token::RParen) {
            true => Ok(Expression::Count(form)),
            false => Err(ExpressionError(
                "`count` takes the name of one form and counts its entries; `any` asks for a condition"
                    .to_owned(),
            )),
        }
    }

    /// `(a, b, …)`, one or more.
    fn list(&mut self) -> Result<Vec<Expression>, ExpressionError> {
        self.expect(&Token::LParen, "a list in parentheses")?;
        let mut values = vec![self.disjunction()?];
        while self.take(&Token::Comma) {
            values.push(self.disjunction()?);
        }
        self.expect(&Token::RParen, "a comma or a closing parenthesis")?;
        Ok(values)
    }

    /// What follows `CASE`. The value of a simple `CASE` is repeated in every branch, so it must be a variable:
    /// nested ones would grow without bound.
    fn case(&mut self) -> Parsed {
        let value = if self.next_is_word(Keyword::WHEN) { None } else { Some(self.sum()?) };
        if !matches!(value, None | Some(Expression::Variable(_))) {
            return Err(ExpressionError("between CASE and WHEN stands a variable or nothing".to_owned()));
        }
        let mut branches = Vec::new();
        while self.take_word(Keyword::WHEN) {
            let condition = self.disjunction()?;
            self.expect_word(Keyword::THEN, "THEN after the condition of WHEN")?;
            branches.push(Branch {
                condition: case_condition(value.as_ref(), condition),
                value: self.disjunction()?,
            });
        }
        if branches.is_empty() {
            return Err(self.wanted("WHEN after CASE"));
        }
        let otherwise =
            if self.take_word(Keyword::ELSE) { Some(Box::new(self.disjunction()?)) } else { None };
        self.expect_word(Keyword::END, "END of CASE")?;
        Ok(Expression::Case { branches, otherwise })
    }

    /// Reads a part one level deeper.
    fn nested<T>(&mut self, read: fn(&mut Self) -> Result<T, ExpressionError>) -> Result<T, ExpressionError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(ExpressionError(format!(
                "nested more than {DEEPEST} deep; split it into derived variables"
            )));
        }
        let part = read(self);
        self.depth -= 1;
        part
    }

    fn take(&mut self, wanted: &Token) -> bool {
        let found = self.tokens.front() == Some(wanted);
        if found {
            self.tokens.pop_front();
        }
        found
    }

    fn next_is_word(&self, wanted: Keyword) -> bool {
        matches!(self.tokens.front(), Some(Token::Word(word)) if word.keyword == wanted)
    }

    fn take_word(&mut self, wanted: Keyword) -> bool {
        let found = self.next_is_word(wanted);
        if found {
            self.tokens.pop_front();
        }
        found
    }

    fn expect(&mut self, wanted: &Token, name: &str) -> Result<(), ExpressionError> {
        if self.take(wanted) { Ok(()) } else { Err(self.wanted(name)) }
    }

    fn expect_word(&mut self, wanted: Keyword, name: &str) -> Result<(), ExpressionError> {
        if self.take_word(wanted) { Ok(()) } else { Err(self.wanted(name)) }
    }

    /// The error of something else than what is wanted.
    fn wanted(&self, name: &str) -> ExpressionError {
        match self.tokens.front() {
            None => ExpressionError(format!("ends too early; expected {name}")),
            Some(token @ Token::Word(word)) if refusal::is_refused(&word.value) => unexpected(token),
            Some(
                token @ (Token::Word(_) | Token::Number(..) | Token::SingleQuotedString(_) | Token::RParen),
            ) => ExpressionError(format!("expected {name}, found `{token}`")),
            Some(token) => unexpected(token),
        }
    }
}

/// The one part, or all of them joined.
fn one_or(mut parts: Vec<Expression>, join: fn(Vec<Expression>) -> Expression) -> Expression {
    match (parts.len(), parts.pop()) {
        (1, Some(only)) => only,
        (_, last) => join(parts.into_iter().chain(last).collect()),
    }
}

fn negated(part: Expression) -> Expression {
    Expression::Not(Box::new(part))
}

fn case_condition(value: Option<&Expression>, condition: Expression) -> Expression {
    match value {
        None => condition,
        Some(value) => Expression::Compare {
            operator: Comparison::Equal,
            left: Box::new(value.clone()),
            right: Box::new(condition),
        },
    }
}

fn comparison(token: &Token) -> Option<Comparison> {
    Some(match token {
        Token::Eq => Comparison::Equal,
        Token::Neq => Comparison::NotEqual,
        Token::Lt => Comparison::Less,
        Token::LtEq => Comparison::LessOrEqual,
        Token::Gt => Comparison::Greater,
        Token::GtEq => Comparison::GreaterOrEqual,
        _ => return None,
    })
}

fn number(written: &str) -> Result<f64, ExpressionError> {
    let number = written.parse().ok().filter(|number: &f64| number.is_finite());
    number.ok_or_else(|| ExpressionError(format!("`{written}` is not a finite number")))
}

fn variable(written: &str) -> Parsed {
    VariableName::new(written).map(Expression::Variable).map_err(|error| ExpressionError(error.to_string()))
}

fn misplaced(word: &str) -> ExpressionError {
    let (upper, lower) = (word.to_ascii_uppercase(), word.to_ascii_lowercase());
    ExpressionError(format!(
        "expected a value, found `{upper}`; a variable of that name is written \"{lower}\""
    ))
}

fn unexpected(token: &Token) -> ExpressionError {
    match token {
        Token::Word(word) if word.quote_style.is_none() && refusal::is_refused(&word.value) => {
            refusal::of(&word.value)
        }
        Token::Word(_) | Token::Number(..) | Token::SingleQuotedString(_) | Token::RParen | Token::Comma => {
            ExpressionError(format!("did not expect `{token}` here; is a sign or AND missing before it?"))
        }
        token => refusal::of(&token.to_string()),
    }
}
