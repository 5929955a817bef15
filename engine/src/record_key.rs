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

impl RecordKey {
    /// A key from 32 secret bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(crate) fn patient(&self, record_id: &str) -> PatientKey {
        // HMAC pads a key with zeros to the block of its hash; a padded key has the one length it cannot
        // refuse.
        let mut block = [0; 64];
        block[..32].copy_from_slice(&self.0);
        let mut hmac = Hmac::<Sha256>::new(&block.into());
        hmac.update(record_id.as_bytes());
        let tag: [u8; 32] = hmac.finalize().into_bytes().into();
        let mut patient = [0; PatientKey::BYTES];
        patient.copy_from_slice(&tag[..PatientKey::BYTES]);
        PatientKey(patient)
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
}
