//! Consent withdrawn: every snapshot that holds the patient is rewritten without them, and the old one destroyed.
//!
//! First the patient's keyed hash goes into `erased.keys`, so that no later import lets them in again. Then,
//! snapshot by snapshot: the new one is written, what replaces what is noted in `erasing.json`, and the old one
//! is renamed out of the way, overwritten as well as the file system lets itself be told, and removed. Whatever
//! interrupts this, the next erasure goes on where it stopped and reports everything that was replaced since the
//! last report was recorded.

use std::fs;
use std::io;
use std::path::PathBuf;

use notochord_proto::digest::Digest;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::lock::DOOMED_PREFIX;
use super::manifest::{FORMAT, HistoryStep, SnapshotManifest};
use super::patients::Patients;
use super::place::{destroy_directory, replace, sync_directory};
use super::write::{Origin, SnapshotWriter};
use super::{Reservation, SnapshotError, Snapshots, at, digests};
use crate::erased::{ERASED, Erased, ErasedError};
use crate::record_key::RecordKey;

const JOURNAL: &str = "erasing.json";

/// What an erasure did. It says nothing of the patient.
pub struct Erasure {
    /// The snapshots that held the patient, and what took their place.
    pub replaced: Vec<Replaced>,
    journal: PathBuf,
}

/// A snapshot that is no longer there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replaced {
    /// The snapshot that held a patient who withdrew. It is destroyed.
    pub snapshot: Digest,
    /// The same without them; nothing where nobody was left, or where it was of a format that this version
    /// cannot read.
    pub by: Option<Digest>,
}

/// Why an erasure is not complete. What is done is done; asked again, it goes on.
#[derive(Debug, thiserror::Error)]
pub enum EraseError {
    /// The list of withdrawn patients.
    #[error(transparent)]
    Erased(#[from] ErasedError),
    /// A snapshot.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
}

impl Erasure {
    /// Says that the report is where it belongs, so that it is not made again.
    pub fn recorded(self) -> io::Result<()> {
        match fs::remove_file(&self.journal) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }
}

impl Snapshots {
    /// The patients who withdrew and are left out of imports.
    pub fn erased(&self) -> Result<Erased, ErasedError> {
        Erased::read(&self.directory.join(ERASED))
    }

    /// Erases the patient of a record id, as exports write it, from every snapshot and from later imports.
    pub fn erase(
        &self,
        key: &RecordKey,
        record_id: &str,
        now: OffsetDateTime,
    ) -> Result<Erasure, EraseError> {
        let reserved = self.reserve()?;
        let mut erased = self.erased()?;
        erased.insert(key.patient(record_id.trim()));
        erased.write(&self.directory.join(ERASED))?;
        self.carry_out(&reserved, &erased, now)
    }

    fn carry_out(
        &self,
        reserved: &Reservation<'_>,
        erased: &Erased,
        now: OffsetDateTime,
    ) -> Result<Erasure, EraseError> {
        let journal = self.directory.join(JOURNAL);
        let mut replaced: Vec<Replaced> = match fs::read(&journal) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            bytes => serde_json::from_slice(&bytes.map_err(at(&journal))?)
                .map_err(|_| SnapshotError::Changed { file: journal.clone() })?,
        };
        for snapshot in digests(&self.directory)? {
            let by = match SnapshotManifest::read(&self.place(&snapshot)) {
                // Nothing can be answered from it any more, and nobody can tell who is in it.
                Err(SnapshotError::OtherFormat { format, .. }) if format < FORMAT => None,
                manifest => {
                    let manifest = manifest?;
                    if !self.holds(&manifest, erased)? {
                        continue;
                    }
                    self.without(reserved, manifest, erased, now)?
                }
            };
            if replaced.iter().all(|one| one.snapshot != snapshot) {
                replaced.push(Replaced { snapshot, by });
                let text = serde_json::to_vec(&replaced).map_err(io::Error::from).map_err(at(&journal))?;
                replace(&journal, &text).map_err(at(&journal))?;
            }
            self.destroy(&snapshot)?;
        }
        Ok(Erasure { replaced, journal })
    }

    fn holds(&self, manifest: &SnapshotManifest, erased: &Erased) -> Result<bool, SnapshotError> {
        for patient in self.contents(manifest)? {
            if erased.contains(&patient?.0) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Writes a snapshot again without some of its patients; nothing where nobody is left.
    fn without(
        &self,
        reserved: &Reservation<'_>,
        manifest: SnapshotManifest,
        erased: &Erased,
        now: OffsetDateTime,
    ) -> Result<Option<Digest>, SnapshotError> {
        let snapshot = self.open(&manifest.content)?;
        let mut writer = SnapshotWriter::create(reserved, &manifest.layout)?;
        let mut left = 0_u64;
        for patient in Patients::of(&snapshot.table, &manifest.layout) {
            if !erased.contains(&patient.key) {
                writer.push(&patient)?;
                left += 1;
            }
        }
        if left == 0 {
            return Ok(None);
        }
        let mut history = manifest.history;
        history.push(HistoryStep::Erased { from: manifest.content, at: now });
        let (sources, imported_at, software) = (manifest.sources, manifest.imported_at, manifest.software);
        let written = writer.finish(Origin { sources, imported_at, software, history })?;
        Ok(Some(written.manifest().content))
    }

    fn destroy(&self, snapshot: &Digest) -> Result<(), SnapshotError> {
        let place = self.place(snapshot);
        let doomed = self.directory.join(format!("{DOOMED_PREFIX}{}", snapshot.hex()));
        fs::rename(&place, &doomed).map_err(at(&place))?;
        sync_directory(&self.directory).map_err(at(&self.directory))?;
        destroy_directory(&doomed).map_err(at(&doomed))?;
        sync_directory(&self.directory).map_err(at(&self.directory))
    }
}

#[cfg(test)]
mod tests;
