//! The area under a curve from counts, and the placements behind its error (DeLong, DeLong and Clarke-Pearson,
//! Biometrics 44, 1988).
//!
//! A placement is carried as a whole number: of a row with the event, twice the rows without it that score lower and once
//! those that score the same; of a row without the event, the same of rows with it that score higher.

use serde::{Deserialize, Serialize};

use crate::twofold::Twofold;

/// The cells of a grid that somebody is in, in their order: the cell, the rows in it without the event, and those with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Occupied(Vec<(usize, u64, u64)>);

/// The area under a curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Area {
    pub(super) area: f64,
    /// Its variance; not a number where a class has one row.
    pub(super) variance: f64,
    /// The sums of the placements of each class.
    sums: [i128; 2],
}

/// A threshold of a curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point {
    pub(super) cell: usize,
    /// The rows at or above it, without and with the event.
    pub(super) above: [u64; 2],
}

impl Occupied {
    /// From the counts of all cells, without and with the event.
    pub(super) fn of(cells: &[(u64, u64)]) -> Self {
        let counted = cells.iter().enumerate().filter(|(_, counts)| **counts != (0, 0));
        Self(counted.map(|(cell, (without, with))| (cell, *without, *with)).collect())
    }

    /// Whether these are cells of a grid, in order, that so many rows are in.
    pub(super) fn is_sound(&self, cells: usize, classes: [u64; 2]) -> bool {
        let add = |sum: [u64; 2], (_, without, with): &(usize, u64, u64)| {
            [sum[0].saturating_add(*without), sum[1].saturating_add(*with)]
        };
        self.0.is_sorted_by(|one, next| one.0 < next.0)
            && self.0.last().is_none_or(|(cell, _, _)| *cell < cells)
            && self.0.iter().fold([0, 0], add) == classes
    }

    /// The placement of a row of a class in a cell.
    pub(super) fn placement(&self, class: usize, cell: usize) -> u64 {
        let (mut beaten, mut tied) = (0, 0);
        for (own, without, with) in &self.0 {
            match class {
                0 if *own > cell => beaten += with,
                0 if *own == cell => tied += with,
                1 if *own < cell => beaten += without,
                1 if *own == cell => tied += without,
                _ => {}
            }
        }
        2 * beaten + tied
    }

    /// The placements of each class by occupied cell: the count, and the placement of each row in it.
    fn placements(&self) -> [Vec<(u64, u64)>; 2] {
        let all = self.0.iter().map(|(_, _, with)| with).sum::<u64>();
        let (mut lower, mut up_to) = (0, 0);
        let mut placements = [Vec::new(), Vec::new()];
        for (_, without, with) in &self.0 {
            up_to += with;
            placements[0].push((*without, 2 * (all - up_to) + with));
            placements[1].push((*with, 2 * lower + without));
            lower += without;
        }
        placements
    }

    /// The area; both classes have rows.
    pub(super) fn area(&self, classes: [u64; 2]) -> Area {
        let placements = self.placements();
        let sum = |class: usize| -> i128 {
            placements[class].iter().map(|(count, placed)| i128::from(*count) * i128::from(*placed)).sum()
        };
        let sums = [sum(0), sum(1)];
        let product = |class: usize| -> i128 {
            let square =
                |(count, placed): &(u64, u64)| i128::from(*count) * i128::from(*placed) * i128::from(*placed);
            placements[class].iter().map(square).sum()
        };
        let area =
            Twofold::from(sums[1]) / Twofold::from(2 * i128::from(classes[0]) * i128::from(classes[1]));
        let variance = covariance(classes, [product(0), product(1)], sums, sums);
        Area { area: area.rounded(), variance, sums }
    }

    /// The curve, lowest threshold first.
    pub(super) fn curve(&self, classes: [u64; 2]) -> Vec<Point> {
        let mut above = classes;
        let point = |(cell, without, with): &(usize, u64, u64)| {
            let point = Point { cell: *cell, above };
            above = [above[0] - without, above[1] - with];
            point
        };
        self.0.iter().map(point).collect()
    }
}

impl Area {
    /// The covariance of two areas of the same rows; `products` has the sum of the products of their placements.
    pub(super) fn covariance(&self, other: &Area, classes: [u64; 2], products: [i128; 2]) -> f64 {
        covariance(classes, products, self.sums, other.sums)
    }
}

/// DeLong's covariance: that of the placements of each class over its rows, added up.
fn covariance(classes: [u64; 2], products: [i128; 2], first: [i128; 2], second: [i128; 2]) -> f64 {
    let part = |class: usize| {
        let (own, other) = (Twofold::from(classes[class]), Twofold::from(classes[1 - class]));
        let about = Twofold::from(first[class]) * Twofold::from(second[class]) / own;
        let spread = (Twofold::from(products[class]) - about).rounded();
        spread / (classes[class] as f64 - 1.0) / (own * other * other).rounded() / 4.0
    };
    part(0) + part(1)
}

/// The point of Youden's index (Cancer 3, 1950): the lowest with the greatest sensitivity and specificity together.
pub(super) fn youden(curve: &[Point], classes: [u64; 2]) -> Option<Point> {
    let gain = |point: &Point| {
        i128::from(point.above[1]) * i128::from(classes[0])
            - i128::from(point.above[0]) * i128::from(classes[1])
    };
    let better = |best: Point, next: &Point| if gain(next) > gain(&best) { *next } else { best };
    let (first, rest) = curve.split_first()?;
    Some(rest.iter().fold(*first, better))
}
