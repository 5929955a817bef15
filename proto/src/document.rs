//! What every document a person writes needs: text from bytes, and no repetition in a list.

use std::collections::BTreeSet;

use crate::problem::{Place, Problem};

/// The text of a document of at most `longest` bytes, without the byte order mark that spreadsheets put first.
pub(crate) fn text<'a>(file: &str, bytes: &'a [u8], longest: usize) -> Result<&'a str, Problem> {
    if bytes.len() > longest {
        return Err(Problem::new(Place::file(file), format!("is longer than {longest} bytes")));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.strip_prefix('\u{FEFF}').unwrap_or(text)),
        Err(error) => {
            let read = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let line = 1 + read.iter().filter(|byte| **byte == b'\n').count();
            Err(Problem::new(Place::line(file, line), "is not UTF-8; save the file as UTF-8"))
        }
    }
}

/// The first item that was there before.
pub(crate) fn repeated<'a, T: Ord>(items: impl IntoIterator<Item = &'a T>) -> Option<&'a T> {
    let mut seen = BTreeSet::new();
    items.into_iter().find(|item| !seen.insert(*item))
}
