//! Snapshots: what one import kept, immutable and known by the hash of its content.
//!
//! `<directory>/<64 hex digits>/` holds `patients.parquet` and `manifest.json`. A snapshot is written beside
//! its place, made durable and then renamed into it, so it is there whole or not at all. Reading it back
//! proves the hash over the decoded rows, so an accepted study always answers from the rows it was accepted
//! for.

mod content;
mod files;
mod manifest;
mod patients;

use std::cmp::Reverse;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use notochord_proto::dictionary::Dictionary;
use notochord_proto::digest::Digest;
use time::OffsetDateTime;

pub use manifest::SnapshotManifest;

use crate::import::Imported;
use crate::rows::Rows;
use crate::table::Table;

/// The rows of one snapshot, verified. No `Debug`, `Display` or `Serialize`.
pub struct Snapshot {
    manifest: SnapshotManifest,
    rows: Rows,
}

/// What writing a snapshot did.
#[derive(Debug, Clone, PartialEq)]
pub enum Written {
    /// The same content was there before, and still verifies; nothing was changed.
    AlreadyThere(SnapshotManifest),
    /// A new snapshot.
    New(SnapshotManifest),
}

/// Why a snapshot cannot be written or read. Nothing of its content is told.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// A file is not what was written.
    #[error("{}: changed since it was written; move its directory away and import again", file.display())]
    Changed {
        /// The file.
        file: PathBuf,
    },
    /// The directory has no such snapshot.
    #[error("no snapshot {} in {}; `list` shows what is there", digest.short(), directory.display())]
    Missing {
        /// The directory of snapshots.
        directory: PathBuf,
        /// The snapshot asked for.
        digest: Digest,
    },
    /// Written by another version.
    #[error("{}: format {format} of a snapshot; this version reads format {}", file.display(), manifest::FORMAT)]
    OtherFormat {
        /// The manifest.
        file: PathBuf,
        /// Its format.
        format: u32,
    },
    /// The system refused.
    #[error("{}: {source}", path.display())]
    System {
        /// The file or directory.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The columns could not be encoded.
    #[error("{}: the rows cannot be written as Parquet", file.display())]
    Unwritable {
        /// The file.
        file: PathBuf,
    },
}

impl Snapshot {
    /// Writes what was imported under `directory`, or finds that the same content is there already.
    pub fn write(
        directory: &Path,
        imported: &Imported,
        imported_at: OffsetDateTime,
        software: &str,
    ) -> Result<Written, SnapshotError> {
        let content = content::digest(&imported.dictionary, &imported.rows);
        let place = directory.join(content.hex());
        if place.exists() {
            return Ok(Written::AlreadyThere(Self::open(directory, &content)?.manifest));
        }
        let draft = files::Draft::create(directory, &content)?;
        let parquet = draft.write_rows(&imported.rows)?;
        let manifest = SnapshotManifest {
            format: manifest::FORMAT,
            content,
            dictionary: imported.dictionary,
            rows: imported.rows.len() as u64,
            variables: imported.rows.variables().cloned().collect(),
            sources: vec![imported.source.clone()],
            imported_at,
            software: software.into(),
            parquet,
        };
        draft.write_manifest(&manifest)?;
        draft.publish(&place)?;
        Ok(Written::New(manifest))
    }

    /// Reads a snapshot and verifies every row of it against its hash.
    pub fn open(directory: &Path, digest: &Digest) -> Result<Self, SnapshotError> {
        let place = directory.join(digest.hex());
        if !place.is_dir() {
            return Err(SnapshotError::Missing { directory: directory.into(), digest: *digest });
        }
        let manifest = files::read_manifest(&place)?;
        let rows = files::read_rows(&place, &manifest)?;
        if content::digest(&manifest.dictionary, &rows) != *digest || manifest.content != *digest {
            return Err(SnapshotError::Changed { file: place.join(files::MANIFEST) });
        }
        Ok(Self { manifest, rows })
    }

    /// What the snapshot is, without its rows.
    pub fn manifest(&self) -> &SnapshotManifest {
        &self.manifest
    }

    /// Its entries, form by form: each row is a patient's only visit.
    pub fn table(&self, dictionary: &Dictionary) -> Table {
        Table::of_rows(&self.rows, dictionary)
    }

    #[cfg(test)]
    pub(crate) fn rows(&self) -> &Rows {
        &self.rows
    }
}

impl Written {
    /// The snapshot that is there now.
    pub fn manifest(&self) -> &SnapshotManifest {
        match self {
            Self::AlreadyThere(manifest) | Self::New(manifest) => manifest,
        }
    }
}

/// The snapshots under `directory`, newest first; their rows are not read. A directory that does not exist
/// has none.
pub fn list(directory: &Path) -> Result<Vec<SnapshotManifest>, SnapshotError> {
    let system = |source| SnapshotError::System { path: directory.into(), source };
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(system)?,
    };
    let mut manifests = Vec::new();
    for entry in entries {
        let name = entry.map_err(system)?.file_name();
        let Some(digest) = name.to_str().and_then(|hex| format!("sha256:{hex}").parse::<Digest>().ok())
        else {
            continue;
        };
        manifests.push(files::read_manifest(&directory.join(digest.hex()))?);
    }
    manifests.sort_by_key(|manifest| Reverse((manifest.imported_at, manifest.content)));
    Ok(manifests)
}

#[cfg(test)]
mod tests;
