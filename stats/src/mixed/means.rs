//! Estimated marginal means and contrasts (Searle, Speed and Milliken, The American Statistician 34, 1980), as R's
//! `emmeans` gives them with `weights = "equal"`: each combination of levels, over the other factors with equal weights
//! and with numbers at their means.

use std::collections::BTreeMap;

use super::Mixed;
use super::state::State;
use crate::design::Design;
use crate::figure::Figure;
use crate::terms::{Reference, Term};
use crate::totals::Totals;

/// One entry of `means`: factors that a mean is given for each combination of.
pub(super) struct Means {
    factors: Vec<usize>,
}

/// One entry of `contrasts`.
pub(super) struct Contrast {
    pub(super) name: String,
    /// Weights of means, or of terms.
    pub(super) weights: BTreeMap<String, f64>,
}

/// The estimates with their covariance, in the columns' own units.
pub(super) struct Estimated<'a> {
    /// Names with the position in the design; none is the intercept's.
    pub(super) names: Vec<(String, Option<usize>)>,
    pub(super) aliased: Vec<usize>,
    pub(super) values: &'a [f64],
    pub(super) covariance: &'a [Vec<f64>],
    pub(super) reference: Reference,
}

/// The most means of one entry.
const MOST_MEANS: usize = 400;

impl Means {
    /// Reads `event:arm`.
    pub(super) fn of(text: &str, design: &Design) -> Result<Self, String> {
        if !design.intercept {
            return Err("means need a model with an intercept".to_owned());
        }
        let factor = |name: &str| {
            let name = name.trim();
            design.factor_named(name).ok_or_else(|| format!("`{name}` is not a factor of the formula"))
        };
        let factors = text.split(':').map(factor).collect::<Result<Vec<usize>, String>>()?;
        let count =
            factors.iter().fold(1_usize, |count, at| count.saturating_mul(design.factors[*at].levels.len()));
        if count > MOST_MEANS {
            return Err(format!("`{text}` has {count} combinations; at most {MOST_MEANS} are reported"));
        }
        for column in 0..design.columns.len() - 1 {
            if design.numbers_of(column).any(|number| design.column_of_number(number).is_none()) {
                let name = &design.columns[column].name;
                return Err(format!(
                    "means take each number at its mean, so that `{name}` needs its number as a term of its own"
                ));
            }
        }
        Ok(Self { factors })
    }

    /// The combinations of these levels; the last factor's change fastest.
    fn cells(&self, levels: &[Vec<usize>]) -> Vec<Vec<usize>> {
        let mut cells = vec![Vec::new()];
        for factor in &self.factors {
            let longer = |cell: &Vec<usize>| {
                levels[*factor]
                    .iter()
                    .map(|level| cell.iter().copied().chain([*level]).collect())
                    .collect::<Vec<_>>()
            };
            cells = cells.iter().flat_map(longer).collect();
        }
        cells
    }

    fn name(&self, cell: &[usize], design: &Design) -> String {
        let codes =
            self.factors.iter().zip(cell).map(|(factor, level)| design.factors[*factor].levels.code(*level));
        codes.collect::<Vec<_>>().join(":")
    }
}

impl Contrast {
    /// What is wrong with the contrasts of a study.
    pub(super) fn problem(contrasts: &[Self], means: &[Means], design: &Design) -> Option<String> {
        let levels: Vec<Vec<usize>> = design.factors.iter().map(|factor| factor.order.clone()).collect();
        let mut known: Vec<String> = design.columns.iter().map(|column| column.name.clone()).collect();
        known.pop();
        known.push("(Intercept)".to_owned());
        let mut of_means: Vec<String> = Vec::new();
        for means in means {
            of_means.extend(means.cells(&levels).iter().map(|cell| means.name(cell, design)));
        }
        for contrast in contrasts {
            for (name, weight) in &contrast.weights {
                let count = of_means.iter().filter(|own| *own == name).count();
                if count > 1 {
                    return Some(format!("`{name}` is the name of several means"));
                }
                if count == 0 && !known.contains(name) {
                    return Some(format!(
                        "`{name}` is neither one of `means`, such as `month3:treated`, nor a term"
                    ));
                }
                if !weight.is_finite() || weight.abs() > 1e6 {
                    return Some(format!("the weight of `{name}` is not a number of at most 1000000"));
                }
            }
        }
        None
    }
}

impl Mixed {
    /// The means and the contrasts of an analysis.
    pub(super) fn means_and_contrasts(
        &self,
        state: &State,
        estimated: &Estimated<'_>,
    ) -> (Vec<Term>, Vec<Term>) {
        let occupied = state.occupied.as_slice();
        let mut weights: Vec<(String, Option<Vec<f64>>)> = Vec::new();
        for means in &self.asked.means {
            for cell in means.cells(occupied) {
                weights.push((
                    means.name(&cell, &self.design),
                    self.weights_of_mean(means, &cell, state, occupied, estimated),
                ));
            }
        }
        let term = |name: &str, weights: Option<&[f64]>| match weights {
            Some(weights) => estimated.combined(name, weights),
            None => Term::aliased(name.to_owned()),
        };
        let means = weights.iter().map(|(name, weights)| term(name, weights.as_deref())).collect();
        let contrast = |contrast: &Contrast| {
            let mut sum = Some(vec![0.0; estimated.values.len()]);
            for (name, weight) in &contrast.weights {
                let own = weights.iter().find(|(own, _)| own == name).map(|(_, weights)| weights.clone());
                let own = own.unwrap_or_else(|| estimated.weights_of_term(name));
                sum = sum
                    .zip(own)
                    .map(|(sum, own)| sum.iter().zip(&own).map(|(sum, own)| sum + weight * own).collect());
            }
            term(&contrast.name, sum.as_deref())
        };
        (means, self.asked.contrasts.iter().map(contrast).collect())
    }

    /// A mean in terms of the estimates; none where a column without an estimate takes part in it.
    fn weights_of_mean(
        &self,
        means: &Means,
        cell: &[usize],
        state: &State,
        occupied: &[Vec<usize>],
        estimated: &Estimated<'_>,
    ) -> Option<Vec<f64>> {
        let level_of = |factor: usize| {
            let name = &self.design.factors[factor].levels.name;
            let own = means.factors.iter().position(|own| self.design.factors[*own].levels.name == *name);
            own.map(|at| cell[at])
        };
        let mean_of = |number: usize| {
            let column = self.design.column_of_number(number);
            let at = column.and_then(|column| state.standard.columns.iter().position(|own| *own == column));
            at.map_or(0.0, |at| {
                (state.standard.shift(at, &self.design) * state.standard.unit(at, &self.design)).rounded()
            })
        };
        let value = |column: usize| self.design.marginal(column, &level_of, occupied, &mean_of);
        if estimated.aliased.iter().any(|column| value(*column) != 0.0) {
            return None;
        }
        Some(estimated.names.iter().map(|(_, column)| column.map_or(1.0, value)).collect())
    }
}

impl Estimated<'_> {
    fn weights_of_term(&self, name: &str) -> Option<Vec<f64>> {
        let at = self.names.iter().position(|(own, _)| own == name)?;
        Some((0..self.names.len()).map(|own| f64::from(u8::from(own == at))).collect())
    }

    fn combined(&self, name: &str, weights: &[f64]) -> Term {
        let estimate = weights.iter().zip(self.values).fold(0.0, |sum, (weight, value)| sum + weight * value);
        let mut variance = 0.0;
        for (one, row) in weights.iter().zip(self.covariance) {
            for (two, entry) in weights.iter().zip(row) {
                variance += one * two * entry;
            }
        }
        let se = variance.max(0.0).sqrt();
        Term::estimated(name.to_owned(), estimate, se, self.reference, self.reference.critical())
    }
}

/// The levels of each factor that somebody has.
pub(super) fn occupied(mixed: &Mixed, totals: &Totals) -> Vec<Vec<usize>> {
    let factors = mixed.design.factors.iter().zip(&mixed.census.levels);
    let levels = factors.map(|(factor, cells)| {
        let somebody = |level: &usize| totals.count(cells.at(*level, 0)) != Figure::Known(0);
        factor.order.iter().copied().filter(somebody).collect()
    });
    levels.collect()
}
