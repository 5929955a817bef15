//! How nearly two numbers agree.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};

/// The largest relative error of a number; counts have none.
const TOLERANCE: f64 = 1e-9;
/// The largest error of a p-value.
const TOLERANCE_OF_P: f64 = 1e-10;

/// What has been compared, and the worst of it, by kind of analysis.
#[derive(Default)]
pub(crate) struct Agreement {
    kinds: BTreeMap<String, Worst>,
}

struct Worst {
    compared: usize,
    error: f64,
    place: String,
}

impl Agreement {
    /// Every number of R's answer is in the result and agrees; a whole number of the result is a count and is
    /// the very same.
    pub(crate) fn compare(&mut self, kind: &str, place: &str, expected: &Value, found: &Value) {
        match (expected, found) {
            (Value::Array(expected), Value::Array(found)) => {
                assert_eq!(expected.len(), found.len(), "{place}");
                let pairs = expected.iter().zip(found).enumerate();
                pairs.for_each(|(at, (expected, found))| {
                    self.compare(kind, &format!("{place}[{at}]"), expected, found)
                });
            }
            (Value::Object(expected), Value::Object(found)) if is_symmetric(expected) => {
                assert_eq!(
                    (&expected["rows"], &expected["cols"]),
                    (&found["rows"], &found["cols"]),
                    "{place}"
                );
                self.compare_covariances(kind, place, &expected["data"], &found["data"]);
            }
            (Value::Object(expected), Value::Object(found)) => {
                assert!(
                    expected.keys().eq(found.keys()),
                    "{place}: {:?} and {:?}",
                    expected.keys(),
                    found.keys()
                );
                let pairs = expected.iter().zip(found.values());
                pairs.for_each(|((key, expected), found)| {
                    self.compare(kind, &format!("{place}/{key}"), expected, found)
                });
            }
            (Value::Number(expected), Value::Number(found)) => {
                let (expected, whole) = (expected.as_f64().unwrap(), !found.is_f64());
                let found = found.as_f64().unwrap();
                let error = relative_error(expected, found);
                let is_p = place.rsplit('/').next().is_some_and(|field| ["p", "p_value"].contains(&field));
                let agrees = match (whole, is_p) {
                    (true, _) => error == 0.0,
                    (false, true) => (expected - found).abs() <= TOLERANCE_OF_P,
                    (false, false) => error <= TOLERANCE,
                };
                assert!(agrees, "{place}: R has {expected}, the network {found}: {error:e}");
                self.note(kind, place, error);
            }
            _ => assert_eq!(expected, found, "{place}"),
        }
    }

    /// Covariances, each against the standard deviations of its two: one that is nothing has no digits of its own.
    fn compare_covariances(&mut self, kind: &str, place: &str, expected: &Value, found: &Value) {
        let matrix = |value: &Value| -> Vec<Vec<f64>> { serde_json::from_value(value.clone()).unwrap() };
        let (expected, found) = (matrix(expected), matrix(found));
        assert_eq!(expected.len(), found.len(), "{place}");
        for (row, (expected_row, found_row)) in expected.iter().zip(&found).enumerate() {
            for (column, (one, other)) in expected_row.iter().zip(found_row).enumerate() {
                let scale = (expected[row][row] * expected[column][column]).sqrt();
                let error = (one - other).abs() / scale;
                assert!(
                    error <= TOLERANCE,
                    "{place}[{row}][{column}]: R has {one}, the network {other}: {error:e}"
                );
                self.note(kind, place, error);
            }
        }
    }

    fn note(&mut self, kind: &str, place: &str, error: f64) {
        let start = Worst { compared: 0, error: -1.0, place: String::new() };
        let worst = self.kinds.entry(kind.to_owned()).or_insert(start);
        worst.compared += 1;
        if error > worst.error {
            (worst.error, worst.place) = (error, place.to_owned());
        }
    }
}

/// Whether it is a matrix of something by itself.
fn is_symmetric(matrix: &Map<String, Value>) -> bool {
    matrix.get("rows").is_some_and(|rows| Some(rows) == matrix.get("cols")) && matrix.contains_key("data")
}

fn relative_error(expected: f64, found: f64) -> f64 {
    let distance = (expected - found).abs();
    if expected == 0.0 { distance } else { distance / expected.abs() }
}

impl fmt::Display for Agreement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (kind, worst) in &self.kinds {
            let Worst { compared, error, place } = worst;
            write!(formatter, "\n  {kind}: {compared} numbers, worst relative error {error:.1e} at {place}")?;
        }
        Ok(())
    }
}
