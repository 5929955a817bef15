//! Contradictions between fields.

use crate::expression::Expression;
use crate::problem::Place;
use crate::study::Rows;

/// A contradiction: rows for which the condition is true cannot all be right.
#[derive(Debug, Clone, PartialEq)]
pub struct ContradictionRule {
    /// Its id, unlike any other.
    pub id: String,
    /// What is contradictory, in a sentence for the person who mends it.
    pub says: String,
    /// Whether it is judged over patients or over visits.
    pub rows: Rows,
    /// True where the fields contradict each other.
    pub condition: Expression,
    /// Where the condition stands.
    pub place: Place,
}
