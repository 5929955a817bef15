//! `agreement`: how far raters agree on what they rated: Cohen's, weighted and Fleiss' kappa, intraclass correlation.
//!
//! Ratings are several variables of a row, which is then what was rated, or one rating a row (`subject`, `rater`,
//! `rating`), as when the raters of one film work at different sites: counts are then added for each subject first.
//! Categories are the levels in the order of the dictionary, as far apart as their positions; those never used change
//! nothing but the distances of the others. Subjects without a rating by every rater are left out and counted.
//!
//! Tidy columns: `coefficient`, `estimate`, `se`, `lower`, `upper`, `statistic`, `p`, `n`.

mod counted;
mod icc;
mod kappa;
mod report;
mod section;

use std::collections::BTreeSet;

use notochord_proto::layout::{Layout, TablePurpose};
use notochord_proto::name::VariableName;

use crate::contribution::{ContributeError, Contribution};
use crate::frame::Frame;
use crate::levels::Levels;
use crate::outcome::Outcome;
use crate::quantity::Numeric;
use crate::statistic::{OneRound, Summed, Unit};
use crate::totals::Totals;
use crate::vector::{Cells, Tables};

pub(crate) use section::parse;

/// The specification of an analysis of agreement.
pub struct Agreement {
    measure: Measure,
    ratings: Ratings,
    missing: usize,
    layout: Layout,
}

/// What is estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Measure {
    Cohen,
    Weighted,
    Fleiss,
    Icc,
}

/// Where ratings come from, and where their counts and sums stand.
enum Ratings {
    /// Two variables of a row, in a cross table.
    Pair { raters: [Levels; 2], cells: Cells },
    /// Variables of a row, of which every category is counted.
    Categories {
        raters: Vec<Levels>,
        used: usize,
        each: Vec<Cells>,
        products: Vec<usize>,
        agreeing: Vec<usize>,
    },
    /// Numbers of a row, which are added up.
    Numbers { raters: Vec<Numeric>, used: usize, sums: Vec<usize>, squares: usize, subjects: usize },
    /// One rating a row: a table of subjects by category, of each rater or of all together.
    Rows { subject: Levels, rater: Levels, takes_part: Vec<usize>, rating: Levels, cells: Vec<Cells> },
}

impl Ratings {
    fn names(&self) -> Vec<VariableName> {
        match self {
            Self::Pair { raters, .. } => raters.iter().map(|rater| rater.name.clone()).collect(),
            Self::Categories { raters, .. } => raters.iter().map(|rater| rater.name.clone()).collect(),
            Self::Numbers { raters, .. } => raters.iter().map(|rater| rater.name.clone()).collect(),
            Self::Rows { subject, rater, rating, .. } => {
                [subject, rater, rating].map(|levels| levels.name.clone()).to_vec()
            }
        }
    }
}

impl Agreement {
    fn of_pair(measure: Measure, raters: [Levels; 2]) -> Self {
        let mut tables = Tables::default();
        let name = format!("{} by {}", raters[0].name, raters[1].name);
        let cells = tables.table(TablePurpose::Frequency, &name, raters[0].codes(), raters[1].codes());
        let missing = tables.count(TablePurpose::Missing, name, "missing");
        Self { measure, ratings: Ratings::Pair { raters, cells }, missing, layout: tables.sums().finish() }
    }

    fn of_categories(raters: Vec<Levels>) -> Self {
        let mut tables = Tables::default();
        let used = tables.count(TablePurpose::Base, "ratings", "rated by all");
        let each = raters.iter().map(|rater| {
            tables.list(
                TablePurpose::Frequency,
                format!("{} of those rated by all", rater.name),
                rater.codes(),
            )
        });
        let each = each.collect();
        let missing = tables.count(TablePurpose::Missing, "ratings", "not rated by all");
        let mut sums = tables.sums();
        let (codes, most) = (raters[0].codes(), raters.len() as i128);
        let mut products = Vec::new();
        for (at, one) in codes.iter().enumerate() {
            for two in &codes[..=at] {
                products.push(sums.sum(format!("ratings {one} × ratings {two}"), vec![used], most * most));
            }
        }
        let mut agreeing = vec![sums.sum("agreement squared", vec![used], most * most * most * most)];
        for code in &codes {
            let name = format!("agreement × ratings {code}");
            agreeing.push(sums.sum(name, vec![used], most * most * most));
        }
        let ratings = Ratings::Categories { raters, used, each, products, agreeing };
        Self { measure: Measure::Fleiss, ratings, missing, layout: sums.finish() }
    }

    /// The raters have the same fixed point.
    fn of_numbers(raters: Vec<Numeric>) -> Self {
        let mut tables = Tables::default();
        let used = tables.count(TablePurpose::Base, "ratings", "rated by all");
        let missing = tables.count(TablePurpose::Missing, "ratings", "not rated by all");
        let mut added = tables.sums();
        let (bound, many) = (raters[0].quantity.bound(), raters.len() as i128);
        let name = |rater: &Numeric| format!("{} sum", rater.name);
        let sums = raters.iter().map(|rater| added.sum(name(rater), vec![used], bound)).collect();
        let squares = added.sum("squares of all ratings", vec![used], many * bound * bound);
        let subjects = added.sum("squares of sums of a row", vec![used], many * many * bound * bound);
        let ratings = Ratings::Numbers { raters, used, sums, squares, subjects };
        Self { measure: Measure::Icc, ratings, missing, layout: added.finish() }
    }

    fn of_rows(
        measure: Measure,
        subject: Levels,
        rater: Levels,
        takes_part: Vec<usize>,
        rating: Levels,
    ) -> Self {
        let mut tables = Tables::default();
        let mut add =
            |name: String| tables.table(TablePurpose::Frequency, name, subject.codes(), rating.codes());
        let name = format!("{} by {}", subject.name, rating.name);
        let cells = match measure {
            Measure::Fleiss => vec![add(name.clone())],
            _ => takes_part
                .iter()
                .map(|at| add(format!("{name}, {} {}", rater.name, rater.code(*at))))
                .collect(),
        };
        let missing = tables.count(TablePurpose::Missing, name, "missing");
        let ratings = Ratings::Rows { subject, rater, takes_part, rating, cells };
        Self { measure, ratings, missing, layout: tables.sums().finish() }
    }
}

impl OneRound for Agreement {
    fn unit(&self) -> Unit {
        Unit::Row
    }

    fn variables(&self) -> BTreeSet<VariableName> {
        self.ratings.names().into_iter().collect()
    }

    fn summed(&self) -> Vec<Summed> {
        match self.ratings {
            Ratings::Numbers { .. } => self.ratings.names().into_iter().map(Summed::Variable).collect(),
            _ => Vec::new(),
        }
    }

    fn layout(&self) -> Layout {
        self.layout.clone()
    }

    fn contribute(&self, frame: &Frame) -> Result<Contribution, ContributeError> {
        let mut contribution = Contribution::zero(self.layout.len());
        match &self.ratings {
            Ratings::Pair { raters: [first, second], cells } => {
                let (first, second) = (first.read(frame)?, second.read(frame)?);
                for row in 0..frame.rows() {
                    let cell = first.at(row)?.zip(second.at(row)?).map(|(one, two)| cells.at(one, two));
                    contribution.tally(cell.unwrap_or(self.missing), 1);
                }
            }
            Ratings::Categories { raters, used, each, products, agreeing } => {
                let columns = raters.iter().map(|rater| rater.read(frame)).collect::<Result<Vec<_>, _>>()?;
                for row in 0..frame.rows() {
                    let rated =
                        columns.iter().map(|column| column.at(row)).collect::<Result<Option<Vec<_>>, _>>()?;
                    let Some(rated) = rated else {
                        contribution.tally(self.missing, 1);
                        continue;
                    };
                    contribution.tally(*used, 1);
                    let mut times = vec![0_i128; raters[0].len()];
                    for (category, cells) in rated.iter().zip(each) {
                        contribution.tally(cells.at(*category, 0), 1);
                        times[*category] += 1;
                    }
                    let agreement: i128 = times.iter().map(|times| times * times).sum();
                    let pairs = times
                        .iter()
                        .enumerate()
                        .flat_map(|(at, one)| times[..=at].iter().map(move |two| one * two));
                    for (place, product) in products.iter().zip(pairs) {
                        contribution.tally(*place, product);
                    }
                    let terms = std::iter::once(agreement).chain(times.iter().copied());
                    for (place, term) in agreeing.iter().zip(terms) {
                        contribution.tally(*place, agreement * term);
                    }
                }
            }
            Ratings::Numbers { raters, used, sums, squares, subjects } => {
                let columns = raters.iter().map(|rater| rater.read(frame)).collect::<Result<Vec<_>, _>>()?;
                for row in 0..frame.rows() {
                    let rated =
                        columns.iter().map(|column| column.at(row)).collect::<Result<Option<Vec<_>>, _>>()?;
                    let Some(rated) = rated else {
                        contribution.tally(self.missing, 1);
                        continue;
                    };
                    contribution.tally(*used, 1);
                    let mut total = 0_i128;
                    for ((_, integer), place) in rated.into_iter().zip(sums) {
                        let integer = i128::from(integer);
                        contribution.tally(*place, integer);
                        contribution.tally(*squares, integer * integer);
                        total += integer;
                    }
                    contribution.tally(*subjects, total * total);
                }
            }
            Ratings::Rows { subject, rater, takes_part, rating, cells } => {
                let (subjects, raters, ratings) =
                    (subject.read(frame)?, rater.read(frame)?, rating.read(frame)?);
                for row in 0..frame.rows() {
                    let (Some(subject), Some(rater), Some(rating)) =
                        (subjects.at(row)?, raters.at(row)?, ratings.at(row)?)
                    else {
                        contribution.tally(self.missing, 1);
                        continue;
                    };
                    // A rater who takes no part is neither counted nor missing.
                    let Some(place) = takes_part.iter().position(|at| *at == rater) else { continue };
                    let table = if cells.len() == 1 { 0 } else { place };
                    contribution.tally(cells[table].at(subject, rating), 1);
                }
            }
        }
        Ok(contribution)
    }

    fn advance(&self, totals: &Totals) -> Outcome {
        report::outcome(self, totals)
    }
}

#[cfg(test)]
mod tests;
