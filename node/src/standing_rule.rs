//! The data steward's standing rules: classes of studies that are accepted without a look at each.

use notochord_ledger::Ledger;
use notochord_proto::digest::Digest;
use notochord_proto::envelope::{Envelope, EnvelopeError};
use notochord_proto::name::SiteId;
use notochord_proto::role::Role;
use notochord_proto::sealed_study::SealedStudy;
use notochord_proto::standing_rule::{StandingRule, StandingRuleError};
use time::OffsetDateTime;

use crate::centre::Centre;
use crate::home::{Home, HomeError};
use crate::standing;

const DIRECTORY: &str = "rules";

/// Why the standing rules cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum StandingRulesError {
    /// The directory.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// A file that is not an envelope.
    #[error("rules/{file}: {fault}; remove the file")]
    Envelope {
        /// Which.
        file: String,
        /// Why.
        fault: EnvelopeError,
    },
    /// A file that is no rule of this centre's steward.
    #[error("rules/{file}: {fault}; remove the file")]
    Rule {
        /// Which.
        file: String,
        /// Why.
        fault: StandingRuleError,
    },
}

/// Every standing rule with its digest, by name. The steward's seals are verified each time.
pub fn all(centre: &Centre) -> Result<Vec<(Digest, StandingRule)>, StandingRulesError> {
    let home = centre.home();
    let steward = Role::of_one("data steward", home.steward_key()?.public());
    let mut rules = Vec::new();
    for file in home.list(DIRECTORY)? {
        let Some(bytes) = home.read(&format!("{DIRECTORY}/{file}"))? else { continue };
        let envelope = Envelope::from_json(&bytes)
            .map_err(|fault| StandingRulesError::Envelope { file: file.clone(), fault })?;
        let rule = StandingRule::open(&envelope, &steward, &centre.root().network, centre.site())
            .map_err(|fault| StandingRulesError::Rule { file, fault })?;
        rules.push((envelope.payload_digest(), rule));
    }
    Ok(rules)
}

/// The standing rules that the ledger holds and that were not ended: one whose file was put back is none.
pub(crate) fn standing(
    centre: &Centre,
    ledger: &Ledger,
) -> Result<Vec<(Digest, StandingRule)>, StandingRulesError> {
    let mut rules = all(centre)?;
    rules.retain(|(rule, _)| standing::rule_stands(ledger, *rule));
    Ok(rules)
}

/// The first rule that covers a study: its digest, and the study's name for the ledger.
pub(crate) fn covering(
    centre: &Centre,
    ledger: &Ledger,
    study: &SealedStudy,
    now: OffsetDateTime,
) -> Result<Option<(Digest, String)>, StandingRulesError> {
    let covering = standing(centre, ledger)?.into_iter().find(|(_, rule)| rule.covers(&study.study, now));
    Ok(covering.map(|(digest, _)| (digest, study.name())))
}

/// Seals a rule and keeps it.
pub fn make(home: &Home, rule: &StandingRule) -> Result<Digest, HomeError> {
    let sealed = rule.seal(&home.steward_key()?);
    home.write(&file(&rule.name), sealed.to_json().as_bytes())?;
    Ok(sealed.payload_digest())
}

/// Ends a rule. What it accepted stays accepted.
pub fn end(home: &Home, name: &SiteId) -> Result<(), HomeError> {
    home.remove(&file(name))
}

fn file(name: &SiteId) -> String {
    format!("{DIRECTORY}/{name}.json")
}
