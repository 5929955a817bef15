//! The columns of an import while they grow.

use arrow_array::builder::{Float64Builder, Int32Builder, Int64Builder};
use notochord_proto::variable::{Variable, VariableKind};
use notochord_stats::frame::Column;

use super::cell::CellValue;
use crate::rows::RowColumn;

/// One variable's values so far.
pub(super) struct ColumnBuilder {
    variable: Variable,
    values: Values,
    missing: u64,
}

enum Values {
    Integer(Int64Builder),
    Number(Float64Builder),
    Factor(Int32Builder),
}

impl ColumnBuilder {
    pub(super) fn new(variable: Variable) -> Self {
        let values = match &variable.kind {
            VariableKind::Integer { .. } => Values::Integer(Int64Builder::new()),
            VariableKind::Number { .. } => Values::Number(Float64Builder::new()),
            VariableKind::Factor { .. } => Values::Factor(Int32Builder::new()),
        };
        Self { variable, values, missing: 0 }
    }

    pub(super) fn variable(&self) -> &Variable {
        &self.variable
    }

    /// How many values are missing.
    pub(super) fn missing(&self) -> u64 {
        self.missing
    }

    /// Adds a value; one of another kind than the variable's is missing.
    pub(super) fn append(&mut self, value: CellValue) {
        match (&mut self.values, value) {
            (Values::Integer(values), CellValue::Integer(value)) => values.append_value(value),
            (Values::Number(values), CellValue::Number(value)) => values.append_value(value),
            (Values::Factor(values), CellValue::Level(value)) => values.append_value(value),
            (values, _) => {
                self.missing += 1;
                values.append_null();
            }
        }
    }

    pub(super) fn finish(self) -> RowColumn {
        let values = match self.values {
            Values::Integer(mut values) => Column::Integer(values.finish()),
            Values::Number(mut values) => Column::Number(values.finish()),
            Values::Factor(mut values) => Column::Factor(values.finish()),
        };
        RowColumn { variable: self.variable, values }
    }
}

impl Values {
    fn append_null(&mut self) {
        match self {
            Self::Integer(values) => values.append_null(),
            Self::Number(values) => values.append_null(),
            Self::Factor(values) => values.append_null(),
        }
    }
}
