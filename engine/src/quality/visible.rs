//! Characters that do what they show.

/// A character as it is shown: a blank for control characters and for those that turn the direction of a text.
pub(super) fn visible(character: char) -> char {
    match character {
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => ' ',
        other if other.is_control() => ' ',
        other => other,
    }
}
