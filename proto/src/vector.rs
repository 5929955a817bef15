//! A contribution on the wire: integers of 128 bits, some of them withheld.

use crate::layout::Layout;
use crate::wire::Contribution;

/// The most integers of one contribution.
pub const MOST_INTEGERS: usize = 1 << 20;

/// Why bytes are not a contribution of the expected layout.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VectorError {
    /// It means something else.
    #[error("the contribution has another layout than the study")]
    Layout,
    /// It is longer or shorter than its layout.
    #[error("the contribution has {found} bytes for {expected} integers")]
    Length {
        /// Integers of the layout.
        expected: usize,
        /// Bytes received.
        found: usize,
    },
    /// A number no data could give.
    #[error("`{0}` is out of bounds")]
    OutOfBounds(String),
}

/// Writes a vector; `None` is a withheld integer.
pub fn encode(layout: &Layout, vector: &[Option<i128>], rules: Vec<String>) -> Contribution {
    let mut withheld = vec![0; vector.len().div_ceil(8)];
    let mut values = Vec::with_capacity(vector.len() * 16);
    for (index, value) in vector.iter().enumerate() {
        values.extend_from_slice(&value.unwrap_or(0).to_le_bytes());
        if value.is_none() {
            withheld[index / 8] |= 1 << (index % 8);
        }
    }
    Contribution { layout: layout.digest().as_bytes().to_vec(), values, withheld, rules }
}

/// Reads a vector of `layout`, and checks what can be checked without the rows: counts are not negative, and no
/// sum exceeds what its units could add.
pub fn decode(layout: &Layout, contribution: &Contribution) -> Result<Vec<Option<i128>>, VectorError> {
    if contribution.layout != layout.digest().as_bytes() {
        return Err(VectorError::Layout);
    }
    let (expected, found) = (layout.len(), contribution.values.len());
    if expected > MOST_INTEGERS
        || found != expected * 16
        || contribution.withheld.len() != expected.div_ceil(8)
    {
        return Err(VectorError::Length { expected, found });
    }
    let vector: Vec<Option<i128>> = contribution
        .values
        .as_chunks::<16>()
        .0
        .iter()
        .enumerate()
        .map(|(index, bytes)| {
            let withheld = contribution.withheld[index / 8] >> (index % 8) & 1 == 1;
            (!withheld).then(|| i128::from_le_bytes(*bytes))
        })
        .collect();
    match out_of_bounds(layout, &vector) {
        Some(index) => Err(VectorError::OutOfBounds(layout.names().nth(index).unwrap_or_default())),
        None => Ok(vector),
    }
}

/// More units than this at one site are not believed.
const MOST_UNITS: i128 = 1 << 32;

fn out_of_bounds(layout: &Layout, vector: &[Option<i128>]) -> Option<usize> {
    let counts = layout.count_cells();
    let bad_count =
        vector[..counts].iter().position(|value| value.is_some_and(|n| !(0..=MOST_UNITS).contains(&n)));
    let bad_sum = layout.sums.iter().zip(&vector[counts..]).position(|(sum, value)| {
        let units = sum.over.iter().try_fold(0, |units, cell| Some(units + (*vector.get(*cell)?)?));
        match (value, units) {
            (Some(value), Some(units)) => {
                value.unsigned_abs() > sum.unit_bound.unsigned_abs().saturating_mul(i128::unsigned_abs(units))
            }
            (Some(_), None) | (None, _) => false,
        }
    });
    bad_count.or(bad_sum.map(|index| counts + index))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;
    use crate::layout::{CountTable, Sum, TablePurpose};

    fn layout() -> Layout {
        let table = CountTable {
            name: "rows".into(),
            rows: vec!["used".into(), "lost".into()],
            columns: vec![String::new()],
            purpose: TablePurpose::Base,
        };
        Layout {
            tables: vec![table],
            sums: vec![Sum { name: "age".into(), over: vec![0], unit_bound: 100 }],
            design: None,
        }
    }

    #[test]
    fn counts_below_zero_and_sums_beyond_their_units_are_rubbish() {
        let read = |vector: &[Option<i128>]| decode(&layout(), &encode(&layout(), vector, vec![]));
        assert!(read(&[Some(3), Some(0), Some(-300)]).is_ok());
        assert_eq!(read(&[Some(-1), Some(0), Some(0)]), Err(VectorError::OutOfBounds("rows: used".into())));
        assert_eq!(read(&[Some(3), Some(0), Some(301)]), Err(VectorError::OutOfBounds("age".into())));
        assert_eq!(
            read(&[Some(i128::MAX), Some(0), Some(0)]),
            Err(VectorError::OutOfBounds("rows: used".into()))
        );
        assert!(read(&[None, Some(0), None]).is_ok());
    }

    #[test]
    fn a_vector_of_another_layout_is_not_taken_for_this_one() {
        let mut other = layout();
        other.sums[0].name = "nodes".into();
        let contribution = encode(&other, &[Some(1), Some(1), Some(1)], vec![]);
        assert_eq!(decode(&layout(), &contribution), Err(VectorError::Layout));
    }

    proptest! {
        #[test]
        fn a_vector_reads_back_what_was_written(used in 0..1000_i128, share in -100..=100_i128, hidden: bool) {
            let vector = [Some(used), if hidden { None } else { Some(0) }, Some(used * share)];
            prop_assert_eq!(decode(&layout(), &encode(&layout(), &vector, vec![])).unwrap(), vector);
        }

        #[test]
        fn no_bytes_make_the_reader_panic(values: Vec<u8>, withheld: Vec<u8>) {
            let contribution = Contribution { layout: layout().digest().as_bytes().to_vec(), values, withheld, rules: vec![] };
            let _ = decode(&layout(), &contribution);
        }
    }
}
