//! Roles: keys that decide together.

use serde::{Deserialize, Serialize};

use crate::keys::PublicKey;
use crate::weakened::Check;

/// A public key and whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedKey {
    /// The person or office.
    pub name: String,
    /// The key.
    pub key: PublicKey,
}

/// Keys that decide together: `threshold` of them must sign. No key is in it twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    name: String,
    threshold: usize,
    keys: Vec<NamedKey>,
}

/// The most keys of a role: every signature of a document is tried with each.
pub const MOST_KEYS: usize = 256;

/// Why something is not a role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RoleError {
    /// A threshold of nobody, or of more than there are.
    #[error("{role}: the threshold is {threshold} with {keys} keys; it must be from 1 to the number of keys")]
    Threshold {
        /// The role.
        role: String,
        /// Its threshold.
        threshold: usize,
        /// How many keys it has.
        keys: usize,
    },
    /// Too many.
    #[error("{role}: it has {keys} keys; at most 256 can decide together")]
    TooMany {
        /// The role.
        role: String,
        /// How many keys it has.
        keys: usize,
    },
    /// The same key or name twice.
    #[error("{role}: `{name}` is in it twice, or shares a key with another")]
    Twice {
        /// The role.
        role: String,
        /// The second holder.
        name: String,
    },
}

impl Role {
    /// A role called `name`, in which `threshold` of `keys` must sign.
    pub fn new(name: &str, threshold: usize, keys: Vec<NamedKey>) -> Result<Self, RoleError> {
        if Check::RoleThreshold.stands() && (threshold == 0 || threshold > keys.len()) {
            return Err(RoleError::Threshold { role: name.to_owned(), threshold, keys: keys.len() });
        }
        if keys.len() > MOST_KEYS {
            return Err(RoleError::TooMany { role: name.to_owned(), keys: keys.len() });
        }
        for (index, one) in keys.iter().enumerate() {
            let before = &keys[..index];
            if Check::DistinctKeys.stands()
                && before.iter().any(|other| other.key == one.key || other.name == one.name)
            {
                return Err(RoleError::Twice { role: name.to_owned(), name: one.name.clone() });
            }
        }
        Ok(Self { name: name.to_owned(), threshold, keys })
    }

    /// A role of one key.
    pub fn of_one(name: &str, key: PublicKey) -> Self {
        let keys = vec![NamedKey { name: name.to_owned(), key }];
        Self { name: name.to_owned(), threshold: 1, keys }
    }

    /// A role that nobody needs to sign for: to look at an envelope's type alone.
    pub(crate) fn anybody(name: &str) -> Self {
        Self { name: name.to_owned(), threshold: 0, keys: Vec::new() }
    }

    /// The role's name, such as `approvers`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many distinct keys must sign.
    pub fn threshold(&self) -> usize {
        self.threshold
    }

    /// The keys.
    pub fn keys(&self) -> &[NamedKey] {
        &self.keys
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use zeroize::Zeroizing;

    use super::*;
    use crate::keys::SecretKey;

    fn named(seed: u8) -> NamedKey {
        let key = SecretKey::from_seed(&Zeroizing::new([seed; 32])).public();
        NamedKey { name: format!("k{seed}"), key }
    }

    #[test]
    fn a_role_with_a_key_twice_or_a_threshold_out_of_reach_is_refused() {
        assert!(Role::new("approvers", 2, vec![named(1)]).is_err());
        assert!(Role::new("approvers", 0, vec![named(1)]).is_err());
        let again = NamedKey { name: "other name".into(), ..named(1) };
        assert!(Role::new("approvers", 1, vec![named(1), again]).is_err());
    }

    #[test]
    fn a_role_has_no_more_keys_than_can_be_tried() {
        let many =
            |count| (0..count).map(|number| NamedKey { name: number.to_string(), ..named(1) }).collect();
        let refused = Role::new("approvers", 1, many(MOST_KEYS + 1));
        assert!(matches!(refused, Err(RoleError::TooMany { .. })));
        assert!(matches!(Role::new("approvers", 1, many(MOST_KEYS)), Err(RoleError::Twice { .. })));
    }
}
