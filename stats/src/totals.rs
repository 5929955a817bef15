//! What the network's half works from: the added vectors, some numbers of which may have been withheld.

use crate::contribution::{Contribution, MOST_UNITS};
use crate::figure::Figure;

/// The totals of a run, in the order of the statistic's layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Totals {
    values: Vec<Option<i128>>,
}

impl Totals {
    /// Totals of which some (`None`) were withheld by a disclosure rule at some site.
    pub fn new(values: Vec<Option<i128>>) -> Self {
        Self { values }
    }

    /// The sites' vectors added. A total of which a part is withheld is withheld: it would be wrong.
    pub(crate) fn of<'a>(length: usize, vectors: impl Iterator<Item = &'a [Option<i128>]> + Clone) -> Self {
        let total = |at: usize| {
            vectors
                .clone()
                .try_fold(0_i128, |sum, vector| vector.get(at).copied().flatten()?.checked_add(sum))
        };
        Self::new((0..length).map(total).collect())
    }

    /// How many numbers, withheld ones included.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// How many were withheld.
    pub fn withheld(&self) -> usize {
        self.values.iter().filter(|value| value.is_none()).count()
    }

    /// The number at a position.
    pub(crate) fn sum(&self, at: usize) -> Figure<i128> {
        match self.values.get(at) {
            Some(Some(value)) => Figure::Known(*value),
            Some(None) | None => Figure::Withheld,
        }
    }

    /// The count at a position; what cannot be a count is undefined.
    pub(crate) fn count(&self, at: usize) -> Figure<u64> {
        self.sum(at).and_then(|value| match u64::try_from(value) {
            Ok(count) if value <= MOST_UNITS => Figure::Known(count),
            _ => Figure::Undefined,
        })
    }
}

impl From<Contribution> for Totals {
    fn from(contribution: Contribution) -> Self {
        Self::new(contribution.values().iter().copied().map(Some).collect())
    }
}
