//! The content hash: SHA-256 over one canonical encoding of what a snapshot says.
//!
//! In order: the name of this encoding; the dictionary's digest; the number of variables and, sorted by name,
//! each one's name, type and bounds or codes; the number of patients and, sorted, their keys; then variable
//! by variable the value of each patient. A value, like a bound, is one byte 0 for none, or 1 and eight bytes
//! (an integer, the bits of a number, the position of a code). Numbers are little-endian 64-bit; texts follow
//! their length. Rows are sorted, so neither the order of the export's rows nor that of its columns matters.

use notochord_proto::digest::Digest;
use notochord_proto::variable::VariableKind;
use notochord_stats::frame::Column;
use sha2::{Digest as _, Sha256};

use crate::rows::Rows;

const ENCODING: &str = "notochord snapshot 1";

/// The hash that names a snapshot.
pub(super) fn digest(dictionary: &Digest, rows: &Rows) -> Digest {
    let mut content = Encoder(Sha256::new());
    content.text(ENCODING);
    content.0.update(dictionary.as_bytes());
    content.count(rows.variables().count());
    for variable in rows.variables() {
        content.text(variable.name.as_str());
        content.kind(&variable.kind);
    }
    content.count(rows.len());
    for patient in rows.patients() {
        content.0.update(patient.0);
    }
    for column in rows.columns() {
        match &column.values {
            Column::Integer(values) => content.values(values.iter().map(|value| value.map(i64::to_le_bytes))),
            Column::Number(values) => content.values(values.iter().map(|value| value.map(f64::to_le_bytes))),
            Column::Factor(values) => {
                content.values(values.iter().map(|value| value.map(|code| i64::from(code).to_le_bytes())));
            }
        }
    }
    Digest::from_bytes(content.0.finalize().into())
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

    fn kind(&mut self, kind: &VariableKind) {
        match kind {
            VariableKind::Integer { bounds } => {
                self.text("integer");
                self.values(ends(*bounds).map(|end| end.map(i64::to_le_bytes)));
            }
            VariableKind::Number { bounds } => {
                self.text("number");
                self.values(ends(*bounds).map(|end| end.map(f64::to_le_bytes)));
            }
            VariableKind::Factor { levels } => {
                self.text("factor");
                self.count(levels.len());
                levels.iter().for_each(|level| self.text(&level.code));
            }
        }
    }

    fn values(&mut self, values: impl IntoIterator<Item = Option<[u8; 8]>>) {
        for value in values {
            match value {
                None => self.0.update([0]),
                Some(bytes) => {
                    self.0.update([1]);
                    self.0.update(bytes);
                }
            }
        }
    }
}

fn ends<T>(bounds: Option<(T, T)>) -> [Option<T>; 2] {
    bounds.map_or([None, None], |(least, greatest)| [Some(least), Some(greatest)])
}
