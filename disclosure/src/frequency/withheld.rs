//! Which cells of a table are withheld, with a tally for each line.

use crate::frequency::table::{Line, Table};

/// The withheld cells of a table.
#[derive(Debug, Clone)]
pub(crate) struct Withheld {
    cells: Vec<bool>,
    order: Vec<usize>,
    rows: Vec<Tally>,
    columns: Vec<Tally>,
}

/// How much of a line is withheld.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Cells.
    pub(crate) cells: usize,
    /// Patients counted in them.
    pub(crate) patients: i128,
}

impl Withheld {
    /// Nothing of a table.
    pub(crate) fn nothing(table: &Table) -> Self {
        Self {
            cells: vec![false; table.counts().len()],
            order: Vec::new(),
            rows: vec![Tally::default(); table.rows()],
            columns: vec![Tally::default(); table.columns()],
        }
    }

    /// Withholds one more cell.
    pub(crate) fn add(&mut self, table: &Table, cell: usize) {
        self.cells[cell] = true;
        self.order.push(cell);
        for tally in [&mut self.rows[table.row(cell)], &mut self.columns[table.column(cell)]] {
            tally.cells += 1;
            tally.patients += table.count(cell);
        }
    }

    /// Whether a cell is withheld.
    pub(crate) fn holds(&self, cell: usize) -> bool {
        self.cells[cell]
    }

    /// How much of a line is withheld.
    pub(crate) fn of(&self, line: Line) -> Tally {
        match line {
            Line::Row(row) => self.rows[row],
            Line::Column(column) => self.columns[column],
        }
    }

    /// The withheld cells.
    pub(crate) fn cells(&self) -> &[usize] {
        &self.order
    }

    /// Whether the whole table is withheld.
    pub(crate) fn is_everything(&self) -> bool {
        self.order.len() == self.cells.len()
    }
}
