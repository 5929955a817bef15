//! Labels as an export writes them.

/// The entities that REDCap's editor leaves in labels, and what they stand for.
const ENTITIES: [(&str, &str); 6] =
    [("&nbsp;", " "), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#039;", "'"), ("&amp;", "&")];

/// A label without the tags of a web page, on one line, its blanks single.
pub(crate) fn plain(label: &str) -> String {
    let mut text = String::with_capacity(label.len());
    let mut rest = label;
    while let Some((before, after)) = rest.split_once('<') {
        text.push_str(before);
        if !after.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!') {
            text.push('<');
            rest = after;
            continue;
        }
        let Some((_, behind)) = after.split_once('>') else {
            // No tag ends any more, so none begins.
            text.push('<');
            text.push_str(after);
            rest = "";
            break;
        };
        text.push(' ');
        rest = behind;
    }
    text.push_str(rest);
    for (entity, character) in ENTITIES {
        if text.contains(entity) {
            text = text.replace(entity, character);
        }
    }
    single_blanks(&text)
}

/// A text without blanks at its ends, with single blanks for any others and for control characters.
pub(super) fn single_blanks(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    words.fold(String::with_capacity(text.len()), |mut line, word| {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        line
    })
}

/// The name REDCap makes of a form's label: lower case, `_` for anything else.
pub(super) fn form_name(label: &str) -> String {
    let words = label.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join("_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_loses_its_tags_and_keeps_its_comparisons() {
        assert_eq!(plain("<div class=\"rich\">Age<br/>in&nbsp;years </div>"), "Age in years");
        assert_eq!(plain("age < 18 & weight<=20 kg\r\n(or > 5)"), "age < 18 & weight<=20 kg (or > 5)");
        assert_eq!(plain("a <b"), "a <b");
        assert_eq!(plain("&amp;lt;"), "&lt;");
    }

    #[test]
    fn tags_without_end_cost_no_time() {
        let tags = "<a".repeat(1 << 20);
        assert_eq!(plain(&tags), tags);
    }

    #[test]
    fn a_forms_label_leads_to_its_name() {
        assert_eq!(form_name("Adverse Event"), "adverse_event");
        assert_eq!(form_name("EQ-5D (health)"), "eq_5d_health");
    }
}
