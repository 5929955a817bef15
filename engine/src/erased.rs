//! Patients who withdrew their consent: whoever imports leaves them out.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::record_key::PatientKey;
use crate::snapshot::place::replace;

/// The file that remembers them, beside the snapshots.
pub(crate) const ERASED: &str = "erased.keys";

/// The keyed hashes of the patients who withdrew. They are needed to keep them out of later imports, and tell
/// nobody without the centre's record key who they are.
#[derive(Clone, Default)]
pub struct Erased(BTreeSet<PatientKey>);

/// Why the list of withdrawn patients cannot be used. Without it nothing is imported.
#[derive(Debug, thiserror::Error)]
pub enum ErasedError {
    /// A line that is no keyed hash.
    #[error("{}:{line}: not the keyed hash of a patient, 32 hexadecimal digits; restore the file", file.display())]
    NoHash {
        /// The file.
        file: PathBuf,
        /// The line.
        line: usize,
    },
    /// The system refused.
    #[error("{}: {source}", file.display())]
    System {
        /// The file.
        file: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

impl Erased {
    /// The patients whom a file lists, a keyed hash a line; nobody if there is no file.
    pub fn read(path: &Path) -> Result<Self, ErasedError> {
        let text = match fs::read_to_string(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            text => text.map_err(|source| ErasedError::System { file: path.into(), source })?,
        };
        let keys =
            text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).map(|(before, line)| {
                let mut key = [0; PatientKey::BYTES];
                hex::decode_to_slice(line.trim(), &mut key)
                    .map_err(|_| ErasedError::NoHash { file: path.into(), line: before + 1 })?;
                Ok(PatientKey(key))
            });
        Ok(Self(keys.collect::<Result<_, _>>()?))
    }

    /// How many withdrew.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nobody withdrew.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn contains(&self, patient: &PatientKey) -> bool {
        self.0.contains(patient)
    }

    pub(crate) fn insert(&mut self, patient: PatientKey) {
        self.0.insert(patient);
    }

    /// Writes the file, whole or not at all.
    pub(crate) fn write(&self, path: &Path) -> Result<(), ErasedError> {
        let text: String = self.0.iter().map(|key| format!("{}\n", hex::encode(key.0))).collect();
        replace(path, text.as_bytes()).map_err(|source| ErasedError::System { file: path.into(), source })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use tempfile::TempDir;

    use super::*;
    use crate::record_key::RecordKey;

    #[test]
    fn the_list_is_read_back_and_no_file_is_an_empty_list() {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join(ERASED);
        assert!(Erased::read(&path).unwrap().is_empty());
        let mut erased = Erased::default();
        let key = RecordKey::from_bytes([7; 32]);
        erased.insert(key.patient("P1"));
        erased.insert(key.patient("P2"));
        erased.insert(key.patient("P1"));
        erased.write(&path).unwrap();
        let erased = Erased::read(&path).unwrap();
        assert_eq!(erased.len(), 2);
        assert!(erased.contains(&key.patient("P2")) && !erased.contains(&key.patient("P3")));
    }

    #[test]
    fn a_line_that_is_no_keyed_hash_stops_the_import_rather_than_letting_a_patient_back_in() {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join(ERASED);
        fs::write(&path, "b373bf22f2ce4364721636679a54e066\n\nb373\n").unwrap();
        let error = Erased::read(&path).err().unwrap().to_string();
        assert!(
            error.ends_with(":3: not the keyed hash of a patient, 32 hexadecimal digits; restore the file")
        );
    }
}
