//! Small tables for tests, written line by line, and the dictionary of their registry.

#![allow(clippy::unwrap_used)]

use arrow_array::{Float64Array, Int32Array, Int64Array};
use notochord_proto::dictionary::{DAY0_YEAR, Dictionary, DictionaryFiles};
use notochord_proto::variable::{Variable, VariableKind};
use notochord_stats::frame::Column;

use super::*;

/// Two arms that share their events.
pub(crate) const EVENTS: &str = "unique_event_name,label,day_from,day_to\n\
    baseline_arm_1,Baseline,-5,5\n\
    month3_arm_1,At 3 months,60,120\n\
    baseline_arm_2,Baseline,-5,5\n\
    month3_arm_2,At 3 months,60,120\n\
    late_arm_2,Late,,\n";

/// The same events, and which forms are filled in at each.
pub(crate) const DESIGNATED: &str = "unique_event_name,label,day_from,day_to,forms\n\
    baseline_arm_1,Baseline,-5,5,background pain\n\
    month3_arm_1,At 3 months,60,120,pain surgery\n\
    baseline_arm_2,Baseline,-5,5,background pain\n\
    month3_arm_2,At 3 months,60,120,pain surgery\n\
    late_arm_2,Late,,,pain surgery\n";

/// Form, name, type, choices, validation, minimum, maximum, annotation.
const FIELDS: [[&str; 8]; 8] = [
    ["background", "id", "text", "", "", "", "", ""],
    ["background", "sex", "radio", "f, Female | m, Male", "", "", "", ""],
    ["background", "first_seen", "text", "", "date_ymd", "", "", "@DAY0 @DAYS(-60,60)"],
    ["pain", "nrs", "text", "", "integer", "0", "10", ""],
    ["pain", "asked", "text", "", "date_ymd", "", "", "@DAYS(-10,4000)"],
    ["surgery", "kind", "radio", "resection, Resection | biopsy, Biopsy", "", "", "", ""],
    ["surgery", "blood_loss", "text", "", "number", "0", "9000", ""],
    ["surgery", "operated", "text", "", "date_ymd", "", "", "@DAYS(-10,4000)"],
];

const HEADINGS: &str = "Variable / Field Name,Form Name,Section Header,Field Type,Field Label,\
    \"Choices, Calculations, OR Slider Labels\",Field Note,Text Validation Type OR Show Slider Number,\
    Text Validation Min,Text Validation Max,Identifier?,Branching Logic (Show field only if...),\
    Required Field?,Custom Alignment,Question Number (surveys only),Matrix Group Name,Matrix Ranking?,\
    Field Annotation";

/// The registry's dictionary with these files beside it; dates so named are marked `@VISIT`.
pub(crate) fn dictionary(files: &[(&str, &str)], visit_dates: &[&str]) -> Dictionary {
    let row = |[form, name, kind, choices, validation, min, max, annotation]: [&str; 8]| {
        let visit = if visit_dates.contains(&name) { " @VISIT" } else { "" };
        format!(
            "{name},{form},,{kind},{name},\"{choices}\",,{validation},{min},{max},,,,,,,,\"{annotation}{visit}\"\n"
        )
    };
    let fields = format!("{HEADINGS}\n{}", FIELDS.map(row).concat());
    let files = files.iter().copied().chain([("dictionary.csv", fields.as_str())]);
    let files = files.map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()));
    Dictionary::from_files(&DictionaryFiles::new(files).unwrap()).unwrap()
}

/// A table of lines `patient year`, or `patient event visit form instance name=value …`. Patients are numbers
/// from 0; `-` stands for the event of a dictionary without events.
pub(crate) fn table(dictionary: &Dictionary, lines: &str) -> Table {
    let lines: Vec<Vec<&str>> = lines.lines().map(|line| line.split_whitespace().collect()).collect();
    let patient = |line: &[&str]| line[0].parse::<u32>().unwrap();
    let patients = lines.iter().map(|line| patient(line) + 1).max().unwrap_or(0);
    let mut events: Vec<_> = dictionary.events().iter().map(|event| event.name.clone()).collect();
    if events.is_empty() {
        events.push(String::new());
    }
    let variables = dictionary.variables();
    let form = |form: &String| {
        let mut entries: Vec<(EntryPlace, &[&str])> = lines
            .iter()
            .filter(|line| line.get(3) == Some(&form.as_str()))
            .map(|line| {
                let event = events.iter().position(|event| event == line[1].trim_matches('-')).unwrap();
                let (visit, instance) = (line[2].parse().unwrap(), line[4].parse().unwrap());
                let place = EntryPlace { patient: patient(line), event: event as u16, visit, instance };
                (place, &line[5..])
            })
            .collect();
        entries.sort_by_key(|(place, _)| *place);
        let of_form = variables.iter().filter(|one| dictionary.form_of(one.name.as_str()) == Some(form));
        let column = |variable: &Variable| {
            let prefix = format!("{}=", variable.name);
            let cell = |(_, cells): &(EntryPlace, &[&str])| {
                cells.iter().find_map(|cell| cell.strip_prefix(&prefix)).map(str::to_owned)
            };
            (variable.name.clone(), self::column(variable, &entries.iter().map(cell).collect::<Vec<_>>()))
        };
        let columns = of_form.map(column).collect();
        FormTable { form: form.clone(), places: entries.iter().map(|(place, _)| *place).collect(), columns }
    };
    let forms = dictionary.forms().iter().map(form).collect();
    let year = |patient_wanted: u32| {
        let mut about = lines.iter().filter(|line| line.len() == 2 && patient(line) == patient_wanted);
        about.next().map(|line| line[1].to_owned())
    };
    let years: Vec<_> = (0..patients).map(year).collect();
    let about = variables.iter().filter(|variable| variable.name.as_str() == DAY0_YEAR);
    let about = about.map(|variable| (variable.name.clone(), column(variable, &years))).collect();
    Table { patients: (0..patients).map(key).collect(), about, events, forms }
}

/// The column of a variable, from cells as text.
fn column(variable: &Variable, cells: &[Option<String>]) -> RowColumn {
    let values = match &variable.kind {
        VariableKind::Integer { .. } => Column::Integer(
            cells
                .iter()
                .map(|cell| cell.as_ref().map(|cell| cell.parse::<i64>().unwrap()))
                .collect::<Int64Array>(),
        ),
        VariableKind::Number { .. } => Column::Number(
            cells
                .iter()
                .map(|cell| cell.as_ref().map(|cell| cell.parse::<f64>().unwrap()))
                .collect::<Float64Array>(),
        ),
        VariableKind::Factor { levels } => {
            let position =
                |cell: &String| levels.iter().position(|level| level.code == *cell).unwrap() as i32;
            Column::Factor(cells.iter().map(|cell| cell.as_ref().map(position)).collect::<Int32Array>())
        }
    };
    RowColumn { variable: variable.clone(), values }
}

fn key(patient: u32) -> PatientKey {
    let mut key = [0; PatientKey::BYTES];
    key[..4].copy_from_slice(&patient.to_be_bytes());
    PatientKey(key)
}
