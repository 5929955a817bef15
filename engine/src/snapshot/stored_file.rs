//! The files of a snapshot: hashed as they are written, sealed where there is a key, and proven before they are
//! decoded.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read as _, Write};
use std::path::Path;

use bytes::Bytes;
use notochord_proto::digest::Digest;
use sha2::{Digest as _, Sha256};

use super::key::SnapshotKey;
use super::manifest::{SnapshotManifest, StoredFile};
use super::place::{private_directory, private_file};
use super::{SnapshotError, at};
use crate::sealed::{Sealer, UnsealError, Unsealer};

/// The longest name of a form that names its file.
const LONGEST_FORM: usize = 100;

/// What the patients' file is called.
pub(super) fn patients_file(key: Option<&SnapshotKey>) -> String {
    file_name("patients", key)
}

/// What a form's file is called.
pub(super) fn form_file(position: usize, form: &str, key: Option<&SnapshotKey>) -> String {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let named = !form.is_empty() && form.len() <= LONGEST_FORM && form.bytes().all(plain);
    match named {
        true => file_name(&format!("forms/{form}"), key),
        false => file_name(&format!("forms/form-{}", position + 1), key),
    }
}

/// A sealed file names its key, so that one file can be written beside the other when the key changes.
fn file_name(stem: &str, key: Option<&SnapshotKey>) -> String {
    match key {
        None => format!("{stem}.parquet"),
        Some(key) => format!("{stem}.{}.sealed", key.id()),
    }
}

/// A file under way. What it is sealed with never touches the disk, and neither does anything plain then.
pub(super) enum FileWriter {
    Plain(BufWriter<Hashed>),
    Sealed(Box<Sealer<BufWriter<Hashed>>>),
}

impl FileWriter {
    /// A new file of the snapshot at `place`.
    pub(super) fn create(place: &Path, name: &str, key: Option<&SnapshotKey>) -> io::Result<Self> {
        let path = place.join(name);
        path.parent().map_or(Ok(()), private_directory)?;
        let file = BufWriter::new(Hashed { file: private_file(&path)?, hash: Sha256::new() });
        Ok(match key {
            None => Self::Plain(file),
            Some(key) => Self::Sealed(Box::new(Sealer::new(file, key.sealing())?)),
        })
    }

    /// Makes the file durable; the digest of its bytes.
    pub(super) fn finish(self) -> io::Result<Digest> {
        let file = match self {
            Self::Plain(file) => file,
            Self::Sealed(sealer) => sealer.finish()?,
        };
        let Hashed { file, hash } = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        Ok(Digest::from_bytes(hash.finalize().into()))
    }
}

impl Write for FileWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(file) => file.write(bytes),
            Self::Sealed(sealer) => sealer.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(file) => file.flush(),
            Self::Sealed(sealer) => sealer.flush(),
        }
    }
}

/// A file and the digest of what was written to it.
pub(super) struct Hashed {
    file: File,
    hash: Sha256,
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.hash.update(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// The plain bytes of a file, in memory: those whose digest the manifest has, so that only what this room wrote
/// reaches a decoder.
pub(super) fn read(
    place: &Path,
    manifest: &SnapshotManifest,
    file: &StoredFile,
    key: Option<&SnapshotKey>,
) -> Result<Bytes, SnapshotError> {
    let path = place.join(&file.name);
    let stored = fs::read(&path).map_err(at(&path))?;
    if Digest::of(&stored) != file.digest {
        return Err(SnapshotError::Changed { file: path });
    }
    let Some(id) = &manifest.sealed_with else { return Ok(stored.into()) };
    let other_key = || SnapshotError::OtherKey { file: path.clone(), key: id.clone() };
    let key = key.ok_or_else(|| SnapshotError::NoKey { file: path.clone(), key: id.clone() })?;
    let mut plain = Vec::with_capacity(stored.len());
    let unsealed = Unsealer::new(stored.as_slice(), key.sealing())
        .and_then(|mut unsealer| Ok(unsealer.read_to_end(&mut plain)?));
    match unsealed {
        Ok(_) => Ok(plain.into()),
        Err(UnsealError::OtherKey) => Err(other_key()),
        Err(_) => Err(SnapshotError::Changed { file: path }),
    }
}
