#![allow(clippy::unwrap_used, clippy::panic)]

mod files;
mod redcap;
mod warnings;

use proptest::prelude::*;

use super::sample::{Cells, HEADER, dictionary, row};
use super::*;
use crate::variable::Level;

/// The one problem of a dictionary whose second field is wrong.
fn refusal(cells: Cells<'_>) -> String {
    match dictionary(&[cells]) {
        Ok(dictionary) => format!("accepted: {:?}", dictionary.fields()),
        Err(problems) => problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
    }
}

#[test]
fn every_type_of_redcap_becomes_a_kind() {
    let levels = |codes: &[(&str, &str)]| -> Vec<Level> {
        codes.iter().map(|(code, label)| Level { code: (*code).into(), label: (*label).into() }).collect()
    };
    let dictionary = dictionary(&[
        ["age", "text", "", "integer", "0", "120", "", "@UNIT(years) @GRID(5)"],
        ["weight", "text", "", "number", "0.5", "300", "", "@HIDDEN @UNIT(kg)"],
        ["count", "text", "", "integer", "0", "", "", ""],
        ["seen", "text", "", "date_dmy", "", "", "", "@DAY0 @DAYS(-30, 3650)"],
        ["mail", "text", "", "email", "", "", "y", ""],
        ["smoke", "yesno", "", "", "", "", "", "@SENSITIVE"],
        ["rx", "radio", "Obs, Observation | Lev+5FU, Both, indeed |<=20,US:NIH", "", "", "", "", ""],
        ["sites", "checkbox", "1, Spine | -A, Rib", "", "", "", "", ""],
        ["bmi", "calc", "[weight]/2", "", "10", "80", "", ""],
        ["pain", "slider", "none | some | all", "number", "", "", "", ""],
        ["notes", "notes", "", "", "", "", "", ""],
    ])
    .unwrap();
    let kind = |name: &str| dictionary.field(name).unwrap().kind.clone();
    assert_eq!(kind("age"), FieldKind::Integer { bounds: Some((0, 120)) });
    assert_eq!(kind("weight"), FieldKind::Number { bounds: Some((0.5, 300.0)) });
    assert_eq!(kind("count"), FieldKind::Integer { bounds: None });
    assert_eq!(kind("seen"), FieldKind::Date);
    assert_eq!(kind("mail"), FieldKind::Text);
    let rx = levels(&[("Obs", "Observation"), ("Lev+5FU", "Both, indeed"), ("<=20", "US:NIH")]);
    assert_eq!(kind("rx"), FieldKind::Choice { levels: rx });
    assert_eq!(kind("bmi"), FieldKind::Calc { bounds: Some((10.0, 80.0)) });
    assert_eq!(kind("pain"), FieldKind::Slider { bounds: (0, 100) });
    assert_eq!(dictionary.record_id().as_str(), "id");
    assert_eq!(dictionary.field("age").unwrap().line, 3);
    assert_eq!(dictionary.field("seen").unwrap().annotations.days, Some((-30, 3650)));

    let variables = dictionary.variables();
    let names: Vec<_> = variables.iter().map(|variable| variable.name.as_str()).collect();
    let wanted = ["age", "weight", "count", "seen", "smoke", "rx", "sites___1", "sites____a", "bmi", "pain"];
    assert_eq!(names, [wanted.as_slice(), &["day0_year"]].concat());
    assert_eq!(variables[0].grid, Some(5.0));
    assert_eq!(variables[1].unit.as_deref(), Some("kg"));
    assert!(variables[4].sensitive);
    assert_eq!(variables[6].label, "Label of sites: Spine");
    assert_eq!(variables[6].kind, VariableKind::Integer { bounds: Some((0, 1)) });
    assert_eq!(variables[3].kind, VariableKind::Integer { bounds: Some((-30, 3650)) });
    assert_eq!(variables[3].unit.as_deref(), Some("days"));
    assert_eq!(variables[10].kind, VariableKind::Integer { bounds: Some((1900, 2100)) });
}

#[test]
fn a_date_is_dropped_unless_some_field_marks_day_0() {
    let date = |annotation| ["seen", "text", "", "datetime_seconds_mdy", "", "", "", annotation];
    let without = dictionary(&[date("@DAYS(0,9)")]).unwrap();
    assert!(without.variables().is_empty());
    let why = without.why_withheld(without.field("seen").unwrap());
    assert_eq!(why, Some("a date; no field is marked `@DAY0`"));
    let with = dictionary(&[date("@VISIT"), ["op", "text", "", "date_ymd", "", "", "", "@DAY0"]]).unwrap();
    let names: Vec<_> = with.variables().iter().map(|variable| variable.name.to_string()).collect();
    assert_eq!(names, ["seen", "op", "day0_year"]);
    assert!(with.field("seen").unwrap().annotations.visit);
}

#[test]
fn a_column_of_an_export_is_found_with_its_field_and_form() {
    let dictionary = dictionary(&[
        ["pmh", "checkbox", "1, Heart | -1, None", "", "", "", "", ""],
        ["mail", "text", "", "email", "", "", "y", ""],
        ["op", "text", "", "date_ymd", "", "", "", "@DAY0"],
    ])
    .unwrap();
    let of = |column: &str| dictionary.field_of(column).map(|field| field.name.as_str());
    assert_eq!(of("pmh____1"), Some("pmh"));
    assert_eq!((of("pmh"), of("pmh___2"), of("mail")), (None, None, Some("mail")));
    assert_eq!(dictionary.field("pmh").unwrap().columns().count(), 2);
    assert_eq!(dictionary.field("pmh___1"), None);
    assert_eq!(dictionary.form_of("pmh___1"), Some("form"));
    assert_eq!(dictionary.form_of("op"), Some("form"));
    for absent in ["day0_year", "mail", "id", "pmh", "nobody"] {
        assert_eq!(dictionary.form_of(absent), None, "{absent}");
    }
}

#[test]
fn a_spreadsheet_may_leave_a_mark_carriage_returns_and_another_order() {
    let order =
        HEADER.replacen("\"Variable / Field Name\",\"Form Name\"", "Form Name,Variable / Field Name", 1);
    let text = format!(
        "\u{FEFF}{order}\r\nform,id,,text,\"Two\r\nlines\",,,,,,,,,,,,,\r\nform,Age,,yesno,,,,,,,,,,,,,,\r\n"
    );
    let problems = Dictionary::parse("d.csv", text.as_bytes()).unwrap_err();
    assert_eq!(
        problems[0].to_string(),
        "d.csv:4 (Variable / Field Name): `Age` is not a variable name: lower-case letters, digits and `_`, a \
         letter first, at most 100 characters"
    );
    assert!(Dictionary::parse("d.csv", text.replace("Age", "age").as_bytes()).is_ok());
}

#[test]
fn a_wrong_field_is_refused_with_its_place_and_a_remedy() {
    let at = |column: &str, message: &str| format!("dictionary.csv:3 ({column}): {message}");
    for (cells, error) in [
        (
            ["a", "rdio", "", "", "", "", "", ""],
            at("Field Type", "unknown field type `rdio`; did you mean `radio`?"),
        ),
        (
            ["a", "text", "", "interger", "", "", "", ""],
            at(
                "Text Validation Type OR Show Slider Number",
                "unknown validation `interger`; did you mean `integer`?",
            ),
        ),
        (
            ["a", "text", "", "integer", "1.5", "3", "", ""],
            at("Text Validation Min", "`1.5` is not a whole number"),
        ),
        (
            ["a", "text", "", "number", "1", "inf", "", ""],
            at("Text Validation Max", "`inf` is not a number with a decimal point"),
        ),
        (
            ["a", "text", "", "number", "3", "3", "", ""],
            at("Text Validation Max", "the maximum must be above the minimum"),
        ),
        (
            ["a", "radio", "", "", "", "", "", ""],
            at(
                "Choices, Calculations, OR Slider Labels",
                "has no choices; write `code, label | code, label`",
            ),
        ),
        (
            ["a", "radio", "1, x | 2", "", "", "", "", ""],
            at("Choices, Calculations, OR Slider Labels", "`2` is not a choice `code, label`"),
        ),
        (
            ["a", "radio", "1, x | 1, y", "", "", "", "", ""],
            at(
                "Choices, Calculations, OR Slider Labels",
                "has the code `1` twice; give every choice its own",
            ),
        ),
        (["a", "text", "", "", "", "", "x", ""], at("Identifier?", "`x` is neither `y` nor empty")),
        (
            ["a", "yesno", "", "", "", "", "", "@SENSITVE"],
            at("Field Annotation", "unknown annotation `@SENSITVE`; did you mean `@SENSITIVE`?"),
        ),
        (
            ["a", "yesno", "", "", "", "", "", "@GRID(wide)"],
            at("Field Annotation", "`@GRID` is not written like `@GRID(5)`"),
        ),
        (
            ["a", "yesno", "", "", "", "", "", "@DAY0(3)"],
            at("Field Annotation", "`@DAY0` takes nothing in parentheses"),
        ),
        (
            ["id", "yesno", "", "", "", "", "", ""],
            at("Variable / Field Name", "`id` is taken by the field of line 2"),
        ),
    ] {
        assert_eq!(refusal(cells), error);
    }
}

#[test]
fn redcaps_own_annotations_are_left_to_redcap() {
    let annotation = "@HIDDEN @TODAY @IF([a]=1, @HIDDEN, '') @DEFAULT='1' mail a@SENSITIVE.org";
    let dictionary = dictionary(&[["a", "yesno", "", "", "", "", "", annotation]]).unwrap();
    assert_eq!(dictionary.field("a").unwrap().annotations, Annotations::default());
}

#[test]
fn the_columns_are_redcaps_and_no_other() {
    let parse = |text: &str| Dictionary::parse("d.csv", text.as_bytes()).unwrap_err()[0].to_string();
    assert_eq!(
        parse(&HEADER.replace("Field Note", "Field Notes")),
        "d.csv:1: unknown column `Field Notes`; did you mean `Field Note`?"
    );
    assert_eq!(parse(""), "d.csv: is empty; it needs REDCap's 18 columns");
    assert_eq!(parse(&format!("{HEADER}\n")), "d.csv: names no field; the first is the record id");
    assert_eq!(
        parse(&format!("{HEADER}\na,b\n")),
        "d.csv:2: has 2 cells under 18 columns; put cells with commas in double quotes"
    );
    assert_eq!(
        parse(&format!("{HEADER}\n{}\n", row(["id", "yesno", "", "", "", "", "", ""]))),
        "d.csv:2 (Variable / Field Name): the first field is the record id and must be of type `text`"
    );
    let latin = [HEADER.as_bytes(), b"\nid,\xE9,,text,,,,,,,,,,,,,,\n"].concat();
    assert_eq!(
        Dictionary::parse("d.csv", &latin).unwrap_err()[0].to_string(),
        "d.csv:2: is not UTF-8; save the file as UTF-8"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_the_dictionary_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = Dictionary::parse("d.csv", &bytes);
        let _ = Dictionary::parse("d.csv", &[HEADER.as_bytes(), b"\n", &bytes].concat());
    }

    #[test]
    fn no_cell_makes_the_dictionary_panic(cells in prop::collection::vec("[^\"]{0,30}", 18)) {
        let row: Vec<_> = cells.iter().map(|cell| format!("\"{cell}\"")).collect();
        let _ = Dictionary::parse("d.csv", format!("{HEADER}\n{}\n", row.join(",")).as_bytes());
        let typed = format!("x,f,,radio,l,\"{}\",,,,,,,,,,,,\"@{}\"", cells[0], cells[1]);
        let _ = Dictionary::parse("d.csv", format!("{HEADER}\nid,f,,text,,,,,,,,,,,,,,\n{typed}\n").as_bytes());
    }
}
