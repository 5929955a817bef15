//! A variable used as a factor.

use arrow_array::Array;
use notochord_proto::name::VariableName;
use notochord_proto::variable::{Level, MOST_LEVELS, Variable, VariableKind};

use crate::contribution::ContributeError;
use crate::frame::{Column, Frame};
use crate::grid::Grid;
use crate::quantity::Quantity;

/// The levels of a factor, or of whole numbers whose bounds span few values.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Levels {
    /// The variable.
    pub(crate) name: VariableName,
    /// Its label.
    pub(crate) label: String,
    levels: Vec<Level>,
    /// The first level's value where the levels are whole numbers.
    first: Option<i64>,
}

impl Levels {
    /// The variable as a factor, or why it cannot be one.
    pub(crate) fn of(variable: &Variable) -> Result<Self, String> {
        let name = &variable.name;
        let codes = variable.kind.levels().ok_or_else(|| {
            format!("`{name}` is not a factor; a factor, `site` or an integer with at most {MOST_LEVELS} values is wanted")
        })?;
        let (levels, first) = match &variable.kind {
            VariableKind::Factor { levels } => (levels.clone(), None),
            VariableKind::Integer { bounds } => {
                let levels = codes.into_iter().map(|code| Level { label: code.clone(), code });
                (levels.collect(), bounds.map(|(lower, _)| lower))
            }
            VariableKind::Number { .. } => (Vec::new(), None),
        };
        Ok(Self { name: name.clone(), label: variable.label.clone(), levels, first })
    }

    /// How many levels.
    pub(crate) fn len(&self) -> usize {
        self.levels.len()
    }

    /// The codes, in order.
    pub(crate) fn codes(&self) -> Vec<String> {
        self.levels.iter().map(|level| level.code.clone()).collect()
    }

    /// A level's code.
    pub(crate) fn code(&self, level: usize) -> &str {
        self.levels.get(level).map_or("", |level| &level.code)
    }

    /// A level's label.
    pub(crate) fn label_of(&self, level: usize) -> &str {
        self.levels
            .get(level)
            .map_or("", |level| if level.label.is_empty() { &level.code } else { &level.label })
    }

    /// Whether the levels are whole numbers: those nobody has are then left out of results.
    pub(crate) fn are_integers(&self) -> bool {
        self.first.is_some()
    }

    /// Where the levels are whole numbers: these as a quantity, and the grid that has a cell for each level.
    pub(crate) fn grid(&self) -> Option<(Quantity, Grid)> {
        let lower = self.first?;
        let upper = lower.checked_add(i64::try_from(self.len()).ok()?)? - 1;
        Some((Quantity::Integer { lower, upper }, Grid::of_integers(lower, upper)))
    }

    /// Its column in a frame.
    pub(crate) fn read<'a>(&'a self, frame: &'a Frame) -> Result<LevelColumn<'a>, ContributeError> {
        let column = frame.column(&self.name).ok_or_else(|| ContributeError::NoColumn(self.name.clone()))?;
        match (self.first, column) {
            (None, Column::Factor(_)) | (Some(_), Column::Integer(_)) => {
                Ok(LevelColumn { levels: self, column })
            }
            _ => Err(ContributeError::WrongKind(self.name.clone())),
        }
    }
}

/// A column of levels being read.
pub(crate) struct LevelColumn<'a> {
    levels: &'a Levels,
    column: &'a Column,
}

impl LevelColumn<'_> {
    /// The level of a row; none where it is missing.
    pub(crate) fn at(&self, row: usize) -> Result<Option<usize>, ContributeError> {
        let position = match self.column {
            Column::Factor(values) if values.is_valid(row) => Some(i64::from(values.value(row))),
            Column::Integer(values) if values.is_valid(row) => {
                values.value(row).checked_sub(self.levels.first.unwrap_or_default())
            }
            _ => return Ok(None),
        };
        let level = position.and_then(|at| usize::try_from(at).ok()).filter(|at| *at < self.levels.len());
        level.map(Some).ok_or_else(|| ContributeError::OutOfBounds(self.levels.name.to_string()))
    }
}
