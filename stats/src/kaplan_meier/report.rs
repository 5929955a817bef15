//! The network's half of `kaplan_meier`: the curves and what is read from them.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::curve::{Curve, Point};
use super::rank_test::{self, Weights};
use super::{Asked, KaplanMeier};
use crate::distribution::{normal_quantile, normal_two_sided};
use crate::exits::Course;
use crate::figure::Figure;
use crate::group_test::GroupTest;
use crate::outcome::{Cell, Outcome};
use crate::totals::Totals;

/// The result.
#[derive(Serialize)]
pub(super) struct Survival {
    /// The width of the time grid and its end.
    pub(super) every: f64,
    pub(super) until: f64,
    pub(super) interval: &'static str,
    /// How many rows lack something.
    pub(super) lost: Figure<u64>,
    pub(super) groups: Vec<Group>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) rmst_differences: Vec<Difference>,
    pub(super) tests: BTreeMap<&'static str, GroupTest>,
}

/// The rows of one group, or all rows.
#[derive(Serialize)]
pub(super) struct Group {
    /// The group's level, or levels; null for all rows.
    pub(super) level: Value,
    pub(super) n: Figure<u64>,
    pub(super) events: Figure<u64>,
    pub(super) person_time: Figure<f64>,
    /// Events for each unit of person-time.
    pub(super) rate: Figure<f64>,
    pub(super) curve: Vec<Step>,
    pub(super) at: Vec<Step>,
    pub(super) median: Span,
    pub(super) quartiles: BTreeMap<&'static str, Span>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rmst: Option<Mean>,
    #[serde(skip)]
    pub(super) codes: Vec<String>,
    #[serde(skip)]
    pub(super) label: String,
    #[serde(skip)]
    pub(super) numbers_at_risk: Vec<Figure<u64>>,
}

/// A grid time.
#[derive(Serialize)]
pub(super) struct Step {
    pub(super) time: f64,
    pub(super) at_risk: Figure<u64>,
    pub(super) events: Figure<u64>,
    pub(super) censored: Figure<u64>,
    pub(super) events_so_far: Figure<u64>,
    pub(super) survival: Figure<f64>,
    pub(super) se: Figure<f64>,
    pub(super) lower: Figure<f64>,
    pub(super) upper: Figure<f64>,
    pub(super) cumulative_hazard: Figure<f64>,
    pub(super) cumulative_hazard_se: Figure<f64>,
}

/// A time and its interval.
#[derive(Serialize, Clone, Copy)]
pub(super) struct Span {
    pub(super) estimate: Figure<f64>,
    pub(super) lower: Figure<f64>,
    pub(super) upper: Figure<f64>,
}

/// Mean survival up to a time.
#[derive(Serialize, Clone, Copy)]
pub(super) struct Mean {
    pub(super) tau: f64,
    pub(super) estimate: Figure<f64>,
    pub(super) se: Figure<f64>,
    pub(super) lower: Figure<f64>,
    pub(super) upper: Figure<f64>,
}

/// How much longer a group's mean survival is than that of the first.
#[derive(Serialize)]
pub(super) struct Difference {
    pub(super) level: Value,
    pub(super) reference: Value,
    pub(super) tau: f64,
    pub(super) estimate: Figure<f64>,
    pub(super) se: Figure<f64>,
    pub(super) statistic: Figure<f64>,
    pub(super) p: Figure<f64>,
    pub(super) lower: Figure<f64>,
    pub(super) upper: Figure<f64>,
    #[serde(skip)]
    pub(super) label: String,
}

const QUARTILES: [(&str, f64); 3] = [("0.25", 0.25), ("0.5", 0.5), ("0.75", 0.75)];

pub(super) fn outcome(asked: &KaplanMeier, totals: &Totals) -> Outcome {
    let by = &asked.exits.groups;
    let courses: Vec<Figure<Course>> = (0..by.len()).map(|group| asked.exits.group(group, totals)).collect();
    let everybody = Figure::all(courses.iter().cloned()).map(|courses| Course::together(&courses));
    if matches!(&everybody, Figure::Known(course) if course.n() == 0) {
        return Outcome::refused("no row has a time, an event and a group");
    }
    if matches!(&everybody, Figure::Undefined) {
        return Outcome::refused("the totals are not those of any rows");
    }
    let unnamed = vec![String::new(); by.by().len()];
    let all = asked.group(&everybody, Value::Null, unnamed, "All".to_owned());
    let shown: Vec<usize> = (0..by.len())
        .filter(|_| !by.is_everybody())
        .filter(|group| !(by.leave_out_empty() && is_empty(&courses[*group])))
        .collect();
    let each = shown
        .iter()
        .map(|group| asked.group(&courses[*group], by.value(*group), by.codes(*group), by.label(*group)));
    let groups: Vec<Group> = std::iter::once(all).chain(each).collect();
    let compared: Vec<usize> = shown.into_iter().filter(|group| !is_empty(&courses[*group])).collect();
    let result = Survival {
        every: asked.exits.grid.times()[1],
        until: asked.exits.grid.until(),
        interval: asked.scale.name(),
        lost: asked.exits.lost(totals),
        rmst_differences: differences(&groups[1..]),
        tests: asked.tests.iter().flat_map(|test| asked.run(*test, &compared, totals)).collect(),
        groups,
    };
    let (tidy, shown) = (asked.tidy(&result), asked.shown(&result));
    Outcome::answered(totals, &result, tidy, shown)
}

fn is_empty(course: &Figure<Course>) -> bool {
    matches!(course, Figure::Known(course) if course.n() == 0)
}

impl KaplanMeier {
    fn group(&self, course: &Figure<Course>, level: Value, codes: Vec<String>, label: String) -> Group {
        let times = self.exits.grid.times();
        let curve = course.clone().map(|course| Curve::new(&course, times));
        let spread = self.exits.grid.spread();
        let absent = |at: &usize| Step::absent(times[*at], &curve);
        let (steps, at, numbers_at_risk) = match &curve {
            Figure::Known(Curve(points)) => (
                points
                    .iter()
                    .enumerate()
                    .filter(|(at, point)| *at == 0 || Curve::is_step(point))
                    .map(|(_, point)| Step::of(point, self))
                    .collect(),
                self.report_at.iter().map(|at| Step::of(&points[*at], self)).collect(),
                spread.iter().map(|at| Figure::Known(points[*at].at_risk)).collect(),
            ),
            _ => (
                Vec::new(),
                self.report_at.iter().map(absent).collect(),
                spread.iter().map(|_| Figure::Withheld).collect(),
            ),
        };
        let read = |value: &dyn Fn(&Curve) -> Figure<f64>| match &curve {
            Figure::Known(curve) => value(curve),
            Figure::Withheld => Figure::Withheld,
            Figure::Undefined => Figure::Undefined,
        };
        let quartiles: BTreeMap<&str, Span> = QUARTILES
            .into_iter()
            .map(|(name, p)| {
                let end = |end: usize| read(&|curve| curve.quantile(p, self.scale)[end]);
                (name, Span { estimate: end(0), lower: end(1), upper: end(2) })
            })
            .collect();
        let events = course.clone().map(|course| (0..times.len()).map(|at| course.any_event(at)).sum());
        let person_time = read(&|curve| Figure::finite(curve.person_time()));
        let rmst = self.tau.map(|tau| {
            let mean = |pick: fn((f64, f64)) -> f64| {
                read(&|curve| match curve.restricted_mean(tau) {
                    Some(mean) => Figure::finite(pick(mean)),
                    None => Figure::Undefined,
                })
            };
            Mean::new(tau, mean(|(estimate, _)| estimate), mean(|(_, se)| se))
        });
        Group {
            level,
            n: course.clone().map(|course| course.n()),
            events,
            person_time,
            rate: events.and(person_time).and_then(|(events, time)| Figure::finite(events as f64 / time)),
            curve: steps,
            at,
            median: quartiles["0.5"],
            quartiles,
            rmst,
            codes,
            label,
            numbers_at_risk,
        }
    }

    /// A test of the groups that have anybody; with strata the test within them too.
    fn run(&self, asked: Asked, compared: &[usize], totals: &Totals) -> Vec<(&'static str, GroupTest)> {
        let (plain, stratified, weights) = match asked {
            Asked::Logrank => ("logrank", "logrank_stratified", Weights::Alike),
            Asked::Peto => ("peto", "peto_stratified", Weights::Survival),
        };
        let levels: Vec<Value> = compared.iter().map(|group| self.exits.groups.value(*group)).collect();
        let test = |strata: Figure<Vec<Vec<Course>>>, by: Vec<String>| match strata {
            Figure::Known(_) if compared.len() < 2 => {
                GroupTest::refused("fewer than two groups have anybody in them")
            }
            Figure::Known(strata) => {
                let test = rank_test::test(&strata, weights);
                GroupTest { levels: levels.clone(), strata: by, ..test }
            }
            Figure::Withheld | Figure::Undefined => GroupTest::withheld(),
        };
        let whole = Figure::all(compared.iter().map(|group| self.exits.group(*group, totals)));
        let mut tests = vec![(plain, test(whole.map(|courses| vec![courses]), Vec::new()))];
        if self.exits.strata() > 1 {
            let stratum = |stratum: usize| {
                Figure::all(compared.iter().map(|group| self.exits.within(*group, stratum, totals)))
            };
            let strata = Figure::all((0..self.exits.strata()).map(stratum));
            tests.push((stratified, test(strata, self.exits.stratified_by())));
        }
        tests
    }
}

/// Each group against the first that has anybody.
fn differences(groups: &[Group]) -> Vec<Difference> {
    let mut known = groups
        .iter()
        .filter(|group| group.n != Figure::Known(0))
        .filter_map(|group| Some((group, group.rmst?)));
    let Some((first, reference)) = known.next() else { return Vec::new() };
    let difference = |(group, mean): (&Group, Mean)| {
        let estimate =
            mean.estimate.and(reference.estimate).and_then(|(one, other)| Figure::finite(one - other));
        let se = mean.se.and(reference.se);
        let se = se.and_then(|(one, other)| Figure::finite((one * one + other * other).sqrt()));
        let statistic = estimate.and(se).and_then(|(estimate, se)| Figure::finite(estimate / se));
        let Mean { lower, upper, .. } = Mean::new(mean.tau, estimate, se);
        Difference {
            level: group.level.clone(),
            reference: first.level.clone(),
            tau: mean.tau,
            estimate,
            se,
            statistic,
            p: statistic.and_then(|z| Figure::finite(normal_two_sided(z))),
            lower,
            upper,
            label: group.label.clone(),
        }
    };
    known.map(difference).collect()
}

impl Mean {
    fn new(tau: f64, estimate: Figure<f64>, se: Figure<f64>) -> Self {
        let end = |side: f64| {
            let reach = side * normal_quantile(0.975);
            estimate.and(se).and_then(|(estimate, se)| Figure::finite(estimate + reach * se))
        };
        Self { tau, estimate, se, lower: end(-1.0), upper: end(1.0) }
    }
}

impl Step {
    fn of(point: &Point, asked: &KaplanMeier) -> Self {
        let (known, [lower, upper]) = (point.is_known(), point.interval(asked.scale));
        let only = |figure: Figure<f64>| if known { figure } else { Figure::Undefined };
        Self {
            time: point.time,
            at_risk: Figure::Known(point.at_risk),
            events: Figure::Known(point.events),
            censored: Figure::Known(point.censored),
            events_so_far: Figure::Known(point.events_so_far),
            survival: only(Figure::finite(point.survival)),
            se: only(point.se()),
            lower: only(lower),
            upper: only(upper),
            cumulative_hazard: only(Figure::finite(point.hazard)),
            cumulative_hazard_se: only(Figure::finite(point.hazard_variance.sqrt())),
        }
    }

    /// A time of a curve that is not known.
    fn absent(time: f64, curve: &Figure<Curve>) -> Self {
        let withheld = matches!(curve, Figure::Withheld);
        let (count, number) = if withheld {
            (Figure::Withheld, Figure::Withheld)
        } else {
            (Figure::Undefined, Figure::Undefined)
        };
        Self {
            time,
            at_risk: count,
            events: count,
            censored: count,
            events_so_far: count,
            survival: number,
            se: number,
            lower: number,
            upper: number,
            cumulative_hazard: number,
            cumulative_hazard_se: number,
        }
    }

    pub(super) fn cells(&self) -> Vec<Cell> {
        vec![
            self.time.into(),
            self.at_risk.into(),
            self.events.into(),
            self.censored.into(),
            self.survival.into(),
            self.se.into(),
            self.lower.into(),
            self.upper.into(),
            self.cumulative_hazard.into(),
            self.cumulative_hazard_se.into(),
        ]
    }
}
