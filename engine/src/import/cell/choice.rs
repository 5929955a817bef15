//! The codes and labels of a choice field.

use std::collections::HashMap;

use notochord_proto::problem::suggestion;
use notochord_proto::variable::Level;

use super::{Wrong, excerpt, remedy_of_missing};
use crate::import::FindingKind;
use crate::import::label::plain;
use crate::import::style::Encoding;

/// The lengths of the cells that are compared with the codes and labels of a field. Below, everything is near.
const COMPARED: std::ops::RangeInclusive<usize> = 3..=200;
/// The most levels that are compared.
const MOST_COMPARED: usize = 100;

/// The levels of a field, found by what a file may write for them.
pub(in crate::import) struct Choices {
    levels: Vec<Level>,
    codes: HashMap<String, u16>,
    /// By plain label; `None` where several codes share it.
    labels: HashMap<String, Option<u16>>,
}

impl Choices {
    pub(super) fn new(levels: &[Level]) -> Self {
        let positions = || levels.iter().zip(0_u16..);
        let mut labels: HashMap<String, Option<u16>> = HashMap::new();
        for (level, position) in positions() {
            labels.entry(plain(&level.label)).and_modify(|shared| *shared = None).or_insert(Some(position));
        }
        let codes = positions().map(|(level, position)| (level.code.clone(), position)).collect();
        Self { levels: levels.to_vec(), codes, labels }
    }

    /// The code of a level.
    pub(super) fn code(&self, position: u16) -> Option<&str> {
        self.levels.get(usize::from(position)).map(|level| level.code.as_str())
    }

    /// The level a cell names, or what is wrong with the cell.
    pub(super) fn read(&self, cell: &str, encoding: Encoding) -> Result<u16, Wrong> {
        let code = self.codes.get(cell).copied();
        match encoding {
            Encoding::Codes => code.ok_or_else(|| self.no_code(cell)),
            Encoding::Labels => match (self.label(cell), code) {
                (Some(Some(position)), _) => Ok(position),
                (Some(None), _) => {
                    let finding = format!(
                        "`{}` is the label of several codes of the field; export codes",
                        excerpt(cell)
                    );
                    Err(Wrong { kind: FindingKind::AmbiguousLabel, finding })
                }
                (None, Some(_)) => {
                    let remedy = "; it is a code, and the file holds labels";
                    Err(wrong(FindingKind::CodeAmongLabels, cell, LABEL, remedy))
                }
                (None, None) => Err(self.no_label(cell)),
            },
        }
    }

    /// The encoding of a file in which the cell stands, where only one can be meant.
    pub(super) fn leaning(&self, cell: &str) -> Option<Encoding> {
        match (self.codes.contains_key(cell), self.label(cell).is_some()) {
            (true, false) => Some(Encoding::Codes),
            (false, true) => Some(Encoding::Labels),
            _ => None,
        }
    }

    fn label(&self, cell: &str) -> Option<Option<u16>> {
        self.labels.get(cell).or_else(|| self.labels.get(&plain(cell))).copied()
    }

    fn no_code(&self, cell: &str) -> Wrong {
        if let Some(position) = self.label(cell) {
            let remedy = match position.and_then(|position| self.code(position)) {
                Some(code) => format!("; it is the label of `{code}`, and the file holds codes"),
                None => "; it is a label, and the file holds codes".to_owned(),
            };
            return wrong(FindingKind::LabelAmongCodes, cell, CODE, &remedy);
        }
        if let Some(remedy) = remedy_of_missing(cell) {
            return wrong(FindingKind::UndeclaredMissing, cell, CODE, remedy);
        }
        if let Some(level) = self.levels.iter().find(|level| level.code.eq_ignore_ascii_case(cell)) {
            let remedy = format!("; did you mean `{}`?", level.code);
            return wrong(FindingKind::CodeInOtherCase, cell, CODE, &remedy);
        }
        let remedy = self.near(cell, self.levels.iter().map(|level| level.code.as_str()));
        wrong(FindingKind::UnknownCode, cell, CODE, &remedy)
    }

    fn no_label(&self, cell: &str) -> Wrong {
        if let Some(remedy) = remedy_of_missing(cell) {
            return wrong(FindingKind::UndeclaredMissing, cell, LABEL, remedy);
        }
        let remedy = self.near(cell, self.labels.keys().map(String::as_str));
        wrong(FindingKind::UnknownLabel, cell, LABEL, &remedy)
    }

    /// The code or label that may be meant, where they are few enough to be compared with every wrong cell.
    fn near<'a>(&self, cell: &str, known: impl Iterator<Item = &'a str>) -> String {
        let comparable = COMPARED.contains(&cell.len()) && self.levels.len() <= MOST_COMPARED;
        if comparable { suggestion(cell, known) } else { String::new() }
    }
}

const CODE: &str = "one of the field's codes";
const LABEL: &str = "one of the field's labels";

fn wrong(kind: FindingKind, cell: &str, wanted: &str, remedy: &str) -> Wrong {
    Wrong::new(kind, cell, wanted, remedy)
}
