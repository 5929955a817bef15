//! `logistic`, `poisson`, `negative_binomial`, `glm`: generalised linear models, in as many rounds as Newton's method takes.
//!
//! The first round counts what disclosure rules need and adds up the first step, which starts from R's `mustart`, a
//! function of the outcome alone. Each later round adds up the derivatives of the likelihood at the estimates so far,
//! for the model and, in parallel, for the smaller models it is compared with. Everything is as R's `glm` gives it when
//! it is run until nothing changes: standard errors are those of the last estimates.
//!
//! Columns that earlier ones give are reported in `aliased`; levels nobody has leave the model. A fit whose estimates
//! grow without bound, because a term separates the outcome, is refused by the name of the term.
//!
//! Tidy columns: `term`, `estimate`, `se`, `statistic`, `p`, `lower`, `upper`.

mod errors;
mod family;
mod overdispersed;
mod progress;
mod report;
mod section;
mod start;
mod state;
mod sums;

use std::collections::BTreeSet;

use notochord_proto::layout::{self, Layout, TablePurpose};
use notochord_proto::name::VariableName;

use crate::census::Census;
use crate::contribution::{ContributeError, Contribution};
use crate::design::{Design, DesignRow};
use crate::figure::Figure;
use crate::frame::Frame;
use crate::outcome::Outcome;
use crate::question::QuestionError;
use crate::sandwich::Errors;
use crate::statistic::{Iterative, Next, Summed, Unit};
use crate::totals::Totals;
use crate::vector::{Sums, Tables};
use crate::weighted;

use progress::{Ending, Stuck};
use section::Asked;
use state::State;

pub(crate) use family::{Family, Link};
pub(crate) use section::{parse_glm, parse_logistic, parse_negative_binomial, parse_poisson};

/// A generalised linear model.
pub(crate) struct Glm {
    asked: Asked,
    design: Design,
    census: Census,
    first: Layout,
    /// What the outcome is divided by: a power of two, 1 unless the outcome is a real number.
    scale: f64,
}

impl Glm {
    fn new(asked: Asked, design: Design) -> Self {
        let mut tables = Tables::default();
        let census = Census::new(&design, &mut tables);
        let used = census.used;
        let mut sums = tables.sums();
        start::describe(&design, used, &mut sums);
        let first = sums.finish_model(columns_of(&design, used));
        let scale = match asked.family {
            Family::Gaussian => start::scale(&design),
            _ => 1.0,
        };
        Self { asked, design, census, first, scale }
    }

    /// The outcome of a row, in its own units over the scale.
    fn outcome(&self, row: &DesignRow) -> f64 {
        let last = self.design.columns.len() - 1;
        let quantity = &self.design.columns[last].quantity;
        let steps = quantity.origin().saturating_add(row.integers[last]);
        steps as f64 * quantity.step().rounded() / self.scale
    }

    fn offset(&self, row: &DesignRow) -> f64 {
        row.offset / self.scale
    }

    /// What the columns of a fit are called: the intercept is 0.
    fn labels(&self, state: &State, places: &[usize]) -> Vec<String> {
        let label = |place: &usize| match place.checked_sub(1) {
            None => "(Intercept)".to_owned(),
            Some(at) => self.design.columns[state.standard.columns[at]].name.clone(),
        };
        places.iter().map(label).collect()
    }

    /// What each integer of a later round is.
    fn later(&self, state: &State) -> Layout {
        if state.finishing {
            return self.errors_layout(state);
        }
        let mut tables = Tables::default();
        let used = tables.count(TablePurpose::Base, &self.design.outcome, "rows used");
        let mut sums = tables.sums();
        for (at, fit) in state.running() {
            let wanted = self.asked.wanted(at, fit);
            let name = state.name(at);
            sums.sum(format!("{name}: rows out of range"), vec![used], 1);
            for sum in wanted.names(&self.labels(state, &fit.places)) {
                sums.sum(format!("{name}: {sum}"), vec![used], weighted::BOUND);
            }
        }
        sums.finish_model(columns_of(&self.design, used))
    }

    fn contribute_later(&self, frame: &Frame, state: &State) -> Result<Contribution, ContributeError> {
        if state.finishing {
            return self.contribute_errors(frame, state);
        }
        let mut contribution = Contribution::zero(self.later(state).len());
        let columns = self.design.read(frame)?;
        for row in 0..frame.rows() {
            let Some(row) = columns.at(row)? else { continue };
            contribution.tally(0, 1);
            let (all, y, offset) = (state.standard.row(&row.integers), self.outcome(&row), self.offset(&row));
            let mut next = 1;
            for (at, fit) in state.running() {
                let wanted = self.asked.wanted(at, fit);
                let x: Vec<f64> = fit.places.iter().map(|place| all[*place]).collect();
                let eta = predictor(&x, fit.coefficients(), offset);
                let terms = wanted.of_row(&x, y, eta, state.tau(at));
                let terms: Option<Vec<i128>> = terms.into_iter().map(weighted::quantised).collect();
                match terms {
                    Some(terms) => {
                        for (place, term) in terms.into_iter().enumerate() {
                            contribution.tally(next + 1 + place, term);
                        }
                    }
                    None => contribution.tally(next, 1),
                }
                next += 1 + wanted.len();
            }
        }
        Ok(contribution)
    }

    fn advance_later(&self, mut state: State, totals: &Totals) -> Next<State> {
        if totals.withheld() > 0 {
            let reason = "numbers the model needs were withheld by a disclosure rule";
            return Next::Answer(Outcome::suppressed(reason));
        }
        if totals.count(0) != Figure::Known(state.rows) {
            return Next::Answer(Outcome::refused("the rows are not those of the first round"));
        }
        if state.finishing {
            return Next::Answer(self.with_errors(&state, totals));
        }
        state.round += 1;
        let mut position = 1;
        let mut sums = |wanted: &sums::Wanted| {
            let overflow = totals.sum(position);
            let first = position + 1;
            position += 1 + wanted.len();
            let mut numbers = (first..position)
                .map_while(|at| {
                    totals.sum(at).known().filter(|sum| sum.unsigned_abs() <= MOST.unsigned_abs())
                })
                .map(weighted::number);
            (overflow == Figure::Known(0)).then(|| wanted.read(&mut numbers)).flatten()
        };
        let running: Vec<usize> = state.running().map(|(at, _)| at).collect();
        for at in running {
            let wanted = self.asked.wanted(at, &state.fits[at]);
            let Some(sums) = sums(&wanted) else {
                state.fits[at].halve();
                continue;
            };
            let waits = at > 0 && state.borrows_theta(at) && state.fits[0].done.is_none();
            let ending = if waits { Ending::Awaited } else { Ending::Allowed };
            if let Err(stuck) = state.fits[at].advance(&wanted, &sums, ending) {
                let labels = self.labels(&state, &state.fits[at].places);
                return Next::Answer(Outcome::refused(self.in_words(&stuck, &labels)));
            }
        }
        if state.fits.iter().any(|fit| fit.done.is_none()) {
            return Next::Ask(state);
        }
        match self.asked.errors {
            Errors::Model => Next::Answer(report::outcome(self, totals, &state, None)),
            _ => Next::Ask(State { finishing: true, ..state }),
        }
    }

    fn in_words(&self, stuck: &Stuck, labels: &[String]) -> String {
        let quoted = |places: &[usize]| {
            let names: Vec<String> = places.iter().map(|at| format!("`{}`", labels[*at])).collect();
            names.join(", ")
        };
        let outcome = &self.design.outcome;
        match (stuck, self.asked.family) {
            (Stuck::Endless(terms), Family::Binomial(_)) => format!(
                "{} separates `{outcome}`: some of its values go with one outcome only, so that its estimate grows \
                 without bound; leave it out, or ask for `penalty = \"firth\"`",
                quoted(terms)
            ),
            (Stuck::Endless(terms), _) => format!(
                "the estimate of {} grows without bound: some of its values go with an outcome of 0 only; leave it out",
                quoted(terms)
            ),
            (Stuck::EndlessTheta, _) => format!(
                "theta grows without bound: the counts `{outcome}` vary no more than a Poisson model says; ask for \
                 `poisson`"
            ),
            (Stuck::NoInformation(term), _) => format!(
                "the rows say nothing about {} at the estimates so far; its values may separate `{outcome}`",
                quoted(&[*term])
            ),
        }
    }
}

/// The largest total that rows add up to.
const MOST: i128 = 1 << 126;

/// The linear predictor of a row.
fn predictor(x: &[f64], coefficients: &[f64], offset: f64) -> f64 {
    x.iter().zip(coefficients).fold(offset, |sum, (x, coefficient)| sum + x * coefficient)
}

fn columns_of(design: &Design, rows: usize) -> layout::Design {
    layout::Design { columns: design.columns.len() - 1 + usize::from(design.intercept), rows }
}

impl Iterative for Glm {
    type State = State;

    fn unit(&self) -> Unit {
        match self.asked.errors {
            Errors::Cluster => Unit::Patient,
            _ => Unit::Row,
        }
    }

    fn variables(&self) -> BTreeSet<VariableName> {
        self.design.variables()
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
            Some(state) if state.is_sound(self) => self.advance_later(state, totals),
            Some(_) => Next::Answer(Outcome::refused("the state is none of this analysis")),
        }
    }
}

/// Adds the names of a triangle of sums.
fn triangle(sums: &mut Sums, labels: &[String], over: &[usize], bound: i128) {
    for (at, one) in labels.iter().enumerate() {
        for two in &labels[..=at] {
            sums.sum(format!("{one} × {two}"), over.to_vec(), bound);
        }
    }
}

#[cfg(test)]
mod tests;
