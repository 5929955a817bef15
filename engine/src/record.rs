//! One row of an export, read: typed, without a name or a date of birth, on its way to its patient.

use crate::record_key::{PatientKey, PersonHash};
use crate::schema::Schema;

/// What a row says. No `Debug`, `Display` or `Serialize`.
#[derive(Clone, PartialEq)]
pub(crate) struct Record {
    /// Whose row it is.
    pub(crate) patient: PatientKey,
    /// When it was filled in.
    pub(crate) occasion: Occasion,
    /// The repeating form it is an instance of.
    pub(crate) repeat: Option<Repeat>,
    /// Where it stands.
    pub(crate) source: RowSource,
    /// Whether its values count.
    pub(crate) standing: Standing,
    /// The values that are present, by column of the [`crate::schema::Schema`], ascending.
    pub(crate) values: Vec<(u16, Value)>,
    /// For each linkage key of the dictionary (by position) whose fields all are present in the row: a keyed
    /// hash of who the person is.
    pub(crate) linkage: Vec<(u16, PersonHash)>,
}

/// When a row was filled in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Occasion {
    /// At an event of the schema, on a visit counted from 1.
    At {
        /// The event's position.
        event: u16,
        /// The visit.
        visit: u32,
    },
    /// The rows of a patient in this file are visits in file order: [`crate::import::in_file_order`] turns it
    /// into the above once all rows of the patient are together.
    InFileOrder,
    /// Nothing of the row is stored: it only says that its patient exists.
    Nowhere,
}

/// An instance of a repeating form.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Repeat {
    /// The form's position in the schema.
    pub(crate) form: u16,
    /// Counted from 1.
    pub(crate) instance: u32,
}

/// Where a row stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RowSource {
    /// The number of the file within the import, from 0.
    pub(crate) file: u16,
    /// The line on which the row starts, or the row's number where a file has no lines.
    pub(crate) row: u64,
}

/// Whether the values of a row count.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// All of them.
    Kept,
    /// None but its dates of day 0, so that a quarantined row does not shift its patient's days. Only those
    /// are passed on. The row keeps its place in the order of the file, and does not make its patient exist.
    Quarantined,
    /// None, and a date of day 0 in it cannot be read: nobody knows the patient's day 0.
    DayZeroUnreadable,
}

/// A value that is present.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Value {
    /// A whole number.
    Integer(i64),
    /// A finite number; zero is positive.
    Number(f64),
    /// A position in the levels of a factor.
    Level(u16),
    /// Days since 1970-01-01. Never stored.
    Date(i32),
}

/// The most bytes a variable-length number takes.
const LONGEST_NUMBER: usize = 10;

impl Record {
    /// Takes the row's values back, but for the dates of day 0.
    pub(crate) fn quarantine(&mut self, schema: &Schema) {
        if self.standing == Standing::Kept {
            self.standing = Standing::Quarantined;
        }
        self.values.retain(|(column, _)| schema.day_zero.contains(column));
        self.linkage.clear();
    }

    /// Appends the record to `bytes`, such that encoded records sort by patient, file and row.
    pub(crate) fn encode(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.patient.0);
        bytes.extend_from_slice(&self.source.file.to_be_bytes());
        bytes.extend_from_slice(&self.source.row.to_be_bytes());
        match self.occasion {
            Occasion::At { event, visit } => {
                bytes.push(0);
                unsigned(bytes, u64::from(event));
                unsigned(bytes, u64::from(visit));
            }
            Occasion::InFileOrder => bytes.push(1),
            Occasion::Nowhere => bytes.push(2),
        }
        match self.repeat {
            None => bytes.push(0),
            Some(Repeat { form, instance }) => {
                bytes.push(1);
                unsigned(bytes, u64::from(form));
                unsigned(bytes, u64::from(instance));
            }
        }
        bytes.push(match self.standing {
            Standing::Kept => 0,
            Standing::Quarantined => 1,
            Standing::DayZeroUnreadable => 2,
        });
        unsigned(bytes, self.values.len() as u64);
        for (column, value) in &self.values {
            unsigned(bytes, u64::from(*column));
            value.encode(bytes);
        }
        unsigned(bytes, self.linkage.len() as u64);
        for (key, person) in &self.linkage {
            unsigned(bytes, u64::from(*key));
            bytes.extend_from_slice(person);
        }
    }

    /// The record that `bytes` encode; `None` where they encode none.
    pub(crate) fn decode(mut bytes: &[u8]) -> Option<Self> {
        let bytes = &mut bytes;
        let patient = PatientKey(array(bytes)?);
        let source =
            RowSource { file: u16::from_be_bytes(array(bytes)?), row: u64::from_be_bytes(array(bytes)?) };
        let occasion = match byte(bytes)? {
            0 => Occasion::At { event: number(bytes)?, visit: number(bytes)? },
            1 => Occasion::InFileOrder,
            2 => Occasion::Nowhere,
            _ => return None,
        };
        let repeat = match byte(bytes)? {
            0 => None,
            1 => Some(Repeat { form: number(bytes)?, instance: number(bytes)? }),
            _ => return None,
        };
        let standing = match byte(bytes)? {
            0 => Standing::Kept,
            1 => Standing::Quarantined,
            2 => Standing::DayZeroUnreadable,
            _ => return None,
        };
        // A count is not believed beforehand: nothing is reserved for it.
        let (mut values, mut linkage) = (Vec::new(), Vec::new());
        for _ in 0..number::<u16>(bytes)? {
            values.push((number(bytes)?, Value::decode(bytes)?));
        }
        for _ in 0..number::<u16>(bytes)? {
            linkage.push((number(bytes)?, array(bytes)?));
        }
        let record = Self { patient, occasion, repeat, source, standing, values, linkage };
        bytes.is_empty().then_some(record)
    }
}

impl Value {
    fn encode(self, bytes: &mut Vec<u8>) {
        match self {
            Self::Integer(value) => {
                bytes.push(0);
                unsigned(bytes, zigzag(value));
            }
            Self::Number(value) => {
                bytes.push(1);
                bytes.extend_from_slice(&value.to_le_bytes());
            }
            Self::Level(value) => {
                bytes.push(2);
                unsigned(bytes, u64::from(value));
            }
            Self::Date(value) => {
                bytes.push(3);
                unsigned(bytes, zigzag(i64::from(value)));
            }
        }
    }

    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        Some(match byte(bytes)? {
            0 => Self::Integer(unzigzag(number(bytes)?)),
            1 => Self::Number(f64::from_le_bytes(array(bytes)?)),
            2 => Self::Level(number(bytes)?),
            3 => Self::Date(i32::try_from(unzigzag(number(bytes)?)).ok()?),
            _ => return None,
        })
    }
}

/// Seven bits to a byte, the lowest first.
fn unsigned(bytes: &mut Vec<u8>, mut value: u64) {
    while value > 0x7f {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn number<T: TryFrom<u64>>(bytes: &mut &[u8]) -> Option<T> {
    let mut value = 0_u64;
    for place in 0..LONGEST_NUMBER {
        let next = byte(bytes)?;
        value |= u64::from(next & 0x7f).checked_shl(7 * place as u32)?;
        if next & 0x80 == 0 {
            return T::try_from(value).ok();
        }
    }
    None
}

/// Small numbers of either sign become small numbers.
fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

fn byte(bytes: &mut &[u8]) -> Option<u8> {
    let (first, rest) = bytes.split_first()?;
    *bytes = rest;
    Some(*first)
}

fn array<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*first)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A value from what can be printed.
    fn value((kind, bits): (u8, u64)) -> Value {
        match kind % 4 {
            0 => Value::Integer(bits as i64),
            1 => Value::Number((bits as i64) as f64 / 7.0),
            2 => Value::Level(bits as u16),
            _ => Value::Date(bits as i32),
        }
    }

    proptest! {
        #[test]
        fn a_record_is_read_back_as_it_was_written(
            patient in any::<[u8; 16]>(),
            occasion in proptest::option::of((any::<u16>(), any::<u32>())),
            repeat in proptest::option::of((any::<u16>(), any::<u32>())),
            (file, row) in (any::<u16>(), any::<u64>()),
            standing in 0..3,
            values in proptest::collection::vec((any::<u16>(), any::<(u8, u64)>()), 0..20),
            linkage in proptest::collection::vec((any::<u16>(), any::<[u8; 16]>()), 0..4),
        ) {
            let record = Record {
                patient: PatientKey(patient),
                occasion: match (occasion, row % 2) {
                    (Some((event, visit)), _) => Occasion::At { event, visit },
                    (None, 0) => Occasion::InFileOrder,
                    (None, _) => Occasion::Nowhere,
                },
                repeat: repeat.map(|(form, instance)| Repeat { form, instance }),
                source: RowSource { file, row },
                standing: match standing {
                    0 => Standing::Kept,
                    1 => Standing::Quarantined,
                    _ => Standing::DayZeroUnreadable,
                },
                values: values.into_iter().map(|(column, bits)| (column, value(bits))).collect(),
                linkage,
            };
            let mut bytes = Vec::new();
            record.encode(&mut bytes);
            prop_assert!(Record::decode(&bytes) == Some(record));
            prop_assert!(Record::decode(&bytes[..bytes.len() - 1]).is_none());
            bytes.push(0);
            prop_assert!(Record::decode(&bytes).is_none());
        }

        #[test]
        fn no_bytes_make_the_decoder_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Record::decode(&bytes);
        }
    }
}
