//! Where a ledger's bytes lie.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

/// The few things a ledger asks of a disk. Tests put a failing one in its place.
pub trait Storage {
    /// Held by whoever reads or writes the ledger; dropping it lets the next one in.
    type Lock;

    /// Waits until nobody else holds the lock.
    fn lock(&self) -> io::Result<Self::Lock>;

    /// How many bytes the log has.
    fn log_length(&self) -> io::Result<u64>;

    /// The log from byte `from` to its end.
    fn read_log(&self, from: u64) -> io::Result<Vec<u8>>;

    /// Writes at the end of the log. It need not last until [`sync_log`](Self::sync_log) returns.
    fn append_log(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Returns once every byte of the log will outlast a power cut.
    fn sync_log(&mut self) -> io::Result<()>;

    /// Cuts the log to `length` bytes, to last.
    fn truncate_log(&mut self, length: u64) -> io::Result<()>;

    /// A document beside the log, if it is there.
    fn read(&self, document: Document) -> io::Result<Option<Vec<u8>>>;

    /// Puts a document in the place of the old one, to last: a crash leaves the old one or the new one.
    fn replace(&mut self, document: Document, bytes: &[u8]) -> io::Result<()>;

    /// Returns once the documents that can be read will outlast a power cut, whoever put them there.
    fn sync_documents(&mut self) -> io::Result<()>;
}

/// A small file beside the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Document {
    /// The newest checkpoint.
    Checkpoint,
    /// The newest checkpoint that witnesses have cosigned, with their cosignatures.
    Cosigned,
    /// Why nothing may be appended any more. There only where a witness's memory contradicted the ledger.
    Locked,
}

impl Document {
    /// The name of its file.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Checkpoint => "checkpoint",
            Self::Cosigned => "cosigned",
            Self::Locked => "locked",
        }
    }
}

/// A ledger in a folder: `ledger.log`, the documents beside it, `lock`.
#[derive(Debug)]
pub struct DirectoryStorage {
    directory: PathBuf,
    log: File,
}

/// An exclusive advisory lock on a ledger's folder.
#[derive(Debug)]
pub struct DirectoryLock(#[expect(dead_code, reason = "closing the file releases the lock")] File);

/// The most bytes of a document that are read: a checkpoint with the cosignatures of a thousand witnesses.
const MOST_DOCUMENT_BYTES: u64 = 512 * 1024;

impl DirectoryStorage {
    /// Opens the folder, making it and an empty log where they are missing.
    pub fn open(directory: impl Into<PathBuf>) -> io::Result<Self> {
        let directory = directory.into();
        fs::create_dir_all(&directory)?;
        let path = directory.join("ledger.log");
        let log = OpenOptions::new().read(true).append(true).create(true).open(path)?;
        sync_directory(&directory)?;
        Ok(Self { directory, log })
    }

    /// The folder.
    pub fn directory(&self) -> &Path {
        &self.directory
    }
}

impl Storage for DirectoryStorage {
    type Lock = DirectoryLock;

    fn lock(&self) -> io::Result<DirectoryLock> {
        let path = self.directory.join("lock");
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(path)?;
        file.lock()?;
        Ok(DirectoryLock(file))
    }

    fn log_length(&self) -> io::Result<u64> {
        Ok(self.log.metadata()?.len())
    }

    fn read_log(&self, from: u64) -> io::Result<Vec<u8>> {
        let mut log = &self.log;
        log.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        log.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn append_log(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.log.write_all(bytes)
    }

    fn sync_log(&mut self) -> io::Result<()> {
        self.log.sync_all()
    }

    fn truncate_log(&mut self, length: u64) -> io::Result<()> {
        self.log.set_len(length)?;
        self.log.sync_all()
    }

    fn read(&self, document: Document) -> io::Result<Option<Vec<u8>>> {
        let file = match File::open(self.directory.join(document.file_name())) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        let mut bytes = Vec::new();
        file.take(MOST_DOCUMENT_BYTES).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }

    fn replace(&mut self, document: Document, bytes: &[u8]) -> io::Result<()> {
        replace(&self.directory, document.file_name(), bytes)
    }

    fn sync_documents(&mut self) -> io::Result<()> {
        sync_directory(&self.directory)
    }
}

/// Puts a file in the place of the one of that name, so that a crash leaves the old one or the new one.
pub(crate) fn replace(directory: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let temporary = directory.join(format!("{name}.new"));
    let mut file = File::create(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, directory.join(name))?;
    sync_directory(directory)
}

/// Makes the names in a folder outlast a power cut.
pub(crate) fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}
