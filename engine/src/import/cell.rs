//! One cell against the dictionary.

mod choice;
mod date;
mod number;

use notochord_proto::dictionary::FieldKind;
use notochord_proto::variable::VariableKind;

use self::choice::Choices;
use super::FindingKind;
use super::label::plain;
use super::missing::MissingCodes;
use super::style::{Boxes, Encoding, Style};
use crate::record::Value;
use crate::rows::GREATEST_INTEGER;
use crate::schema::{ColumnSchema, Stored};

/// How much of a cell a finding may quote.
const QUOTED_CHARACTERS: usize = 40;
/// The longest cell of data, in bytes.
const LONGEST_CELL: usize = 1_000;
/// What other software writes where a value is missing.
const MISSING_ELSEWHERE: [&str; 12] =
    ["na", "n/a", "nan", "null", "none", ".", "-", "?", "<na>", "nd", "missing", "unknown"];
/// What spreadsheets write where they cannot show or compute a value.
const SPREADSHEET_ERRORS: [&str; 8] =
    ["#value!", "#n/a", "#ref!", "#name?", "#div/0!", "#num!", "#null!", "#####"];

/// What the cells of a column must be.
pub(super) enum Expected {
    Integer { bounds: (i64, i64) },
    Number { bounds: Option<(f64, f64)> },
    YesNo,
    TrueFalse,
    Box { label: String },
    Choice(Choices),
    Date,
}

/// What is wrong with a cell.
pub(super) struct Wrong {
    pub(super) kind: FindingKind,
    pub(super) finding: String,
}

impl Wrong {
    pub(super) fn new(kind: FindingKind, cell: &str, wanted: &str, remedy: &str) -> Self {
        Self { kind, finding: format!("`{}` is not {wanted}{remedy}", excerpt(cell)) }
    }
}

impl Expected {
    /// What the cells of a column of that field must be.
    pub(super) fn of(field: &FieldKind, column: &ColumnSchema) -> Self {
        match (field, column.is, &column.variable.kind) {
            (FieldKind::YesNo, ..) => Self::YesNo,
            (FieldKind::TrueFalse, ..) => Self::TrueFalse,
            (FieldKind::Checkbox { levels }, ..) => {
                let choice = levels.iter().find(|choice| choice.column == column.variable.name);
                Self::Box { label: choice.map(|choice| plain(&choice.level.label)).unwrap_or_default() }
            }
            (_, Stored::Date, _) => Self::Date,
            (_, _, VariableKind::Integer { bounds }) => {
                Self::Integer { bounds: bounds.unwrap_or((-GREATEST_INTEGER, GREATEST_INTEGER)) }
            }
            (_, _, VariableKind::Number { bounds }) => Self::Number { bounds: *bounds },
            (_, _, VariableKind::Factor { levels }) => Self::Choice(Choices::new(levels)),
        }
    }

    /// The value of a cell, `None` where it is missing, or what is wrong with it.
    pub(super) fn read(
        &self,
        cell: &str,
        style: Style,
        missing: &MissingCodes,
    ) -> Result<Option<Value>, Wrong> {
        if cell.is_empty() {
            let unticked = matches!(self, Self::Box { .. }) && style.boxes == Boxes::Labels;
            return Ok(unticked.then_some(Value::Integer(0)));
        }
        // A number may look like a code for a missing value; a choice of the field itself goes before one.
        let is_missing = missing.has(cell);
        if is_missing && matches!(self, Self::Integer { .. } | Self::Number { .. } | Self::Date) {
            return Ok(None);
        }
        match self.value(cell, style) {
            Err(_) if is_missing => Ok(None),
            Err(wrong) => Err(unfit(cell).unwrap_or(wrong)),
            Ok(value) => Ok(Some(value)),
        }
    }

    fn value(&self, cell: &str, style: Style) -> Result<Value, Wrong> {
        match self {
            Self::Integer { bounds } => number::whole(cell, *bounds).map(Value::Integer),
            Self::Number { bounds } => number::real(cell, *bounds, style.decimal).map(Value::Number),
            Self::YesNo => yes_or_no(cell, style.encoding).map(Value::Integer),
            Self::TrueFalse => true_or_false(cell).map(Value::Integer),
            Self::Box { label } => ticked(cell, label, style).map(Value::Integer),
            Self::Choice(choices) => choices.read(cell, style.encoding).map(Value::Level),
            Self::Date => date::read(cell).map(Value::Date),
        }
    }

    /// The encoding of a file in which a cell that is not empty stands, where only one can be meant.
    pub(super) fn leaning(&self, cell: &str) -> Option<Encoding> {
        match self {
            Self::Choice(choices) => choices.leaning(cell),
            Self::YesNo if is_digit(cell) => Some(Encoding::Codes),
            Self::YesNo => either(cell, "yes", "no").map(|_| Encoding::Labels),
            Self::Box { label } if !is_digit(label) => {
                if is_digit(cell) {
                    return Some(Encoding::Codes);
                }
                (by_word(cell).is_some() || is_label(cell, label)).then_some(Encoding::Labels)
            }
            _ => None,
        }
    }

    /// Whether a cell is the label of its box, so that the empty boxes of the file are not ticked.
    pub(super) fn is_labelled_box(&self, cell: &str) -> bool {
        match self {
            Self::Box { label } => {
                let is_tick = is_digit(cell) || by_word(cell).is_some();
                !is_tick && is_label(cell, label)
            }
            _ => false,
        }
    }

    /// A value as files of any style have it in common.
    pub(super) fn canonical(&self, value: Value, cell: &str) -> String {
        match (self, value) {
            (Self::Choice(choices), Value::Level(level)) => {
                choices.code(level).unwrap_or_default().to_owned()
            }
            (_, Value::Integer(value)) => value.to_string(),
            (_, Value::Number(value)) => value.to_string(),
            (_, Value::Date(day)) => day.to_string(),
            _ => cell.to_owned(),
        }
    }
}

/// Whether a box is ticked.
pub(super) fn ticked(cell: &str, label: &str, style: Style) -> Result<i64, Wrong> {
    let tick = match (style.boxes, style.encoding) {
        (Boxes::Labels, _) => is_label(cell, label).then_some(1),
        (Boxes::Ticks, Encoding::Labels) => by_word(cell),
        (Boxes::Ticks, Encoding::Codes) => whole_digit(cell),
    };
    tick.ok_or_else(|| no_box(cell, label, style))
}

/// What is wrong with a cell that is no box in the style of its file.
fn no_box(cell: &str, label: &str, style: Style) -> Wrong {
    let wanted = match (style.boxes, style.encoding) {
        (Boxes::Labels, _) => "the label of the box, or empty",
        (Boxes::Ticks, Encoding::Labels) => "Checked or Unchecked",
        (Boxes::Ticks, Encoding::Codes) => "0 or 1",
    };
    let (kind, remedy) = match style.encoding {
        Encoding::Labels if is_digit(cell) => {
            (FindingKind::CodeAmongLabels, "; it is a code, and the file holds labels")
        }
        Encoding::Codes if by_word(cell).is_some() => {
            (FindingKind::LabelAmongCodes, "; it is a label, and the file holds codes")
        }
        _ if is_digit(cell) || by_word(cell).is_some() => (FindingKind::BoxOfOtherStyle, ""),
        _ if is_label(cell, label) => {
            let remedy = "; it is the label of the box, and the boxes before hold no labels";
            (FindingKind::BoxOfOtherStyle, remedy)
        }
        _ => (FindingKind::NotABox, remedy_of_missing(cell).unwrap_or_default()),
    };
    Wrong::new(kind, cell, wanted, remedy)
}

fn by_word(cell: &str) -> Option<i64> {
    either(cell, "checked", "unchecked")
}

fn is_label(cell: &str, label: &str) -> bool {
    !label.is_empty() && (cell == label || plain(cell) == label)
}

fn yes_or_no(cell: &str, encoding: Encoding) -> Result<i64, Wrong> {
    let (wanted, found) = match encoding {
        Encoding::Codes => ("0 or 1", whole_digit(cell)),
        Encoding::Labels => ("Yes or No", either(cell, "yes", "no")),
    };
    found.ok_or_else(|| match encoding {
        Encoding::Codes if either(cell, "yes", "no").is_some() => {
            let remedy = "; it is a label, and the file holds codes";
            Wrong::new(FindingKind::LabelAmongCodes, cell, wanted, remedy)
        }
        Encoding::Labels if digit(cell).is_some() => {
            let remedy = "; it is a code, and the file holds labels";
            Wrong::new(FindingKind::CodeAmongLabels, cell, wanted, remedy)
        }
        _ => match remedy_of_missing(cell) {
            Some(remedy) => Wrong::new(FindingKind::UndeclaredMissing, cell, wanted, remedy),
            None => Wrong::new(FindingKind::NotYesOrNo, cell, wanted, ""),
        },
    })
}

/// REDCap writes `True` and `False` among labels, and other software among codes too.
fn true_or_false(cell: &str) -> Result<i64, Wrong> {
    const WANTED: &str = "true, false, 0 or 1";
    either(cell, "true", "false").or_else(|| whole_digit(cell)).ok_or_else(|| match remedy_of_missing(cell) {
        Some(remedy) => Wrong::new(FindingKind::UndeclaredMissing, cell, WANTED, remedy),
        None => Wrong::new(FindingKind::NotTrueOrFalse, cell, WANTED, ""),
    })
}

fn either(cell: &str, one: &str, zero: &str) -> Option<i64> {
    let is = |word: &str| cell.eq_ignore_ascii_case(word);
    if is(one) { Some(1) } else { is(zero).then_some(0) }
}

fn digit(cell: &str) -> Option<i64> {
    match cell {
        "0" => Some(0),
        "1" => Some(1),
        _ => None,
    }
}

fn is_digit(cell: &str) -> bool {
    digit(cell).is_some()
}

/// 0 or 1 as whole numbers are written, `1.0` among them.
fn whole_digit(cell: &str) -> Option<i64> {
    digit(cell).or_else(|| number::whole(cell, (0, 1)).ok())
}

/// What is wrong with a cell whatever its field.
fn unfit(cell: &str) -> Option<Wrong> {
    let wrong = |kind, says: &str| Some(Wrong { kind, finding: format!("`{}` {says}", excerpt(cell)) });
    if cell.len() > LONGEST_CELL {
        return wrong(FindingKind::LongCell, "is no value; is a quotation mark or a delimiter missing?");
    }
    if cell.contains(char::is_control) {
        return wrong(FindingKind::ControlCharacters, "has characters that no value has");
    }
    let is_error = SPREADSHEET_ERRORS.iter().any(|error| cell.eq_ignore_ascii_case(error));
    if is_error || (cell.len() > 2 && cell.bytes().all(|byte| byte == b'#')) {
        return wrong(FindingKind::SpreadsheetError, "is a spreadsheet's error; export the value itself");
    }
    None
}

/// What to do where other software would have written that a value is missing.
pub(super) fn remedy_of_missing(cell: &str) -> Option<&'static str> {
    let is_missing = MISSING_ELSEWHERE.iter().any(|word| cell.eq_ignore_ascii_case(word));
    is_missing.then_some("; leave the cell empty where the value is missing")
}

/// The start of a text from a file, on one line and harmless to a terminal.
pub(super) fn excerpt(text: &str) -> String {
    let mut characters = text.chars();
    let shown = characters.by_ref().take(QUOTED_CHARACTERS);
    let shown: String = shown.map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if characters.next().is_some() { format!("{shown}…") } else { shown }
}

#[cfg(test)]
mod tests;
