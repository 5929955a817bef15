//! Rows of patients, inside a node.
//!
//! A frame cannot be printed, serialised or compared: what leaves a node is a
//! [`Contribution`](crate::Contribution).

use std::collections::BTreeMap;

use arrow_array::{Array, Float64Array, Int32Array, Int64Array};
use notochord_proto::name::VariableName;

/// The rows of one analysis: equally long columns by variable.
///
/// It cannot be printed, where other types can:
/// ```
/// fn printable<T: std::fmt::Debug>() {}
/// printable::<notochord_stats::totals::Totals>();
/// ```
/// ```compile_fail
/// fn printable<T: std::fmt::Debug>() {}
/// printable::<notochord_stats::frame::Frame>();
/// ```
/// Nor can it be sent:
/// ```compile_fail
/// fn sendable<T: serde::Serialize>() {}
/// sendable::<notochord_stats::frame::Frame>();
/// ```
pub struct Frame {
    rows: usize,
    columns: BTreeMap<VariableName, Column>,
    /// The patient of every row; each row is a patient of its own where absent.
    patients: Option<Vec<u32>>,
}

/// The values of one variable; null is missing.
pub enum Column {
    /// Whole numbers.
    Integer(Int64Array),
    /// Real numbers.
    Number(Float64Array),
    /// Positions in the variable's list of levels.
    Factor(Int32Array),
}

/// What does not make a frame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// A column that is longer or shorter than the frame.
    #[error("column `{variable}` has {found} rows, not {expected}")]
    Column {
        /// The column's variable.
        variable: VariableName,
        /// Its rows.
        found: usize,
        /// The frame's.
        expected: usize,
    },
    /// Too many or too few rows of which the patient is given.
    #[error("the patients of {found} rows are given, not of {expected}")]
    Patients {
        /// The rows given.
        found: usize,
        /// The frame's.
        expected: usize,
    },
}

impl Frame {
    /// A frame of `rows` rows, each of another patient; every column must be that long.
    pub fn new(rows: usize, columns: BTreeMap<VariableName, Column>) -> Result<Self, FrameError> {
        match columns.iter().find(|(_, column)| column.len() != rows) {
            Some((variable, column)) => {
                Err(FrameError::Column { variable: variable.clone(), found: column.len(), expected: rows })
            }
            None => Ok(Self { rows, columns, patients: None }),
        }
    }

    /// The same frame, several rows of which may be of one patient: the patient of every row, by any number.
    pub fn of_patients(self, patients: Vec<u32>) -> Result<Self, FrameError> {
        match patients.len() == self.rows {
            true => Ok(Self { patients: Some(patients), ..self }),
            false => Err(FrameError::Patients { found: patients.len(), expected: self.rows }),
        }
    }

    /// How many rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The most rows that one patient has; 0 where there are no rows.
    pub fn most_rows_of_a_patient(&self) -> usize {
        let Some(patients) = &self.patients else { return self.rows.min(1) };
        let mut sorted = patients.clone();
        sorted.sort_unstable();
        sorted.chunk_by(|one, next| one == next).map(<[u32]>::len).max().unwrap_or(0)
    }

    /// The patient of a row, by a number that means nothing outside this frame.
    pub fn patient(&self, row: usize) -> usize {
        let known = self.patients.as_ref().and_then(|patients| patients.get(row));
        known.map_or(row, |patient| *patient as usize)
    }

    /// The rows of each patient, in their order.
    pub fn patients(&self) -> Vec<Vec<usize>> {
        let mut patients: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for row in 0..self.rows {
            patients.entry(self.patient(row)).or_default().push(row);
        }
        patients.into_values().collect()
    }

    /// The column of a variable.
    pub fn column(&self, variable: &VariableName) -> Option<&Column> {
        self.columns.get(variable)
    }

    /// The frame of these rows, in this order, for engines that split the work. Rows past the end are left
    /// out.
    pub fn part(&self, rows: &[usize]) -> Frame {
        let rows: Vec<usize> = rows.iter().copied().filter(|row| *row < self.rows).collect();
        let columns = self.columns.iter().map(|(name, column)| (name.clone(), column.part(&rows))).collect();
        let patients = self.patients.as_ref();
        let patients = patients.map(|all| rows.iter().filter_map(|row| all.get(*row)).copied().collect());
        Frame { rows: rows.len(), columns, patients }
    }
}

impl Column {
    fn len(&self) -> usize {
        match self {
            Self::Integer(values) => values.len(),
            Self::Number(values) => values.len(),
            Self::Factor(values) => values.len(),
        }
    }

    fn part(&self, rows: &[usize]) -> Column {
        match self {
            Self::Integer(values) => Self::Integer(
                rows.iter().map(|row| values.is_valid(*row).then(|| values.value(*row))).collect(),
            ),
            Self::Number(values) => Self::Number(
                rows.iter().map(|row| values.is_valid(*row).then(|| values.value(*row))).collect(),
            ),
            Self::Factor(values) => Self::Factor(
                rows.iter().map(|row| values.is_valid(*row).then(|| values.value(*row))).collect(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    fn name(text: &str) -> VariableName {
        VariableName::new(text).unwrap()
    }

    #[test]
    fn a_column_of_another_length_is_refused() {
        let columns = BTreeMap::from([(name("age"), Column::Integer(Int64Array::from(vec![1, 2])))]);
        let error = Frame::new(3, columns).err().unwrap();
        assert_eq!(error.to_string(), "column `age` has 2 rows, not 3");
    }

    #[test]
    fn a_part_has_its_rows_and_their_missing_values() {
        let values = Int64Array::from(vec![Some(1), None, Some(3)]);
        let frame = Frame::new(3, BTreeMap::from([(name("age"), Column::Integer(values))])).unwrap();
        let part = frame.part(&[2, 1, 9]);
        let Some(Column::Integer(values)) = part.column(&name("age")) else { panic!("not an integer") };
        assert_eq!(values.iter().collect::<Vec<_>>(), [Some(3), None]);
        assert_eq!(part.rows(), 2);
    }

    #[test]
    fn a_frame_knows_how_many_rows_a_patient_has() {
        let frame = |rows| Frame::new(rows, BTreeMap::new()).unwrap();
        assert_eq!((frame(0).most_rows_of_a_patient(), frame(3).most_rows_of_a_patient()), (0, 1));
        let visits = frame(6).of_patients(vec![7, 2, 7, 2, 7, 9]).unwrap();
        assert_eq!(visits.most_rows_of_a_patient(), 3);
        assert_eq!(visits.patients(), [vec![1, 3], vec![0, 2, 4], vec![5]]);
        assert_eq!(frame(2).patients(), [[0], [1]]);
        assert_eq!(visits.part(&[1, 0, 3, 5, 99]).most_rows_of_a_patient(), 2);
        let error = frame(3).of_patients(vec![1]).err().unwrap();
        assert_eq!(error.to_string(), "the patients of 1 rows are given, not of 3");
    }
}
