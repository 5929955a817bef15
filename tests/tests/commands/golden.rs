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

/// The text with every digest as `<digest>` and every time as `<time>`: they differ from run to run.
pub(crate) fn without_digests_and_times(text: &str) -> String {
    let digest = |scrubbed: String, mark| masked(&scrubbed, mark, "<digest>", |c| c.is_ascii_hexdigit());
    let scrubbed = ["sha256:", "snapshot ", "snapshot ("].into_iter().fold(text.to_owned(), digest);
    let is_of_time = |c: char| c.is_ascii_digit() || "-T.Z".contains(c);
    ["<digest>, ", "reports/"]
        .into_iter()
        .fold(scrubbed, |scrubbed, mark| masked(&scrubbed, mark, "<time>", is_of_time))
}

/// The text with eight or more signs of a kind behind a mark as `mask`.
fn masked(text: &str, mark: &str, mask: &str, is_of_kind: impl Fn(char) -> bool) -> String {
    let mut parts = text.split(mark);
    let start = parts.next().unwrap_or_default().to_owned();
    parts.fold(start, |start, part| {
        let rest = part.trim_start_matches(&is_of_kind);
        let is_masked = part.len() - rest.len() >= 8;
        if is_masked { format!("{start}{mark}{mask}{rest}") } else { format!("{start}{mark}{part}") }
    })
}
