//! Signing keys and sealed studies that are none, and what is asked of a coordinator that it does not hold.

use crate::bench::Bench;
use crate::case::Edit::{Add, Cut, Put, Remove, Share, Write};
use crate::case::{Case, hold};

#[test]
fn a_key_or_a_sealed_study_that_is_none_is_named_and_nothing_is_signed() {
    hold(&Bench::of_network(), SEALS);
}

const KEY: &str = "investigator.key";
const SIGN: &str =
    "notochord study sign study.toml --dictionary dictionary.csv --key investigator.key --out sealed.json";
const SEALED: &str = "study.toml.sealed.json";
const SUBMIT: &str = "notochord --home me study submit study.toml.sealed.json";

const SEALS: &[Case] = &[
    Case {
        edits: &[Write(KEY, b"")],
        line: SIGN,
        says: "notochord: investigator.key: not a secret key file, which holds `notochord-secret-key-v1 ` and the base64 of 32 bytes",
    },
    Case {
        edits: &[Write(KEY, b"\xff\xfe")],
        line: SIGN,
        says: "notochord: investigator.key: not a secret key file, which holds `notochord-secret-key-v1 ` and the base64 of 32 bytes",
    },
    Case {
        edits: &[Put(KEY, "key-v1", "key-v9")],
        line: SIGN,
        says: "notochord: investigator.key: not a secret key file, which holds `notochord-secret-key-v1 ` and the base64 of 32 bytes",
    },
    Case {
        edits: &[Share(KEY)],
        line: SIGN,
        says: "notochord: investigator.key: others may read it; run `chmod 600 investigator.key`",
    },
    Case {
        edits: &[Remove(KEY)],
        line: SIGN,
        says: "notochord: investigator.key: there is no such key file; restore it, or name another",
    },
    Case {
        edits: &[Put("study.toml", "kind = \"table\"", "kind = \"tabel\"")],
        line: SIGN,
        says: "notochord: study.toml:44 (kind): unknown kind `tabel`; did you mean `table`?",
    },
    Case {
        edits: &[],
        line: "notochord study sign study.toml --dictionary dictionary.csv --key investigator.key --out nowhere/sealed.json",
        says: "notochord: nowhere/sealed.json: its directory is not there; make it first",
    },
    Case {
        edits: &[],
        line: "notochord key new investigator.key",
        says: "notochord: investigator.key is there already and is never replaced; name another file",
    },
    Case {
        edits: &[],
        line: "notochord study new study.toml",
        says: "notochord: study.toml is there already and is never replaced; name another file",
    },
    Case {
        edits: &[Write(SEALED, b"")],
        line: SUBMIT,
        says: "notochord: study.toml.sealed.json: not a sealed document (DSSE envelope): EOF while parsing a value at line 1 column 0; seal the study again",
    },
    Case {
        edits: &[Write(SEALED, b"{}")],
        line: SUBMIT,
        says: "notochord: study.toml.sealed.json: not a sealed document (DSSE envelope): missing field `payload` at line 1 column 2; seal the study again",
    },
    Case {
        edits: &[Put(SEALED, "\"payload\":\"", "\"payload\":\"!")],
        line: SUBMIT,
        says: "notochord: study.toml.sealed.json: not a sealed document (DSSE envelope): its base64 is broken; seal the study again",
    },
    Case {
        edits: &[Put(SEALED, "notochord.study", "notochord.root")],
        line: SUBMIT,
        says: "notochord: study.toml.sealed.json: the sealed document is `application/vnd.notochord.root.v1+toml`, not `application/vnd.notochord.study.v1+toml`; seal the study again",
    },
    Case {
        edits: &[Put(SEALED, "\"signatures\":[", "\"signatures\":[], \"signatures\":[")],
        line: "notochord study endorse study.toml.sealed.json --key approver-1.key",
        says: "notochord: study.toml.sealed.json: not a sealed document (DSSE envelope): duplicate field `signatures` at line 1 column 1223; seal the study again",
    },
    Case {
        edits: &[Cut(SEALED, "\"signatures\""), Add(SEALED, b"\"signatures\":[]}")],
        line: "notochord --home me study submit study.toml.sealed.json",
        says: "notochord: refused: the study lacks an investigator's signature: 0 of the 1 signatures needed from investigators are there and verify",
    },
    Case {
        edits: &[],
        line: "notochord study endorse study.toml --key approver-1.key",
        says: "notochord: study.toml: not a sealed document (DSSE envelope): expected value at line 1 column 1; seal the study again",
    },
    Case {
        edits: &[],
        line: "notochord study show nope.sealed.json",
        says: "notochord: nope.sealed.json: there is no such file",
    },
    Case {
        edits: &[],
        line: "notochord --home me study show nope",
        says: "notochord: there is no study `nope`; `notochord study list` names them",
    },
    Case {
        edits: &[],
        line: "notochord --home me run spine-baseline",
        says: "notochord: refused: only the coordinator's own people may do this",
    },
    Case {
        edits: &[],
        line: "notochord --home me result nope",
        says: "notochord: there is no run or study `nope`; `notochord runs` names the runs",
    },
];
