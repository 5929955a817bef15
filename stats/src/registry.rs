//! The statistics this version offers: one line each.

use notochord_proto::fields::Fields;
use notochord_proto::problem::{Problem, suggestion};
use notochord_proto::scope::Scope;

use crate::others::{Others, Standing};
use crate::statistic::Statistic;
use crate::{compare, correlate, describe, histogram, linear, meta, table};

/// A kind of analysis.
pub struct Kind {
    /// Its name in a study.
    pub name: &'static str,
    /// What it gives, in words.
    pub summary: &'static str,
    /// Reads its section of the study.
    pub parse: Parse,
}

/// How a section of a study is read and resolved against the variables it may name.
pub enum Parse {
    /// By itself.
    Alone(ParseAlone),
    /// With the other analyses of the study at hand, one of which it stands on.
    OnAnother(ParseOnAnother),
}

/// Reads the section of an analysis that needs no other.
pub type ParseAlone = fn(&mut Fields<'_>, &Scope) -> Result<Box<dyn Statistic>, Problem>;

/// Reads the section of an analysis that stands on another.
pub type ParseOnAnother = fn(&mut Fields<'_>, &Scope, &Others<'_>) -> Result<Standing, Problem>;

impl Parse {
    /// Whether it needs another analysis of the study.
    pub fn is_on_another(&self) -> bool {
        matches!(self, Self::OnAnother(_))
    }

    /// Reads the section of a kind that needs no other analysis; none where this kind does.
    pub fn alone(
        &self,
        fields: &mut Fields<'_>,
        scope: &Scope,
    ) -> Option<Result<Box<dyn Statistic>, Problem>> {
        match self {
            Self::Alone(parse) => Some(parse(fields, scope)),
            Self::OnAnother(_) => None,
        }
    }
}

/// Every kind this version offers.
pub const KINDS: &[Kind] = &[
    Kind {
        name: "describe",
        summary: "counts, means and quantiles, in all and by group",
        parse: Parse::Alone(describe::parse),
    },
    Kind { name: "histogram", summary: "counts on a public grid", parse: Parse::Alone(histogram::parse) },
    Kind {
        name: "table",
        summary: "a cross table, with chi-squared and Fisher's tests",
        parse: Parse::Alone(table::parse),
    },
    Kind {
        name: "compare",
        summary: "means of groups: Welch, Student, analysis of variance",
        parse: Parse::Alone(compare::parse),
    },
    Kind {
        name: "correlate",
        summary: "correlations of pairs of numbers: Pearson's, Spearman's",
        parse: Parse::Alone(correlate::parse),
    },
    Kind { name: "linear", summary: "a linear model by least squares", parse: Parse::Alone(linear::parse) },
    Kind {
        name: "meta",
        summary: "sites' own estimates of another analysis, and their synthesis",
        parse: Parse::OnAnother(meta::parse),
    },
];

/// Kinds of the study format that later versions will offer.
const LATER: &[&str] = &[
    "agreement",
    "calibration",
    "cox",
    "cumulative_incidence",
    "feasibility",
    "fine_gray",
    "gee",
    "glm",
    "kaplan_meier",
    "logistic",
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
