//! Standard errors that do not trust the model's variance: `bread · meat · bread`.
//!
//! White (Econometrica 48, 1980) for HC0; MacKinnon and White (1985) for HC1 to HC3; Liang and Zeger (Biometrika 73,
//! 1986) for clusters, which are patients, with the factors that R's `sandwich::vcovCL` applies by default. The meat is
//! one more round of sums at the final estimates. Leverages are found at the node from the public bread.

use notochord_proto::fields::{FieldValue, FromField, one_of};

use crate::frame::Frame;
use crate::totals::Totals;
use crate::twofold::Twofold;
use crate::weighted;

/// How the errors of a model are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Errors {
    /// From the model.
    Model,
    /// Squared residuals.
    Hc0,
    /// These times `n / (n - k)`.
    Hc1,
    /// Over `1 - h`.
    Hc2,
    /// Over `(1 - h)²`.
    Hc3,
    /// Sums over each patient's rows, squared.
    Cluster,
}

/// A row of the meat.
pub(crate) struct Scored {
    /// Its columns.
    pub(crate) x: Vec<f64>,
    /// The derivative of its log-likelihood by the linear predictor, or its residual.
    pub(crate) score: f64,
    /// How much of its prediction is its own.
    pub(crate) leverage: f64,
}

/// The numbers that the factors of a sandwich are made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    pub(crate) rows: u64,
    pub(crate) parameters: u64,
    /// Patients, where errors are by cluster.
    pub(crate) clusters: Option<u64>,
}

impl FromField for Errors {
    fn from_field(value: &FieldValue) -> Result<Self, String> {
        let words = [
            ("model", Self::Model),
            ("hc0", Self::Hc0),
            ("hc1", Self::Hc1),
            ("hc2", Self::Hc2),
            ("hc3", Self::Hc3),
            ("cluster", Self::Cluster),
        ];
        one_of(value, &words)
    }
}

impl Errors {
    /// Its name in a study.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Hc0 => "hc0",
            Self::Hc1 => "hc1",
            Self::Hc2 => "hc2",
            Self::Hc3 => "hc3",
            Self::Cluster => "cluster",
        }
    }

    /// Where the sums of the round begin: after the rows used and, for clusters, the patients.
    pub(crate) fn first_sum(self) -> usize {
        1 + usize::from(self == Self::Cluster)
    }

    /// How many patients the rows are of, where it matters; none where it matters and is not known.
    pub(crate) fn clusters(self, totals: &Totals) -> Option<Option<u64>> {
        match self {
            Self::Cluster => totals.count(1).known().map(Some),
            _ => Some(None),
        }
    }

    /// How many sums the meat of so many columns is: the rows out of range, and a triangle.
    pub(crate) fn length(columns: usize) -> usize {
        1 + columns * (columns + 1) / 2
    }

    /// The sums of some rows, and how many patients they are of. None is a row that cannot be scored.
    pub(crate) fn meat(self, rows: &[Option<Scored>], frame: &Frame, columns: usize) -> (u64, Vec<i128>) {
        let mut sums = vec![0; Self::length(columns)];
        let mut add = |x: &[f64], weight: f64| {
            let products = (0..x.len()).flat_map(|at| {
                let weighted = weight * x[at];
                x[..=at].iter().map(move |other| weighted * other)
            });
            let terms: Option<Vec<i128>> = products.map(weighted::quantised).collect();
            match terms {
                Some(terms) => sums[1..].iter_mut().zip(terms).for_each(|(sum, term)| *sum += term),
                None => sums[0] += 1,
            }
        };
        let mut patients = 0;
        for patient in frame.patients() {
            let own: Vec<&Scored> =
                patient.iter().filter_map(|row| rows.get(*row).and_then(Option::as_ref)).collect();
            patients += u64::from(!own.is_empty());
            if self == Self::Cluster {
                // Each row's score is rounded first, so that the order of a patient's rows does not matter.
                let mut scores = vec![Some(0_i128); columns];
                for row in own {
                    for (sum, x) in scores.iter_mut().zip(&row.x) {
                        *sum = sum.zip(weighted::quantised(row.score * x)).map(|(sum, term)| sum + term);
                    }
                }
                let number =
                    |score: &Option<i128>| score.map_or(f64::NAN, |score| weighted::number(score).rounded());
                let scores: Vec<f64> = scores.iter().map(number).collect();
                if scores.iter().any(|score| *score != 0.0) {
                    add(&scores, 1.0);
                }
            } else {
                for row in own {
                    let rest = 1.0 - row.leverage;
                    let square = row.score * row.score;
                    let weight = match self {
                        Self::Hc2 => square / rest,
                        Self::Hc3 => square / (rest * rest),
                        _ => square,
                    };
                    // A row that the model follows exactly has a residual of rounding alone.
                    add(&row.x, if rest > LEAST { weight } else { f64::NAN });
                }
            }
        }
        (patients, sums)
    }

    /// What the meat is multiplied with. `linear` models have the factor of vcovCL's HC1.
    pub(crate) fn factor(self, sample: Sample, is: Model) -> f64 {
        let (n, k) = (sample.rows as f64, sample.parameters as f64);
        match (self, sample.clusters) {
            (Self::Hc1, _) => n / (n - k),
            (Self::Cluster, Some(clusters)) => {
                let clusters = clusters as f64;
                let by_rows = if is == Model::Linear { (n - 1.0) / (n - k) } else { 1.0 };
                clusters / (clusters - 1.0) * by_rows
            }
            _ => 1.0,
        }
    }
}

/// Which model the errors are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Model {
    /// Least squares.
    Linear,
    /// A generalised linear model.
    Generalised,
}

/// What a row's leverage leaves of it at the least.
const LEAST: f64 = 1e-10;

/// How far a row lies from the others: `w xᵀ B x`.
pub(crate) fn leverage(weight: f64, x: &[f64], bread: &[Vec<f64>]) -> f64 {
    let along = |row: &Vec<f64>| row.iter().zip(x).fold(0.0, |sum, (entry, x)| sum + entry * x);
    weight * bread.iter().zip(x).fold(0.0, |sum, (row, x)| sum + along(row) * x)
}

/// `bread · meat · bread`.
pub(crate) fn sandwich(bread: &[Vec<Twofold>], meat: &[Vec<Twofold>]) -> Vec<Vec<Twofold>> {
    let product = |one: &[Vec<Twofold>], two: &[Vec<Twofold>]| -> Vec<Vec<Twofold>> {
        let entry = |row: &Vec<Twofold>, column: usize| {
            row.iter().zip(two).fold(Twofold::ZERO, |sum, (own, other)| sum + *own * other[column])
        };
        one.iter().map(|row| (0..two.len()).map(|column| entry(row, column)).collect()).collect()
    };
    product(&product(bread, meat), bread)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_row_of_leverage_one_has_no_hc3_and_is_counted_as_out_of_range() {
        let frame = Frame::new(1, BTreeMap::new()).ok();
        let row = |leverage| vec![Some(Scored { x: vec![1.0], score: 0.5, leverage })];
        let Some(frame) = frame else { return };
        assert_eq!(Errors::Hc3.meat(&row(1.0), &frame, 1), (1, vec![1, 0]));
        assert_eq!(Errors::Hc3.meat(&row(0.5), &frame, 1), (1, vec![0, 1 << 60]));
    }
}
