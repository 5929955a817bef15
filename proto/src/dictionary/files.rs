//! The files that make up a data dictionary, and the one hash that names them.

use std::collections::BTreeMap;

use crate::digest::Digest;
use crate::problem::{Place, Problem, suggestion};

/// The file every dictionary has: REDCap's 18 columns.
pub const DICTIONARY: &str = "dictionary.csv";
/// The events of a longitudinal registry.
pub const EVENTS: &str = "events.csv";
/// Version, missing-data codes and linkage keys.
pub const NETWORK: &str = "network.toml";
/// Contradictions between fields.
pub const RULES: &str = "rules.toml";
/// What this version renames, recodes, adds and removes.
pub const MIGRATIONS: &str = "migrations.toml";

/// Every file a dictionary may have.
pub const NAMES: [&str; 5] = [DICTIONARY, EVENTS, MIGRATIONS, NETWORK, RULES];

/// The longest file of a dictionary, in bytes.
pub const LONGEST_FILE: usize = 4 << 20;

/// The exact bytes of a dictionary's files, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DictionaryFiles(BTreeMap<String, Vec<u8>>);

impl DictionaryFiles {
    /// Files by name: `dictionary.csv` among them, each one of [`NAMES`], none longer than [`LONGEST_FILE`].
    pub fn new(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Result<Self, Problem> {
        let files: BTreeMap<_, _> = files.into_iter().collect();
        for (name, bytes) in &files {
            if !NAMES.contains(&name.as_str()) {
                let message = format!("is no file of a dictionary{}", suggestion(name, NAMES));
                return Err(Problem::new(Place::file(name), message));
            }
            if bytes.len() > LONGEST_FILE {
                return Err(Problem::new(Place::file(name), format!("is longer than {LONGEST_FILE} bytes")));
            }
        }
        match files.contains_key(DICTIONARY) {
            true => Ok(Self(files)),
            false => Err(Problem::new(Place::file(DICTIONARY), "is missing; every dictionary has one")),
        }
    }

    /// A dictionary of one file.
    pub fn of_fields(bytes: &[u8]) -> Self {
        Self(BTreeMap::from([(DICTIONARY.to_owned(), bytes.to_vec())]))
    }

    /// The bytes of a file.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.0.get(name).map(Vec::as_slice)
    }

    /// Every file, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
    }

    /// SHA-256 over one line `<SHA-256 of the file in hex>  <name>` for each file, sorted by name: what
    /// `sha256sum *.csv *.toml | sort -k 2 | sha256sum` prints.
    pub fn digest(&self) -> Digest {
        let line = |(name, bytes): (&str, &[u8])| format!("{}  {name}\n", Digest::of(bytes).hex());
        Digest::of(self.iter().map(line).collect::<String>().as_bytes())
    }
}
