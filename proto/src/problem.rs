//! What is wrong in a file a person wrote, where, and what to do about it.

use std::fmt;

/// A place in a file: lines and columns count from 1; a column may be a CSV column's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file's name as the person gave it.
    pub file: String,
    /// The line, where one is to blame.
    pub line: Option<usize>,
    /// The field or column, where one is to blame.
    pub column: Option<String>,
}

impl Place {
    /// A whole file.
    pub fn file(file: impl Into<String>) -> Self {
        Self { file: file.into(), line: None, column: None }
    }

    /// A line of a file.
    pub fn line(file: impl Into<String>, line: usize) -> Self {
        Self { file: file.into(), line: Some(line), column: None }
    }

    /// The same place, in this column.
    pub fn in_column(self, column: impl Into<String>) -> Self {
        Self { column: Some(one_line(&column.into())), ..self }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(out, ":{line}")?;
        }
        if let Some(column) = &self.column {
            write!(out, " ({column})")?;
        }
        Ok(())
    }
}

/// One thing wrong in a file, in one line: `study.toml:12: unknown key `kynd`; did you mean `kind`?`
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// What, and what to do.
    pub message: String,
}

impl Problem {
    /// A problem at a place.
    pub fn new(place: Place, message: impl Into<String>) -> Self {
        Self { place, message: one_line(&message.into()) }
    }
}

/// The longest message, in characters; what is quoted from a file may be of any length.
const LONGEST_MESSAGE: usize = 400;

/// The longest name that is compared with known ones, in bytes.
const LONGEST_NAME: usize = 100;

/// A text without line breaks and other control characters, cut where it grows too long.
fn one_line(text: &str) -> String {
    let visible = |c: char| if c.is_control() { ' ' } else { c };
    let mut line: String = text.chars().take(LONGEST_MESSAGE).map(visible).collect();
    if text.chars().nth(LONGEST_MESSAGE).is_some() {
        line.push('…');
    }
    line
}

/// The known name nearest to what was written, if one is near enough to be meant.
pub fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (written.chars().count() / 3).max(2);
    let known = known.into_iter().filter(|name| written.len().max(name.len()) <= LONGEST_NAME);
    known
        .map(|name| (strsim::damerau_levenshtein(written, name), name))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, name)| name)
}

/// `; did you mean `x`?`, or nothing.
pub fn suggestion<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(written, known).map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_known_name_is_suggested_and_a_far_one_is_not() {
        assert_eq!(nearest("kynd", ["id", "kind", "where"]), Some("kind"));
        assert_eq!(nearest("elephant", ["id", "kind"]), None);
        assert_eq!(nearest(&"k".repeat(1 << 20), ["id", "kind"]), None);
    }

    #[test]
    fn a_problem_is_one_short_line_whatever_it_quotes() {
        let quoted = format!("unknown key `a\nb{}`", "c".repeat(1 << 20));
        let problem = Problem::new(Place::file("x").in_column("d\re"), quoted).to_string();
        assert!(problem.starts_with("x (d e): unknown key `a bccc"));
        assert!(problem.lines().count() == 1 && problem.chars().count() < 500);
    }
}
