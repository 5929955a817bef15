//! Record ids become keyed hashes before anything is stored.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The centre's secret behind its patients' keys. It never leaves the node; without it nobody can test
/// whether a record id is in a snapshot.
#[derive(Clone)]
pub struct RecordKey([u8; 32]);

/// Stands for a patient within one centre: the first 16 bytes of HMAC-SHA256 of the record id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct PatientKey(pub(crate) [u8; PatientKey::BYTES]);

/// Stands for what a linkage key says of a person, as a [`PatientKey`] stands for a record id.
pub(crate) type PersonHash = [u8; PatientKey::BYTES];

/// What is hashed before the parts of a person; no record id begins with it, since none has control characters.
const PERSON: &[u8] = b"\0person\0";
/// The same before the place of a row that has no record id.
const ROW: &[u8] = b"\0row\0";

impl RecordKey {
    /// A key from 32 secret bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(crate) fn patient(&self, record_id: &str) -> PatientKey {
        PatientKey(self.tag([record_id.as_bytes()]))
    }

    /// The patient of a row without a record id, known by its place.
    pub(crate) fn patient_of_row(&self, file: u16, row: u64) -> PatientKey {
        PatientKey(self.tag([ROW, &file.to_be_bytes(), &row.to_be_bytes()]))
    }

    /// The hash of the values of a linkage key.
    pub(crate) fn person(&self, key: u16, values: &[String]) -> PersonHash {
        let lengths: Vec<u8> = values.iter().flat_map(|value| (value.len() as u64).to_be_bytes()).collect();
        let values = values.iter().map(String::as_bytes);
        self.tag([PERSON, &key.to_be_bytes(), &lengths].into_iter().chain(values))
    }

    fn tag<'a>(&self, parts: impl IntoIterator<Item = &'a [u8]>) -> [u8; PatientKey::BYTES] {
        // HMAC pads a key with zeros to the block of its hash; a padded key has the one length it cannot
        // refuse.
        let mut block = [0; 64];
        block[..32].copy_from_slice(&self.0);
        let mut hmac = Hmac::<Sha256>::new(&block.into());
        parts.into_iter().for_each(|part| hmac.update(part));
        let tag: [u8; 32] = hmac.finalize().into_bytes().into();
        let mut first = [0; PatientKey::BYTES];
        first.copy_from_slice(&tag[..PatientKey::BYTES]);
        first
    }
}

impl PatientKey {
    pub(crate) const BYTES: usize = 16;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patient_is_the_first_half_of_the_hmac_of_the_record_id() {
        // Computed with Python's hmac module.
        let key = RecordKey::from_bytes([7; 32]);
        assert_eq!(hex::encode(key.patient("P-001").0), "b373bf22f2ce4364721636679a54e066");
        assert!(key.patient("P-001") == key.patient("P-001"));
        assert!(key.patient("P-001") != key.patient("P-002"));
        assert!(key.patient("P-001") != RecordKey::from_bytes([8; 32]).patient("P-001"));
    }
    #[test]
    fn a_person_and_a_row_are_no_patient_of_any_record_id() {
        let key = RecordKey::from_bytes([7; 32]);
        let person =
            |values: &[&str]| key.person(0, &values.iter().map(|&one| one.into()).collect::<Vec<_>>());
        assert!(person(&["ab", "c"]) != person(&["a", "bc"]));
        assert!(person(&["ab"]) != key.patient("ab").0);
        assert!(key.patient_of_row(0, 1) != key.patient_of_row(1, 1));
        assert!(key.patient_of_row(0, 1) != key.patient("1"));
    }
}
