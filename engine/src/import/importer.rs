//! An import: files in, one snapshot out.
//!
//! Rows are read one after the other, sorted by patient outside memory, put together patient by patient and
//! written as they are put together. What is held at once is [`MEMORY`] and one patient, however long the files
//! are. Until the last step nothing has a name on the disk, so an import that fails or is killed leaves the
//! previous snapshot in force and nothing else.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use notochord_proto::dictionary::Dictionary;
use notochord_proto::digest::Digest;
use time::OffsetDateTime;

use super::sink::Sink;
use super::together::{Account, Together};
use super::{FileReport, Finding, ImportError, Reading, read_file, read_text};
use crate::assemble::Files;
use crate::erased::Erased;
use crate::linkage::Linkage;
use crate::patient::Patient;
use crate::quality::{self, Change, ChangeCounter, Gatherer, LastSnapshot, Quality, QuarantineList};
use crate::record::Record;
use crate::record_key::{PatientKey, RecordKey};
use crate::schema::Schema;
use crate::snapshot::content::{ContentHash, PatientContent};
use crate::snapshot::write::{Origin, SnapshotWriter};
use crate::snapshot::{Layout, Reservation, Snapshots, Source, Written};
use crate::sort::Sorter;

/// The bytes of rows that an import holds before it sorts them to disk. It takes about twice that, and what the
/// longest patient takes.
pub const MEMORY: usize = 64 << 20;
/// The same for the keyed hashes of persons.
const LINKAGE_MEMORY: usize = 8 << 20;
/// The most files of one import.
pub const MOST_FILES: usize = 1_000;

/// An import under way.
pub struct Importer<'a> {
    dictionary: &'a Dictionary,
    key: &'a RecordKey,
    schema: Schema,
    scratch: PathBuf,
    rows: Sorter,
    erased: Erased,
    left_out: BTreeSet<PatientKey>,
    files: Vec<FileReport>,
    account: Account<'a>,
}

/// What an import kept.
pub struct Imported {
    /// The snapshot.
    pub written: Written,
    /// What was read, kept and quarantined.
    pub quality: Quality,
}

/// What an import would keep.
pub struct Checked {
    /// The hash of the snapshot it would be.
    pub content: Digest,
    /// What was read, and would be kept and quarantined.
    pub quality: Quality,
}

impl<'a> Importer<'a> {
    /// An import that sorts its rows, sealed and without names, on the file system of `scratch`.
    pub fn new(dictionary: &'a Dictionary, key: &'a RecordKey, scratch: &Path) -> Result<Self, ImportError> {
        Self::with_memory(dictionary, key, scratch, MEMORY)
    }

    pub(crate) fn with_memory(
        dictionary: &'a Dictionary,
        key: &'a RecordKey,
        scratch: &Path,
        memory: usize,
    ) -> Result<Self, ImportError> {
        let schema = Schema::of(dictionary);
        let account = Account { quality: Gatherer::new(dictionary, &schema), list: None };
        Ok(Self {
            dictionary,
            key,
            schema,
            scratch: scratch.into(),
            rows: Sorter::new(scratch, memory)?,
            erased: Erased::default(),
            left_out: BTreeSet::new(),
            files: Vec::new(),
            account,
        })
    }

    /// Leaves out the patients who withdrew.
    pub fn leave_out(mut self, erased: Erased) -> Self {
        self.erased = erased;
        self
    }

    /// Lists every finding, as it is found, in a CSV that stays at the centre.
    pub fn list_findings(mut self, list: impl Write + 'a) -> Result<Self, ImportError> {
        let list: Box<dyn Write + 'a> = Box::new(list);
        self.account.list = Some(QuarantineList::new(list).map_err(ImportError::List)?);
        Ok(self)
    }

    /// Reads a file, CSV or Parquet. `progress` is told how many of its bytes have been read.
    pub fn read_file(&mut self, path: &Path, mut progress: impl FnMut(u64)) -> Result<(), ImportError> {
        let name = path.display().to_string();
        let read = |number: u16, reading: &Reading<'_>, intake: &mut dyn Sink| {
            read_file(path, &name, number, reading, &mut progress, intake)
        };
        self.take(read)
    }

    /// Reads a CSV; `name` is what findings call it.
    pub fn read(&mut self, name: &str, reader: impl Read) -> Result<(), ImportError> {
        self.take(|number, reading, intake| read_text(reader, name, number, reading, intake))
    }

    /// Puts everything together and keeps nothing. The change is against the newest of these snapshots.
    pub fn check(self, against: Option<&Snapshots>, now: OffsetDateTime) -> Result<Checked, ImportError> {
        let layout = Layout::of(self.dictionary, &self.schema);
        let mut content = ContentHash::new(&layout);
        let assembled = self.assemble(&layout, against, &mut |patient| Ok(content.patient(patient)))?;
        Ok(Checked { content: content.finish(), quality: assembled.quality(now, None) })
    }

    /// Puts everything together and keeps it as a snapshot. The change is against the newest before.
    pub fn keep(
        self,
        snapshots: &Reservation<'_>,
        now: OffsetDateTime,
        software: &str,
    ) -> Result<Imported, ImportError> {
        let layout = Layout::of(self.dictionary, &self.schema);
        let mut writer = SnapshotWriter::create(snapshots, &layout)?;
        let against = Some(snapshots.snapshots);
        let assembled = self.assemble(&layout, against, &mut |patient| Ok(writer.push(patient)?))?;
        let source =
            |file: &FileReport| Source { file: file.name.clone(), digest: file.digest, rows: file.rows_read };
        let sources = assembled.files.iter().map(source).collect();
        let origin = Origin { sources, imported_at: now, software: software.into(), history: Vec::new() };
        let written = writer.finish(origin)?;
        let content = written.manifest().content;
        Ok(Imported { written, quality: assembled.quality(now, Some(content)) })
    }

    fn take(
        &mut self,
        read: impl FnOnce(u16, &Reading<'_>, &mut dyn Sink) -> Result<FileReport, ImportError>,
    ) -> Result<(), ImportError> {
        let number = self.files.len();
        let number = u16::try_from(number).ok().filter(|_| number < MOST_FILES);
        let reading = Reading::new(self.dictionary, &self.schema, self.key);
        let mut intake = Intake {
            erased: &self.erased,
            left_out: &mut self.left_out,
            rows: &mut self.rows,
            account: &mut self.account,
        };
        self.files.push(read(number.ok_or(ImportError::TooManyFiles)?, &reading, &mut intake)?);
        Ok(())
    }

    /// Hands on patient after patient, in the order of their keys, for the digest of what is said about each.
    fn assemble(
        self,
        layout: &Layout,
        against: Option<&Snapshots>,
        patient: &mut dyn FnMut(&Patient) -> Result<PatientContent, ImportError>,
    ) -> Result<Assembled, ImportError> {
        let Self { dictionary, key, schema, scratch, rows, left_out, files, mut account, .. } = self;
        if files.is_empty() {
            return Err(ImportError::NoFile);
        }
        let last = match against {
            None => None,
            Some(snapshots) => snapshots.list()?.into_iter().next().map(|last| (snapshots, last)),
        };
        let mut last = match last {
            None => None,
            Some((snapshots, last)) => Some((ChangeCounter::new(snapshots.contents(&last)?), last)),
        };
        let reading = Reading::new(dictionary, &schema, key);
        let linkage = Linkage::new(dictionary, &scratch, LINKAGE_MEMORY)?;
        let together = Together::new((&schema, layout), reading, Files(&files), linkage, dictionary);
        together.run(rows.sorted()?, &mut account, &mut |one| {
            let content = patient(one)?;
            let change = last.as_mut().map(|(change, _)| change);
            Ok(change.map_or(Ok(()), |change| change.patient(one.key, &content))?)
        })?;
        left_out.iter().for_each(|_| account.quality.erased());
        let change = match last {
            None => Change::NoneBefore,
            Some((change, last)) => {
                let (snapshot, imported_at) = (last.content, last.imported_at);
                let last = LastSnapshot { snapshot, imported_at, dictionary: last.layout.dictionary };
                Change::since(last, &dictionary.digest(), change.finish()?)
            }
        };
        if let Some(list) = account.list {
            list.finish().and_then(|mut list| list.flush()).map_err(ImportError::List)?;
        }
        Ok(Assembled { gatherer: account.quality, files, change })
    }
}

/// An import put together.
struct Assembled {
    gatherer: Gatherer,
    files: Vec<FileReport>,
    change: Change,
}

impl Assembled {
    fn quality(self, at: OffsetDateTime, snapshot: Option<Digest>) -> Quality {
        let Self { gatherer, files, change } = self;
        gatherer.finish(quality::Origin { at, files, snapshot, change })
    }
}

/// Takes the rows of one file.
struct Intake<'a, 'b> {
    erased: &'a Erased,
    left_out: &'a mut BTreeSet<PatientKey>,
    rows: &'a mut Sorter,
    account: &'a mut Account<'b>,
}

impl Sink for Intake<'_, '_> {
    fn record(&mut self, record: Record) -> Result<(), ImportError> {
        if self.erased.contains(&record.patient) {
            self.left_out.insert(record.patient);
            return Ok(());
        }
        Ok(self.rows.push(|bytes| record.encode(bytes))?)
    }

    fn finding(&mut self, finding: Finding) -> Result<(), ImportError> {
        self.account.finding(&finding)
    }
}
