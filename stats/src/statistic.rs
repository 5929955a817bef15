//! The contract every statistic keeps.

use std::collections::BTreeSet;

use notochord_proto::layout::Layout;
use notochord_proto::name::VariableName;
use serde::{Deserialize, Serialize};

use crate::contribution::{ContributeError, Contribution};
use crate::frame::Frame;
use crate::outcome::Outcome;
use crate::question::{MOST_ROUNDS, Question, QuestionError};
use crate::terms::Terms;
use crate::totals::Totals;

/// A statistic, resolved against the variables of a study. A file of this crate writes one as [`OneRound`] or as
/// [`Iterative`]; both are this.
///
/// # The law
/// For any split of a frame between units, the contributions of the parts to a question add up to the contribution
/// of the whole, integer for integer; an empty frame contributes zeros. `tests/laws.rs` holds every registered kind
/// to it, in every round.
pub trait Statistic: Send + Sync {
    /// What a frame may be split between.
    fn unit(&self) -> Unit;

    /// The columns of the frame it reads, `site` among them where it asks about sites.
    fn variables(&self) -> BTreeSet<VariableName>;

    /// The terms whose values it adds up as numbers. What is only counted is not among them.
    fn summed(&self) -> Vec<Summed>;

    /// The terms its result reports; none where it reports something else.
    fn terms(&self) -> Terms;

    /// The most rounds it takes.
    fn most_rounds(&self) -> u32;

    /// What each integer of the answer to a question is.
    fn layout(&self, question: &Question) -> Result<Layout, QuestionError>;

    /// The node's half: the vector of these rows, as long as the layout.
    fn contribute(&self, frame: &Frame, question: &Question) -> Result<Contribution, ContributeError>;

    /// The network's half, a function of its arguments alone, to the last bit: the next question, or the answer. What
    /// cannot be computed is an outcome with a reason in words, and no number in it is infinite or not a number.
    fn advance(&self, question: &Question, totals: &Totals) -> Result<Turn, QuestionError>;
}

/// What the network's half makes of a round's totals.
#[derive(Debug, Clone, PartialEq)]
pub enum Turn {
    /// Another round.
    Ask(Question),
    /// The end.
    Answer(Outcome),
}

/// A statistic that is answered in one round.
pub trait OneRound: Send + Sync {
    /// See [`Statistic::unit`].
    fn unit(&self) -> Unit;

    /// See [`Statistic::variables`].
    fn variables(&self) -> BTreeSet<VariableName>;

    /// See [`Statistic::summed`].
    fn summed(&self) -> Vec<Summed>;

    /// See [`Statistic::terms`].
    fn terms(&self) -> Terms {
        Terms::default()
    }

    /// What each integer of the vector is.
    fn layout(&self) -> Layout;

    /// The vector of these rows.
    fn contribute(&self, frame: &Frame) -> Result<Contribution, ContributeError>;

    /// The answer from the added vectors.
    fn advance(&self, totals: &Totals) -> Outcome;
}

impl<T: OneRound> Statistic for T {
    fn unit(&self) -> Unit {
        OneRound::unit(self)
    }

    fn variables(&self) -> BTreeSet<VariableName> {
        OneRound::variables(self)
    }

    fn summed(&self) -> Vec<Summed> {
        OneRound::summed(self)
    }

    fn terms(&self) -> Terms {
        OneRound::terms(self)
    }

    fn most_rounds(&self) -> u32 {
        1
    }

    fn layout(&self, question: &Question) -> Result<Layout, QuestionError> {
        question.must_be_first()?;
        Ok(OneRound::layout(self))
    }

    fn contribute(&self, frame: &Frame, question: &Question) -> Result<Contribution, ContributeError> {
        question.must_be_first()?;
        OneRound::contribute(self, frame)
    }

    fn advance(&self, question: &Question, totals: &Totals) -> Result<Turn, QuestionError> {
        question.must_be_first()?;
        Ok(Turn::Answer(OneRound::advance(self, totals)))
    }
}

/// A statistic that asks again until it has its answer. [`Rounds`] makes a [`Statistic`] of it.
pub trait Iterative: Send + Sync {
    /// What a later round is asked with: everything that the network's half needs to go on, and all of it public. It
    /// must survive JSON, so that its numbers are finite.
    type State: Serialize + for<'de> Deserialize<'de>;

    /// See [`Statistic::unit`].
    fn unit(&self) -> Unit;

    /// See [`Statistic::variables`].
    fn variables(&self) -> BTreeSet<VariableName>;

    /// See [`Statistic::summed`].
    fn summed(&self) -> Vec<Summed>;

    /// See [`Statistic::terms`].
    fn terms(&self) -> Terms {
        Terms::default()
    }

    /// What each integer is; no state is that of the first round. A state may come from outside.
    fn layout(&self, state: Option<&Self::State>) -> Layout;

    /// The vector of these rows.
    fn contribute(&self, frame: &Frame, state: Option<&Self::State>)
    -> Result<Contribution, ContributeError>;

    /// The next state or the answer, from the state that was asked with and the totals it gave.
    fn advance(&self, state: Option<Self::State>, totals: &Totals) -> Next<Self::State>;
}

/// What an [`Iterative`] statistic makes of a round's totals.
#[derive(Debug, Clone, PartialEq)]
pub enum Next<S> {
    /// Another round with this state.
    Ask(S),
    /// The end.
    Answer(Outcome),
}

/// An [`Iterative`] statistic as a [`Statistic`]: its state travels inside the question.
pub struct Rounds<T>(pub T);

impl<T: Iterative> Statistic for Rounds<T> {
    fn unit(&self) -> Unit {
        self.0.unit()
    }

    fn variables(&self) -> BTreeSet<VariableName> {
        self.0.variables()
    }

    fn summed(&self) -> Vec<Summed> {
        self.0.summed()
    }

    fn terms(&self) -> Terms {
        self.0.terms()
    }

    fn most_rounds(&self) -> u32 {
        MOST_ROUNDS
    }

    fn layout(&self, question: &Question) -> Result<Layout, QuestionError> {
        Ok(self.0.layout(question.state()?.as_ref()))
    }

    fn contribute(&self, frame: &Frame, question: &Question) -> Result<Contribution, ContributeError> {
        self.0.contribute(frame, question.state()?.as_ref())
    }

    fn advance(&self, question: &Question, totals: &Totals) -> Result<Turn, QuestionError> {
        Ok(match self.0.advance(question.state()?, totals) {
            Next::Answer(outcome) => Turn::Answer(outcome),
            Next::Ask(state) => match question.next::<T::State>(&state) {
                Ok(next) => Turn::Ask(next),
                Err(end) => Turn::Answer(Outcome::refused(end.to_string())),
            },
        })
    }
}

/// A term whose values are added up. The rules on counts cannot protect a sum of something the study itself
/// defines: it may be 0 for everybody but one patient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Summed {
    /// A variable, or its logarithm.
    Variable(VariableName),
    /// Arithmetic written in the analysis, as R names it.
    Expression(String),
}

/// What a frame may be split between without changing the total.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Any rows.
    Row,
    /// All rows of a patient stay together.
    Patient,
    /// All rows of a site stay together.
    Site,
}
