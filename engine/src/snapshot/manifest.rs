//! What a snapshot is, without its rows.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Component, Path};

use notochord_proto::digest::Digest;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::layout::Layout;
use super::{SnapshotError, at};
/// The version of the layout of a snapshot's files.
pub(super) const FORMAT: u32 = 2;

/// The file.
pub(super) const MANIFEST: &str = "manifest.json";
/// The most bytes of a manifest that are read.
const LONGEST_MANIFEST: u64 = 64 << 20;

/// `manifest.json`: what a snapshot is and where it came from. Its counts are exact, so it stays at the centre.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnapshotManifest {
    /// The version of the snapshot's files.
    pub format: u32,
    /// The hash of the logical content, which names the snapshot.
    pub content: Digest,
    /// Dictionary, events, forms and variables.
    pub layout: Layout,
    /// How many patients.
    pub patients: u64,
    /// How many entries each form has, in the order of the layout.
    pub entries: Vec<u64>,
    /// The files the rows came from.
    pub sources: Vec<Source>,
    /// When they were imported.
    #[serde(with = "time::serde::rfc3339")]
    pub imported_at: OffsetDateTime,
    /// The software that imported them.
    pub software: String,
    /// What was done to the rows since, oldest first.
    pub history: Vec<HistoryStep>,
    /// The identifier of the key its files are sealed with, if they are.
    pub sealed_with: Option<String>,
    /// The file of the patients.
    pub patients_file: StoredFile,
    /// The file of each form, in the order of the layout.
    pub form_files: Vec<StoredFile>,
}

/// A file that was imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Its name, as given.
    pub file: String,
    /// The digest of its bytes.
    pub digest: Digest,
    /// How many rows it has.
    pub rows: u64,
}

/// Something that was done to a snapshot and made it another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "step", deny_unknown_fields)]
pub enum HistoryStep {
    /// A patient withdrew.
    Erased {
        /// The snapshot before, which is destroyed.
        from: Digest,
        /// When.
        #[serde(with = "time::serde::rfc3339")]
        at: OffsetDateTime,
    },
    /// The dictionary changed.
    Migrated {
        /// The snapshot before, which is still there.
        from: Digest,
        /// The version of its dictionary.
        version: String,
        /// When.
        #[serde(with = "time::serde::rfc3339")]
        at: OffsetDateTime,
    },
}

/// A file of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredFile {
    /// Its name within the snapshot's directory.
    pub name: String,
    /// The digest of its bytes, checked before they are decoded.
    pub digest: Digest,
}

impl SnapshotManifest {
    /// Every file of the snapshot but the manifest.
    pub fn files(&self) -> impl Iterator<Item = &StoredFile> {
        std::iter::once(&self.patients_file).chain(&self.form_files)
    }

    /// Reads the manifest of the snapshot at `place`.
    pub(super) fn read(place: &Path) -> Result<Self, SnapshotError> {
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let path = place.join(MANIFEST);
        let mut text = Vec::new();
        let file = File::open(&path).map_err(at(&path))?;
        file.take(LONGEST_MANIFEST).read_to_end(&mut text).map_err(at(&path))?;
        match serde_json::from_slice(&text) {
            Ok(Format { format: FORMAT }) => match serde_json::from_slice(&text) {
                Ok(manifest) if Self::is_consistent(&manifest) => Ok(manifest),
                _ => Err(SnapshotError::Changed { file: path }),
            },
            Ok(Format { format }) => Err(SnapshotError::OtherFormat { file: path, format }),
            Err(_) => Err(SnapshotError::Changed { file: path }),
        }
    }

    pub(super) fn to_bytes(&self) -> io::Result<Vec<u8>> {
        Ok(serde_json::to_vec_pretty(self)?)
    }

    /// Whether its lists belong together and its files lie within the snapshot.
    fn is_consistent(&self) -> bool {
        let forms = self.layout.forms.len();
        let within = |file: &StoredFile| {
            let mut parts = Path::new(&file.name).components();
            !file.name.is_empty() && parts.all(|part| matches!(part, Component::Normal(_)))
        };
        self.entries.len() == forms && self.form_files.len() == forms && self.files().all(within)
    }
}
