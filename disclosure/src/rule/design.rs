//! R9, models: the numbers a model is fitted to are a table in disguise.
//!
//! With one patient in a factor level, the level's row of the cross-products is that patient's whole record.
//! With nearly as many parameters as patients, the model repeats its data. So a model's numbers leave
//! together or not at all: there are at least k patients, none or at least k in every level and in every pair
//! of levels that the cross-products count, at least 10 residual degrees of freedom, and at most one
//! parameter for five patients.

use notochord_proto::layout::Design;
use notochord_proto::study::Rows;

use crate::profile::Threshold;
use crate::rule::Rule;

/// The fewest residual degrees of freedom.
const RESIDUAL_DF: i128 = 10;

/// The fewest patients for each parameter.
const PATIENTS_PER_PARAMETER: i128 = 5;

/// The rules that a model of this design over `patients` patients breaks, but for those on levels.
pub(crate) fn broken(design: &Design, patients: i128, minimum: Threshold) -> Vec<Rule> {
    let parameters = design.columns as i128;
    [
        (Rule::Rows, minimum.exceeds(patients)),
        (Rule::ResidualDf, patients - parameters < RESIDUAL_DF),
        (Rule::Parameters, PATIENTS_PER_PARAMETER * parameters > patients),
    ]
    .into_iter()
    .filter_map(|(rule, breaks)| breaks.then_some(rule))
    .collect()
}

pub(crate) fn level_reason(minimum: Threshold, rows: Rows) -> String {
    match rows {
        Rows::Patient => format!(
            "a level or pair of levels of the model has from 1 to {} patients, whose records it would repeat",
            minimum.get() - 1
        ),
        Rows::Visit => format!(
            "a level or pair of levels of the model has visits that could be of fewer than {minimum} patients, whose records it would repeat"
        ),
    }
}

pub(crate) fn parameters_reason(rows: Rows) -> String {
    match rows {
        Rows::Patient => {
            format!("the model has fewer than {PATIENTS_PER_PARAMETER} patients for each parameter")
        }
        Rows::Visit => format!(
            "the model's visits could be of fewer than {PATIENTS_PER_PARAMETER} patients for each parameter"
        ),
    }
}

pub(crate) fn residual_df_reason(rows: Rows) -> String {
    match rows {
        Rows::Patient => format!("the model has fewer than {RESIDUAL_DF} residual degrees of freedom"),
        Rows::Visit => format!(
            "of the patients its visits could be of, the model has fewer than {RESIDUAL_DF} residual degrees of freedom"
        ),
    }
}
