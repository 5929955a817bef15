//! Files spoilt at random, a fixed sequence of them.

use std::fs;

use crate::bench::{Bench, Copy};

/// How often each file is spoilt.
const TIMES: usize = 60;

#[test]
fn a_document_spoilt_anywhere_is_read_or_refused_in_few_words() {
    let bench = Bench::of_documents();
    for (file, line) in [
        ("dictionary.csv", "notochord dictionary check dictionary.csv"),
        ("study.toml", "notochord study check study.toml --dictionary dictionary.csv"),
        ("data.csv", "notochord-node check data.csv --dictionary dictionary.csv --out report"),
    ] {
        spoil(&bench, file, line);
    }
}

#[test]
fn a_file_of_a_network_spoilt_anywhere_is_read_or_refused_in_few_words() {
    let bench = Bench::of_network();
    for (file, line) in [
        ("invitation.toml", "notochord-node --home fresh enrol invitation.toml"),
        (
            "investigator.key",
            "notochord study sign study.toml --dictionary dictionary.csv --key investigator.key --out sealed.json",
        ),
        ("study.toml.sealed.json", "notochord --home me study submit study.toml.sealed.json"),
        ("node/policy.toml", "notochord-node --home node policy show"),
        ("node/network/member.toml", "notochord-node --home node status"),
        ("node/network/certificate.pem", "notochord-node --home node status"),
        ("node/network/root.json", "notochord-node --home node status"),
        ("node/keys/record.key", "notochord-node --home node import data.csv"),
        ("office/network.toml", "notochord --home office serve"),
    ] {
        spoil(&bench, file, line);
    }
}

/// Spoils a file again and again and has it read.
fn spoil(bench: &Bench, file: &str, line: &str) {
    let mut dice = Dice(0x6e6f_746f_6368_6f72);
    let sound = fs::read(bench.copy().path(file)).unwrap();
    for time in 0..TIMES {
        let spoilt = dice.spoilt(&sound);
        // Addresses stay: a spoilt one may be anybody's.
        if addresses(&spoilt).iter().any(|address| !addresses(&sound).contains(address)) {
            continue;
        }
        let copy = bench.copy();
        fs::write(copy.path(file), &spoilt).unwrap();
        is_answered(
            &copy,
            line,
            &format!("{file}, spoilt the {time}. time:\n{}", String::from_utf8_lossy(&spoilt)),
        );
    }
}

fn is_answered(copy: &Copy, line: &str, what: &str) {
    let before = copy.state();
    let said = copy.run(line);
    let context = format!("{what}\n$ {line}\n{}", said.error);
    assert!([0, 2, 3].contains(&said.code), "ended with {}: {context}", said.code);
    assert!(!said.error.contains("panicked"), "{context}");
    if said.code == 0 {
        return;
    }
    assert!(said.error.starts_with("notochord"), "{context}");
    let lists_problems = line.contains(" check ");
    assert!(lists_problems || said.error.lines().count() == 1, "{context}");
    assert!(said.error.lines().all(|line| line.chars().count() <= 600), "{context}");
    // What is refused only when the coordinator was asked has made a key by then, and is in the ledger.
    assert!(said.code == 3 || copy.state() == before, "did not leave everything as it was: {context}");
}

/// The lines that say where something listens.
fn addresses(text: &[u8]) -> Vec<&[u8]> {
    let keys: [&[u8]; 5] = [b"enrol", b"connect", b"listen", b"public_listen", b"public_enrol"];
    let lines = text.split(|byte| *byte == b'\n');
    lines.filter(|line| keys.iter().any(|key| line.trim_ascii_start().starts_with(key))).collect()
}

/// Xorshift: the same sequence everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % (limit.max(1) as u64)).unwrap()
    }

    /// The file with one to three spoilt places.
    fn spoilt(&mut self, sound: &[u8]) -> Vec<u8> {
        let mut bytes = sound.to_vec();
        for _ in 0..=self.below(3) {
            self.spoil(&mut bytes);
        }
        bytes
    }

    fn spoil(&mut self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        let at = self.below(bytes.len());
        match self.below(7) {
            0 => bytes[at] ^= 1 << self.below(8),
            1 => bytes[at] = u8::try_from(self.below(256)).unwrap(),
            2 => drop(bytes.remove(at)),
            3 => bytes.insert(at, bytes[at]),
            4 => bytes.truncate(at),
            deletes_or_doubles => {
                let start = bytes[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
                let end = bytes[at..]
                    .iter()
                    .position(|byte| *byte == b'\n')
                    .map_or(bytes.len(), |end| at + end + 1);
                let line = bytes[start..end].to_vec();
                let put = if deletes_or_doubles == 5 { Vec::new() } else { [line.clone(), line].concat() };
                bytes.splice(start..end, put);
            }
        }
    }
}
