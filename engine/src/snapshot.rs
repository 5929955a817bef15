//! Snapshots: what one import kept, immutable and known by the hash of its content.
//!
//! `<directory>/<64 hex digits>/` holds `patients.parquet`, `forms/<form>.parquet` and `manifest.json`; with a
//! key the tables are sealed, and nothing plain of them ever touches the disk. A snapshot is written beside its
//! place, made durable and then renamed into it, so it is there whole or not at all. Reading it back proves the
//! hash over the decoded rows, so an accepted study always answers from the rows it was accepted for.

pub(crate) mod content;
mod erase;
mod key;
pub(crate) mod layout;
mod leftovers;
mod lock;
mod manifest;
mod patients;
pub(crate) mod place;
mod read;
mod reseal;
mod stored_file;
mod tables;
pub(crate) mod write;

use std::cmp::Reverse;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use notochord_proto::digest::Digest;

pub use erase::{EraseError, Erasure, Replaced};
pub use key::{SnapshotKey, SnapshotKeyError};
pub use layout::{FormLayout, Layout};
pub use manifest::{HistoryStep, SnapshotManifest, Source, StoredFile};

use content::PatientContent;
use patients::Patients;

use crate::record_key::PatientKey;
use crate::table::Table;

/// A directory of snapshots, and the key they are sealed with, if any.
pub struct Snapshots {
    directory: PathBuf,
    key: Option<SnapshotKey>,
}

/// The right to write snapshots, of which one process at a time has it. What a killed one left is in order.
pub struct Reservation<'a> {
    pub(crate) snapshots: &'a Snapshots,
    _lock: lock::Lock,
}

/// One snapshot, verified. No `Debug`, `Display` or `Serialize`.
pub struct Snapshot {
    manifest: SnapshotManifest,
    table: Table,
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
    /// Somebody else is writing.
    #[error("{}: another import or erasure is at work here; wait until it has ended", directory.display())]
    Busy {
        /// The directory of snapshots.
        directory: PathBuf,
    },
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
    /// Sealed, and there is no key.
    #[error("{}: sealed with the snapshot key {key}, which is not here; put its file back", file.display())]
    NoKey {
        /// The file.
        file: PathBuf,
        /// The identifier of the key.
        key: String,
    },
    /// Sealed with another key.
    #[error("{}: sealed with the snapshot key {key}, not with this one; name the right key file", file.display())]
    OtherKey {
        /// The file.
        file: PathBuf,
        /// The identifier of the key.
        key: String,
    },
    /// Written by another version.
    #[error(
        "{}: format {format} of a snapshot; this version reads format {}; import the data again",
        file.display(),
        manifest::FORMAT
    )]
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
}

impl Snapshots {
    /// The snapshots in a directory, which need not exist yet. With a key new ones are sealed with it and
    /// sealed ones are read with it.
    pub fn at(directory: impl Into<PathBuf>, key: Option<SnapshotKey>) -> Self {
        Self { directory: directory.into(), key }
    }

    /// Where they are.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Every snapshot, newest first; their rows are not read. A directory that does not exist has none.
    /// Snapshots of another format are left out: nothing can be done with them but to import again, which
    /// [`Snapshots::open`] says of each.
    pub fn list(&self) -> Result<Vec<SnapshotManifest>, SnapshotError> {
        let mut manifests = Vec::new();
        for digest in digests(&self.directory)? {
            match SnapshotManifest::read(&self.place(&digest)) {
                Err(SnapshotError::OtherFormat { .. }) => {}
                manifest => manifests.push(manifest?),
            }
        }
        manifests.sort_by_key(|manifest| Reverse((manifest.imported_at, manifest.content)));
        Ok(manifests)
    }

    /// Reads a snapshot and verifies every row of it against its hash.
    pub fn open(&self, digest: &Digest) -> Result<Snapshot, SnapshotError> {
        let place = self.place(digest);
        if !place.is_dir() {
            return Err(SnapshotError::Missing { directory: self.directory.clone(), digest: *digest });
        }
        let manifest = SnapshotManifest::read(&place)?;
        let table = self.table(&place, &manifest)?;
        let content = write::content_of(&manifest.layout, Patients::of(&table, &manifest.layout));
        if content != *digest || manifest.content != *digest {
            return Err(SnapshotError::Changed { file: place.join(manifest::MANIFEST) });
        }
        Ok(Snapshot { manifest, table })
    }

    /// Reserves the directory for writing, and puts in order what a killed process left; or says that
    /// somebody else is writing.
    pub fn reserve(&self) -> Result<Reservation<'_>, SnapshotError> {
        Ok(Reservation { snapshots: self, _lock: lock::Lock::take(&self.directory)? })
    }

    /// The patients of a snapshot, in the order of their keys, each with the start of the digest of what is
    /// said about them.
    pub(crate) fn contents(
        &self,
        manifest: &SnapshotManifest,
    ) -> Result<
        impl Iterator<Item = Result<(PatientKey, PatientContent), SnapshotError>> + use<>,
        SnapshotError,
    > {
        let (place, file) = (self.place(&manifest.content), &manifest.patients_file);
        let path = place.join(&file.name);
        let changed = move || SnapshotError::Changed { file: path.clone() };
        let bytes = stored_file::read(&place, manifest, file, self.key.as_ref())?;
        let contents = read::contents(bytes).map_err(|_| changed())?;
        Ok(contents.map(move |patient| patient.map_err(|_| changed())))
    }

    fn place(&self, digest: &Digest) -> PathBuf {
        self.directory.join(digest.hex())
    }

    /// The manifest of a snapshot that is there and was found to hold what it says.
    fn verified(&self, digest: &Digest) -> Result<SnapshotManifest, SnapshotError> {
        Ok(self.open(digest)?.manifest)
    }

    fn table(&self, place: &Path, manifest: &SnapshotManifest) -> Result<Table, SnapshotError> {
        let changed = |file: &StoredFile| SnapshotError::Changed { file: place.join(&file.name) };
        let read = |file: &StoredFile| stored_file::read(place, manifest, file, self.key.as_ref());
        let (layout, file) = (&manifest.layout, &manifest.patients_file);
        let (patients, about) = read::patients(read(file)?, layout).map_err(|_| changed(file))?;
        let mut forms = Vec::new();
        for (form, file) in layout.forms.iter().zip(&manifest.form_files) {
            let table = read::form(read(file)?, form, &layout.events, &patients);
            forms.push(table.map_err(|_| changed(file))?);
        }
        Ok(Table { patients, about, events: layout.events.clone(), forms })
    }
}

impl Snapshot {
    /// What the snapshot is, without its rows.
    pub fn manifest(&self) -> &SnapshotManifest {
        &self.manifest
    }

    /// Everything it says.
    pub fn table(&self) -> &Table {
        &self.table
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

/// The hashes of the snapshots in a directory.
fn digests(directory: &Path) -> Result<Vec<Digest>, SnapshotError> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(at(directory))?,
    };
    let mut digests = Vec::new();
    for entry in entries {
        let name = entry.map_err(at(directory))?.file_name();
        digests.extend(name.to_str().and_then(|hex| format!("sha256:{hex}").parse::<Digest>().ok()));
    }
    Ok(digests)
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> SnapshotError {
    let path = path.to_owned();
    move |source| SnapshotError::System { path, source }
}

#[cfg(test)]
mod tests;
