//! Frames: the rows and columns that each analysis of a study reads.
//!
//! A row is a patient or a visit, as the study says. The cohort is narrowed once, the study's derived variables are computed on it, and every analysis gets the
//! rows its own `where` leaves, with the variables its statistic names and no others. A row whose condition
//! is missing is out. A derived value outside its declared bounds or levels is missing: to refuse it would
//! tell whoever wrote the study that some patient has it.

mod contradictions;
mod derived;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow_array::Int32Array;
use arrow_schema::ArrowError;
use notochord_proto::dictionary::Dictionary;
use notochord_proto::expression::{Expression, ExpressionError};
use notochord_proto::name::{AnalysisId, VariableName};
use notochord_proto::problem::Problem;
use notochord_proto::scope::{SITE, Scope};
use notochord_proto::study::{Derived, Study};
use notochord_proto::variable::{Variable, VariableKind};
use notochord_stats::frame::{Column, Frame};
use notochord_stats::plan::Plan;

pub use contradictions::{Contradicted, contradictions};

use crate::cohort::Cohort;
pub use crate::evaluate::EvaluateError;
use crate::evaluate::{Reduced, truth};
use crate::placed::Placed;
use crate::rows::RowColumn;
use crate::table::Table;

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
    /// The snapshot was imported against a dictionary of other events.
    #[error("the data were imported under a dictionary with other events; import them again")]
    OtherEvents,
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

/// The frame of every analysis of the plan, over the patients of one table.
pub fn frames(
    table: &Table,
    dictionary: &Dictionary,
    study: &Study,
    plan: &Plan,
    scope: &Scope,
    site_label: &str,
) -> Result<BTreeMap<AnalysisId, Frame>, FrameError> {
    let placed = Placed::new(table, dictionary, scope.rows()).map_err(|_| FrameError::OtherEvents)?;
    let resolved = Resolved::of(study, plan, scope)?;
    let reduced =
        Reduced::of(resolved.all(), table).map_err(|source| at("the reductions of the study", source))?;
    let question = Question { placed, reduced: Arc::new(reduced), study, plan, scope, site_label, resolved };
    question.check_stored()?;
    let everybody = question.everybody()?;
    let cohort = question.cohort(everybody)?;
    plan.analyses
        .iter()
        .zip(&question.resolved.analyses)
        .map(|(analysis, condition)| {
            let place = format!("analysis `{}`", analysis.id);
            let rows = narrowed(&cohort, condition, &analysis.statistic.variables(), &place)?;
            let frame = rows.into_frame().map_err(|_| at(&place, EvaluateError::Kernel))?;
            Ok((analysis.id.clone(), frame))
        })
        .collect()
}

/// One study asked of one table.
struct Question<'a> {
    placed: Placed<'a>,
    reduced: Arc<Reduced>,
    study: &'a Study,
    plan: &'a Plan,
    scope: &'a Scope,
    site_label: &'a str,
    resolved: Resolved,
}

/// The expressions of a study as they are evaluated.
struct Resolved {
    cohort: Expression,
    /// In the order of the study.
    derived: Vec<Expression>,
    /// In the order of the plan; `TRUE` for an analysis of the whole cohort.
    analyses: Vec<Expression>,
}

impl Resolved {
    fn of(study: &Study, plan: &Plan, scope: &Scope) -> Result<Self, FrameError> {
        let condition = |condition: &Expression, place: String| {
            condition.resolve_condition(scope).map_err(|source| FrameError::Expression { place, source })
        };
        let derived = study.derived.iter().map(|derived| Ok(derived.resolve(scope)?));
        let analyses = plan.analyses.iter().map(|analysis| {
            let own = analysis.condition.as_ref().unwrap_or(&Expression::Truth(true));
            condition(own, format!("analysis `{}`", analysis.id))
        });
        Ok(Self {
            cohort: condition(&study.cohort.condition, "the cohort".to_owned())?,
            derived: derived.collect::<Result<_, FrameError>>()?,
            analyses: analyses.collect::<Result<_, FrameError>>()?,
        })
    }

    fn all(&self) -> impl Iterator<Item = &Expression> {
        std::iter::once(&self.cohort).chain(&self.derived).chain(&self.analyses)
    }
}

impl Question<'_> {
    /// The derived variables and their values as they are evaluated.
    fn derived(&self) -> impl DoubleEndedIterator<Item = (&Derived, &Expression)> {
        self.study.derived.iter().zip(&self.resolved.derived)
    }

    /// Refuses a table that means something else by a variable that the study reads.
    fn check_stored(&self) -> Result<(), FrameError> {
        let mut names: BTreeSet<_> = self.resolved.all().flat_map(Expression::variables).collect();
        names.extend(self.plan.analyses.iter().flat_map(|analysis| analysis.statistic.variables()));
        let is_stored = |name: &VariableName| {
            name.as_str() != SITE
                && !self.placed.tells_visits_apart(name)
                && !self.study.derived.iter().any(|derived| derived.name == *name)
        };
        for variable in names.into_iter().filter(is_stored) {
            let Some(known) = self.scope.variable(variable.as_str()) else {
                return Err(FrameError::UnknownVariable { variable });
            };
            match self.placed.stored(&variable) {
                Some(stored) if same_values(&stored.variable.kind, &known.kind) => {}
                _ => return Err(FrameError::OtherDictionary { variable }),
            }
        }
        Ok(())
    }

    /// Every row, with the variables that the study reads and that are not derived for each row.
    fn everybody(&self) -> Result<Cohort, FrameError> {
        let mut cohort = self.placed.rows(Arc::clone(&self.reduced));
        let of_patients = self.derived_of_patients()?;
        let mut names = self.read_after_the_cohort();
        names.extend(self.resolved.cohort.variables_of_the_row());
        for name in names {
            match self.study.derived.iter().find(|derived| derived.name == name) {
                // A bare name beside it may mean the baseline there and the visit here, so no other is taken over.
                Some(derived) if derived.rows != self.scope.rows() => {
                    if let Some(column) = of_patients.column(&name) {
                        cohort
                            .insert_of_patients(column)
                            .map_err(|_| at("the rows", EvaluateError::Kernel))?;
                    }
                }
                Some(_) => {}
                None if name.as_str() == SITE => cohort.insert(self.site(cohort.rows())?),
                None => cohort.insert(self.stored(name, |known| self.placed.values(known))?),
            }
        }
        Ok(cohort)
    }

    /// Every patient, with what is derived once for each where the rows are visits.
    fn derived_of_patients(&self) -> Result<Cohort, FrameError> {
        let mut patients = self.placed.patients(Arc::clone(&self.reduced));
        let once = |(derived, _): &(&Derived, &Expression)| derived.rows != self.scope.rows();
        for (derived, value) in self.derived().filter(once) {
            for name in value.variables_of_the_row() {
                if name.as_str() == SITE {
                    patients.insert(self.site(patients.rows())?);
                } else if patients.column(&name).is_none() {
                    let of_patients = |known: &Variable| self.placed.values_of_patients(known);
                    patients.insert(self.stored(name, of_patients)?);
                }
            }
            patients.insert(self.computed(derived, value, &patients)?);
        }
        Ok(patients)
    }

    /// The rows of the cohort, with the derived variables.
    fn cohort(&self, mut everybody: Cohort) -> Result<Cohort, FrameError> {
        let condition = &self.resolved.cohort;
        // A derived variable reads only those before it: one pass backwards finds all that the condition
        // needs.
        let mut needed = condition.variables_of_the_row();
        for (derived, value) in self.derived().rev() {
            if needed.contains(&derived.name) {
                needed.extend(value.variables_of_the_row());
            }
        }
        for (derived, value) in self.derived().filter(|(derived, _)| needed.contains(&derived.name)) {
            if everybody.column(&derived.name).is_none() {
                everybody.insert(self.computed(derived, value, &everybody)?);
            }
        }
        let mut cohort = narrowed(&everybody, condition, &self.read_after_the_cohort(), "the cohort")?;
        for (derived, value) in self.derived().filter(|(derived, _)| derived.rows == self.scope.rows()) {
            if cohort.column(&derived.name).is_none() {
                cohort.insert(self.computed(derived, value, &cohort)?);
            }
        }
        Ok(cohort)
    }

    /// The variables that the analyses and the derived variables read.
    fn read_after_the_cohort(&self) -> BTreeSet<VariableName> {
        let expressions = self.resolved.analyses.iter().chain(&self.resolved.derived);
        let statistics = self.plan.analyses.iter().flat_map(|analysis| analysis.statistic.variables());
        expressions.flat_map(Expression::variables_of_the_row).chain(statistics).collect()
    }

    /// The centre's own name, the same in every row.
    fn site(&self, rows: usize) -> Result<RowColumn, FrameError> {
        let unknown = || FrameError::UnknownSite { site: self.site_label.into() };
        let variable = self.scope.variable(SITE).ok_or_else(unknown)?;
        let levels = variable.kind.levels().unwrap_or_default();
        let position = levels.iter().position(|level| level == self.site_label).ok_or_else(unknown)?;
        let values = Int32Array::from_value(position as i32, rows);
        Ok(RowColumn { variable, values: Column::Factor(values) })
    }

    /// A variable of the dictionary, as `read` finds it in the table.
    fn stored(
        &self,
        name: VariableName,
        read: impl Fn(&Variable) -> Option<Result<RowColumn, ArrowError>>,
    ) -> Result<RowColumn, FrameError> {
        let Some(known) = self.scope.variable(name.as_str()) else {
            return Err(FrameError::UnknownVariable { variable: name });
        };
        match read(&known) {
            Some(column) => column.map_err(|_| at("the rows", EvaluateError::Kernel)),
            None => Err(FrameError::OtherDictionary { variable: name }),
        }
    }

    fn computed(
        &self,
        derived: &Derived,
        value: &Expression,
        rows: &Cohort,
    ) -> Result<RowColumn, FrameError> {
        let Some(variable) = self.scope.variable(derived.name.as_str()) else {
            return Err(FrameError::UnknownVariable { variable: derived.name.clone() });
        };
        let values = derived::values(value, &variable.kind, rows)
            .map_err(|source| at(&format!("derived variable `{}`", derived.name), source))?;
        Ok(RowColumn { variable, values })
    }
}

/// The rows for which a condition is true, with the variables named.
fn narrowed(
    cohort: &Cohort,
    condition: &Expression,
    names: &BTreeSet<VariableName>,
    place: &str,
) -> Result<Cohort, FrameError> {
    truth(condition, cohort)
        .and_then(|condition| Ok(cohort.narrowed(&condition, names)?))
        .map_err(|source| at(place, source))
}

fn at(place: &str, source: EvaluateError) -> FrameError {
    FrameError::Evaluate { place: place.to_owned(), source }
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
