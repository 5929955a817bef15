//! Builds a layout and remembers where everything in it stands.

use notochord_proto::layout::{CountTable, Design, Layout, Sum, TablePurpose};

/// The most integers one analysis may send.
pub(crate) const LONGEST: usize = 200_000;

/// The most cells of one frequency table: the disclosure rules on it take time that grows faster than its
/// square.
pub(crate) const MOST_CELLS: usize = 4_000;

/// The count tables of a layout, first in the vector.
#[derive(Default, Clone)]
pub(crate) struct Tables {
    tables: Vec<CountTable>,
    next: usize,
}

/// Where the cells of a table stand in the vector.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cells {
    first: usize,
    columns: usize,
}

/// The sums of a layout, after its tables.
pub(crate) struct Sums {
    layout: Layout,
}

impl Tables {
    /// Adds a table of counts.
    pub(crate) fn table(
        &mut self,
        purpose: TablePurpose,
        name: impl Into<String>,
        rows: Vec<String>,
        columns: Vec<String>,
    ) -> Cells {
        let cells = Cells { first: self.next, columns: columns.len() };
        self.next += rows.len() * columns.len();
        self.tables.push(CountTable { name: name.into(), rows, columns, purpose });
        cells
    }

    /// Adds a list of counts.
    pub(crate) fn list(
        &mut self,
        purpose: TablePurpose,
        name: impl Into<String>,
        rows: Vec<String>,
    ) -> Cells {
        self.table(purpose, name, rows, vec![String::new()])
    }

    /// Adds a single count.
    pub(crate) fn count(&mut self, purpose: TablePurpose, name: impl Into<String>, row: &str) -> usize {
        self.list(purpose, name, vec![row.to_owned()]).at(0, 0)
    }

    /// How many cells so far.
    pub(crate) fn len(&self) -> usize {
        self.next
    }

    /// Ends the tables.
    pub(crate) fn sums(self) -> Sums {
        Sums { layout: Layout { tables: self.tables, sums: Vec::new(), design: None } }
    }
}

impl Cells {
    /// The position of a cell.
    pub(crate) fn at(&self, row: usize, column: usize) -> usize {
        self.first + row * self.columns + column
    }
}

impl Sums {
    /// Adds a sum over the units that these cells count; gives its position.
    pub(crate) fn sum(&mut self, name: impl Into<String>, over: Vec<usize>, unit_bound: i128) -> usize {
        self.layout.sums.push(Sum { name: name.into(), over, unit_bound });
        self.layout.len() - 1
    }

    /// The layout of a table or a summary.
    pub(crate) fn finish(self) -> Layout {
        self.layout
    }

    /// The layout of a model.
    pub(crate) fn finish_model(self, design: Design) -> Layout {
        Layout { design: Some(design), ..self.layout }
    }
}
