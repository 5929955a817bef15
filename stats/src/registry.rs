//! The statistics this version offers: one line each.

use notochord_proto::capability::{Lack, Need, Offer, Versions};
use notochord_proto::fields::Fields;
use notochord_proto::problem::{Problem, suggestion};
use notochord_proto::scope::Scope;
use notochord_proto::study::Study;

use crate::others::{Others, Standing};
use crate::statistic::Statistic;
use crate::{
    agreement, calibration, compare, correlate, cox, cumulative_incidence, describe, gee, glm, histogram,
    kaplan_meier, linear, meta, mixed, reclassification, roc, table, transition,
};

/// A kind of analysis.
pub struct Kind {
    /// Its name in a study.
    pub name: &'static str,
    /// What it gives, in words.
    pub summary: &'static str,
    /// The versions of its layout and meaning that can be computed: another one whenever an old and a new node would
    /// mean different things by the same study.
    pub versions: Versions,
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
        summary: "counts, means, shape and quantiles, in all and by group, and the groups compared",
        versions: Versions::only(1),
        parse: Parse::Alone(describe::parse),
    },
    Kind {
        name: "histogram",
        summary: "counts on a public grid",
        versions: Versions::only(1),
        parse: Parse::Alone(histogram::parse),
    },
    Kind {
        name: "table",
        summary: "a cross table, in layers too, with tests of association, trend and change",
        versions: Versions::only(1),
        parse: Parse::Alone(table::parse),
    },
    Kind {
        name: "compare",
        summary: "a number in groups, in pairs or against a value: means, variances, ranks",
        versions: Versions::only(1),
        parse: Parse::Alone(compare::parse),
    },
    Kind {
        name: "correlate",
        summary: "correlations of pairs of numbers: Pearson's, Spearman's",
        versions: Versions::only(1),
        parse: Parse::Alone(correlate::parse),
    },
    Kind {
        name: "linear",
        summary: "a linear model by least squares",
        versions: Versions::only(1),
        parse: Parse::Alone(linear::parse),
    },
    Kind {
        name: "logistic",
        summary: "a logistic, probit or log-binomial model",
        versions: Versions::only(1),
        parse: Parse::Alone(glm::parse_logistic),
    },
    Kind {
        name: "negative_binomial",
        summary: "a negative binomial model of counts or rates",
        versions: Versions::only(1),
        parse: Parse::Alone(glm::parse_negative_binomial),
    },
    Kind {
        name: "poisson",
        summary: "a Poisson model of counts or rates",
        versions: Versions::only(1),
        parse: Parse::Alone(glm::parse_poisson),
    },
    Kind {
        name: "glm",
        summary: "a generalised linear model of a named family",
        versions: Versions::only(1),
        parse: Parse::Alone(glm::parse_glm),
    },
    Kind {
        name: "meta",
        summary: "sites' own estimates of another analysis, and their synthesis",
        versions: Versions::only(1),
        parse: Parse::OnAnother(meta::parse),
    },
    Kind {
        name: "cox",
        summary: "a Cox model of the time until an event, stratified by site or on a public grid of times",
        versions: Versions::only(1),
        parse: Parse::Alone(cox::parse),
    },
    Kind {
        name: "kaplan_meier",
        summary: "survival on a public time grid, by group, and tests that groups survive alike",
        versions: Versions::only(1),
        parse: Parse::Alone(kaplan_meier::parse),
    },
    Kind {
        name: "cumulative_incidence",
        summary: "how many have had each of several competing events, by group, and Gray's test",
        versions: Versions::only(1),
        parse: Parse::Alone(cumulative_incidence::parse),
    },
    Kind {
        name: "mixed",
        summary: "a linear mixed model of patients' repeated measures, by REML or ML",
        versions: Versions::only(1),
        parse: Parse::Alone(mixed::parse),
    },
    Kind {
        name: "gee",
        summary: "generalised estimating equations of patients' repeated measures, with robust errors",
        versions: Versions::only(1),
        parse: Parse::Alone(gee::parse),
    },
    Kind {
        name: "roc",
        summary: "the area under the curve of one score or two, compared, and thresholds",
        versions: Versions::only(1),
        parse: Parse::Alone(roc::parse),
    },
    Kind {
        name: "calibration",
        summary: "whether predicted probabilities come true: slope, groups, Brier score, decision curve",
        versions: Versions::only(1),
        parse: Parse::Alone(calibration::parse),
    },
    Kind {
        name: "reclassification",
        summary: "what a second prediction adds to a first: net reclassification, discrimination",
        versions: Versions::only(1),
        parse: Parse::Alone(reclassification::parse),
    },
    Kind {
        name: "agreement",
        summary: "agreement of raters: Cohen's, weighted and Fleiss' kappa, intraclass correlation",
        versions: Versions::only(1),
        parse: Parse::Alone(agreement::parse),
    },
    Kind {
        name: "transition",
        summary: "from which level to which patients go, and how many improve, stay or worsen",
        versions: Versions::only(1),
        parse: Parse::Alone(transition::parse),
    },
];

/// Kinds of the study format that later versions will offer.
const LATER: &[&str] = &["feasibility", "fine_gray", "treatment_effect"];

/// What software of this version offers with these statistics.
pub fn offer(software: &str) -> Offer {
    Offer::of_this_release(software, KINDS.iter().map(|kind| (kind.name, kind.versions)))
}

/// What a study asks of a node, in the versions that `asker` offers; each kind once.
pub fn needs(study: &Study, asker: &Offer) -> Vec<Need> {
    let mut kinds: Vec<&str> = study.analyses.iter().map(|analysis| analysis.kind.as_str()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds.into_iter().map(|kind| asker.need_of_kind(kind)).collect()
}

/// What a node of this offer lacks for a study.
pub fn lacks(study: &Study, asker: &Offer, node: &Offer) -> Vec<Lack> {
    node.lacks(&needs(study, asker))
}

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
