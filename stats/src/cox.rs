//! `cox`: proportional hazards (Cox, JRSS B 34, 1972), as R's `survival::coxph` run until nothing changes.
//!
//! Stratified by site, which is the default, risk sets stay at their site: of each round leave the log partial
//! likelihood, its score and its information alone, each added over all event times of the site. The first round
//! evaluates them at zeros, so that a fit takes as many rounds as Newton's iterations and one. Not stratified by site,
//! the first round counts events on a public grid of times, and each later one sends the sums of those who leave or
//! enter between two event times, from which everybody adds up the risk sets.
//!
//! One more round at the final estimates, where asked for, gives robust errors (Lin and Wei 1989), by row or by
//! patient; the test of proportional hazards (`cox.zph`, Grambsch and Therneau 1994), which a model on the grid has
//! without another round; and pairs of patients for the concordance.
//!
//! Tidy columns: `term`, `estimate`, `se`, `statistic`, `p`, `lower`, `upper`, of the logarithms of hazard ratios.

mod across;
mod concordance;
mod evaluation;
mod final_round;
mod follow_up;
mod hazards;
mod newton;
mod partial;
mod proportional;
mod report;
mod risk;
mod section;
mod start;
mod state;
mod strata;

use std::collections::{BTreeMap, BTreeSet};

use notochord_proto::layout::{self, Layout};
use notochord_proto::name::VariableName;

use crate::census::Census;
use crate::contribution::{ContributeError, Contribution};
use crate::design::{Design, DesignRow};
use crate::figure::Figure;
use crate::frame::Frame;
use crate::outcome::Outcome;
use crate::question::QuestionError;
use crate::sandwich::Errors;
use crate::standard::Standard;
use crate::statistic::{Iterative, Next, Summed, Unit};
use crate::terms::{INTERCEPT, Terms};
use crate::totals::Totals;
use crate::vector::Tables;

use follow_up::{FollowUp, Interval};
use newton::{Evaluation, Stuck};
use risk::Row;
use section::{Asked, Concordance, Proportionality};
use start::Counts;
use state::{Finishing, State};
use strata::{Strata, Stratum};

pub(crate) use section::parse;

/// A Cox model.
pub(crate) struct Cox {
    asked: Asked,
    design: Design,
    follow_up: FollowUp,
    strata: Strata,
    census: Census,
    counts: Counts,
    first: Layout,
}

/// A row that has every variable of the model.
struct Followed {
    place: usize,
    stratum: Stratum,
    /// In positions of the grid where the model is on it.
    interval: Interval,
    event: bool,
    row: DesignRow,
}

/// The largest total that rows add up to.
const MOST: i128 = 1 << 126;

impl Cox {
    fn new(asked: Asked, design: Design, follow_up: FollowUp, strata: Strata) -> Self {
        let mut tables = Tables::default();
        let census = Census::new(&design, &mut tables);
        let counts = Counts::new(&asked, &design, &follow_up, &strata, &mut tables);
        let mut cox = Self { asked, design, follow_up, strata, census, counts, first: Layout::default() };
        let mut sums = tables.sums();
        cox.describe_first(&mut sums);
        cox.first = sums.finish_model(cox.columns(cox.census.used));
        cox
    }

    fn columns(&self, rows: usize) -> layout::Design {
        layout::Design { columns: self.design.columns.len() - 1, rows }
    }

    /// The names of the columns of a fit.
    fn labels(&self, standard: &Standard) -> Vec<String> {
        standard.columns.iter().map(|at| self.design.columns[*at].name.clone()).collect()
    }

    /// The row of a frame; none where it lacks something.
    fn followed(&self, frame: &Frame, mut each: impl FnMut(Option<Followed>)) -> Result<(), ContributeError> {
        let columns = self.design.read(frame)?;
        let follow_up = self.follow_up.read(frame)?;
        let strata = self.strata.read(frame)?;
        let last = self.design.columns.len() - 1;
        for place in 0..frame.rows() {
            let (row, interval, stratum) = (columns.at(place)?, follow_up.at(place)?, strata.at(place)?);
            each(row.zip(interval).zip(stratum).map(|((row, interval), stratum)| {
                let event = row.integers[last] == 1;
                match self.grid() {
                    None => Followed { place, stratum, interval, event, row },
                    Some(times) => {
                        let (interval, ends) = times.interval(interval);
                        Followed { place, stratum, interval, event: event && ends, row }
                    }
                }
            }));
        }
        Ok(())
    }

    /// The grid of a model that is on one.
    fn grid(&self) -> Option<follow_up::Times> {
        self.asked.times.filter(|_| !self.strata.by_site())
    }

    /// The rows of each stratum, in the coordinates of a fit. Within a site columns are counted from their least value
    /// in the stratum: the partial likelihood does not see where they start.
    fn rows(
        &self,
        frame: &Frame,
        standard: &Standard,
        estimates: &[f64],
    ) -> Result<BTreeMap<Stratum, Vec<Row>>, ContributeError> {
        let mut followed: BTreeMap<Stratum, Vec<Followed>> = BTreeMap::new();
        self.followed(frame, |row| {
            if let Some(row) = row {
                followed.entry(row.stratum).or_default().push(row);
            }
        })?;
        let by_site = self.strata.by_site();
        let strata = followed.into_iter().map(|(stratum, followed)| {
            let mut least = followed.first().map_or(Vec::new(), |first| first.row.integers.clone());
            for row in &followed {
                for (least, own) in least.iter_mut().zip(&row.row.integers) {
                    *least = (*least).min(*own);
                }
            }
            let row = |from: &Followed| {
                let z = match by_site {
                    true => standard.difference(&from.row.integers, &least),
                    false => standard.row(&from.row.integers).split_off(1),
                };
                let eta = z.iter().zip(estimates).fold(from.row.offset, |sum, (z, own)| sum + z * own);
                Row { place: from.place, interval: from.interval, event: from.event, z, eta }
            };
            (stratum, followed.iter().map(row).collect())
        });
        Ok(strata.collect())
    }

    /// Takes the next step from an evaluation, or says how it ended.
    fn step(&self, mut state: State, at: Option<&Evaluation>) -> Result<State, Box<Outcome>> {
        let refused = |reason: String| Box::new(Outcome::refused(reason));
        let Some(at) = at else {
            if state.fit.is_at_start() {
                return Err(refused("the offsets are too far apart to start from".to_owned()));
            }
            state.fit.halve();
            return Ok(state);
        };
        if state.start.is_none() {
            state = self.begin(state, at)?;
            let scaled = state.begun.take();
            return self.step(state, scaled.as_ref());
        }
        if let Err(stuck) = state.fit.advance(at, self.asked.penalty) {
            return Err(refused(self.in_words(&stuck, &self.labels(&state.standard))));
        }
        Ok(state)
    }

    fn in_words(&self, stuck: &Stuck, labels: &[String]) -> String {
        let quoted = |places: &[usize]| {
            let names: Vec<String> = places.iter().map(|at| format!("`{}`", labels[*at])).collect();
            names.join(", ")
        };
        match stuck {
            Stuck::Endless(terms) => format!(
                "the likelihood is monotone: the estimate of {} grows without bound, because some of its values always \
                 go with the earlier event; leave it out, or ask for `penalty = \"firth\"`",
                quoted(terms)
            ),
            Stuck::NoInformation(term) => format!(
                "the rows say nothing about {} at the estimates so far; its likelihood may be monotone",
                quoted(&[*term])
            ),
        }
    }

    fn advance_later(&self, mut state: State, totals: &Totals) -> Next<State> {
        if totals.withheld() > 0 {
            let reason = "numbers the model needs were withheld by a disclosure rule";
            return Next::Answer(Outcome::suppressed(reason));
        }
        if totals.count(0) != Figure::Known(state.rows) {
            return Next::Answer(Outcome::refused("the rows are not those of the first round"));
        }
        state.round += 1;
        if state.finishing.is_some() {
            return Next::Answer(self.finish(&state, totals));
        }
        let nonsense = || Next::Answer(Outcome::refused("the totals are not those of any rows"));
        let (at, finishing) = match self.grid() {
            None => match self.read_within(state.standard.columns.len(), totals, 1) {
                Some(at) => (at, Finishing::default()),
                None => return nonsense(),
            },
            Some(_) => match self.read_across(&state, totals) {
                Some((at, finishing)) => (at, finishing),
                None => return nonsense(),
            },
        };
        let began = state.start.is_none();
        let mut next = self.step(state, at.as_ref());
        if let (true, Ok(state)) = (began, &mut next) {
            // What is known at the final estimates is wanted in the coordinates of the fit, which it has only now.
            state.fit.done = None;
        }
        match next {
            Err(outcome) => Next::Answer(*outcome),
            Ok(state) if state.fit.done.is_none() => Next::Ask(state),
            Ok(state) => {
                let state = State { finishing: Some(finishing), ..state };
                match self.has_final_round() {
                    true => Next::Ask(state),
                    false => Next::Answer(report::outcome(self, totals, &state, Default::default())),
                }
            }
        }
    }

    /// Whether there is more to ask at the final estimates.
    fn has_final_round(&self) -> bool {
        let within = self.strata.by_site()
            && (self.asked.proportionality == Proportionality::Tested
                || self.asked.concordance == Concordance::Counted);
        within || self.asked.errors != Errors::Model
    }
}

impl Iterative for Cox {
    type State = State;

    fn unit(&self) -> Unit {
        match (self.strata.by_site(), self.asked.errors) {
            (true, _) => Unit::Site,
            (false, Errors::Cluster) => Unit::Patient,
            (false, _) => Unit::Row,
        }
    }

    fn variables(&self) -> BTreeSet<VariableName> {
        let mut variables = self.design.variables();
        variables.extend(self.follow_up.variables());
        variables.extend(self.strata.variables());
        variables
    }

    fn summed(&self) -> Vec<Summed> {
        self.design.summed.clone()
    }

    fn terms(&self) -> Terms {
        let mut terms = self.design.reported();
        // The baseline hazard is in its place.
        terms.names.retain(|name| name != INTERCEPT);
        terms
    }

    fn layout(&self, state: Option<&State>) -> Layout {
        match state {
            None => self.first.clone(),
            Some(state) if !state.is_sound(self) => Layout::default(),
            Some(state) if state.finishing.is_some() => self.final_layout(state),
            Some(state) if self.strata.by_site() => self.layout_within(state),
            Some(state) => self.layout_across(state),
        }
    }

    fn contribute(&self, frame: &Frame, state: Option<&State>) -> Result<Contribution, ContributeError> {
        match state {
            None => self.contribute_first(frame),
            Some(state) if !state.is_sound(self) => Err(QuestionError::State(state.round).into()),
            Some(state) if state.finishing.is_some() => self.contribute_final(frame, state),
            Some(state) if self.strata.by_site() => self.contribute_within(frame, state),
            Some(state) => self.contribute_across(frame, state),
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

#[cfg(test)]
mod tests;
