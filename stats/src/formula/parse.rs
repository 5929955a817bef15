//! The parser of formulas.

use notochord_proto::expression::Expression;
use notochord_proto::name::VariableName;

use super::{Atom, Formula};

/// The longest formula, its deepest nesting and its most terms.
const LONGEST: usize = 4096;
const DEEPEST: usize = 20;
const MOST_TERMS: usize = 200;

/// Positions of atoms, sorted.
type Term = Vec<usize>;

/// The side of a formula between two signs.
enum Side {
    Terms(Vec<Term>),
    Zero,
    One,
}

pub(super) fn formula(text: &str) -> Result<Formula, String> {
    if text.len() > LONGEST {
        return Err(format!("a formula has at most {LONGEST} characters"));
    }
    let (left, right) =
        text.split_once('~').ok_or("a formula has an outcome, `~` and terms, such as `y ~ age + sex`")?;
    let mut parser = Parser::new(left);
    let response = parser.atom()?;
    parser.end()?;
    let mut parser = Parser::new(right);
    let (mut terms, intercept) = parser.sum()?;
    parser.end()?;
    terms.sort_by_key(Vec::len);
    let Parser { atoms, offsets, .. } = parser;
    Ok(Formula { response, intercept: intercept.unwrap_or(true), atoms, terms, offsets })
}

struct Parser<'a> {
    rest: &'a str,
    atoms: Vec<Atom>,
    offsets: Vec<Atom>,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn new(rest: &'a str) -> Self {
        Self { rest, atoms: Vec::new(), offsets: Vec::new(), depth: 0 }
    }

    /// `side + side - side …`; also whether an intercept was asked for or taken away.
    fn sum(&mut self) -> Result<(Vec<Term>, Option<bool>), String> {
        let mut terms: Vec<Term> = Vec::new();
        let mut intercept = None;
        let mut adds = !self.take('-');
        loop {
            let offset = if adds && self.depth == 0 { self.offset()? } else { None };
            let side = match offset {
                Some(atom) => {
                    self.offsets.push(atom);
                    Side::Terms(Vec::new())
                }
                None => self.product()?,
            };
            match (side, adds) {
                (Side::Terms(more), true) => join(&mut terms, more)?,
                (Side::Terms(fewer), false) => terms.retain(|term| !fewer.contains(term)),
                (Side::One, adds) => intercept = Some(adds),
                (Side::Zero, adds) => intercept = Some(!adds),
            }
            adds = match self.peek() {
                Some('+') => true,
                Some('-') => false,
                _ => return Ok((terms, intercept)),
            };
            self.skip();
        }
    }

    /// `offset(x)`, `offset(log(x))` or `offset(expression)`, where one stands by itself.
    fn offset(&mut self) -> Result<Option<Atom>, String> {
        let text = self.rest.trim_start();
        let Some(rest) = text.strip_prefix("offset").filter(|rest| rest.trim_start().starts_with('(')) else {
            return Ok(None);
        };
        self.rest = rest;
        let inside = self.inside()?.trim();
        let mut alone = Parser::new(inside);
        let atom = match alone.atom() {
            Ok(atom) if alone.peek().is_none() => atom,
            _ => Atom::Inside(expression(inside)?),
        };
        match atom {
            Atom::Factor(_) => Err(format!("`{atom}` cannot be an offset; an offset is a number")),
            atom => Ok(Some(atom)),
        }
    }

    /// `a * b * …`: each, and their interactions.
    fn product(&mut self) -> Result<Side, String> {
        let mut side = self.interaction()?;
        while self.take('*') {
            let (Side::Terms(left), Side::Terms(right)) = (side, self.interaction()?) else {
                return Err("`*` stands between variables".to_owned());
            };
            let both = crossed(&left, &right);
            let mut terms = left;
            join(&mut terms, right)?;
            join(&mut terms, both)?;
            side = Side::Terms(terms);
        }
        Ok(side)
    }

    /// `a:b:…`
    fn interaction(&mut self) -> Result<Side, String> {
        let mut side = self.operand()?;
        while self.take(':') {
            let (Side::Terms(left), Side::Terms(right)) = (side, self.operand()?) else {
                return Err("`:` stands between variables".to_owned());
            };
            let mut terms = Vec::new();
            join(&mut terms, crossed(&left, &right))?;
            side = Side::Terms(terms);
        }
        Ok(side)
    }

    fn operand(&mut self) -> Result<Side, String> {
        if self.take('(') {
            self.depth += 1;
            if self.depth > DEEPEST {
                return Err(format!("parentheses are nested more than {DEEPEST} deep"));
            }
            let (terms, intercept) = self.sum()?;
            if !self.take(')') {
                return Err(self.unexpected("`)`"));
            }
            self.depth -= 1;
            return match intercept {
                None => Ok(Side::Terms(terms)),
                Some(_) => Err("`0` and `1` stand outside parentheses".to_owned()),
            };
        }
        match self.peek() {
            Some('0') if !self.number_goes_on() => Ok(self.skip_to(Side::Zero)),
            Some('1') if !self.number_goes_on() => Ok(self.skip_to(Side::One)),
            _ => {
                let atom = self.atom()?;
                let position = self.atoms.iter().position(|known| *known == atom).unwrap_or_else(|| {
                    self.atoms.push(atom);
                    self.atoms.len() - 1
                });
                Ok(Side::Terms(vec![vec![position]]))
            }
        }
    }

    /// `x`, `x@event`, `factor(x)`, `log(…)` or `I(…)`.
    fn atom(&mut self) -> Result<Atom, String> {
        self.rest = self.rest.trim_start();
        let length =
            self.rest.find(|c: char| !(c.is_alphanumeric() || "_@".contains(c))).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(length);
        if word.is_empty() || word.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(self.unexpected("a variable"));
        }
        self.rest = rest;
        if self.peek() != Some('(') {
            return variable(word).map(Atom::Variable);
        }
        match word {
            "factor" => variable(self.inside()?.trim()).map(Atom::Factor),
            "log" => Ok(Atom::Log(expression(self.inside()?)?)),
            "I" => Ok(Atom::Inside(expression(self.inside()?)?)),
            "Surv" => Err("`Surv` stands on the left side of survival models such as `cox`".to_owned()),
            "offset" => Err("`offset` stands by itself, after a `+` and outside parentheses".to_owned()),
            _ => Err(format!("unknown function `{word}`; a formula has factor, log and I")),
        }
    }

    /// The text between `(` and its `)`.
    fn inside(&mut self) -> Result<&'a str, String> {
        self.take('(');
        let mut depth = 1;
        for (at, c) in self.rest.char_indices() {
            depth += match c {
                '(' => 1,
                ')' => -1,
                _ => 0,
            };
            if depth == 0 {
                let (inside, rest) = self.rest.split_at(at);
                self.rest = &rest[1..];
                return Ok(inside);
            }
        }
        Err("a `)` is missing".to_owned())
    }

    fn peek(&self) -> Option<char> {
        self.rest.trim_start().chars().next()
    }

    fn number_goes_on(&self) -> bool {
        self.rest.trim_start().chars().nth(1).is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '.')
    }

    fn skip(&mut self) {
        self.rest = self.rest.trim_start();
        self.rest = self.rest.get(1..).unwrap_or_default();
    }

    fn skip_to(&mut self, side: Side) -> Side {
        self.skip();
        side
    }

    fn take(&mut self, sign: char) -> bool {
        let found = self.peek() == Some(sign);
        if found {
            self.skip();
        }
        found
    }

    fn end(&self) -> Result<(), String> {
        if self.peek().is_none() { Ok(()) } else { Err(self.unexpected("`+`, `-`, `:` or `*`")) }
    }

    /// What stands where something else should.
    fn unexpected(&self, wanted: &str) -> String {
        match self.peek() {
            Some('|') => "`|` belongs to random terms, which stand by themselves after a `+` in a formula of kind `mixed`".to_owned(),
            Some(sign @ ('^' | '/' | '%' | '.')) => {
                format!("`{sign}` is not offered in formulas by this version")
            }
            Some(sign) => format!("expected {wanted}, found `{sign}`"),
            None => format!("expected {wanted}, found the end of the formula"),
        }
    }
}

fn variable(text: &str) -> Result<VariableName, String> {
    VariableName::new(text).map_err(|error| error.to_string())
}

fn expression(text: &str) -> Result<Expression, String> {
    Expression::parse(text).map_err(|error| error.to_string())
}

/// Adds the terms that are not there yet.
fn join(terms: &mut Vec<Term>, more: Vec<Term>) -> Result<(), String> {
    for term in more {
        if !terms.contains(&term) {
            terms.push(term);
        }
    }
    if terms.len() > MOST_TERMS { Err(format!("a formula has at most {MOST_TERMS} terms")) } else { Ok(()) }
}

/// Every term of one side with every term of the other.
fn crossed(left: &[Term], right: &[Term]) -> Vec<Term> {
    let both = |one: &Term, two: &Term| {
        let mut term: Term = one.iter().chain(two).copied().collect();
        term.sort_unstable();
        term.dedup();
        term
    };
    left.iter().flat_map(|one| right.iter().map(move |two| both(one, two))).collect()
}
