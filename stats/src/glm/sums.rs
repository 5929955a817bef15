//! What the sums of one fit are: each row's part, their names, and what they add up to.

use crate::glm::family::{Family, Row};
use crate::glm::overdispersed;
use crate::twofold::Twofold;
use crate::weighted::symmetric;

/// Which sums a fit needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) family: Family,
    /// Columns, the intercept included.
    pub(super) columns: usize,
    pub(super) extra: Extra,
}

/// What a fit needs beyond the first two derivatives by the coefficients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extra {
    /// Nothing.
    None,
    /// The derivatives by the logarithm of theta.
    Theta,
    /// The third derivatives, for Firth's penalty.
    Third,
}

/// What the rows of a fit add up to.
#[derive(Debug, Clone)]
pub(super) struct Sums {
    pub(super) deviance: Twofold,
    pub(super) loglik: Twofold,
    pub(super) pearson: Twofold,
    /// The squared distances of the outcome from its mean.
    pub(super) squares: Twofold,
    pub(super) score: Vec<Twofold>,
    pub(super) expected: Vec<Vec<Twofold>>,
    /// The same as `expected` where the link is canonical.
    pub(super) observed: Vec<Vec<Twofold>>,
    /// `third[i][j][k]` with `k <= j <= i`; empty unless wanted.
    pub(super) third: Vec<Vec<Vec<Twofold>>>,
}

/// The single sums of every fit.
const SINGLE: [&str; 4] = ["deviance", "log-likelihood", "Pearson's chi-squared", "squared error"];

impl Wanted {
    /// How many sums.
    pub(super) fn len(&self) -> usize {
        let k = self.columns;
        let square = k * (k + 1) / 2;
        let observed = if self.family.is_canonical() { 0 } else { square };
        let extra = match self.extra {
            Extra::None => 0,
            Extra::Theta => k + 2,
            Extra::Third => square * (k + 2) / 3,
        };
        SINGLE.len() + k + square + observed + extra
    }

    /// What each is, in words; `labels` name the columns.
    pub(super) fn names(&self, labels: &[String]) -> Vec<String> {
        let mut names: Vec<String> = SINGLE.map(str::to_owned).to_vec();
        names.extend(labels.iter().map(|label| format!("score of {label}")));
        let pairs = |what: &str| {
            let pair = move |(at, one): (usize, &String)| {
                labels[..=at].iter().map(|two| format!("{what} of {one} and {two}")).collect::<Vec<_>>()
            };
            labels.iter().enumerate().flat_map(pair).collect::<Vec<_>>()
        };
        names.extend(pairs("information"));
        if !self.family.is_canonical() {
            names.extend(pairs("observed information"));
        }
        match self.extra {
            Extra::None => {}
            Extra::Theta => {
                names.push("score of theta".to_owned());
                names.extend(labels.iter().map(|label| format!("observed information of theta and {label}")));
                names.push("observed information of theta".to_owned());
            }
            Extra::Third => {
                for (at, one) in labels.iter().enumerate() {
                    for (next, two) in labels[..=at].iter().enumerate() {
                        let triples = labels[..=next].iter();
                        names.extend(
                            triples.map(|three| format!("third derivative of {one}, {two} and {three}")),
                        );
                    }
                }
            }
        }
        names
    }

    /// What a row adds, in the same order. `tau` is the logarithm of theta.
    pub(super) fn of_row(&self, x: &[f64], y: f64, eta: f64, tau: f64) -> Vec<f64> {
        let (row, shape) = match self.family {
            Family::NegativeBinomial => {
                let (row, shape) = overdispersed::at(y, eta, tau);
                (row, Some(shape))
            }
            family => (family.at(y, eta), None),
        };
        let Row { mean, score, observed, expected, deviance, loglik, pearson } = row;
        let mut terms = Vec::with_capacity(self.len());
        terms.extend([deviance, loglik, pearson, (y - mean) * (y - mean)]);
        terms.extend(x.iter().map(|one| score * one));
        push_products(&mut terms, expected, x);
        if !self.family.is_canonical() {
            push_products(&mut terms, observed, x);
        }
        match (self.extra, shape) {
            (Extra::Theta, Some(shape)) => {
                terms.push(shape.score);
                terms.extend(x.iter().map(|one| shape.cross * one));
                terms.push(shape.observed);
            }
            (Extra::Third, _) => {
                let weight = expected * (1.0 - 2.0 * mean);
                for (at, one) in x.iter().enumerate() {
                    push_products_up_to(&mut terms, weight * one, x, at);
                }
            }
            _ => {}
        }
        terms
    }

    /// Reads the totals; none where there are too few.
    pub(super) fn read(&self, totals: &mut dyn Iterator<Item = Twofold>) -> Option<Sums> {
        let mut single = [Twofold::ZERO; 4];
        for sum in &mut single {
            *sum = totals.next()?;
        }
        let [deviance, loglik, pearson, squares] = single;
        let mut score: Vec<Twofold> = (0..self.columns).map(|_| totals.next()).collect::<Option<_>>()?;
        let expected = symmetric(self.columns, totals)?;
        let mut observed = match self.family.is_canonical() {
            true => expected.clone(),
            false => symmetric(self.columns, totals)?,
        };
        let mut third = Vec::new();
        match self.extra {
            Extra::None => {}
            Extra::Theta => {
                score.push(totals.next()?);
                let cross: Vec<Twofold> = (0..self.columns).map(|_| totals.next()).collect::<Option<_>>()?;
                for (row, cross) in observed.iter_mut().zip(&cross) {
                    row.push(*cross);
                }
                observed.push(cross.into_iter().chain([totals.next()?]).collect());
            }
            Extra::Third => {
                for one in 0..self.columns {
                    let plane = |two: usize| (0..=two).map(|_| totals.next()).collect::<Option<Vec<_>>>();
                    third.push((0..=one).map(plane).collect::<Option<Vec<_>>>()?);
                }
            }
        }
        Some(Sums { deviance, loglik, pearson, squares, score, expected, observed, third })
    }
}

impl Sums {
    /// The third derivative of three columns in any order.
    pub(super) fn third(&self, one: usize, two: usize, three: usize) -> Twofold {
        let mut order = [one, two, three];
        order.sort_unstable();
        self.third[order[2]][order[1]][order[0]]
    }
}

fn push_products(terms: &mut Vec<f64>, weight: f64, x: &[f64]) {
    push_products_up_to(terms, weight, x, x.len().saturating_sub(1));
}

/// `weight · x[i] · x[j]` for `j <= i <= last`.
fn push_products_up_to(terms: &mut Vec<f64>, weight: f64, x: &[f64], last: usize) {
    for (at, one) in x.iter().take(last + 1).enumerate() {
        let weighted = weight * one;
        terms.extend(x[..=at].iter().map(|two| weighted * two));
    }
}
