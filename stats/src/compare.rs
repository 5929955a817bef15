//! `compare`: the means of a number in groups, with Welch's or Student's t test or an analysis of variance.
//!
//! An outcome of few whole values is counted by group, as in [`describe`](crate::describe); of any other the
//! counts, sums and a grid of each group are sent. Rows without the outcome or the group are counted as
//! missing; levels nobody has are left out. A difference is the first occupied level less the second.
//!
//! Tidy columns: `level`, `n`, `mean`, `sd`, `median`, then on each row the test's `test`, `statistic`, `df`,
//! `df_within` (analysis of variance only), `p`, `estimate`, `lower`, `upper`.

mod outcome_by_group;
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
use crate::grid::GridUsed;
use crate::levels::Levels;
use crate::outcome::{Cell, Outcome, Table};
use crate::statistic::{OneRound, Statistic, Summed, Unit};
use crate::totals::Totals;
use crate::vector::Tables;

use outcome_by_group::OutcomeByGroup;
use tests_of_means::{Sample, TestResult};

/// The specification of a comparison.
pub struct Compare {
    outcome: OutcomeByGroup,
    label: String,
    by: Levels,
    test: TestOfMeans,
    /// The difference of means under the null hypothesis.
    mu: f64,
    missing: usize,
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
    let by = scope
        .require(&by)
        .and_then(|variable| Levels::of(&variable))
        .map_err(|message| fields.problem("by", message))?;
    if by.name == name {
        return Err(fields.problem("by", "`outcome` and `by` are the same variable"));
    }
    let mut tables = Tables::default();
    let outcome = OutcomeByGroup::new(&variable, &by.codes(), &mut tables);
    let mut outcome = outcome.map_err(|message| fields.problem("outcome", message))?;
    let missing = tables.count(TablePurpose::Missing, format!("{name} by {}", by.name), "missing");
    let mut sums = tables.sums();
    outcome.add_sums(&by.codes(), &mut sums);
    let (label, mu, layout) = (variable.label.clone(), mu.unwrap_or(0.0), sums.finish());
    Ok(Box::new(Compare { outcome, label, by, test, mu, missing, layout }))
}

impl OneRound for Compare {
    fn unit(&self) -> Unit {
        Unit::Row
    }

    fn variables(&self) -> BTreeSet<VariableName> {
        BTreeSet::from([self.outcome.name().clone(), self.by.name.clone()])
    }

    fn layout(&self) -> Layout {
        self.layout.clone()
    }

    fn summed(&self) -> Vec<Summed> {
        match &self.outcome {
            OutcomeByGroup::Counted(_) => Vec::new(),
            OutcomeByGroup::Added(number) => vec![Summed::Variable(number.numeric.name.clone())],
        }
    }

    fn contribute(&self, frame: &Frame) -> Result<Contribution, ContributeError> {
        let mut contribution = Contribution::zero(self.layout.len());
        self.outcome.contribute(frame, &self.by, self.missing, &mut contribution)?;
        Ok(contribution)
    }

    fn advance(&self, totals: &Totals) -> Outcome {
        let somebody = |level: &usize| self.outcome.count(*level, totals) != Figure::Known(0);
        let occupied: Vec<usize> = (0..self.by.len()).filter(somebody).collect();
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
        let sums = self.outcome.count(level, totals).and(self.outcome.sums(level, totals));
        sums.and_then(|(n, (sum, squares))| {
            let sample = Sample::new(n, sum, squares, self.outcome.quantity());
            sample.map_or(Figure::Undefined, Figure::Known)
        })
    }

    fn group(&self, level: usize, totals: &Totals) -> Group {
        let moments = self.outcome.moments(level, totals);
        let (median, grid) = self.outcome.median(level, totals);
        Group {
            level: self.by.code(level).to_owned(),
            label: self.by.label_of(level).to_owned(),
            n: moments.n,
            mean: moments.mean,
            sd: moments.sd(),
            median,
            grid,
        }
    }
}

/// The columns of the tidy table.
const TIDY: &str = "level n mean sd median test statistic df df_within p estimate lower upper";

impl Comparison {
    fn tidy(&self) -> Table {
        let mut table = Table::new("compare", TIDY.split(' '));
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
