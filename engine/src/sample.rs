//! A small registry for the tests of this room.

#![allow(clippy::unwrap_used)]

use notochord_proto::dictionary::Dictionary;

use crate::import::{ImportError, Imported, read_plain_csv};
use crate::record_key::RecordKey;

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

/// What comes of importing this text.
pub(crate) fn try_import(text: impl AsRef<[u8]>) -> Result<Imported, ImportError> {
    read_plain_csv("patients.csv", text.as_ref(), &dictionary(), &RecordKey::from_bytes([7; 32]))
}

/// The import of this text, which is a readable file.
pub(crate) fn import(text: &str) -> Imported {
    try_import(text).ok().unwrap()
}
