//! The groups an analysis is broken down by: the cross of some factors.

use notochord_proto::fields::{FieldValue, Fields, FromField, OneOrMany};
use notochord_proto::name::VariableName;
use notochord_proto::problem::Problem;
use notochord_proto::scope::Scope;
use serde_json::Value;

use crate::contribution::ContributeError;
use crate::frame::Frame;
use crate::levels::{LevelColumn, Levels};

/// The most groups an analysis may have.
const MOST_GROUPS: usize = 200;

/// The cross of the factors in `by`; one group of everybody where there are none.
#[derive(Debug, Clone)]
pub(crate) struct Groups {
    by: Vec<Levels>,
    /// Whether `by` was written as a list, so that results carry lists.
    listed: bool,
}

/// `by` as it was written.
struct By {
    names: Vec<VariableName>,
    listed: bool,
}

impl FromField for By {
    fn from_field(value: &FieldValue) -> Result<Self, String> {
        let listed = matches!(value, FieldValue::List(_));
        OneOrMany::from_field(value).map(|OneOrMany(names)| By { names, listed })
    }
}

impl Groups {
    /// Reads the optional key `by`.
    pub(crate) fn parse(fields: &mut Fields<'_>, scope: &Scope) -> Result<Self, Problem> {
        let Some(By { names, listed }) = fields.optional::<By>("by")? else {
            return Ok(Self { by: Vec::new(), listed: false });
        };
        let levels = |name| scope.require(name).and_then(|variable| Levels::of(&variable));
        let by = names.iter().map(levels).collect::<Result<Vec<_>, _>>();
        let by = by.map_err(|message| fields.problem("by", message))?;
        let groups = by.iter().try_fold(1_usize, |groups, levels| groups.checked_mul(levels.len()));
        if groups.is_none_or(|groups| groups > MOST_GROUPS) {
            return Err(fields.problem("by", format!("`by` makes more than {MOST_GROUPS} groups")));
        }
        if let Some((_, twice)) = names.iter().enumerate().find(|(at, name)| names[..*at].contains(name)) {
            return Err(fields.problem("by", format!("`by` names `{twice}` twice")));
        }
        Ok(Self { by, listed })
    }

    /// How many groups.
    pub(crate) fn len(&self) -> usize {
        self.by.iter().map(Levels::len).product()
    }

    /// The factors.
    pub(crate) fn by(&self) -> &[Levels] {
        &self.by
    }

    /// Whether there is anything to group by.
    pub(crate) fn is_everybody(&self) -> bool {
        self.by.is_empty()
    }

    /// Whether groups nobody is in are left out: among whole numbers and among combinations.
    pub(crate) fn leave_out_empty(&self) -> bool {
        self.by.len() > 1 || self.by.iter().any(Levels::are_integers)
    }

    /// The level of each factor in a group.
    pub(crate) fn levels(&self, group: usize) -> Vec<usize> {
        let mut rest = group;
        let mut levels: Vec<usize> = self
            .by
            .iter()
            .rev()
            .map(|by| {
                let level = rest % by.len();
                rest /= by.len();
                level
            })
            .collect();
        levels.reverse();
        levels
    }

    /// The codes of a group, one for each factor.
    pub(crate) fn codes(&self, group: usize) -> Vec<String> {
        self.by.iter().zip(self.levels(group)).map(|(by, level)| by.code(level).to_owned()).collect()
    }

    /// The labels of a group, for people.
    pub(crate) fn label(&self, group: usize) -> String {
        let labels = self.by.iter().zip(self.levels(group)).map(|(by, level)| by.label_of(level).to_owned());
        labels.collect::<Vec<_>>().join(", ")
    }

    /// A group as results name it: a code, or a list of codes where `by` is one.
    pub(crate) fn value(&self, group: usize) -> Value {
        let mut codes = self.codes(group);
        match (self.listed, codes.pop()) {
            (false, Some(code)) if codes.is_empty() => code.into(),
            (_, last) => codes.into_iter().chain(last).collect::<Vec<_>>().into(),
        }
    }

    /// Headings for a table with a row for each group, and one for those whose group is missing.
    pub(crate) fn headings(&self) -> Vec<String> {
        if self.is_everybody() {
            return vec!["all".to_owned()];
        }
        let groups = (0..self.len()).map(|group| self.codes(group).join(", "));
        groups.chain(["group missing".to_owned()]).collect()
    }

    /// The position of each row's group among [`Groups::headings`]: the last one where a factor is missing.
    pub(crate) fn of_rows(&self, frame: &Frame) -> Result<Vec<usize>, ContributeError> {
        let columns = self.by.iter().map(|levels| levels.read(frame)).collect::<Result<Vec<_>, _>>()?;
        (0..frame.rows()).map(|row| self.at(&columns, row)).collect()
    }

    fn at(&self, columns: &[LevelColumn<'_>], row: usize) -> Result<usize, ContributeError> {
        let mut group = 0;
        for (column, levels) in columns.iter().zip(&self.by) {
            match column.at(row)? {
                Some(level) => group = group * levels.len() + level,
                None => return Ok(self.len()),
            }
        }
        Ok(group)
    }
}
