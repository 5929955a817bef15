//! The decision: which of a contribution's numbers leave.

use notochord_proto::layout::{CountTable, Design, Layout, TablePurpose};

use crate::frequency;
use crate::profile::{Rules, Threshold};
use crate::rule::{Fired, Rule, design, rows, sums};

/// Which numbers stay behind, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// For each number of the contribution whether it stays behind.
    pub withheld: Vec<bool>,
    /// The rules that held something back, in the order of the layout.
    pub fired: Vec<Fired>,
}

/// A contribution that does not fit its layout: a fault of the program, not of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DisclosureError {
    /// A number that cannot be a count.
    #[error("number {position} of the contribution is not a count")]
    Count {
        /// Its position.
        position: usize,
    },
    /// Too many or too few numbers.
    #[error("the contribution has {found} numbers, its layout {expected}")]
    Length {
        /// Numbers in the layout.
        expected: usize,
        /// Numbers in the contribution.
        found: usize,
    },
    /// A layout that speaks of a count it does not have.
    #[error("the layout speaks of count {position}, which it does not have")]
    Layout {
        /// The position it names.
        position: usize,
    },
}

impl Decision {
    /// Whether nothing leaves.
    pub fn refuses(&self) -> bool {
        self.withheld.iter().all(|withheld| *withheld)
    }
}

/// Decides which of a contribution's numbers leave.
///
/// A model (a layout with a design) leaves whole or not at all, but for its counts of missing values.
pub fn decide(layout: &Layout, values: &[i128], rules: &Rules) -> Result<Decision, DisclosureError> {
    let counts = check(layout, values)?;
    let mut decision = Decision { withheld: vec![false; values.len()], fired: Vec::new() };
    if !rules.act() {
        return Ok(decision);
    }
    let tables = || layout.tables.iter().zip(layout.offsets());
    let totals: Vec<i128> =
        tables().map(|(table, first)| counts[first..first + table.cells()].iter().sum()).collect();
    if rows::too_few(&totals, rules.rows()) {
        decision.withhold_all([(Rule::Rows, "the analysis".to_owned())]);
        return Ok(decision);
    }
    if let Some(design) = &layout.design {
        let broken = broken_by_model(layout, design, values, *rules);
        if !broken.is_empty() {
            decision.withhold_all(broken);
            return Ok(decision);
        }
    }
    for (table, first) in tables() {
        let counts = &counts[first..first + table.cells()];
        decision.withhold(first, &table.name, &pattern(table, counts, rules.rows()));
    }
    for (position, sum) in (counts.len()..).zip(&layout.sums) {
        if sums::falls(sum, values[position], counts, &decision.withheld, rules.rows()) {
            decision.withhold(position, &sum.name, &[Some(Rule::Sum)]);
        }
    }
    Ok(decision)
}

impl Decision {
    /// Withholds cells from `first` on, each by the rule given for it.
    fn withhold(&mut self, first: usize, what: &str, cells: &[Option<Rule>]) {
        for (withheld, rule) in self.withheld.iter_mut().skip(first).zip(cells) {
            *withheld |= rule.is_some();
        }
        for rule in [Rule::Primary, Rule::Complement, Rule::Secondary, Rule::Sum] {
            let withheld = cells.iter().filter(|cell| **cell == Some(rule)).count();
            if withheld > 0 {
                self.fired.push(Fired { rule, what: what.to_owned(), withheld });
            }
        }
    }

    fn withhold_all(&mut self, broken: impl IntoIterator<Item = (Rule, String)>) {
        self.withheld.fill(true);
        let withheld = self.withheld.len();
        self.fired.extend(broken.into_iter().map(|(rule, what)| Fired { rule, what, withheld }));
    }
}

/// For each cell of a table the rule that withholds it.
fn pattern(table: &CountTable, counts: &[i128], minimum: Threshold) -> Vec<Option<Rule>> {
    match table.purpose {
        TablePurpose::Frequency => frequency::withhold(counts, table.columns.len(), minimum),
        TablePurpose::Base | TablePurpose::Missing => small(counts, minimum),
        TablePurpose::Grid => whole_rows(counts, table.columns.len(), minimum),
    }
}

fn small(counts: &[i128], minimum: Threshold) -> Vec<Option<Rule>> {
    counts.iter().map(|count| minimum.is_small(*count).then_some(Rule::Primary)).collect()
}

/// A row of a grid leaves whole or not at all. The sum and the sum of squares of the same values leave beside it,
/// and with the count of the group they would give up to three missing cells away.
fn whole_rows(counts: &[i128], columns: usize, minimum: Threshold) -> Vec<Option<Rule>> {
    let row = |row: &[i128]| {
        let withheld = small(row, minimum);
        let rest = withheld.iter().any(Option::is_some).then_some(Rule::Secondary);
        withheld.into_iter().map(|cell| cell.or(rest)).collect::<Vec<_>>()
    };
    counts.chunks(columns.max(1)).flat_map(row).collect()
}

/// The rules that a model breaks, and where.
fn broken_by_model(layout: &Layout, design: &Design, values: &[i128], rules: Rules) -> Vec<(Rule, String)> {
    let (counts, added) = values.split_at(layout.count_cells());
    let minimum = rules.rows();
    let broken = design::broken(design, rules.patients(counts[design.rows]), rules.minimum);
    let rare_level = layout.tables.iter().zip(layout.offsets()).filter(|(table, first)| {
        let cells = &counts[*first..first + table.cells()];
        table.purpose != TablePurpose::Missing && cells.iter().any(|count| minimum.is_small(*count))
    });
    let rare_product =
        layout.sums.iter().zip(added).filter(|(sum, value)| sums::counts_few(sum, **value, counts, minimum));
    let rare = rare_level.map(|(table, _)| &table.name).chain(rare_product.map(|(sum, _)| &sum.name));
    let rare = rare.map(|what| (Rule::Level, what.clone()));
    broken.into_iter().map(|rule| (rule, "the model".to_owned())).chain(rare).collect()
}

/// The counts of a contribution that fits its layout.
fn check<'a>(layout: &Layout, values: &'a [i128]) -> Result<&'a [i128], DisclosureError> {
    if values.len() != layout.len() {
        return Err(DisclosureError::Length { expected: layout.len(), found: values.len() });
    }
    let counts = &values[..layout.count_cells()];
    let named = layout.sums.iter().flat_map(|sum| &sum.over).chain(layout.design.iter().map(|d| &d.rows));
    if let Some(position) = named.copied().find(|position| *position >= counts.len()) {
        return Err(DisclosureError::Layout { position });
    }
    // Within i64, so that no total of counts overflows.
    match counts.iter().position(|count| !(0..=i128::from(i64::MAX)).contains(count)) {
        Some(position) => Err(DisclosureError::Count { position }),
        None => Ok(counts),
    }
}

#[cfg(test)]
mod tests;
