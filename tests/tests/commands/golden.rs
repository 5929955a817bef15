//! Texts that people read, checked in; `NOTOCHORD_BLESS=1` writes them anew.

use std::fs;
use std::path::Path;

/// The text is the one that was checked in.
pub(crate) fn is_as_before(name: &str, text: &str) {
    let file =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/commands/golden").join(format!("{name}.txt"));
    if std::env::var_os("NOTOCHORD_BLESS").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
    }
    let before = fs::read_to_string(&file).unwrap_or_default();
    let changed = before.lines().zip(text.lines()).position(|(before, now)| before != now);
    let line = changed.unwrap_or_else(|| before.lines().count().min(text.lines().count()));
    assert!(
        before == text,
        "{} differs from line {} on; NOTOCHORD_BLESS=1 accepts what it now is:\n{text}",
        file.display(),
        line + 1
    );
}

/// The text with every digest as `<digest>`: they differ from run to run.
pub(crate) fn without_digests(text: &str) -> String {
    let mut scrubbed = text.to_owned();
    for mark in ["sha256:", "snapshot "] {
        let mut parts = scrubbed.split(mark);
        let start = parts.next().unwrap_or_default().to_owned();
        scrubbed = parts.fold(start, |start, part| {
            let rest = part.trim_start_matches(|c: char| c.is_ascii_hexdigit());
            let is_digest = part.len() - rest.len() >= 8;
            if is_digest { format!("{start}{mark}<digest>{rest}") } else { format!("{start}{mark}{part}") }
        });
    }
    scrubbed
}
