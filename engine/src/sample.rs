//! A small registry for the tests of this room.

#![allow(clippy::unwrap_used, clippy::panic)]

use notochord_proto::dictionary::Dictionary;
use tempfile::TempDir;
use time::OffsetDateTime;
use time::macros::datetime;

use crate::import::{Imported, Importer};
use crate::record_key::RecordKey;
use crate::snapshot::{Snapshot, Snapshots};

/// name; type; choices; validation; min; max; identifier
const FIELDS: [[&str; 7]; 13] = [
    ["record_id", "text", "", "", "", "", ""],
    ["surname", "text", "", "", "", "", "y"],
    ["hospital_number", "text", "", "integer", "0", "999999", "y"],
    ["born", "text", "", "date_ymd", "", "", ""],
    ["remarks", "notes", "", "", "", "", ""],
    ["age", "text", "", "integer", "0", "120", ""],
    ["weight", "text", "", "number", "0", "300", ""],
    ["score", "text", "", "integer", "", "", ""],
    ["sex", "radio", "1, Female | 2, Male", "", "", "", ""],
    ["rx", "dropdown", "Obs, Observation | Lev, Levamisole | Lev+5FU, Both", "", "", "", ""],
    ["died", "yesno", "", "", "", "", ""],
    ["consented", "truefalse", "", "", "", "", ""],
    ["symptoms", "checkbox", "1, Pain | 2, Weakness", "", "", "", ""],
];

/// REDCap's 18 columns.
const HEADINGS: &str = "Variable / Field Name,Form Name,Section Header,Field Type,Field Label,\
    \"Choices, Calculations, OR Slider Labels\",Field Note,Text Validation Type OR Show Slider Number,\
    Text Validation Min,Text Validation Max,Identifier?,Branching Logic (Show field only if...),\
    Required Field?,Custom Alignment,Question Number (surveys only),Matrix Group Name,Matrix Ranking?,\
    Field Annotation";

/// The registry's dictionary.
pub(crate) fn dictionary() -> Dictionary {
    let mut text = format!("{HEADINGS}\n");
    for [name, kind, choices, validation, min, max, identifier] in FIELDS {
        let row = format!(
            "{name},form,,{kind},{name},\"{choices}\",,{validation},{min},{max},{identifier},,,,,,,\n"
        );
        text.push_str(&row);
    }
    Dictionary::parse("dictionary.csv", text.as_bytes()).unwrap()
}

/// The key behind the patients' keys.
pub(crate) fn key() -> RecordKey {
    RecordKey::from_bytes([7; 32])
}

/// Imports a CSV into the snapshots of a directory.
pub(crate) fn import_into(snapshots: &Snapshots, text: &str) -> Imported {
    import_at(snapshots, text, datetime!(2026-11-22 12:00 UTC))
}

/// The same at some time.
pub(crate) fn import_at(snapshots: &Snapshots, text: &str, now: OffsetDateTime) -> Imported {
    let (dictionary, key) = (dictionary(), key());
    let reserved = snapshots.reserve().unwrap();
    let mut importer = Importer::new(&dictionary, &key, snapshots.directory()).unwrap();
    importer.read("patients.csv", text.as_bytes()).unwrap();
    importer.keep(&reserved, now, "0.1.0").unwrap()
}

/// The snapshot of a CSV.
pub(crate) fn snapshot(text: &str) -> Snapshot {
    let directory = TempDir::new().unwrap();
    let snapshots = Snapshots::at(directory.path(), None);
    let content = import_into(&snapshots, text).written.manifest().content;
    snapshots.open(&content).unwrap_or_else(|error| panic!("{error}"))
}
