//! The first round: counts for the rules, and the sums of the first step.

use super::Glm;
use super::family::Family;
use super::progress::Progress;
use super::state::State;
use crate::cholesky::Cholesky;
use crate::contribution::{ContributeError, Contribution};
use crate::design::Design;
use crate::frame::Frame;
use crate::outcome::Outcome;
use crate::standard::Standard;
use crate::term_tests;
use crate::terms::INTERCEPT;
use crate::totals::Totals;
use crate::twofold::Twofold;
use crate::vector::{LONGEST, Sums};
use crate::weighted;

/// R sets a column aside when the earlier ones leave less than 1e-7 of its length.
const COLLINEAR: f64 = 1e-14;

/// Adds the sums of the first round: the outcome and its square, rows out of range, the weighted products of the
/// columns in the coordinates of their bounds, a column of ones first, and those with the working response.
pub(super) fn describe(design: &Design, used: usize, sums: &mut Sums) {
    let last = &design.columns[design.columns.len() - 1];
    let bound = last.quantity.bound();
    sums.sum(&last.name, vec![used], bound);
    sums.sum(format!("{} squared", last.name), vec![used], bound * bound);
    sums.sum("start: rows out of range", vec![used], 1);
    let ones = std::iter::once(INTERCEPT.to_owned());
    let columns = design.columns[..design.columns.len() - 1].iter().map(|column| column.name.clone());
    let labels: Vec<String> = ones.chain(columns).collect();
    super::triangle(sums, &labels, &[used], weighted::BOUND);
    for label in &labels {
        sums.sum(format!("{label} × start of {}", last.name), vec![used], weighted::BOUND);
    }
}

/// A power of two of about the size of the outcome's bounds.
pub(super) fn scale(design: &Design) -> f64 {
    let quantity = &design.columns[design.columns.len() - 1].quantity;
    let steps = (quantity.origin() as f64).abs() + quantity.bound() as f64;
    let largest = steps * quantity.step().rounded();
    let mut scale = 1.0;
    while scale < largest && scale < 1e200 {
        scale *= 2.0;
    }
    while scale > 2.0 * largest && scale > 1e-200 {
        scale /= 2.0;
    }
    scale
}

/// The sums of the first round.
struct First {
    gram: Vec<Vec<Twofold>>,
    response: Vec<Twofold>,
}

impl Glm {
    pub(super) fn contribute_first(&self, frame: &Frame) -> Result<Contribution, ContributeError> {
        let mut contribution = Contribution::zero(self.first.len());
        let columns = self.design.read(frame)?;
        let standard = Standard::of_bounds(&self.design);
        let first = self.first.count_cells();
        let last = self.design.columns.len() - 1;
        for row in 0..frame.rows() {
            let row = columns.at(row)?;
            self.census.tally(row.as_ref(), &mut contribution);
            let Some(row) = row else { continue };
            let integer = i128::from(row.integers[last]);
            contribution.tally(first, integer);
            contribution.tally(first + 1, integer * integer);
            let x = standard.row(&row.integers);
            let start = self.asked.family.start(self.outcome(&row));
            let response = start.response - self.offset(&row);
            let products = (0..x.len()).flat_map(|at| {
                let weighted = start.weight * x[at];
                x[..=at].iter().map(move |other| weighted * other)
            });
            let responses = x.iter().map(|own| start.weight * own * response);
            let terms: Option<Vec<i128>> = products.chain(responses).map(weighted::quantised).collect();
            match terms {
                Some(terms) => {
                    for (at, term) in terms.into_iter().enumerate() {
                        contribution.tally(first + 3 + at, term);
                    }
                }
                None => contribution.tally(first + 2, 1),
            }
        }
        Ok(contribution)
    }

    /// The state of the second round, or why there is none.
    pub(super) fn start(&self, totals: &Totals) -> Result<State, Box<Outcome>> {
        let rows = self.census.rows(totals)?;
        let first = self.first.count_cells();
        let refused = |reason: String| Box::new(Outcome::refused(reason));
        let nonsense = || refused("the totals are not those of any rows".to_owned());
        let known =
            |at: usize| totals.sum(at).known().filter(|sum| sum.unsigned_abs() <= super::MOST.unsigned_abs());
        let (total, squares) = (known(first).ok_or_else(nonsense)?, known(first + 1).ok_or_else(nonsense)?);
        if known(first + 2) != Some(0) {
            return Err(refused(format!(
                "the outcome `{}` or an offset has values too large to start from",
                self.design.outcome
            )));
        }
        let (mean, variance) = self.outcome_moments(rows, total, squares);
        self.must_vary(rows, mean, variance)?;
        let public = Standard::of_bounds(&self.design);
        let count = public.columns.len() + 1;
        let length = count * (count + 1) / 2 + count;
        let numbers: Option<Vec<Twofold>> =
            (first + 3..first + 3 + length).map(|at| known(at).map(weighted::number)).collect();
        let mut numbers = numbers.ok_or_else(nonsense)?.into_iter();
        let gram = weighted::symmetric(count, &mut numbers).ok_or_else(nonsense)?;
        let sums = First { gram, response: numbers.collect() };
        if sums.gram[0][0] <= Twofold::ZERO {
            return Err(nonsense());
        }

        let used = self.census.columns(&self.design, totals);
        let (means, deviations) = sums.spread(self.design.intercept);
        let standard = public.narrowed(&used, &means, &deviations);
        let constant = usize::from(self.design.intercept);
        let all: Vec<usize> = (1 - constant..1).chain(used.iter().map(|column| column + 1)).collect();
        let kept = self.kept(&public, &sums, &all);
        if rows <= kept.len() as u64 {
            return Err(refused(format!(
                "{rows} rows leave no degrees of freedom for {} parameters",
                kept.len()
            )));
        }
        if kept.is_empty() {
            return Err(refused("the model has no term".to_owned()));
        }
        // Positions among all columns of the design become positions among those in use.
        let place = |column: &usize| match column.checked_sub(1) {
            None => 0,
            Some(column) => used.iter().position(|own| *own == column).map_or(0, |at| at + 1),
        };
        let tau = (self.asked.family == Family::NegativeBinomial).then(|| {
            let excess = (variance - mean).max(mean * 1e-2);
            libm::log(mean * mean / excess).clamp(-5.0, 5.0)
        });
        let level = match self.design.has_offset() {
            false => self.asked.family.linear(mean),
            true => (sums.response[0] / sums.gram[0][0]).rounded(),
        };
        let progress = |places: &[usize], tau: Option<f64>| {
            let estimates = sums.estimates(places);
            let moved = move_to(&public, &standard, places, &used, &estimates);
            let fallback = |at: &usize| if *at == 0 { level } else { 0.0 };
            let fallback: Vec<f64> = places.iter().map(fallback).chain(tau).collect();
            let places = places.iter().map(place).collect();
            Progress::new(places, moved.into_iter().chain(tau).collect(), fallback)
        };
        let null = if self.design.intercept { vec![0] } else { Vec::new() };
        let level: Vec<f64> = null.iter().map(|_| level).collect();
        let mut fits = vec![progress(&kept, tau), Progress::new(null, level.clone(), level)];
        for columns in self.compared(&used) {
            let all: Vec<usize> = (1 - constant..1).chain(columns.iter().map(|column| column + 1)).collect();
            fits.push(progress(&self.kept(&public, &sums, &all), tau));
        }
        let lost = totals.count(self.census.lost).known();
        let lengths = fits.iter().enumerate().map(|(at, fit)| self.asked.wanted(at, fit).len());
        let length: usize = lengths.sum();
        if length > LONGEST {
            return Err(refused(format!(
                "a round would send {length} numbers; at most {LONGEST} are allowed, so fewer terms or tests"
            )));
        }
        Ok(State { round: 1, rows, lost, total: mean * rows as f64, standard, fits, finishing: false })
    }

    /// The columns of the models that type II tests compare, in their order: the smaller of each term, then the larger
    /// where it is not the model.
    pub(super) fn compared(&self, used: &[usize]) -> Vec<Vec<usize>> {
        if !self.asked.tests.contains(&term_tests::Asked::Type2) {
            return Vec::new();
        }
        let compared = term_tests::compared(&self.design, used).into_iter();
        compared.flat_map(|term| [term.smaller].into_iter().chain(term.larger)).collect()
    }

    /// The mean and the variance of the outcome over its scale.
    fn outcome_moments(&self, rows: u64, total: i128, squares: i128) -> (f64, f64) {
        let quantity = &self.design.columns[self.design.columns.len() - 1].quantity;
        let (n, unit) = (Twofold::from(rows), quantity.step() / Twofold::from(self.scale));
        let mean = Twofold::from(total) / n;
        let variance = Twofold::from(squares) / n - mean * mean;
        let mean = unit * (Twofold::from(i128::from(quantity.origin())) + mean);
        (mean.rounded(), (unit * unit * variance).rounded())
    }

    fn must_vary(&self, rows: u64, mean: f64, variance: f64) -> Result<(), Box<Outcome>> {
        let outcome = &self.design.outcome;
        let refused = |reason: String| Err(Box::new(Outcome::refused(reason)));
        match self.asked.family {
            Family::Binomial(_) if !(mean > 0.0 && mean < 1.0) => {
                refused(format!("the outcome `{outcome}` has the same value in every row"))
            }
            Family::Poisson | Family::NegativeBinomial if mean.is_nan() || mean <= 0.0 => {
                refused(format!("the outcome `{outcome}` is 0 in all {rows} rows"))
            }
            Family::Gaussian if variance.is_nan() || variance <= 0.0 => {
                refused(format!("the outcome `{outcome}` has the same value in every row"))
            }
            _ => Ok(()),
        }
    }

    /// The columns that earlier ones do not give, of positions where 0 is the intercept.
    fn kept(&self, public: &Standard, sums: &First, places: &[usize]) -> Vec<usize> {
        let least = |place: &usize| {
            let own = sums.gram[*place][*place];
            // The square of the column's own length, not of its distance from the middle of its bounds.
            let square = match place.checked_sub(1) {
                None => own,
                Some(at) => {
                    let shift = public.shift(at, &self.design);
                    let moved =
                        own + (shift + shift) * sums.gram[0][*place] + shift * shift * sums.gram[0][0];
                    if moved > own { moved } else { own }
                }
            };
            square.max_zero() * Twofold::from(COLLINEAR)
        };
        let least: Vec<Twofold> = places.iter().map(least).collect();
        let factors = Cholesky::new(&sums.of(places), &least);
        factors.kept.into_iter().map(|at| places[at]).collect()
    }
}

impl First {
    /// The products of these columns.
    fn of(&self, places: &[usize]) -> Vec<Vec<Twofold>> {
        places.iter().map(|one| places.iter().map(|two| self.gram[*one][*two]).collect()).collect()
    }

    /// The mean and the standard deviation of each column; without an intercept, 0 and its size.
    fn spread(&self, intercept: bool) -> (Vec<f64>, Vec<f64>) {
        let ones = self.gram[0][0];
        let spread = |column: usize| {
            let mean = if intercept { self.gram[0][column] / ones } else { Twofold::ZERO };
            let deviation = (self.gram[column][column] / ones - mean * mean).max_zero().rounded().sqrt();
            // A column that does not vary is aliased, or nobody's.
            (mean.rounded(), if deviation > 1e-12 { deviation } else { 1.0 })
        };
        (1..self.gram.len()).map(spread).unzip()
    }

    /// The first step of a fit with these columns, none of which others give.
    fn estimates(&self, places: &[usize]) -> Vec<f64> {
        let gram = self.of(places);
        let inverse = Cholesky::new(&gram, &vec![Twofold::ZERO; places.len()]).inverse();
        let row = |row: &Vec<Twofold>| {
            let terms = row.iter().zip(places).map(|(entry, place)| *entry * self.response[*place]);
            terms.fold(Twofold::ZERO, |sum, term| sum + term).rounded()
        };
        inverse.iter().map(row).collect()
    }
}

/// Estimates in the coordinates of the bounds, in those that follow. `places` begin with 0 where there is an intercept.
fn move_to(
    public: &Standard,
    standard: &Standard,
    places: &[usize],
    used: &[usize],
    estimates: &[f64],
) -> Vec<f64> {
    let has_intercept = places.first() == Some(&0);
    let columns: Vec<usize> = places.iter().filter_map(|place| place.checked_sub(1)).collect();
    let whole: Vec<f64> = match has_intercept {
        true => estimates.to_vec(),
        false => std::iter::once(0.0).chain(estimates.iter().copied()).collect(),
    };
    let targets: Vec<usize> =
        columns.iter().map(|column| used.iter().position(|own| own == column).unwrap_or(0)).collect();
    let moved = public.moved_to(standard, &columns, &targets, &whole);
    moved.into_iter().skip(usize::from(!has_intercept)).collect()
}
