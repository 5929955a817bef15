//! What is compared with what: groups of rows, one number with a value, or the two halves of pairs.

use std::collections::BTreeSet;

use notochord_proto::fields::Fields;
use notochord_proto::name::VariableName;
use notochord_proto::problem::Problem;
use notochord_proto::scope::Scope;
use notochord_proto::variable::{Variable, VariableKind};

use super::asked::Asked;
use crate::contribution::ContributeError;
use crate::frame::Frame;
use crate::levels::Levels;
use crate::quantity::{Numeric, Value};
use crate::statistic::Unit;

/// Where the values compared come from, and which group each is in.
pub(super) enum Arrangement {
    /// A number in the groups of a factor.
    Groups { number: Numeric, by: Levels },
    /// A number of all rows.
    All { number: Numeric },
    /// One number of a row less another.
    TwoOfARow { first: Numeric, second: Numeric },
    /// A number of a patient at one level of a factor less that at another.
    TwoRows { number: Numeric, by: Levels, levels: [usize; 2] },
}

/// `pair = "patient"`: two rows of a patient.
const PATIENT: &str = "patient";

impl Arrangement {
    /// Reads `by`, `pair` and `levels`; gives the variable compared, which is a difference where there are pairs.
    pub(super) fn parse(
        fields: &mut Fields<'_>,
        scope: &Scope,
        test: Asked,
        outcome: Variable,
    ) -> Result<(Self, Variable), Problem> {
        let by: Option<VariableName> = fields.optional("by")?;
        let pair: Option<String> = fields.optional("pair")?;
        let levels: Option<Vec<String>> = fields.optional("levels")?;
        let name = test.name();
        let number = Numeric::of(&outcome).map_err(|message| fields.problem("outcome", message))?;
        if pair.is_some() && !test.may_be_of_pairs() {
            return Err(fields
                .problem("pair", format!("`{name}` compares no pairs; `paired_t` and `signed_rank` do")));
        }
        let of_visits = pair.as_deref() == Some(PATIENT);
        if levels.is_some() && !of_visits {
            return Err(
                fields.problem("levels", "`levels` names the two rows of a patient: `pair = \"patient\"`")
            );
        }
        let by = by.map(|by| factor(fields, scope, &outcome, by)).transpose()?;
        match (by, pair) {
            (Some(by), None) if test.is_of_groups() => Ok((Self::Groups { number, by }, outcome)),
            (Some(by), Some(_)) if of_visits => {
                let levels = two_levels(&by, levels).map_err(|message| fields.problem("levels", message))?;
                let variable = difference(&outcome, &outcome);
                let variable = variable.map_err(|message| fields.problem("outcome", message))?;
                let label =
                    format!("{}: {} less {}", outcome.label, by.label_of(levels[0]), by.label_of(levels[1]));
                Ok((Self::TwoRows { number, by, levels }, Variable { label, ..variable }))
            }
            (None, None) if test.is_of_groups() => {
                Err(fields.problem("by", format!("`{name}` compares groups; name their factor in `by`")))
            }
            (None, None) if test == Asked::PairedT => {
                let message =
                    "`paired_t` needs `pair`: a second variable, or \"patient\" for two rows of a patient";
                Err(fields.problem("pair", message))
            }
            (None, None) => Ok((Self::All { number }, outcome)),
            (None, Some(_)) if of_visits => Err(fields
                .problem("by", "`pair = \"patient\"` needs the factor that tells a patient's rows apart")),
            (None, Some(pair)) => {
                let second =
                    VariableName::new(pair).map_err(|error| fields.problem("pair", error.to_string()))?;
                let second = scope.require(&second).map_err(|message| fields.problem("pair", message))?;
                if second.name == outcome.name {
                    return Err(fields.problem("pair", "`outcome` and `pair` are the same variable"));
                }
                let variable =
                    difference(&outcome, &second).map_err(|message| fields.problem("pair", message))?;
                let label = format!("{} less {}", outcome.label, second.label);
                let second = Numeric::of(&second).map_err(|message| fields.problem("pair", message))?;
                Ok((Self::TwoOfARow { first: number, second }, Variable { label, ..variable }))
            }
            (Some(_), _) => Err(fields
                .problem("by", format!("`{name}` compares no groups, or pairs with `pair = \"patient\"`"))),
        }
    }

    /// What a frame may be split between.
    pub(super) fn unit(&self) -> Unit {
        if matches!(self, Self::TwoRows { .. }) { Unit::Patient } else { Unit::Row }
    }

    /// The groups; one where there are none.
    pub(super) fn headings(&self) -> Vec<String> {
        match self {
            Self::Groups { by, .. } => by.codes(),
            Self::All { .. } => vec!["all".to_owned()],
            Self::TwoOfARow { first, second } => vec![format!("{} - {}", first.name, second.name)],
            Self::TwoRows { by, levels: [first, second], .. } => {
                vec![format!("{} - {}", by.code(*first), by.code(*second))]
            }
        }
    }

    /// A group as people read it.
    pub(super) fn label_of(&self, group: usize) -> String {
        match self {
            Self::Groups { by, .. } => by.label_of(group).to_owned(),
            Self::All { .. } => "All".to_owned(),
            _ => "Differences".to_owned(),
        }
    }

    /// What the groups are called, where there are any.
    pub(super) fn by(&self) -> Option<&Levels> {
        match self {
            Self::Groups { by, .. } => Some(by),
            _ => None,
        }
    }

    /// What is counted as missing, in words.
    pub(super) fn title(&self, outcome: &VariableName) -> String {
        match self {
            Self::Groups { by, .. } | Self::TwoRows { by, .. } => format!("{outcome} by {}", by.name),
            Self::All { .. } => outcome.to_string(),
            Self::TwoOfARow { second, .. } => format!("{outcome} and {}", second.name),
        }
    }

    /// The variables that are added up.
    pub(super) fn numbers(&self) -> Vec<VariableName> {
        match self {
            Self::TwoOfARow { first, second } => vec![first.name.clone(), second.name.clone()],
            Self::Groups { number, .. } | Self::All { number } | Self::TwoRows { number, .. } => {
                vec![number.name.clone()]
            }
        }
    }

    /// The variables read.
    pub(super) fn variables(&self) -> BTreeSet<VariableName> {
        let by = match self {
            Self::Groups { by, .. } | Self::TwoRows { by, .. } => Some(by.name.clone()),
            Self::All { .. } | Self::TwoOfARow { .. } => None,
        };
        self.numbers().into_iter().chain(by).collect()
    }

    /// For each row, or each patient where pairs are of rows, its group and value; none where one is missing.
    pub(super) fn values(&self, frame: &Frame) -> Result<Vec<Option<(usize, Value)>>, ContributeError> {
        match self {
            Self::Groups { number, by } => {
                let (numbers, groups) = (number.read(frame)?, by.read(frame)?);
                let value = |row| match (groups.at(row)?, numbers.at(row)?) {
                    (Some(group), Some((value, _))) => Ok(Some((group, value))),
                    _ => Ok(None),
                };
                (0..frame.rows()).map(value).collect()
            }
            Self::All { number } => {
                let numbers = number.read(frame)?;
                (0..frame.rows()).map(|row| Ok(numbers.at(row)?.map(|(value, _)| (0, value)))).collect()
            }
            Self::TwoOfARow { first, second } => {
                let (first, second) = (first.read(frame)?, second.read(frame)?);
                let value = |row| {
                    Ok(first.at(row)?.zip(second.at(row)?).map(|((one, _), (two, _))| (0, less(one, two))))
                };
                (0..frame.rows()).map(value).collect()
            }
            Self::TwoRows { number, by, levels } => {
                let (numbers, groups) = (number.read(frame)?, by.read(frame)?);
                let mut differences = Vec::new();
                for rows in frame.patients() {
                    let mut at: [Vec<Value>; 2] = Default::default();
                    for row in rows {
                        let (value, level) = (numbers.at(row)?, groups.at(row)?);
                        let side = levels.iter().position(|asked| Some(*asked) == level);
                        if let Some((side, (value, _))) = side.zip(value) {
                            at[side].push(value);
                        }
                    }
                    differences.push(match (&at[0][..], &at[1][..]) {
                        ([one], [two]) => Some((0, less(*one, *two))),
                        _ => None,
                    });
                }
                Ok(differences)
            }
        }
    }
}

fn factor(
    fields: &Fields<'_>,
    scope: &Scope,
    outcome: &Variable,
    by: VariableName,
) -> Result<Levels, Problem> {
    let by = scope.require(&by).and_then(|variable| Levels::of(&variable));
    let by = by.map_err(|message| fields.problem("by", message))?;
    if by.name == outcome.name {
        return Err(fields.problem("by", "`outcome` and `by` are the same variable"));
    }
    Ok(by)
}

/// The two levels named, or those of a factor that has no more.
fn two_levels(by: &Levels, named: Option<Vec<String>>) -> Result<[usize; 2], String> {
    let codes = by.codes();
    let Some(named) = named else {
        return match codes.len() {
            2 => Ok([0, 1]),
            many => Err(format!("`{}` has {many} levels; name two of them in `levels`", by.name)),
        };
    };
    let at = |code: &String| {
        codes.iter().position(|own| own == code).ok_or_else(|| format!("`{}` has no level `{code}`", by.name))
    };
    match &named[..] {
        [one, two] if one != two => Ok([at(one)?, at(two)?]),
        _ => Err("`levels` names two different levels".to_owned()),
    }
}

/// The variable of differences, with bounds that follow from those of both.
fn difference(first: &Variable, second: &Variable) -> Result<Variable, String> {
    let too_wide = || format!("the bounds of `{}` less `{}` are too far apart", first.name, second.name);
    let kind = match (&first.kind, &second.kind) {
        (VariableKind::Integer { bounds: Some((a, b)) }, VariableKind::Integer { bounds: Some((c, d)) }) => {
            let bounds = a.checked_sub(*d).zip(b.checked_sub(*c)).ok_or_else(too_wide)?;
            VariableKind::Integer { bounds: Some(bounds) }
        }
        _ => {
            let ((a, b), (c, d)) = (bounds(first)?, bounds(second)?);
            VariableKind::Number { bounds: Some((a - d, b - c)) }
        }
    };
    let grid = match (first.grid, second.grid) {
        (Some(one), Some(two)) => Some(one.min(two)),
        (one, two) => one.or(two),
    };
    Ok(Variable { kind, grid, ..first.clone() })
}

fn bounds(variable: &Variable) -> Result<(f64, f64), String> {
    let no_bounds = || format!("`{}` is not a number with bounds", variable.name);
    match variable.kind {
        VariableKind::Integer { bounds } => {
            bounds.map(|(lower, upper)| (lower as f64, upper as f64)).ok_or_else(no_bounds)
        }
        VariableKind::Number { bounds } => bounds.ok_or_else(no_bounds),
        VariableKind::Factor { .. } => Err(no_bounds()),
    }
}

/// One value less another.
fn less(one: Value, two: Value) -> Value {
    match (one, two) {
        (Value::Integer(one), Value::Integer(two)) => Value::Integer(one.saturating_sub(two)),
        (one, two) => Value::Number(one.to_number() - two.to_number()),
    }
}
