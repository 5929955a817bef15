//! What the bytes of a text stand for: UTF-8, or Latin-1 as Windows writes it.

use csv::{ByteRecord, StringRecord};

use super::file_report::Charset;

/// What the rows so far show of a file's bytes.
#[derive(Default)]
pub(super) struct CharsetSoFar {
    /// The first line with a letter beyond ASCII in UTF-8.
    utf8: Option<u64>,
    /// The first line that is not UTF-8.
    latin1: Option<u64>,
}

/// A file that is UTF-8 in one line and not in another.
pub(super) struct Mixed {
    pub(super) utf8: u64,
    pub(super) latin1: u64,
}

/// What Windows-1252 has where Latin-1 has control characters, from 0x80 on.
const WINDOWS: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}',
    '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

impl CharsetSoFar {
    /// The text of a row. What is pure ASCII fits either charset, so each row can be read as it comes.
    pub(super) fn text(&mut self, row: ByteRecord, line: u64) -> Result<StringRecord, Mixed> {
        let is_ascii = row.as_slice().is_ascii();
        let text = match StringRecord::from_byte_record(row) {
            Ok(text) => {
                if !is_ascii {
                    self.utf8.get_or_insert(line);
                }
                text
            }
            Err(error) => {
                self.latin1.get_or_insert(line);
                error.into_byte_record().iter().map(windows_1252).collect()
            }
        };
        match (self.utf8, self.latin1) {
            (Some(utf8), Some(latin1)) => Err(Mixed { utf8, latin1 }),
            _ => Ok(text),
        }
    }

    pub(super) fn charset(&self) -> Charset {
        self.latin1.map_or(Charset::Utf8, |_| Charset::Latin1)
    }
}

fn windows_1252(bytes: &[u8]) -> String {
    let character = |byte: &u8| match byte.checked_sub(0x80).and_then(|high| WINDOWS.get(usize::from(high))) {
        Some(character) => *character,
        None => char::from(*byte),
    };
    bytes.iter().map(character).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latin_1_as_windows_writes_it_becomes_text() {
        assert_eq!(windows_1252(b"M\xfcller \x80 5 \x96 7"), "Müller € 5 – 7");
    }
}
