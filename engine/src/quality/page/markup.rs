//! Text and tables as markup.

use time::OffsetDateTime;

use crate::quality::numbers::hundredths;
use crate::quality::visible::visible;

/// The most characters of a text from a file or a dictionary.
const LONGEST_TEXT: usize = 400;

/// A text that cannot become markup: what HTML gives a meaning is escaped, control characters and those that
/// turn the direction of the text are blanks, and what is too long is cut.
pub(super) fn text(text: &str) -> String {
    shortened(text, LONGEST_TEXT)
}

/// A [`text`] in which what stands between two backticks is set as code.
pub(super) fn sentence(sentence: &str) -> String {
    let mut pieces: Vec<String> =
        sentence.chars().take(LONGEST_TEXT).collect::<String>().split('`').map(text).collect();
    // Without a second backtick the last one opens nothing.
    let unpaired = if pieces.len().is_multiple_of(2) { pieces.pop() } else { None };
    let mut markup = String::new();
    for (place, piece) in pieces.iter().enumerate() {
        if place.is_multiple_of(2) {
            markup.push_str(piece)
        } else {
            markup.push_str(&format!("<code>{piece}</code>"))
        }
    }
    markup.extend(unpaired.map(|piece| format!("&#96;{piece}")));
    if sentence.chars().nth(LONGEST_TEXT).is_some() {
        markup.push('…');
    }
    markup
}

/// A [`text`] of so many characters at most.
pub(super) fn shortened(text: &str, longest: usize) -> String {
    let mut escaped = String::with_capacity(text.len().min(longest));
    for character in text.chars().take(longest).map(visible) {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '`' => escaped.push_str("&#96;"),
            other => escaped.push(other),
        }
    }
    if text.chars().nth(longest).is_some() {
        escaped.push('…');
    }
    escaped
}

/// A day of the calendar.
pub(super) fn day(at: OffsetDateTime) -> String {
    at.date().to_string()
}

/// A bar as long as a part is of a whole. What it shows stands beside it in words.
pub(super) fn bar(part: u64, whole: u64) -> String {
    // A little is seen.
    let width = hundredths(part, whole).max(u64::from(part > 0));
    format!("<span class=\"bar\" aria-hidden=\"true\"><i style=\"width:{width}%\"></i></span>")
}

/// A table that scrolls where it is wider than the screen. Its headings and cells are markup.
pub(super) fn table(class: &str, caption: &str, headings: &[String], rows: &[String]) -> String {
    let caption = if caption.is_empty() { String::new() } else { format!("<caption>{caption}</caption>\n") };
    format!(
        "<div class=\"scroll\">\n<table class=\"{class}\">\n{caption}<thead>\n<tr>{}</tr>\n</thead>\n\
         <tbody>\n{}</tbody>\n</table>\n</div>\n",
        headings.concat(),
        rows.concat(),
    )
}

/// The heading of a column.
pub(super) fn heading(name: &str) -> String {
    format!("<th scope=\"col\">{name}</th>")
}

/// The heading of a column of numbers.
pub(super) fn number_heading(name: &str) -> String {
    format!("<th scope=\"col\" class=\"number\">{name}</th>")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ENTITIES: [&str; 6] = ["amp;", "lt;", "gt;", "quot;", "#39;", "#96;"];

    #[test]
    fn what_has_a_meaning_in_html_is_escaped_and_what_is_long_is_cut() {
        assert_eq!(text("<b a=\"x\" b='y'>&`"), "&lt;b a=&quot;x&quot; b=&#39;y&#39;&gt;&amp;&#96;");
        assert_eq!(text("a\u{0}b\u{202e}c"), "a b c");
        assert_eq!(shortened("<<<<", 3), "&lt;&lt;&lt;…");
        assert_eq!(shortened("abc", 3), "abc");
    }

    #[test]
    fn what_is_quoted_is_code_and_still_text() {
        assert_eq!(sentence("`<b>` is not `y`, ok"), "<code>&lt;b&gt;</code> is not <code>y</code>, ok");
        assert_eq!(sentence("`a` and ` b"), "<code>a</code> and &#96; b");
        assert_eq!(sentence("```"), "<code></code>&#96;");
        assert!(sentence(&"<".repeat(LONGEST_TEXT + 1)).ends_with("&lt;…"));
    }

    proptest! {
        #[test]
        fn no_text_becomes_markup(written in any::<String>()) {
            let text = text(&written);
            prop_assert!(!text.contains(['<', '>', '"', '\'', '`']));
            let known = |entity: &str| ENTITIES.iter().any(|known| entity.starts_with(known));
            prop_assert!(text.split('&').skip(1).all(known));
        }
    }
}
