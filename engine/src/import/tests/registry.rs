//! A small registry with every kind of field.

use notochord_proto::dictionary::{Dictionary, DictionaryFiles};

/// name; form; type; label; choices; validation; min; max; identifier; annotation
const FIELDS: [[&str; 10]; 20] = [
    ["record_id", "registration", "text", "Record ID", "", "", "", "", "", ""],
    ["surname", "registration", "text", "Surname", "", "", "", "", "y", ""],
    ["hospital_number", "registration", "text", "Hospital number", "", "integer", "0", "999999", "y", ""],
    ["born", "registration", "text", "Date of birth", "", "date_ymd", "", "", "y", ""],
    ["sex", "registration", "radio", "<b>Sex</b> at birth", "1, Female | 2, Male", "", "", "", "", ""],
    ["consented", "registration", "truefalse", "Consented", "", "", "", "", "", ""],
    ["seen", "registration", "text", "First seen", "", "date_ymd", "", "", "", "@DAY0"],
    ["remarks", "registration", "notes", "Remarks", "", "", "", "", "", ""],
    ["age", "visit", "text", "Age", "", "integer", "0", "120", "", ""],
    ["weight", "visit", "text", "Weight", "", "number", "0", "300", "", ""],
    ["score", "visit", "text", "Score", "", "integer", "", "", "", ""],
    [
        "rx",
        "visit",
        "dropdown",
        "Treatment",
        "Obs, Observation | Lev, Levamisole | Lev+5FU, Both",
        "",
        "",
        "",
        "",
        "",
    ],
    ["died", "visit", "yesno", "Died", "", "", "", "", "", ""],
    ["symptoms", "visit", "checkbox", "Symptoms", "1, Pain | 2, Weakness | -A, Rib", "", "", "", "", ""],
    ["checked", "visit", "text", "Checked on", "", "datetime_ymd", "", "", "", "@DAYS(0,4000)"],
    ["ae_term", "adverse_event", "radio", "Event", "a, Wound | b, Pneumonia | c, Wound", "", "", "", "", ""],
    ["ae_grade", "adverse_event", "text", "Grade", "", "integer", "1", "5", "", ""],
    ["ae_start", "adverse_event", "text", "Day", "", "integer", "0", "4000", "", ""],
    ["ae_end", "adverse_event", "text", "Day", "", "integer", "0", "4000", "", ""],
    ["diary_text", "diary", "notes", "Diary", "", "", "", "", "", ""],
];

/// REDCap's 18 columns.
const HEADINGS: &str = "Variable / Field Name,Form Name,Section Header,Field Type,Field Label,\
    \"Choices, Calculations, OR Slider Labels\",Field Note,Text Validation Type OR Show Slider Number,\
    Text Validation Min,Text Validation Max,Identifier?,Branching Logic (Show field only if...),\
    Required Field?,Custom Alignment,Question Number (surveys only),Matrix Group Name,Matrix Ranking?,\
    Field Annotation";

const NETWORK: &str = "name = \"reference\"\nlabel = \"Reference\"\ndictionary = \"1\"\n\
    [missing_codes]\n\"-99\" = \"Not known\"\nUNK = \"Refused\"\n\
    [linkage]\nkeys = [[\"surname\", \"born\"], [\"sex\", \"seen\"]]\n";

const EVENTS: &str = "unique_event_name,label,day_from,day_to,forms\n\
    baseline_arm_1,Baseline,,,registration visit adverse_event diary\n\
    month3_arm_1,Month 3,60,120,visit adverse_event diary\n\
    month6_arm_1,Month 6,150,210,visit\n";

const ARMS: &str = "unique_event_name,label,day_from,day_to\n\
    baseline_arm_1,Baseline,,\n\
    baseline_arm_2,Baseline,,\n\
    month3_arm_2,Month 3,,\n";

/// The registry without events.
pub(super) fn plain() -> Dictionary {
    dictionary(None)
}

/// The registry with three events of one arm.
pub(super) fn longitudinal() -> Dictionary {
    dictionary(Some(EVENTS))
}

/// The registry with events of two arms.
pub(super) fn arms() -> Dictionary {
    dictionary(Some(ARMS))
}

fn dictionary(events: Option<&str>) -> Dictionary {
    let mut fields = format!("{HEADINGS}\n");
    for [name, form, kind, label, choices, validation, min, max, identifier, annotation] in FIELDS {
        let row = format!(
            "{name},{form},,{kind},{label},\"{choices}\",,{validation},{min},{max},{identifier},,,,,,,\"{annotation}\"\n"
        );
        fields.push_str(&row);
    }
    let file = |name: &str, text: &str| (name.to_owned(), text.as_bytes().to_vec());
    let files = [file("dictionary.csv", &fields), file("network.toml", NETWORK)];
    let files = files.into_iter().chain(events.map(|events| file("events.csv", events)));
    Dictionary::from_files(&DictionaryFiles::new(files).unwrap()).unwrap()
}
