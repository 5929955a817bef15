//! Entries: what one line of a ledger says.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::{OffsetDateTime, UtcOffset};

/// The most bytes one entry may take: 64 KiB of JSON.
pub const MOST_ENTRY_BYTES: usize = 64 * 1024;

/// One entry of a ledger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its place, counted from 0.
    pub index: u64,
    /// When it was written, by the clock of the machine that wrote it.
    #[serde(with = "time::serde::rfc3339")]
    pub time: OffsetDateTime,
    /// What happened, such as `intent`, `release` or `refusal`.
    pub kind: String,
    /// The fields of this kind.
    #[serde(flatten)]
    pub body: Map<String, Value>,
}

/// Why something cannot be an entry.
#[derive(Debug, thiserror::Error)]
pub enum EntryError {
    /// The kind is not a name.
    #[error("`{0}` cannot be an entry's kind: it is 1 to 64 lower-case letters, digits, `-` and `_`")]
    Kind(String),
    /// The body is not a set of named fields, or uses a name every entry has.
    #[error("an entry's body is a set of named fields other than `index`, `time` and `kind`: {0}")]
    Body(#[source] serde_json::Error),
    /// Too long.
    #[error("an entry takes at most {MOST_ENTRY_BYTES} bytes, this one {0}")]
    Size(usize),
}

impl Entry {
    /// The fields of this kind as the type that wrote them.
    pub fn body<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        T::deserialize(Value::Object(self.body.clone()))
    }
}

/// The JSON of an entry, without a newline.
pub(crate) fn write<B: Serialize>(
    index: u64,
    time: OffsetDateTime,
    kind: &str,
    body: &B,
) -> Result<Vec<u8>, EntryError> {
    /// The fields in the order they are written.
    #[derive(Serialize)]
    struct Fields<'a, B> {
        index: u64,
        #[serde(with = "time::serde::rfc3339")]
        time: OffsetDateTime,
        kind: &'a str,
        #[serde(flatten)]
        body: &'a B,
    }

    let named = (1..=64).contains(&kind.len())
        && kind.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_');
    if !named {
        return Err(EntryError::Kind(kind.chars().take(80).collect()));
    }
    let time = time.to_offset(UtcOffset::UTC);
    let json = serde_json::to_vec(&Fields { index, time, kind, body }).map_err(EntryError::Body)?;
    if json.len() > MOST_ENTRY_BYTES {
        return Err(EntryError::Size(json.len()));
    }
    // Reading it back finds a body that repeats one of the three names.
    read(&json).map_err(EntryError::Body)?;
    Ok(json)
}

/// Reads the JSON of an entry.
pub(crate) fn read(json: &[u8]) -> Result<Entry, serde_json::Error> {
    serde_json::from_slice(json)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;
    use time::macros::datetime;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Refusal {
        study: String,
        reason: String,
    }

    #[test]
    fn an_entry_is_one_line_in_utc_and_reads_back() {
        let body = Refusal { study: "colon".into(), reason: "line one\nline two".into() };
        let json = write(3, datetime!(2026-11-22 15:50:00 +1), "refusal", &body).unwrap();
        assert_eq!(
            String::from_utf8(json.clone()).unwrap(),
            r#"{"index":3,"time":"2026-11-22T14:50:00Z","kind":"refusal","study":"colon","reason":"line one\nline two"}"#
        );
        let entry = read(&json).unwrap();
        assert_eq!((entry.index, entry.kind.as_str()), (3, "refusal"));
        assert_eq!(entry.body::<Refusal>().unwrap(), body);
    }

    #[test]
    fn a_body_without_names_or_with_a_reserved_name_is_refused() {
        let now = datetime!(2026-11-22 14:50:00 UTC);
        assert!(matches!(write(0, now, "note", &"text"), Err(EntryError::Body(_))));
        assert!(matches!(write(0, now, "note", &[1, 2]), Err(EntryError::Body(_))));
        assert!(matches!(write(0, now, "note", &json!({"index": 4})), Err(EntryError::Body(_))));
        assert!(write(0, now, "note", &json!({})).is_ok());
    }

    #[test]
    fn an_entry_that_is_too_long_or_has_no_proper_kind_is_refused() {
        let now = datetime!(2026-11-22 14:50:00 UTC);
        let long = json!({"text": "x".repeat(MOST_ENTRY_BYTES)});
        assert!(matches!(write(0, now, "note", &long), Err(EntryError::Size(_))));
        for kind in ["", "Note", "a b", &"a".repeat(65)] {
            assert!(matches!(write(0, now, kind, &json!({})), Err(EntryError::Kind(_))), "{kind}");
        }
    }
}
