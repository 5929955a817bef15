//! A centre's standing rule: its data steward accepts a class of studies beforehand, until a day.

use serde::{Deserialize, Serialize};
use time::{Date, OffsetDateTime, UtcOffset};

use crate::envelope::{Envelope, EnvelopeError};
use crate::keys::SecretKey;
use crate::name::{NetworkName, SiteId};
use crate::role::Role;
use crate::study::Study;
use crate::weakened::Check;

/// What a standing rule says it is.
pub const STANDING_RULE_TYPE: &str = "application/vnd.notochord.standing-rule.v1+json";

/// A class of studies that a centre accepts without looking at each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StandingRule {
    /// Its name at the centre.
    pub name: SiteId,
    /// The network.
    pub network: NetworkName,
    /// The centre.
    pub site: SiteId,
    /// The disclosure profiles a study may have.
    pub profiles: Vec<String>,
    /// The kinds of analysis it may hold.
    pub kinds: Vec<String>,
    /// The data-use terms it may ask under.
    pub data_use: Vec<String>,
    /// The last day.
    pub until: Date,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    pub made_at: OffsetDateTime,
}

/// Why a standing rule does not count.
#[derive(Debug, thiserror::Error)]
pub enum StandingRuleError {
    /// Its seal.
    #[error("the standing rule: {0}")]
    Envelope(#[from] EnvelopeError),
    /// Its text.
    #[error("the standing rule is malformed: {0}")]
    Malformed(#[from] serde_json::Error),
    /// Another centre's.
    #[error("the standing rule is for {site} of the network `{network}`")]
    Elsewhere {
        /// The centre it names.
        site: SiteId,
        /// The network it names.
        network: NetworkName,
    },
}

impl StandingRule {
    /// Seals it with the data steward's key.
    pub fn seal(&self, steward: &SecretKey) -> Envelope {
        // Serialising plain strings into memory cannot fail.
        Envelope::seal(STANDING_RULE_TYPE, serde_json::to_vec(self).unwrap_or_default(), steward)
    }

    /// The rule in `envelope`, if this centre's data steward sealed it for this centre.
    pub fn open(
        envelope: &Envelope,
        steward: &Role,
        network: &NetworkName,
        site: &SiteId,
    ) -> Result<Self, StandingRuleError> {
        let verified = envelope.verify(STANDING_RULE_TYPE, steward)?;
        let rule: Self = serde_json::from_slice(verified.payload)?;
        match rule.site == *site && rule.network == *network {
            true => Ok(rule),
            false => Err(StandingRuleError::Elsewhere { site: rule.site, network: rule.network }),
        }
    }

    /// Whether a study belongs to the class, today. What the rule does not name it does not cover.
    pub fn covers(&self, study: &Study, now: OffsetDateTime) -> bool {
        let over = now.to_offset(UtcOffset::UTC).date() > self.until;
        if Check::RuleExpiry.stands() && over {
            return false;
        }
        if !Check::RuleClass.stands() {
            return true;
        }
        study.network == self.network
            && self.profiles.iter().any(|name| name == study.disclosure.profile.name())
            && !study.analyses.is_empty()
            && !study.data_use.is_empty()
            && study.analyses.iter().all(|analysis| self.kinds.contains(&analysis.kind))
            && study.data_use.iter().all(|term| self.data_use.contains(term))
    }
}
