//! What a field may be called, by REDCap's rules and ours.

use super::DAY0_YEAR;
use crate::name::VariableName;
use crate::scope::SITE;

/// Names that REDCap gives to columns and inputs of its own.
const REDCAPS: [&str; 10] = [
    "redcap_event_name",
    "redcap_csrf_token",
    "redcap_survey_timestamp",
    "redcap_survey_identifier",
    "redcap_survey_return_code",
    "redcap_data_access_group",
    "redcap_repeat_instrument",
    "redcap_repeat_instance",
    "hidden_edit_flag",
    "instance",
];

/// Words that older browsers stumble over: REDCap refuses them in new fields, and has fields of these names.
const BROWSERS: [&str; 14] = [
    "submit", "new", "return", "continue", "case", "switch", "class", "enum", "catch", "throw", "document",
    "super", "focus", "elements",
];

/// Names of ours in every table of rows.
const OURS: [&str; 4] = [SITE, "event", "day", DAY0_YEAR];

/// Longer names are cut off by statistics software; REDCap advises against them.
const ADVISED: usize = 26;

/// The longest name of a form, in bytes.
const LONGEST_FORM: usize = 64;

/// The name of a field, or what is wrong with it and what to write.
pub(super) fn field_name(written: &str) -> Result<VariableName, String> {
    if written.contains('@') {
        return Err(format!(
            "`{}` has a sign of ours, `@`, which leads to an event; leave it out",
            cut(written)
        ));
    }
    let name = VariableName::new(written).map_err(|error| error.to_string())?;
    if REDCAPS.contains(&written) {
        return Err(format!("`{written}` is a name of REDCap's own; choose another"));
    }
    if OURS.contains(&written) {
        return Err(format!("`{written}` is a variable of every study already; choose another name"));
    }
    if written.contains("__") || written.ends_with('_') {
        let parts: Vec<_> = written.split('_').filter(|part| !part.is_empty()).collect();
        return Err(format!(
            "`{written}` has two underscores in a row or one at its end, which REDCap takes away; write `{}`",
            parts.join("_")
        ));
    }
    Ok(name)
}

/// What is wrong with the name of a form.
pub(super) fn form_name(written: &str) -> Result<(), String> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let begins = written.starts_with(|c: char| c.is_ascii_lowercase());
    if begins && written.len() <= LONGEST_FORM && written.bytes().all(fits) {
        return Ok(());
    }
    Err(format!(
        "`{}` is not a form's name: lower-case letters, digits and `_`, a letter first, at most {LONGEST_FORM} \
         characters",
        cut(written)
    ))
}

/// The beginning of what was written.
fn cut(written: &str) -> String {
    written.chars().take(80).collect()
}

/// What is unwise about a name.
pub(super) fn warning(name: &VariableName) -> Option<String> {
    let name = name.as_str();
    if BROWSERS.contains(&name) {
        return Some(format!("REDCap takes no new field called `{name}`; choose another name"));
    }
    let message = || format!("has {} characters; REDCap advises at most {ADVISED}", name.len());
    (name.len() > ADVISED).then(message)
}
