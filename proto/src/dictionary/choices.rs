//! `Choices, Calculations, OR Slider Labels` of a choice field: `code, label | code, label`.

use crate::document;
use crate::variable::Level;

/// The most choices of a field.
const MOST: usize = 1000;

/// The longest code, in characters.
const LONGEST_CODE: usize = 100;

/// The levels of a choice field, in order; the error says what is wrong and what to write.
pub(super) fn levels(written: &str) -> Result<Vec<Level>, String> {
    if written.trim().is_empty() {
        return Err("has no choices; write `code, label | code, label`".to_owned());
    }
    let levels = written.split('|').map(level).collect::<Result<Vec<_>, _>>()?;
    if levels.len() > MOST {
        return Err(format!("has {} choices; {MOST} are the most", levels.len()));
    }
    match document::repeated(levels.iter().map(|level| &level.code)) {
        Some(code) => Err(format!("has the code `{code}` twice; give every choice its own")),
        None => Ok(levels),
    }
}

fn level(written: &str) -> Result<Level, String> {
    let wanted = || format!("`{}` is not a choice `code, label`", written.trim());
    let (code, label) = written.split_once(',').ok_or_else(wanted)?;
    let (code, label) = (code.trim(), label.trim());
    if code.is_empty() || label.is_empty() {
        return Err(wanted());
    }
    if code.chars().count() > LONGEST_CODE || code.contains(|c: char| c.is_control() || "\"'`".contains(c)) {
        let message =
            format!("`{code}` is not a code: at most {LONGEST_CODE} characters, none a quotation mark");
        return Err(message);
    }
    Ok(Level { code: code.to_owned(), label: label.to_owned() })
}

/// What is unwise about the levels of a field.
pub(super) fn warnings<'a>(levels: impl Iterator<Item = &'a Level> + Clone) -> Vec<String> {
    let is_redcaps = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let odd = levels.clone().find(|level| !level.code.chars().all(is_redcaps)).map(|level| {
        let code = &level.code;
        format!(
            "the code `{code}` has signs beside letters, digits, `.`, `-` and `_`, which REDCap may refuse"
        )
    });
    let twice = document::repeated(levels.map(|level| &level.label));
    let alike = twice
        .map(|label| format!("two choices are labelled `{label}`; exports of labels cannot tell them apart"));
    odd.into_iter().chain(alike).collect()
}
