#![allow(clippy::unwrap_used)]

use notochord_proto::dictionary::DictionaryFiles;
use tempfile::TempDir;
use time::macros::datetime;

use super::*;
use crate::import::Importer;
use crate::sample::key;

const NOON: OffsetDateTime = datetime!(2026-11-23 12:00 UTC);
const HEADINGS: &str = "Variable / Field Name,Form Name,Section Header,Field Type,Field Label,\
    \"Choices, Calculations, OR Slider Labels\",Field Note,Text Validation Type OR Show Slider Number,\
    Text Validation Min,Text Validation Max,Identifier?,Branching Logic (Show field only if...),\
    Required Field?,Custom Alignment,Question Number (surveys only),Matrix Group Name,Matrix Ranking?,\
    Field Annotation";

/// name; type; choices; validation; min; max
const BEFORE: [[&str; 6]; 6] = [
    ["record_id", "text", "", "", "", ""],
    ["pain", "text", "", "integer", "0", "10"],
    ["sex", "radio", "1, Female | 2, Male | 9, Diverse", "", "", ""],
    ["shoe", "text", "", "integer", "20", "60"],
    ["symptoms", "checkbox", "1, Pain | 2, Ache", "", "", ""],
    ["height", "text", "", "number", "0", "3"],
];
const AFTER: [[&str; 6]; 6] = [
    ["record_id", "text", "", "", "", ""],
    ["age", "text", "", "integer", "0", "120"],
    ["sex", "radio", "M, Male | F, Female", "", "", ""],
    ["nrs_overall", "text", "", "integer", "0", "10"],
    ["symptoms", "checkbox", "1, Pain", "", "", ""],
    ["height", "text", "", "number", "0", "4"],
];
const MIGRATION: &str = "[[migrations]]\nfrom = \"1\"\nto = \"2\"\nadded = [\"age\"]\nremoved = [\"shoe\"]\n\
    [[migrations.renamed]]\nfrom = \"pain\"\nto = \"nrs_overall\"\n\
    [[migrations.recoded]]\nfield = \"sex\"\ncodes = { \"1\" = \"F\", \"2\" = \"M\", \"9\" = \"F\" }\n\
    [[migrations.recoded]]\nfield = \"symptoms\"\ncodes = { \"2\" = \"1\" }\n";

fn dictionary(version: &str, fields: &[[&str; 6]], migrations: Option<&str>) -> Dictionary {
    let mut text = format!("{HEADINGS}\n");
    for [name, kind, choices, validation, min, max] in fields {
        text.push_str(&format!(
            "{name},form,,{kind},{name},\"{choices}\",,{validation},{min},{max},,,,,,,,\n"
        ));
    }
    let network = format!("dictionary = \"{version}\"\n");
    let file = |name: &str, text: &str| (name.to_owned(), text.as_bytes().to_vec());
    let files = [file("dictionary.csv", &text), file("network.toml", &network)];
    let files = files.into_iter().chain(migrations.map(|text| file("migrations.toml", text)));
    Dictionary::from_files(&DictionaryFiles::new(files).unwrap()).unwrap()
}

fn import(snapshots: &Snapshots, dictionary: &Dictionary, text: &str) -> Digest {
    let (key, reserved) = (key(), snapshots.reserve().unwrap());
    let mut importer = Importer::new(dictionary, &key, snapshots.directory()).unwrap();
    importer.read("patients.csv", text.as_bytes()).unwrap();
    let imported = importer.keep(&reserved, NOON, "0.1.0").unwrap();
    assert_eq!(imported.quality.rows_quarantined, 0);
    imported.written.manifest().content
}

const OLD: &str = "record_id,pain,sex,shoe,symptoms___1,symptoms___2,height\n\
                   P1,3,1,40,0,1,1.7\nP2,,2,,1,0,\nP3,9,9,,0,0,1.6\nP4,,,41,0,0,\n";

#[test]
fn a_migrated_snapshot_is_the_one_that_an_import_under_the_new_dictionary_gives() {
    let (directory, other) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let (snapshots, elsewhere) = (Snapshots::at(directory.path(), None), Snapshots::at(other.path(), None));
    let old = import(&snapshots, &dictionary("1", &BEFORE, None), OLD);
    let after = dictionary("2", &AFTER, Some(MIGRATION));
    let migrated = snapshots.migrate(&old, &after, NOON).unwrap();
    let new =
        "record_id,nrs_overall,sex,symptoms___1,height\nP1,3,F,1,1.7\nP2,,M,1,\nP3,9,F,0,1.6\nP4,,,0,\n";
    assert_eq!(migrated.manifest().content, import(&elsewhere, &after, new));
    let step = HistoryStep::Migrated { from: old, version: "1".into(), at: NOON };
    assert_eq!(migrated.manifest().history, [step]);
    assert!(snapshots.open(&old).is_ok(), "the old one stays");
    assert!(snapshots.open(&migrated.manifest().content).is_ok());
}

#[test]
fn what_no_migration_states_is_refused_by_name() {
    let directory = TempDir::new().unwrap();
    let snapshots = Snapshots::at(directory.path(), None);
    let old = import(&snapshots, &dictionary("1", &BEFORE, None), OLD);
    let error = |after: &Dictionary| snapshots.migrate(&old, after, NOON).err().unwrap().to_string();
    let bare = "[[migrations]]\nfrom = \"1\"\nto = \"2\"\n";
    let narrower = BEFORE.map(|[name, kind, choices, validation, min, max]| match name {
        "height" => [name, kind, choices, validation, min, "2"],
        _ => [name, kind, choices, validation, min, max],
    });
    for (fields, expected) in [
        (
            &BEFORE[..5],
            "`height` is no longer in the dictionary, which no migration states; import the data again",
        ),
        (
            &narrower[..],
            "`height` is of another type or has narrower bounds, which no migration states; import the data again",
        ),
    ] {
        assert_eq!(error(&dictionary("2", fields, Some(bare))), expected);
    }
    let unknown = "[[migrations]]\nfrom = \"2\"\nto = \"3\"\n";
    let expected = "the dictionary has no migrations from version 1 to 3; import the data again";
    assert_eq!(error(&dictionary("3", &BEFORE, Some(unknown))), expected);
}
