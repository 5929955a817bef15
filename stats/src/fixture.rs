//! What the tests of several statistics share: the ovarian cancer trial and a way to ask about it.

pub(crate) mod published;

use std::collections::BTreeMap;

use arrow_array::{Float64Array, Int32Array, Int64Array};
use notochord_proto::dictionary::Dictionary;
use notochord_proto::fields::Section;
use notochord_proto::name::VariableName;
use notochord_proto::problem::Problem;
use notochord_proto::scope::Scope;
use notochord_proto::variable::VariableKind;
use serde_json::Value;

use crate::{Contribution, Frame, Outcome, Question, Statistic, Totals, Turn, registry};

pub(crate) mod reference;

/// `ovarian` of R's package survival 3.5-3: age, rx, resid.ds, ecog.ps, and a site dealt out by row.
const OVARIAN: [(f64, i64, i64, i64, &str); 26] = [
    (72.3315, 1, 2, 1, "A"),
    (74.4932, 1, 2, 1, "A"),
    (66.4658, 1, 2, 2, "A"),
    (53.3644, 2, 2, 1, "A"),
    (50.3397, 1, 2, 1, "A"),
    (56.4301, 1, 1, 2, "B"),
    (56.937, 2, 2, 2, "B"),
    (59.8548, 2, 2, 2, "B"),
    (64.1753, 1, 2, 1, "C"),
    (55.1781, 2, 1, 2, "C"),
    (56.7562, 1, 1, 2, "A"),
    (50.1096, 2, 1, 1, "A"),
    (59.6301, 2, 2, 2, "A"),
    (57.0521, 2, 2, 1, "A"),
    (39.2712, 1, 1, 1, "A"),
    (43.1233, 1, 1, 2, "B"),
    (38.8932, 1, 2, 2, "B"),
    (44.6, 1, 1, 1, "B"),
    (53.9068, 2, 1, 1, "C"),
    (44.2055, 2, 2, 1, "C"),
    (59.589, 2, 1, 2, "A"),
    (74.5041, 1, 2, 2, "A"),
    (43.137, 1, 2, 1, "A"),
    (63.2192, 2, 1, 2, "A"),
    (64.4247, 2, 2, 1, "A"),
    (58.3096, 2, 1, 1, "B"),
];

const DICTIONARY: &str = "\
Variable / Field Name,Form Name,Section Header,Field Type,Field Label,\"Choices, Calculations, OR Slider Labels\",\
Field Note,Text Validation Type OR Show Slider Number,Text Validation Min,Text Validation Max,Identifier?,\
Branching Logic (Show field only if...),Required Field?,Custom Alignment,Question Number (surveys only),\
Matrix Group Name,Matrix Ranking?,Field Annotation
record_id,f,,text,Record,,,,,,,,,,,,,
age,f,,text,Age,,,number,18,100,,,,,,,,
rx,f,,text,Treatment,,,integer,1,2,,,,,,,,
resid_ds,f,,text,Residual disease,,,integer,1,2,,,,,,,,
ecog_ps,f,,text,ECOG,,,integer,0,4,,,,,,,,
stage,f,,radio,Stage,\"I, One | II, Two | III, Three\",,,,,,,,,,,,
days,f,,text,Days,,,integer,0,5000,,,,,,,,
dose,f,,text,Dose,,,number,,,,,,,,,,
before,f,,text,Before,,,integer,0,200,,,,,,,,
after,f,,text,After,,,integer,0,200,,,,,,,,
died,f,,yesno,Died,,,,,,,,,,,,,
cause,f,,text,Cause of death,,,integer,0,2,,,,,,,,
relapsed,f,,yesno,Relapsed,,,,,,,,,,,,,
risk,f,,text,Risk,,,number,0,1,,,,,,,,
";

/// Age, treatment, residual disease, performance status, stage, days, dose and site.
pub(crate) fn scope() -> Scope {
    let dictionary = Dictionary::parse("dictionary.csv", DICTIONARY.as_bytes()).unwrap();
    Scope::new(&dictionary, &["A", "B", "C"].map(str::to_owned))
}

/// The trial.
pub(crate) fn ovarian() -> Frame {
    frame(&[
        ("age", OVARIAN.map(|row| row.0.to_string()).as_slice()),
        ("rx", OVARIAN.map(|row| row.1.to_string()).as_slice()),
        ("resid_ds", OVARIAN.map(|row| row.2.to_string()).as_slice()),
        ("ecog_ps", OVARIAN.map(|row| row.3.to_string()).as_slice()),
        ("site", OVARIAN.map(|row| row.4.to_owned()).as_slice()),
    ])
}

/// Columns written as text; an empty text is missing.
pub(crate) fn frame<T: AsRef<str>>(columns: &[(&str, &[T])]) -> Frame {
    let scope = scope();
    let rows = columns.first().map_or(0, |(_, values)| values.len());
    let column = |(name, values): &(&str, &[T])| {
        let present = values.iter().map(|value| Some(value.as_ref()).filter(|value| !value.is_empty()));
        let column = match &scope.variable(name).unwrap().kind {
            VariableKind::Integer { .. } => {
                crate::Column::Integer(present.map(|v| v.map(|v| v.parse().unwrap())).collect::<Int64Array>())
            }
            VariableKind::Number { .. } => crate::Column::Number(
                present.map(|v| v.map(|v| v.parse().unwrap())).collect::<Float64Array>(),
            ),
            VariableKind::Factor { levels } => {
                let level = |code: &str| levels.iter().position(|level| level.code == code).unwrap() as i32;
                crate::Column::Factor(present.map(|v| v.map(level)).collect::<Int32Array>())
            }
        };
        (VariableName::new(*name).unwrap(), column)
    };
    Frame::new(rows, columns.iter().map(column).collect::<BTreeMap<_, _>>()).ok().unwrap()
}

/// The statistic of a section of a study.
pub(crate) fn statistic(kind: &str, section: &str) -> Result<Box<dyn Statistic>, Problem> {
    let section = Section::parse("study.toml", section)?;
    let mut fields = section.fields();
    let statistic = registry::kind(kind).unwrap().parse.alone(&mut fields, &scope()).unwrap()?;
    fields.finish()?;
    Ok(statistic)
}

/// Why a section is refused.
pub(crate) fn refusal(kind: &str, section: &str) -> String {
    statistic(kind, section).err().unwrap().message
}

/// The answer about a frame, with nothing withheld.
pub(crate) fn answer(kind: &str, section: &str, frame: &Frame) -> Outcome {
    answer_to(statistic(kind, section).unwrap().as_ref(), frame)
}

/// The answer of a statistic about a frame, after as many rounds as it takes.
pub(crate) fn answer_to(statistic: &dyn Statistic, frame: &Frame) -> Outcome {
    answer_over(statistic, &[frame])
}

/// The answer about several frames, each of which contributes by itself.
pub(crate) fn answer_over(statistic: &dyn Statistic, frames: &[&Frame]) -> Outcome {
    let mut question = Question::first();
    loop {
        let layout = statistic.layout(&question).unwrap();
        let mut total = Contribution::zero(layout.len());
        for frame in frames {
            let part = statistic.contribute(frame, &question).unwrap();
            total.add(&Contribution::checked(part.values().to_vec(), &layout).unwrap()).unwrap();
        }
        match statistic.advance(&question, &Totals::from(total)).unwrap() {
            Turn::Ask(next) => question = next,
            Turn::Answer(outcome) => return outcome,
        }
    }
}

/// The answer about a frame where the numbers that the first layout names so were withheld.
pub(crate) fn answer_without(kind: &str, section: &str, frame: &Frame, withheld: &[&str]) -> Outcome {
    let (statistic, first) = (statistic(kind, section).unwrap(), Question::first());
    let contribution = statistic.contribute(frame, &first).unwrap();
    let layout = statistic.layout(&first).unwrap();
    let values = contribution.values().iter().zip(layout.names());
    let values = values.map(|(value, name)| (!withheld.contains(&name.as_str())).then_some(*value));
    match statistic.advance(&first, &Totals::new(values.collect())).unwrap() {
        Turn::Answer(outcome) => outcome,
        Turn::Ask(_) => panic!("it asked again"),
    }
}

/// Within 1e-11 of what R gives.
pub(crate) fn assert_close(found: &Value, expected: f64) {
    let found = found.as_f64().unwrap();
    let error = (found - expected).abs() / expected.abs();
    assert!(error < 1e-11, "{found:e} is not {expected:e}: {error:e}");
}
