//! A disk that loses what was not synced, and stops at a chosen write.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;

use crate::storage::{Document, Storage};

/// What a crash leaves of bytes that were written but not synced.
#[derive(Debug, Clone, Copy)]
pub(super) enum Tear {
    /// This many of them.
    Prefix(usize),
    /// As many zero bytes: the file grew, its data never came.
    Zeros,
}

/// Where the crash comes, and what it leaves.
#[derive(Debug, Clone, Copy)]
pub(super) struct Crash {
    pub(super) at_write: usize,
    pub(super) tear: Tear,
}

/// A disk in memory. Clones are handles of the same disk, as two processes have.
#[derive(Debug, Clone, Default)]
pub(super) struct FaultyStorage(Rc<RefCell<Disk>>);

#[derive(Debug, Default)]
struct Disk {
    log: Vec<u8>,
    /// How many bytes of the log would outlast a power cut.
    synced: usize,
    documents: BTreeMap<Document, Vec<u8>>,
    writes: usize,
    crash: Option<Crash>,
    failing_sync: bool,
    failing_checkpoint: bool,
}

impl FaultyStorage {
    pub(super) fn holding(log: &[u8], checkpoint: Option<&[u8]>) -> Self {
        let disk = Disk {
            log: log.to_vec(),
            synced: log.len(),
            documents: checkpoint.map(|bytes| (Document::Checkpoint, bytes.to_vec())).into_iter().collect(),
            ..Disk::default()
        };
        Self(Rc::new(RefCell::new(disk)))
    }

    /// Stops the disk at a write, counted from now.
    pub(super) fn crash(&self, crash: Crash) {
        let mut disk = self.0.borrow_mut();
        disk.writes = 0;
        disk.crash = Some(crash);
    }

    pub(super) fn fail_syncs(&self, failing: bool) {
        self.0.borrow_mut().failing_sync = failing;
    }

    pub(super) fn fail_checkpoints(&self, failing: bool) {
        self.0.borrow_mut().failing_checkpoint = failing;
    }

    /// The disk after the power came back.
    pub(super) fn after_power_cut(&self) -> Self {
        let disk = self.0.borrow();
        let mut log = disk.log.clone();
        if let Some(Crash { tear, .. }) = disk.crash {
            let unsynced = log.len() - disk.synced.min(log.len());
            match tear {
                Tear::Prefix(kept) => log.truncate(log.len() - unsynced + kept.min(unsynced)),
                Tear::Zeros => {
                    let synced = log.len() - unsynced;
                    log[synced..].fill(0);
                }
            }
        }
        let after = Self::holding(&log, None);
        after.0.borrow_mut().documents = disk.documents.clone();
        after
    }

    pub(super) fn contents(&self) -> (Vec<u8>, Option<Vec<u8>>) {
        let disk = self.0.borrow();
        (disk.log.clone(), disk.documents.get(&Document::Checkpoint).cloned())
    }
}

impl Disk {
    /// Whether this write still happens; `Err` from the one at which the disk stops.
    fn write(&mut self) -> io::Result<()> {
        self.writes += 1;
        match self.crash {
            Some(crash) if self.writes > crash.at_write => Err(io::Error::other("the power is gone")),
            _ => Ok(()),
        }
    }
}

impl Storage for FaultyStorage {
    type Lock = ();

    fn lock(&self) -> io::Result<()> {
        Ok(())
    }

    fn log_length(&self) -> io::Result<u64> {
        Ok(self.0.borrow().log.len() as u64)
    }

    fn read_log(&self, from: u64) -> io::Result<Vec<u8>> {
        Ok(self.0.borrow().log[from as usize..].to_vec())
    }

    fn append_log(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut disk = self.0.borrow_mut();
        let stopped = disk.writes == disk.crash.map_or(usize::MAX, |crash| crash.at_write);
        let result = disk.write();
        // The write at which the power goes reaches the disk's cache, and what the tear leaves of it the
        // disk.
        if result.is_ok() || stopped {
            disk.log.extend(bytes);
        }
        result
    }

    fn sync_log(&mut self) -> io::Result<()> {
        let mut disk = self.0.borrow_mut();
        disk.write()?;
        if disk.failing_sync {
            return Err(io::Error::other("the disk is failing"));
        }
        disk.synced = disk.log.len();
        Ok(())
    }

    fn truncate_log(&mut self, length: u64) -> io::Result<()> {
        let mut disk = self.0.borrow_mut();
        disk.write()?;
        disk.log.truncate(length as usize);
        disk.synced = disk.log.len();
        Ok(())
    }

    fn read(&self, document: Document) -> io::Result<Option<Vec<u8>>> {
        Ok(self.0.borrow().documents.get(&document).cloned())
    }

    fn replace(&mut self, document: Document, bytes: &[u8]) -> io::Result<()> {
        let mut disk = self.0.borrow_mut();
        disk.write()?;
        if disk.failing_checkpoint {
            return Err(io::Error::other("the disk is full"));
        }
        disk.documents.insert(document, bytes.to_vec());
        Ok(())
    }

    fn sync_documents(&mut self) -> io::Result<()> {
        // Here a document lasts from the moment it is there.
        Ok(())
    }
}
