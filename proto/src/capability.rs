//! What each side of a link can do, by name and version, so that a node of another release works or is told exactly
//! what it lacks.
//!
//! Named are the protocols of [`PROTOCOLS`], each type of sealed document (`document/study`) and each kind of statistic
//! (`statistic/describe`, from the registry of the room of statistics). How a node keeps its data is nobody else's
//! business, so the format of snapshots has no name here.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::acceptance::ACCEPTANCE_TYPE;
use crate::root::{ANSWER_TYPE, RELEASE_TYPE, ROOT_TYPE, ROUND_TYPE, STUDY_TYPE};
use crate::statement::STATEMENT_TYPE;
use crate::status_list::STATUS_TYPE;
use crate::wire;

/// What is not a document and not a statistic.
pub const PROTOCOLS: &[Protocol] = &[
    Protocol { name: "round", versions: Versions::only(1), without: None },
    Protocol { name: "dictionary", versions: Versions::only(1), without: None },
    Protocol {
        name: "trust",
        versions: Versions::only(1),
        without: Some("it hears of no root document and no status list"),
    },
    Protocol {
        name: "renewal",
        versions: Versions::only(1),
        without: Some("its certificate is not renewed over the link"),
    },
    Protocol {
        name: "evidence",
        versions: Versions::only(1),
        without: Some("its ledger is not witnessed, and it witnesses no other"),
    },
    Protocol {
        name: "farewell",
        versions: Versions::only(1),
        without: Some("it is not told when the coordinator stops"),
    },
];

/// The sealed documents that travel between the coordinator and a node.
const DOCUMENTS: &[&str] = &[
    ACCEPTANCE_TYPE,
    ANSWER_TYPE,
    RELEASE_TYPE,
    ROOT_TYPE,
    ROUND_TYPE,
    STATEMENT_TYPE,
    STATUS_TYPE,
    STUDY_TYPE,
];

const STATISTIC: &str = "statistic/";

/// The most capabilities of one side.
const MOST: usize = 256;
/// The longest name of a capability or a version of software, in characters.
const LONGEST: usize = 64;

/// Calls that belong together, and their meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Protocol {
    /// Its name.
    pub name: &'static str,
    /// The versions that this release speaks.
    pub versions: Versions,
    /// What a node does without, where it works all the same.
    pub without: Option<&'static str>,
}

/// An unbroken range of versions, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    oldest: u32,
    newest: u32,
}

/// What one side says it can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    software: String,
    held: BTreeMap<String, Versions>,
}

/// Something that is asked of the other side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    name: String,
    /// Any version, where it is not known which.
    versions: Option<Versions>,
}

/// What a side lacks, for people; their node or their coordinator is to be updated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lack {
    need: Need,
    software: String,
    offered: String,
    is_ahead: bool,
}

impl Versions {
    /// One version.
    pub const fn only(version: u32) -> Self {
        Self { oldest: version, newest: version }
    }

    /// From one version to another one; nothing if there is none between, or one is 0.
    pub fn between(oldest: u32, newest: u32) -> Option<Self> {
        (1..=newest).contains(&oldest).then_some(Self { oldest, newest })
    }

    fn meet(self, other: Self) -> bool {
        self.oldest <= other.newest && other.oldest <= self.newest
    }
}

impl fmt::Display for Versions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.oldest == self.newest {
            true => write!(f, "{}", self.newest),
            false => write!(f, "{} to {}", self.oldest, self.newest),
        }
    }
}

impl Offer {
    /// What this release offers, with these kinds of statistic. Use the registry's own `offer`.
    pub fn of_this_release<'a>(software: &str, kinds: impl IntoIterator<Item = (&'a str, Versions)>) -> Self {
        let mut held = base();
        held.extend(kinds.into_iter().map(|(kind, versions)| (statistic(kind), versions)));
        Self { software: version_text(software), held }
    }

    /// The same, with a capability in other versions, or without it. Other releases are made of this in tests.
    pub fn changed(mut self, name: &str, versions: Option<Versions>) -> Self {
        match versions {
            Some(versions) => self.held.insert(name.to_owned(), versions),
            None => self.held.remove(name),
        };
        self
    }

    /// The same, as software of this version says it.
    pub fn as_software(mut self, version: &str) -> Self {
        self.software = version_text(version);
        self
    }

    /// What the other side said. What it says nothing of comes from the first release, which named its kinds alone
    /// and offered the first version of everything but farewells. What is no name and no version is passed over, and
    /// what is not known here is kept: it may be newer.
    pub fn read(software: &str, offered: &[wire::Capability], kinds: &[String]) -> Self {
        let mut held: BTreeMap<String, Versions> = offered
            .iter()
            .take(MOST)
            .filter(|one| is_name(&one.name))
            .filter_map(|one| Some((one.name.clone(), Versions::between(one.oldest, one.newest)?)))
            .collect();
        if offered.is_empty() {
            held = base();
            held.remove("farewell");
            let kinds = kinds.iter().take(MOST).filter(|kind| is_name(kind));
            held.extend(kinds.map(|kind| (statistic(kind), Versions::only(1))));
        }
        Self { software: version_text(software), held }
    }

    /// The offer as it travels.
    pub fn to_wire(&self) -> Vec<wire::Capability> {
        let capability = |(name, versions): (&String, &Versions)| wire::Capability {
            name: name.clone(),
            oldest: versions.oldest,
            newest: versions.newest,
        };
        self.held.iter().map(capability).collect()
    }

    /// The version of the software.
    pub fn software(&self) -> &str {
        &self.software
    }

    /// The kinds of statistic.
    pub fn kinds(&self) -> impl Iterator<Item = &str> {
        self.held.keys().filter_map(|name| name.strip_prefix(STATISTIC))
    }

    /// A need for a kind of statistic: in the versions offered here, or in any where it is not offered here.
    pub fn need_of_kind(&self, kind: &str) -> Need {
        let name = statistic(kind);
        let versions = self.held.get(&name).copied();
        Need { name, versions }
    }

    /// What the other side must offer, whatever is asked: every document, and each protocol nothing works without.
    pub fn needs(&self) -> Vec<Need> {
        let optional = |name: &str| PROTOCOLS.iter().any(|one| one.name == name && one.without.is_some());
        let general = self.held.iter().filter(|(name, _)| !name.starts_with(STATISTIC) && !optional(name));
        general.map(|(name, versions)| Need { name: name.clone(), versions: Some(*versions) }).collect()
    }

    /// Which of these needs this side does not meet.
    pub fn lacks(&self, needs: &[Need]) -> Vec<Lack> {
        needs.iter().filter_map(|need| self.lack(need)).collect()
    }

    /// What this side does without though the other one offers it, in words.
    pub fn does_without(&self, other: &Self) -> Vec<String> {
        let words = |protocol: &Protocol| {
            let need = Need { name: protocol.name.into(), versions: Some(*other.held.get(protocol.name)?) };
            let lack = self.lack(&need)?;
            Some(format!("{lack}; until then {}", protocol.without?))
        };
        PROTOCOLS.iter().filter_map(words).collect()
    }

    fn lack(&self, need: &Need) -> Option<Lack> {
        let held = self.held.get(&need.name);
        let met = match (held, need.versions) {
            (Some(held), Some(needed)) => held.meet(needed),
            (held, None) => held.is_some(),
            (None, Some(_)) => false,
        };
        let is_ahead =
            matches!((held, need.versions), (Some(held), Some(needed)) if held.oldest > needed.newest);
        let (software, offered) = (self.software.clone(), self.offered(need));
        (!met).then(|| Lack { need: need.clone(), software, offered, is_ahead })
    }

    /// What is offered of the kind that a need is of.
    fn offered(&self, need: &Need) -> String {
        if let Some(versions) = self.held.get(&need.name) {
            return format!("version {versions}");
        }
        if !need.name.starts_with(STATISTIC) {
            return "none".to_owned();
        }
        let statistics =
            self.held.iter().filter_map(|(name, versions)| Some((name.strip_prefix(STATISTIC)?, versions)));
        let names: Vec<String> = statistics.map(|(kind, versions)| format!("`{kind}` {versions}")).collect();
        if names.is_empty() { "no statistic".to_owned() } else { names.join(", ") }
    }
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { need, software, offered, is_ahead } = self;
        let name = need.name.strip_prefix(STATISTIC).unwrap_or(&need.name);
        write!(f, "needs `{name}`")?;
        if let Some(versions) = need.versions {
            write!(f, " version {versions}")?;
        }
        let software = if software.is_empty() { "of an unknown version" } else { software };
        let behind = if *is_ahead { "coordinator" } else { "node" };
        write!(f, "; this node, {software}, offers {offered}; update the {behind}")
    }
}

fn base() -> BTreeMap<String, Versions> {
    let protocols = PROTOCOLS.iter().map(|one| (one.name.to_owned(), one.versions));
    protocols.chain(DOCUMENTS.iter().filter_map(|media_type| document(media_type))).collect()
}

/// The name and version in a type such as `application/vnd.notochord.study.v1+toml`.
fn document(media_type: &str) -> Option<(String, Versions)> {
    let (name, rest) = media_type.strip_prefix("application/vnd.notochord.")?.split_once(".v")?;
    let version = rest.split_once('+')?.0.parse().ok()?;
    Some((format!("document/{name}"), Versions::only(version)))
}

fn statistic(kind: &str) -> String {
    format!("{STATISTIC}{kind}")
}

fn is_name(text: &str) -> bool {
    let in_names =
        |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "/_-".contains(letter);
    !text.is_empty() && text.len() <= LONGEST && text.chars().all(in_names)
}

/// A version of software comes from outside and is shown to people: only what versions are written with is kept.
fn version_text(said: &str) -> String {
    let in_versions = |letter: &char| letter.is_ascii_alphanumeric() || ".+-".contains(*letter);
    said.chars().filter(in_versions).take(LONGEST).collect()
}

#[cfg(test)]
mod tests;
