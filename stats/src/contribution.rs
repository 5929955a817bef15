//! What leaves a node: a vector of integers that adds up.

use notochord_proto::layout::Layout;
use notochord_proto::name::VariableName;
use serde::{Deserialize, Serialize};

/// The integers of one statistic over some rows, in the order of its [`Layout`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contribution(Vec<i128>);

/// Why a vector is not a contribution to a layout, or two vectors do not add up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContributionFault {
    /// Its length is not the layout's.
    #[error("the vector has {found} integers, the layout {expected}")]
    Length {
        /// How long it is.
        found: usize,
        /// How long it must be.
        expected: usize,
    },
    /// A count below 0, or above what a frame can hold.
    #[error("`{entry}` is not a possible count")]
    Count {
        /// The cell, as the layout names it.
        entry: String,
    },
    /// A sum that the counted units cannot add up to.
    #[error("`{entry}` is more than its units can add up to")]
    Sum {
        /// The sum, as the layout names it.
        entry: String,
    },
    /// A total beyond 128 bits.
    #[error("a total does not fit 128 bits")]
    Overflow,
}

/// Why a node could not compute its vector. It names variables, never values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContributeError {
    /// The frame lacks a column the statistic reads.
    #[error("the frame has no column `{0}`")]
    NoColumn(VariableName),
    /// A column is not of the variable's kind.
    #[error("column `{0}` is not of the variable's kind")]
    WrongKind(VariableName),
    /// A question that is none to this statistic.
    #[error(transparent)]
    Question(#[from] crate::question::QuestionError),
    /// A value outside the public bounds or levels of its variable.
    #[error("`{0}` has a value outside its public bounds")]
    OutOfBounds(String),
}

/// More units than any frame holds; it keeps every product of counts and sums inside 128 bits.
pub(crate) const MOST_UNITS: i128 = 1 << 40;

impl Contribution {
    /// The contribution of no rows.
    pub fn zero(length: usize) -> Self {
        Self(vec![0; length])
    }

    /// A vector from outside, checked against its layout: the length, counts that are counts, and sums that
    /// the counted units can add up to.
    pub fn checked(values: Vec<i128>, layout: &Layout) -> Result<Self, ContributionFault> {
        if values.len() != layout.len() {
            return Err(ContributionFault::Length { found: values.len(), expected: layout.len() });
        }
        let (counts, sums) = values.split_at(layout.count_cells());
        let entry = |at: usize| layout.names().nth(at).unwrap_or_default();
        if let Some(at) = counts.iter().position(|count| !(0..=MOST_UNITS).contains(count)) {
            return Err(ContributionFault::Count { entry: entry(at) });
        }
        for (at, (value, sum)) in sums.iter().zip(&layout.sums).enumerate() {
            let units: i128 = sum.over.iter().filter_map(|cell| counts.get(*cell)).sum();
            let possible = sum
                .unit_bound
                .checked_mul(units)
                .is_some_and(|most| value.unsigned_abs() <= most.unsigned_abs());
            if !possible {
                return Err(ContributionFault::Sum { entry: entry(counts.len() + at) });
            }
        }
        Ok(Self(values))
    }

    /// The integers.
    pub fn values(&self) -> &[i128] {
        &self.0
    }

    /// Adds another contribution to the same layout.
    pub fn add(&mut self, other: &Contribution) -> Result<(), ContributionFault> {
        if other.0.len() != self.0.len() {
            return Err(ContributionFault::Length { found: other.0.len(), expected: self.0.len() });
        }
        for (total, value) in self.0.iter_mut().zip(&other.0) {
            *total = total.checked_add(*value).ok_or(ContributionFault::Overflow)?;
        }
        Ok(())
    }

    /// Adds to one integer, for a statistic that goes through the rows of a frame.
    pub(crate) fn tally(&mut self, at: usize, value: i128) {
        if let Some(total) = self.0.get_mut(at) {
            *total += value;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use notochord_proto::layout::{CountTable, Sum, TablePurpose};

    use super::*;

    fn layout() -> Layout {
        let used = CountTable {
            name: "rows".into(),
            rows: vec!["used".into()],
            columns: vec![String::new()],
            purpose: TablePurpose::Base,
        };
        let age = Sum { name: "age".into(), over: vec![0], unit_bound: 100 };
        Layout { tables: vec![used], sums: vec![age], design: None }
    }

    #[test]
    fn a_vector_that_no_frame_gives_is_not_a_contribution() {
        let layout = layout();
        assert!(Contribution::checked(vec![3, -300], &layout).is_ok());
        let faults = [vec![3], vec![-1, 0], vec![3, 301], vec![0, 1], vec![i128::MAX, 0]];
        for values in faults {
            assert!(Contribution::checked(values.clone(), &layout).is_err(), "{values:?}");
        }
        let error = Contribution::checked(vec![3, i128::MIN], &layout).unwrap_err();
        assert_eq!(error.to_string(), "`age` is more than its units can add up to");
    }

    #[test]
    fn adding_beyond_128_bits_is_an_error_and_not_a_wrong_number() {
        let mut total = Contribution(vec![i128::MAX]);
        assert_eq!(total.add(&Contribution(vec![1])), Err(ContributionFault::Overflow));
        assert!(total.add(&Contribution::zero(2)).is_err());
    }
}
