//! `transition`: from which level to which patients go, in all and by group, and how many improve, stay or worsen.
//!
//! `from` and `to` have the same levels, in order. `better` says which end is the good one: `higher` (default; the later
//! level, as of AIS grades A to E) or `lower` (as of ECOG). Rows without one of the two are counted as missing.
//!
//! Tidy columns: `by_<factor>` for each factor of `by` (empty in the group of all rows), `from`, `to`, `count`, `share` of
//! those who come from that level, `lower`, `upper`.

use std::collections::BTreeSet;

use notochord_proto::fields::{FieldValue, Fields, FromField, one_of};
use notochord_proto::layout::{Layout, TablePurpose};
use notochord_proto::name::VariableName;
use notochord_proto::problem::Problem;
use notochord_proto::scope::Scope;
use serde::Serialize;
use serde_json::Value;

use crate::contribution::{ContributeError, Contribution};
use crate::figure::Figure;
use crate::frame::Frame;
use crate::groups::Groups;
use crate::levels::Levels;
use crate::outcome::{Cell, Outcome, Table};
use crate::statistic::{OneRound, Statistic, Summed, Unit};
use crate::totals::Totals;
use crate::vector::{Cells, LONGEST, MOST_CELLS, Tables};
use crate::wald::ExactShare;

/// The specification of a transition matrix.
pub struct Transition {
    from: Levels,
    to: Levels,
    better: Better,
    groups: Groups,
    /// A table for each group, and one for those whose group is missing.
    counts: Vec<Cells>,
    missing: Cells,
    layout: Layout,
}

/// Which levels are the good ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Better {
    Higher,
    Lower,
}

impl FromField for Better {
    fn from_field(value: &FieldValue) -> Result<Self, String> {
        one_of(value, &[("higher", Self::Higher), ("lower", Self::Lower)])
    }
}

/// The result.
#[derive(Serialize)]
struct Transitions {
    from: String,
    to: String,
    better: Better,
    levels: Vec<String>,
    groups: Vec<Group>,
}

/// The rows of one group, or all rows.
#[derive(Serialize)]
struct Group {
    /// The group's level, or levels; null for all rows.
    by: Value,
    n: Figure<u64>,
    missing: Figure<u64>,
    /// A row for each level of `from`, a column for each of `to`.
    counts: Vec<Vec<Figure<u64>>>,
    improved: Part,
    stable: Part,
    worse: Part,
    #[serde(skip)]
    codes: Vec<String>,
    #[serde(skip)]
    label: String,
}

/// How many, how large a share, and its exact interval.
#[derive(Serialize)]
struct Part {
    count: Figure<u64>,
    share: Figure<f64>,
    lower: Figure<f64>,
    upper: Figure<f64>,
}

/// Reads the section of a study.
pub(crate) fn parse(fields: &mut Fields<'_>, scope: &Scope) -> Result<Box<dyn Statistic>, Problem> {
    let (from, to): (VariableName, VariableName) = (fields.required("from")?, fields.required("to")?);
    let better = fields.optional("better")?.unwrap_or(Better::Higher);
    let groups = Groups::parse(fields, scope)?;
    let levels = |key: &'static str, name: &VariableName| {
        let levels = scope.require(name).and_then(|variable| Levels::of(&variable));
        levels.map_err(|message| fields.problem(key, message))
    };
    let (from, to) = (levels("from", &from)?, levels("to", &to)?);
    if from.name == to.name {
        return Err(fields.problem("to", "`from` and `to` are the same variable"));
    }
    if from.codes() != to.codes() {
        return Err(
            fields.problem("to", "`from` and `to` have different levels; a transition needs the same")
        );
    }
    let headings = groups.headings();
    let cells = from.len() * to.len();
    if cells > MOST_CELLS || cells * headings.len() > LONGEST {
        let message = format!("a table has at most {MOST_CELLS} cells, and those of all groups {LONGEST}");
        return Err(fields.problem("from", message));
    }
    let name = format!("{} to {}", from.name, to.name);
    let mut tables = Tables::default();
    let mut counts = Vec::new();
    for heading in &headings {
        let name = if groups.is_everybody() { name.clone() } else { format!("{name}, {heading}") };
        counts.push(tables.table(TablePurpose::Frequency, name, from.codes(), to.codes()));
    }
    let missing = tables.list(TablePurpose::Missing, format!("{name} missing"), headings);
    let layout = tables.sums().finish();
    Ok(Box::new(Transition { from, to, better, groups, counts, missing, layout }))
}

impl OneRound for Transition {
    fn unit(&self) -> Unit {
        Unit::Row
    }

    fn variables(&self) -> BTreeSet<VariableName> {
        let by = self.groups.by().iter().map(|levels| levels.name.clone());
        by.chain([self.from.name.clone(), self.to.name.clone()]).collect()
    }

    fn summed(&self) -> Vec<Summed> {
        Vec::new()
    }

    fn layout(&self) -> Layout {
        self.layout.clone()
    }

    fn contribute(&self, frame: &Frame) -> Result<Contribution, ContributeError> {
        let mut contribution = Contribution::zero(self.layout.len());
        let (from, to) = (self.from.read(frame)?, self.to.read(frame)?);
        for (row, group) in self.groups.of_rows(frame)?.into_iter().enumerate() {
            let cell = from.at(row)?.zip(to.at(row)?).map(|(from, to)| self.counts[group].at(from, to));
            contribution.tally(cell.unwrap_or(self.missing.at(group, 0)), 1);
        }
        Ok(contribution)
    }

    fn advance(&self, totals: &Totals) -> Outcome {
        let by = &self.groups;
        let unnamed = vec![String::new(); by.by().len()];
        let everybody = self.group(0..self.counts.len(), Value::Null, unnamed, "All".to_owned(), totals);
        if everybody.n == Figure::Known(0) {
            return Outcome::refused("no row has both levels");
        }
        let each = (0..by.len())
            .filter(|_| !by.is_everybody())
            .map(|group| {
                self.group(group..group + 1, by.value(group), by.codes(group), by.label(group), totals)
            })
            .filter(|group| !(by.leave_out_empty() && group.n == Figure::Known(0)));
        let groups: Vec<Group> = std::iter::once(everybody).chain(each).collect();
        let (tidy, shown) = (self.tidy(&groups), groups.iter().map(|group| self.shown(group)).collect());
        let result = Transitions {
            from: self.from.name.to_string(),
            to: self.to.name.to_string(),
            better: self.better,
            levels: self.from.codes(),
            groups,
        };
        Outcome::answered(totals, &result, tidy, shown)
    }
}

impl Transition {
    /// These tables taken together.
    fn group(
        &self,
        tables: std::ops::Range<usize>,
        by: Value,
        codes: Vec<String>,
        label: String,
        totals: &Totals,
    ) -> Group {
        let levels = 0..self.from.len();
        let count = |from: usize, to: usize| {
            Figure::total(tables.clone().map(|table| totals.count(self.counts[table].at(from, to))))
        };
        let counts: Vec<Vec<Figure<u64>>> =
            levels.clone().map(|from| levels.clone().map(|to| count(from, to)).collect()).collect();
        let n = Figure::total(counts.iter().flatten().copied());
        let missing = Figure::total(tables.clone().map(|table| totals.count(self.missing.at(table, 0))));
        let cells = || levels.clone().flat_map(|from| levels.clone().map(move |to| (from, to)));
        let part = |belongs: &dyn Fn(usize, usize) -> bool| {
            let own = cells().filter(|(from, to)| belongs(*from, *to)).map(|(from, to)| counts[from][to]);
            Part::new(Figure::total(own), n)
        };
        let up = part(&|from, to| to > from);
        let down = part(&|from, to| to < from);
        let stable = part(&|from, to| to == from);
        let (improved, worse) = if self.better == Better::Higher { (up, down) } else { (down, up) };
        Group { by, n, missing, counts, improved, stable, worse, codes, label }
    }

    fn tidy(&self, groups: &[Group]) -> Table {
        let by = self.groups.by().iter().map(|levels| format!("by_{}", levels.name));
        let columns = by.chain(["from", "to", "count", "share", "lower", "upper"].map(str::to_owned));
        let mut table = Table::new("transition", columns);
        for group in groups {
            for (from, row) in group.counts.iter().enumerate() {
                let all = Figure::total(row.iter().copied());
                for (to, count) in row.iter().enumerate() {
                    let part = Part::new(*count, all);
                    let cells = group.codes.iter().map(|code| Cell::from(code.as_str()));
                    let own = [self.from.code(from).into(), self.to.code(to).into(), part.count.into()];
                    let numbers = [part.share, part.lower, part.upper].map(Cell::from);
                    table.rows.push(cells.chain(own).chain(numbers).collect());
                }
            }
        }
        table
    }

    fn shown(&self, group: &Group) -> Table {
        let title = format!("{} to {}: {}", self.from.label, self.to.label, group.label);
        let labels = (0..self.to.len()).map(|to| self.to.label_of(to).to_owned());
        let columns = std::iter::once("From".to_owned())
            .chain(labels)
            .chain(["Share".to_owned(), "Exact interval".to_owned()]);
        let mut table = Table::new(title, columns);
        for (from, row) in group.counts.iter().enumerate() {
            let counts = row.iter().map(|count| Cell::from(*count));
            let first = std::iter::once(self.from.label_of(from).into());
            table.rows.push(first.chain(counts).chain([Cell::Empty, Cell::Empty]).collect());
        }
        for (name, part) in
            [("Improved", &group.improved), ("Stable", &group.stable), ("Worse", &group.worse)]
        {
            let mut cells = vec![Cell::from(name), part.count.into()];
            cells.resize(1 + self.to.len(), Cell::Empty);
            let interval = match part.lower.and(part.upper) {
                Figure::Known((lower, upper)) => {
                    format!("{:.1} % to {:.1} %", 100.0 * lower, 100.0 * upper).as_str().into()
                }
                Figure::Withheld => Cell::Withheld,
                Figure::Undefined => Cell::Empty,
            };
            cells.extend([part.share.into(), interval]);
            table.rows.push(cells);
        }
        table
    }
}

impl Part {
    fn new(count: Figure<u64>, n: Figure<u64>) -> Self {
        let share = count.and(n).map(|(count, n)| ExactShare::new(count, n));
        Self {
            count,
            share: share.and_then(|share| share.estimate),
            lower: share.and_then(|share| share.lower),
            upper: share.and_then(|share| share.upper),
        }
    }
}

#[cfg(test)]
mod tests;
