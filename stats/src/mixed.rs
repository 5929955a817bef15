//! `mixed`: linear mixed models, by residual maximum likelihood or maximum likelihood.
//!
//! Patients have a random intercept, an intercept and a slope, or a covariance for every two visits (MMRM); sites may
//! have a random intercept as well. A node never says how many patients have how many visits: it adds up, at public
//! variance ratios, `X'WX`, `X'Wy`, `y'Wy` and `ln |V|` with their first and second derivatives by the ratios, and the
//! network takes Newton's step on the profile likelihood. The first round counts what disclosure rules need and adds up
//! the same at variances of 0, where quadratic estimates of the variances come from. A variance of 0 is an answer, as
//! lme4's singular fit.
//!
//! Statistics are compared with the normal distribution.
//!
//! Tidy columns: `term`, `estimate`, `se`, `statistic`, `p`, `lower`, `upper`; means and contrasts follow the terms.

mod coordinates;
mod expansion;
mod likelihood;
mod means;
mod patient;
mod progress;
mod report;
mod section;
mod start;
mod state;

use std::collections::{BTreeMap, BTreeSet};

use notochord_proto::layout::{self, Layout, TablePurpose};
use notochord_proto::name::VariableName;

use crate::census::Census;
use crate::contribution::{ContributeError, Contribution};
use crate::design::{Design, DesignRow};
use crate::figure::Figure;
use crate::frame::Frame;
use crate::levels::Levels;
use crate::outcome::Outcome;
use crate::question::QuestionError;
use crate::statistic::{Iterative, Next, Summed, Unit};
use crate::totals::Totals;
use crate::vector::{Cells, Tables};
use crate::weighted;

use coordinates::Point;
use expansion::{Expansion, length, pair};
use patient::{Row, Shape, triangle};
use section::Asked;
use state::State;

pub(crate) use section::parse;

/// A linear mixed model.
pub(crate) struct Mixed {
    asked: Asked,
    design: Design,
    /// The column of the random slope's number, and whether it has no fixed effect.
    slope: Option<usize>,
    added: bool,
    visits: Option<Levels>,
    sites: Option<Levels>,
    census: Census,
    visit_cells: Option<Cells>,
    /// Where the patients are counted.
    patients: usize,
    first: Layout,
}

/// The largest total that rows add up to.
const MOST: i128 = 1 << 126;

/// A row of a frame that has everything the model needs.
struct Used {
    row: DesignRow,
    visit: usize,
    site: usize,
}

impl Mixed {
    fn new(
        asked: Asked,
        design: Design,
        added: bool,
        visits: Option<Levels>,
        sites: Option<Levels>,
    ) -> Result<Self, String> {
        let slope = asked.slope.as_ref().and_then(|slope| Self::column_of(&design, slope));
        if asked.slope.is_some() && slope.is_none() {
            return Err("a random slope is of a number, not of a factor".to_owned());
        }
        let mut tables = Tables::default();
        let census = Census::new(&design, &mut tables);
        let patients = tables.count(TablePurpose::Base, &design.outcome, "patients");
        let visit_cells = visits.as_ref().map(|levels| {
            let known = design.factors.iter().position(|factor| factor.levels.name == levels.name);
            let new = || tables.list(TablePurpose::Frequency, levels.name.as_str(), levels.codes());
            known.map_or_else(new, |at| census.levels[at])
        });
        let mut mixed = Self {
            asked,
            design,
            slope,
            added,
            visits,
            sites,
            census,
            visit_cells,
            patients,
            first: Layout::default(),
        };
        let length = mixed.first_length();
        if length > crate::vector::LONGEST {
            return Err(format!(
                "the model would send {length} numbers; at most {} are allowed",
                crate::vector::LONGEST
            ));
        }
        let used = mixed.census.used;
        let mut sums = tables.sums();
        sums.sum("patients out of range", vec![used], 1);
        for at in 0..length {
            sums.sum(format!("products at variances of 0: {at}"), vec![used], weighted::BOUND);
        }
        mixed.first = sums.finish_model(mixed.columns(used));
        Ok(mixed)
    }

    fn columns(&self, rows: usize) -> layout::Design {
        let fixed = self.design.columns.len() - 1 - usize::from(self.added);
        layout::Design { columns: (fixed + usize::from(self.design.intercept)).max(1), rows }
    }

    /// How many numbers a later round adds up.
    fn length_of_round(&self, state: &State) -> usize {
        start::later_length(state.kept.len() + 1, state.coordinates.parameters())
    }

    fn later(&self, state: &State) -> Layout {
        let mut tables = Tables::default();
        let used = tables.count(TablePurpose::Base, &self.design.outcome, "rows used");
        let mut sums = tables.sums();
        sums.sum("patients or sites out of range", vec![used], 1);
        for at in 0..self.length_of_round(state) {
            sums.sum(format!("products and their derivatives: {at}"), vec![used], weighted::BOUND);
        }
        sums.finish_model(self.columns(used))
    }

    /// The rows of a frame; none where something is missing.
    fn rows(&self, frame: &Frame) -> Result<Vec<Option<Used>>, ContributeError> {
        let columns = self.design.read(frame)?;
        let visits = self.visits.as_ref().map(|levels| levels.read(frame)).transpose()?;
        let sites = self.sites.as_ref().map(|levels| levels.read(frame)).transpose()?;
        let row = |at: usize| {
            let visit = visits.as_ref().map_or(Ok(Some(0)), |column| column.at(at))?;
            let site = sites.as_ref().map_or(Ok(Some(0)), |column| column.at(at))?;
            let row = columns.at(at)?;
            Ok(row.zip(visit).zip(site).map(|((row, visit), site)| Used { row, visit, site }))
        };
        (0..frame.rows()).map(row).collect()
    }

    /// The rows of each patient of each site.
    fn grouped<'a>(
        frame: &Frame,
        rows: &'a [Option<Used>],
    ) -> BTreeMap<usize, BTreeMap<usize, Vec<&'a Used>>> {
        let mut groups: BTreeMap<usize, BTreeMap<usize, Vec<&Used>>> = BTreeMap::new();
        for (at, used) in rows.iter().enumerate() {
            if let Some(used) = used {
                groups.entry(used.site).or_default().entry(frame.patient(at)).or_default().push(used);
            }
        }
        groups
    }

    fn contribute_first(&self, frame: &Frame) -> Result<Contribution, ContributeError> {
        let mut contribution = Contribution::zero(self.first.len());
        let rows = self.rows(frame)?;
        let (standard, centre, scale) = self.public();
        let last = self.design.columns.len() - 1;
        let ratios = self.first_ratios();
        let (products, parameters) = (triangle(last + 2), ratios.parameters());
        let begin = self.first.count_cells() + 1;
        for used in &rows {
            self.census.tally(used.as_ref().map(|used| &used.row), &mut contribution);
            if let (Some(cells), Some(used)) = (&self.visit_cells, used)
                && self
                    .design
                    .factors
                    .iter()
                    .all(|factor| Some(&factor.levels.name) != self.visits.as_ref().map(|own| &own.name))
            {
                contribution.tally(cells.at(used.visit, 0), 1);
            }
        }
        for patients in Self::grouped(frame, &rows).values() {
            let mut site = vec![0_i128; last + 2];
            for own in patients.values() {
                contribution.tally(self.patients, 1);
                let row = |used: &&Used| {
                    let mut values = standard.row(&used.row.integers);
                    let slope = self.slope.and_then(|slope| values.get(slope + 1)).copied().unwrap_or(0.0);
                    values.push((used.row.integers[last] as f64 - centre) / scale);
                    Row { values, slope, visit: used.visit }
                };
                let mut own: Vec<Row> = own.iter().map(row).collect();
                let sums = ratios.sums(&mut own, false);
                let terms = sums.and_then(|sums| {
                    sums.into_iter().map(weighted::quantised).collect::<Option<Vec<i128>>>()
                });
                let Some(mut terms) = terms else {
                    contribution.tally(begin - 1, 1);
                    continue;
                };
                for (at, sum) in site.iter_mut().enumerate() {
                    *sum += terms[pair(0, at) * (1 + parameters)];
                }
                // ln |V| is 0 there.
                let mut of_log = terms.split_off(products * (1 + parameters)).split_off(1);
                if self.visits.is_some() {
                    let curvatures = of_log.split_off(parameters);
                    of_log.extend((0..parameters).map(|at| curvatures[pair(at, at)]));
                }
                terms.extend(of_log);
                for (at, term) in terms.into_iter().enumerate() {
                    contribution.tally(begin + at, term);
                }
            }
            if self.sites.is_some() {
                let site: Vec<f64> = site.into_iter().map(|sum| weighted::number(sum).rounded()).collect();
                let mut terms = Vec::with_capacity(products + 1);
                for (at, one) in site.iter().enumerate() {
                    terms.extend(site[..=at].iter().map(|two| 0.0 - one * two));
                }
                terms.push(site[0] * site[0]);
                let terms: Option<Vec<i128>> = terms.into_iter().map(weighted::quantised).collect();
                let begin = begin + products * (1 + parameters) + parameters + self.first_curvatures();
                match terms {
                    Some(terms) => {
                        for (at, term) in terms.into_iter().enumerate() {
                            contribution.tally(begin + at, term);
                        }
                    }
                    None => contribution.tally(self.first.count_cells(), 1),
                }
            }
        }
        Ok(contribution)
    }

    fn contribute_later(&self, frame: &Frame, state: &State) -> Result<Contribution, ContributeError> {
        let mut contribution = Contribution::zero(self.later(state).len());
        let rows = self.rows(frame)?;
        let point = state.coordinates.at(self.asked.shape(), &state.at);
        contribution.tally(0, rows.iter().flatten().count() as i128);
        let of_patient = |own: &Vec<&Used>| {
            let rows: Option<Vec<Row>> = own.iter().map(|used| self.row(used, state)).collect();
            let sums = rows.and_then(|mut rows| point.patient.sums(&mut rows, true))?;
            sums.into_iter().map(weighted::quantised).collect::<Option<Vec<i128>>>()
        };
        let mut add = |sums: Option<Vec<i128>>| match sums.and_then(|sums| self.of_site(sums, state, &point))
        {
            Some(sums) => {
                sums.into_iter().enumerate().for_each(|(at, term)| contribution.tally(2 + at, term))
            }
            None => contribution.tally(1, 1),
        };
        for patients in Self::grouped(frame, &rows).values() {
            let own = patients.values().map(of_patient);
            if self.sites.is_none() {
                own.for_each(&mut add);
                continue;
            }
            let sum =
                |one: Vec<i128>, two: Vec<i128>| one.iter().zip(&two).map(|(one, two)| one + two).collect();
            add(own.reduce(|one, two| one.zip(two).map(|(one, two)| sum(one, two))).flatten());
        }
        Ok(contribution)
    }

    /// A row in the coordinates of a state: 1, the columns with an estimate, the outcome.
    fn row(&self, used: &Used, state: &State) -> Option<Row> {
        let last = self.design.columns.len() - 1;
        let all = state.standard.row(&used.row.integers);
        let slope = self.slope.and_then(|slope| state.standard.columns.iter().position(|own| *own == slope));
        let slope = slope.map_or(0.0, |at| all[at + 1]);
        let mut values = vec![1.0];
        values.extend(state.kept.iter().filter(|place| **place > 0).map(|place| all[*place]));
        values.push((used.row.integers[last] as f64 - state.centre) / state.scale);
        let visit = match &self.visits {
            Some(_) => state.visits.iter().position(|own| *own == used.visit)?,
            None => 0,
        };
        Some(Row { values, slope, visit })
    }

    /// The sums of a site: those of its patients, and what its random intercept takes away (Woodbury's formula).
    fn of_site(&self, sums: Vec<i128>, state: &State, point: &Point) -> Option<Vec<i128>> {
        let own = point.patient.parameters();
        let (parameters, each) = (state.coordinates.parameters(), length(own));
        let constant = usize::from(state.kept.first() == Some(&0));
        let width = state.kept.len() + 2 - constant;
        let sent = |one: usize, two: usize| constant == 1 || (one > 0 && two > 0);
        let pairs = (0..width).flat_map(|one| (0..=one).map(move |two| (one, two)));
        let Some(ratio) = point.site else {
            let chosen = pairs.filter(|(one, two)| sent(*one, *two)).map(|(one, two)| pair(one, two));
            let chosen = chosen.chain([triangle(width)]);
            return Some(chosen.flat_map(|at| sums[at * each..(at + 1) * each].iter().copied()).collect());
        };
        let numbers: Vec<f64> = sums.into_iter().map(|sum| weighted::number(sum).rounded()).collect();
        let read = |at: usize| Expansion::read(&numbers[at * each..(at + 1) * each], own, parameters);
        let variable =
            Expansion::variable(ratio, parameters - 1, state.coordinates.site_step(ratio), parameters);
        let mut one = Expansion::zero(parameters);
        one.value = 1.0;
        let whole = one.plus(&variable.times(&read(0)), 1.0);
        let share = variable.times(&whole.inverse());
        let first: Vec<Expansion> = (0..width).map(|at| read(pair(0, at))).collect();
        let mut terms = Vec::with_capacity((triangle(width) + 1) * length(parameters));
        for (one, two) in pairs.filter(|(one, two)| sent(*one, *two)) {
            let taken = share.times(&first[one].times(&first[two]));
            terms.extend(read(pair(one, two)).plus(&taken, -1.0).numbers());
        }
        terms.extend(read(triangle(width)).plus(&whole.logarithm(), 1.0).numbers());
        terms.into_iter().map(weighted::quantised).collect()
    }

    fn out_of_range(&self) -> String {
        match &self.visits {
            Some(levels) => format!(
                "a patient has two rows of one `{}`, or `{}` has values too large to compute with",
                levels.name, self.design.outcome
            ),
            None => format!("`{}` or a column has values too large to compute with", self.design.outcome),
        }
    }

    /// The names and the design's columns of the estimates.
    fn names(&self, state: &State) -> Vec<(String, Option<usize>)> {
        let name = |place: &usize| match place.checked_sub(1) {
            None => ("(Intercept)".to_owned(), None),
            Some(at) => {
                let column = state.standard.columns[at];
                (self.design.columns[column].name.clone(), Some(column))
            }
        };
        state.kept.iter().map(name).collect()
    }
}

impl Iterative for Mixed {
    type State = State;

    fn unit(&self) -> Unit {
        if self.sites.is_some() { Unit::Site } else { Unit::Patient }
    }

    fn variables(&self) -> BTreeSet<VariableName> {
        let more = self.visits.iter().chain(&self.sites).map(|levels| levels.name.clone());
        self.design.variables().into_iter().chain(more).collect()
    }

    fn summed(&self) -> Vec<Summed> {
        self.design.summed.clone()
    }

    fn layout(&self, state: Option<&State>) -> Layout {
        match state {
            None => self.first.clone(),
            Some(state) if state.is_sound(self) => self.later(state),
            Some(_) => Layout::default(),
        }
    }

    fn contribute(&self, frame: &Frame, state: Option<&State>) -> Result<Contribution, ContributeError> {
        match state {
            None => self.contribute_first(frame),
            Some(state) if state.is_sound(self) => self.contribute_later(frame, state),
            Some(state) => Err(QuestionError::State(state.round).into()),
        }
    }

    fn advance(&self, state: Option<State>, totals: &Totals) -> Next<State> {
        match state {
            None => match self.start(totals) {
                Ok(state) => Next::Ask(state),
                Err(outcome) => Next::Answer(*outcome),
            },
            Some(state) if state.is_sound(self) => {
                if totals.withheld() > 0 {
                    let reason = "numbers the model needs were withheld by a disclosure rule";
                    return Next::Answer(Outcome::suppressed(reason));
                }
                if totals.count(0) != Figure::Known(state.rows) {
                    return Next::Answer(Outcome::refused("the rows are not those of the first round"));
                }
                self.advance_later(state, totals)
            }
            Some(_) => Next::Answer(Outcome::refused("the state is none of this analysis")),
        }
    }
}

/// Whether a shape says what its patients' variance is.
fn has_patient_variance(shape: Shape) -> bool {
    matches!(shape, Shape::Intercept | Shape::Slope)
}

#[cfg(test)]
mod tests;
