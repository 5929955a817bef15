//! Sealing snapshots with a key, with another key, or with none any more.
//!
//! The files under the new key are written beside the old ones, the manifest that names them takes the place of
//! the old one in one step, and the old files are destroyed. Interrupted, every snapshot is there under one key
//! or the other, and the next who writes removes what no manifest names.

use std::io::Write as _;

use super::key::SnapshotKey;
use super::manifest::{MANIFEST, SnapshotManifest, StoredFile};
use super::place::{replace, sync_directory};
use super::stored_file::{self, FileWriter, form_file, patients_file};
use super::{SnapshotError, Snapshots, at, leftovers};

impl Snapshots {
    /// Seals every snapshot with `new`, or stores it plain where that is none; returns how many were changed. What
    /// the snapshots say, and so their hashes, stays. From now on new snapshots are sealed with `new`, too.
    pub fn reseal(&mut self, new: Option<SnapshotKey>) -> Result<u64, SnapshotError> {
        let reserved = self.reserve()?;
        let mut changed = 0;
        for manifest in self.list()? {
            // Those that an interrupted change has reached already cannot be read with the old key.
            if manifest.sealed_with != new.as_ref().map(SnapshotKey::id) {
                self.reseal_one(manifest, new.as_ref())?;
                changed += 1;
            }
        }
        drop(reserved);
        self.key = new;
        Ok(changed)
    }

    fn reseal_one(&self, old: SnapshotManifest, new: Option<&SnapshotKey>) -> Result<(), SnapshotError> {
        let place = self.place(&old.content);
        let again = |file: &StoredFile, name: String| {
            let plain = stored_file::read(&place, &old, file, self.key.as_ref())?;
            let path = place.join(&name);
            let written = FileWriter::create(&place, &name, new)
                .and_then(|mut file| file.write_all(&plain).and_then(|()| file.finish()));
            Ok(StoredFile { name, digest: written.map_err(at(&path))? })
        };
        let patients_file = again(&old.patients_file, patients_file(new))?;
        let forms = old.layout.forms.iter().enumerate().zip(&old.form_files);
        let form_files = forms
            .map(|((position, form), file)| again(file, form_file(position, &form.form, new)))
            .collect::<Result<_, SnapshotError>>()?;
        for directory in [place.join("forms"), place.clone()] {
            if directory.is_dir() {
                sync_directory(&directory).map_err(at(&directory))?;
            }
        }
        let sealed_with = new.map(SnapshotKey::id);
        let manifest = SnapshotManifest { patients_file, form_files, sealed_with, ..old.clone() };
        let path = place.join(MANIFEST);
        manifest.to_bytes().and_then(|text| replace(&path, &text)).map_err(at(&path))?;
        leftovers::tidy_snapshot(&place)
    }
}

#[cfg(test)]
mod tests;
