//! The layout of a contribution: what each integer of the vector is.
//!
//! A contribution is the cells of every table, row by row, then every sum. The layout is a function of the
//! study, the dictionary and the roster alone, so the coordinator and every node compute the same one, and the
//! disclosure rules need nothing else to act.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// What a statistic's vector holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct Layout {
    /// Tables of counts, first in the vector.
    pub tables: Vec<CountTable>,
    /// Sums over units, after the tables.
    pub sums: Vec<Sum>,
    /// Set for a model: its contribution leaves whole or not at all.
    pub design: Option<Design>,
}

/// A table of counts of units. Each unit stands in at most one cell, so margins are sums of cells and are
/// never sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CountTable {
    /// What is counted, in words.
    pub name: String,
    /// Row headings.
    pub rows: Vec<String>,
    /// Column headings; one column for a plain list of counts.
    pub columns: Vec<String>,
    /// What the table's small cells would disclose.
    pub purpose: TablePurpose,
}

/// What a table is for, which decides the rules on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TablePurpose {
    /// Cells of a frequency table: primary, complement and secondary suppression.
    Frequency,
    /// How many units stand behind sums: primary suppression only; sums fall with their count.
    Base,
    /// Values on a fine public grid, from which quantiles are read: cells fall alone.
    Grid,
    /// Missing values: primary suppression only.
    Missing,
}

/// A sum of one quantity over the units that a cell counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sum {
    /// What is added, in words.
    pub name: String,
    /// The cells (positions in the vector) whose units contribute: the sum is their total.
    pub over: Vec<usize>,
    /// The greatest absolute value one unit can add.
    pub unit_bound: i128,
}

/// The shape of a model's design matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Design {
    /// Columns, the intercept included.
    pub columns: usize,
    /// The cell that counts the rows used.
    pub rows: usize,
}

impl CountTable {
    /// How many cells.
    pub fn cells(&self) -> usize {
        self.rows.len() * self.columns.len()
    }
}

impl Layout {
    /// How many integers the vector has.
    pub fn len(&self) -> usize {
        self.count_cells() + self.sums.len()
    }

    /// Whether the vector is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many of the integers, from the front, are counts.
    pub fn count_cells(&self) -> usize {
        self.tables.iter().map(CountTable::cells).sum()
    }

    /// Names the layout: SHA-256 of its JSON. Two sides with the same digest mean the same by every integer.
    pub fn digest(&self) -> Digest {
        // Serialising plain strings and numbers into memory cannot fail.
        Digest::of(&serde_json::to_vec(self).unwrap_or_default())
    }

    /// The position of each table's first cell.
    pub fn offsets(&self) -> Vec<usize> {
        let mut next = 0;
        self.tables
            .iter()
            .map(|table| {
                let offset = next;
                next += table.cells();
                offset
            })
            .collect()
    }

    /// A name in words for each integer, such as `sex by arm: female, treated`.
    pub fn names(&self) -> impl Iterator<Item = String> + '_ {
        let cells = self.tables.iter().flat_map(|table| {
            table.rows.iter().flat_map(move |row| {
                table.columns.iter().map(move |column| match column.as_str() {
                    "" => format!("{}: {row}", table.name),
                    _ => format!("{}: {row}, {column}", table.name),
                })
            })
        });
        cells.chain(self.sums.iter().map(|sum| sum.name.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_integer_of_the_vector_has_a_name() {
        let table = |name: &str, rows: &[&str], columns: &[&str]| CountTable {
            name: name.into(),
            rows: rows.iter().map(|r| r.to_string()).collect(),
            columns: columns.iter().map(|c| c.to_string()).collect(),
            purpose: TablePurpose::Frequency,
        };
        let layout = Layout {
            tables: vec![table("sex by arm", &["f", "m"], &["a", "b"]), table("rows", &["used"], &[""])],
            sums: vec![Sum { name: "age".into(), over: vec![4], unit_bound: 100 }],
            design: None,
        };
        let names: Vec<_> = layout.names().collect();
        assert_eq!(names.len(), layout.len());
        assert_eq!(layout.offsets(), [0, 4]);
        assert_eq!(names[1], "sex by arm: f, b");
        assert_eq!(names[4], "rows: used");
    }
}
