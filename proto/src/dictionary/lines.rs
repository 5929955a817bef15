//! The rows of a CSV file, each with the line it begins on.

use csv::StringRecord;

/// The rows of a text, empty lines left out.
pub(super) struct Rows<'a> {
    text: &'a [u8],
    reader: csv::Reader<&'a [u8]>,
    /// Up to here the lines are counted.
    at: usize,
    line: usize,
}

impl<'a> Rows<'a> {
    /// The rows of a text without a byte order mark.
    pub(super) fn of(text: &'a str) -> Self {
        let text = text.as_bytes();
        let reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text);
        Self { text, reader, at: 0, line: 1 }
    }

    /// The line on which the row begins that the reader found at `offset`, or behind line breaks there: it
    /// gives the place where the row before it ended.
    fn line_at(&mut self, offset: usize) -> usize {
        while let Some(byte) = self.text.get(self.at) {
            let is_break = matches!(byte, b'\r' | b'\n');
            if self.at >= offset && !is_break {
                break;
            }
            // `\r\n` is one break, counted at its `\n`.
            let ends_a_line = match byte {
                b'\r' => self.text.get(self.at + 1) != Some(&b'\n'),
                byte => *byte == b'\n',
            };
            self.line += usize::from(ends_a_line);
            self.at += 1;
        }
        self.line
    }
}

impl Iterator for Rows<'_> {
    type Item = (usize, Result<StringRecord, csv::Error>);

    fn next(&mut self) -> Option<Self::Item> {
        let offset = usize::try_from(self.reader.position().byte()).unwrap_or(usize::MAX);
        let mut record = StringRecord::new();
        match self.reader.read_record(&mut record) {
            Ok(false) => None,
            Ok(true) => Some((self.line_at(offset), Ok(record))),
            Err(error) => Some((self.line_at(offset), Err(error))),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_row_has_the_line_it_begins_on_whatever_stands_before_it() {
        let text = "a,b\r\n\r\n\n\"two\r\nlines\",\"x\n\ny\"\r\nc,d\n\n\re,f";
        let found: Vec<_> =
            Rows::of(text).map(|(line, row)| (line, row.unwrap().get(0).unwrap().to_owned())).collect();
        let wanted = [(1, "a"), (4, "two\r\nlines"), (8, "c"), (11, "e")];
        assert_eq!(found, wanted.map(|(line, cell)| (line, cell.to_owned())));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn rows_are_counted_through_every_kind_of_line_break(
            cells in prop::collection::vec(("[a\n]{1,4}", "(\n|\r\n){1,3}"), 1..20)
        ) {
            let (mut text, mut line, mut wanted) = (String::new(), 1, Vec::new());
            for (cell, end) in &cells {
                wanted.push(line);
                text.push_str(&format!("\"{cell}\"{end}"));
                line += cell.matches('\n').count() + end.matches('\n').count();
            }
            let found: Vec<_> = Rows::of(&text).map(|(line, _)| line).collect();
            prop_assert_eq!(found, wanted);
        }
    }
}
