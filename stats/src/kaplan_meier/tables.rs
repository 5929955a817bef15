//! The tables of `kaplan_meier`: the curves as CSV, and what a paper shows of them.

use super::KaplanMeier;
use super::report::Survival;
use crate::group_test::GroupTest;
use crate::outcome::{Cell, Table};

impl KaplanMeier {
    pub(super) fn tidy(&self, result: &Survival) -> Table {
        let by = self.exits.groups.by().iter().map(|levels| format!("by_{}", levels.name));
        let columns = [
            "time",
            "at_risk",
            "events",
            "censored",
            "survival",
            "se",
            "lower",
            "upper",
            "cumulative_hazard",
            "cumulative_hazard_se",
        ];
        let mut table = Table::new("kaplan_meier", by.chain(columns.map(str::to_owned)));
        for group in &result.groups {
            for step in &group.curve {
                let by = group.codes.iter().map(|code| Cell::from(code.as_str()));
                table.rows.push(by.chain(step.cells()).collect());
            }
        }
        table
    }

    /// For people: a summary, survival at the times asked for, the numbers at risk, the tests.
    pub(super) fn shown(&self, result: &Survival) -> Vec<Table> {
        let mut tables = vec![summary(result)];
        if !self.report_at.is_empty() {
            tables.push(survival_at(result));
        }
        tables.push(self.at_risk(result));
        if !result.rmst_differences.is_empty() {
            tables.push(mean_differences(result));
        }
        if !result.tests.is_empty() {
            let mut table = Table::new("Survival compared", GroupTest::SHOWN);
            for (name, test) in &result.tests {
                let name = match *name {
                    "logrank" => "Log-rank".to_owned(),
                    "peto" => "Peto-Prentice".to_owned(),
                    "logrank_stratified" => format!("Log-rank within {}", test.strata.join(", ")),
                    _ => format!("Peto-Prentice within {}", test.strata.join(", ")),
                };
                table.rows.push(test.shown(&name));
            }
            tables.push(table);
        }
        tables
    }

    fn at_risk(&self, result: &Survival) -> Table {
        let spread = self.exits.grid.spread();
        let times = spread.iter().map(|at| self.exits.grid.times()[*at].to_string());
        let mut table = Table::new("Numbers at risk", ["Group".to_owned()].into_iter().chain(times));
        for group in &result.groups {
            let numbers = group.numbers_at_risk.iter().map(|number| Cell::from(*number));
            table.rows.push([Cell::from(group.label.as_str())].into_iter().chain(numbers).collect());
        }
        table
    }
}

fn summary(result: &Survival) -> Table {
    let rmst = result.groups.iter().find_map(|group| group.rmst);
    let mut columns: Vec<String> =
        ["Group", "n", "Events", "Median", "Lower", "Upper"].map(str::to_owned).to_vec();
    if let Some(mean) = rmst {
        columns.extend([format!("Mean up to {}", mean.tau), "Lower".to_owned(), "Upper".to_owned()]);
    }
    let mut table = Table::new("Survival", columns);
    for group in &result.groups {
        let median = group.median;
        let mut row: Vec<Cell> = vec![
            group.label.as_str().into(),
            group.n.into(),
            group.events.into(),
            median.estimate.into(),
            median.lower.into(),
            median.upper.into(),
        ];
        if let Some(mean) = group.rmst {
            row.extend([mean.estimate.into(), mean.lower.into(), mean.upper.into()]);
        }
        table.rows.push(row);
    }
    table
}

fn survival_at(result: &Survival) -> Table {
    let columns = ["Group", "Time", "At risk", "Events so far", "Survival", "Lower", "Upper"];
    let mut table = Table::new("Survival at times", columns);
    for group in &result.groups {
        for step in &group.at {
            table.rows.push(vec![
                group.label.as_str().into(),
                step.time.into(),
                step.at_risk.into(),
                step.events_so_far.into(),
                step.survival.into(),
                step.lower.into(),
                step.upper.into(),
            ]);
        }
    }
    table
}

fn mean_differences(result: &Survival) -> Table {
    let columns = ["Group", "Difference of means", "Lower", "Upper", "p"];
    let mut table = Table::new("Mean survival compared with the first group", columns);
    for one in &result.rmst_differences {
        let row = [one.estimate, one.lower, one.upper, one.p].map(Cell::from);
        table.rows.push([Cell::from(one.label.as_str())].into_iter().chain(row).collect());
    }
    table
}
