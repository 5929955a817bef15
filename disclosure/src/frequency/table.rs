//! A frequency table without its empty rows and columns.
//!
//! A row or column of nobody is 0 throughout and says so; its cells neither need protection nor give any.

/// Counts in rows and columns, none of them empty.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    columns: usize,
    counts: Vec<i128>,
    positions: Vec<usize>,
    row_totals: Vec<i128>,
    column_totals: Vec<i128>,
    total: i128,
}

/// A row or column of a table, with a total that somebody may know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    Row(usize),
    Column(usize),
}

impl Table {
    /// The table whose cells, row by row, are `counts`, without its empty rows and columns.
    pub(crate) fn new(counts: &[i128], columns: usize) -> Self {
        let rows: Vec<&[i128]> = counts.chunks_exact(columns.max(1)).collect();
        let row_totals: Vec<i128> = rows.iter().map(|row| row.iter().sum()).collect();
        let column_totals: Vec<i128> =
            (0..columns).map(|column| rows.iter().map(|row| row[column]).sum()).collect();
        let positions: Vec<usize> = (0..rows.len() * columns)
            .filter(|cell| row_totals[cell / columns] > 0 && column_totals[cell % columns] > 0)
            .collect();
        let used =
            |totals: Vec<i128>| -> Vec<i128> { totals.into_iter().filter(|total| *total > 0).collect() };
        let (row_totals, column_totals) = (used(row_totals), used(column_totals));
        Self {
            columns: column_totals.len(),
            counts: positions.iter().map(|position| counts[*position]).collect(),
            positions,
            total: row_totals.iter().sum(),
            row_totals,
            column_totals,
        }
    }

    /// How many rows.
    pub(crate) fn rows(&self) -> usize {
        self.row_totals.len()
    }

    /// How many columns.
    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// The counts, row by row.
    pub(crate) fn counts(&self) -> &[i128] {
        &self.counts
    }

    /// Where each cell stood in the whole table.
    pub(crate) fn positions(&self) -> &[usize] {
        &self.positions
    }

    /// The count of a cell.
    pub(crate) fn count(&self, cell: usize) -> i128 {
        self.counts[cell]
    }

    /// The row of a cell.
    pub(crate) fn row(&self, cell: usize) -> usize {
        cell / self.columns
    }

    /// The column of a cell.
    pub(crate) fn column(&self, cell: usize) -> usize {
        cell % self.columns
    }

    /// The cell of a row and a column.
    pub(crate) fn cell(&self, row: usize, column: usize) -> usize {
        row * self.columns + column
    }

    /// The groups a cell is part of: its row, its column, the table.
    pub(crate) fn groups_of(&self, cell: usize) -> [i128; 3] {
        [self.row_totals[self.row(cell)], self.column_totals[self.column(cell)], self.total]
    }

    /// The lines of the table. A line of one cell is none: its total is the cell.
    pub(crate) fn lines(&self) -> impl Iterator<Item = Line> + '_ {
        let rows = (0..self.rows()).filter(|_| self.columns > 1).map(Line::Row);
        let columns = (0..self.columns).filter(|_| self.rows() > 1).map(Line::Column);
        rows.chain(columns)
    }

    /// The lines a cell stands in.
    pub(crate) fn lines_of(&self, cell: usize) -> impl Iterator<Item = Line> + '_ {
        let row = (self.columns > 1).then(|| Line::Row(self.row(cell)));
        let column = (self.rows() > 1).then(|| Line::Column(self.column(cell)));
        row.into_iter().chain(column)
    }

    /// The cells of a line.
    pub(crate) fn cells_of(&self, line: Line) -> impl ExactSizeIterator<Item = usize> + '_ {
        let (first, step, count) = match line {
            Line::Row(row) => (self.cell(row, 0), 1, self.columns),
            Line::Column(column) => (column, self.columns, self.rows()),
        };
        (0..count).map(move |place| first + place * step)
    }

    /// The total of a line.
    pub(crate) fn total_of(&self, line: Line) -> i128 {
        match line {
            Line::Row(row) => self.row_totals[row],
            Line::Column(column) => self.column_totals[column],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_rows_and_columns_are_left_out() {
        let table = Table::new(&[1, 0, 2, 0, 0, 0, 3, 0, 4], 3);
        assert_eq!((table.rows(), table.columns()), (2, 2));
        assert_eq!(table.counts(), [1, 2, 3, 4]);
        assert_eq!(table.positions(), [0, 2, 6, 8]);
        assert_eq!(table.groups_of(1), [3, 6, 10]);
        assert_eq!(table.cells_of(Line::Column(1)).collect::<Vec<_>>(), [1, 3]);
        assert_eq!(Table::new(&[], 0).rows(), 0);
    }

    #[test]
    fn a_list_of_counts_is_one_line() {
        let table = Table::new(&[5, 6, 7], 1);
        assert_eq!(table.lines().collect::<Vec<_>>(), [Line::Column(0)]);
    }
}
