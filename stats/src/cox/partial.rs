//! The partial likelihood at one event time, by Breslow (Biometrics 30, 1974) or Efron (JASA 72, 1977).
//!
//! Deaths at one time are given one denominator by Breslow; by Efron the `k`-th of `d` has the one from which `k/d` of
//! the tied deaths' weight is taken away.

use serde::{Deserialize, Serialize};

/// How tied deaths share their risk set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ties {
    Efron,
    Breslow,
}

/// Weighted sums of the products of some rows' columns: `Σ w`, `Σ w z`, `Σ w z zᵀ` and, for Firth's penalty, `Σ w z z z`;
/// of each triangle the lower part, row by row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Moments {
    pub(super) weight: f64,
    pub(super) first: Vec<f64>,
    pub(super) second: Vec<f64>,
    /// Empty where nobody asks for it.
    pub(super) third: Vec<f64>,
}

/// What one event time adds to the derivatives of the log-likelihood, and to hazards.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Term {
    /// The sum of the logarithms of the denominators.
    #[serde(skip)]
    pub(super) logarithms: f64,
    /// The weighted mean of the columns, added over the deaths.
    pub(super) means: Vec<f64>,
    /// Their weighted covariance, added over the deaths: a lower triangle.
    #[serde(skip)]
    pub(super) information: Vec<f64>,
    /// Their third central moment, likewise.
    #[serde(skip)]
    pub(super) third: Vec<f64>,
    /// The step of the cumulative hazard, and the same times the means.
    pub(super) hazard: f64,
    pub(super) hazard_means: Vec<f64>,
    /// The share of the step that tied deaths are spared, and the same times the means.
    pub(super) spared: f64,
    pub(super) spared_means: Vec<f64>,
}

/// How many entries a lower triangle has, and a lower pyramid.
pub(super) fn triangle(columns: usize) -> usize {
    columns * (columns + 1) / 2
}

pub(super) fn pyramid(columns: usize) -> usize {
    columns * (columns + 1) * (columns + 2) / 6
}

/// The position of an entry of a triangle, of positions in any order.
pub(super) fn entry(one: usize, two: usize) -> usize {
    let (low, high) = (one.min(two), one.max(two));
    triangle(high) + low
}

/// What the event time of these risk set and tied deaths adds; none where the risk set has no weight.
pub(super) fn term(ties: Ties, deaths: u64, risk: &Moments, tied: &Moments) -> Option<Term> {
    let count = risk.first.len();
    let mut term = Term {
        logarithms: 0.0,
        means: vec![0.0; count],
        information: vec![0.0; risk.second.len()],
        third: vec![0.0; risk.third.len()],
        hazard: 0.0,
        hazard_means: vec![0.0; count],
        spared: 0.0,
        spared_means: vec![0.0; count],
    };
    let (denominators, each) = match ties {
        Ties::Breslow => (1, deaths as f64),
        Ties::Efron => (deaths, 1.0),
    };
    for at in 0..denominators {
        let share = at as f64 / deaths as f64;
        let weight = risk.weight - share * tied.weight;
        if weight.is_nan() || weight <= 0.0 {
            return None;
        }
        let left = |risk: &[f64], tied: &[f64]| -> Vec<f64> {
            risk.iter().zip(tied).map(|(risk, tied)| (risk - share * tied) / weight).collect()
        };
        let means = left(&risk.first, &tied.first);
        let second = left(&risk.second, &tied.second);
        let third = left(&risk.third, &tied.third);
        term.logarithms += each * libm::log(weight);
        term.hazard += each / weight;
        term.spared += share / weight;
        for (place, mean) in means.iter().enumerate() {
            term.means[place] += each * mean;
            term.hazard_means[place] += each * mean / weight;
            term.spared_means[place] += share * mean / weight;
        }
        let (mut pair, mut triple) = (0, 0);
        for one in 0..count {
            for two in 0..=one {
                term.information[pair] += each * (second[pair] - means[one] * means[two]);
                pair += 1;
                if third.is_empty() {
                    continue;
                }
                for three in 0..=two {
                    let product = means[one] * means[two] * means[three];
                    let central = third[triple]
                        - second[entry(one, two)] * means[three]
                        - second[entry(one, three)] * means[two]
                        - second[entry(two, three)] * means[one]
                        + 2.0 * product;
                    term.third[triple] += each * central;
                    triple += 1;
                }
            }
        }
    }
    Some(term)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn efron_spares_tied_deaths_a_share_of_their_weight_and_breslow_does_not() {
        let moments = |weight: f64, first: f64, second: f64| Moments {
            weight,
            first: vec![first],
            second: vec![second],
            third: Vec::new(),
        };
        // Four at risk with z = 0, 0, 1, 1, of whom one of each dies.
        let (risk, tied) = (moments(4.0, 2.0, 2.0), moments(2.0, 1.0, 1.0));
        let breslow = term(Ties::Breslow, 2, &risk, &tied).unwrap();
        let efron = term(Ties::Efron, 2, &risk, &tied).unwrap();
        assert_eq!(breslow.logarithms, 2.0 * libm::log(4.0));
        assert_eq!(efron.logarithms, libm::log(4.0) + libm::log(3.0));
        assert_eq!((breslow.hazard, efron.hazard), (0.5, 1.0 / 4.0 + 1.0 / 3.0));
        assert_eq!((breslow.means[0], efron.means[0]), (1.0, 1.0));
        assert_eq!(efron.information, [0.5]);
        assert_eq!(term(Ties::Efron, 1, &moments(0.0, 0.0, 0.0), &tied), None);
    }

    #[test]
    fn entries_of_a_triangle_stand_row_by_row() {
        assert_eq!([entry(0, 0), entry(1, 0), entry(1, 1), entry(0, 2)], [0, 1, 2, 3]);
        assert_eq!((triangle(3), pyramid(3)), (6, 10));
    }
}
