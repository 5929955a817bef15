//! Matrix groups: fields under one another that share their choices.

use std::collections::BTreeMap;

use super::column::{CHOICES, FORM, MATRIX, RANKING, TYPE};
use super::table::Row;
use crate::problem::Problem;

/// The matrix groups read so far.
#[derive(Default)]
pub(super) struct Matrices {
    /// The line on which each group begins.
    lines: BTreeMap<String, usize>,
    /// The group of the row before.
    group: Option<Group>,
}

#[derive(PartialEq)]
struct Group {
    name: String,
    form: String,
    kind: String,
    choices: String,
}

impl Matrices {
    /// What is wrong with the matrix group of the next row.
    pub(super) fn misfit(&mut self, row: &Row<'_>) -> Option<Problem> {
        let name = row.cell(MATRIX);
        let is_ranking = match row.is_yes(RANKING) {
            Ok(is_ranking) => is_ranking,
            Err(problem) => return Some(problem),
        };
        if name.is_empty() {
            self.group = None;
            let message = "only a matrix group is ranked; clear it, or name the group";
            return is_ranking.then(|| row.problem(RANKING, message));
        }
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if !name.bytes().all(fits) {
            let message = format!("`{name}` is not a group's name: lower-case letters, digits and `_`");
            return Some(row.problem(MATRIX, message));
        }
        let kind = row.cell(TYPE);
        if !matches!(kind, "radio" | "checkbox") {
            let message = format!("a matrix is of `radio` or `checkbox` fields; this one is `{kind}`");
            return Some(row.problem(MATRIX, message));
        }
        let (form, choices) = (row.cell(FORM).to_owned(), row.cell(CHOICES).to_owned());
        let group = Group { name: name.to_owned(), form, kind: kind.to_owned(), choices };
        let first = *self.lines.entry(group.name.clone()).or_insert(row.line());
        let before = self.group.replace(group);
        let (before, group) = (before.filter(|before| before.name == name), self.group.as_ref()?);
        let message = match before {
            None if first == row.line() => return None,
            None => {
                format!("the group `{name}` began on line {first} and ended; let its fields stand together")
            }
            Some(before) if before == *group => return None,
            Some(before) if before.form != group.form => {
                format!("the group `{name}` began on the form `{}`; a group is on one form", before.form)
            }
            Some(_) => {
                format!(
                    "has another type or other choices than the group `{name}`, which began on line {first}"
                )
            }
        };
        Some(row.problem(MATRIX, message))
    }
}
