//! REDCap's 18 columns and the rows under them.

use csv::StringRecord;

use crate::problem::{Place, Problem, suggestion};

pub(super) const NAME: &str = "Variable / Field Name";
pub(super) const FORM: &str = "Form Name";
pub(super) const TYPE: &str = "Field Type";
pub(super) const LABEL: &str = "Field Label";
pub(super) const CHOICES: &str = "Choices, Calculations, OR Slider Labels";
pub(super) const VALIDATION: &str = "Text Validation Type OR Show Slider Number";
pub(super) const MIN: &str = "Text Validation Min";
pub(super) const MAX: &str = "Text Validation Max";
pub(super) const IDENTIFIER: &str = "Identifier?";
pub(super) const REQUIRED: &str = "Required Field?";
pub(super) const ANNOTATION: &str = "Field Annotation";

/// The columns as REDCap names and orders them.
const COLUMNS: [&str; 18] = [
    NAME,
    FORM,
    "Section Header",
    TYPE,
    LABEL,
    CHOICES,
    "Field Note",
    VALIDATION,
    MIN,
    MAX,
    IDENTIFIER,
    "Branching Logic (Show field only if...)",
    REQUIRED,
    "Custom Alignment",
    "Question Number (surveys only)",
    "Matrix Group Name",
    "Matrix Ranking?",
    ANNOTATION,
];

/// Which column stands where in a file.
pub(super) struct Columns {
    titles: Vec<&'static str>,
}

impl Columns {
    /// Reads the first line: all of REDCap's columns, in any order, and no other.
    pub(super) fn read(place: &Place, header: &StringRecord) -> Result<Columns, Vec<Problem>> {
        if !header.iter().any(|written| COLUMNS.contains(&written.trim())) {
            let message = "has none of REDCap's 18 columns; the first line of a data dictionary names them";
            return Err(vec![Problem::new(place.clone(), message)]);
        }
        let mut problems = Vec::new();
        let mut titles: Vec<&'static str> = Vec::new();
        for written in header {
            match COLUMNS.iter().find(|title| **title == written.trim()) {
                Some(title) if titles.contains(title) => {
                    problems.push(format!("the column `{title}` stands twice"))
                }
                Some(title) => titles.push(title),
                None => problems.push(format!(
                    "unknown column `{}`{}",
                    written.trim(),
                    suggestion(written, COLUMNS)
                )),
            }
        }
        let lacking = COLUMNS.iter().filter(|title| !titles.contains(*title));
        problems.extend(lacking.map(|title| format!("lacks the column `{title}` of REDCap's 18")));
        if problems.is_empty() {
            return Ok(Columns { titles });
        }
        Err(problems.into_iter().map(|message| Problem::new(place.clone(), message)).collect())
    }

    /// A row under these columns.
    pub(super) fn row<'a>(&'a self, place: Place, record: &'a StringRecord) -> Result<Row<'a>, Problem> {
        if record.len() == self.titles.len() {
            return Ok(Row { place, columns: self, record });
        }
        let message = format!(
            "has {} cells under {} columns; put cells with commas in double quotes",
            record.len(),
            self.titles.len()
        );
        Err(Problem::new(place, message))
    }
}

/// A row of the file: one field of the dictionary.
pub(super) struct Row<'a> {
    place: Place,
    columns: &'a Columns,
    record: &'a StringRecord,
}

impl Row<'_> {
    /// The cell of a column, without the space around it.
    pub(super) fn cell(&self, column: &str) -> &str {
        let at = self.columns.titles.iter().position(|title| *title == column);
        at.and_then(|at| self.record.get(at)).unwrap_or_default().trim()
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
        Problem::new(self.place.clone().in_column(column), message)
    }

    /// Its line in the file.
    pub(super) fn line(&self) -> usize {
        self.place.line.unwrap_or_default()
    }
}
