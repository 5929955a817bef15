//! The network's half of `cumulative_incidence`.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::curve::{self, Point};
use super::{CumulativeIncidence, gray};
use crate::exits::{self, Course};
use crate::figure::Figure;
use crate::group_test::GroupTest;
use crate::outcome::Outcome;
use crate::totals::Totals;

/// The result.
#[derive(Serialize)]
pub(super) struct Incidence {
    /// The width of the time grid and its end.
    every: f64,
    until: f64,
    interval: &'static str,
    /// How many rows lack something.
    lost: Figure<u64>,
    pub(super) groups: Vec<Group>,
    /// Tests by name, and within it by cause.
    pub(super) tests: BTreeMap<&'static str, BTreeMap<String, GroupTest>>,
    #[serde(skip)]
    pub(super) causes: Vec<exits::Cause>,
}

/// The rows of one group, or all rows.
#[derive(Serialize)]
pub(super) struct Group {
    /// The group's level, or levels; null for all rows.
    level: Value,
    pub(super) n: Figure<u64>,
    pub(super) censored: Figure<u64>,
    /// By the code of the cause.
    pub(super) causes: BTreeMap<String, Cause>,
    #[serde(skip)]
    pub(super) codes: Vec<String>,
    #[serde(skip)]
    pub(super) label: String,
    #[serde(skip)]
    pub(super) numbers_at_risk: Vec<Figure<u64>>,
}

/// One cause in one group.
#[derive(Serialize)]
pub(super) struct Cause {
    pub(super) events: Figure<u64>,
    pub(super) curve: Vec<Step>,
    pub(super) at: Vec<Step>,
    #[serde(skip)]
    pub(super) label: String,
}

/// A grid time.
#[derive(Serialize)]
pub(super) struct Step {
    pub(super) time: f64,
    pub(super) at_risk: Figure<u64>,
    pub(super) events: Figure<u64>,
    pub(super) events_so_far: Figure<u64>,
    pub(super) incidence: Figure<f64>,
    pub(super) se: Figure<f64>,
    pub(super) lower: Figure<f64>,
    pub(super) upper: Figure<f64>,
}

pub(super) fn outcome(asked: &CumulativeIncidence, totals: &Totals) -> Outcome {
    let by = &asked.exits.groups;
    let courses: Vec<Figure<Course>> = (0..by.len()).map(|group| asked.exits.group(group, totals)).collect();
    let everybody = Figure::all(courses.iter().cloned()).map(|courses| Course::together(&courses));
    match &everybody {
        Figure::Known(course) if course.n() == 0 => {
            return Outcome::refused("no row has a time, an event and a group");
        }
        Figure::Undefined => return Outcome::refused("the totals are not those of any rows"),
        Figure::Known(_) | Figure::Withheld => {}
    }
    let is_empty = |group: &usize| matches!(&courses[*group], Figure::Known(course) if course.n() == 0);
    let causes = asked.exits.causes(&everybody);
    let unnamed = vec![String::new(); by.by().len()];
    let all = asked.group(&everybody, &causes, Value::Null, unnamed, "All".to_owned());
    let shown: Vec<usize> = (0..by.len())
        .filter(|_| !by.is_everybody())
        .filter(|group| !(by.leave_out_empty() && is_empty(group)))
        .collect();
    let each = shown
        .iter()
        .map(|at| asked.group(&courses[*at], &causes, by.value(*at), by.codes(*at), by.label(*at)));
    let groups: Vec<Group> = std::iter::once(all).chain(each).collect();
    let compared: Vec<usize> = shown.into_iter().filter(|group| !is_empty(group)).collect();
    let result = Incidence {
        every: asked.exits.grid.times()[1],
        until: asked.exits.grid.until(),
        interval: asked.scale.name(),
        lost: asked.exits.lost(totals),
        groups,
        tests: if asked.tests.is_empty() { BTreeMap::new() } else { asked.gray(&compared, &causes, totals) },
        causes,
    };
    let (tidy, shown) = (asked.tidy(&result), asked.shown(&result));
    Outcome::answered(totals, &result, tidy, shown)
}

impl CumulativeIncidence {
    fn group(
        &self,
        course: &Figure<Course>,
        causes: &[exits::Cause],
        level: Value,
        codes: Vec<String>,
        label: String,
    ) -> Group {
        let spread = self.exits.grid.spread();
        let at_risk = |at: &usize| course.clone().map(|course| course.at_risk[*at]);
        let causes = causes.iter().map(|cause| (cause.code.clone(), self.cause(course, cause)));
        Group {
            level,
            n: course.clone().map(|course| course.n()),
            censored: course.clone().map(|course| course.censored.iter().sum()),
            causes: causes.collect(),
            codes,
            label,
            numbers_at_risk: spread.iter().map(at_risk).collect(),
        }
    }

    fn cause(&self, course: &Figure<Course>, cause: &exits::Cause) -> Cause {
        let times = self.exits.grid.times();
        let absent = |figure: Figure<u64>| {
            self.report_at.iter().map(|at| Step::absent(times[*at], figure)).collect::<Vec<_>>()
        };
        let (curve, at) = match course {
            Figure::Known(course) => {
                let points = curve::curve(course, cause.at, times);
                let steps = points.iter().enumerate().filter(|(at, point)| *at == 0 || point.exits > 0);
                let curve = steps.map(|(_, point)| self.step(point)).collect();
                (curve, self.report_at.iter().map(|at| self.step(&points[*at])).collect())
            }
            Figure::Withheld => (Vec::new(), absent(Figure::Withheld)),
            Figure::Undefined => (Vec::new(), absent(Figure::Undefined)),
        };
        let events = course.clone().map(|course| course.events[cause.at].iter().sum());
        Cause { events, curve, at, label: cause.label.clone() }
    }

    fn step(&self, point: &Point) -> Step {
        let only = |figure: Figure<f64>| if point.known { figure } else { Figure::Undefined };
        let [lower, upper] = point.interval(self.scale);
        Step {
            time: point.time,
            at_risk: Figure::Known(point.at_risk),
            events: Figure::Known(point.events),
            events_so_far: Figure::Known(point.events_so_far),
            incidence: only(Figure::finite(point.incidence)),
            se: only(point.se()),
            lower: only(lower),
            upper: only(upper),
        }
    }

    /// Gray's test of each cause among the groups that have anybody; with strata the test within them too.
    fn gray(
        &self,
        compared: &[usize],
        causes: &[exits::Cause],
        totals: &Totals,
    ) -> BTreeMap<&'static str, BTreeMap<String, GroupTest>> {
        let exits = &self.exits;
        let levels: Vec<Value> = compared.iter().map(|group| exits.groups.value(*group)).collect();
        let whole = Figure::all(compared.iter().map(|group| exits.group(*group, totals)));
        let within = (0..exits.strata())
            .map(|stratum| Figure::all(compared.iter().map(|group| exits.within(*group, stratum, totals))));
        let mut asked = vec![("gray", whole.map(|courses| vec![courses]), Vec::new())];
        if exits.strata() > 1 {
            asked.push(("gray_stratified", Figure::all(within), exits.stratified_by()));
        }
        let mut tests = BTreeMap::new();
        for (name, strata, by) in asked {
            let causes = causes.iter().map(|cause| {
                let test = match &strata {
                    Figure::Known(_) if compared.len() < 2 => {
                        GroupTest::refused("fewer than two groups have anybody in them")
                    }
                    Figure::Known(strata) => GroupTest {
                        levels: levels.clone(),
                        strata: by.clone(),
                        ..gray::test(strata, cause.at)
                    },
                    Figure::Withheld | Figure::Undefined => GroupTest::withheld(),
                };
                (cause.code.clone(), test)
            });
            tests.insert(name, causes.collect());
        }
        tests
    }
}

impl Step {
    /// A time of a curve that is not known.
    fn absent(time: f64, count: Figure<u64>) -> Self {
        let number = count.map(|_| 0.0);
        Self {
            time,
            at_risk: count,
            events: count,
            events_so_far: count,
            incidence: number,
            se: number,
            lower: number,
            upper: number,
        }
    }
}
