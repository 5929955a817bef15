//! The answer of a statistic.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::figure::Figure;
use crate::totals::Totals;

/// What `advance` gives: the result for programs, a tidy table for CSV and tables for people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// How much of the answer there is.
    pub status: Status,
    /// Why it is not whole, in words.
    pub reason: Option<String>,
    /// The result as `result.json` carries it; null where there is none.
    pub result: Value,
    /// One tidy table: the analysis' CSV file.
    pub tidy: Table,
    /// Tables for people, with labels.
    pub shown: Vec<Table>,
}

/// How much of an answer there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// All of it.
    Released,
    /// Some numbers were withheld.
    PartlySuppressed,
    /// All numbers, or ones that every other needs, were withheld.
    Suppressed,
    /// It cannot be computed from these data.
    Refused,
}

/// A rectangular table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct Table {
    /// What it shows.
    pub title: String,
    /// Column headings.
    pub columns: Vec<String>,
    /// Rows, each as long as the headings.
    pub rows: Vec<Vec<Cell>>,
}

/// A cell of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cell {
    /// A word or a name.
    Text(String),
    /// A count.
    Count(u64),
    /// A number; always finite.
    Number(f64),
    /// A number withheld by a disclosure rule.
    Withheld,
    /// Nothing.
    Empty,
}

impl Outcome {
    /// An answer, as whole as its totals are.
    pub(crate) fn answered(
        totals: &Totals,
        result: &impl Serialize,
        tidy: Table,
        shown: Vec<Table>,
    ) -> Outcome {
        let withheld = totals.withheld();
        let (status, reason) = match withheld {
            0 => (Status::Released, None),
            _ if withheld == totals.len() => {
                (Status::Suppressed, Some("every number was withheld by a disclosure rule".to_owned()))
            }
            _ => {
                let all = totals.len();
                (
                    Status::PartlySuppressed,
                    Some(format!("{withheld} of {all} numbers were withheld by a disclosure rule")),
                )
            }
        };
        let result = serde_json::to_value(result).unwrap_or(Value::Null);
        Outcome { status, reason, result, tidy, shown }
    }

    /// No answer, because these data give none.
    pub fn refused(reason: impl Into<String>) -> Outcome {
        Self::without_result(Status::Refused, reason)
    }

    /// No answer, because numbers it needs were withheld.
    pub fn suppressed(reason: impl Into<String>) -> Outcome {
        Self::without_result(Status::Suppressed, reason)
    }

    fn without_result(status: Status, reason: impl Into<String>) -> Outcome {
        Outcome {
            status,
            reason: Some(reason.into()),
            result: Value::Null,
            tidy: Table::default(),
            shown: Vec::new(),
        }
    }
}

impl Table {
    /// An empty table.
    pub(crate) fn new<T: Into<String>>(
        title: impl Into<String>,
        columns: impl IntoIterator<Item = T>,
    ) -> Table {
        Table {
            title: title.into(),
            columns: columns.into_iter().map(Into::into).collect(),
            rows: Vec::new(),
        }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Cell {
        if text.is_empty() { Cell::Empty } else { Cell::Text(text.to_owned()) }
    }
}

impl From<u64> for Cell {
    fn from(count: u64) -> Cell {
        Cell::Count(count)
    }
}

impl From<f64> for Cell {
    fn from(number: f64) -> Cell {
        if number.is_finite() { Cell::Number(number) } else { Cell::Empty }
    }
}

impl<T: Into<Cell>> From<Figure<T>> for Cell {
    fn from(figure: Figure<T>) -> Cell {
        match figure {
            Figure::Known(value) => value.into(),
            Figure::Withheld => Cell::Withheld,
            Figure::Undefined => Cell::Empty,
        }
    }
}
