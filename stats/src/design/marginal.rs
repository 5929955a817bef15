//! Rows of a reference grid: what the columns of a design are for levels of some factors, averaged over the others.

use super::{Design, Part};

impl Design {
    /// The position of the factor of that name.
    pub(crate) fn factor_named(&self, name: &str) -> Option<usize> {
        self.factors.iter().position(|factor| factor.levels.name.as_str() == name)
    }

    /// The column that is a number of its own, whose mean is that number's.
    pub(crate) fn column_of_number(&self, number: usize) -> Option<usize> {
        let last = self.columns.len() - 1;
        let is_number =
            |at: &usize| matches!(self.columns[*at].parts.as_slice(), [Part::Number(own)] if *own == number);
        (0..last).find(is_number)
    }

    /// The numbers that these columns are made of.
    pub(crate) fn numbers_of(&self, column: usize) -> impl Iterator<Item = usize> + '_ {
        self.columns[column].parts.iter().filter_map(|part| match part {
            Part::Number(number) => Some(*number),
            Part::Level { .. } => None,
        })
    }

    /// A column where some factors have a level, the others have each of their occupied levels equally often, and each
    /// number is at its mean, as in the reference grid of R's `emmeans`.
    pub(crate) fn marginal(
        &self,
        column: usize,
        level_of: &dyn Fn(usize) -> Option<usize>,
        occupied: &[Vec<usize>],
        mean_of: &dyn Fn(usize) -> f64,
    ) -> f64 {
        let part = |part: &Part| match part {
            Part::Number(number) => mean_of(*number),
            Part::Level { factor, level, .. } => match level_of(*factor) {
                Some(own) => f64::from(u8::from(own == *level)),
                None if occupied[*factor].contains(level) => 1.0 / occupied[*factor].len() as f64,
                None => 0.0,
            },
        };
        self.columns[column].parts.iter().map(part).product()
    }
}
