//! `compare`: the means of a number in groups, with Welch's or Student's t test or an analysis of variance.
//!
//! Rows without the outcome or the group are counted as missing; levels nobody has are left out. A difference
//! is the first occupied level less the second.
//!
//! Tidy columns: `level`, `n`, `mean`, `sd`, `median`, then on each row the test's `test`, `statistic`, `df`,
//! `df_within` (analysis of variance only), `p`, `estimate`, `lower`, `upper`.

mod tests_of_means;

use std::collections::BTreeSet;

use notochord_proto::fields::{FieldValue, Fields, FromField, one_of};
use notochord_proto::layout::{Layout, TablePurpose};
use notochord_proto::name::VariableName;
use notochord_proto::problem::Problem;
use notochord_proto::scope::Scope;
use serde::Serialize;

use crate::contribution::{ContributeError, Contribution};
use crate::figure::Figure;
use crate::frame::Frame;
use crate::grid::{Grid, GridUsed};
use crate::levels::Levels;
use crate::moments::Moments;
use crate::outcome::{Cell, Outcome, Table};
use crate::quantity::Numeric;
use crate::statistic::{Statistic, Unit};
use crate::totals::Totals;
use crate::vector::{Cells, Tables};

use tests_of_means::{Sample, TestResult};

/// The specification of a comparison.
pub struct Compare {
    outcome: Numeric,
    label: String,
    by: Levels,
    grid: Grid,
    test: TestOfMeans,
    /// The difference of means under the null hypothesis.
    mu: f64,
    present: Cells,
    cells: Cells,
    missed: Option<usize>,
    missing: usize,
    sums: Vec<usize>,
    squares: Vec<usize>,
    layout: Layout,
}

/// A test a study asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TestOfMeans {
    Welch,
    Student,
    Anova,
}

/// The result.
#[derive(Serialize)]
struct Comparison {
    groups: Vec<Group>,
    /// How many rows lack the outcome or the group.
    missing: Figure<u64>,
    test: TestResult,
}

/// The outcome in one group.
#[derive(Serialize)]
struct Group {
    level: String,
    n: Figure<u64>,
    mean: Figure<f64>,
    sd: Figure<f64>,
    median: Figure<f64>,
    grid: GridUsed,
    #[serde(skip)]
    label: String,
}

impl FromField for TestOfMeans {
    fn from_field(value: &FieldValue) -> Result<Self, String> {
        let word = String::from_field(value)?;
        if LATER.contains(&word.as_str()) {
            return Err(format!(
                "the test `{word}` is not offered by this version; it offers welch, student and anova"
            ));
        }
        one_of(value, &[("welch", Self::Welch), ("student", Self::Student), ("anova", Self::Anova)])
    }
}

/// Tests of the study format that later versions will offer.
const LATER: [&str; 7] =
    ["one_sample", "welch_anova", "wilcoxon", "kruskal", "paired_t", "signed_rank", "variance"];

/// Reads the section of a study.
pub(crate) fn parse(fields: &mut Fields<'_>, scope: &Scope) -> Result<Box<dyn Statistic>, Problem> {
    let name: VariableName = fields.required("outcome")?;
    let by: VariableName = fields.required("by")?;
    let test: TestOfMeans = fields.required("test")?;
    let mu: Option<f64> = fields.optional("mu")?;
    if fields.optional::<FieldValue>("pair")?.is_some() {
        return Err(fields.problem("pair", "paired tests are not offered by this version"));
    }
    if mu.is_some() && test == TestOfMeans::Anova {
        return Err(
            fields.problem("mu", "`mu` is a difference of two means; an analysis of variance has none")
        );
    }
    let variable = scope.require(&name).map_err(|message| fields.problem("outcome", message))?;
    let outcome = Numeric::of(variable).map_err(|message| fields.problem("outcome", message))?;
    let grid = Grid::fine(variable, None).map_err(|message| fields.problem("outcome", message))?;
    let by = scope.require(&by).and_then(Levels::of).map_err(|message| fields.problem("by", message))?;
    if by.name == name {
        return Err(fields.problem("by", "`outcome` and `by` are the same variable"));
    }

    let mut tables = Tables::default();
    let starts = (0..grid.cells()).map(|cell| grid.start(cell).to_string()).collect();
    let present = tables.list(TablePurpose::Base, name.as_str(), by.codes());
    let cells = tables.table(TablePurpose::Grid, format!("{name} from"), by.codes(), starts);
    let missed =
        grid.may_be_missed().then(|| tables.count(TablePurpose::Grid, format!("{name} off the grid"), "all"));
    let missing = tables.count(TablePurpose::Missing, format!("{name} by {}", by.name), "missing");
    let mut sums = tables.sums();
    let bound = outcome.quantity.bound();
    let mut added = |what: &str, unit_bound| -> Vec<usize> {
        let codes = by.codes().into_iter().enumerate();
        codes
            .map(|(level, code)| {
                sums.sum(format!("{name} {what}: {code}"), vec![present.at(level, 0)], unit_bound)
            })
            .collect()
    };
    let (totals, squares) = (added("sum", bound), added("squares", bound * bound));
    let layout = sums.finish();
    let (label, mu) = (variable.label.clone(), mu.unwrap_or(0.0));
    Ok(Box::new(Compare {
        outcome,
        label,
        by,
        grid,
        test,
        mu,
        present,
        cells,
        missed,
        missing,
        sums: totals,
        squares,
        layout,
    }))
}

impl Statistic for Compare {
    fn unit(&self) -> Unit {
        Unit::Row
    }

    fn variables(&self) -> BTreeSet<VariableName> {
        BTreeSet::from([self.outcome.name.clone(), self.by.name.clone()])
    }

    fn layout(&self) -> Layout {
        self.layout.clone()
    }

    fn contribute(&self, frame: &Frame) -> Result<Contribution, ContributeError> {
        let mut contribution = Contribution::zero(self.layout.len());
        let (outcomes, levels) = (self.outcome.read(frame)?, self.by.read(frame)?);
        for row in 0..frame.rows() {
            let (Some((value, integer)), Some(level)) = (outcomes.at(row)?, levels.at(row)?) else {
                contribution.tally(self.missing, 1);
                continue;
            };
            contribution.tally(self.present.at(level, 0), 1);
            contribution.tally(self.cells.at(level, self.grid.cell(value)), 1);
            if let Some(missed) = self.missed.filter(|_| self.grid.is_missed_by(value)) {
                contribution.tally(missed, 1);
            }
            let integer = i128::from(integer);
            contribution.tally(self.sums[level], integer);
            contribution.tally(self.squares[level], integer * integer);
        }
        Ok(contribution)
    }

    fn advance(&self, totals: &Totals) -> Outcome {
        let n = |level: &usize| totals.count(self.present.at(*level, 0));
        let occupied: Vec<usize> = (0..self.by.len()).filter(|level| n(level) != Figure::Known(0)).collect();
        let samples = Figure::all(occupied.iter().map(|level| self.sample(*level, totals)));
        let test = match samples {
            Figure::Known(samples) => self.test.run(&samples, self.mu),
            Figure::Withheld => Ok(TestResult::withheld(self.test.name())),
            Figure::Undefined => Err("the totals are not those of any rows".to_owned()),
        };
        let test = match test {
            Ok(test) => test,
            Err(reason) => return Outcome::refused(reason),
        };
        let groups = occupied.iter().map(|level| self.group(*level, totals)).collect();
        let result = Comparison { groups, missing: totals.count(self.missing), test };
        Outcome::answered(totals, &result, result.tidy(), result.shown(self))
    }
}

impl Compare {
    fn sample(&self, level: usize, totals: &Totals) -> Figure<Sample> {
        let n = totals.count(self.present.at(level, 0));
        let sums = totals.sum(self.sums[level]).and(totals.sum(self.squares[level]));
        n.and(sums).and_then(|(n, (sum, squares))| {
            Sample::new(n, sum, squares, self.outcome.quantity).map_or(Figure::Undefined, Figure::Known)
        })
    }

    fn group(&self, level: usize, totals: &Totals) -> Group {
        let n = totals.count(self.present.at(level, 0));
        let sums = (totals.sum(self.sums[level]), totals.sum(self.squares[level]));
        let moments = Moments::new(n, sums.0, sums.1, &self.outcome.quantity);
        let used = self.grid.used(self.missed.and_then(|missed| totals.count(missed).known()));
        let counts = Figure::all(self.cells.row(level).map(|at| totals.count(at)));
        let median = counts.and_then(|counts| {
            self.grid.quantile(0.5, &counts, used).map_or(Figure::Undefined, Figure::finite)
        });
        Group {
            level: self.by.code(level).to_owned(),
            label: self.by.label_of(level).to_owned(),
            n,
            mean: moments.mean,
            sd: moments.sd(),
            median,
            grid: used,
        }
    }
}

impl Comparison {
    fn tidy(&self) -> Table {
        let columns = [
            "level",
            "n",
            "mean",
            "sd",
            "median",
            "test",
            "statistic",
            "df",
            "df_within",
            "p",
            "estimate",
            "lower",
            "upper",
        ];
        let mut table = Table::new("compare", columns);
        table.rows.extend(self.groups.iter().map(|group| {
            let start = vec![group.level.as_str().into()];
            start.into_iter().chain(group.numbers()).chain(self.test.cells()).collect()
        }));
        table
    }

    /// For people: the groups, then the test.
    fn shown(&self, asked: &Compare) -> Vec<Table> {
        let title = format!("{} by {}", asked.label, asked.by.label);
        let mut groups = Table::new(title, [asked.by.label.as_str(), "n", "Mean", "SD", "Median"]);
        groups.rows.extend(self.groups.iter().map(|group| {
            let start = vec![group.label.as_str().into()];
            start.into_iter().chain(group.numbers()).collect()
        }));
        let headings = ["Test", "Statistic", "df", "df within", "p", "Difference", "Lower", "Upper"];
        let mut test = Table::new("Test", headings);
        test.rows.push(self.test.cells().to_vec());
        vec![groups, test]
    }
}

impl Group {
    fn numbers(&self) -> [Cell; 4] {
        [self.n.into(), self.mean.into(), self.sd.into(), self.median.into()]
    }
}

#[cfg(test)]
mod tests;
