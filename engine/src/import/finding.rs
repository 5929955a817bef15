//! Something wrong in an export, and where.

use std::fmt;

use serde::Serialize;

/// Something wrong in an export: `patients.csv:7 (age): `abc` is not a whole number from 0 to 120`. It quotes
/// cells, never a record id or an identifier, and stays at the centre.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The file, as given.
    pub file: String,
    /// Where in the file the row stands.
    #[serde(flatten)]
    pub row: RowPlace,
    /// The column, unless the whole row is to blame.
    pub column: Option<String>,
    /// What kind of finding it is, for counting.
    pub kind: FindingKind,
    /// What was found and what was expected.
    pub finding: String,
}

/// Where a row stands in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RowPlace {
    /// The line on which it starts; the header's is 1.
    Line(u64),
    /// Its number, from 1, where a file has no lines.
    Row(u64),
}

/// What kind of thing is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    // The row.
    /// More cells than headings.
    TooManyCells,
    /// Fewer cells than headings.
    TooFewCells,
    /// A quotation mark without its partner in a row over several lines.
    OpenQuotation,
    /// The heading row once more, as where files were pasted together.
    RepeatedHeader,
    // The patient.
    /// An empty record id.
    NoRecordId,
    /// A record id with control characters.
    UnreadableRecordId,
    /// A record id of absurd length.
    LongRecordId,
    // The event.
    /// An empty event.
    NoEvent,
    /// An event the dictionary does not have.
    UnknownEvent,
    /// A label that several events share.
    AmbiguousEvent,
    /// An event's label in a file of codes.
    EventLabelAmongCodes,
    /// An event's unique name in a file of labels.
    EventCodeAmongLabels,
    /// More rows of a patient than the dictionary has events.
    MoreRowsThanEvents,
    /// A value of a form that is not filled in at the row's event.
    FormNotAtEvent,
    // Repeats.
    /// A repeat instrument the dictionary does not have as a form.
    UnknownInstrument,
    /// A repeat instrument without an instance.
    NoInstance,
    /// An instance that is no whole number from 1.
    UnreadableInstance,
    /// An instance beyond the greatest.
    GreatInstance,
    /// A value of another form in the row of a repeat instrument.
    OutsideInstrument,
    // Whole numbers.
    /// Not a number at all.
    NotAWholeNumber,
    /// A number with a fraction where none may be.
    FractionalNumber,
    /// A whole number beyond the dictionary's bounds.
    WholeNumberOutOfBounds,
    // Numbers.
    /// Not a number.
    NotANumber,
    /// A number beyond the dictionary's bounds.
    NumberOutOfBounds,
    /// Infinite, or not a number by name.
    NotFinite,
    /// A decimal comma in a file whose cells are divided by commas or tabs.
    DecimalComma,
    /// Thousands set apart.
    GroupedDigits,
    /// A number with its unit.
    NumberWithUnit,
    /// A number with `<`, `>` or the like before it.
    ComparedNumber,
    // Choices.
    /// A code the field does not have.
    UnknownCode,
    /// A code that differs in case from one of the field's.
    CodeInOtherCase,
    /// A label the field does not have.
    UnknownLabel,
    /// A label that several codes of the field share.
    AmbiguousLabel,
    /// A label in a file of codes.
    LabelAmongCodes,
    /// A code in a file of labels.
    CodeAmongLabels,
    // Yes or no, true or false, boxes.
    /// Not yes or no.
    NotYesOrNo,
    /// Not true or false.
    NotTrueOrFalse,
    /// Not a box of a checkbox.
    NotABox,
    /// A box of another way of writing boxes than the file's.
    BoxOfOtherStyle,
    /// A checkbox marked as missing, with a box ticked.
    TickedAndMissing,
    // Dates.
    /// Not a date.
    NotADate,
    /// Day, month and year in another order.
    DateInOtherOrder,
    /// A date written as the number of a spreadsheet.
    SpreadsheetDate,
    /// A year or a month without a day.
    PartialDate,
    /// A day that no calendar has.
    NoSuchDay,
    /// A year before 1900 or after 2100.
    AbsurdYear,
    // Any cell.
    /// A word for "missing" that the network has not declared.
    UndeclaredMissing,
    /// A cell that a spreadsheet could not show or compute.
    SpreadsheetError,
    /// Something that cannot be shown in a cell of data.
    ControlCharacters,
    /// A cell of absurd length.
    LongCell,
    // The same place twice.
    /// A row that says exactly what another row says of the same place.
    DuplicateRow,
    /// Values other than those another row gives for the same place.
    ConflictingValues,
    // The patient as a whole.
    /// More rows than a patient may have.
    TooManyRowsOfAPatient,
    /// A date of day 0 that cannot be read, so that nobody knows the patient's days.
    DayZeroUnknown,
    /// A day 0 in a year beyond the bounds of `day0_year`.
    DayZeroYear,
    /// More days since day 0 than the dictionary allows.
    DaysOutOfBounds,
    /// Two record ids that agree in a linkage key.
    SamePatientTwice,
    // Among fields.
    /// A rule of the dictionary says that the fields contradict each other.
    Contradiction,
}

impl RowPlace {
    /// The line or the number.
    pub fn number(self) -> u64 {
        match self {
            Self::Line(number) | Self::Row(number) => number,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}{}", self.file, self.row)?;
        if let Some(column) = &self.column {
            write!(out, " ({column})")?;
        }
        write!(out, ": {}", self.finding)
    }
}

impl fmt::Display for RowPlace {
    /// What follows the name of the file: `:7`, or `, row 6`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(out, ":{line}"),
            Self::Row(row) => write!(out, ", row {row}"),
        }
    }
}

impl fmt::Display for FindingKind {
    /// The name that JSON carries, such as `duplicate_row`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(out)
    }
}
