//! The same patient entered twice: record ids that agree in what tells persons apart.
//!
//! Only keyed hashes are compared. They are sorted like rows are, outside memory if need be, and gone with the
//! import; what is told is where the two patients stand, and nothing of who they are.

use std::io;
use std::path::Path;

use notochord_proto::dictionary::Dictionary;

use crate::assemble::Files;
use crate::import::{Finding, FindingKind};
use crate::record::{Record, RowSource};
use crate::record_key::PatientKey;
use crate::sort::Sorter;

/// What is known of every patient's person, under way.
pub(crate) struct Linkage {
    sorter: Sorter,
    /// Each key of the dictionary in words: `birth_date and initials`.
    keys: Vec<String>,
}

/// A linkage key, and what a patient says in it: what two patients share.
type Person = [u8; 18];

/// The bytes of an encoded row: person, patient, file and row.
const ENCODED: usize = 18 + PatientKey::BYTES + 2 + 8;

impl Linkage {
    pub(crate) fn new(dictionary: &Dictionary, scratch: &Path, memory: usize) -> io::Result<Self> {
        let keys = dictionary.settings().linkage.iter().map(|fields| {
            let names: Vec<String> = fields.iter().map(|field| format!("`{field}`")).collect();
            names.join(" and ")
        });
        Ok(Self { sorter: Sorter::new(scratch, memory)?, keys: keys.collect() })
    }

    /// Adds the rows of one patient, of which the first that has a key counts for it.
    pub(crate) fn patient(&mut self, records: &[Record]) -> io::Result<()> {
        let mut seen = vec![false; self.keys.len()];
        for record in records {
            for (key, person) in &record.linkage {
                let Some(seen) = seen.get_mut(usize::from(*key)).filter(|seen| !**seen) else { continue };
                *seen = true;
                self.sorter.push(|bytes| {
                    bytes.extend_from_slice(&key.to_be_bytes());
                    bytes.extend_from_slice(person);
                    bytes.extend_from_slice(&record.patient.0);
                    bytes.extend_from_slice(&record.source.file.to_be_bytes());
                    bytes.extend_from_slice(&record.source.row.to_be_bytes());
                })?;
            }
        }
        Ok(())
    }

    /// Finds every patient that agrees with another in a key: a finding for each but the first.
    pub(crate) fn find<E: From<io::Error>>(
        self,
        files: Files<'_>,
        mut found: impl FnMut(Finding) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut sorted = self.sorter.sorted()?;
        let (mut encoded, mut first) = (Vec::new(), None);
        while sorted.next(&mut encoded)? {
            let Some((person, row)) = decode(&encoded) else { continue };
            match first {
                Some((same, earlier)) if same == person => {
                    let key = usize::from(u16::from_be_bytes([person[0], person[1]]));
                    let key = self.keys.get(key).map_or("", String::as_str);
                    // The finding stands at the later row, wherever the hashes were sorted to.
                    let (earlier, later) = if earlier < row { (earlier, row) } else { (row, earlier) };
                    let finding = format!(
                        "another record id than in {}, but the same {key}; is it one patient entered twice?",
                        files.in_words(earlier)
                    );
                    found(files.finding(later, None, FindingKind::SamePatientTwice, finding))?;
                    first = Some((same, earlier));
                }
                _ => first = Some((person, row)),
            }
        }
        Ok(())
    }
}

fn decode(encoded: &[u8]) -> Option<(Person, RowSource)> {
    let encoded: &[u8; ENCODED] = encoded.try_into().ok()?;
    let (person, rest) = encoded.split_first_chunk()?;
    let (file, row) = rest.get(PatientKey::BYTES..)?.split_first_chunk()?;
    let row = u64::from_be_bytes(row.try_into().ok()?);
    Some((*person, RowSource { file: u16::from_be_bytes(*file), row }))
}
