//! The roster of a run: which keys the coordinator enrolled for the sites that were asked.

use serde::{Deserialize, Serialize};

use crate::envelope::{Envelope, EnvelopeError};
use crate::keys::PublicKey;
use crate::name::{NetworkName, RunId, SiteId};
use crate::role::Role;

/// What a roster says it is.
pub const ROSTER_TYPE: &str = "application/vnd.notochord.roster.v1+json";

/// What the coordinator signs at the end of a run, so that others can check who answered. It is its word: that a
/// key is a centre's own can be asked at the centre.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Roster {
    /// The network.
    pub network: NetworkName,
    /// The run.
    pub run: RunId,
    /// The sites, by id.
    pub sites: Vec<RosterSite>,
}

/// A site and its keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RosterSite {
    /// Its id.
    pub id: SiteId,
    /// Its name.
    pub label: String,
    /// The key its node signs answers and checkpoints with.
    pub node: PublicKey,
    /// The key its data steward accepts studies with.
    pub steward: PublicKey,
}

/// Why a roster does not count.
#[derive(Debug, thiserror::Error)]
pub enum RosterError {
    /// Its seal does not hold.
    #[error("the roster: {0}")]
    Envelope(#[from] EnvelopeError),
    /// Its text is not a roster.
    #[error("the roster is malformed: {0}")]
    Malformed(#[from] serde_json::Error),
    /// Two sites under one id, or two offices with one key.
    #[error("the roster names `{0}` twice, or gives its key to another")]
    Twice(SiteId),
}

impl Roster {
    /// The roster's bytes, ready to be sealed.
    pub fn to_bytes(&self) -> Vec<u8> {
        // Serialising plain strings into memory cannot fail.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The roster in `envelope`, if the coordinator sealed it.
    pub fn open(envelope: &Envelope, coordinator: &Role) -> Result<Self, RosterError> {
        let verified = envelope.verify(ROSTER_TYPE, coordinator)?;
        let roster: Self = serde_json::from_slice(verified.payload)?;
        for (index, site) in roster.sites.iter().enumerate() {
            let shares = |other: &RosterSite| {
                let keys = [other.node, other.steward];
                other.id == site.id || keys.contains(&site.node) || keys.contains(&site.steward)
            };
            if site.node == site.steward || roster.sites[..index].iter().any(shares) {
                return Err(RosterError::Twice(site.id.clone()));
            }
        }
        Ok(roster)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use zeroize::Zeroizing;

    use super::*;
    use crate::keys::SecretKey;

    fn key(seed: u8) -> SecretKey {
        SecretKey::from_seed(&Zeroizing::new([seed; 32]))
    }

    fn site(id: &str, node: u8, steward: u8) -> RosterSite {
        let (node, steward) = (key(node).public(), key(steward).public());
        RosterSite { id: SiteId::new(id).unwrap(), label: id.to_uppercase(), node, steward }
    }

    fn sealed(sites: Vec<RosterSite>) -> Envelope {
        let network = NetworkName::new("reference").unwrap();
        let roster = Roster { network, run: RunId::new("run-1").unwrap(), sites };
        Envelope::seal(ROSTER_TYPE, roster.to_bytes(), &key(1))
    }

    #[test]
    fn a_roster_opens_with_the_coordinators_seal_only() {
        let envelope = sealed(vec![site("a", 2, 3), site("b", 4, 5)]);
        let open = |seed| Roster::open(&envelope, &Role::of_one("coordinator", key(seed).public()));
        assert_eq!(open(1).unwrap().sites.len(), 2);
        assert!(matches!(open(2), Err(RosterError::Envelope(_))));
    }

    #[test]
    fn a_site_or_a_key_in_it_twice_is_refused() {
        let coordinator = Role::of_one("coordinator", key(1).public());
        for sites in [
            vec![site("a", 2, 3), site("a", 4, 5)],
            vec![site("a", 2, 3), site("b", 2, 5)],
            vec![site("a", 2, 3), site("b", 3, 5)],
            vec![site("a", 2, 2)],
        ] {
            assert!(matches!(Roster::open(&sealed(sites), &coordinator), Err(RosterError::Twice(_))));
        }
    }
}
