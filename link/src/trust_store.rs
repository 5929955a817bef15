//! What a member trusts, on its disk: `root.json`, `status.json` and the dictionary, and how news of them are taken.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use notochord_proto::dictionary::{Dictionary, DictionaryFiles};
use notochord_proto::envelope::{Envelope, EnvelopeError};
use notochord_proto::problem::{Place, Problem};
use notochord_proto::root::{Root, RootError};
use notochord_proto::status_list::{RootReference, StatusError};
use notochord_proto::trust::{MOST_ROOTS, Trust};
use notochord_proto::wire::{DictionaryFile, TrustRequest};
use time::OffsetDateTime;

use crate::dictionary_directory::{self, DirectoryError};
use crate::private_file::replace;

const ROOT: &str = "root.json";
const STATUS: &str = "status.json";

/// Why news are not taken. Root documents are taken all or none; a status list that is refused leaves those that came
/// with it in force.
#[derive(Debug, thiserror::Error)]
pub enum NewsError {
    /// A root document.
    #[error(transparent)]
    Root(#[from] RootError),
    /// Not an envelope.
    #[error("what came from the coordinator is {0}")]
    Envelope(#[from] EnvelopeError),
    /// A status list.
    #[error(transparent)]
    Status(#[from] StatusError),
    /// Too many.
    #[error("more than 1000 root documents came at once")]
    TooMany,
    /// The dictionary that the new root document names did not come with it, or is none.
    #[error("the data dictionary of root document {version}: {reason}")]
    Dictionary {
        /// Of which document.
        version: u32,
        /// Why.
        reason: String,
    },
    /// The dictionary's files.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// A file.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: String,
        /// Why.
        source: std::io::Error,
    },
}

/// What was new.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct News {
    /// Root documents that came into force, in their order.
    pub roots: Vec<RootReference>,
    /// The version of a status list that was not held before.
    pub status: Option<u64>,
}

impl News {
    /// Whether there was anything.
    pub fn is_any(&self) -> bool {
        !self.roots.is_empty() || self.status.is_some()
    }
}

/// Reads what a membership's directory trusts.
pub fn read(directory: &Path) -> Result<Trust, Problem> {
    let damaged = |name: &str, reason: String| {
        let place = Place::file(directory.join(name).display().to_string());
        Problem::new(place, format!("{reason}; restore the file, or enrol again with a new invitation"))
    };
    let bytes = |name: &str| match fs::read(directory.join(name)) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(damaged(name, error.to_string())),
    };
    let root = bytes(ROOT)?.ok_or_else(|| damaged(ROOT, "it is missing".into()))?;
    let envelope = |name: &str, bytes: &[u8]| {
        Envelope::from_json(bytes).map_err(|error| damaged(name, error.to_string()))
    };
    let status = bytes(STATUS)?.map(|bytes| envelope(STATUS, &bytes)).transpose()?;
    Trust::resume(&envelope(ROOT, &root)?, status.as_ref()).map_err(|error| damaged(ROOT, error.to_string()))
}

/// Takes what the coordinator sends: the root documents after the one held, in their order, the dictionary of the last
/// of them, and the status list that belongs to it. Doubled and outdated messages change nothing.
///
/// What was new is put into `news`, also what came before a fault.
pub fn take(
    directory: &Path,
    trust: &mut Trust,
    sent: &TrustRequest,
    now: OffsetDateTime,
    news: &mut News,
) -> Result<(), NewsError> {
    if sent.sealed_roots.len() > MOST_ROOTS {
        return Err(NewsError::TooMany);
    }
    let (mut next, mut newest, mut roots) = (trust.clone(), None, Vec::new());
    for bytes in &sent.sealed_roots {
        let envelope = Envelope::from_json(bytes)?;
        match next.succeed(&envelope) {
            Ok(()) => {
                roots.push(next.root_reference());
                newest = Some(envelope);
            }
            // A doubled or late message: what is held already is passed over, and nothing of it is believed.
            Err(_) if is_held(&envelope, next.root()) => {}
            Err(error) => return Err(error.into()),
        }
    }
    if let Some(envelope) = newest {
        keep_dictionary(directory, trust.root(), next.root(), &sent.dictionary)?;
        write(directory, ROOT, &envelope)?;
        *trust = next;
        news.roots = roots;
    }
    if !sent.sealed_status.is_empty() {
        let envelope = Envelope::from_json(&sent.sealed_status)?;
        if trust.hear(&envelope, now)? {
            write(directory, STATUS, &envelope)?;
            news.status = trust.last_heard().map(|list| list.version);
        }
    }
    Ok(())
}

/// Whether a document that was not taken says that it is no newer than the one in force.
fn is_held(envelope: &Envelope, held: &Root) -> bool {
    Root::parse(envelope.payload_for_reading()).is_ok_and(|root| root.version <= held.version)
}

/// The dictionary that a new root document names lies beside it before the document comes into force.
fn keep_dictionary(
    directory: &Path,
    held: &Root,
    next: &Root,
    sent: &[DictionaryFile],
) -> Result<(), NewsError> {
    if next.dictionary == held.dictionary || dictionary_directory::named(directory, &next.dictionary).is_ok()
    {
        return Ok(());
    }
    let wrong = |reason: String| NewsError::Dictionary { version: next.version, reason };
    let files = DictionaryFiles::new(sent.iter().map(|file| (file.name.clone(), file.content.clone())))
        .map_err(|problem| wrong(problem.to_string()))?;
    if files.digest() != next.dictionary {
        return Err(wrong("another one came than it names".into()));
    }
    Dictionary::from_files(&files)
        .map_err(|problems| wrong(problems.first().map(ToString::to_string).unwrap_or_default()))?;
    Ok(dictionary_directory::keep(directory, &files)?)
}

fn write(directory: &Path, name: &str, envelope: &Envelope) -> Result<(), NewsError> {
    let path = directory.join(name);
    replace(&path, envelope.to_json().as_bytes())
        .map_err(|source| NewsError::File { path: path.display().to_string(), source })
}

#[cfg(test)]
mod tests;
