//! Published data for the tests of statistics: `tests/reference/<set>/data.csv` under its dictionary, over any split.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use arrow_array::{Float64Array, Int32Array, Int64Array};
use notochord_proto::dictionary::Dictionary;
use notochord_proto::fields::Section;
use notochord_proto::name::VariableName;
use notochord_proto::scope::Scope;
use notochord_proto::variable::VariableKind;
use serde_json::Value;

use crate::{Column, Frame, Statistic, registry};

/// A data set.
pub(crate) struct Published {
    /// What a study may name.
    pub(crate) scope: Scope,
    /// Every row, at the sites of its column `site`.
    pub(crate) frame: Frame,
}

/// The cells of a line of CSV; no cell of these files holds a quote or a line break.
fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    for (at, part) in line.split('"').enumerate() {
        // Every other part stands between quotes.
        let mut pieces = if at % 2 == 1 { vec![part] } else { part.split(',').collect() }.into_iter();
        if let (Some(first), Some(last)) = (pieces.next(), cells.last_mut()) {
            last.push_str(first);
        }
        cells.extend(pieces.map(str::to_owned));
    }
    cells
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/reference")
}

/// What a script of `tests/reference/own` wrote.
pub(crate) fn own(topic: &str) -> Value {
    let text = fs::read(folder().join(format!("own/{topic}.json"))).unwrap();
    serde_json::from_slice(&text).unwrap()
}

impl Published {
    pub(crate) fn read(set: &str) -> Self {
        let file = |name: &str| fs::read_to_string(folder().join(set).join(name)).unwrap();
        let dictionary = Dictionary::parse("dictionary.csv", file("dictionary.csv").as_bytes()).unwrap();
        let data = file("data.csv");
        let mut lines = data.lines().map(cells);
        let header = lines.next().unwrap();
        let rows: Vec<Vec<String>> = lines.collect();
        let site = header.iter().position(|name| *name == "site").unwrap();
        let sites: Vec<String> = rows.iter().map(|row| row[site].clone()).collect();
        let scope = Scope::new(&dictionary, &sites);
        let mut columns = BTreeMap::new();
        for (at, name) in header.iter().enumerate() {
            let Some(variable) = scope.variable(name) else { continue };
            let values = rows.iter().map(|row| Some(row[at].as_str()).filter(|value| !value.is_empty()));
            let column = match &variable.kind {
                VariableKind::Integer { .. } => {
                    Column::Integer(values.map(|v| v.map(|v| v.parse().unwrap())).collect::<Int64Array>())
                }
                VariableKind::Number { .. } => {
                    Column::Number(values.map(|v| v.map(|v| v.parse().unwrap())).collect::<Float64Array>())
                }
                VariableKind::Factor { levels } => {
                    let level =
                        |code: &str| levels.iter().position(|level| level.code == code).unwrap() as i32;
                    Column::Factor(values.map(|v| v.map(level)).collect::<Int32Array>())
                }
            };
            columns.insert(VariableName::new(name.as_str()).unwrap(), column);
        }
        let frame = Frame::new(rows.len(), columns).ok().unwrap();
        Self { scope, frame }
    }

    /// The statistic of a section of a study of this data set.
    pub(crate) fn statistic(&self, kind: &str, section: &str) -> Box<dyn Statistic> {
        let section = Section::parse("study.toml", section).unwrap();
        let mut fields = section.fields();
        let parse = &registry::kind(kind).unwrap().parse;
        let statistic = parse.alone(&mut fields, &self.scope).unwrap().unwrap();
        fields.finish().unwrap();
        statistic
    }

    /// The rows dealt out to this many frames.
    pub(crate) fn over(&self, frames: usize) -> Vec<Frame> {
        let own = |frame: usize| (frame..self.frame.rows()).step_by(frames).collect::<Vec<_>>();
        (0..frames).map(|frame| self.frame.part(&own(frame))).collect()
    }
}
