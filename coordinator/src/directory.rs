//! Who is enrolled. One file per site and person is the network's enrolment log: a roster is made from it
//! alone, so no message can bring in a site that was never enrolled.

use notochord_link::membership::SiteKeys;
use notochord_proto::digest::Digest;
use notochord_proto::keys::PublicKey;
use notochord_proto::name::SiteId;
use notochord_proto::role::Role;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::home::{Home, HomeError};

/// An enrolled site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// Its id.
    pub id: SiteId,
    /// Its name, which is its level of `site`.
    pub label: String,
    /// The key its node signs with.
    pub node: PublicKey,
    /// The key its data steward accepts with.
    pub steward: PublicKey,
    /// SHA-256 of its certificate (DER): no other one is let in.
    pub certificate: Digest,
    /// When that certificate ends.
    #[serde(with = "time::serde::rfc3339")]
    pub certificate_expires: OffsetDateTime,
    /// Renewed certificates that it has not been seen with yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub upcoming: Vec<Upcoming>,
    /// Since when its certificate counts no more.
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub revoked: Option<OffsetDateTime>,
    /// Where the coordinator dials it, where it prefers to listen.
    pub dial: Option<String>,
    /// When it enrolled.
    #[serde(with = "time::serde::rfc3339")]
    pub enrolled: OffsetDateTime,
}

/// An enrolled person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// The id.
    pub id: SiteId,
    /// The name.
    pub label: String,
    /// SHA-256 of the certificate (DER).
    pub certificate: Digest,
    /// When that certificate ends; not known of people enrolled by an earlier version.
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub certificate_expires: Option<OffsetDateTime>,
    /// Renewed certificates that the person has not been seen with yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub upcoming: Vec<Upcoming>,
    /// Since when the certificate counts no more.
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub revoked: Option<OffsetDateTime>,
    /// Whether this person may invite and run.
    pub office: Office,
    /// When enrolled.
    #[serde(with = "time::serde::rfc3339")]
    pub enrolled: OffsetDateTime,
}

/// A renewed certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upcoming {
    /// SHA-256 of the certificate (DER).
    pub certificate: Digest,
    /// When it ends.
    #[serde(with = "time::serde::rfc3339")]
    pub expires: OffsetDateTime,
}

/// How a certificate that was shown stands to the enrolment log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is the member's.
    Held,
    /// It is the member's renewed one, seen for the first time.
    Renewed,
    /// It was revoked.
    Revoked,
    /// It is not, or no more, the member's.
    Unknown,
}

fn standing(shown: Digest, held: Digest, upcoming: &[Upcoming], revoked: Option<OffsetDateTime>) -> Standing {
    let is_upcoming = upcoming.iter().any(|one| one.certificate == shown);
    match (shown == held, is_upcoming, revoked) {
        (false, false, _) => Standing::Unknown,
        (_, _, Some(_)) => Standing::Revoked,
        (true, _, None) => Standing::Held,
        (false, true, None) => Standing::Renewed,
    }
}

/// What a person may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Office {
    /// Invites, and launches runs.
    Coordinator,
    /// Submits studies and reads results.
    Member,
}

impl Site {
    /// The role of the site's data steward.
    pub fn steward_role(&self) -> Role {
        Role::of_one(self.id.as_str(), self.steward)
    }

    /// How a certificate with this digest stands to the enrolment log.
    pub fn standing(&self, shown: Digest) -> Standing {
        standing(shown, self.certificate, &self.upcoming, self.revoked)
    }

    /// The renewed certificate that was seen takes the place of the one before; the others never will.
    pub fn promote(&mut self, shown: Digest) {
        if let Some(seen) = self.upcoming.iter().find(|one| one.certificate == shown) {
            (self.certificate, self.certificate_expires) = (seen.certificate, seen.expires);
            self.upcoming.clear();
        }
    }

    /// When the last of its certificates ends, also of those that it was not seen with yet.
    pub fn last_end(&self) -> OffsetDateTime {
        last_end(self.certificate_expires, &self.upcoming)
    }

    /// Both public keys.
    pub fn keys(&self) -> SiteKeys {
        SiteKeys { node: self.node, steward: self.steward }
    }
}

fn last_end(ends: OffsetDateTime, upcoming: &[Upcoming]) -> OffsetDateTime {
    upcoming.iter().map(|one| one.expires).fold(ends, OffsetDateTime::max)
}

impl Person {
    /// When the last of the certificates ends, where that is known.
    pub fn last_end(&self) -> Option<OffsetDateTime> {
        self.certificate_expires.map(|ends| last_end(ends, &self.upcoming))
    }

    /// How a certificate with this digest stands to the enrolment log.
    pub fn standing(&self, shown: Digest) -> Standing {
        standing(shown, self.certificate, &self.upcoming, self.revoked)
    }

    /// The renewed certificate that was seen takes the place of the one before; the others never will.
    pub fn promote(&mut self, shown: Digest) {
        if let Some(seen) = self.upcoming.iter().find(|one| one.certificate == shown) {
            (self.certificate, self.certificate_expires) = (seen.certificate, Some(seen.expires));
            self.upcoming.clear();
        }
    }
}

/// The enrolled site `id`.
pub fn site(home: &Home, id: &SiteId) -> Result<Option<Site>, HomeError> {
    read(home, &format!("sites/{id}.json"))
}

/// Every enrolled site, by id.
pub fn sites(home: &Home) -> Result<Vec<Site>, HomeError> {
    let names = home.list("sites")?;
    let sites: Result<Vec<_>, _> = names.iter().map(|name| read(home, &format!("sites/{name}"))).collect();
    Ok(sites?.into_iter().flatten().collect())
}

/// Every enrolled person, by id.
pub fn people(home: &Home) -> Result<Vec<Person>, HomeError> {
    let names = home.list("people")?;
    let people: Result<Vec<_>, _> = names.iter().map(|name| read(home, &format!("people/{name}"))).collect();
    Ok(people?.into_iter().flatten().collect())
}

/// The enrolled person `id`.
pub fn person(home: &Home, id: &SiteId) -> Result<Option<Person>, HomeError> {
    read(home, &format!("people/{id}.json"))
}

/// Writes a site into the enrolment log.
pub fn enrol_site(home: &Home, site: &Site) -> Result<(), HomeError> {
    write(home, &format!("sites/{}.json", site.id), site)
}

/// Writes a person into the enrolment log.
pub fn enrol_person(home: &Home, person: &Person) -> Result<(), HomeError> {
    write(home, &format!("people/{}.json", person.id), person)
}

fn read<T: for<'a> Deserialize<'a>>(home: &Home, name: &str) -> Result<Option<T>, HomeError> {
    if !home.path(name).exists() {
        return Ok(None);
    }
    let bytes = home.read(name)?;
    serde_json::from_slice(&bytes).map(Some).map_err(|error| unreadable(home, name, error))
}

fn write<T: Serialize>(home: &Home, name: &str, record: &T) -> Result<(), HomeError> {
    let text = serde_json::to_vec_pretty(record).map_err(|error| unreadable(home, name, error))?;
    home.write(name, &text)
}

fn unreadable(home: &Home, name: &str, error: serde_json::Error) -> HomeError {
    crate::home::file_error(&home.path(name), std::io::Error::new(std::io::ErrorKind::InvalidData, error))
}
