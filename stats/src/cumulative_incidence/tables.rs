//! The tables of `cumulative_incidence`: the curves as CSV, and what a paper shows of them.

use super::CumulativeIncidence;
use super::report::Incidence;
use crate::group_test::GroupTest;
use crate::outcome::{Cell, Table};

impl CumulativeIncidence {
    pub(super) fn tidy(&self, result: &Incidence) -> Table {
        let by = self.exits.groups.by().iter().map(|levels| format!("by_{}", levels.name));
        let columns = ["cause", "time", "at_risk", "events", "incidence", "se", "lower", "upper"];
        let mut table = Table::new("cumulative_incidence", by.chain(columns.map(str::to_owned)));
        for group in &result.groups {
            for (code, cause) in &group.causes {
                for step in &cause.curve {
                    let mut row: Vec<Cell> =
                        group.codes.iter().map(|code| Cell::from(code.as_str())).collect();
                    row.extend([code.as_str().into(), step.time.into()]);
                    row.extend([step.at_risk, step.events].map(Cell::from));
                    row.extend([step.incidence, step.se, step.lower, step.upper].map(Cell::from));
                    table.rows.push(row);
                }
            }
        }
        table
    }

    /// For people: events by cause, incidence at the times asked for, the numbers at risk, the tests.
    pub(super) fn shown(&self, result: &Incidence) -> Vec<Table> {
        let causes = &result.causes;
        let labels = causes.iter().map(|cause| cause.label.clone());
        let headings = ["Group".to_owned(), "n".to_owned()].into_iter().chain(labels);
        let mut counts = Table::new("Events by cause", headings.chain(["Censored".to_owned()]));
        for group in &result.groups {
            let events = causes.iter().map(|cause| group.causes.get(&cause.code).map(|own| own.events));
            let events = events.map(|events| events.map_or(Cell::Empty, Cell::from));
            let row = [group.label.as_str().into(), group.n.into()].into_iter().chain(events);
            counts.rows.push(row.chain([group.censored.into()]).collect());
        }
        let mut tables = vec![counts];
        if !self.report_at.is_empty() {
            tables.push(incidence_at(result));
        }
        tables.push(self.at_risk(result));
        if !result.tests.is_empty() {
            let mut table = Table::new("Incidence compared", GroupTest::SHOWN);
            for (name, tests) in &result.tests {
                for cause in causes {
                    let Some(test) = tests.get(&cause.code) else { continue };
                    let within = match *name {
                        "gray" => String::new(),
                        _ => format!(" within {}", test.strata.join(", ")),
                    };
                    table.rows.push(test.shown(&format!("Gray, {}{within}", cause.label)));
                }
            }
            tables.push(table);
        }
        tables
    }

    fn at_risk(&self, result: &Incidence) -> Table {
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

fn incidence_at(result: &Incidence) -> Table {
    let columns = ["Group", "Cause", "Time", "At risk", "Events so far", "Incidence", "Lower", "Upper"];
    let mut table = Table::new("Cumulative incidence at times", columns);
    for group in &result.groups {
        for cause in group.causes.values() {
            for step in &cause.at {
                table.rows.push(vec![
                    group.label.as_str().into(),
                    cause.label.as_str().into(),
                    step.time.into(),
                    step.at_risk.into(),
                    step.events_so_far.into(),
                    step.incidence.into(),
                    step.lower.into(),
                    step.upper.into(),
                ]);
            }
        }
    }
    table
}
