//! Tables of a TOML document, read key by key, with the line of every key.
//!
//! A [`Section`] is an owned table. [`Fields`] reads it and remembers which keys were asked for, so that what
//! nobody asked for is an error that names the nearest known key.

mod value;

use std::collections::BTreeSet;

use toml::Spanned;
use toml::de::{DeFloat, DeInteger, DeString, DeTable, DeValue};

pub(crate) use value::written_date;
pub use value::{FieldValue, FromField, OneOrMany, one_of};

use crate::document;
use crate::problem::{Place, Problem, suggestion};

/// The most bytes of a configuration file.
pub const LONGEST: usize = 1 << 20;

/// The deepest nesting of tables and lists.
const DEEPEST: usize = 16;

/// The most dots of a dotted key.
const LONGEST_PATH: usize = 30;

/// A TOML table: the document itself, `[name]`, an element of `[[name]]` or `{ … }`.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    place: Place,
    heading: String,
    entries: Vec<Entry>,
    taken: BTreeSet<String>,
}

/// A key of a section and what it holds.
#[derive(Debug, Clone, PartialEq)]
struct Entry {
    key: String,
    place: Place,
    value: FieldValue,
}

impl Section {
    /// Reads a whole document. `file` is its name in problems.
    pub fn parse(file: &str, text: &str) -> Result<Section, Problem> {
        let reader = Reader::new(file, text);
        if let Some(at) = endless_path(text) {
            return Err(Problem::new(
                reader.place(at),
                format!("more than {LONGEST_PATH} dots in a row; shorten it"),
            ));
        }
        let table = DeTable::parse(text).map_err(|error| {
            let place = error.span().map_or(Place::file(file), |span| reader.place(span.start));
            let written = error.span().and_then(|span| text.get(span)).unwrap_or_default();
            match error.message() {
                "duplicate key" => {
                    Problem::new(place, format!("`{written}` stands here a second time; keep one"))
                }
                message => Problem::new(place, message),
            }
        })?;
        reader.section("", "the document".to_owned(), Place::file(file), table.get_ref())
    }

    /// Reads a whole document of at most [`LONGEST`] bytes.
    pub fn from_bytes(file: &str, bytes: &[u8]) -> Result<Section, Problem> {
        Self::parse(file, document::text(file, bytes, LONGEST)?)
    }

    /// Starts reading its keys.
    pub fn fields(&self) -> Fields<'_> {
        Fields { section: self, asked: self.taken.clone() }
    }

    /// Where the table begins.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The keys nobody has taken yet, in the order of the file.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.key.as_str()).filter(|key| !self.taken.contains(*key))
    }

    fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    fn place_of(&self, key: &str) -> Place {
        match self.entry(key) {
            Some(entry) => entry.place.clone().in_column(key),
            None => self.place.clone(),
        }
    }
}

/// The keys of a section being read.
#[derive(Debug)]
pub struct Fields<'a> {
    section: &'a Section,
    asked: BTreeSet<String>,
}

impl<'a> Fields<'a> {
    /// The value of a key that must be there.
    pub fn required<T: FromField>(&mut self, key: &'static str) -> Result<T, Problem> {
        let found = self.optional(key)?;
        found.ok_or_else(|| self.lacks(key))
    }

    /// The value of a key that may be absent.
    pub fn optional<T: FromField>(&mut self, key: &'static str) -> Result<Option<T>, Problem> {
        let Some(entry) = self.ask(key) else { return Ok(None) };
        T::from_field(&entry.value).map(Some).map_err(|message| self.problem(key, message))
    }

    /// The table `[key]`, where there is one.
    pub fn section(&mut self, key: &'static str) -> Result<Option<Section>, Problem> {
        self.optional(key)
    }

    /// The tables `[[key]]`; none where the key is absent.
    pub fn sections(&mut self, key: &'static str) -> Result<Vec<Section>, Problem> {
        Ok(self.optional(key)?.unwrap_or_default())
    }

    /// The tables `[key.NAME]` with their names, in the order of the file; none where the key is absent.
    pub fn named_sections(&mut self, key: &'static str) -> Result<Vec<(String, Section)>, Problem> {
        let Some(parent) = self.section(key)? else { return Ok(Vec::new()) };
        let named = parent.entries.into_iter().map(|entry| match entry.value {
            FieldValue::Section(section) => Ok((entry.key, section)),
            _ => Err(self.problem(key, format!("`{}` must be a table `[{key}.{}]`", entry.key, entry.key))),
        });
        named.collect()
    }

    /// A problem at the place of `key`, or of the table where the key is absent.
    pub fn problem(&self, key: &str, message: impl Into<String>) -> Problem {
        Problem::new(self.section.place_of(key), message)
    }

    /// The place of `key`, or of the table where the key is absent.
    pub fn place(&self, key: &str) -> Place {
        self.section.place_of(key)
    }

    /// Ends the reading: a key nobody asked for is a problem.
    pub fn finish(self) -> Result<(), Problem> {
        let Some(unknown) = self.section.entries.iter().find(|entry| !self.asked.contains(&entry.key)) else {
            return Ok(());
        };
        let near = suggestion(&unknown.key, self.asked.iter().map(String::as_str));
        Err(Problem::new(unknown.place.clone(), format!("unknown key `{}`{near}", unknown.key)))
    }

    /// Ends the reading for now: the same section, in which the keys asked for so far count as read.
    pub fn rest(self) -> Section {
        Section { taken: self.asked, ..self.section.clone() }
    }

    /// The problem of a key that must be there; one that looks like it misspelt is named.
    fn lacks(&self, key: &str) -> Problem {
        let message = format!("{} lacks the key `{key}`", self.section.heading);
        let mut unread = self.section.entries.iter().filter(|entry| !self.asked.contains(&entry.key));
        match unread.find(|entry| is_misspelt(&entry.key, key)) {
            Some(entry) => {
                let message = format!("{message}; is `{}` meant to be it?", entry.key);
                Problem::new(entry.place.clone(), message)
            }
            None => self.problem(key, message),
        }
    }

    fn ask(&mut self, key: &'static str) -> Option<&'a Entry> {
        self.asked.insert(key.to_owned());
        self.section.entry(key)
    }
}

/// Whether what was written is `key` but for a letter in three.
fn is_misspelt(written: &str, key: &str) -> bool {
    written.len() <= 2 * key.len() && strsim::damerau_levenshtein(written, key) <= key.len() / 3
}

/// Turns tables into sections, and offsets of the text into lines.
struct Reader<'a> {
    file: &'a str,
    line_starts: Vec<usize>,
}

impl<'a> Reader<'a> {
    fn new(file: &'a str, text: &str) -> Self {
        let after_breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self { file, line_starts: std::iter::once(0).chain(after_breaks).collect() }
    }

    /// The place of an offset of the text.
    fn place(&self, offset: usize) -> Place {
        Place::line(self.file, self.line_starts.partition_point(|start| *start <= offset))
    }

    /// `path` is what leads to the table: `derived.age_group`.
    fn section(
        &self,
        path: &str,
        heading: String,
        place: Place,
        table: &DeTable<'_>,
    ) -> Result<Section, Problem> {
        let mut keys: Vec<_> = table.iter().collect();
        keys.sort_by_key(|(key, _)| key.span().start);
        let entries = keys.into_iter().map(|(key, value)| self.entry(path, key, value));
        Ok(Section { place, heading, entries: entries.collect::<Result<_, _>>()?, taken: BTreeSet::new() })
    }

    fn entry(
        &self,
        path: &str,
        key: &Spanned<DeString<'_>>,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<Entry, Problem> {
        let name = key.get_ref().to_string();
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let place = self.place(key.span().start);
        let value = self.value(&path, format!("[{path}]"), value).map_err(|unread| match unread {
            Unread::Here(message) => Problem::new(place.clone().in_column(&name), message),
            Unread::Within(problem) => problem,
        })?;
        Ok(Entry { key: name, place, value })
    }

    /// `heading` names the value where it is a table.
    fn value(&self, path: &str, heading: String, value: &Spanned<DeValue<'_>>) -> Result<FieldValue, Unread> {
        if path.split('.').count() > DEEPEST {
            return Err(Unread::Here(format!("nested deeper than {DEEPEST} tables")));
        }
        Ok(match value.get_ref() {
            DeValue::String(text) => FieldValue::Text(text.to_string()),
            DeValue::Integer(written) => FieldValue::Integer(integer(written)?),
            DeValue::Float(written) => FieldValue::Number(number(written)?),
            DeValue::Boolean(truth) => FieldValue::Truth(*truth),
            DeValue::Datetime(written) => FieldValue::Date(value::date_of(written)?),
            DeValue::Array(values) => {
                let values = values.iter().map(|value| self.value(path, format!("[[{path}]]"), value));
                FieldValue::List(values.collect::<Result<_, _>>()?)
            }
            DeValue::Table(table) => {
                FieldValue::Section(self.section(path, heading, self.place(value.span().start), table)?)
            }
        })
    }
}

fn integer(written: &DeInteger<'_>) -> Result<i64, String> {
    i64::from_str_radix(written.as_str(), written.radix()).map_err(|_| format!("{written} is too large"))
}

fn number(written: &DeFloat<'_>) -> Result<f64, String> {
    let number = written.as_str().parse().ok().filter(|number: &f64| number.is_finite());
    number.ok_or_else(|| format!("{written} is not a finite number"))
}

/// Where more dots than [`LONGEST_PATH`] stand between two signs that end a dotted key. The TOML parser bounds
/// braces and dots one by one but not their product, and drops the tables it made recursively. That dots
/// within a text count too keeps this simple and safe.
fn endless_path(text: &str) -> Option<usize> {
    let mut dots = 0;
    text.bytes().position(|byte| {
        dots = match byte {
            b'.' => dots + 1,
            b',' | b'=' | b'{' | b'}' | b'[' | b']' | b'\n' => 0,
            _ => dots,
        };
        dots > LONGEST_PATH
    })
}

/// A value that could not be read: the key's own, or one within its table.
enum Unread {
    Here(String),
    Within(Problem),
}

impl From<String> for Unread {
    fn from(message: String) -> Self {
        Self::Here(message)
    }
}

impl From<Problem> for Unread {
    fn from(problem: Problem) -> Self {
        Self::Within(problem)
    }
}

#[cfg(test)]
mod tests;
