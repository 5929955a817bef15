//! What is bounded, and readers that fail.

use std::io::{self, Read};

use super::registry::plain;
use super::*;

/// Hands out one byte at a time.
struct Slow<'a>(&'a [u8]);

impl Read for Slow<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = buffer.len().min(1);
        self.0.read(&mut buffer[..count])
    }
}

/// Fails.
struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the disk is gone"))
    }
}

#[test]
fn a_file_that_arrives_byte_by_byte_is_the_same_file() {
    let text = "\u{feff}record_id;weight\r\nP1;70,5\r\n\r\nP2;x\r\n";
    let slow = try_read_from(&plain(), [Slow(text.as_bytes())]).ok().unwrap();
    let fast = read(&plain(), text);
    assert_eq!((slow.rows(), slow.findings()), (fast.rows(), fast.findings()));
    assert_eq!(slow.findings(), ["a.csv:4 (weight): `x` is not a number from 0 to 300"]);
    assert_eq!(slow.reports[0].digest, notochord_proto::digest::Digest::of(text.as_bytes()));
}

#[test]
fn a_file_that_cannot_be_read_to_its_end_is_refused() {
    let file = "record_id,age\nP1,61\n".as_bytes().chain(Broken);
    let error = try_read_from(&plain(), [file]).err().unwrap();
    assert_eq!(error.to_string(), "a.csv: cannot be read: the disk is gone");
}

#[test]
fn unknown_columns_without_end_are_named_and_not_all_compared() {
    let headings: String = (0..500).map(|at| format!(",agee{at}")).collect();
    let export = read(&plain(), format!("record_id{headings}\nP1{}\n", ",".repeat(500)));
    assert_eq!(export.reports[0].unknown.len(), 500);
}

#[test]
fn a_quotation_mark_within_a_word_is_no_open_one() {
    let export = read(&plain(), "record_id,remarks,age\nP1,5\" needle,61\nP2,,62\n");
    assert_eq!((export.rows().len(), export.findings()), (2, vec![]));
}
