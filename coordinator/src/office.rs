//! The coordinator at work: what every service and run shares.

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use notochord_ledger::LedgerError;
use notochord_link::invitation::{Invitation, TOKEN_BYTES, Token};
use notochord_proto::digest::Digest;
use notochord_proto::keys::SecretKey;
use notochord_proto::name::SiteId;
use notochord_proto::root::Root;
use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;

use crate::connections::Connections;
use crate::directory;
use crate::home::{Addresses, Home, HomeError};
use crate::hub::Hub;
use crate::in_force::InForce;
use crate::logbook::{Invited, Logbook};
use crate::progress::Feeds;
use crate::status_board::StatusBoard;
use crate::store::{Invitee, OpenInvitation, Store, StoreError};

/// What time it is; passed in so that tests can turn it.
pub type Clock = Arc<dyn Fn() -> OffsetDateTime + Send + Sync>;

/// Everything a serving coordinator has at hand.
pub struct Office {
    /// Its directory.
    pub home: Home,
    /// What it tells others to dial.
    pub addresses: Addresses,
    /// What is in force now; see [`Office::in_force`].
    pub in_force: RwLock<InForce>,
    /// The key rounds and release records are sealed with.
    pub key: SecretKey,
    /// The ledger.
    pub logbook: Logbook,
    /// The index.
    pub store: Store,
    /// The connected nodes.
    pub hub: Hub,
    /// The status list.
    pub status: StatusBoard,
    /// The open connections.
    pub connections: Connections,
    /// What runs tell; held while one begins, so that two copies of a request begin one run.
    pub feeds: Mutex<Feeds>,
    /// Held while a study is handed in.
    pub submitting: Mutex<()>,
    /// Held while the enrolment log or the root document is changed.
    pub registering: Mutex<()>,
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
    #[error(
        "the name has no Latin letters or digits to make an id of; give it one with --id, such as --id kyoto"
    )]
    NoSlug,
    /// A name that would not fit a line.
    #[error("a name is at most 200 characters, none of them a control character")]
    Label,
    /// Two sites of one name.
    #[error(
        "another site is called `{0}`; results tell sites apart by their names, so give this one another"
    )]
    LabelTaken(String),
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

    /// What is in force now, all of one root document. Whoever needs several parts of it asks once.
    pub fn in_force(&self) -> InForce {
        // What it holds is replaced whole.
        self.in_force.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The root document in force now.
    pub fn root(&self) -> Arc<Root> {
        self.in_force().root
    }

    /// Makes an invitation for a site or person of this name. Without an id of its own it gets the slug of the name.
    pub fn invite(
        &self,
        label: &str,
        id: Option<SiteId>,
        invitee: Invitee,
        valid: Duration,
    ) -> Result<Invitation, InviteError> {
        if label.chars().count() > LONGEST_LABEL || label.contains(char::is_control) {
            return Err(InviteError::Label);
        }
        let id = id.map_or_else(|| SiteId::new(slug(label)).map_err(|_| InviteError::NoSlug), Ok)?;
        if self.is_enrolled(&id, &invitee)? {
            return Err(InviteError::Enrolled(id));
        }
        let open = self.store.open_invitations(self.now())?;
        let is_promised = |one: &OpenInvitation| one.label == label && one.id != id && one.is_for_a_site();
        if matches!(invitee, Invitee::Site { .. })
            && (self.label_is_taken(&id, label)? || open.iter().any(is_promised))
        {
            return Err(InviteError::LabelTaken(label.to_owned()));
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
        let in_force = self.in_force();
        Ok(Invitation {
            network: in_force.root.network.clone(),
            id,
            label,
            enrol: public_enrol.unwrap_or(enrol),
            connect: public_listen.unwrap_or(listen),
            authority: in_force.root.authority,
            root: in_force.reference().digest,
            token: Token::new(token),
            expires,
        })
    }
}

impl Office {
    /// Whether another site has this name, which is its level of `site`.
    pub(crate) fn label_is_taken(&self, id: &SiteId, label: &str) -> Result<bool, HomeError> {
        Ok(directory::sites(&self.home)?.iter().any(|site| site.label == label && site.id != *id))
    }

    /// Whether a name is taken: by somebody whose certificate neither has ended nor was revoked. Nobody takes an
    /// enrolled site's place with a second invitation.
    pub(crate) fn is_enrolled(&self, id: &SiteId, invitee: &Invitee) -> Result<bool, HomeError> {
        let now = self.now();
        let counts = |revoked: Option<OffsetDateTime>, ends: Option<OffsetDateTime>| {
            revoked.is_none() && ends.is_none_or(|ends| now < ends)
        };
        Ok(match invitee {
            Invitee::Site { .. } => directory::site(&self.home, id)?
                .is_some_and(|site| counts(site.revoked, Some(site.last_end()))),
            Invitee::Person => directory::person(&self.home, id)?
                .is_some_and(|person| counts(person.revoked, person.last_end())),
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
