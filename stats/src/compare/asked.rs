//! The tests a study can ask for.

use notochord_proto::fields::{FieldValue, FromField, one_of};

/// A test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    OneSample,
    Welch,
    Student,
    PairedT,
    Anova,
    WelchAnova,
    Variance,
    Wilcoxon,
    SignedRank,
    Kruskal,
}

/// Every test by its name in studies and results.
const ALL: [(&str, Asked); 10] = [
    ("one_sample", Asked::OneSample),
    ("welch", Asked::Welch),
    ("student", Asked::Student),
    ("paired_t", Asked::PairedT),
    ("anova", Asked::Anova),
    ("welch_anova", Asked::WelchAnova),
    ("variance", Asked::Variance),
    ("wilcoxon", Asked::Wilcoxon),
    ("signed_rank", Asked::SignedRank),
    ("kruskal", Asked::Kruskal),
];

impl FromField for Asked {
    fn from_field(value: &FieldValue) -> Result<Self, String> {
        one_of(value, &ALL)
    }
}

impl Asked {
    /// Its name in studies and results.
    pub(super) fn name(self) -> &'static str {
        ALL.iter().find(|(_, test)| *test == self).map_or("", |(name, _)| name)
    }

    /// Whether it compares groups.
    pub(super) fn is_of_groups(self) -> bool {
        !matches!(self, Self::OneSample | Self::PairedT | Self::SignedRank)
    }

    /// Whether it compares pairs, or may.
    pub(super) fn may_be_of_pairs(self) -> bool {
        matches!(self, Self::PairedT | Self::SignedRank)
    }

    /// Whether it reads the counts on the grid.
    pub(super) fn is_of_ranks(self) -> bool {
        matches!(self, Self::Wilcoxon | Self::SignedRank | Self::Kruskal)
    }

    /// Whether its null hypothesis names a value.
    pub(super) fn has_mu(self) -> bool {
        !matches!(self, Self::Anova | Self::WelchAnova | Self::Variance | Self::Kruskal)
    }

    /// What its estimate is, as a heading.
    pub(super) fn estimate(self) -> &'static str {
        match self {
            Self::OneSample => "Mean",
            Self::Variance => "Ratio",
            Self::Wilcoxon => "Shift",
            Self::SignedRank => "Pseudomedian",
            _ => "Difference",
        }
    }
}
