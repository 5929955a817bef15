//! R's model formulas (Wilkinson and Rogers, Applied Statistics 22, 1973): `+`, `-`, `:`, `*`, parentheses,
//! `0`, `1`, `factor(x)`, `log(expression)`, `I(expression)` and `offset(x)`.

mod parse;
mod random;

use std::fmt;

use notochord_proto::expression::Expression;
use notochord_proto::name::VariableName;

use crate::statistic::Summed;

pub(crate) use random::{Group, RandomTerm};

/// A parsed formula, before its variables are looked up.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Formula {
    /// What is explained.
    pub(crate) response: Atom,
    /// Whether the model has an intercept.
    pub(crate) intercept: bool,
    /// What the terms are made of, in the order of first mention.
    pub(crate) atoms: Vec<Atom>,
    /// The terms in R's order: fewer atoms first, then as written. Each is a list of positions in `atoms`.
    pub(crate) terms: Vec<Vec<usize>>,
    /// What is added to the linear predictor as it is.
    pub(crate) offsets: Vec<Atom>,
}

/// A piece of a formula that is one factor or one number of a row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Atom {
    /// `x`: a factor or a number, as the dictionary says.
    Variable(VariableName),
    /// `factor(x)`
    Factor(VariableName),
    /// `log(expression)`
    Log(Expression),
    /// `I(expression)`
    Inside(Expression),
}

impl Formula {
    /// Parses a formula, or says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Formula, String> {
        parse::formula(text)
    }
}

impl Atom {
    /// The atom as a number whose values are added up.
    pub(crate) fn summed(&self) -> Summed {
        match self {
            Self::Variable(name) | Self::Log(Expression::Variable(name)) => Summed::Variable(name.clone()),
            Self::Factor(_) | Self::Log(_) | Self::Inside(_) => Summed::Expression(self.to_string()),
        }
    }
}

/// As R names it.
impl fmt::Display for Atom {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => write!(out, "{name}"),
            Self::Factor(name) => write!(out, "factor({name})"),
            Self::Log(expression) => write!(out, "log({})", expression.in_words()),
            Self::Inside(expression) => write!(out, "I({})", expression.in_words()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn names(text: &str) -> Vec<String> {
        let formula = Formula::parse(text).unwrap();
        let name = |term: &Vec<usize>| {
            term.iter().map(|atom| formula.atoms[*atom].to_string()).collect::<Vec<_>>().join(":")
        };
        formula.terms.iter().map(name).collect()
    }

    #[test]
    fn terms_come_in_the_order_of_r() {
        assert_eq!(names("y ~ a * b + c"), ["a", "b", "c", "a:b"]);
        assert_eq!(names("y ~ (a + b) * c - a:c"), ["a", "b", "c", "b:c"]);
        assert_eq!(names("y ~ b:a + a + b"), ["a", "b", "b:a"]);
        assert_eq!(names("y ~ a + a"), ["a"]);
        assert_eq!(names("y@month3 ~ y@baseline * factor(a@2_weeks)").len(), 3);
        assert_eq!(names("y ~ a@month3 + a + log(a@month3)"), ["a@month3", "a", "log(a@month3)"]);
        assert_eq!(
            names("log(y) ~ factor(site) + log(bili) + I(age*2)"),
            ["factor(site)", "log(bili)", "I(age * 2)"]
        );
    }

    #[test]
    fn an_intercept_is_there_unless_taken_away() {
        for (text, intercept) in
            [("y ~ 1", true), ("y ~ a", true), ("y ~ 0 + a", false), ("y ~ a - 1", false)]
        {
            assert_eq!(Formula::parse(text).unwrap().intercept, intercept, "{text}");
        }
    }

    #[test]
    fn an_offset_is_no_term() {
        let formula = Formula::parse("y ~ a + offset(log(days)) + b + offset(c) + offset(d + 1)").unwrap();
        let offsets: Vec<String> = formula.offsets.iter().map(Atom::to_string).collect();
        assert_eq!(offsets, ["log(days)", "c", "I(d + 1)"]);
        assert_eq!(formula.terms.len(), 2);
    }

    #[test]
    fn what_is_not_offered_is_refused_by_name() {
        let refused = [
            ("Surv(time, status) ~ a", "`Surv`"),
            ("y ~ a:offset(b)", "`offset`"),
            ("y ~ a - offset(b)", "`offset`"),
            ("offset(y) ~ a", "`offset`"),
            ("y ~ offset(factor(a))", "`factor(a)`"),
            ("y ~ (1 | patient)", "`|`"),
            ("y ~ a^2", "`^`"),
            ("y ~ poly(a)", "`poly`"),
            ("y ~ .", "`.`"),
            ("y", "`~`"),
            ("y ~ a +", "end"),
            ("y ~ (a", "`)`"),
            ("y ~ I(a LIKE b)", "LIKE"),
            ("y ~ a@", "`a@` is not a variable name"),
            ("y ~ @month3", "`@month3` is not a variable name"),
        ];
        for (text, word) in refused {
            let error = Formula::parse(text).unwrap_err();
            assert!(error.contains(word), "{text}: {error}");
        }
        assert!(Formula::parse(&format!("y ~ {}a{}", "(".repeat(100), ")".repeat(100))).is_err());
    }
}
