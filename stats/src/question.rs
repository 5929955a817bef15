//! What a round asks of a statistic.
//!
//! Everybody computes the same questions: the coordinator from the answers it was given, and each node from the same
//! answers, before it answers the next.

use serde::{Deserialize, Serialize};

/// The most rounds an analysis may take. A halved step is a round.
pub const MOST_ROUNDS: u32 = 25;
/// The longest state, in bytes.
pub const LONGEST_STATE: usize = 1 << 20;

/// A question of one round: which one it is, and the public state to answer it with.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Question {
    iteration: u32,
    state: Vec<u8>,
}

/// Why something is no question to a statistic.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuestionError {
    /// A later round of what is answered in one.
    #[error("there is no iteration {0} of this analysis")]
    NoSuchIteration(u32),
    /// A state with the first round, none with a later one, or one that is too long or of something else.
    #[error("the state of iteration {0} is none of this analysis")]
    State(u32),
}

/// Why there is no further round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoNext {
    #[error("the fit did not converge within {MOST_ROUNDS} rounds")]
    TooMany,
    #[error("the fit left the numbers that can be computed with")]
    NotFinite,
    #[error(
        "the state of the fit is longer than {LONGEST_STATE} bytes; a wider grid or fewer terms make it shorter"
    )]
    TooLong,
}

impl Question {
    /// The question of the first round, which has no state.
    pub fn first() -> Self {
        Self::default()
    }

    /// A question as it travels. What a statistic makes of its state is seen when it is asked.
    pub fn new(iteration: u32, state: Vec<u8>) -> Result<Self, QuestionError> {
        if iteration >= MOST_ROUNDS {
            return Err(QuestionError::NoSuchIteration(iteration));
        }
        if (iteration == 0) != state.is_empty() || state.len() > LONGEST_STATE {
            return Err(QuestionError::State(iteration));
        }
        Ok(Self { iteration, state })
    }

    /// Which round of its analysis asks it, from 0.
    pub fn iteration(&self) -> u32 {
        self.iteration
    }

    /// The state's bytes; none in the first round.
    pub fn bytes(&self) -> &[u8] {
        &self.state
    }

    pub(crate) fn must_be_first(&self) -> Result<(), QuestionError> {
        match self.iteration {
            0 => Ok(()),
            later => Err(QuestionError::NoSuchIteration(later)),
        }
    }

    /// The state; none in the first round.
    pub(crate) fn state<S: for<'de> Deserialize<'de>>(&self) -> Result<Option<S>, QuestionError> {
        if self.iteration == 0 {
            return Ok(None);
        }
        serde_json::from_slice(&self.state).map(Some).map_err(|_| QuestionError::State(self.iteration))
    }

    /// The question after this one.
    pub(crate) fn next<S: Serialize + for<'de> Deserialize<'de>>(&self, state: &S) -> Result<Self, NoNext> {
        if self.iteration + 1 >= MOST_ROUNDS {
            return Err(NoNext::TooMany);
        }
        let bytes = serde_json::to_vec(state).map_err(|_| NoNext::NotFinite)?;
        if bytes.len() > LONGEST_STATE {
            return Err(NoNext::TooLong);
        }
        // JSON writes what is not finite as null, which is no number when it is read.
        serde_json::from_slice::<S>(&bytes).map_err(|_| NoNext::NotFinite)?;
        Ok(Self { iteration: self.iteration + 1, state: bytes })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_state_survives_to_the_last_bit() {
        let state = vec![0.1, -1.0 / 3.0, f64::MIN_POSITIVE, 1e300, 5e-324];
        let next = Question::first().next(&state).unwrap();
        assert_eq!(next.state::<Vec<f64>>().unwrap(), Some(state));
        assert_eq!(Question::new(1, next.bytes().to_vec()).unwrap(), next);
    }

    #[test]
    fn a_state_that_is_not_finite_asks_nothing() {
        assert_eq!(Question::first().next(&vec![f64::NAN]).unwrap_err(), NoNext::NotFinite);
        assert_eq!(Question::first().next(&vec![f64::INFINITY]).unwrap_err(), NoNext::NotFinite);
    }

    #[test]
    fn there_is_an_end_to_rounds() {
        let mut question = Question::first();
        for _ in 1..MOST_ROUNDS {
            question = question.next(&1.0).unwrap();
        }
        assert_eq!(question.next(&1.0).unwrap_err(), NoNext::TooMany);
        assert_eq!(Question::new(MOST_ROUNDS, vec![b'1']), Err(QuestionError::NoSuchIteration(MOST_ROUNDS)));
    }

    #[test]
    fn a_first_question_with_a_state_and_a_later_one_without_are_none() {
        assert_eq!(Question::new(0, vec![b'1']), Err(QuestionError::State(0)));
        assert_eq!(Question::new(1, Vec::new()), Err(QuestionError::State(1)));
    }
}
