//! What became of the patients of the last snapshot.

use std::cmp::Ordering;
use std::iter::Peekable;

use notochord_proto::digest::Digest;
use serde::Serialize;
use time::OffsetDateTime;

use crate::record_key::PatientKey;

/// How this import differs from the last snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "against")]
pub enum Change {
    /// There is no snapshot before.
    NoneBefore,
    /// Patient by patient.
    LastSnapshot {
        /// The snapshot before.
        #[serde(flatten)]
        last: LastSnapshot,
        /// How many patients.
        #[serde(flatten)]
        count: ChangeCount,
    },
    /// The snapshot before has other variables, so whether a patient's values changed cannot be told.
    LastSnapshotOfAnotherDictionary {
        /// The snapshot before.
        #[serde(flatten)]
        last: LastSnapshot,
        /// Patients that were not there before.
        patients_new: u64,
        /// Patients that are no longer there.
        patients_gone: u64,
        /// Patients of both.
        patients_in_both: u64,
    },
}

/// The snapshot that an import is compared with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LastSnapshot {
    /// Its hash.
    pub snapshot: Digest,
    /// The digest of its dictionary.
    pub dictionary: Digest,
    /// When it was imported.
    #[serde(with = "time::serde::rfc3339")]
    pub imported_at: OffsetDateTime,
}

/// What became of the patients.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ChangeCount {
    /// Not there before.
    pub patients_new: u64,
    /// No longer there.
    pub patients_gone: u64,
    /// There before with other values.
    pub patients_changed: u64,
    /// There before with the same values.
    pub patients_same: u64,
}

impl Change {
    /// The change since a snapshot, now that the patients are those of this dictionary.
    pub fn since(last: LastSnapshot, dictionary: &Digest, count: ChangeCount) -> Self {
        if last.dictionary == *dictionary {
            return Self::LastSnapshot { last, count };
        }
        let ChangeCount { patients_new, patients_gone, patients_changed, patients_same } = count;
        let patients_in_both = patients_changed + patients_same;
        Self::LastSnapshotOfAnotherDictionary { last, patients_new, patients_gone, patients_in_both }
    }
}

/// Compares the patients of two snapshots, both in the order of their keys, holding one of each at a time.
pub(crate) struct ChangeCounter<I: Iterator> {
    last: Peekable<I>,
    count: ChangeCount,
}

impl<I, C, E> ChangeCounter<I>
where
    I: Iterator<Item = Result<(PatientKey, C), E>>,
    C: PartialEq,
{
    /// Compares with these patients, each with a digest of what is said about them.
    pub(crate) fn new(last: I) -> Self {
        Self { last: last.peekable(), count: ChangeCount::default() }
    }

    /// The next patient of this import.
    pub(crate) fn patient(&mut self, key: PatientKey, content: &C) -> Result<(), E> {
        loop {
            let order = match self.last.peek() {
                None => Ordering::Greater,
                Some(Ok((last, _))) => last.cmp(&key),
                Some(Err(_)) => Ordering::Equal,
            };
            if order == Ordering::Greater {
                self.count.patients_new += 1;
                return Ok(());
            }
            let Some((_, before)) = self.last.next().transpose()? else { continue };
            match order {
                Ordering::Less => self.count.patients_gone += 1,
                _ if before == *content => self.count.patients_same += 1,
                _ => self.count.patients_changed += 1,
            }
            if order == Ordering::Equal {
                return Ok(());
            }
        }
    }

    /// The counts, after the last patient.
    pub(crate) fn finish(mut self) -> Result<ChangeCount, E> {
        for patient in self.last {
            patient?;
            self.count.patients_gone += 1;
        }
        Ok(self.count)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn patients() -> impl Strategy<Value = BTreeMap<u8, u8>> {
        proptest::collection::btree_map(0..30_u8, 0..3_u8, 0..20)
    }

    fn count(last: &BTreeMap<u8, u8>, now: &BTreeMap<u8, u8>) -> ChangeCount {
        let key = |key: &u8| PatientKey([*key; PatientKey::BYTES]);
        let last = last.iter().map(|(patient, content)| Ok::<_, ()>((key(patient), *content)));
        let mut counter = ChangeCounter::new(last);
        now.iter().for_each(|(patient, content)| counter.patient(key(patient), content).unwrap());
        counter.finish().unwrap()
    }

    proptest! {
        #[test]
        fn every_patient_is_new_gone_changed_or_the_same(last in patients(), now in patients()) {
            let both = || now.iter().filter_map(|(patient, content)| Some((last.get(patient)?, content)));
            let expected = ChangeCount {
                patients_new: now.keys().filter(|patient| !last.contains_key(patient)).count() as u64,
                patients_gone: last.keys().filter(|patient| !now.contains_key(patient)).count() as u64,
                patients_changed: both().filter(|(before, after)| before != after).count() as u64,
                patients_same: both().filter(|(before, after)| before == after).count() as u64,
            };
            prop_assert_eq!(count(&last, &now), expected);
        }
    }

    #[test]
    fn a_snapshot_that_cannot_be_read_to_its_end_is_an_error() {
        let last = [Ok((PatientKey([1; 16]), 0)), Err("torn")];
        let mut counter = ChangeCounter::new(last.into_iter());
        counter.patient(PatientKey([1; 16]), &0).unwrap();
        assert_eq!(counter.patient(PatientKey([2; 16]), &0), Err("torn"));
        let last: [Result<(PatientKey, u8), _>; 1] = [Err("torn")];
        assert_eq!(ChangeCounter::new(last.into_iter()).finish(), Err("torn"));
    }

    #[test]
    fn under_another_dictionary_no_patient_is_said_to_have_changed() {
        let [before, now] = [Digest::of(b"1"), Digest::of(b"2")];
        let last = LastSnapshot {
            snapshot: Digest::of(b""),
            dictionary: before,
            imported_at: OffsetDateTime::UNIX_EPOCH,
        };
        let count = ChangeCount { patients_new: 1, patients_gone: 2, patients_changed: 3, patients_same: 4 };
        let other = Change::LastSnapshotOfAnotherDictionary {
            last: last.clone(),
            patients_new: 1,
            patients_gone: 2,
            patients_in_both: 7,
        };
        assert_eq!(Change::since(last.clone(), &now, count), other);
        assert_eq!(Change::since(last.clone(), &before, count), Change::LastSnapshot { last, count });
    }
}
