//! Decoded patient rows in the one order that carries no information.

use std::collections::{BTreeMap, HashMap};

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, Int32Array, StringArray, UInt32Array};
use arrow_schema::ArrowError;
use arrow_select::take::take;
use notochord_proto::name::VariableName;
use notochord_proto::variable::{Variable, VariableKind};
use notochord_stats::frame::Column;

use crate::record_key::PatientKey;

/// Rows hold whole numbers from minus this to this: expressions compute with 64-bit floats, which have them
/// exactly.
pub(crate) const GREATEST_INTEGER: i64 = 1 << 53;

/// One row per patient, sorted by patient key, so the order of the export is forgotten, with its variables
/// sorted by name. No `Debug`, `Display` or `Serialize`, so that no row can be printed or sent by mistake.
pub struct Rows {
    patients: Vec<PatientKey>,
    columns: BTreeMap<VariableName, RowColumn>,
}

/// A variable and its value for every patient; a factor holds positions in the variable's levels.
pub(crate) struct RowColumn {
    pub(crate) variable: Variable,
    pub(crate) values: Column,
}

impl Rows {
    /// How many patients.
    pub fn len(&self) -> usize {
        self.patients.len()
    }

    /// Whether there is no patient.
    pub fn is_empty(&self) -> bool {
        self.patients.is_empty()
    }

    /// The variables, sorted by name.
    pub fn variables(&self) -> impl Iterator<Item = &Variable> {
        self.columns.values().map(|column| &column.variable)
    }

    /// Puts rows and variables in order. Every column has as many values as there are patients.
    pub(crate) fn sorted(patients: Vec<PatientKey>, columns: Vec<RowColumn>) -> Result<Self, ArrowError> {
        let mut order: Vec<u32> = (0..patients.len() as u32).collect();
        order.sort_unstable_by_key(|&row| patients[row as usize]);
        let patients = order.iter().map(|&row| patients[row as usize]).collect();
        let order = UInt32Array::from(order);
        let columns = columns.iter().map(|column| {
            Ok((column.variable.name.clone(), column.through(|array| take(array, &order, None))?))
        });
        Ok(Self { patients, columns: columns.collect::<Result<_, ArrowError>>()? })
    }

    pub(crate) fn column(&self, name: &VariableName) -> Option<&RowColumn> {
        self.columns.get(name)
    }
}

impl RowColumn {
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
