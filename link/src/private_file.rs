//! Files that only their owner may read, and files that appear whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use notochord_proto::keys::{KeyError, SecretKey};
use notochord_proto::problem::{Place, Problem};
use zeroize::Zeroizing;

/// The most bytes a key file may have.
const MOST_BYTES: u64 = 64 << 10;

/// Writes `bytes` to `path`, readable by its owner only. An existing file is never replaced.
pub fn create_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Reads a private file; on Unix one that others may read is refused, with the remedy.
pub fn read_private(path: &Path) -> io::Result<Zeroizing<String>> {
    let metadata = fs::metadata(path)?;
    if metadata.len() > MOST_BYTES {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "too large for a key file"));
    }
    #[cfg(unix)]
    if std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o077 != 0 {
        let message = format!("others may read it; run `chmod 600 {}`", path.display());
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, message));
    }
    fs::read_to_string(path).map(Zeroizing::new)
}

/// Reads a signing key.
pub fn read_signing_key(path: &Path) -> Result<SecretKey, Problem> {
    let problem = |message: String| Problem::new(Place::file(path.display().to_string()), message);
    let text = read_private(path).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData => problem(KeyError::Secret.to_string()),
        io::ErrorKind::NotFound => problem("there is no such key file; restore it, or name another".into()),
        _ => problem(error.to_string()),
    })?;
    SecretKey::from_file_text(&text).map_err(|error| problem(error.to_string()))
}

/// Makes a directory (and its parents) that only its owner may enter.
pub fn create_private_directory(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Replaces `path` by `bytes` so that a crash leaves the old file or the new one, never a part.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // Two processes that replace one file must not write into each other's.
    let temporary = path.with_extension(format!("{}.new", std::process::id()));
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    match path.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => File::open(directory)?.sync_all(),
        _ => Ok(()),
    }
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_key_file_that_others_may_read_is_refused_with_the_remedy() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        create_private(&path, b"secret").unwrap();
        assert_eq!(read_private(&path).unwrap().as_str(), "secret");
        assert!(create_private(&path, b"other").is_err(), "an existing key is never replaced");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(read_private(&path).unwrap_err().to_string().contains("chmod 600"));
    }
}
