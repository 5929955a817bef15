//! Columns while they grow.

use arrow_array::builder::{Float64Builder, Int32Builder, Int64Builder};
use notochord_proto::variable::{Variable, VariableKind};
use notochord_stats::frame::Column;

use crate::patient::StoredValue;
use crate::rows::RowColumn;

/// One variable's values so far.
pub(crate) struct ColumnBuilder {
    variable: Variable,
    values: Values,
}

enum Values {
    Integer(Int64Builder),
    Number(Float64Builder),
    Factor(Int32Builder),
}

impl ColumnBuilder {
    pub(crate) fn new(variable: Variable) -> Self {
        let values = match &variable.kind {
            VariableKind::Integer { .. } => Values::Integer(Int64Builder::new()),
            VariableKind::Number { .. } => Values::Number(Float64Builder::new()),
            VariableKind::Factor { .. } => Values::Factor(Int32Builder::new()),
        };
        Self { variable, values }
    }

    /// Adds a value; one of another kind than the variable's is missing.
    pub(crate) fn append(&mut self, value: Option<StoredValue>) {
        match (&mut self.values, value) {
            (Values::Integer(values), Some(StoredValue::Integer(value))) => values.append_value(value),
            (Values::Number(values), Some(StoredValue::Number(value))) => values.append_value(value),
            (Values::Factor(values), Some(StoredValue::Level(value))) => values.append_value(value.into()),
            (Values::Integer(values), _) => values.append_null(),
            (Values::Number(values), _) => values.append_null(),
            (Values::Factor(values), _) => values.append_null(),
        }
    }

    /// The values added since the last time.
    pub(crate) fn finish(&mut self) -> RowColumn {
        let values = match &mut self.values {
            Values::Integer(values) => Column::Integer(values.finish()),
            Values::Number(values) => Column::Number(values.finish()),
            Values::Factor(values) => Column::Factor(values.finish()),
        };
        RowColumn { variable: self.variable.clone(), values }
    }
}

/// Adds an entry's values to the columns of its form, of which `first` is the position of the first.
pub(crate) fn append_entry(columns: &mut [ColumnBuilder], first: u16, values: &[(u16, StoredValue)]) {
    let mut values = values.iter().peekable();
    for (column, position) in columns.iter_mut().zip(first..) {
        while values.next_if(|(other, _)| *other < position).is_some() {}
        column.append(values.next_if(|(other, _)| *other == position).map(|(_, value)| *value));
    }
}
