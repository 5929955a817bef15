//! A longitudinal dictionary for tests.

#![allow(clippy::unwrap_used)]

use crate::dictionary::sample::HEADER;
use crate::dictionary::{Dictionary, DictionaryFiles};

/// Two arms that share their events, and the forms of each event.
pub(crate) const EVENTS: &str = "unique_event_name,label,day_from,day_to,forms\n\
    screening_arm_1,Screening,-60,-1,background\n\
    baseline_arm_1,Baseline,0,0,background pain\n\
    month3_arm_1,At 3 months,60,120,pain surgery\n\
    baseline_arm_2,Baseline,0,0,background pain\n\
    month3_arm_2,At 3 months,60,120,pain\n\
    month6_arm_2,At 6 months,150,210,pain surgery\n";

/// The fields of the forms background, pain and surgery: form, name, type, choices, validation, min, max,
/// annotation.
const FIELDS: [[&str; 8]; 8] = [
    ["background", "id", "text", "", "", "", "", ""],
    ["background", "sex", "radio", "f, Female | m, Male", "", "", "", ""],
    ["background", "born", "text", "", "date_ymd", "", "", "@DAY0 @DAYS(-60,0)"],
    ["pain", "nrs", "text", "", "integer", "0", "10", "@SENSITIVE"],
    ["pain", "asked", "text", "", "date_ymd", "", "", "@DAYS(-10,400)"],
    ["pain", "notes_on_pain", "notes", "", "", "", "", ""],
    ["surgery", "kind", "radio", "resection, Resection | biopsy, Biopsy", "", "", "", ""],
    ["surgery", "blood_loss", "text", "", "number", "0", "9000", ""],
];

/// The dictionary with other files beside it.
pub(crate) fn dictionary(files: &[(&str, &str)]) -> Dictionary {
    let row = |[form, name, kind, choices, validation, min, max, annotation]: [&str; 8]| {
        format!(
            "{name},{form},,{kind},Label of {name},\"{choices}\",,{validation},{min},{max},,,,,,,,\"{annotation}\"\n"
        )
    };
    let fields = format!("{HEADER}\n{}", FIELDS.map(row).concat());
    let files = files.iter().copied().chain([("dictionary.csv", fields.as_str())]);
    let files = files.map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()));
    Dictionary::from_files(&DictionaryFiles::new(files).unwrap()).unwrap()
}

/// The dictionary with its events.
pub(crate) fn longitudinal() -> Dictionary {
    dictionary(&[("events.csv", EVENTS)])
}
