//! The chain of lines: how a line is written and how the next one is checked.

use notochord_proto::digest::Digest;
use sha2::{Digest as _, Sha256};

use crate::checkpoint::Checkpoint;
use crate::entry::{self, Entry, MOST_ENTRY_BYTES};
use crate::fault::Fault;
use crate::merkle::{self, Hash, Tree};

/// Everything that must be known of the lines so far to write or check the next one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Chain {
    size: u64,
    bytes: u64,
    head: Hash,
    tree: Tree,
}

/// The JSON of an entry in its line, which was found to be one.
pub(crate) fn json(line: &[u8]) -> Option<&[u8]> {
    line.strip_suffix(b"\n")?.get(DIGITS + 1..)
}

/// How many hexadecimal digits a chain hash has.
const DIGITS: usize = 64;

impl Chain {
    /// How many entries.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// How many bytes the lines take.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The statement to sign about these entries.
    pub(crate) fn checkpoint(&self) -> Checkpoint {
        Checkpoint { size: self.size, root: Digest::from_bytes(self.tree.root()) }
    }

    /// The line that carries `json` next, newline included.
    pub(crate) fn line(&self, json: &[u8]) -> Vec<u8> {
        let mut line = hex::encode(self.next_head(&merkle::leaf(json))).into_bytes();
        line.push(b' ');
        line.extend(json);
        line.push(b'\n');
        line
    }

    /// Checks the next line, newline included, and counts it in; gives its entry and leaf hash. A line at fault
    /// changes nothing.
    pub(crate) fn follow(&mut self, line: &[u8]) -> Result<(Entry, Hash), Fault> {
        let number = self.size + 1;
        let form = |what: &str| Fault::Form { line: number, what: what.to_owned() };
        let text = line.strip_suffix(b"\n").ok_or_else(|| form("its end is missing"))?;
        let (digits, rest) = text.split_at_checked(DIGITS).ok_or_else(|| form("it is too short"))?;
        let json = rest.strip_prefix(b" ").ok_or_else(|| form("no space after 64 digits"))?;
        if json.len() > MOST_ENTRY_BYTES {
            return Err(form("it is too long"));
        }
        let entry = entry::read(json).map_err(|error| form(&error.to_string()))?;
        let leaf = merkle::leaf(json);
        let head = self.next_head(&leaf);
        if hex::encode(head).as_bytes() != digits || entry.index != self.size {
            return Err(Fault::Chain { line: number });
        }
        self.size += 1;
        self.bytes += line.len() as u64;
        self.head = head;
        self.tree.push(leaf);
        Ok((entry, leaf))
    }

    /// Follows the lines of `bytes` until there are `size` entries or no line is left, gives each entry and
    /// leaf hash to `each`, and returns the bytes not used.
    pub(crate) fn follow_until<'a>(
        &mut self,
        size: u64,
        mut bytes: &'a [u8],
        mut each: impl FnMut(Entry, Hash),
    ) -> Result<&'a [u8], Fault> {
        while self.size < size && !bytes.is_empty() {
            let end = bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |newline| newline + 1);
            let (line, rest) = bytes.split_at(end);
            let (entry, leaf) = self.follow(line)?;
            each(entry, leaf);
            bytes = rest;
        }
        Ok(bytes)
    }

    /// Whether these entries are the ones that were signed.
    pub(crate) fn agree(&self, signed: &Checkpoint) -> Result<(), Fault> {
        if self.size < signed.size {
            return Err(Fault::Missing { signed: signed.size, found: self.size });
        }
        if self.checkpoint() != *signed {
            return Err(Fault::Root { size: signed.size });
        }
        Ok(())
    }

    fn next_head(&self, leaf: &Hash) -> Hash {
        Sha256::new().chain_update(self.head).chain_update(leaf).finalize().into()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_first_line_is_as_the_format_says() {
        let json = br#"{"index":0,"time":"2026-11-22T14:50:00Z","kind":"note"}"#;
        let mut hashed = [0; 64];
        hashed[32..].copy_from_slice(&Sha256::digest([&[0], &json[..]].concat()));
        let expected = format!("{} {}\n", hex::encode(Sha256::digest(hashed)), str::from_utf8(json).unwrap());
        let mut chain = Chain::default();
        assert_eq!(chain.line(json), expected.as_bytes());
        assert_eq!(chain.follow(expected.as_bytes()).unwrap().0.kind, "note");
        assert_eq!((chain.size(), chain.bytes()), (1, expected.len() as u64));
    }

    #[test]
    fn a_line_in_upper_case_or_with_another_index_is_at_fault() {
        let json = br#"{"index":1,"time":"2026-11-22T14:50:00Z","kind":"note"}"#;
        let mut chain = Chain::default();
        let line = chain.line(json);
        assert_eq!(chain.follow(&line), Err(Fault::Chain { line: 1 }));
        let line = chain.line(br#"{"index":0,"time":"2026-11-22T14:50:00Z","kind":"note"}"#);
        let (digits, rest) = line.split_at(DIGITS);
        let upper = [&digits.to_ascii_uppercase(), rest].concat();
        assert_eq!(chain.follow(&upper), Err(Fault::Chain { line: 1 }));
        assert!(chain.follow(&line).is_ok());
    }
}
