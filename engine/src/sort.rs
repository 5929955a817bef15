//! Sorting more records than memory holds.
//!
//! Records are bytes, sorted as bytes. What does not fit into the sorter's memory is written, sorted, as a *run*
//! into a file without a name, sealed with a key that only this process has and never stores; runs are merged
//! as they are read. A process that is killed leaves nothing that has a name and nothing that can be read.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::sealed::{Sealer, SealingKey, Unsealer};

/// The most runs that are merged at once; each needs two chunks of memory.
const MOST_RUNS: usize = 64;
/// The longest record.
const LONGEST_RECORD: usize = 8 << 20;

/// Takes records in any order.
pub(crate) struct Sorter {
    scratch: PathBuf,
    key: SealingKey,
    /// How many bytes of records are held before they become a run.
    memory: usize,
    held: Held,
    runs: Vec<File>,
}

impl Sorter {
    /// A sorter that writes its runs on the file system of `scratch`.
    pub(crate) fn new(scratch: &Path, memory: usize) -> io::Result<Self> {
        Ok(Self {
            scratch: scratch.into(),
            key: SealingKey::random()?,
            memory,
            held: Held::default(),
            runs: Vec::new(),
        })
    }

    /// Takes the record that `encode` appends.
    pub(crate) fn push(&mut self, encode: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        self.held.push(encode)?;
        if self.held.size() < self.memory {
            return Ok(());
        }
        let held = std::mem::take(&mut self.held);
        self.add_run(held.sorted())?;
        if self.runs.len() == MOST_RUNS {
            let merged = self.merge()?;
            self.add_run(merged)?;
        }
        Ok(())
    }

    /// Every record, in order.
    pub(crate) fn sorted(mut self) -> io::Result<Sorted> {
        let held = std::mem::take(&mut self.held);
        if self.runs.is_empty() {
            return Ok(held.sorted());
        }
        if !held.is_empty() {
            self.add_run(held.sorted())?;
        }
        self.merge()
    }

    fn add_run(&mut self, mut sorted: Sorted) -> io::Result<()> {
        let file = tempfile::tempfile_in(&self.scratch)?;
        let mut run = BufWriter::new(Sealer::new(file, &self.key)?);
        let mut record = Vec::new();
        while sorted.next(&mut record)? {
            run.write_all(&(record.len() as u32).to_le_bytes())?;
            run.write_all(&record)?;
        }
        let sealer = run.into_inner().map_err(io::IntoInnerError::into_error)?;
        self.runs.push(sealer.finish()?);
        Ok(())
    }

    /// The records of all runs, which are then no longer the sorter's.
    fn merge(&mut self) -> io::Result<Sorted> {
        let mut heads = BinaryHeap::new();
        for mut file in self.runs.drain(..) {
            file.seek(SeekFrom::Start(0))?;
            let mut run = Unsealer::new(BufReader::new(file), &self.key)?;
            let mut record = Vec::new();
            if next_of(&mut run, &mut record)? {
                heads.push(Reverse(Head { record, run }));
            }
        }
        Ok(Sorted(From::Runs(heads)))
    }
}

/// Records, to be read in order.
pub(crate) struct Sorted(From);

enum From {
    Memory { held: Held, next: usize },
    Runs(BinaryHeap<Reverse<Head>>),
}

impl Sorted {
    /// Puts the next record into `record`; `false` at the end.
    pub(crate) fn next(&mut self, record: &mut Vec<u8>) -> io::Result<bool> {
        match &mut self.0 {
            From::Memory { held, next } => {
                let Some(found) = held.record(*next) else { return Ok(false) };
                *next += 1;
                record.clear();
                record.extend_from_slice(found);
                Ok(true)
            }
            From::Runs(heads) => {
                let Some(Reverse(mut head)) = heads.pop() else { return Ok(false) };
                std::mem::swap(record, &mut head.record);
                if next_of(&mut head.run, &mut head.record)? {
                    heads.push(Reverse(head));
                }
                Ok(true)
            }
        }
    }
}

/// Reads the next record of a run; `false` at its end.
fn next_of(run: &mut impl Read, record: &mut Vec<u8>) -> io::Result<bool> {
    let mut length = [0; 4];
    let mut read = 0;
    while read < length.len() {
        match run.read(&mut length[read..])? {
            0 if read == 0 => return Ok(false),
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            more => read += more,
        }
    }
    let length = u32::from_le_bytes(length) as usize;
    if length > LONGEST_RECORD {
        return Err(io::ErrorKind::InvalidData.into());
    }
    record.resize(length, 0);
    run.read_exact(record)?;
    Ok(true)
}

/// A run under way: its next record.
struct Head {
    record: Vec<u8>,
    run: Unsealer<BufReader<File>>,
}

impl PartialEq for Head {
    fn eq(&self, other: &Self) -> bool {
        self.record == other.record
    }
}

impl Eq for Head {}

impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Head {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.record.cmp(&other.record)
    }
}

/// Records in memory, end to end.
#[derive(Default)]
struct Held {
    bytes: Vec<u8>,
    /// Where each record begins and ends.
    places: Vec<(u32, u32)>,
}

impl Held {
    fn push(&mut self, encode: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        let start = self.bytes.len();
        encode(&mut self.bytes);
        let end = self.bytes.len();
        match (u32::try_from(start), u32::try_from(end)) {
            (Ok(from), Ok(to)) if end - start <= LONGEST_RECORD => self.places.push((from, to)),
            _ => return Err(io::ErrorKind::FileTooLarge.into()),
        }
        Ok(())
    }

    fn size(&self) -> usize {
        self.bytes.len() + self.places.len() * size_of::<(u32, u32)>()
    }

    fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    fn record(&self, place: usize) -> Option<&[u8]> {
        let &(start, end) = self.places.get(place)?;
        self.bytes.get(start as usize..end as usize)
    }

    fn sorted(mut self) -> Sorted {
        let bytes = &self.bytes;
        self.places.sort_unstable_by_key(|&(start, end)| &bytes[start as usize..end as usize]);
        Sorted(From::Memory { held: self, next: 0 })
    }
}

#[cfg(test)]
mod tests;
