//! Codes or labels: what the first rows of a file show.

use csv::StringRecord;

use super::file_report::Known;
use super::header::Header;
use super::occasion::{leaning_of_instrument, leaning_of_status};
use super::reading::Reading;
use super::style::{Boxes, Decimal, Encoding, Style};

/// How many cells can only be codes, and how many only labels.
#[derive(Default)]
struct Leanings {
    codes: u64,
    labels: u64,
    labelled_boxes: bool,
}

/// How the cells of a file are to be read, by what most of the telling cells in these rows are.
pub(super) fn style<'a>(
    rows: impl Iterator<Item = &'a StringRecord>,
    header: &Header,
    decimal: Decimal,
    reading: &Reading<'_>,
) -> (Style, Known) {
    let mut leanings = Leanings::default();
    rows.for_each(|row| leanings.take(row, header, reading));
    let Leanings { codes, labels, labelled_boxes } = leanings;
    let encoding = if labels > codes { Encoding::Labels } else { Encoding::Codes };
    let boxes = if labelled_boxes { Boxes::Labels } else { Boxes::Ticks };
    let known = if codes + labels == 0 { Known::Assumed } else { Known::Found };
    (Style { encoding, boxes, decimal }, known)
}

impl Leanings {
    fn take(&mut self, row: &StringRecord, header: &Header, reading: &Reading<'_>) {
        let cell = |position: usize| row.get(position).map(str::trim).filter(|cell| !cell.is_empty());
        for (position, column) in &header.stored {
            let expected = reading.expected.get(usize::from(*column));
            let Some((cell, expected)) = cell(*position).zip(expected) else { continue };
            self.count(expected.leaning(cell));
            self.labelled_boxes |= expected.is_labelled_box(cell);
        }
        self.count(header.event.and_then(cell).and_then(|cell| reading.events.leaning(cell)));
        let instrument = header.instrument.and_then(cell);
        self.count(instrument.and_then(|cell| leaning_of_instrument(cell, reading)));
        for position in &header.statuses {
            self.count(cell(*position).and_then(leaning_of_status));
        }
    }

    fn count(&mut self, leaning: Option<Encoding>) {
        match leaning {
            Some(Encoding::Codes) => self.codes += 1,
            Some(Encoding::Labels) => self.labels += 1,
            None => {}
        }
    }
}
