//! The values of one variable, row by row.

use std::collections::HashMap;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, Int32Array, StringArray};
use arrow_schema::ArrowError;
use notochord_proto::variable::{Variable, VariableKind};
use notochord_stats::frame::Column;

/// Rows hold whole numbers from minus this to this: expressions compute with 64-bit floats, which have them
/// exactly.
pub(crate) const GREATEST_INTEGER: i64 = 1 << 53;

/// A variable and its value for every row; a factor holds positions in the variable's levels.
pub(crate) struct RowColumn {
    pub(crate) variable: Variable,
    pub(crate) values: Column,
}

impl RowColumn {
    /// The values, whatever their type.
    pub(crate) fn array(&self) -> &dyn Array {
        match &self.values {
            Column::Integer(values) => values,
            Column::Number(values) => values,
            Column::Factor(values) => values,
        }
    }

    /// The codes of a factor; `None` for a number.
    pub(crate) fn codes(&self) -> Option<StringArray> {
        let (Column::Factor(positions), VariableKind::Factor { levels }) =
            (&self.values, &self.variable.kind)
        else {
            return None;
        };
        let code = |position: i32| Some(levels.get(usize::try_from(position).ok()?)?.code.as_str());
        Some(positions.iter().map(|position| code(position?)).collect())
    }

    /// The same column, its values shared.
    pub(crate) fn shared(&self) -> Self {
        let values = match &self.values {
            Column::Integer(values) => Column::Integer(values.clone()),
            Column::Number(values) => Column::Number(values.clone()),
            Column::Factor(values) => Column::Factor(values.clone()),
        };
        Self { variable: self.variable.clone(), values }
    }

    /// The same variable, its values sent through a kernel that keeps their type.
    pub(crate) fn through(
        &self,
        kernel: impl Fn(&dyn Array) -> Result<ArrayRef, ArrowError>,
    ) -> Result<Self, ArrowError> {
        let values = match &self.values {
            Column::Integer(values) => Column::Integer(kernel(values)?.as_primitive().clone()),
            Column::Number(values) => Column::Number(kernel(values)?.as_primitive().clone()),
            Column::Factor(values) => Column::Factor(kernel(values)?.as_primitive().clone()),
        };
        Ok(Self { variable: self.variable.clone(), values })
    }
}

/// The position of each code in the levels of a factor; `None` if one is not among them.
pub(crate) fn positions(kind: &VariableKind, codes: &StringArray) -> Option<Int32Array> {
    let VariableKind::Factor { levels } = kind else { return None };
    let positions: HashMap<&str, i32> = levels.iter().map(|level| level.code.as_str()).zip(0..).collect();
    let position = |code: &str| positions.get(code).copied().ok_or(());
    codes.iter().map(|code| code.map(position).transpose()).collect::<Result<_, ()>>().ok()
}
