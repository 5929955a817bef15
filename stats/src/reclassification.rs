//! `reclassification`: what a second prediction adds to a first: net reclassification and integrated discrimination.
//!
//! `cut_points` divide both predictions into categories, each closed at its lower end; without them only the
//! category-free index is given. Rows without the outcome or one of the predictions are counted as missing.
//!
//! Tidy columns: `measure`, `estimate`, `se`, `lower`, `upper`, `p`.

mod report;

use std::collections::BTreeSet;

use notochord_proto::fields::Fields;
use notochord_proto::layout::{Layout, TablePurpose};
use notochord_proto::name::VariableName;
use notochord_proto::problem::Problem;
use notochord_proto::scope::Scope;

use crate::contribution::{ContributeError, Contribution};
use crate::frame::Frame;
use crate::outcome::Outcome;
use crate::prediction::{self, Binary, Score};
use crate::quantity::Numeric;
use crate::statistic::{OneRound, Statistic, Summed, Unit};
use crate::totals::Totals;
use crate::vector::{Cells, Tables};

/// The specification of a reclassification.
pub struct Reclassification {
    outcome: Binary,
    before: Numeric,
    after: Numeric,
    cut_points: Vec<f64>,
    /// For each outcome, how many predictions rose, stayed and fell.
    changes: Cells,
    /// For each outcome, the categories before by those after; none without cut points.
    categories: Option<[Cells; 2]>,
    missing: usize,
    /// For each outcome: before, after, their squares, their product.
    sums: [[usize; 5]; 2],
    layout: Layout,
}

/// The most cut points.
const MOST_CUT_POINTS: usize = 20;

/// Reads the section of a study.
pub(crate) fn parse(fields: &mut Fields<'_>, scope: &Scope) -> Result<Box<dyn Statistic>, Problem> {
    let outcome = Binary::parse(fields, "outcome", scope)?;
    let (before, after): (Score, Score) = (fields.required("before")?, fields.required("after")?);
    let cut_points: Vec<f64> = fields.optional("cut_points")?.unwrap_or_default();
    let (before, _) = prediction::probability(fields, "before", &before, scope)?;
    let (after, _) = prediction::probability(fields, "after", &after, scope)?;
    if before.name == after.name {
        return Err(fields.problem("after", "`before` and `after` are the same variable"));
    }
    let in_order = cut_points.is_sorted_by(|one, next| one < next);
    if !in_order
        || cut_points.iter().any(|cut| !(0.0 < *cut && *cut < 1.0))
        || cut_points.len() > MOST_CUT_POINTS
    {
        let message = format!(
            "`cut_points` are at most {MOST_CUT_POINTS} numbers between 0 and 1, each above the one before"
        );
        return Err(fields.problem("cut_points", message));
    }
    let mut tables = Tables::default();
    let by = outcome.0.codes();
    let name = format!("{} to {}", before.name, after.name);
    let directions = ["higher", "same", "lower"].map(str::to_owned).to_vec();
    let changes = tables.table(
        TablePurpose::Frequency,
        format!("{name} by {}", outcome.0.name),
        by.clone(),
        directions,
    );
    let categories = (!cut_points.is_empty()).then(|| {
        let starts: Vec<String> = std::iter::once(0.0)
            .chain(cut_points.iter().copied())
            .map(|start| format!("from {start}"))
            .collect();
        [0, 1].map(|class: usize| {
            let name = format!("{name}, {} {}", outcome.0.name, by[class]);
            tables.table(TablePurpose::Frequency, name, starts.clone(), starts.clone())
        })
    });
    let missing = tables.count(TablePurpose::Missing, &name, "missing");
    let mut added = tables.sums();
    let (one, two) = (before.quantity.bound(), after.quantity.bound());
    let terms = [
        ("before", one),
        ("after", two),
        ("before squared", one * one),
        ("after squared", two * two),
        ("before × after", one * two),
    ];
    let sums = [0, 1].map(|class: usize| {
        let over: Vec<usize> = (0..3).map(|direction| changes.at(class, direction)).collect();
        terms.map(|(term, bound)| {
            added.sum(format!("{term}: {} {}", outcome.0.name, by[class]), over.clone(), bound)
        })
    });
    let layout = added.finish();
    Ok(Box::new(Reclassification {
        outcome,
        before,
        after,
        cut_points,
        changes,
        categories,
        missing,
        sums,
        layout,
    }))
}

impl OneRound for Reclassification {
    fn unit(&self) -> Unit {
        Unit::Row
    }

    fn variables(&self) -> BTreeSet<VariableName> {
        [&self.outcome.0.name, &self.before.name, &self.after.name].into_iter().cloned().collect()
    }

    fn summed(&self) -> Vec<Summed> {
        [&self.before.name, &self.after.name].map(|name| Summed::Variable(name.clone())).to_vec()
    }

    fn layout(&self) -> Layout {
        self.layout.clone()
    }

    fn contribute(&self, frame: &Frame) -> Result<Contribution, ContributeError> {
        let mut contribution = Contribution::zero(self.layout.len());
        let outcomes = self.outcome.read(frame)?;
        let (before, after) = (self.before.read(frame)?, self.after.read(frame)?);
        for row in 0..frame.rows() {
            let (Some(class), Some((one, q)), Some((two, r))) =
                (outcomes.at(row)?, before.at(row)?, after.at(row)?)
            else {
                contribution.tally(self.missing, 1);
                continue;
            };
            let (one, two, q, r) = (one.to_number(), two.to_number(), i128::from(q), i128::from(r));
            let direction = if two > one { 0 } else { 1 + usize::from(two < one) };
            contribution.tally(self.changes.at(class, direction), 1);
            if let Some(cells) = &self.categories {
                let category = |risk: f64| self.cut_points.iter().filter(|cut| risk >= **cut).count();
                contribution.tally(cells[class].at(category(one), category(two)), 1);
            }
            for (place, term) in self.sums[class].iter().zip([q, r, q * q, r * r, q * r]) {
                contribution.tally(*place, term);
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
