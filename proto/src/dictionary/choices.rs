//! `Choices, Calculations, OR Slider Labels` of a choice field: `code, label | code, label`.

use crate::document;
use crate::variable::Level;

/// The most choices of a field.
const MOST: usize = 1000;

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
    Ok(Level { code: code.to_owned(), label: label.to_owned() })
}
