#![allow(clippy::unwrap_used)]

use super::*;
use std::collections::BTreeMap;
use time::macros::date;

fn section(text: &str) -> Section {
    Section::parse("study.toml", text).unwrap()
}

fn refused(text: &str) -> String {
    Section::parse("study.toml", text).unwrap_err().to_string()
}

#[test]
fn keys_turn_into_the_types_that_are_asked_for() {
    let section =
        section("name = 'a'\ncount = 3\nshare = 1\nday = 2027-06-30\nold = '2026-01-02'\nyes = true\n");
    let mut fields = section.fields();
    assert_eq!(fields.required::<String>("name").unwrap(), "a");
    assert_eq!(fields.required::<u32>("count").unwrap(), 3);
    assert_eq!(fields.required::<f64>("share").unwrap(), 1.0);
    assert_eq!(fields.required::<time::Date>("day").unwrap(), date!(2027 - 06 - 30));
    assert_eq!(fields.required::<time::Date>("old").unwrap(), date!(2026 - 01 - 02));
    assert!(fields.required::<bool>("yes").unwrap());
    assert_eq!(fields.optional::<i64>("other").unwrap(), None);
    fields.finish().unwrap();
}

#[test]
fn a_list_may_be_one_value_and_a_table_may_have_any_keys() {
    let section = section("by = 'rx'\nmore = ['a', 'b']\nreference = { rx = 'Lev', sex = 'f' }\n");
    let mut fields = section.fields();
    assert_eq!(fields.required::<OneOrMany<String>>("by").unwrap().0, ["rx"]);
    assert_eq!(fields.required::<OneOrMany<String>>("more").unwrap().0, ["a", "b"]);
    let reference: BTreeMap<String, String> = fields.required("reference").unwrap();
    assert_eq!(reference["rx"], "Lev");
}

#[test]
fn tables_keep_the_order_and_the_lines_of_the_file() {
    let section =
        section("a = 1\n\n[derived.z]\nx = 1\n[derived.b]\nx = 'no'\n\n[[list]]\n[[list]]\ny = 1\n");
    let mut fields = section.fields();
    let named = fields.named_sections("derived").unwrap();
    assert_eq!(named.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["z", "b"]);
    let problem = named[1].1.fields().required::<i64>("x").unwrap_err();
    assert_eq!(problem.to_string(), "study.toml:6 (x): expected a whole number, found a text");
    let list = fields.sections("list").unwrap();
    assert_eq!(list[1].place().to_string(), "study.toml:9");
    let problem = list[0].fields().required::<i64>("y").unwrap_err();
    assert_eq!(problem.to_string(), "study.toml:8: [[list]] lacks the key `y`");
    let problem = named[0].1.fields().required::<i64>("value").unwrap_err();
    assert_eq!(problem.to_string(), "study.toml:3: [derived.z] lacks the key `value`");
}

#[test]
fn an_unknown_key_names_the_nearest_known_one() {
    let section = section("id = 'a'\n\nkynd = 'b'\n");
    let mut fields = section.fields();
    fields.optional::<String>("id").unwrap();
    fields.optional::<String>("kind").unwrap();
    assert_eq!(
        fields.finish().unwrap_err().to_string(),
        "study.toml:3: unknown key `kynd`; did you mean `kind`?"
    );
}

#[test]
fn a_required_key_misspelt_is_named() {
    let section = section("id = 'a'\ntitel = 'b'\n");
    let problem = section.fields().required::<String>("title").unwrap_err();
    assert_eq!(
        problem.to_string(),
        "study.toml:2: the document lacks the key `title`; is `titel` meant to be it?"
    );
}

#[test]
fn the_rest_of_a_section_counts_what_was_read_as_known() {
    let section = section("id = 'a'\nkind = 'b'\nwher = 'c'\n");
    let mut fields = section.fields();
    fields.required::<String>("id").unwrap();
    fields.optional::<String>("where").unwrap();
    let rest = fields.rest();
    assert_eq!(rest.keys().collect::<Vec<_>>(), ["kind", "wher"]);
    let mut fields = rest.fields();
    fields.required::<String>("kind").unwrap();
    let problem = fields.finish().unwrap_err();
    assert_eq!(problem.to_string(), "study.toml:3: unknown key `wher`; did you mean `where`?");
}

#[test]
fn a_document_that_is_not_toml_is_refused_with_its_line() {
    assert_eq!(refused("a = 1\na = 2\n"), "study.toml:2: `a` stands here a second time; keep one");
    assert_eq!(refused("a = 1\nb = nan\n"), "study.toml:2 (b): nan is not a finite number");
    assert_eq!(refused("x = 99999999999999999999\n"), "study.toml:1 (x): 99999999999999999999 is too large");
    assert_eq!(
        refused("[a]\nd = 2027-02-20T10:00:00\n"),
        "study.toml:2 (d): 2027-02-20T10:00:00 is not a date such as 2027-06-30"
    );
    assert!(refused("a = \n").starts_with("study.toml:1: "), "{}", refused("a = \n"));
}

#[test]
fn nesting_without_end_is_refused_without_a_crash() {
    let deep = |open: &str, close: &str, times| format!("x = {}1{}", open.repeat(times), close.repeat(times));
    refused(&deep("[", "]", 100_000));
    refused(&deep("{ x = ", "}", 100_000));
    refused(&format!("{}x = 1", "x.".repeat(100_000)));
    for dots in [1, 5, 29, 30, 70] {
        refused(&deep(&format!("{{ {}x = ", "x.".repeat(dots)), "}", 79));
    }
}
