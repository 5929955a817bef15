//! The problems of a file, gathered so that a person can mend them all in one go.

use crate::problem::{Place, Problem};

/// So many problems are listed; whoever has more begins with these.
const MOST: usize = 200;

/// What is wrong so far.
#[derive(Default)]
pub(super) struct Findings {
    problems: Vec<Problem>,
}

impl Findings {
    /// What was read, or `None` and one problem more.
    pub(super) fn keep<T>(&mut self, read: Result<T, Problem>) -> Option<T> {
        read.map_err(|problem| self.push(problem)).ok()
    }

    /// What was read, or `None` and these problems more.
    pub(super) fn keep_all<T>(&mut self, read: Result<T, Vec<Problem>>) -> Option<T> {
        read.map_err(|problems| self.extend(problems)).ok()
    }

    /// One problem more.
    pub(super) fn push(&mut self, problem: Problem) {
        if self.problems.len() < MOST {
            self.problems.push(problem);
        }
    }

    /// Some problems more; those that would not be listed are not looked for.
    pub(super) fn extend(&mut self, problems: impl IntoIterator<Item = Problem>) {
        let room = MOST.saturating_sub(self.problems.len());
        self.problems.extend(problems.into_iter().take(room));
    }

    /// Whether no further problem would be listed.
    pub(super) fn are_too_many(&self) -> bool {
        self.problems.len() >= MOST
    }

    /// Whether nothing is wrong.
    pub(super) fn are_none(&self) -> bool {
        self.problems.is_empty()
    }

    /// What was read, unless something is wrong.
    pub(super) fn or<T>(self, read: T) -> Result<T, Vec<Problem>> {
        if self.are_none() { Ok(read) } else { Err(self.problems()) }
    }

    /// What is wrong, sorted by line within each file.
    pub(super) fn problems(mut self) -> Vec<Problem> {
        let key = |problem: &Problem| (problem.place.file.clone(), problem.place.line);
        self.problems.sort_by_key(key);
        if self.problems.len() == MOST {
            let file = self.problems.last().map_or_else(String::new, |problem| problem.place.file.clone());
            let message = format!("further problems than these {MOST} are not listed");
            self.problems.push(Problem::new(Place::file(file), message));
        }
        self.problems
    }
}
