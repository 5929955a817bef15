//! Any bytes as the five files of a dictionary, cut at a line of `=====`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use notochord_proto::dictionary::files::NAMES;
use notochord_proto::dictionary::{Dictionary, DictionaryFiles};

const CUT: &[u8] = b"=====\n";

fuzz_target!(|bytes: &[u8]| {
    let mut rest = bytes;
    let mut files = Vec::new();
    for name in NAMES {
        let end = rest.windows(CUT.len()).position(|window| window == CUT);
        let (file, after) = end.map_or((rest, &[][..]), |end| (&rest[..end], &rest[end + CUT.len()..]));
        if !file.is_empty() {
            files.push((name.to_owned(), file.to_vec()));
        }
        rest = after;
    }
    let Ok(files) = DictionaryFiles::new(files) else { return };
    if let Ok(dictionary) = Dictionary::from_files(&files) {
        // What is accepted is consistent with itself.
        for variable in dictionary.variables() {
            assert!(dictionary.field_of(variable.name.as_str()).is_some() || variable.name.as_str() == "day0_year");
        }
    }
});
