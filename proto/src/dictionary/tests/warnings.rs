//! What is legal and yet unwise.

use super::super::column::{ANNOTATION, CHOICES, LABEL, MAX, MIN, NAME, TYPE, VALIDATION};
use super::redcap::{lines, parse};

/// The warnings about one row.
fn warning(cells: &[(&str, &str)]) -> String {
    let parsed = parse(&[&[&[(NAME, "x")], cells].concat()]);
    parsed.map_or_else(|problems| problems, |dictionary| lines(dictionary.warnings().to_vec()))
}

#[test]
fn what_is_unwise_is_said_with_its_place() {
    let at = |column: &str, message: &str| format!("d.csv:3 ({column}): {message}");
    let number = [(TYPE, "text"), (VALIDATION, "integer")];
    let date = [(TYPE, "text"), (VALIDATION, "date_ymd")];
    assert_eq!(warning(&[]), "");
    assert_eq!(
        warning(&[(NAME, "a_name_of_more_than_26_letters")]),
        at(NAME, "has 30 characters; REDCap advises at most 26")
    );
    assert_eq!(
        warning(&[(NAME, "enum")]),
        at(NAME, "REDCap takes no new field called `enum`; choose another name")
    );
    assert_eq!(
        warning(&[(LABEL, "")]),
        at(LABEL, "has no label; reports and exports with labels name the field by it")
    );
    assert_eq!(
        warning(&number),
        at(MIN, "has no bounds: it cannot enter a network release; give a minimum and a maximum")
    );
    assert_eq!(
        warning(&[&number[..], &[(MIN, "0")]].concat()),
        at(MAX, "has a minimum and no maximum: it counts as a number without bounds; give both")
    );
    assert_eq!(
        warning(&[&number[..], &[(MAX, "0")]].concat()),
        at(MIN, "has a maximum and no minimum: it counts as a number without bounds; give both")
    );
    assert_eq!(warning(&[(TYPE, "notes")]), at(TYPE, "free text is dropped: no study can use it"));
    assert_eq!(warning(&[(TYPE, "file")]), at(TYPE, "an uploaded file is dropped: no study can use it"));
    assert_eq!(
        warning(&[(TYPE, "text"), (VALIDATION, "number_comma_decimal")]),
        at(VALIDATION, "a number with a decimal comma counts as free text and is dropped; use `number`")
    );
    assert_eq!(
        warning(&date),
        at(ANNOTATION, "a date is dropped: no field is marked `@DAY0`, from which days are counted")
    );
    assert_eq!(
        warning(&[&date[..], &[(ANNOTATION, "@DAY0")]].concat()),
        at(
            ANNOTATION,
            "has no `@DAYS(min,max)`: its days cannot enter a network release without these bounds"
        )
    );
    assert_eq!(warning(&[&date[..], &[(ANNOTATION, "@DAY0 @DAYS(0,9)")]].concat()), "");
    assert_eq!(
        warning(&[(TYPE, "radio"), (CHOICES, "<=20, Few | 2, Few")]),
        at(
            CHOICES,
            "the code `<=20` has signs beside letters, digits, `.`, `-` and `_`, which REDCap may refuse"
        ) + "\n"
            + &at(CHOICES, "two choices are labelled `Few`; exports of labels cannot tell them apart")
    );
}
