//! How the results of a study are protected.

use crate::fields::{FieldValue, FromField, Section, one_of};
use crate::problem::Problem;

/// The choices of `[disclosure]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DisclosureSection {
    /// What leaves a site.
    pub release: Release,
    /// Which thresholds apply.
    pub profile: Profile,
    /// What becomes of factor levels too rare to release.
    pub rare_levels: RareLevels,
}

/// What leaves a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Release {
    /// Shares to a committee, which opens the network's total.
    Network,
    /// The site's own numbers.
    Site,
    /// Both.
    Both,
}

/// A named set of thresholds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// k = 10.
    Standard,
    /// k = 5.
    Rare,
    /// k = 11.
    Cms,
    /// No thresholds, only where every node's policy allows it.
    Open,
}

/// What becomes of factor levels too rare to release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RareLevels {
    /// `collapse = true`: they are merged.
    Merge,
    /// `collapse = false`: the analysis is refused.
    Refuse,
}

impl Release {
    /// The word of the document.
    pub fn name(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Site => "site",
            Self::Both => "both",
        }
    }
}

impl Profile {
    /// The word of the document.
    pub fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Rare => "rare",
            Self::Cms => "cms",
            Self::Open => "open",
        }
    }
}

impl FromField for Release {
    fn from_field(value: &FieldValue) -> Result<Self, String> {
        one_of(value, &[Self::Network, Self::Site, Self::Both].map(|release| (release.name(), release)))
    }
}

impl FromField for Profile {
    fn from_field(value: &FieldValue) -> Result<Self, String> {
        let profiles = [Self::Standard, Self::Rare, Self::Cms, Self::Open];
        one_of(value, &profiles.map(|profile| (profile.name(), profile)))
    }
}

impl FromField for RareLevels {
    fn from_field(value: &FieldValue) -> Result<Self, String> {
        Ok(if bool::from_field(value)? { Self::Merge } else { Self::Refuse })
    }
}

pub(super) fn section(section: &Section) -> Result<DisclosureSection, Problem> {
    let mut fields = section.fields();
    let release = fields.required("release")?;
    let profile = fields.optional("profile")?.unwrap_or(Profile::Standard);
    let rare_levels = fields.optional("collapse")?.unwrap_or(RareLevels::Merge);
    fields.finish()?;
    Ok(DisclosureSection { release, profile, rare_levels })
}
