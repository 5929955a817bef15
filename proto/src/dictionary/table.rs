//! A CSV file of known columns, in any order.

use csv::StringRecord;

use super::lines::Rows;
use crate::problem::{Place, Problem, suggestion};

/// The columns that a file may have.
pub(super) struct Titles {
    /// Those it must have.
    pub(super) required: &'static [&'static str],
    /// Those it may have besides.
    pub(super) optional: &'static [&'static str],
    /// Whose columns they are: `REDCap's 18`.
    pub(super) whose: &'static str,
    /// What the file is, in words.
    pub(super) file: &'static str,
}

/// Which column stands where in a file.
pub(super) struct Columns<'a> {
    file: &'a str,
    titles: Vec<&'static str>,
}

/// Reads the first line: all required columns and no unknown one.
pub(super) fn open<'a>(
    file: &'a str,
    text: &'a str,
    known: &Titles,
) -> Result<(Columns<'a>, Rows<'a>), Vec<Problem>> {
    let mut rows = Rows::of(text);
    let Some((line, header)) = rows.next() else {
        let message = format!("is empty; it needs {} columns", known.whose);
        return Err(vec![Problem::new(Place::file(file), message)]);
    };
    let place = Place::line(file, line);
    let titles = match header {
        Ok(header) => known.order(&header),
        Err(error) => Err(vec![error.to_string()]),
    };
    match titles {
        Ok(titles) => Ok((Columns { file, titles }, rows)),
        Err(messages) => {
            Err(messages.into_iter().map(|message| Problem::new(place.clone(), message)).collect())
        }
    }
}

impl Titles {
    fn all(&self) -> impl Iterator<Item = &'static str> {
        self.required.iter().chain(self.optional).copied()
    }

    /// The titles as the header orders them, or what is wrong with it.
    fn order(&self, header: &StringRecord) -> Result<Vec<&'static str>, Vec<String>> {
        let Self { whose, file, .. } = self;
        let known = |written: &str| self.all().find(|title| *title == written.trim());
        if !header.iter().any(|written| known(written).is_some()) {
            let message = format!("has none of {whose} columns; the first line of {file} names them");
            return Err(vec![message]);
        }
        let (mut titles, mut wrong): (Vec<&'static str>, Vec<String>) = (Vec::new(), Vec::new());
        for written in header.iter().map(str::trim) {
            match known(written) {
                Some(title) if titles.contains(&title) => {
                    wrong.push(format!("the column `{title}` stands twice"));
                }
                Some(title) => titles.push(title),
                None => wrong.push(format!("unknown column `{written}`{}", suggestion(written, self.all()))),
            }
        }
        let lacking = self.required.iter().filter(|title| !titles.contains(*title));
        wrong.extend(lacking.map(|title| format!("lacks the column `{title}` of {whose}")));
        wrong.truncate(MOST_MESSAGES);
        if wrong.is_empty() { Ok(titles) } else { Err(wrong) }
    }
}

/// So many messages about one header are enough.
const MOST_MESSAGES: usize = 40;

impl Columns<'_> {
    /// The rows under these columns.
    pub(super) fn rows<'a>(&'a self, rows: Rows<'a>) -> impl Iterator<Item = Result<Row<'a>, Problem>> {
        rows.map(|(line, record)| self.row(line, record))
    }

    fn row(&self, line: usize, record: Result<StringRecord, csv::Error>) -> Result<Row<'_>, Problem> {
        let place = Place::line(self.file, line);
        let record = record.map_err(|error| Problem::new(place.clone(), error.to_string()))?;
        if record.len() == self.titles.len() {
            return Ok(Row { place, line, titles: &self.titles, record });
        }
        let message = format!(
            "has {} cells under {} columns; put cells with commas in double quotes",
            record.len(),
            self.titles.len()
        );
        Err(Problem::new(place, message))
    }
}

/// A row of a file.
pub(super) struct Row<'a> {
    place: Place,
    line: usize,
    titles: &'a [&'static str],
    record: StringRecord,
}

impl Row<'_> {
    /// The cell of a column, without the space around it; empty where the file lacks the column.
    pub(super) fn cell(&self, column: &str) -> &str {
        let at = self.titles.iter().position(|title| *title == column);
        at.and_then(|at| self.record.get(at)).unwrap_or_default().trim()
    }

    /// Whether the file has the column.
    pub(super) fn has(&self, column: &str) -> bool {
        self.titles.contains(&column)
    }

    /// Whether a column that holds `y` or nothing holds `y`.
    pub(super) fn is_yes(&self, column: &str) -> Result<bool, Problem> {
        match self.cell(column) {
            "y" | "Y" => Ok(true),
            "" | "n" | "N" => Ok(false),
            other => Err(self.problem(column, format!("`{other}` is neither `y` nor empty"))),
        }
    }

    /// A problem in a column of this row.
    pub(super) fn problem(&self, column: &str, message: impl Into<String>) -> Problem {
        Problem::new(self.place(column), message)
    }

    /// The place of a column of this row.
    pub(super) fn place(&self, column: &str) -> Place {
        self.place.clone().in_column(column)
    }

    /// The line it begins on.
    pub(super) fn line(&self) -> usize {
        self.line
    }
}
