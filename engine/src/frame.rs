//! Frames: the rows and columns that each analysis of a study reads.
//!
//! The cohort is narrowed once, the study's derived variables are computed on it, and every analysis gets the
//! rows its own `where` leaves, with the variables its statistic names and no others. A row whose condition
//! is missing is out. A derived value outside its declared bounds or levels is missing: to refuse it would
//! tell whoever wrote the study that some patient has it.

mod derived;

use std::collections::{BTreeMap, BTreeSet};

use arrow_array::Int32Array;
use notochord_proto::expression::{Expression, ExpressionError};
use notochord_proto::name::{AnalysisId, VariableName};
use notochord_proto::problem::Problem;
use notochord_proto::scope::{SITE, Scope};
use notochord_proto::study::{Derived, Study};
use notochord_proto::variable::VariableKind;
use notochord_stats::frame::{Column, Frame};
use notochord_stats::plan::Plan;

use crate::cohort::Cohort;
pub use crate::evaluate::EvaluateError;
use crate::evaluate::truth;
use crate::rows::RowColumn;
use crate::snapshot::Snapshot;

/// Why a study cannot be asked of a snapshot. Nothing of the rows is told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// A derived variable does not fit the variables before it.
    #[error(transparent)]
    Derived(#[from] Problem),
    /// An expression cannot be evaluated.
    #[error("{place}: {source}")]
    Evaluate {
        /// Whose expression.
        place: String,
        /// Why.
        source: EvaluateError,
    },
    /// A condition does not fit the variables.
    #[error("{place}: {source}")]
    Expression {
        /// Whose expression.
        place: String,
        /// Why.
        source: ExpressionError,
    },
    /// The snapshot was imported against a dictionary that says something else about the variable.
    #[error("`{variable}` was imported under another dictionary; import the data again")]
    OtherDictionary {
        /// The variable.
        variable: VariableName,
    },
    /// The site is not on the roster.
    #[error("`{site}` is not a level of `site`; the roster names other sites")]
    UnknownSite {
        /// The site's label.
        site: String,
    },
    /// A name that nothing defines.
    #[error("`{variable}` is neither in the dictionary nor derived by the study")]
    UnknownVariable {
        /// The variable.
        variable: VariableName,
    },
}

/// The frame of every analysis of the plan, over the patients of one snapshot.
pub fn frames(
    snapshot: &Snapshot,
    study: &Study,
    plan: &Plan,
    scope: &Scope,
    site_label: &str,
) -> Result<BTreeMap<AnalysisId, Frame>, FrameError> {
    let question = Question { snapshot, study, plan, scope, site_label };
    let everybody = question.everybody()?;
    let cohort = question.cohort(everybody)?;
    plan.analyses
        .iter()
        .map(|analysis| {
            let place = format!("analysis `{}`", analysis.id);
            let condition = analysis.condition.as_ref().unwrap_or(&Expression::Truth(true));
            let rows = question.narrowed(&cohort, condition, &analysis.statistic.variables(), &place)?;
            let count = rows.rows();
            let frame = Frame::new(count, rows.into_columns())
                .map_err(|_| FrameError::Evaluate { place, source: EvaluateError::Kernel })?;
            Ok((analysis.id.clone(), frame))
        })
        .collect()
}

/// One study asked of one snapshot.
struct Question<'a> {
    snapshot: &'a Snapshot,
    study: &'a Study,
    plan: &'a Plan,
    scope: &'a Scope,
    site_label: &'a str,
}

impl Question<'_> {
    /// Every patient, with the variables that the study reads and that are not derived.
    fn everybody(&self) -> Result<Cohort, FrameError> {
        let mut cohort = Cohort::new(self.snapshot.rows().len());
        let mut names = self.read_after_the_cohort();
        names.extend(self.study.cohort.condition.variables());
        for name in names {
            if name.as_str() == SITE {
                cohort.insert(self.site()?);
            } else if !self.study.derived.iter().any(|derived| derived.name == name) {
                cohort.insert(self.stored(name)?);
            }
        }
        Ok(cohort)
    }

    /// The patients of the cohort, with the derived variables.
    fn cohort(&self, mut everybody: Cohort) -> Result<Cohort, FrameError> {
        let condition = &self.study.cohort.condition;
        // A derived variable reads only those before it: one pass backwards finds all that the condition
        // needs.
        let mut needed = condition.variables();
        for derived in self.study.derived.iter().rev() {
            if needed.contains(&derived.name) {
                needed.extend(derived.value.variables());
            }
        }
        for derived in self.study.derived.iter().filter(|derived| needed.contains(&derived.name)) {
            everybody.insert(self.derived(derived, &everybody)?);
        }
        let mut cohort = self.narrowed(&everybody, condition, &self.read_after_the_cohort(), "the cohort")?;
        for derived in &self.study.derived {
            if cohort.column(&derived.name).is_none() {
                cohort.insert(self.derived(derived, &cohort)?);
            }
        }
        Ok(cohort)
    }

    /// The variables that the analyses and the derived variables read.
    fn read_after_the_cohort(&self) -> BTreeSet<VariableName> {
        let analyses = self.plan.analyses.iter().flat_map(|analysis| {
            let condition = analysis.condition.as_ref().map(Expression::variables).unwrap_or_default();
            condition.into_iter().chain(analysis.statistic.variables())
        });
        analyses.chain(self.study.derived.iter().flat_map(|derived| derived.value.variables())).collect()
    }

    fn narrowed(
        &self,
        cohort: &Cohort,
        condition: &Expression,
        names: &BTreeSet<VariableName>,
        place: &str,
    ) -> Result<Cohort, FrameError> {
        let condition = condition.resolve_condition(self.scope);
        let condition = condition.map_err(|source| FrameError::Expression { place: place.into(), source })?;
        truth(&condition, cohort)
            .and_then(|condition| Ok(cohort.narrowed(&condition, names)?))
            .map_err(|source| FrameError::Evaluate { place: place.into(), source })
    }

    /// The centre's own name, the same for every patient.
    fn site(&self) -> Result<RowColumn, FrameError> {
        let unknown = || FrameError::UnknownSite { site: self.site_label.into() };
        let variable = self.scope.variable(SITE).ok_or_else(unknown)?;
        let levels = variable.kind.levels().unwrap_or_default();
        let position = levels.iter().position(|level| level == self.site_label).ok_or_else(unknown)?;
        let values = Int32Array::from_value(position as i32, self.snapshot.rows().len());
        Ok(RowColumn { variable: variable.clone(), values: Column::Factor(values) })
    }

    /// A variable of the dictionary, as the snapshot holds it.
    fn stored(&self, name: VariableName) -> Result<RowColumn, FrameError> {
        let Some(known) = self.scope.variable(name.as_str()) else {
            return Err(FrameError::UnknownVariable { variable: name });
        };
        match self.snapshot.rows().column(&name) {
            Some(stored) if same_values(&stored.variable.kind, &known.kind) => Ok(stored.shared()),
            _ => Err(FrameError::OtherDictionary { variable: name }),
        }
    }

    fn derived(&self, derived: &Derived, cohort: &Cohort) -> Result<RowColumn, FrameError> {
        let Some(variable) = self.scope.variable(derived.name.as_str()) else {
            return Err(FrameError::UnknownVariable { variable: derived.name.clone() });
        };
        let value = derived.resolve(self.scope)?;
        let values = derived::values(&value, &variable.kind, cohort).map_err(|source| {
            FrameError::Evaluate { place: format!("derived variable `{}`", derived.name), source }
        })?;
        Ok(RowColumn { variable: variable.clone(), values })
    }
}

/// Whether two dictionaries mean the same by a value. Labels are for reports.
fn same_values(stored: &VariableKind, known: &VariableKind) -> bool {
    match (stored, known) {
        (VariableKind::Factor { levels: stored }, VariableKind::Factor { levels: known }) => {
            stored.iter().map(|level| &level.code).eq(known.iter().map(|level| &level.code))
        }
        (stored, known) => stored == known,
    }
}

#[cfg(test)]
mod tests;
