//! The key under which a centre's snapshots are sealed.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use zeroize::Zeroizing;

use super::place::private_file;
use crate::sealed::SealingKey;

const PREFIX: &str = "notochord-snapshot-key:";
/// The longest key file.
const LONGEST: u64 = 1 << 10;

/// The secret without which sealed snapshots cannot be read, by anybody, ever. It stays in memory while it is
/// used and is overwritten afterwards; no `Debug`, `Display` or `Serialize`.
#[derive(Clone)]
pub struct SnapshotKey(SealingKey);

/// Why a key file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotKeyError {
    /// Something else.
    #[error("{}: no snapshot key; the file of one begins with `{PREFIX}`", file.display())]
    NotAKey {
        /// The file.
        file: PathBuf,
    },
    /// A secret that is none.
    #[error("{}: others may read it; run `chmod 600 {}`", file.display(), file.display())]
    Open {
        /// The file.
        file: PathBuf,
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

impl SnapshotKey {
    /// Makes a new key and writes its file, readable by its owner only. An existing file is never replaced.
    pub fn create(path: &Path) -> Result<Self, SnapshotKeyError> {
        let system = |source| SnapshotKeyError::System { file: path.into(), source };
        let key = SealingKey::random().map_err(system)?;
        let text = Zeroizing::new(format!("{PREFIX}{}\n", *Zeroizing::new(BASE64.encode(key.bytes()))));
        let mut file = private_file(path).map_err(system)?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(system)?;
        Ok(Self(key))
    }

    /// Reads a key file.
    pub fn read(path: &Path) -> Result<Self, SnapshotKeyError> {
        let system = |source| SnapshotKeyError::System { file: path.into(), source };
        let not_a_key = || SnapshotKeyError::NotAKey { file: path.into() };
        let metadata = fs::metadata(path).map_err(system)?;
        #[cfg(unix)]
        if std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o077 != 0 {
            return Err(SnapshotKeyError::Open { file: path.into() });
        }
        if metadata.len() > LONGEST {
            return Err(not_a_key());
        }
        let mut text = Zeroizing::new(String::new());
        let file = File::open(path).map_err(system)?;
        match io::Read::read_to_string(&mut io::Read::take(file, LONGEST), &mut text) {
            Err(error) if error.kind() == io::ErrorKind::InvalidData => return Err(not_a_key()),
            read => read.map_err(system)?,
        };
        let digits = text.trim().strip_prefix(PREFIX).ok_or_else(not_a_key)?;
        let bytes = Zeroizing::new(BASE64.decode(digits).map_err(|_| not_a_key())?);
        let mut key = Zeroizing::new([0; 32]);
        if bytes.len() != key.len() {
            return Err(not_a_key());
        }
        key.copy_from_slice(&bytes);
        Ok(Self(SealingKey::from_bytes(key)))
    }

    /// Tells keys apart, and nothing else of them: 16 hexadecimal digits.
    pub fn id(&self) -> String {
        hex::encode(self.0.id().0)
    }

    pub(super) fn sealing(&self) -> &SealingKey {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn a_key_is_read_back_and_never_replaced() {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("snapshot.key");
        let key = SnapshotKey::create(&path).unwrap();
        assert_eq!(SnapshotKey::read(&path).unwrap().id(), key.id());
        assert!(SnapshotKey::create(&path).is_err());
        assert_ne!(SnapshotKey::create(&directory.path().join("other.key")).unwrap().id(), key.id());
    }

    #[test]
    fn a_file_that_is_no_key_is_refused_without_quoting_it() {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("snapshot.key");
        for text in ["", "notochord-snapshot-key:", "notochord-snapshot-key:AAAA", "secret", "\u{feff}"] {
            let _ = fs::remove_file(&path);
            private_file(&path).unwrap().write_all(text.as_bytes()).unwrap();
            let error = SnapshotKey::read(&path).err().unwrap().to_string();
            let expected = "no snapshot key; the file of one begins with `notochord-snapshot-key:`";
            assert_eq!(error, format!("{}: {expected}", path.display()));
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_others_may_read_is_refused_with_the_remedy() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("snapshot.key");
        SnapshotKey::create(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(SnapshotKey::read(&path).err().unwrap().to_string().contains("chmod 600"));
    }
}
