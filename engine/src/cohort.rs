//! The rows of a study, under way from a snapshot to the frames of its analyses.

use std::collections::{BTreeMap, BTreeSet};

use arrow_array::BooleanArray;
use arrow_schema::ArrowError;
use arrow_select::filter::filter;
use notochord_proto::name::VariableName;
use notochord_stats::frame::Column;

use crate::rows::RowColumn;

/// Equally long columns, by variable. No `Debug`, `Display` or `Serialize`.
pub(crate) struct Cohort {
    rows: usize,
    columns: BTreeMap<VariableName, RowColumn>,
}

impl Cohort {
    /// Rows of which nothing is known yet.
    pub(crate) fn new(rows: usize) -> Self {
        Self { rows, columns: BTreeMap::new() }
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    pub(crate) fn column(&self, name: &VariableName) -> Option<&RowColumn> {
        self.columns.get(name)
    }

    /// Adds a variable, or replaces the one of that name.
    pub(crate) fn insert(&mut self, column: RowColumn) {
        self.columns.insert(column.variable.name.clone(), column);
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
        Ok(Self { rows: condition.true_count(), columns: columns.collect::<Result<_, ArrowError>>()? })
    }

    /// The values alone.
    pub(crate) fn into_columns(self) -> BTreeMap<VariableName, Column> {
        self.columns.into_iter().map(|(name, column)| (name, column.values)).collect()
    }
}
