//! A dictionary's directory, checked and compared with the version before it.

use std::fs;

use crate::bench::{Bench, Copy};
use crate::golden::{is_as_before, without_digests};

/// The documents as version 1, and a directory `next` with version 2.
fn two_versions() -> Copy {
    let copy = Bench::of_documents().copy();
    let next = copy.path("next");
    fs::create_dir(&next).unwrap();
    let fields = fs::read_to_string(copy.path("dictionary.csv")).unwrap();
    let fields = fields.replace("\ndiabetes,", "\ndm,").replace("18,100", "16,100");
    let files = [
        ("dictionary.csv", fields.as_str()),
        (
            "network.toml",
            "name = \"spine\"\nlabel = \"Spine\"\ndictionary = \"2\"\n[missing_codes]\n-99 = \"Unknown\"\n",
        ),
        (
            "events.csv",
            "unique_event_name,label,day_from,day_to\nbaseline_arm_1,Baseline,,\nmonth3_arm_1,Month 3,64,136\n",
        ),
        (
            "rules.toml",
            "[[rules]]\nid = \"light\"\nsays = \"Nobody old is so light.\"\nwhere = \"age > 90 AND weight < 31\"\nrows = \"patient\"\n",
        ),
        (
            "migrations.toml",
            "[[migrations]]\nfrom = \"1\"\nto = \"2\"\n[[migrations.renamed]]\nfrom = \"diabetes\"\nto = \"dm\"\n",
        ),
        ("event.txt", "not ours"),
    ];
    for (name, text) in files {
        fs::write(next.join(name), text).unwrap();
    }
    copy
}

#[test]
fn a_dictionary_in_order_is_summed_up_with_what_is_unwise_about_it() {
    let copy = two_versions();
    fs::rename(copy.path("next/rules.toml"), copy.path("next/rule.toml")).unwrap();
    let said = copy.run("notochord dictionary check next");
    assert_eq!((said.code, said.error.as_str()), (0, ""));
    let json = copy.run("notochord dictionary check next --json");
    assert_eq!(json.code, 0);
    is_as_before("dictionary-check", &without_digests(&format!("{}{}", said.out, json.out)));
}

#[test]
fn what_a_version_changes_is_said_in_words_and_what_no_migration_states_must_be_mended() {
    let copy = two_versions();
    let said = copy.run("notochord dictionary diff dictionary.csv next");
    assert_eq!((said.code, said.error.as_str()), (0, ""));
    fs::remove_file(copy.path("next/migrations.toml")).unwrap();
    let unstated = copy.run("notochord dictionary diff dictionary.csv next");
    assert_eq!(unstated.code, 2);
    let json = copy.run("notochord dictionary diff dictionary.csv next --json");
    assert_eq!(json.code, 2);
    let text = format!("{}\n{}{}\n{}", said.out, unstated.out, unstated.error, json.out);
    is_as_before("dictionary-diff", &without_digests(&text));
}

#[test]
fn what_is_wrong_is_said_for_programs_too() {
    let copy = two_versions();
    fs::write(copy.path("next/events.csv"), "unique_event_name,label,day_from,day_to\nm3,Month 3,9,8\n")
        .unwrap();
    let said = copy.run("notochord dictionary check next --json");
    assert_eq!(said.error, "notochord: next/events.csv:2 (day_to): is before `day_from`\n");
    assert_eq!(said.code, 2);
    let found: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    let wanted = serde_json::json!({ "problems": [
        { "file": "next/events.csv", "line": 2, "column": "day_to", "message": "is before `day_from`" },
    ] });
    assert_eq!(found, wanted);
}
