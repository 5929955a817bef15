//! The terms that a model of a design may report.

use notochord_proto::scope::SITE;

use super::{Coding, Design, Part};
use crate::terms::{INTERCEPT, Terms};

impl Design {
    /// The terms that a model of this design may report. `site` has no reference level among them: it is one level at
    /// each site.
    pub(crate) fn reported(&self) -> Terms {
        let intercept = self.intercept.then(|| INTERCEPT.to_owned());
        let columns = &self.columns[..self.columns.len().saturating_sub(1)];
        let contrasted = |at: usize| {
            let coded = |part: &Part| matches!(part, Part::Level { factor, coding: Coding::Contrasts, .. } if *factor == at);
            columns.iter().any(|column| column.parts.iter().any(coded))
        };
        let factors = self
            .factors
            .iter()
            .enumerate()
            .filter(|(at, factor)| contrasted(*at) && factor.levels.name.as_str() != SITE);
        let references =
            factors.filter_map(|(_, factor)| Some((factor.levels.clone(), *factor.order.first()?)));
        let names = intercept.into_iter().chain(columns.iter().map(|column| column.name.clone()));
        Terms { names: names.collect(), references: references.collect() }
    }
}
