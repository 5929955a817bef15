//! A snapshot's directory: written beside its place, durable before it is renamed into it, private to its
//! owner.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use notochord_proto::digest::Digest;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::manifest::{FORMAT, SnapshotManifest};
use super::{SnapshotError, patients};
use crate::rows::Rows;

pub(super) const MANIFEST: &str = "manifest.json";
pub(super) const PATIENTS: &str = "patients.parquet";

/// Directories under way start so; one import works at a time, so a leftover is from an import that was
/// killed.
const DRAFT_PREFIX: &str = ".importing-";
/// The most bytes of a manifest that are read.
const LONGEST_MANIFEST: u64 = 64 << 20;

/// A snapshot that is not yet in its place. Dropped, it leaves nothing.
pub(super) struct Draft {
    directory: PathBuf,
    draft: PathBuf,
}

impl Draft {
    /// Starts a snapshot beside its place and removes what killed imports left.
    pub(super) fn create(directory: &Path, content: &Digest) -> Result<Self, SnapshotError> {
        private_directory(directory).map_err(at(directory))?;
        for entry in fs::read_dir(directory).map_err(at(directory))? {
            let path = entry.map_err(at(directory))?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            if name.is_some_and(|name| name.starts_with(DRAFT_PREFIX)) {
                fs::remove_dir_all(&path).map_err(at(&path))?;
            }
        }
        let draft = directory.join(format!("{DRAFT_PREFIX}{}", content.hex()));
        private_directory(&draft).map_err(at(&draft))?;
        Ok(Self { directory: directory.into(), draft })
    }

    /// Writes `patients.parquet`; the digest of its bytes.
    pub(super) fn write_rows(&self, rows: &Rows) -> Result<Digest, SnapshotError> {
        let path = self.draft.join(PATIENTS);
        let file = private_file(&path).map_err(at(&path))?;
        let file =
            patients::write(file, rows).map_err(|_| SnapshotError::Unwritable { file: path.clone() })?;
        file.sync_all().map_err(at(&path))?;
        digest_of(&path).map_err(at(&path))
    }

    /// Writes `manifest.json`.
    pub(super) fn write_manifest(&self, manifest: &SnapshotManifest) -> Result<(), SnapshotError> {
        let path = self.draft.join(MANIFEST);
        let text = serde_json::to_string_pretty(manifest).map_err(io::Error::from).map_err(at(&path))?;
        let mut file = private_file(&path).map_err(at(&path))?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(at(&path))
    }

    /// Puts the snapshot in its place.
    pub(super) fn publish(self, place: &Path) -> Result<(), SnapshotError> {
        sync_directory(&self.draft).map_err(at(&self.draft))?;
        fs::rename(&self.draft, place).map_err(at(place))?;
        sync_directory(&self.directory).map_err(at(&self.directory))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Published, it is no longer there; otherwise the next import tries again.
        let _ = fs::remove_dir_all(&self.draft);
    }
}

/// Reads the manifest of the snapshot at `place`.
pub(super) fn read_manifest(place: &Path) -> Result<SnapshotManifest, SnapshotError> {
    #[derive(Deserialize)]
    struct Format {
        format: u32,
    }
    let path = place.join(MANIFEST);
    let mut text = Vec::new();
    let file = File::open(&path).map_err(at(&path))?;
    file.take(LONGEST_MANIFEST).read_to_end(&mut text).map_err(at(&path))?;
    match serde_json::from_slice(&text) {
        Ok(Format { format: FORMAT }) => {
            serde_json::from_slice(&text).map_err(|_| SnapshotError::Changed { file: path })
        }
        Ok(Format { format }) => Err(SnapshotError::OtherFormat { file: path, format }),
        Err(_) => Err(SnapshotError::Changed { file: path }),
    }
}

/// Reads the rows of the snapshot at `place`. The file's digest is checked first, so that only bytes that
/// this room wrote reach the decoder.
pub(super) fn read_rows(place: &Path, manifest: &SnapshotManifest) -> Result<Rows, SnapshotError> {
    let path = place.join(PATIENTS);
    if digest_of(&path).map_err(at(&path))? != manifest.parquet {
        return Err(SnapshotError::Changed { file: path });
    }
    let file = File::open(&path).map_err(at(&path))?;
    patients::read(file, &manifest.variables).map_err(|_| SnapshotError::Changed { file: path })
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> SnapshotError {
    let path = path.to_owned();
    move |source| SnapshotError::System { path, source }
}

fn digest_of(path: &Path) -> io::Result<Digest> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut block = [0; 1 << 16];
    loop {
        match file.read(&mut block)? {
            0 => return Ok(Digest::from_bytes(hash.finalize().into())),
            read => hash.update(&block[..read]),
        }
    }
}

fn private_directory(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Makes the names in a directory durable. Only Unix lets a directory be opened for that.
fn sync_directory(path: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
}
