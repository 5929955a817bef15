//! One at a time: whoever writes snapshots holds the directory, and puts in order what a killed one left.

use std::fs::{self, File, TryLockError};
use std::path::Path;

use super::place::{destroy_directory, lock_file, private_directory, sync_directory};
use super::{SnapshotError, at, leftovers};

const LOCK: &str = ".lock";
/// Snapshots under way begin so.
pub(super) const DRAFT_PREFIX: &str = ".importing-";
/// Snapshots to be destroyed begin so.
pub(super) const DOOMED_PREFIX: &str = ".destroying-";

/// The right to write, until it is dropped; the system takes it back from a process that is killed.
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the directory, or says that somebody has it. Then removes what killed imports left and goes on
    /// with destroying what was being destroyed.
    pub(super) fn take(directory: &Path) -> Result<Self, SnapshotError> {
        private_directory(directory).map_err(at(directory))?;
        let path = directory.join(LOCK);
        let file = lock_file(&path).map_err(at(&path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(SnapshotError::Busy { directory: directory.into() }),
            Err(TryLockError::Error(source)) => return Err(at(&path)(source)),
        }
        tidy(directory)?;
        Ok(Self { _file: file })
    }
}

fn tidy(directory: &Path) -> Result<(), SnapshotError> {
    for entry in fs::read_dir(directory).map_err(at(directory))? {
        let path = entry.map_err(at(directory))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with(DRAFT_PREFIX) || name.starts_with(DOOMED_PREFIX) {
            destroy_directory(&path).map_err(at(&path))?;
            sync_directory(directory).map_err(at(directory))?;
        }
    }
    leftovers::tidy(directory)
}
