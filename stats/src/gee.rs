//! `gee`: generalised estimating equations for rows that belong together, with robust errors.
//!
//! Liang and Zeger (Biometrika 73, 1986), as R's `geepack::geeglm` with `std.err = "san.se"`: the working correlation is
//! independence or exchangeable, the scale is the mean of the squared Pearson residuals, and the correlation `alpha` is
//! the mean of the products of two of a cluster's over the scale. A round adds up, at public estimates, the bread, the
//! score and the meat of all clusters and the moments of scale and correlation, so that no round is needed after the last.
//! Clusters are patients, or sites. Statistics are z; their squares are the Wald statistics of `geeglm`.
//!
//! Tidy columns: `term`, `estimate`, `se`, `statistic`, `p`, `lower`, `upper`.

mod fit;
mod report;
mod section;

use std::collections::{BTreeMap, BTreeSet};

use notochord_proto::layout::{self, Layout, TablePurpose};
use notochord_proto::name::VariableName;
use serde::{Deserialize, Serialize};

use crate::contribution::{ContributeError, Contribution};
use crate::design::{Design, DesignRow};
use crate::figure::Figure;
use crate::frame::Frame;
use crate::glm::{Glm, Starting};
use crate::levels::Levels;
use crate::outcome::Outcome;
use crate::question::QuestionError;
use crate::standard::Standard;
use crate::statistic::{Iterative, Next, Summed, Unit};
use crate::totals::Totals;
use crate::vector::{LONGEST, Tables};
use crate::weighted;

use section::{Asked, Correlation};

pub(crate) use section::parse;

/// A model of estimating equations.
pub(crate) struct Gee {
    asked: Asked,
    /// The model with the same means, whose first round is also this one's.
    glm: Glm,
    /// The sites, where they are the clusters.
    sites: Option<Levels>,
}

/// The public state between two rounds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct State {
    round: u32,
    rows: u64,
    lost: Option<u64>,
    standard: Standard,
    /// The columns with an estimate: 0 is the intercept, then those of the coordinates from 1.
    kept: Vec<usize>,
    estimates: Vec<f64>,
    alpha: f64,
}

/// The largest total that rows add up to.
const MOST: i128 = 1 << 126;

/// The moments that a round adds up before its triangles: squared residuals, products of two, and how many.
const MOMENTS: usize = 3;

impl State {
    fn new(start: Starting) -> Self {
        let Starting { rows, lost, standard, kept, estimates } = start;
        Self { round: 1, rows, lost, standard, kept, estimates, alpha: 0.0 }
    }

    fn is_sound(&self, gee: &Gee) -> bool {
        self.standard.is_sound(gee.glm.design())
            && self.kept.windows(2).all(|pair| pair[0] < pair[1])
            && self.kept.last().is_some_and(|last| *last <= self.standard.columns.len())
            && self.estimates.len() == self.kept.len()
            && self.alpha.abs() < 1.0
            && length_of_round(self.kept.len()) <= LONGEST
    }
}

/// How many numbers a later round adds up: moments, score, bread, meat.
fn length_of_round(columns: usize) -> usize {
    MOMENTS + columns + columns * (columns + 1)
}

impl Gee {
    fn new(asked: Asked, design: Design, sites: Option<Levels>) -> Self {
        Self { asked, glm: Glm::of_family("gee", asked.family, design), sites }
    }

    /// The rows of a frame that have everything, with their clusters. Rows without a site are a cluster.
    fn rows(&self, frame: &Frame) -> Result<Vec<(usize, DesignRow)>, ContributeError> {
        let columns = self.glm.design().read(frame)?;
        let sites = self.sites.as_ref().map(|levels| levels.read(frame)).transpose()?;
        let mut rows = Vec::with_capacity(frame.rows());
        for at in 0..frame.rows() {
            let cluster = match &sites {
                Some(column) => column.at(at)?.unwrap_or(usize::MAX),
                None => frame.patient(at),
            };
            rows.extend(columns.at(at)?.map(|row| (cluster, row)));
        }
        Ok(rows)
    }

    /// The rows used and, where they are the clusters, the patients; then the sums.
    fn later(&self, state: &State) -> Layout {
        let design = self.glm.design();
        let mut tables = Tables::default();
        let used = tables.count(TablePurpose::Base, &design.outcome, "rows used");
        if self.sites.is_none() {
            tables.count(TablePurpose::Base, &design.outcome, "patients");
        }
        let mut sums = tables.sums();
        sums.sum("clusters out of range", vec![used], 1);
        for at in 0..length_of_round(state.kept.len()) {
            sums.sum(format!("moments, score, bread and meat: {at}"), vec![used], weighted::BOUND);
        }
        sums.finish_model(columns_of(design, used))
    }

    /// Where the sums of a later round begin: the clusters out of range, then the numbers.
    fn first_sum(&self) -> usize {
        1 + usize::from(self.sites.is_none())
    }

    fn contribute_later(&self, frame: &Frame, state: &State) -> Result<Contribution, ContributeError> {
        let mut contribution = Contribution::zero(self.later(state).len());
        let mut clusters: BTreeMap<usize, Vec<fit::Row>> = BTreeMap::new();
        for (cluster, row) in self.rows(frame)? {
            contribution.tally(0, 1);
            let all = state.standard.row(&row.integers);
            let x: Vec<f64> = state.kept.iter().map(|place| all[*place]).collect();
            let (outcome, offset) = self.glm.outcome_and_offset(&row);
            let eta = x.iter().zip(&state.estimates).fold(offset, |sum, (x, estimate)| sum + x * estimate);
            let own = fit::Row::new(x, self.asked.family.at(outcome, eta));
            clusters.entry(cluster).or_default().push(own);
        }
        let begin = self.first_sum();
        if self.sites.is_none() {
            contribution.tally(1, clusters.len() as i128);
        }
        for rows in clusters.values_mut() {
            let terms = fit::of_cluster(rows, state.alpha);
            let terms: Option<Vec<i128>> = terms.into_iter().map(weighted::quantised).collect();
            match terms {
                Some(terms) => {
                    for (at, term) in terms.into_iter().enumerate() {
                        contribution.tally(begin + 1 + at, term);
                    }
                }
                None => contribution.tally(begin, 1),
            }
        }
        Ok(contribution)
    }
}

fn columns_of(design: &Design, rows: usize) -> layout::Design {
    layout::Design { columns: design.columns.len() - 1 + usize::from(design.intercept), rows }
}

impl Iterative for Gee {
    type State = State;

    fn unit(&self) -> Unit {
        if self.sites.is_some() { Unit::Site } else { Unit::Patient }
    }

    fn variables(&self) -> BTreeSet<VariableName> {
        self.glm
            .design()
            .variables()
            .into_iter()
            .chain(self.sites.iter().map(|levels| levels.name.clone()))
            .collect()
    }

    fn summed(&self) -> Vec<Summed> {
        self.glm.design().summed.clone()
    }

    fn layout(&self, state: Option<&State>) -> Layout {
        match state {
            None => self.glm.first_layout().clone(),
            Some(state) if state.is_sound(self) => self.later(state),
            Some(_) => Layout::default(),
        }
    }

    fn contribute(&self, frame: &Frame, state: Option<&State>) -> Result<Contribution, ContributeError> {
        match state {
            None => self.glm.first_contribution(frame),
            Some(state) if state.is_sound(self) => self.contribute_later(frame, state),
            Some(state) => Err(QuestionError::State(state.round).into()),
        }
    }

    fn advance(&self, state: Option<State>, totals: &Totals) -> Next<State> {
        match state {
            None => match self.glm.first_step(totals) {
                Ok(start) => Next::Ask(State::new(start)),
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

impl Correlation {
    /// Its name in a study.
    fn name(self) -> &'static str {
        match self {
            Self::Independence => "independence",
            Self::Exchangeable => "exchangeable",
        }
    }
}

#[cfg(test)]
mod tests;
