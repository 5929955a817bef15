//! Files that no manifest names any more.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::manifest::{MANIFEST, SnapshotManifest};
use super::place::{destroy_file, sync_directory};
use super::{SnapshotError, at, digests};

/// Destroys what lies in the snapshots' directories beside the files of their manifests: what was left when
/// files were sealed with another key.
pub(super) fn tidy(directory: &Path) -> Result<(), SnapshotError> {
    digests(directory)?.iter().try_for_each(|digest| tidy_snapshot(&directory.join(digest.hex())))
}

/// The same for one snapshot.
pub(super) fn tidy_snapshot(place: &Path) -> Result<(), SnapshotError> {
    // A snapshot that cannot be read is not tidied; whoever opens it is told.
    let Ok(manifest) = SnapshotManifest::read(place) else { return Ok(()) };
    let mut named: HashSet<PathBuf> = manifest.files().map(|file| place.join(&file.name)).collect();
    named.insert(place.join(MANIFEST));
    for within in [place.to_owned(), place.join("forms")] {
        if !within.is_dir() {
            continue;
        }
        let mut changed = false;
        for entry in fs::read_dir(&within).map_err(at(&within))? {
            let path = entry.map_err(at(&within))?.path();
            if path.is_file() && !named.contains(&path) {
                destroy_file(&path).map_err(at(&path))?;
                changed = true;
            }
        }
        if changed {
            sync_directory(&within).map_err(at(&within))?;
        }
    }
    Ok(())
}
