//! Files and directories that only their owner may enter, that are durable before they are relied on, and that
//! are overwritten before they are removed where they hold patients who withdrew.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write as _};
use std::path::Path;

/// What is written at a time where a file is overwritten.
const BLOCK: usize = 64 << 10;

pub(super) fn private_directory(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// A new file; one that exists is never replaced.
pub(crate) fn private_file(path: &Path) -> io::Result<File> {
    open_private(path, OpenOptions::new().write(true).create_new(true))
}

fn open_private(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options.open(path)
}

/// A file that is there as long as the directory is, for locking.
pub(super) fn lock_file(path: &Path) -> io::Result<File> {
    open_private(path, OpenOptions::new().write(true).create(true).truncate(false))
}

/// Replaces `path` by `bytes`: a crash leaves the old file or the new one, never a part.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft = path.with_extension("new");
    let mut file = open_private(&draft, OpenOptions::new().write(true).create(true).truncate(true))?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    path.parent().map_or(Ok(()), sync_directory)
}

/// Makes the names in a directory durable. Only Unix lets a directory be opened for that.
pub(super) fn sync_directory(path: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
}

/// Overwrites a file as well as the file system lets itself be told, and removes it.
pub(super) fn destroy_file(path: &Path) -> io::Result<()> {
    if fs::symlink_metadata(path)?.is_file() {
        let mut file = OpenOptions::new().write(true).open(path)?;
        let mut left = file.metadata()?.len();
        file.seek(SeekFrom::Start(0))?;
        let block = vec![0; BLOCK];
        while left > 0 {
            let count = usize::try_from(left).unwrap_or(BLOCK).min(BLOCK);
            file.write_all(&block[..count])?;
            left -= count as u64;
        }
        file.sync_all()?;
    }
    fs::remove_file(path)
}

/// Destroys every file below a directory, and the directory. What is gone already is no error, so that it can
/// be taken up again where it was interrupted.
pub(super) fn destroy_directory(path: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            destroy_directory(&entry.path())
        } else {
            destroy_file(&entry.path())
        }?;
    }
    fs::remove_dir(path)
}
