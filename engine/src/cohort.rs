//! The rows of a study, under way from a snapshot to the frames of its analyses.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, BooleanArray, UInt32Array};
use arrow_schema::ArrowError;
use arrow_select::filter::filter;
use arrow_select::take::take;
use notochord_proto::expression::Expression;
use notochord_proto::name::VariableName;
use notochord_stats::frame::{Frame, FrameError};

use crate::evaluate::Reduced;
use crate::rows::RowColumn;

/// Equally long columns, by variable, and the patient of every row. No `Debug`, `Display` or `Serialize`.
pub(crate) struct Cohort {
    /// Positions in the table's patients.
    patients: UInt32Array,
    columns: BTreeMap<VariableName, RowColumn>,
    /// What was reduced to one value for each patient of the table.
    reduced: Arc<Reduced>,
}

impl Cohort {
    /// Rows of these patients, of which nothing else is known yet.
    pub(crate) fn of(patients: UInt32Array, reduced: Arc<Reduced>) -> Self {
        Self { patients, columns: BTreeMap::new(), reduced }
    }

    pub(crate) fn rows(&self) -> usize {
        self.patients.values().len()
    }

    pub(crate) fn column(&self, name: &VariableName) -> Option<&RowColumn> {
        self.columns.get(name)
    }

    /// Adds a variable, or replaces the one of that name.
    pub(crate) fn insert(&mut self, column: RowColumn) {
        self.columns.insert(column.variable.name.clone(), column);
    }

    /// Adds a variable of which there is a value for each patient.
    pub(crate) fn insert_of_patients(&mut self, column: &RowColumn) -> Result<(), ArrowError> {
        self.insert(column.through(|values| take(values, &self.patients, None))?);
        Ok(())
    }

    /// The value of a reduction for every row; `None` where it was not computed.
    pub(crate) fn reduced(&self, reduction: &Expression) -> Option<Result<ArrayRef, ArrowError>> {
        Some(take(self.reduced.of_patients(reduction)?, &self.patients, None))
    }

    /// The rows for which the condition is true, with the variables named.
    pub(crate) fn narrowed(
        &self,
        condition: &BooleanArray,
        names: &BTreeSet<VariableName>,
    ) -> Result<Self, ArrowError> {
        let columns = self.columns.iter().filter(|(name, _)| names.contains(name)).map(|(name, column)| {
            // A null in the mask counts as false, as in SQL's WHERE.
            Ok((name.clone(), column.through(|array| filter(array, condition))?))
        });
        Ok(Self {
            columns: columns.collect::<Result<_, ArrowError>>()?,
            patients: filter(&self.patients, condition)?.as_primitive().clone(),
            reduced: Arc::clone(&self.reduced),
        })
    }

    /// The values alone, and whose they are.
    pub(crate) fn into_frame(self) -> Result<Frame, FrameError> {
        let columns = self.columns.into_iter().map(|(name, column)| (name, column.values)).collect();
        Frame::new(self.patients.values().len(), columns)?.of_patients(self.patients.values().to_vec())
    }
}
