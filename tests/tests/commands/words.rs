//! What a centre reads before it decides, word for word.

use crate::bench::Bench;
use crate::golden::{is_as_before, without_digests_and_times};

#[test]
fn a_study_its_preview_the_policy_and_an_import_read_as_they_did() {
    let copy = Bench::of_network().copy();
    for (name, line) in [
        ("study-show", "notochord-node --home node study show spine-baseline"),
        ("study-preview", "notochord-node --home node study preview spine-baseline"),
        ("policy-show", "notochord-node --home node policy show"),
        ("import-report", "notochord-node --home node import faulty.csv"),
        ("check", "notochord-node check data.csv --dictionary dictionary.csv --out report"),
    ] {
        let said = copy.run(line);
        assert_eq!((said.code, said.error.as_str()), (0, ""), "{line}");
        is_as_before(name, &without_digests_and_times(&said.out));
    }
}
