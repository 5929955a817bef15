//! Pearson's correlation, in one round.

use std::collections::BTreeSet;

use notochord_proto::layout::Layout;
use notochord_proto::name::VariableName;

use super::coefficient::Spread;
use super::numbers::Numbers;
use super::report::{Answer, Products, Unit as Scale};
use crate::contribution::{ContributeError, Contribution};
use crate::figure::Figure;
use crate::frame::Frame;
use crate::outcome::Outcome;
use crate::statistic::{OneRound, Summed, Unit};
use crate::totals::Totals;
use crate::vector::Tables;

/// The specification of Pearson's correlations.
pub(super) struct Pearson {
    numbers: Numbers,
    /// Where the sum of each number stands.
    sums: Vec<usize>,
    /// Where the sum of the products of two stands: `products[i][j]` with `j <= i`.
    products: Vec<Vec<usize>>,
    layout: Layout,
}

impl Pearson {
    pub(super) fn new(numbers: Numbers, tables: Tables) -> Self {
        let mut added = tables.sums();
        let all = numbers.numerics.iter().enumerate();
        let sums = all.map(|(at, numeric)| {
            added.sum(numeric.name.as_str(), vec![numbers.over(at, at)], numeric.quantity.bound())
        });
        let sums = sums.collect();
        let mut products = Vec::new();
        for (one, numeric) in numbers.numerics.iter().enumerate() {
            let product = |two: usize| {
                let other = &numbers.numerics[two];
                let bound = numeric.quantity.bound() * other.quantity.bound();
                added.sum(format!("{} × {}", numeric.name, other.name), vec![numbers.over(one, two)], bound)
            };
            products.push((0..=one).map(product).collect());
        }
        let layout = added.finish_model(numbers.design());
        Self { numbers, sums, products, layout }
    }

    /// The sums over the complete rows.
    fn sums(&self, totals: &Totals) -> Option<Products> {
        let sum = |at: &usize| totals.sum(*at).known();
        Some(Products {
            sums: self.sums.iter().map(sum).collect::<Option<_>>()?,
            products: self
                .products
                .iter()
                .map(|row| row.iter().map(sum).collect::<Option<Vec<_>>>())
                .collect::<Option<_>>()?,
        })
    }
}

impl OneRound for Pearson {
    fn unit(&self) -> Unit {
        Unit::Row
    }

    fn variables(&self) -> BTreeSet<VariableName> {
        self.numbers.variables()
    }

    fn summed(&self) -> Vec<Summed> {
        self.numbers.summed()
    }

    fn layout(&self) -> Layout {
        self.layout.clone()
    }

    fn contribute(&self, frame: &Frame) -> Result<Contribution, ContributeError> {
        let mut contribution = Contribution::zero(self.layout.len());
        self.numbers.tally(frame, &mut contribution, |contribution, values| {
            for (one, (_, integer)) in values.iter().enumerate() {
                let integer = i128::from(*integer);
                contribution.tally(self.sums[one], integer);
                for (product, (_, other)) in self.products[one].iter().zip(values) {
                    contribution.tally(*product, integer * i128::from(*other));
                }
            }
        })?;
        Ok(contribution)
    }

    fn advance(&self, totals: &Totals) -> Outcome {
        let lost = totals.count(self.numbers.lost);
        if totals.withheld() > usize::from(lost == Figure::Withheld) {
            return Outcome::suppressed("numbers the correlations need were withheld by a disclosure rule");
        }
        let (Figure::Known(n), Some(products)) = (totals.count(self.numbers.used), self.sums(totals)) else {
            return Outcome::refused("the totals are not those of any rows");
        };
        let answer = Answer {
            numbers: &self.numbers,
            method: "pearson",
            spread: Spread::Pearson,
            n,
            lost,
            units: self.numbers.numerics.iter().map(|numeric| Scale::Of(numeric.quantity)).collect(),
            grids: None,
        };
        answer.outcome(totals, &products)
    }
}
