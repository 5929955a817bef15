//! The design matrix of a formula: one integer quantity for each column, with public bounds.
//!
//! Factors are coded by R's rules: treatment contrasts against the first level where the rest of the term is
//! in the model, all levels otherwise.

mod marginal;
mod outcome;
mod reported;
mod row;

use std::collections::{BTreeMap, BTreeSet};

use notochord_proto::expression::Expression;
use notochord_proto::name::VariableName;
use notochord_proto::problem::suggestion;
use notochord_proto::scope::Scope;
use notochord_proto::variable::VariableKind;

use crate::arithmetic::{Arithmetic, Range};
use crate::formula::{Atom, Formula};
use crate::levels::Levels;
use crate::quantity::Quantity;
use crate::statistic::Summed;

pub(crate) use outcome::Response;
pub(crate) use row::DesignRow;

/// The columns of a model, and its outcome.
pub(crate) struct Design {
    /// The outcome, as R names it.
    pub(crate) outcome: String,
    /// Whether the model has an intercept.
    pub(crate) intercept: bool,
    /// The columns after the intercept; the outcome is the last.
    pub(crate) columns: Vec<Column>,
    /// The factors.
    pub(crate) factors: Vec<Factor>,
    /// Whole numbers of few values that are not factors as well.
    pub(crate) counted: Vec<Levels>,
    /// What the numbers are.
    pub(crate) summed: Vec<Summed>,
    /// The terms of the formula, in R's order, with the columns of each.
    pub(crate) terms: Vec<Term>,
    /// The offsets, which are numbers.
    offsets: Vec<usize>,
    numbers: Vec<Arithmetic>,
}

/// A column of the design, or the outcome: a product of numbers and indicators of levels.
pub(crate) struct Column {
    /// As R names it.
    pub(crate) name: String,
    /// Its fixed point.
    pub(crate) quantity: Quantity,
    parts: Vec<Part>,
}

/// A term of a formula.
pub(crate) struct Term {
    /// As R names it.
    pub(crate) name: String,
    /// The positions of its atoms in the formula.
    pub(crate) atoms: Vec<usize>,
    /// The positions of its columns.
    pub(crate) columns: std::ops::Range<usize>,
}

/// A factor of a formula.
pub(crate) struct Factor {
    /// Its levels.
    pub(crate) levels: Levels,
    /// Positions of the levels, the reference first.
    pub(crate) order: Vec<usize>,
}

/// A factor of the product that a column is.
#[derive(Debug, Clone, Copy)]
enum Part {
    /// A number, by its position.
    Number(usize),
    /// The indicator of a level.
    Level { factor: usize, level: usize, coding: Coding },
}

/// A part of a column with its name and bounds.
#[derive(Clone)]
struct Piece {
    name: String,
    part: Part,
    range: Range,
}

/// How a factor enters a term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    /// Every level but the reference has a column.
    Contrasts,
    /// Every level has one.
    Indicators,
}

/// What an atom of the formula is.
#[derive(Clone, Copy)]
enum Meaning {
    Number(usize),
    Factor(usize),
}

/// What is wrong with a model, by the key of the study that is to blame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DesignError {
    /// `formula`
    Formula(String),
    /// `reference`
    Reference(String),
}

impl From<String> for DesignError {
    fn from(message: String) -> Self {
        Self::Formula(message)
    }
}

/// The most columns of a model.
const MOST_COLUMNS: usize = 300;

impl Design {
    /// Looks up a formula. `references` names reference levels that are not the first.
    pub(crate) fn new(
        formula: &Formula,
        references: &BTreeMap<String, String>,
        response: Response,
        scope: &Scope,
    ) -> Result<Self, DesignError> {
        let mut design = Design {
            outcome: formula.response.to_string(),
            intercept: formula.intercept,
            columns: Vec::new(),
            factors: Vec::new(),
            counted: Vec::new(),
            summed: Vec::new(),
            terms: Vec::new(),
            offsets: Vec::new(),
            numbers: Vec::new(),
        };
        let atoms = formula.atoms.iter().map(|atom| design.resolve(atom, scope));
        let atoms = atoms.collect::<Result<Vec<_>, _>>()?;
        design.take_references(references).map_err(DesignError::Reference)?;
        for (at, term) in formula.terms.iter().enumerate() {
            let codings = codings(formula, &atoms, at);
            let first = design.columns.len();
            design.add_term(formula, &atoms, term, &codings)?;
            let names: Vec<String> = term.iter().map(|atom| formula.atoms[*atom].to_string()).collect();
            let columns = first..design.columns.len();
            design.terms.push(Term { name: names.join(":"), atoms: term.clone(), columns });
            if design.columns.len() > MOST_COLUMNS {
                return Err(format!("the model has more than {MOST_COLUMNS} columns").into());
            }
        }
        for offset in &formula.offsets {
            match design.resolve(offset, scope)? {
                Meaning::Number(number) => design.offsets.push(number),
                Meaning::Factor(_) => {
                    return Err(format!("the offset `{offset}` is a factor, not a number").into());
                }
            }
        }
        let outcome = design.outcome_column(&formula.response, response, scope)?;
        design.columns.push(outcome);
        design.count_few_values(scope)?;
        Ok(design)
    }

    /// The variables it reads.
    pub(crate) fn variables(&self) -> BTreeSet<VariableName> {
        let numbers = self.numbers.iter().flat_map(Arithmetic::variables);
        numbers.chain(self.factors.iter().map(|factor| factor.levels.name.clone())).collect()
    }

    /// Whether something is added to the linear predictor as it is.
    pub(crate) fn has_offset(&self) -> bool {
        !self.offsets.is_empty()
    }

    /// Everything whose values are counted: the factors, then the numbers of few values.
    pub(crate) fn countable(&self) -> Vec<&Levels> {
        self.factors.iter().map(|factor| &factor.levels).chain(&self.counted).collect()
    }

    /// The positions among [`Design::countable`] whose values together pick the rows that the product of two
    /// columns adds a number over; none where single counts protect it.
    pub(crate) fn crossed(&self, one: &Column, two: &Column) -> Option<BTreeSet<usize>> {
        let countable = self.countable();
        let mut picked = BTreeSet::new();
        let mut uncounted = false;
        for part in one.parts.iter().chain(&two.parts) {
            match part {
                Part::Level { factor, .. } => {
                    picked.insert(*factor);
                }
                Part::Number(number) => {
                    for name in self.numbers[*number].variables() {
                        let at = countable.iter().position(|levels| levels.name == name);
                        uncounted |= at.is_none();
                        picked.extend(at);
                    }
                }
            }
        }
        let adds = one.quantity.bound() > 1 || two.quantity.bound() > 1;
        (adds && picked.len() >= 2 && (uncounted || picked.len() >= 3)).then_some(picked)
    }

    fn resolve(&mut self, atom: &Atom, scope: &Scope) -> Result<Meaning, String> {
        let is_factor = |name: &VariableName| -> Result<bool, String> {
            Ok(matches!(scope.require(name)?.kind, VariableKind::Factor { .. }))
        };
        let number = match atom {
            Atom::Factor(name) => return self.factor(name, scope),
            Atom::Variable(name) if is_factor(name)? => return self.factor(name, scope),
            Atom::Variable(name) => Arithmetic::of(&Expression::Variable(name.clone()), scope)?,
            Atom::Inside(expression) => Arithmetic::of(expression, scope)?,
            Atom::Log(expression) => Arithmetic::log_of(expression, scope)?,
        };
        self.numbers.push(number);
        self.summed.push(atom.summed());
        Ok(Meaning::Number(self.numbers.len() - 1))
    }

    fn factor(&mut self, name: &VariableName, scope: &Scope) -> Result<Meaning, String> {
        let levels = Levels::of(&scope.require(name)?)?;
        let order = (0..levels.len()).collect();
        self.factors.push(Factor { levels, order });
        Ok(Meaning::Factor(self.factors.len() - 1))
    }

    /// Finds the whole numbers of few values among the variables of the numbers.
    fn count_few_values(&mut self, scope: &Scope) -> Result<(), String> {
        let names: BTreeSet<VariableName> = self.numbers.iter().flat_map(Arithmetic::variables).collect();
        for name in names {
            let is_factor = self.factors.iter().any(|factor| factor.levels.name == name);
            let levels = Levels::of(&scope.require(&name)?).ok();
            self.counted.extend(levels.filter(|_| !is_factor));
        }
        Ok(())
    }

    fn take_references(&mut self, references: &BTreeMap<String, String>) -> Result<(), String> {
        for (variable, code) in references {
            let mut named =
                self.factors.iter_mut().filter(|factor| factor.levels.name.as_str() == variable).peekable();
            if named.peek().is_none() {
                return Err(format!("`{variable}` is not a factor of the formula"));
            }
            for factor in named {
                let codes = factor.levels.codes();
                let level = codes.iter().position(|own| own == code).ok_or_else(|| {
                    let near = suggestion(code, codes.iter().map(String::as_str));
                    format!("`{code}` is not a level of `{variable}`{near}")
                })?;
                factor.order.retain(|own| *own != level);
                factor.order.insert(0, level);
            }
        }
        Ok(())
    }

    /// The columns of a term: the levels of its first factor change fastest.
    fn add_term(
        &mut self,
        formula: &Formula,
        atoms: &[Meaning],
        term: &[usize],
        codings: &[Coding],
    ) -> Result<(), String> {
        let mut columns: Vec<Vec<Piece>> = vec![Vec::new()];
        for (atom, coding) in term.iter().zip(codings) {
            let pieces = self.pieces(&formula.atoms[*atom], atoms[*atom], *coding);
            let longer = |piece: &Piece| {
                let with = |column: &Vec<Piece>| column.iter().cloned().chain([piece.clone()]).collect();
                columns.iter().map(with).collect::<Vec<Vec<Piece>>>()
            };
            columns = pieces.iter().flat_map(longer).collect();
            if columns.len() > MOST_COLUMNS {
                return Err(format!("a term of the model has more than {MOST_COLUMNS} columns"));
            }
        }
        for column in columns {
            let (first, rest) = column.split_first().ok_or("a term of the formula is empty")?;
            let range = rest.iter().try_fold(first.range, |range, piece| range.times(piece.range))?;
            let names: Vec<&str> = column.iter().map(|piece| piece.name.as_str()).collect();
            let parts = column.iter().map(|piece| piece.part).collect();
            self.columns.push(Column { name: names.join(":"), quantity: range.quantity()?, parts });
        }
        Ok(())
    }

    /// What an atom gives to the columns of a term: a number one piece, a factor one for each level coded.
    fn pieces(&self, atom: &Atom, meaning: Meaning, coding: Coding) -> Vec<Piece> {
        match meaning {
            Meaning::Number(number) => {
                let range = self.numbers[number].range();
                vec![Piece { name: atom.to_string(), part: Part::Number(number), range }]
            }
            Meaning::Factor(factor) => {
                let Factor { levels, order } = &self.factors[factor];
                let skipped = usize::from(coding == Coding::Contrasts);
                let coded = order.iter().skip(skipped).map(|level| Piece {
                    name: format!("{atom}{}", levels.code(*level)),
                    part: Part::Level { factor, level: *level, coding },
                    range: Range::INDICATOR,
                });
                coded.collect()
            }
        }
    }
}

/// How each atom of a term enters it, by R's rule: a factor has contrasts where the term without it is part
/// of an earlier term, or is empty; without an intercept the first factor of the formula has all its levels.
fn codings(formula: &Formula, atoms: &[Meaning], at: usize) -> Vec<Coding> {
    let term = &formula.terms[at];
    let is_factor = |atom: &usize| matches!(atoms[*atom], Meaning::Factor(_));
    let first_with_factor = formula.terms.iter().position(|term| term.iter().any(is_factor));
    let mut first = !formula.intercept && first_with_factor == Some(at);
    let coding = |atom: &usize| {
        if is_factor(atom) && std::mem::take(&mut first) {
            return Coding::Indicators;
        }
        let rest: Vec<&usize> = term.iter().filter(|other| *other != atom).collect();
        let is_part = |earlier: &Vec<usize>| rest.iter().all(|other| earlier.contains(other));
        let marginal = rest.is_empty() || formula.terms[..at].iter().any(is_part);
        if marginal { Coding::Contrasts } else { Coding::Indicators }
    };
    term.iter().map(coding).collect()
}

impl Column {
    /// The factor and the level, where the column is the indicator of one level.
    pub(crate) fn indicator(&self) -> Option<(usize, usize)> {
        match self.parts.as_slice() {
            [Part::Level { factor, level, .. }] => Some((*factor, *level)),
            _ => None,
        }
    }

    /// Whether the column is part of the model where only these levels of each factor, the reference first,
    /// have anybody in them.
    pub(crate) fn is_used(&self, occupied: &[Vec<usize>]) -> bool {
        self.parts.iter().all(|part| match part {
            Part::Number(_) => true,
            Part::Level { factor, level, coding } => {
                let skipped = usize::from(*coding == Coding::Contrasts);
                occupied[*factor].iter().skip(skipped).any(|used| used == level)
            }
        })
    }
}
