//! Any text as a study document and as an expression.

#![no_main]

use libfuzzer_sys::fuzz_target;
use notochord_proto::expression::Expression;
use notochord_proto::study::Study;

fuzz_target!(|bytes: &[u8]| {
    let _ = Study::parse("study.toml", bytes);
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(expression) = Expression::parse(text)
    {
        let words = expression.in_words();
        assert_eq!(Expression::parse(&words).as_ref(), Ok(&expression), "{words}");
    }
});
