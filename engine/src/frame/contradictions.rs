//! Contradictions: the rows for which a rule of the dictionary is true.

use std::sync::Arc;

use arrow_array::Array;
use notochord_proto::dictionary::{ContradictionRule, Dictionary};
use notochord_proto::scope::Scope;

use super::{EvaluateError, FrameError, at};
use crate::cohort::Cohort;
use crate::evaluate::{Reduced, truth};
use crate::placed::Placed;
use crate::table::Table;

/// A rule and the rows that contradict it.
pub struct Contradicted<'a> {
    /// The rule.
    pub rule: &'a ContradictionRule,
    /// The rows, in order; none where nothing contradicts it.
    pub rows: Vec<ContradictedRow>,
}

/// Where a contradiction stands.
pub struct ContradictedRow {
    /// The position of the patient in the table.
    pub patient: u32,
    /// The position of the event and the visit there, for a rule judged over visits.
    pub visit: Option<(u16, u32)>,
}

/// Judges every rule of the dictionary over a table, which may hold a part of the patients.
pub fn contradictions<'a>(
    table: &Table,
    dictionary: &'a Dictionary,
) -> Result<Vec<Contradicted<'a>>, FrameError> {
    dictionary.rules().iter().map(|rule| judged(rule, table, dictionary)).collect()
}

fn judged<'a>(
    rule: &'a ContradictionRule,
    table: &Table,
    dictionary: &Dictionary,
) -> Result<Contradicted<'a>, FrameError> {
    let place = format!("rule `{}`", rule.id);
    let placed = Placed::new(table, dictionary, rule.rows).map_err(|_| FrameError::OtherEvents)?;
    let scope = Scope::without_sites(dictionary, rule.rows);
    let condition = rule.condition.resolve_condition(&scope);
    let condition = condition.map_err(|source| FrameError::Expression { place: place.clone(), source })?;
    let failed = |source| at(&place, source);
    let reduced = Reduced::of([&condition], table).map_err(failed)?;
    let mut rows: Cohort = placed.rows(Arc::new(reduced));
    for variable in condition.variables_of_the_row() {
        let values = scope.variable(variable.as_str()).and_then(|known| placed.values(&known));
        match values {
            Some(column) => rows.insert(column.map_err(|_| at(&place, EvaluateError::Kernel))?),
            None => return Err(FrameError::OtherDictionary { variable }),
        }
    }
    let judged = truth(&condition, &rows).map_err(failed)?;
    let contradicted = (0..judged.len()).filter(|row| judged.is_valid(*row) && judged.value(*row));
    let row = |row: usize| match placed.visit(row) {
        Some((patient, event, visit)) => ContradictedRow { patient, visit: Some((event, visit)) },
        None => ContradictedRow { patient: row as u32, visit: None },
    };
    Ok(Contradicted { rule, rows: contradicted.map(row).collect() })
}
