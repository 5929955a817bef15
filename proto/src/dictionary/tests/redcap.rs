//! Each rule of REDCap's, and each of ours about one file, seen refusing.

use std::collections::BTreeMap;

use super::super::sample::HEADER;
use super::super::{Dictionary, column};

/// A row of `dictionary.csv` from what it does not leave empty.
pub(super) fn field(cells: &[(&str, &str)]) -> String {
    let given: BTreeMap<&str, &str> = cells.iter().copied().collect();
    let cell = |title: &&str| format!("\"{}\"", given.get(*title).unwrap_or(&"").replace('"', "\"\""));
    column::TITLES.required.iter().map(cell).collect::<Vec<_>>().join(",")
}

/// A file of a record id on line 2 and these rows, which stand on the form `a` unless they say otherwise.
pub(super) fn parse(rows: &[&[(&str, &str)]]) -> Result<Dictionary, String> {
    let id =
        field(&[(column::NAME, "id"), (column::FORM, "a"), (column::TYPE, "text"), (column::LABEL, "Id")]);
    let row = |cells: &&[(&str, &str)]| {
        field(&[&[(column::FORM, "a"), (column::LABEL, "A label"), (column::TYPE, "yesno")], *cells].concat())
    };
    let rows: Vec<_> = std::iter::once(id).chain(rows.iter().map(row)).collect();
    Dictionary::parse("d.csv", format!("{HEADER}\n{}\n", rows.join("\n")).as_bytes()).map_err(lines)
}

pub(super) fn lines(problems: Vec<crate::problem::Problem>) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// What is wrong with rows behind the record id.
fn refusal(rows: &[&[(&str, &str)]]) -> String {
    parse(rows).err().unwrap_or_default()
}

use column::{
    ANNOTATION, BRANCHING, CHOICES, FORM, IDENTIFIER, MATRIX, MAX, MIN, NAME, RANKING, TYPE, VALIDATION,
};

#[test]
fn a_name_that_redcap_or_a_study_has_already_is_refused() {
    for (name, message) in [
        ("redcap_event_name", "`redcap_event_name` is a name of REDCap's own; choose another"),
        ("site", "`site` is a variable of every study already; choose another name"),
        ("day0_year", "`day0_year` is a variable of every study already; choose another name"),
        (
            "a__b_",
            "`a__b_` has two underscores in a row or one at its end, which REDCap takes away; write `a_b`",
        ),
        ("x@month3", "`x@month3` has a sign of ours, `@`, which leads to an event; leave it out"),
        ("a_complete", "`a_complete` is the status of the form `a`; choose another name"),
    ] {
        let wanted = format!("d.csv:3 (Variable / Field Name): {message}");
        assert_eq!(refusal(&[&[(NAME, name)]]), wanted);
    }
}

#[test]
fn two_columns_of_one_name_are_refused() {
    let codes = (CHOICES, "A, Upper | a, Lower");
    assert_eq!(
        refusal(&[&[(NAME, "x"), (TYPE, "checkbox"), codes]]),
        "d.csv:3 (Variable / Field Name): `x___a` is taken by the field of line 3"
    );
}

#[test]
fn forms_are_named_as_redcap_names_them_and_their_fields_stand_together() {
    assert_eq!(
        refusal(&[&[(NAME, "x"), (FORM, "Base line")], &[(NAME, "y"), (FORM, "Base line")]]),
        "d.csv:3 (Form Name): `Base line` is not a form's name: lower-case letters, digits and `_`, a letter first, \
         at most 64 characters"
    );
    assert_eq!(
        refusal(&[&[(NAME, "x"), (FORM, "b")], &[(NAME, "y"), (FORM, "a")]]),
        "d.csv:4 (Form Name): the form `a` began on line 2 and ended; let its fields stand together"
    );
}

#[test]
fn the_first_field_is_a_text_that_is_always_shown_and_no_date() {
    let first = |cells: &[(&str, &str)]| {
        let row = field(&[&[(NAME, "id"), (FORM, "a"), (TYPE, "text")], cells].concat());
        lines(Dictionary::parse("d.csv", format!("{HEADER}\n{row}\n").as_bytes()).unwrap_err())
    };
    assert_eq!(
        first(&[(BRANCHING, "1 = 1")]),
        "d.csv:2 (Branching Logic (Show field only if...)): the first field is the record id and always shown; clear \
         its branching logic"
    );
    assert_eq!(
        first(&[(VALIDATION, "date_ymd")]),
        "d.csv:2 (Field Type): the first field is the record id and cannot be a date"
    );
}

#[test]
fn choices_validations_and_bounds_stand_only_where_they_mean_something() {
    let (choices, validation, min) = (CHOICES, VALIDATION, MIN);
    for (cells, column, message) in [
        (
            [(TYPE, "yesno"), (choices, "1, Yes"), (min, "")],
            choices,
            "a `yesno` field has no choices of its own; clear them",
        ),
        (
            [(TYPE, "text"), (choices, "1, Yes"), (min, "")],
            choices,
            "a `text` field has no choices; clear them, or make it `radio`",
        ),
        (
            [(TYPE, "calc"), (choices, ""), (min, "")],
            choices,
            "has no calculation; write one, such as `[weight] / 2`",
        ),
        (
            [(TYPE, "slider"), (choices, "a | b | c | d"), (min, "")],
            choices,
            "a slider has at most three labels, `left | middle | right`",
        ),
        (
            [(TYPE, "radio"), (choices, "it's, Own"), (min, "")],
            choices,
            "`it's` is not a code: at most 100 characters, none a quotation mark",
        ),
        (
            [(TYPE, "radio"), (choices, "1, Own"), (validation, "integer")],
            validation,
            "a `radio` field has no validation; clear it",
        ),
        (
            [(TYPE, "text"), (validation, "shoe_size"), (min, "")],
            validation,
            "unknown validation `shoe_size`; leave it empty for free text",
        ),
        (
            [(TYPE, "text"), (validation, "email"), (min, "3")],
            min,
            "only numbers, dates and times have bounds; clear it, or validate the field",
        ),
        (
            [(TYPE, "radio"), (choices, "1, Own"), (min, "3")],
            min,
            "only numbers, dates and times have bounds; clear it, or validate the field",
        ),
        (
            [(TYPE, "text"), (validation, "date_dmy"), (min, "31/12/2020")],
            min,
            "`31/12/2020` is not a date written YYYY-MM-DD",
        ),
    ] {
        assert_eq!(
            refusal(&[&[&[(NAME, "x")], &cells[..]].concat()]),
            format!("d.csv:3 ({column}): {message}")
        );
    }
    let dates =
        [(NAME, "x"), (TYPE, "text"), (VALIDATION, "date_dmy"), (MIN, "2020-02-01"), (MAX, "2020-01-31")];
    assert_eq!(refusal(&[&dates]), "d.csv:3 (Text Validation Max): the maximum must be above the minimum");
}

#[test]
fn what_redcap_writes_for_its_own_fields_is_accepted() {
    let rows: [&[(&str, &str)]; 8] = [
        &[(NAME, "b"), (TYPE, "text"), (VALIDATION, "datetime_dmy"), (MIN, "2020-01-01 08:00"), (MAX, "now")],
        &[(NAME, "c"), (TYPE, "text"), (VALIDATION, "time"), (MIN, "08:00")],
        &[(NAME, "d"), (TYPE, "text"), (CHOICES, "BIOPORTAL:ICD10")],
        &[(NAME, "e"), (TYPE, "file"), (VALIDATION, "signature")],
        &[(NAME, "f"), (TYPE, "dropdown"), (VALIDATION, "autocomplete"), (CHOICES, "1, One")],
        &[(NAME, "g"), (TYPE, "sql"), (CHOICES, "SELECT 1, '[not a field'")],
        &[(NAME, "h"), (TYPE, "slider"), (VALIDATION, "number"), (MIN, "0"), (MAX, "10")],
        &[(NAME, "i"), (BRANCHING, "[f] = '1' and [a_complete] = '2' and [event-name] <> 'x'")],
    ];
    assert_eq!(refusal(&rows), "");
}

#[test]
fn a_logic_that_names_what_is_not_there_is_refused() {
    let sites = [(NAME, "sites"), (TYPE, "checkbox"), (CHOICES, "1, Spine | 2, Rib")];
    for (logic, message) in [
        ("[sitse(1)] = '1'", "names the field `sitse`, which is not there; did you mean `sites`?"),
        ("[sites(3)] = '1'", "names the choice `3`, which `sites` lacks; did you mean `1`?"),
        ("[id(1)] = '1'", "names `[id(1)]`, and `id` is no checkbox; write `[id]`"),
        ("[id = '1'", "a bracket `[` is not closed"),
    ] {
        let shown = [(NAME, "x"), (BRANCHING, logic)];
        let column = "Branching Logic (Show field only if...)";
        assert_eq!(refusal(&[&sites, &shown]), format!("d.csv:4 ({column}): {message}"));
        let computed = [(NAME, "x"), (TYPE, "calc"), (CHOICES, logic)];
        assert_eq!(refusal(&[&sites, &computed]), format!("d.csv:4 ({CHOICES}): {message}"));
    }
}

#[test]
fn the_fields_of_a_matrix_stand_together_and_share_their_choices() {
    let row = |name, group, choices| {
        [(NAME, name), (TYPE, "radio"), (CHOICES, choices), (MATRIX, group), (FORM, "a")]
    };
    let (x, between) = (row("x", "m", "1, A"), row("between", "", "1, A"));
    assert_eq!(refusal(&[&x, &row("y", "m", "1, A")]), "");
    assert_eq!(
        refusal(&[&x, &row("y", "m", "1, B")]),
        "d.csv:4 (Matrix Group Name): has another type or other choices than the group `m`, which began on line 3"
    );
    assert_eq!(
        refusal(&[&x, &between, &row("y", "m", "1, A")]),
        "d.csv:5 (Matrix Group Name): the group `m` began on line 3 and ended; let its fields stand together"
    );
    let mut elsewhere = row("y", "m", "1, A");
    elsewhere[4] = (FORM, "b");
    assert_eq!(
        refusal(&[&x, &elsewhere]),
        "d.csv:4 (Matrix Group Name): the group `m` began on the form `a`; a group is on one form"
    );
    for (cells, column, message) in [
        (
            [(MATRIX, "m"), (RANKING, "")],
            MATRIX,
            "a matrix is of `radio` or `checkbox` fields; this one is `yesno`",
        ),
        (
            [(MATRIX, "M"), (RANKING, "")],
            MATRIX,
            "`M` is not a group's name: lower-case letters, digits and `_`",
        ),
        (
            [(MATRIX, ""), (RANKING, "y")],
            RANKING,
            "only a matrix group is ranked; clear it, or name the group",
        ),
        ([(MATRIX, ""), (RANKING, "1")], RANKING, "`1` is neither `y` nor empty"),
    ] {
        let wanted = format!("d.csv:3 ({column}): {message}");
        assert_eq!(refusal(&[&[&[(NAME, "x")], &cells[..]].concat()]), wanted);
    }
}

#[test]
fn our_annotations_stand_only_where_they_mean_something() {
    let date = [(NAME, "x"), (TYPE, "text"), (VALIDATION, "date_ymd")];
    let annotated = |cells: &[(&'static str, &'static str)], annotation| {
        refusal(&[&[cells, &[(ANNOTATION, annotation)]].concat()])
    };
    let at = |message: &str| format!("d.csv:3 (Field Annotation): {message}");
    for tag in ["DAY0", "DAYS(0,9)", "VISIT"] {
        let name = tag.split('(').next().unwrap_or_default();
        assert_eq!(
            annotated(&[(NAME, "x")], Box::leak(format!("@{tag}").into_boxed_str())),
            at(&format!("`@{name}` is for dates, and `x` is none; validate it as a date"))
        );
    }
    assert_eq!(
        annotated(&[&date[..], &[(IDENTIFIER, "y")]].concat(), "@DAY0"),
        at(
            "`@DAY0` stands on an identifier, which is dropped before anything is computed; clear `Identifier?`: a \
            date never reaches a snapshot"
        )
    );
    for tag in ["GRID", "SCORE"] {
        assert_eq!(
            annotated(&[(NAME, "x")], Box::leak(format!("@{tag}(5)").into_boxed_str())),
            at(&format!("`@{tag}` is for numbers, and `x` is none; take it away"))
        );
    }
    assert_eq!(annotated(&date, "@DAYS(5,5)"), at("`@DAYS` is not written like `@DAYS(0,3650)`"));
    let second = [(NAME, "y"), (TYPE, "text"), (VALIDATION, "date_ymd"), (ANNOTATION, "@VISIT")];
    assert_eq!(
        refusal(&[&[&date[..], &[(ANNOTATION, "@VISIT")]].concat(), &second]),
        "d.csv:4 (Field Annotation): `@VISIT` stands on line 3 already; one field dates the visits"
    );
}

#[test]
fn everything_wrong_with_a_row_is_said_at_once_and_a_flood_is_cut_short() {
    let row = [(NAME, "X"), (FORM, "B"), (TYPE, "rado"), (IDENTIFIER, "q"), (ANNOTATION, "@UNTI(x)")];
    assert_eq!(refusal(&[&row]).lines().count(), 5);
    let many = vec![&row[..]; 1000];
    let found = refusal(&many);
    assert_eq!(found.lines().count(), 201);
    assert!(found.ends_with("d.csv: further problems than these 200 are not listed"), "{found}");
}

#[test]
fn a_dictionary_wider_than_any_export_is_refused() {
    let choices: Vec<_> = (0..1000).map(|code| format!("{code}, {code}")).collect();
    let choices = choices.join(" | ");
    let names: Vec<_> = (0..21).map(|at| format!("x{at}")).collect();
    let rows: Vec<_> =
        names.iter().map(|name| [(NAME, name.as_str()), (TYPE, "checkbox"), (CHOICES, &choices)]).collect();
    let rows: Vec<_> = rows.iter().map(<[_; 3]>::as_slice).collect();
    assert_eq!(refusal(&rows), "d.csv: has more than 20000 columns in exports, the most there may be");
}
