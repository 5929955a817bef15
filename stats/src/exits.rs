//! When people leave observation: counts of events and of censored on a public time grid, by group and stratum.
//!
//! Everything about survival is computed from them. A row that lacks its time, event, group or stratum is lost and
//! counted as such.

use std::collections::BTreeSet;

use notochord_proto::fields::{Fields, OneOrMany};
use notochord_proto::layout::{Layout, TablePurpose};
use notochord_proto::name::VariableName;
use notochord_proto::problem::Problem;
use notochord_proto::scope::Scope;

use crate::contribution::{ContributeError, Contribution};
use crate::figure::Figure;
use crate::frame::Frame;
use crate::groups::Groups;
use crate::levels::Levels;
use crate::quantity::{Numeric, Quantity};
use crate::time_grid::{Counted, TimeGrid};
use crate::totals::Totals;
use crate::vector::{Cells, LONGEST, Tables};

/// The specification of the counts, and where they stand.
pub(crate) struct Exits {
    time: Numeric,
    /// The first level is censored.
    event: Levels,
    pub(crate) grid: TimeGrid,
    pub(crate) groups: Groups,
    strata: Vec<Levels>,
    /// Of each way to leave: a row for each group within each stratum, a column for each grid time.
    cells: Vec<Cells>,
    lost: usize,
    layout: Layout,
}

/// What may be an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Events {
    /// It happened or it did not.
    One,
    /// One of several causes.
    Competing,
}

/// The exits of some people at each grid time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Course {
    pub(crate) censored: Vec<u64>,
    /// Events by cause.
    pub(crate) events: Vec<Vec<u64>>,
    /// How many are under observation just before each grid time.
    pub(crate) at_risk: Vec<u64>,
}

/// One of several competing events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cause {
    /// Its position among the causes.
    pub(crate) at: usize,
    pub(crate) code: String,
    pub(crate) label: String,
}

/// The most strata.
const MOST_STRATA: usize = 400;

impl Exits {
    /// Reads `time`, `event`, `by`, `strata`, `every` and `until`.
    pub(crate) fn parse(fields: &mut Fields<'_>, scope: &Scope, events: Events) -> Result<Self, Problem> {
        let time = parse_time(fields, scope)?;
        let event = parse_event(fields, scope, events)?;
        let grid = TimeGrid::parse(fields)?;
        let groups = Groups::parse(fields, scope)?;
        let strata = parse_strata(fields, scope, &groups)?;
        let within: usize = strata.iter().map(Levels::len).product();
        let rows = groups.len() * within;
        if (rows * event.len()).saturating_mul(grid.times().len()) > LONGEST {
            let message = format!(
                "the time grids of all groups and strata have more than {LONGEST} cells; a wider `every` has fewer"
            );
            return Err(fields.problem("every", message));
        }
        let mut headings = Vec::with_capacity(rows);
        for group in 0..groups.len() {
            for stratum in 0..within {
                let codes: Vec<String> =
                    groups.codes(group).into_iter().chain(codes(&strata, stratum)).collect();
                headings.push(if codes.is_empty() { "all".to_owned() } else { codes.join(", ") });
            }
        }
        let times: Vec<String> = grid.times().iter().map(f64::to_string).collect();
        let mut tables = Tables::default();
        let mut add = |way: usize| {
            let name = match way {
                0 => format!("{} until censored", time.name),
                way => format!("{} until {} {}", time.name, event.name, event.code(way)),
            };
            tables.table(TablePurpose::Grid, name, headings.clone(), times.clone())
        };
        let cells = (0..event.len()).map(&mut add).collect();
        let lost = tables.count(TablePurpose::Missing, time.name.as_str(), "rows lost");
        Ok(Self { time, event, grid, groups, strata, cells, lost, layout: tables.sums().finish() })
    }

    /// The columns read.
    pub(crate) fn variables(&self) -> BTreeSet<VariableName> {
        let levels = self.groups.by().iter().chain(&self.strata).chain([&self.event]);
        levels.map(|levels| levels.name.clone()).chain([self.time.name.clone()]).collect()
    }

    /// What each integer of the vector is.
    pub(crate) fn layout(&self) -> Layout {
        self.layout.clone()
    }

    /// The causes: every level of the event but the first. Of whole numbers those nobody had are left out, where anybody
    /// had any.
    pub(crate) fn causes(&self, everybody: &Figure<Course>) -> Vec<Cause> {
        let cause = |at: usize| Cause {
            at,
            code: self.event.code(at + 1).to_owned(),
            label: self.event.label_of(at + 1).to_owned(),
        };
        let all: Vec<Cause> = (0..self.event.len() - 1).map(cause).collect();
        let Figure::Known(course) = everybody else { return all };
        let had = |cause: &Cause| course.events[cause.at].iter().any(|events| *events > 0);
        if !self.event.are_integers() || !all.iter().any(had) {
            return all;
        }
        all.into_iter().filter(had).collect()
    }

    /// How many strata; one where there are none.
    pub(crate) fn strata(&self) -> usize {
        self.strata.iter().map(Levels::len).product()
    }

    /// The names of the variables that make strata.
    pub(crate) fn stratified_by(&self) -> Vec<String> {
        self.strata.iter().map(|levels| levels.name.to_string()).collect()
    }

    /// The vector of these rows.
    pub(crate) fn contribute(&self, frame: &Frame) -> Result<Contribution, ContributeError> {
        let mut contribution = Contribution::zero(self.layout.len());
        let (time, event) = (self.time.read(frame)?, self.event.read(frame)?);
        let strata = self.strata.iter().map(|levels| levels.read(frame)).collect::<Result<Vec<_>, _>>()?;
        for (row, group) in self.groups.of_rows(frame)?.into_iter().enumerate() {
            let mut stratum = Some(0);
            for (column, levels) in strata.iter().zip(&self.strata) {
                let level = column.at(row)?;
                stratum = stratum.zip(level).map(|(stratum, level)| stratum * levels.len() + level);
            }
            let stratum = stratum.filter(|_| group < self.groups.len());
            let (Some((time, _)), Some(way), Some(stratum)) = (time.at(row)?, event.at(row)?, stratum) else {
                contribution.tally(self.lost, 1);
                continue;
            };
            let (way, at) = match self.grid.count(time.to_number()) {
                Counted::At(at) => (way, at),
                Counted::Beyond => (0, self.grid.times().len() - 1),
            };
            contribution.tally(self.cells[way].at(group * self.strata() + stratum, at), 1);
        }
        Ok(contribution)
    }

    /// How many rows lack something.
    pub(crate) fn lost(&self, totals: &Totals) -> Figure<u64> {
        totals.count(self.lost)
    }

    /// The exits of a group within a stratum.
    pub(crate) fn within(&self, group: usize, stratum: usize, totals: &Totals) -> Figure<Course> {
        let row = group * self.strata() + stratum;
        let way = |cells: &Cells| {
            Figure::all((0..self.grid.times().len()).map(|at| totals.count(cells.at(row, at))))
        };
        let ways = Figure::all(self.cells.iter().map(way));
        ways.map(|mut ways| {
            let censored = ways.remove(0);
            Course::new(censored, ways)
        })
    }

    /// The exits of a group.
    pub(crate) fn group(&self, group: usize, totals: &Totals) -> Figure<Course> {
        let within = (0..self.strata()).map(|stratum| self.within(group, stratum, totals));
        Figure::all(within).map(|courses| Course::together(&courses))
    }
}

impl Course {
    pub(crate) fn new(censored: Vec<u64>, events: Vec<Vec<u64>>) -> Self {
        let mut at_risk = vec![0_u64; censored.len()];
        let mut later = 0_u64;
        for at in (0..censored.len()).rev() {
            let exits: u64 = censored[at] + events.iter().map(|events| events[at]).sum::<u64>();
            later += exits;
            at_risk[at] = later;
        }
        Self { censored, events, at_risk }
    }

    /// The exits of several taken together; of nobody where there are none.
    pub(crate) fn together(courses: &[Course]) -> Self {
        let Some((first, rest)) = courses.split_first() else {
            return Self::new(Vec::new(), Vec::new());
        };
        let add = |total: &mut Vec<u64>, part: &[u64]| {
            total.iter_mut().zip(part).for_each(|(total, part)| *total += part);
        };
        let (mut censored, mut events) = (first.censored.clone(), first.events.clone());
        for course in rest {
            add(&mut censored, &course.censored);
            events.iter_mut().zip(&course.events).for_each(|(total, part)| add(total, part));
        }
        Self::new(censored, events)
    }

    /// How many people.
    pub(crate) fn n(&self) -> u64 {
        self.at_risk.first().copied().unwrap_or_default()
    }

    /// The events of any cause at a grid time.
    pub(crate) fn any_event(&self, at: usize) -> u64 {
        self.events.iter().map(|events| events[at]).sum()
    }
}

fn parse_time(fields: &mut Fields<'_>, scope: &Scope) -> Result<Numeric, Problem> {
    let name: VariableName = fields.required("time")?;
    let time = scope.require(&name).and_then(|variable| Numeric::of(&variable));
    let time = time.map_err(|message| fields.problem("time", message))?;
    let below = match time.quantity {
        Quantity::Integer { lower, .. } => lower < 0,
        Quantity::Number { lower, .. } => lower < 0.0,
    };
    if below {
        let message = format!("`{name}` may be below 0 by its validation minimum; a time counts from 0");
        return Err(fields.problem("time", message));
    }
    Ok(time)
}

fn parse_event(fields: &mut Fields<'_>, scope: &Scope, events: Events) -> Result<Levels, Problem> {
    let name: VariableName = fields.required("event")?;
    let levels = scope.require(&name).and_then(|variable| Levels::of(&variable));
    let levels = levels.map_err(|message| fields.problem("event", message))?;
    let from_zero = !levels.are_integers() || levels.code(0) == "0";
    let message = match events {
        Events::One if !(from_zero && levels.len() == 2) => format!(
            "`{name}` is not yes or no; a yes/no variable, a whole number between 0 and 1 or a factor of two levels, \
             the second being the event, is wanted"
        ),
        Events::Competing if !(from_zero && levels.len() >= 2) => format!(
            "`{name}` has no causes; whole numbers from 0 (censored), or a factor whose first level is censored, are \
             wanted"
        ),
        Events::One | Events::Competing => return Ok(levels),
    };
    Err(fields.problem("event", message))
}

fn parse_strata(fields: &mut Fields<'_>, scope: &Scope, groups: &Groups) -> Result<Vec<Levels>, Problem> {
    let names: Option<OneOrMany<VariableName>> = fields.optional("strata")?;
    let names = names.map_or(Vec::new(), |names| names.0);
    let mut strata: Vec<Levels> = Vec::new();
    for name in &names {
        let levels = scope.require(name).and_then(|variable| Levels::of(&variable));
        let levels = levels.map_err(|message| fields.problem("strata", message))?;
        if strata.iter().chain(groups.by()).any(|other| other.name == levels.name) {
            return Err(fields.problem("strata", format!("`{name}` is named twice in `by` and `strata`")));
        }
        strata.push(levels);
    }
    let count = strata.iter().try_fold(1_usize, |count, levels| count.checked_mul(levels.len()));
    if count.is_none_or(|count| count > MOST_STRATA) {
        return Err(fields.problem("strata", format!("`strata` makes more than {MOST_STRATA} strata")));
    }
    Ok(strata)
}

/// The codes of a stratum, one for each variable.
fn codes(strata: &[Levels], stratum: usize) -> Vec<String> {
    let mut rest = stratum;
    let mut codes: Vec<String> = Vec::new();
    for levels in strata.iter().rev() {
        codes.push(levels.code(rest % levels.len()).to_owned());
        rest /= levels.len();
    }
    codes.reverse();
    codes
}
