#![allow(clippy::unwrap_used)]

use super::*;
use crate::dictionary::DictionaryFiles;
use crate::dictionary::files;
use crate::dictionary::sample::{Cells, HEADER, ID, row};

/// A dictionary of a version, some fields and the files beside them.
fn dictionary(version: &str, fields: &[Cells<'_>], beside: &[(&str, &str)]) -> Dictionary {
    let rows: Vec<_> = std::iter::once(&ID).chain(fields).map(|cells| row(*cells)).collect();
    let fields = format!("{HEADER}\n{}\n", rows.join("\n"));
    let network = format!("dictionary = \"{version}\"\n");
    let own = [(files::DICTIONARY, fields.as_str()), (files::NETWORK, network.as_str())];
    let all = own.iter().chain(beside).map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec()));
    Dictionary::from_files(&DictionaryFiles::new(all).unwrap()).unwrap()
}

fn unexplained(difference: &Difference) -> Vec<String> {
    difference.unexplained().iter().map(ToString::to_string).collect()
}

const SEX: Cells<'_> = ["sex", "radio", "1, Male | 2, Female", "", "", "", "", ""];
const AGE: Cells<'_> = ["age", "text", "", "integer", "0", "120", "", "@GRID(5)"];
const EVENTS: &str =
    "unique_event_name,label,day_from,day_to\nbase_arm_1,Baseline,,\nm3_arm_1,Month 3,64,136\n";

#[test]
fn a_dictionary_does_not_differ_from_itself() {
    let one = dictionary("1", &[SEX, AGE], &[(files::EVENTS, EVENTS)]);
    let difference = difference(&one, &one);
    assert!(difference.is_empty() && difference.unexplained().is_empty(), "{difference:?}");
}

#[test]
fn what_changes_without_a_migration_is_said_and_needs_one() {
    let old = dictionary("1", &[SEX, AGE, ["pain", "yesno", "", "", "", "", "", ""]], &[]);
    let sex = ["sex", "radio", "1, Man | 3, Other", "", "", "", "", ""];
    let age = ["age", "text", "", "number", "0", "130", "", "@UNIT(years)"];
    let new = dictionary("2", &[sex, age, ["nrs", "yesno", "", "", "", "", "", ""]], &[]);
    let difference = difference(&old, &new);
    assert_eq!(
        difference.in_words(),
        [
            "version 1 becomes 2",
            "the choice `1` of `sex` was labelled \"Male\" and is labelled \"Man\"",
            "the choice `2, Female` of `sex` is gone",
            "`sex` has the new choice `3, Other`",
            "`age` was a whole number and is a number",
            "the bounds of `age` were 0 to 120 and are 0 to 130",
            "the grid of `age` was 5 and is none",
            "the unit of `age` was none and is years",
            "`pain` is gone",
            "`nrs` is new",
        ]
    );
    assert_eq!(
        unexplained(&difference),
        [
            "migrations.toml: no migration leads from version 1 to 2; state one",
            "dictionary.csv:3: the choice `2` of `sex` is gone, and no migration says so: say under `recoded` what it \
             becomes",
            "dictionary.csv:4: the type of `age` changes, and no migration says so: name it in `removed` and in \
             `added`, or give it a new name",
            "migrations.toml: `pain` is gone, and no migration says so: name it in `removed`, or under `renamed`",
            "dictionary.csv:5: `nrs` is new, and no migration says so: name it in `added`",
        ]
    );
}

#[test]
fn what_migrations_state_step_by_step_is_explained() {
    let old = dictionary("1", &[SEX, AGE, ["pain", "yesno", "", "", "", "", "", ""]], &[]);
    let steps = "[[migrations]]\nfrom = \"1\"\nto = \"2\"\nremoved = [\"pain\"]\nadded = [\"bmi\"]\n\
                 [[migrations.renamed]]\nfrom = \"sex\"\nto = \"gender\"\n[[migrations.recoded]]\nfield = \"gender\"\n\
                 codes = { 1 = \"m\" }\n[[migrations]]\nfrom = \"2\"\nto = \"3\"\nremoved = [\"age\"]\n\
                 added = [\"age\"]\n[[migrations.renamed]]\nfrom = \"bmi\"\nto = \"mass\"\n\
                 [[migrations.recoded]]\nfield = \"gender\"\ncodes = { m = \"M\", 2 = \"F\" }\n";
    let new = dictionary(
        "3",
        &[
            ["gender", "radio", "M, Male | F, Female", "", "", "", "", ""],
            ["age", "text", "", "number", "0", "120", "", "@GRID(5)"],
            ["mass", "text", "", "number", "5", "90", "", ""],
        ],
        &[(files::MIGRATIONS, steps)],
    );
    let difference = difference(&old, &new);
    assert_eq!(unexplained(&difference), Vec::<String>::new());
    assert_eq!(
        difference.in_words(),
        [
            "version 1 becomes 3",
            "`sex` becomes `gender`",
            "the label of `gender` was \"Label of sex\" and is \"Label of gender\"",
            "the choice `1` of `gender` becomes `M`",
            "the choice `2` of `gender` becomes `F`",
            "`age` is gone",
            "`pain` is gone",
            "`age` is new",
            "`mass` is new",
        ]
    );
}

#[test]
fn a_changed_meaning_needs_another_version_and_a_field_that_is_no_data_needs_nothing() {
    let old = dictionary("1", &[AGE, ["memo", "notes", "", "", "", "", "", ""]], &[]);
    let without = dictionary("1", &[AGE], &[]);
    let harmless = difference(&old, &without);
    assert_eq!(
        (harmless.in_words(), unexplained(&harmless).len()),
        (["`memo` is gone".to_owned()].as_slice(), 0)
    );
    let hidden = dictionary("1", &[["age", "text", "", "integer", "0", "120", "y", ""]], &[]);
    assert_eq!(
        unexplained(&difference(&without, &hidden)),
        [
            "network.toml: `dictionary` is 1 as before: raise the version when the meaning changes",
            "dictionary.csv:3: `age` is data no more, and no migration says so: name it in `removed` and in `added`, \
             or give it a new name",
        ]
    );
    assert_eq!(
        unexplained(&difference(&hidden, &without))[1],
        "dictionary.csv:3: `age` becomes data, and no migration says so: name it in `added`"
    );
}

#[test]
fn events_missing_codes_rules_annotations_and_the_order_of_choices_are_compared() {
    let date = |annotation| ["op", "text", "", "date_ymd", "", "", "", annotation];
    let rule = |says: &str| {
        format!("[[rules]]\nid = \"r\"\nsays = \"{says}\"\nwhere = \"age > 3\"\nrows = \"patient\"\n")
    };
    let (first, second) = (rule("One."), rule("Two."));
    let old = dictionary(
        "1",
        &[SEX, AGE, date("@DAY0 @DAYS(0,9)")],
        &[(files::EVENTS, EVENTS), (files::RULES, &first)],
    );
    let turned = ["sex", "radio", "2, Female | 1, Male", "", "", "", "", "@SENSITIVE"];
    let events =
        "unique_event_name,label,day_from,day_to,forms\nm3_arm_1,Third month,64,140,form\nm6_arm_1,M6,,,\n";
    let new = dictionary(
        "1",
        &[turned, AGE, date("@DAYS(0,10) @VISIT"), ["start", "text", "", "date_ymd", "", "", "y", ""]],
        &[(files::EVENTS, events), (files::RULES, &second)],
    );
    let words = difference(&old, &new).in_words().to_vec();
    assert_eq!(
        words,
        [
            "the choices of `sex` stand in another order; the first is the reference level",
            "`sex` is sensitive now",
            "the range in days of `op` was 0 to 9 and is 0 to 10",
            "`op` is a date of visits now",
            "`op` marks day 0 no more: days may be counted from another date; import again",
            "`start` is new",
            "the event `base_arm_1` is gone",
            "the event `m3_arm_1` was labelled \"Month 3\" and is labelled \"Third month\"",
            "the event `m3_arm_1` was due on the days 64 to 136 and is due on the days 64 to 140",
            "the event `m3_arm_1` had any form and has the forms form",
            "the event `m6_arm_1` is new",
            "the rule `r` changes: Two.",
        ]
    );
}
