//! The content hash: SHA-256 over one canonical encoding of what a snapshot says.
//!
//! In order: the name of this encoding; the dictionary's digest; the names of the events; each form's name and
//! its variables, each with name, type and bounds or codes; what is known of a patient as a whole, alike; then
//! for each patient, sorted by key, the SHA-256 of what is said about the patient; last, how many patients.
//!
//! Of a patient: the key, the values known of the patient as a whole, the number of entries, and, sorted by
//! form, event, visit and instance, each entry's place and the value of every variable of its form. A value,
//! like a bound, is one byte 0 for none, or 1 and eight bytes (an integer, the bits of a number, the position of
//! a code). Numbers are little-endian 64-bit; texts follow their length.

use notochord_proto::digest::Digest;
use notochord_proto::variable::{Variable, VariableKind};
use sha2::{Digest as _, Sha256};

use super::layout::Layout;
use crate::patient::{Patient, StoredValue};

const ENCODING: &str = "notochord snapshot 2";

/// The start of the digest of what is said about one patient, enough to see whether it changed.
pub(crate) type PatientContent = [u8; PATIENT_CONTENT];
pub(super) const PATIENT_CONTENT: usize = 16;

/// The hash of a snapshot under way.
pub(crate) struct ContentHash<'a> {
    layout: &'a Layout,
    /// How many columns stand before each form's, and how many it has.
    columns: Vec<std::ops::Range<u16>>,
    content: Encoder,
    patients: usize,
}

impl<'a> ContentHash<'a> {
    pub(crate) fn new(layout: &'a Layout) -> Self {
        let mut content = Encoder(Sha256::new());
        content.text(ENCODING);
        content.0.update(layout.dictionary.as_bytes());
        content.count(layout.events.len());
        layout.events.iter().for_each(|event| content.text(event));
        content.count(layout.forms.len());
        for form in &layout.forms {
            content.text(&form.form);
            content.variables(&form.variables);
        }
        content.variables(&layout.about);
        Self { layout, columns: layout.ranges(), content, patients: 0 }
    }

    /// Adds the next patient; the start of the digest of what is said about them.
    pub(crate) fn patient(&mut self, patient: &Patient) -> PatientContent {
        let mut content = Encoder(Sha256::new());
        content.0.update(patient.key.0);
        if !self.layout.about.is_empty() {
            content.value(patient.day_zero_year.map(i64::to_le_bytes));
        }
        content.count(patient.entries.len());
        for entry in &patient.entries {
            let place = entry.place;
            for number in [place.form.into(), place.event.into(), place.visit, place.instance] {
                content.count(number as usize);
            }
            let columns = self.columns.get(usize::from(place.form)).cloned().unwrap_or(0..0);
            let mut values = entry.values.iter().peekable();
            for column in columns {
                let value = values.next_if(|(other, _)| *other == column);
                content.value(value.map(|(_, value)| bytes(*value)));
            }
        }
        let digest: [u8; 32] = content.0.finalize().into();
        self.content.0.update(digest);
        self.patients += 1;
        let mut start = [0; PATIENT_CONTENT];
        start.copy_from_slice(&digest[..PATIENT_CONTENT]);
        start
    }

    /// The hash that names the snapshot.
    pub(crate) fn finish(mut self) -> Digest {
        self.content.count(self.patients);
        Digest::from_bytes(self.content.0.finalize().into())
    }
}

fn bytes(value: StoredValue) -> [u8; 8] {
    match value {
        StoredValue::Integer(value) => value.to_le_bytes(),
        StoredValue::Number(value) => value.to_le_bytes(),
        StoredValue::Level(value) => i64::from(value).to_le_bytes(),
    }
}

struct Encoder(Sha256);

impl Encoder {
    fn count(&mut self, count: usize) {
        self.0.update((count as u64).to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.count(text.len());
        self.0.update(text);
    }

    fn variables(&mut self, variables: &[Variable]) {
        self.count(variables.len());
        for variable in variables {
            self.text(variable.name.as_str());
            self.kind(&variable.kind);
        }
    }

    fn kind(&mut self, kind: &VariableKind) {
        match kind {
            VariableKind::Integer { bounds } => {
                self.text("integer");
                for end in ends(*bounds) {
                    self.value(end.map(i64::to_le_bytes));
                }
            }
            VariableKind::Number { bounds } => {
                self.text("number");
                for end in ends(*bounds) {
                    self.value(end.map(f64::to_le_bytes));
                }
            }
            VariableKind::Factor { levels } => {
                self.text("factor");
                self.count(levels.len());
                levels.iter().for_each(|level| self.text(&level.code));
            }
        }
    }

    fn value(&mut self, value: Option<[u8; 8]>) {
        match value {
            None => self.0.update([0]),
            Some(bytes) => {
                let mut present = [1; 9];
                present[1..].copy_from_slice(&bytes);
                self.0.update(present);
            }
        }
    }
}

fn ends<T>(bounds: Option<(T, T)>) -> [Option<T>; 2] {
    bounds.map_or([None, None], |(least, greatest)| [Some(least), Some(greatest)])
}
