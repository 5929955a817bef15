//! `linear`: a linear model by least squares, in one round.
//!
//! A node sends how many rows it used and lost, how many of them have each level of each factor, and the
//! exact sums of every column and of every product of two columns, the outcome among them. Rows that lack a
//! variable of the model are lost. For the disclosure rules it also counts the values of whole numbers of few
//! values, and the combinations that interactions add numbers over: sums would give small counts away. Levels
//! nobody has leave the model; where the reference is one of them the next level takes its place. Columns that
//! earlier ones give are reported in `aliased`, as R's `lm` does.
//!
//! Tidy columns: `term`, `estimate`, `se`, `statistic`, `p`, `lower`, `upper`.

mod fit;
mod report;

use std::collections::{BTreeMap, BTreeSet};

use notochord_proto::fields::{FieldValue, Fields, FromField, one_of};
use notochord_proto::layout::{self, Layout, TablePurpose};
use notochord_proto::name::VariableName;
use notochord_proto::problem::Problem;
use notochord_proto::scope::Scope;

use crate::contribution::{ContributeError, Contribution};
use crate::design::{Column, Design, DesignError};
use crate::figure::Figure;
use crate::formula::Formula;
use crate::frame::Frame;
use crate::levels::Levels;
use crate::outcome::Outcome;
use crate::statistic::{OneRound, Statistic, Summed, Unit};
use crate::terms::Terms;
use crate::totals::Totals;
use crate::vector::{Cells, LONGEST, MOST_CELLS, Tables};

use fit::{Fit, Moments};

/// The specification of a linear model.
pub struct Linear {
    design: Design,
    used: usize,
    lost: usize,
    /// How many rows have each level, for each factor.
    levels: Vec<Cells>,
    /// How many rows have each value, for each number of few values.
    values: Vec<Cells>,
    /// How many rows have each combination of values, where an interaction adds numbers over combinations.
    crossings: Vec<Crossing>,
    /// Where the sum of each column stands; the outcome is the last.
    sums: Vec<usize>,
    /// Where the sum of the products of two columns stands, `products[i][j]` with `j <= i`; none where it is
    /// always 0.
    products: Vec<Vec<Option<usize>>>,
    layout: Layout,
}

/// A table of combinations.
struct Crossing {
    /// What is crossed: positions among the countable, and how many values each has.
    of: Vec<(usize, usize)>,
    cells: Cells,
}

/// Standard errors from the model. Others belong to later versions.
#[derive(Clone, Copy)]
struct ModelErrors;

impl FromField for ModelErrors {
    fn from_field(value: &FieldValue) -> Result<Self, String> {
        let word = String::from_field(value)?;
        if ["hc0", "hc1", "hc2", "hc3", "cluster"].contains(&word.as_str()) {
            return Err(format!("`{word}` errors are not offered by this version; it offers `model`"));
        }
        one_of(value, &[("model", ModelErrors)])
    }
}

/// Reads the section of a study.
pub(crate) fn parse(fields: &mut Fields<'_>, scope: &Scope) -> Result<Box<dyn Statistic>, Problem> {
    let text: String = fields.required("formula")?;
    let formula = Formula::parse(&text).map_err(|message| fields.problem("formula", message))?;
    let references: BTreeMap<String, String> = fields.optional("reference")?.unwrap_or_default();
    fields.optional::<ModelErrors>("errors")?;
    let design = Design::new(&formula, &references, scope).map_err(|error| match error {
        DesignError::Formula(message) => fields.problem("formula", message),
        DesignError::Reference(message) => fields.problem("reference", message),
    })?;
    Ok(Box::new(Linear::new(design)))
}

impl Linear {
    fn new(design: Design) -> Self {
        let mut tables = Tables::default();
        let used = tables.count(TablePurpose::Base, &design.outcome, "rows used");
        let lost = tables.count(TablePurpose::Missing, &design.outcome, "rows lost");
        let mut count =
            |levels: &Levels| tables.list(TablePurpose::Frequency, levels.name.as_str(), levels.codes());
        let levels: Vec<Cells> = design.factors.iter().map(|factor| count(&factor.levels)).collect();
        let values = design.counted.iter().map(count).collect();
        let crossings = crossings(&design, &mut tables);
        let mut added = tables.sums();
        let counted = |column: &Column| column.indicator().map(|(factor, level)| levels[factor].at(level, 0));
        let sums = design.columns.iter().map(|column| {
            counted(column).unwrap_or_else(|| added.sum(&column.name, vec![used], column.quantity.bound()))
        });
        let sums = sums.collect();
        let mut products: Vec<Vec<Option<usize>>> = Vec::new();
        for (at, one) in design.columns.iter().enumerate() {
            let with = |two: &Column| match (one.indicator(), two.indicator()) {
                (Some(own), Some(other)) if own == other => counted(one),
                (Some((own, _)), Some((other, _))) if own == other => None,
                _ => {
                    let over = counted(one).or_else(|| counted(two)).unwrap_or(used);
                    let bound = one.quantity.bound() * two.quantity.bound();
                    Some(added.sum(format!("{} × {}", one.name, two.name), vec![over], bound))
                }
            };
            products.push(design.columns[..=at].iter().map(with).collect());
        }
        let columns = design.columns.len() - 1 + usize::from(design.intercept);
        let layout = added.finish_model(layout::Design { columns, rows: used });
        Self { design, used, lost, levels, values, crossings, sums, products, layout }
    }

    /// The occupied levels of each factor, the reference first.
    fn occupied(&self, totals: &Totals) -> Vec<Vec<usize>> {
        let factors = self.design.factors.iter().zip(&self.levels);
        let occupied = factors.map(|(factor, cells)| {
            let somebody = |level: &usize| totals.count(cells.at(*level, 0)) != Figure::Known(0);
            factor.order.iter().copied().filter(somebody).collect()
        });
        occupied.collect()
    }

    /// The sums of these columns and of the outcome.
    fn moments(&self, n: u64, columns: &[usize], totals: &Totals) -> Option<Moments> {
        let all: Vec<usize> = columns.iter().copied().chain([self.design.columns.len() - 1]).collect();
        let product = |one: usize, two: usize| match self.products[one.max(two)][one.min(two)] {
            Some(at) => totals.sum(at).known(),
            None => Some(0),
        };
        let row = |one: &usize| all.iter().map(|two| product(*one, *two)).collect::<Option<Vec<_>>>();
        Some(Moments {
            n,
            quantities: all.iter().map(|column| self.design.columns[*column].quantity).collect(),
            sums: all.iter().map(|column| totals.sum(self.sums[*column]).known()).collect::<Option<_>>()?,
            products: all.iter().map(row).collect::<Option<_>>()?,
        })
    }
}

/// The tables of combinations that the sums of a design are over.
fn crossings(design: &Design, tables: &mut Tables) -> Vec<Crossing> {
    let pairs =
        design.columns.iter().enumerate().flat_map(|(at, one)| {
            design.columns[..=at].iter().filter_map(move |two| design.crossed(one, two))
        });
    let countable = design.countable();
    let distinct: BTreeSet<BTreeSet<usize>> = pairs.collect();
    let mut crossings = Vec::new();
    for picked in distinct {
        // Tables too large, or too many, are refused by the plan and need not be written out in full.
        if tables.len() > LONGEST {
            break;
        }
        let crossed: Vec<&Levels> = picked.iter().map(|at| countable[*at]).collect();
        let name: Vec<&str> = crossed.iter().map(|levels| levels.name.as_str()).collect();
        let mut rows = vec![String::new()];
        for levels in crossed {
            if rows.len() > MOST_CELLS {
                break;
            }
            let codes = levels.codes();
            rows =
                rows.iter().flat_map(|row| codes.iter().map(move |code| format!("{row} {code}"))).collect();
        }
        let rows = rows.iter().map(|row| row.trim_start().to_owned()).collect();
        let cells = tables.list(TablePurpose::Frequency, name.join(" and "), rows);
        let of = picked.iter().map(|at| (*at, countable[*at].len())).collect();
        crossings.push(Crossing { of, cells });
    }
    crossings
}

impl OneRound for Linear {
    fn unit(&self) -> Unit {
        Unit::Row
    }

    fn variables(&self) -> BTreeSet<VariableName> {
        self.design.variables()
    }

    fn layout(&self) -> Layout {
        self.layout.clone()
    }

    fn summed(&self) -> Vec<Summed> {
        self.design.summed.clone()
    }

    fn terms(&self) -> Terms {
        self.design.terms()
    }

    fn contribute(&self, frame: &Frame) -> Result<Contribution, ContributeError> {
        let mut contribution = Contribution::zero(self.layout.len());
        let columns = self.design.read(frame)?;
        let counts = self.layout.count_cells();
        for row in 0..frame.rows() {
            let Some(row) = columns.at(row)? else {
                contribution.tally(self.lost, 1);
                continue;
            };
            contribution.tally(self.used, 1);
            let counted = self.levels.iter().zip(&row.levels).chain(self.values.iter().zip(&row.values));
            for (cells, level) in counted {
                contribution.tally(cells.at(*level, 0), 1);
            }
            for crossing in &self.crossings {
                let value = |at: usize| row.levels.iter().chain(&row.values).nth(at).copied().unwrap_or(0);
                let cell = crossing.of.iter().fold(0, |cell, (at, count)| cell * count + value(*at));
                contribution.tally(crossing.cells.at(cell, 0), 1);
            }
            for (at, one) in row.integers.iter().enumerate() {
                let one = i128::from(*one);
                if one == 0 {
                    continue;
                }
                let sum = self.sums[at];
                if sum >= counts {
                    contribution.tally(sum, one);
                }
                for (product, two) in self.products[at].iter().zip(&row.integers) {
                    if let Some(product) = product.filter(|product| *product >= counts) {
                        contribution.tally(product, one * i128::from(*two));
                    }
                }
            }
        }
        Ok(contribution)
    }

    fn advance(&self, totals: &Totals) -> Outcome {
        let lost = totals.count(self.lost);
        // A small number of lost rows stays at its site; the model does not need it.
        if totals.withheld() > usize::from(lost == Figure::Withheld) {
            return Outcome::suppressed("numbers the model needs were withheld by a disclosure rule");
        }
        let Figure::Known(n) = totals.count(self.used) else {
            return Outcome::refused("the totals are not those of any rows");
        };
        if n == 0 {
            return Outcome::refused("no row has every variable of the model");
        }
        let occupied = self.occupied(totals);
        let last = self.design.columns.len() - 1;
        let columns: Vec<usize> =
            (0..last).filter(|column| self.design.columns[*column].is_used(&occupied)).collect();
        let Some(moments) = self.moments(n, &columns, totals) else {
            return Outcome::refused("the totals are not those of any rows");
        };
        match Fit::new(&moments, self.design.intercept) {
            Ok(fit) => {
                let names = columns.iter().map(|column| self.design.columns[*column].name.clone());
                report::outcome(self, totals, &fit, names.collect(), lost)
            }
            Err(reason) => Outcome::refused(reason.to_string()),
        }
    }
}

#[cfg(test)]
mod tests;
