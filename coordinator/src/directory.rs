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
    /// Whether this person may invite and run.
    pub office: Office,
    /// When enrolled.
    #[serde(with = "time::serde::rfc3339")]
    pub enrolled: OffsetDateTime,
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
    /// The role of the site's node.
    pub fn node_role(&self) -> Role {
        Role::of_one(self.id.as_str(), self.node)
    }

    /// The role of the site's data steward.
    pub fn steward_role(&self) -> Role {
        Role::of_one(self.id.as_str(), self.steward)
    }

    /// Both public keys.
    pub fn keys(&self) -> SiteKeys {
        SiteKeys { node: self.node, steward: self.steward }
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
