//! One analysis in one round, and what its answers lead to.
//!
//! The coordinator goes on from here, each node checks here what it is asked, and whoever verifies a result goes the
//! same way again.

use std::collections::{BTreeMap, BTreeSet};

use notochord_proto::name::{AnalysisId, NameError, SiteId};
use notochord_proto::wire;

use crate::outcome::Outcome;
use crate::plan::PlannedAnalysis;
use crate::question::{Question, QuestionError};
use crate::statistic::Turn;
use crate::totals::Totals;

/// The most sites of a step.
const MOST_SITES: usize = 1000;

/// A question of one analysis, and who may answer it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The analysis.
    pub analysis: AnalysisId,
    /// What it is asked.
    pub question: Question,
    /// The sites whose answers led here; they alone answer it. None in the first iteration, which every site may
    /// answer.
    pub sites: BTreeSet<SiteId>,
}

/// What each site that answered gave to a step: a vector (withheld integers are `None`), or nothing where its rules
/// withheld the whole step.
pub type Given = BTreeMap<SiteId, Option<Vec<Option<i128>>>>;

/// What the answers to a step lead to.
#[derive(Debug, Clone, PartialEq)]
pub enum Following {
    /// Another round.
    Ask(Step),
    /// The end.
    Answer(Outcome),
    /// Fewer sites gave something than must take part.
    TooFew,
    /// Not all the sites that it began with gave something. It goes on with all of them or not at all: parameters
    /// that some answers give, asked of others, would tell the two apart.
    Changed {
        /// Those that did not answer.
        silent: Vec<SiteId>,
        /// Those whose rules withheld the whole step.
        withheld: Vec<SiteId>,
    },
}

/// Why a message is no step.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StepError {
    /// Its names.
    #[error("the step holds something that is no name: {0}")]
    Name(#[from] NameError),
    /// Its question.
    #[error("`{analysis}`: {source}")]
    Question {
        /// Of which analysis.
        analysis: AnalysisId,
        /// What is wrong.
        source: QuestionError,
    },
    /// Its sites: unsorted, twice, too many, in the first iteration or in none.
    #[error("`{0}` does not name the sites it is asked of")]
    Sites(AnalysisId),
}

impl Step {
    /// The first question of an analysis.
    pub fn first(analysis: AnalysisId) -> Self {
        Self { analysis, question: Question::first(), sites: BTreeSet::new() }
    }

    /// A step as it travels. Whether it is the right one is seen by [`Step::follow`].
    pub fn read(message: &wire::Step) -> Result<Self, StepError> {
        let analysis = AnalysisId::new(message.analysis.as_str())?;
        let question = Question::new(message.iteration, message.state.clone());
        let question =
            question.map_err(|source| StepError::Question { analysis: analysis.clone(), source })?;
        let is_sorted = message.sites.is_sorted_by(|one, next| one < next);
        if !is_sorted
            || message.sites.len() > MOST_SITES
            || (message.iteration == 0) != message.sites.is_empty()
        {
            return Err(StepError::Sites(analysis));
        }
        let sites = message.sites.iter().map(|site| SiteId::new(site.as_str()));
        Ok(Self { sites: sites.collect::<Result<_, _>>()?, analysis, question })
    }

    /// The step as it travels.
    pub fn to_message(&self) -> wire::Step {
        wire::Step {
            analysis: self.analysis.to_string(),
            iteration: self.question.iteration(),
            state: self.question.bytes().to_vec(),
            sites: self.sites.iter().map(ToString::to_string).collect(),
        }
    }

    /// Whether this site may answer it.
    pub fn is_asked_of(&self, site: &SiteId) -> bool {
        self.question.iteration() == 0 || self.sites.contains(site)
    }

    /// What the answers lead to: a function of its arguments alone, to the last bit. At least `minimum` sites must give
    /// something to a first question.
    pub fn follow(
        &self,
        analysis: &PlannedAnalysis,
        given: &Given,
        minimum: usize,
    ) -> Result<Following, QuestionError> {
        let vectors = given.iter().filter(|(site, _)| self.is_asked_of(site));
        let vectors: BTreeMap<&SiteId, &Vec<Option<i128>>> =
            vectors.filter_map(|(site, vector)| Some((site, vector.as_ref()?))).collect();
        if self.question.iteration() == 0 {
            if vectors.len() < minimum {
                return Ok(Following::TooFew);
            }
        } else if vectors.len() < self.sites.len() {
            let missing = self.sites.iter().filter(|site| !vectors.contains_key(site)).cloned();
            let (withheld, silent) = missing.partition(|site| given.contains_key(site));
            return Ok(Following::Changed { silent, withheld });
        }
        let length = analysis.statistic.layout(&self.question)?.len();
        let totals = Totals::of(length, vectors.values().map(|vector| vector.as_slice()));
        Ok(match analysis.statistic.advance(&self.question, &totals)? {
            Turn::Answer(outcome) => Following::Answer(outcome),
            Turn::Ask(question) => match analysis.layout(&question) {
                Ok(_) => Following::Ask(Step {
                    analysis: self.analysis.clone(),
                    question,
                    sites: vectors.into_keys().cloned().collect(),
                }),
                Err(error) => Following::Answer(Outcome::refused(error.to_string())),
            },
        })
    }
}

#[cfg(test)]
mod tests;
