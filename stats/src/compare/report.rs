//! The network's half of `compare`: the groups, the test, and the tables that show them.

use serde::Serialize;

use super::Compare;
use super::rank_tests::{self, OnGrid};
use super::tests_of_means::{self, Sample, TestResult};
use crate::figure::Figure;
use crate::grid::GridUsed;
use crate::outcome::{Cell, Outcome, Table};
use crate::totals::Totals;

/// The result.
#[derive(Serialize)]
struct Comparison {
    groups: Vec<Group>,
    /// How many rows, or patients where pairs are of rows, lack what is compared.
    missing: Figure<u64>,
    test: TestResult,
}

/// The outcome in one group, in all rows, or the differences of the pairs.
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

pub(super) fn outcome(compare: &Compare, totals: &Totals) -> Outcome {
    let headings = compare.arrangement.headings();
    let somebody = |group: &usize| compare.outcome.count(*group, totals) != Figure::Known(0);
    let occupied: Vec<usize> = (0..headings.len()).filter(somebody).collect();
    let test = match compare.test.is_of_ranks() {
        true => compare
            .on_grid(&occupied, totals)
            .map(|values| rank_tests::run(compare.test, &values, compare.mu)),
        false => {
            let samples = Figure::all(occupied.iter().map(|group| compare.sample(*group, totals)));
            samples.map(|samples| tests_of_means::run(compare.test, &samples, compare.mu))
        }
    };
    let test = match test {
        Figure::Known(Ok(test)) => test,
        Figure::Known(Err(reason)) => return Outcome::refused(reason),
        Figure::Withheld => TestResult::withheld(compare.test.name()),
        Figure::Undefined => return Outcome::refused("the totals are not those of any rows"),
    };
    let group = |group: &usize| compare.group(*group, headings[*group].clone(), totals);
    let groups = occupied.iter().map(group).collect();
    let result = Comparison { groups, missing: totals.count(compare.missing), test };
    Outcome::answered(totals, &result, result.tidy(), result.shown(compare))
}

impl Compare {
    fn sample(&self, group: usize, totals: &Totals) -> Figure<Sample> {
        let sums = self.outcome.count(group, totals).and(self.outcome.sums(group, totals));
        sums.and_then(|(n, (sum, squares))| {
            let sample = Sample::new(n, sum, squares, self.outcome.quantity());
            sample.map_or(Figure::Undefined, Figure::Known)
        })
    }

    /// The counts of the occupied groups on the grid.
    fn on_grid(&self, occupied: &[usize], totals: &Totals) -> Figure<OnGrid> {
        let counts = Figure::all(occupied.iter().map(|group| self.outcome.on_grid(*group, totals)));
        let exact = occupied.iter().all(|group| self.outcome.median(*group, totals).1.exact);
        let (origin, width) = self.outcome.grid();
        counts.and_then(|counts| {
            // A group has somebody by its count, and so must it on the grid.
            let nobody = counts.iter().any(|cells| cells.iter().all(|count| *count == 0));
            if nobody { Figure::Undefined } else { Figure::Known(OnGrid { counts, origin, width, exact }) }
        })
    }

    fn group(&self, group: usize, level: String, totals: &Totals) -> Group {
        let moments = self.outcome.moments(group, totals);
        let (median, grid) = self.outcome.median(group, totals);
        Group {
            level,
            label: self.arrangement.label_of(group),
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
        let by = asked.arrangement.by().map(|by| by.label.as_str());
        let title = by.map_or(asked.label.clone(), |by| format!("{} by {by}", asked.label));
        let mut groups = Table::new(title, [by.unwrap_or("Values"), "n", "Mean", "SD", "Median"]);
        groups.rows.extend(self.groups.iter().map(|group| {
            let start = vec![group.label.as_str().into()];
            start.into_iter().chain(group.numbers()).collect()
        }));
        let headings =
            ["Test", "Statistic", "df", "df within", "p", asked.test.estimate(), "Lower", "Upper", "Method"];
        let mut test = Table::new("Test", headings);
        let method = [self.test.method.unwrap_or_default(), self.binned()];
        let method: Vec<&str> = method.into_iter().filter(|part| !part.is_empty()).collect();
        test.rows.push(self.test.cells().into_iter().chain([method.join("; ").as_str().into()]).collect());
        vec![groups, test]
    }

    fn binned(&self) -> &'static str {
        match self.test.binned {
            Some(true) => "the values were binned: not every one lies on the grid",
            _ => "",
        }
    }
}

impl Group {
    fn numbers(&self) -> [Cell; 4] {
        [self.n.into(), self.mean.into(), self.sd.into(), self.median.into()]
    }
}
