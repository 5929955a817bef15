//! The first round: counts for the disclosure rules, and sums at variances of 0, or at visits that are independent.
//!
//! From these come the estimates of least squares and the quadratic estimates of the variances (MINQUE with weights of 0,
//! Rao, JASA 67, 1972), where the likelihood's iteration starts.

use super::coordinates::Coordinates;
use super::expansion::{length, pair};
use super::likelihood::Sums;
use super::means;
use super::patient::{Ratios, Shape, inverted, triangle};
use super::state::State;
use super::{MOST, Mixed};
use crate::cholesky::Cholesky;
use crate::figure::Figure;
use crate::outcome::Outcome;
use crate::quantity::Quantity;
use crate::standard::Standard;
use crate::totals::Totals;
use crate::twofold::Twofold;
use crate::weighted;

/// R sets a column aside when the earlier ones leave less than 1e-7 of its length.
const COLLINEAR: f64 = 1e-14;

/// The variance, in squares of half the outcome's bounds, below which it is rounding.
const CONSTANT: f64 = 1e-17;

/// The sums of the first round, in coordinates of the public bounds.
pub(super) struct First {
    /// Lower triangle of 1, all columns and the outcome.
    values: Vec<Twofold>,
    /// By each entry of a patient's ratios, and then by the site's.
    slopes: Vec<Vec<f64>>,
    /// The first and second derivatives of `ln |V|`.
    log: (Vec<f64>, Vec<f64>),
}

impl Mixed {
    /// What the columns and the outcome are in the first round.
    pub(super) fn public(&self) -> (Standard, f64, f64) {
        let quantity = &self.design.columns[self.design.columns.len() - 1].quantity;
        let bound = quantity.bound() as f64;
        let (centre, scale) = match quantity {
            _ if !self.design.intercept => {
                let origin = quantity.origin() as f64;
                (-origin, origin.abs().max((origin + bound).abs()).max(1.0))
            }
            Quantity::Integer { .. } => (bound / 2.0, (bound / 2.0).max(1.0)),
            Quantity::Number { .. } => (0.0, bound.max(1.0)),
        };
        (Standard::of_bounds(&self.design), centre, scale)
    }

    /// The ratios of the first round.
    pub(super) fn first_ratios(&self) -> Ratios {
        let shape = self.asked.shape();
        let (size, diagonal) = match &self.visits {
            Some(levels) => (levels.len(), 1.0),
            None => (self.asked.terms(), 0.0),
        };
        let row = |at: usize| (0..size).map(|other| if at == other { diagonal } else { 0.0 }).collect();
        Ratios { shape, matrix: (0..size).map(row).collect(), steps: vec![1.0; size] }
    }

    /// How many numbers the sums of the first round are: values and slopes of the products, the logarithm's derivatives,
    /// and with sites the products of sites' sums and their squared sizes.
    pub(super) fn first_length(&self) -> usize {
        let (products, parameters) =
            (triangle(self.design.columns.len() + 1), self.first_ratios().parameters());
        let of_sites = if self.sites.is_some() { products + 1 } else { 0 };
        products * (1 + parameters) + parameters + self.first_curvatures() + of_sites
    }

    /// How many second derivatives of `ln |V|` the first round adds up: those by two different entries of independent
    /// visits are 0.
    pub(super) fn first_curvatures(&self) -> usize {
        let parameters = self.first_ratios().parameters();
        if self.visits.is_some() { parameters } else { triangle(parameters) }
    }

    fn first(&self, numbers: &mut dyn Iterator<Item = Twofold>) -> Option<First> {
        let width = self.design.columns.len() + 1;
        let (products, parameters) = (triangle(width), self.first_ratios().parameters());
        let mut values = Vec::with_capacity(products);
        let mut slopes = vec![Vec::with_capacity(products); parameters];
        for _ in 0..products {
            values.push(numbers.next()?);
            for slope in &mut slopes {
                slope.push(numbers.next()?.rounded());
            }
        }
        let mut rounded = || numbers.next().map(Twofold::rounded);
        let mut first: Vec<f64> = (0..parameters).map(|_| rounded()).collect::<Option<_>>()?;
        let sent: Vec<f64> = (0..self.first_curvatures()).map(|_| rounded()).collect::<Option<_>>()?;
        let mut second = sent.clone();
        if self.visits.is_some() {
            second = vec![0.0; triangle(parameters)];
            sent.iter().enumerate().for_each(|(at, own)| second[pair(at, at)] = *own);
        }
        if self.sites.is_some() {
            let own: Vec<f64> = (0..products).map(|_| rounded()).collect::<Option<_>>()?;
            let squares = rounded()?;
            first.push(values[0].rounded());
            second.extend(slopes.iter().map(|slope| slope[0]));
            second.push(-squares);
            slopes.push(own);
        }
        Some(First { values, slopes, log: (first, second) })
    }

    /// The state of the second round, or why there is none.
    pub(super) fn start(&self, totals: &Totals) -> Result<State, Box<Outcome>> {
        let rows = self.census.rows(totals)?;
        let refused = |reason: String| Box::new(Outcome::refused(reason));
        let nonsense = || refused("the totals are not those of any rows".to_owned());
        let Figure::Known(patients) = totals.count(self.patients) else { return Err(nonsense()) };
        let begin = self.first.count_cells();
        if totals.sum(begin) != Figure::Known(0) {
            return Err(refused(self.out_of_range()));
        }
        let known =
            |at: usize| totals.sum(at).known().filter(|sum| sum.unsigned_abs() <= MOST.unsigned_abs());
        let numbers: Option<Vec<Twofold>> =
            (begin + 1..=begin + self.first_length()).map(|at| known(at).map(weighted::number)).collect();
        let mut numbers = numbers.ok_or_else(nonsense)?.into_iter();
        let first = self.first(&mut numbers).ok_or_else(nonsense)?;
        if first.values[0] <= Twofold::ZERO {
            return Err(nonsense());
        }
        let (public, centre, scale) = self.public();
        let used = self.census.columns(&self.design, totals);
        let count = self.design.columns.len();
        let (means, deviations) = first.spread(count + 1, self.design.intercept);
        if means[count - 1].is_nan() || first.varies(count, self.design.intercept) <= CONSTANT * rows as f64 {
            return Err(refused(format!(
                "the outcome `{}` has the same value in every row",
                self.design.outcome
            )));
        }
        let constant = usize::from(self.design.intercept);
        let fixed = used.iter().filter(|column| !self.added || Some(**column) != self.slope);
        let all: Vec<usize> = (1 - constant..1).chain(fixed.map(|column| column + 1)).collect();
        let kept = self.kept(&public, &first, &all);
        if kept.is_empty() {
            return Err(refused("the model has no term".to_owned()));
        }
        if rows <= kept.len() as u64 {
            return Err(refused(format!(
                "{rows} rows leave no degrees of freedom for {} parameters",
                kept.len()
            )));
        }
        let visits = self.occupied_visits(totals);
        if self.visits.is_some() && (visits.len() < 2 || patients <= visits.len() as u64) {
            return Err(refused(format!(
                "{patients} patients with {} visits are too few for the covariance of every two visits",
                visits.len()
            )));
        }
        let (coordinates, at) = self.place(rows, &first, &kept, &visits, &used, &means, &deviations)?;
        let standard = public.narrowed(&used, &means[..count - 1], &deviations[..count - 1]);
        let place = |column: &usize| match column.checked_sub(1) {
            None => 0,
            Some(column) => used.iter().position(|own| *own == column).map_or(0, |at| at + 1),
        };
        let state = State {
            round: 1,
            rows,
            patients,
            lost: totals.count(self.census.lost).known(),
            standard,
            kept: kept.iter().map(place).collect(),
            centre: centre + scale * means[count - 1],
            scale: scale * deviations[count - 1],
            occupied: means::occupied(self, totals),
            visits,
            coordinates,
            at,
            best: None,
        };
        match self.length_of_round(&state) {
            long if long > crate::vector::LONGEST => Err(refused(format!(
                "a round would send {long} numbers; at most {} are allowed, so fewer terms or visits",
                crate::vector::LONGEST
            ))),
            _ => Ok(state),
        }
    }

    fn occupied_visits(&self, totals: &Totals) -> Vec<usize> {
        let Some((levels, cells)) = self.visits.as_ref().zip(self.visit_cells.as_ref()) else {
            return Vec::new();
        };
        (0..levels.len()).filter(|level| totals.count(cells.at(*level, 0)) != Figure::Known(0)).collect()
    }

    /// The columns that earlier ones do not give, of positions where 0 is the intercept.
    fn kept(&self, public: &Standard, first: &First, places: &[usize]) -> Vec<usize> {
        let least = |place: &usize| {
            let own = first.values[pair(*place, *place)];
            let square = match place.checked_sub(1) {
                None => own,
                Some(at) => {
                    let shift = public.shift(at, &self.design);
                    let ones = first.values[0];
                    let moved = own + (shift + shift) * first.values[pair(0, *place)] + shift * shift * ones;
                    if moved > own { moved } else { own }
                }
            };
            square.max_zero() * Twofold::from(COLLINEAR)
        };
        let least: Vec<Twofold> = places.iter().map(least).collect();
        Cholesky::new(&first.gram(places), &least).kept.into_iter().map(|at| places[at]).collect()
    }

    /// Where the variance ratios start.
    #[allow(clippy::too_many_arguments)]
    fn place(
        &self,
        rows: u64,
        first: &First,
        kept: &[usize],
        visits: &[usize],
        used: &[usize],
        means: &[f64],
        deviations: &[f64],
    ) -> Result<(Coordinates, Vec<f64>), Box<Outcome>> {
        let refused = |reason: &str| Box::new(Outcome::refused(reason));
        let shape = self.asked.shape();
        let patient = self.first_ratios().parameters();
        let parameters = patient + usize::from(self.sites.is_some());
        // Entries of visits that nobody has take no part.
        let size = self.first_ratios().matrix.len();
        let entries = (0..size).flat_map(|one| (0..=one).map(move |two| (one, two)));
        let takes_part = |(one, two): (usize, usize)| {
            shape != Shape::Visits || (visits.contains(&one) && visits.contains(&two))
        };
        let mut own: Vec<usize> =
            entries.clone().enumerate().filter(|(_, entry)| takes_part(*entry)).map(|(at, _)| at).collect();
        own.extend(patient..parameters);
        let sizes_of = |at: usize| -first.log.1[pair(at, at)] / first.log.0[at];
        if shape == Shape::Visits
            && own.iter().take_while(|at| **at < patient).any(|at| first.log.1[pair(*at, *at)] >= 0.0)
        {
            return Err(refused(
                "two of the visits have no patient in common, so that their covariance cannot be estimated",
            ));
        }
        let solved = first.solve(kept).ok_or_else(|| {
            refused("the model fits the outcome exactly, which leaves no errors to estimate")
        })?;
        let vector = first.residual_of(kept, &solved.0, self.design.columns.len());
        // M = Σ tr(V_k V_l) θ_l, with a residual variance of its own where visits do not have it.
        let own_residual = usize::from(shape != Shape::Visits);
        let mut system = vec![vec![0.0; own.len() + own_residual]; own.len() + own_residual];
        let mut right = vec![0.0; own.len() + own_residual];
        for (at, one) in own.iter().enumerate() {
            right[at] = -first.form(&first.slopes[*one], &vector);
            for (next, two) in own.iter().enumerate() {
                system[at][next] = -first.log.1[pair(*one, *two)];
            }
            if own_residual == 1 {
                system[at][own.len()] = first.log.0[*one];
                system[own.len()][at] = first.log.0[*one];
            }
        }
        if own_residual == 1 {
            system[own.len()][own.len()] = rows as f64;
            right[own.len()] = solved.1;
        }
        let indistinct = || {
            refused(
                "the variances cannot be told from one another: every patient, or every site, has one row, or there is one of them",
            )
        };
        // One patient, or one site, has the squared number of all rows.
        let alone = |at: usize| -first.log.1[pair(at, at)] > 0.999_999 * (rows as f64) * (rows as f64);
        let levels = (own_residual == 1 && patient > 0).then_some(0).into_iter().chain(patient..parameters);
        if levels.into_iter().any(alone) {
            return Err(indistinct());
        }
        let (inverse, _) = inverted(balanced(&system).ok_or_else(indistinct)?).ok_or_else(indistinct)?;
        let scales: Vec<f64> = (0..system.len()).map(|at| system[at][at].sqrt()).collect();
        if inverse.iter().flatten().any(|entry| entry.is_nan() || entry.abs() >= 1e10) {
            return Err(indistinct());
        }
        let estimate = |at: usize| {
            (0..right.len()).fold(0.0, |sum, other| sum + inverse[at][other] * right[other] / scales[other])
                / scales[at]
        };
        let unit =
            if own_residual == 1 { estimate(own.len()).max(solved.1 / rows as f64 * 0.01) } else { 1.0 };
        let matrix = |own_entry: usize| {
            own.iter().position(|at| *at == own_entry).map_or(0.0, |at| estimate(at) / unit)
        };
        let chosen: Vec<usize> = if shape == Shape::Visits { visits.to_vec() } else { (0..size).collect() };
        let mut start: Vec<Vec<f64>> =
            chosen.iter().map(|one| chosen.iter().map(|two| matrix(pair(*one, *two))).collect()).collect();
        let mut sizes: Vec<f64> = chosen.iter().map(|at| sizes_of(pair(*at, *at))).collect();
        if let Some(slope) = self.slope.filter(|slope| used.contains(slope)) {
            // Coordinates in which the slope's number has mean 0 and a standard deviation of 1.
            let (mean, deviation) = (means[slope], deviations[slope]);
            let (intercept, crossed, own) = (start[0][0], start[0][1], start[1][1]);
            let moved = (crossed + mean * own) * deviation;
            start = vec![
                vec![intercept + 2.0 * mean * crossed + mean * mean * own, moved],
                vec![moved, own * deviation * deviation],
            ];
            // As many rows of a patient as there are on average, for a number of mean square 1.
            sizes[1] = sizes[0];
        }
        if shape == Shape::Visits {
            sizes = vec![1.0; visits.len()];
        }
        if sizes.iter().any(|size| !(size.is_finite() && *size > 0.0)) {
            return Err(indistinct());
        }
        let largest = start.iter().enumerate().map(|(at, row)| row[at]).fold(0.0, f64::max);
        let site = self.sites.is_some().then(|| {
            let of = estimate(own.len() - 1) / unit;
            if shape == Shape::Visits { of / start[0][0].max(1e-6 * largest) } else { of }
        });
        let coordinates = Coordinates { sizes, site: self.sites.is_some().then(|| sizes_of(parameters - 1)) };
        if coordinates.site.is_some_and(|size| !(size.is_finite() && size > 0.0)) {
            return Err(indistinct());
        }
        let at = coordinates.of(shape, &start, site.map(|site| if site.is_finite() { site } else { 0.0 }));
        let at: Vec<f64> =
            at.into_iter().map(|x| if x.is_finite() { State::bounded(x) } else { 0.0 }).collect();
        Ok((coordinates, at))
    }
}

/// A symmetric matrix with ones on its diagonal; none where something on it is not above 0.
fn balanced(matrix: &[Vec<f64>]) -> Option<Vec<Vec<f64>>> {
    let diagonal: Vec<f64> = (0..matrix.len()).map(|at| matrix[at][at]).collect();
    if diagonal.iter().any(|entry| !(entry.is_finite() && *entry > 0.0)) {
        return None;
    }
    let entry = |one: usize, two: usize| matrix[one][two] / (diagonal[one].sqrt() * diagonal[two].sqrt());
    Some((0..matrix.len()).map(|one| (0..matrix.len()).map(|two| entry(one, two)).collect()).collect())
}

impl First {
    fn gram(&self, places: &[usize]) -> Vec<Vec<Twofold>> {
        places.iter().map(|one| places.iter().map(|two| self.values[pair(*one, *two)]).collect()).collect()
    }

    /// What is left of the outcome's square by its mean.
    fn varies(&self, columns: usize, intercept: bool) -> f64 {
        let (ones, sum) = (self.values[0], self.values[pair(0, columns)]);
        let rest =
            self.values[pair(columns, columns)] - if intercept { sum * sum / ones } else { Twofold::ZERO };
        rest.rounded()
    }

    /// The mean and the standard deviation of each column after the ones, the outcome among them; without an intercept,
    /// 0 and its size.
    fn spread(&self, width: usize, intercept: bool) -> (Vec<f64>, Vec<f64>) {
        let ones = self.values[0];
        let spread = |column: usize| {
            let mean = if intercept { self.values[pair(0, column)] / ones } else { Twofold::ZERO };
            let square = self.values[pair(column, column)] / ones - mean * mean;
            let deviation = square.max_zero().rounded().sqrt();
            (mean.rounded(), if deviation > 1e-12 { deviation } else { 1.0 })
        };
        (1..width).map(spread).unzip()
    }

    /// The estimates of least squares and the residual sum of squares.
    fn solve(&self, kept: &[usize]) -> Option<(Vec<f64>, f64)> {
        let mut width = 0;
        while triangle(width) < self.values.len() {
            width += 1;
        }
        let places: Vec<usize> = kept.iter().copied().chain([width - 1]).collect();
        let values = (0..places.len()).flat_map(|one| (0..=one).map(move |two| (one, two)));
        let values = values.map(|(one, two)| self.values[pair(places[one], places[two])]).collect();
        let sums = Sums {
            width: places.len(),
            parameters: 0,
            values,
            first: Vec::new(),
            second: Vec::new(),
            log: (0.0, Vec::new(), Vec::new()),
        };
        let solved = sums.solve()?;
        Some((solved.estimates.iter().map(|estimate| estimate.rounded()).collect(), solved.residual))
    }

    /// The weights of 1, the columns and the outcome in a residual.
    fn residual_of(&self, kept: &[usize], estimates: &[f64], columns: usize) -> Vec<f64> {
        let mut vector = vec![0.0; columns + 1];
        for (place, estimate) in kept.iter().zip(estimates) {
            vector[*place] = -estimate;
        }
        vector[columns] = 1.0;
        vector
    }

    fn form(&self, lower: &[f64], vector: &[f64]) -> f64 {
        let mut sum = 0.0;
        for (one, own) in vector.iter().enumerate() {
            for (two, other) in vector.iter().enumerate() {
                sum += own * other * lower[pair(one, two)];
            }
        }
        sum
    }
}

/// How many numbers a later round's sums are.
pub(super) fn later_length(width: usize, parameters: usize) -> usize {
    (triangle(width) + 1) * length(parameters)
}
