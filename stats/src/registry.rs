//! The statistics this version offers: one line each.

use notochord_proto::fields::Fields;
use notochord_proto::problem::{Problem, suggestion};
use notochord_proto::scope::Scope;

use crate::statistic::Statistic;
use crate::{compare, describe, histogram, linear, table};

/// A kind of analysis.
pub struct Kind {
    /// Its name in a study.
    pub name: &'static str,
    /// What it gives, in words.
    pub summary: &'static str,
    /// Reads its section of the study.
    pub parse: Parse,
}

/// Reads the section of a study and resolves it against the variables it may name.
pub type Parse = fn(&mut Fields<'_>, &Scope) -> Result<Box<dyn Statistic>, Problem>;

/// Every kind this version offers.
pub const KINDS: &[Kind] = &[
    Kind {
        name: "describe",
        summary: "counts, means, shape and quantiles, in all and by group, and the groups compared",
        parse: describe::parse,
    },
    Kind { name: "histogram", summary: "counts on a public grid", parse: histogram::parse },
    Kind {
        name: "table",
        summary: "a cross table, in layers too, with tests of association, trend and change",
        parse: table::parse,
    },
    Kind {
        name: "compare",
        summary: "a number in groups, in pairs or against a value: means, variances, ranks",
        parse: compare::parse,
    },
    Kind { name: "linear", summary: "a linear model by least squares", parse: linear::parse },
];

/// Kinds of the study format that later versions will offer.
const LATER: &[&str] = &[
    "agreement",
    "calibration",
    "correlate",
    "cox",
    "cumulative_incidence",
    "feasibility",
    "fine_gray",
    "gee",
    "glm",
    "kaplan_meier",
    "logistic",
    "meta",
    "mixed",
    "negative_binomial",
    "poisson",
    "reclassification",
    "roc",
    "transition",
    "treatment_effect",
];

/// The kind of that name, or why there is none.
pub fn kind(name: &str) -> Result<&'static Kind, String> {
    if let Some(kind) = KINDS.iter().find(|kind| kind.name == name) {
        return Ok(kind);
    }
    if LATER.contains(&name) {
        return Err(format!("`{name}` is not offered by this version; it offers {}", offered()));
    }
    let near = match suggestion(name, KINDS.iter().map(|kind| kind.name)) {
        near if near.is_empty() => format!("; this version offers {}", offered()),
        near => near,
    };
    Err(format!("unknown kind `{name}`{near}"))
}

fn offered() -> String {
    KINDS.iter().map(|kind| format!("`{}`", kind.name)).collect::<Vec<_>>().join(", ")
}
