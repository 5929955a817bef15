//! The coordinator at work: what every service and run shares.

use std::sync::{Arc, Mutex};

use notochord_ledger::LedgerError;
use notochord_link::invitation::{Invitation, TOKEN_BYTES, Token};
use notochord_proto::dictionary::Dictionary;
use notochord_proto::digest::Digest;
use notochord_proto::envelope::Envelope;
use notochord_proto::keys::SecretKey;
use notochord_proto::name::{NameError, SiteId};
use notochord_proto::root::Root;
use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;

use crate::authority::Authority;
use crate::directory;
use crate::home::{Addresses, Home, HomeError};
use crate::hub::Hub;
use crate::logbook::{Invited, Logbook};
use crate::store::{Invitee, OpenInvitation, Store, StoreError};

/// What time it is; passed in so that tests can turn it.
pub type Clock = Arc<dyn Fn() -> OffsetDateTime + Send + Sync>;

/// Everything a serving coordinator has at hand.
pub struct Office {
    /// Its directory.
    pub home: Home,
    /// What it tells others to dial.
    pub addresses: Addresses,
    /// The root document.
    pub root: Root,
    /// The root document, sealed.
    pub sealed_root: Envelope,
    /// The data dictionary.
    pub dictionary: Dictionary,
    /// The certificate authority.
    pub authority: Authority,
    /// The key rounds and release records are sealed with.
    pub key: SecretKey,
    /// The ledger.
    pub logbook: Logbook,
    /// The index.
    pub store: Store,
    /// The connected nodes.
    pub hub: Hub,
    /// Held while a study is handed in.
    pub submitting: Mutex<()>,
    /// Held while ledgers are cosigned: witnesses take one step after the other.
    pub witnessing: tokio::sync::Mutex<()>,
    /// What time it is.
    pub clock: Clock,
}

/// The longest an invitation may be valid.
pub const LONGEST_INVITATION: Duration = Duration::days(30);

/// The longest name of a site or person, in characters.
const LONGEST_LABEL: usize = 200;

/// Why nobody can be invited.
#[derive(Debug, thiserror::Error)]
pub enum InviteError {
    /// Its name gives no id.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A name that would not fit a line.
    #[error("a name is at most 200 characters, none of them a control character")]
    Label,
    /// There already.
    #[error("`{0}` is enrolled already")]
    Enrolled(SiteId),
    /// Too long.
    #[error("an invitation may be valid for 30 days at most")]
    TooLong,
    /// The directory.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The index.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No randomness.
    #[error("the operating system gives no randomness: {0}")]
    Randomness(getrandom::Error),
}

impl Office {
    /// What time it is.
    pub fn now(&self) -> OffsetDateTime {
        (self.clock)()
    }

    /// Makes an invitation for a site or person of this name.
    pub fn invite(&self, label: &str, invitee: Invitee, valid: Duration) -> Result<Invitation, InviteError> {
        if label.chars().count() > LONGEST_LABEL || label.contains(char::is_control) {
            return Err(InviteError::Label);
        }
        let id = SiteId::new(slug(label))?;
        let enrolled = match invitee {
            Invitee::Site { .. } => directory::site(&self.home, &id)?.is_some(),
            Invitee::Person => directory::person(&self.home, &id)?.is_some(),
        };
        if enrolled {
            return Err(InviteError::Enrolled(id));
        }
        if valid > LONGEST_INVITATION {
            return Err(InviteError::TooLong);
        }
        let mut token = Zeroizing::new([0; TOKEN_BYTES]);
        getrandom::fill(token.as_mut_slice()).map_err(InviteError::Randomness)?;
        let expires = (self.now() + valid).replace_nanosecond(0).unwrap_or_else(|_| self.now());
        let label = label.to_owned();
        let open = OpenInvitation { id: id.clone(), label: label.clone(), invitee, expires };
        self.logbook.write(&Invited { id: id.clone(), label: label.clone() }, self.now())?;
        self.store.invite(Digest::of(token.as_slice()), &open)?;
        let Addresses { listen, enrol, public_listen, public_enrol } = self.addresses.clone();
        Ok(Invitation {
            network: self.root.network.clone(),
            id,
            label,
            enrol: public_enrol.unwrap_or(enrol),
            connect: public_listen.unwrap_or(listen),
            authority: self.root.authority,
            root: self.sealed_root.payload_digest(),
            token: Token::new(token),
            expires,
        })
    }
}

/// A name as an id: lower case, with `-` for whatever is neither letter nor digit.
pub fn slug(label: &str) -> String {
    let mut slug = String::new();
    for character in label.chars().flat_map(char::to_lowercase) {
        match character {
            'a'..='z' | '0'..='9' => slug.push(character),
            _ if slug.is_empty() || slug.ends_with('-') => {}
            _ => slug.push('-'),
        }
    }
    slug.truncate(63);
    slug.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hospitals_name_becomes_an_id() {
        assert_eq!(slug("Scripps Institute"), "scripps-institute");
        assert_eq!(slug("L.A. Children's Hosp"), "l-a-children-s-hosp");
        assert_eq!(slug("  "), "");
    }
}
