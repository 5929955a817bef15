//! The pattern of a frequency table.
//!
//! Everything that could be weak in the table (a count, a rest of a group, a line, a range) has a strength:
//! the largest k it stands up to. The weakest is mended by withholding one more cell, and so on until
//! everything stands up to k. Which cell comes next never depends on k, which only says when to stop; so a
//! larger k withholds what a smaller one does, and more.

pub(crate) mod table;
pub(crate) mod withheld;

use crate::frequency::table::{Line, Table};
use crate::frequency::withheld::Withheld;
use crate::profile::Threshold;
use crate::rule::secondary::range;
use crate::rule::{Rule, complement, primary, secondary};

/// Something that may be weak.
#[derive(Clone, Copy)]
enum Weakness {
    /// A released count that is small or leaves a small rest.
    Count(usize),
    /// A line in which something is withheld, but too little.
    Line(Line),
    /// A withheld count with a narrow range.
    Range(usize),
}

/// For each cell of a frequency table, row by row, the rule that withholds it.
pub(crate) fn withhold(counts: &[i128], columns: usize, minimum: Threshold) -> Vec<Option<Rule>> {
    let table = Table::new(counts, columns);
    let mut pattern = Pattern::new(&table);
    let k = i128::from(minimum.get());
    while let Some(cell) = pattern.weakest(k).and_then(|weakness| pattern.remedy(weakness)) {
        pattern.withheld.add(&table, cell);
    }
    let mut rules = vec![None; counts.len()];
    for cell in pattern.withheld.cells() {
        rules[table.positions()[*cell]] = Some(rule(&table, *cell, minimum));
    }
    rules
}

/// The first of the rules that ask for a withheld cell.
fn rule(table: &Table, cell: usize, minimum: Threshold) -> Rule {
    let asks = |strength: Option<i128>| strength.is_some_and(|strength| minimum.is_small(strength));
    let count = table.count(cell);
    if asks(primary::strength(count)) {
        Rule::Primary
    } else if asks(complement::strength(count, table.groups_of(cell))) {
        Rule::Complement
    } else {
        Rule::Secondary
    }
}

struct Pattern<'a> {
    table: &'a Table,
    /// The counts that are small, or leave a small rest, for some k: the weakest first.
    counts: Vec<(i128, usize)>,
    withheld: Withheld,
    /// A width that each cell's range is known to have; ranges only widen as more is withheld.
    known_width: Vec<i128>,
}

impl<'a> Pattern<'a> {
    fn new(table: &'a Table) -> Self {
        let strength = |cell: usize| {
            let count = table.count(cell);
            let rest = complement::strength(count, table.groups_of(cell));
            primary::strength(count).into_iter().chain(rest).min()
        };
        let cells = 0..table.counts().len();
        let known_width = vec![0; cells.len()];
        let mut counts: Vec<_> = cells.filter_map(|cell| Some((strength(cell)?, cell))).collect();
        counts.sort_unstable();
        Self { table, counts, withheld: Withheld::nothing(table), known_width }
    }

    /// The weakest thing that does not stand up to `k`; of equals, counts come before lines and lines before
    /// ranges.
    fn weakest(&mut self, k: i128) -> Option<Weakness> {
        let count = self.counts.iter().find(|(_, cell)| !self.withheld.holds(*cell));
        let count = count.map(|(strength, cell)| (*strength, Weakness::Count(*cell)));
        let weak = count.into_iter().chain(self.lines()).filter(|(strength, _)| *strength < k);
        let weakest = weak.min_by_key(|(strength, _)| *strength);
        let limit = weakest.map_or(k, |(strength, _)| strength);
        self.narrowest(limit).or(weakest.map(|(_, weakness)| weakness))
    }

    /// The cell to withhold against a weakness.
    fn remedy(&self, weakness: Weakness) -> Option<usize> {
        let companion =
            |among: &mut dyn Iterator<Item = usize>| secondary::companion(self.table, &self.withheld, among);
        match weakness {
            Weakness::Count(cell) => Some(cell),
            Weakness::Line(line) => companion(&mut self.table.cells_of(line)),
            Weakness::Range(cell) => {
                let mut near = self.table.lines_of(cell).flat_map(|line| self.table.cells_of(line));
                companion(&mut near).or_else(|| companion(&mut (0..self.table.counts().len())))
            }
        }
    }

    fn lines(&self) -> impl Iterator<Item = (i128, Weakness)> + '_ {
        self.table.lines().filter_map(|line| {
            let strength = secondary::strength(self.table, line, &self.withheld)?;
            Some((strength, Weakness::Line(line)))
        })
    }

    /// The narrowest range that is narrower than `limit` and than its row and column allow.
    fn narrowest(&mut self, limit: i128) -> Option<Weakness> {
        if self.table.rows() < 2 || self.table.columns() < 2 || self.withheld.is_everything() {
            return None;
        }
        let mut narrowest: Option<(i128, usize)> = None;
        for cell in self.withheld.cells().iter().copied() {
            let [row, column, _] = self.table.groups_of(cell);
            let enough = limit.min(row).min(column);
            if self.known_width[cell] < enough {
                self.known_width[cell] = range::width(self.table, &self.withheld, cell, enough);
            }
            let width = self.known_width[cell];
            if width < enough && narrowest.is_none_or(|least| (width, cell) < least) {
                narrowest = Some((width, cell));
            }
        }
        narrowest.map(|(_, cell)| Weakness::Range(cell))
    }
}

#[cfg(test)]
mod tests;
