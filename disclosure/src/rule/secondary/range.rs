//! How far a withheld count can be narrowed down by somebody who knows every released count and every margin.
//!
//! The tables that fit what is known differ from the true one by circulations: a cell goes up, another of its
//! column down, another of that row up, and so on back to the first. So the most by which a cell can go up is
//! a maximum flow from its column back to its row through the withheld cells, where going up is free and
//! going down stops at 0; and the most by which it can go down is one from its row to its column.

use std::collections::VecDeque;

use crate::frequency::table::Table;
use crate::frequency::withheld::Withheld;

/// The width of the range of values that `cell` may have, or `enough` if it is at least that.
pub(crate) fn width(table: &Table, withheld: &Withheld, cell: usize, enough: i128) -> i128 {
    let (row, column) = (Node::Row(table.row(cell)), Node::Column(table.column(cell)));
    let up = Flow::new(table, withheld, cell).most(column, row, enough);
    let down = enough.min(table.count(cell) + up) - up;
    up + Flow::new(table, withheld, cell).most(row, column, down)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Node {
    Row(usize),
    Column(usize),
}

/// A table that fits what is known, apart from one cell.
struct Flow<'a> {
    table: &'a Table,
    withheld: &'a Withheld,
    apart: usize,
    counts: Vec<i128>,
}

impl<'a> Flow<'a> {
    fn new(table: &'a Table, withheld: &'a Withheld, apart: usize) -> Self {
        Self { table, withheld, apart, counts: table.counts().to_vec() }
    }

    /// The maximum flow between two nodes, or `enough`: augmented along shortest paths (Edmonds and Karp
    /// 1972).
    fn most(mut self, from: Node, to: Node, enough: i128) -> i128 {
        let mut flow = 0;
        while flow < enough {
            let Some(path) = self.shortest_path(from, to) else { break };
            let falling = path.iter().filter(|(_, change)| *change == Change::Down);
            let bottleneck = falling.map(|(cell, _)| self.counts[*cell]).min().unwrap_or(enough);
            let step = bottleneck.min(enough - flow);
            for (cell, change) in path {
                match change {
                    Change::Up => self.counts[cell] += step,
                    Change::Down => self.counts[cell] -= step,
                }
            }
            flow += step;
        }
        flow
    }

    /// The cells to change, one after another, to lead from one node to the other.
    fn shortest_path(&self, from: Node, to: Node) -> Option<Vec<(usize, Change)>> {
        let mut came_by: Vec<Option<Step>> = vec![None; self.table.rows() + self.table.columns()];
        let mut queue = VecDeque::from([from]);
        while let Some(node) = queue.pop_front() {
            for step in self.steps(node) {
                let slot = &mut came_by[self.index(step.to)];
                if step.to == from || slot.is_some() {
                    continue;
                }
                *slot = Some(step);
                if step.to == to {
                    return Some(self.path(from, to, &came_by));
                }
                queue.push_back(step.to);
            }
        }
        None
    }

    fn path(&self, from: Node, to: Node, came_by: &[Option<Step>]) -> Vec<(usize, Change)> {
        let mut path = Vec::new();
        let mut node = to;
        while node != from {
            let Some(step) = came_by[self.index(node)] else { break };
            path.push((step.cell, step.change));
            node = step.from;
        }
        path
    }

    /// From a row every withheld cell of it may go up; from a column every one that is not empty may go down.
    fn steps(&self, from: Node) -> impl Iterator<Item = Step> + '_ {
        let (count, change) = match from {
            Node::Row(_) => (self.table.columns(), Change::Up),
            Node::Column(_) => (self.table.rows(), Change::Down),
        };
        (0..count)
            .map(move |other| match from {
                Node::Row(row) => (self.table.cell(row, other), Node::Column(other)),
                Node::Column(column) => (self.table.cell(other, column), Node::Row(other)),
            })
            .filter(move |(cell, _)| self.withheld.holds(*cell) && *cell != self.apart)
            .filter(move |(cell, _)| change == Change::Up || self.counts[*cell] > 0)
            .map(move |(cell, to)| Step { from, to, cell, change })
    }

    fn index(&self, node: Node) -> usize {
        match node {
            Node::Row(row) => row,
            Node::Column(column) => self.table.rows() + column,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Down,
    Up,
}

/// One step of a path: which cell changes to lead from one node to the next.
#[derive(Debug, Clone, Copy)]
struct Step {
    from: Node,
    to: Node,
    cell: usize,
    change: Change,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn withheld(table: &Table, cells: &[usize]) -> Withheld {
        let mut withheld = Withheld::nothing(table);
        cells.iter().for_each(|cell| withheld.add(table, *cell));
        withheld
    }

    #[test]
    fn a_rectangle_of_withheld_cells_can_shift_and_a_lone_cell_cannot() {
        let table = Table::new(&[100, 20, 50, 30, 3, 40, 60, 70, 80], 3);
        let rectangle = withheld(&table, &[0, 1, 3, 4]);
        // 3 may go down to 0, and up by 20, when 20 is down to 0.
        assert_eq!(width(&table, &rectangle, 4, 1000), 23);
        assert_eq!(width(&table, &rectangle, 4, 10), 10);
        assert_eq!(width(&table, &withheld(&table, &[4]), 4, 1000), 0);
    }

    #[test]
    fn a_cell_that_bridges_two_rectangles_is_found_by_subtraction() {
        // Two rectangles of withheld cells joined by the cell in row 1, column 2.
        let table = Table::new(&[50, 60, 99, 99, 70, 80, 7, 99, 99, 99, 50, 60, 99, 99, 70, 80], 4);
        let joined = withheld(&table, &[0, 1, 4, 5, 6, 10, 11, 14, 15]);
        assert_eq!(width(&table, &joined, 6, 1000), 0);
        assert!(width(&table, &joined, 0, 1000) > 0);
    }
}
