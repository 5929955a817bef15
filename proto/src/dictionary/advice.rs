//! What is legal in a field and yet unwise.

use super::column::{ANNOTATION, CHOICES, LABEL, MAX, MIN, NAME, TYPE, VALIDATION};
use super::table::Row;
use super::{Field, FieldKind, choices, field_name};
use crate::problem::{Place, Problem};

/// What a row tells.
pub(super) fn of_row(row: &Row<'_>, field: &Field, is_record_id: bool) -> Vec<Problem> {
    let mut advice: Vec<_> =
        field_name::warning(&field.name).into_iter().map(|message| row.problem(NAME, message)).collect();
    if field.label.is_empty() {
        advice.push(row.problem(LABEL, "has no label; reports and exports with labels name the field by it"));
    }
    let codes = match &field.kind {
        FieldKind::Choice { levels } => choices::warnings(levels.iter()),
        FieldKind::Checkbox { levels } => choices::warnings(levels.iter().map(|choice| &choice.level)),
        _ => Vec::new(),
    };
    advice.extend(codes.into_iter().map(|message| row.problem(CHOICES, message)));
    if !is_record_id && !field.identifier {
        advice.extend(bounds(row, field).or_else(|| dropped(row, field)));
    }
    advice
}

/// Bounds that a number lacks.
fn bounds(row: &Row<'_>, field: &Field) -> Option<Problem> {
    let unbounded = matches!(
        field.kind,
        FieldKind::Integer { bounds: None }
            | FieldKind::Number { bounds: None }
            | FieldKind::Calc { bounds: None }
    );
    let is_empty = |column: &str| row.cell(column).is_empty();
    let (column, message) = match (is_empty(MIN), is_empty(MAX)) {
        (true, true) if unbounded => {
            (MIN, "has no bounds: it cannot enter a network release; give a minimum and a maximum")
        }
        (true, false) if unbounded || is_slider(field) => {
            (MIN, "has a maximum and no minimum: it counts as a number without bounds; give both")
        }
        (false, true) if unbounded || is_slider(field) => {
            (MAX, "has a minimum and no maximum: it counts as a number without bounds; give both")
        }
        _ => return None,
    };
    Some(row.problem(column, message))
}

fn is_slider(field: &Field) -> bool {
    matches!(field.kind, FieldKind::Slider { .. })
}

/// A field that never reaches a snapshot, though nothing identifies a person in it.
fn dropped(row: &Row<'_>, field: &Field) -> Option<Problem> {
    match field.kind {
        FieldKind::Text if row.cell(VALIDATION).ends_with("comma_decimal") => {
            let message = "a number with a decimal comma counts as free text and is dropped; use `number`";
            Some(row.problem(VALIDATION, message))
        }
        FieldKind::Text | FieldKind::Notes => {
            Some(row.problem(TYPE, "free text is dropped: no study can use it"))
        }
        FieldKind::File => Some(row.problem(TYPE, "an uploaded file is dropped: no study can use it")),
        _ => None,
    }
}

/// What only the whole file tells: dates, which need a day 0.
pub(super) fn of_file(file: &str, fields: &[Field]) -> Vec<Problem> {
    let has_day_zero = fields.iter().any(|field| field.annotations.day_zero);
    let date = |field: &Field| {
        let message = match (has_day_zero, field.annotations.days) {
            (false, _) => "a date is dropped: no field is marked `@DAY0`, from which days are counted",
            (true, None) => {
                "has no `@DAYS(min,max)`: its days cannot enter a network release without these bounds"
            }
            (true, Some(_)) => return None,
        };
        Some(Problem::new(Place::line(file, field.line).in_column(ANNOTATION), message))
    };
    let dates = fields.iter().filter(|field| field.kind == FieldKind::Date && !field.identifier);
    dates.filter_map(date).collect()
}
