//! Command lines with mistakes in them.

use crate::bench::Bench;
use crate::case::Edit::{Put, Remove, Write};
use crate::case::{Case, hold};

#[test]
fn a_command_that_does_not_exist_or_lacks_something_is_answered_in_one_line_with_its_usage() {
    hold(&Bench::of_documents(), COMMAND_LINES);
}

#[test]
fn a_network_that_cannot_be_made_from_what_was_given_leaves_no_directory() {
    hold(&Bench::of_documents(), NETWORKS);
}

#[test]
fn the_sandbox_names_the_argument_or_the_file_that_is_wrong_before_it_runs_anything() {
    hold(&Bench::of_documents(), SANDBOXES);
}

const COMMAND_LINES: &[Case] = &[
    Case {
        edits: &[],
        line: "notochord studdy list",
        says: "notochord: unrecognized subcommand 'studdy'; a similar subcommand exists: 'study'; usage: notochord [OPTIONS] <COMMAND>",
    },
    Case {
        edits: &[],
        line: "notochord study sgin study.toml",
        says: "notochord: unrecognized subcommand 'sgin'; a similar subcommand exists: 'sign'; usage: notochord study [OPTIONS] <COMMAND>",
    },
    Case {
        edits: &[],
        line: "notochord study sign study.toml",
        says: "notochord: the following required arguments were not provided: --key <KEY>; usage: notochord study sign --key <KEY> <FILE>",
    },
    Case {
        edits: &[],
        line: "notochord run x --deadline soon",
        says: "notochord: invalid value 'soon' for '--deadline <DEADLINE>': expected number at 0; --help says more",
    },
    Case {
        edits: &[],
        line: "notochord-node import",
        says: "notochord-node: the following required arguments were not provided: <FILE>; usage: notochord-node import <FILE>",
    },
    Case {
        edits: &[],
        line: "notochord-node import data.csv --jsn",
        says: "notochord-node: unexpected argument '--jsn' found; a similar argument exists: '--json'; usage: notochord-node import --json <FILE>",
    },
    Case {
        edits: &[],
        line: "notochord-node import data.csv more.csv",
        says: "notochord-node: unexpected argument 'more.csv' found; usage: notochord-node import [OPTIONS] <FILE>",
    },
    Case {
        edits: &[],
        line: "notochord-node ledger show --last x",
        says: "notochord-node: invalid value 'x' for '--last <LAST>': invalid digit found in string; --help says more",
    },
    Case {
        edits: &[],
        line: "notochord-node serve --listen nowhere",
        says: "notochord-node: invalid value 'nowhere' for '--listen <LISTEN>': `nowhere` is not a host:port: write it like registry.example.org:7470, with a port up to 65535; --help says more",
    },
    Case {
        edits: &[],
        line: "notochord-sandbox rum",
        says: "notochord-sandbox: unrecognized subcommand 'rum'; a similar subcommand exists: 'run'; usage: notochord-sandbox <COMMAND>",
    },
    Case {
        edits: &[],
        line: "notochord-sandbox demo --sites 2",
        says: "notochord-sandbox: invalid value '2' for '--sites <SITES>': 2 is not in 3..=50; --help says more",
    },
    Case {
        edits: &[],
        line: "notochord-sandbox demo --study nope",
        says: "notochord-sandbox: --study nope: the network `reference` has colon-baseline, colon-nodes, lung-performance",
    },
    Case {
        edits: &[],
        line: "notochord study check nope.toml",
        says: "notochord: nope.toml: there is no such file",
    },
    Case {
        edits: &[],
        line: "notochord study check study.toml",
        says: "notochord: name the data dictionary with --dictionary, or your directory with --home",
    },
    Case {
        edits: &[Remove("dictionary.csv")],
        line: "notochord dictionary check .",
        says: "notochord: ./dictionary.csv: is missing; every dictionary has one",
    },
    Case {
        edits: &[Put("dictionary.csv", "radio", "rado")],
        line: "notochord dictionary diff . dictionary.csv",
        says: "notochord: ./dictionary.csv:4 (Field Type): unknown field type `rado`; did you mean `radio`?",
    },
];

const NETWORKS: &[Case] = &[
    Case {
        edits: &[],
        line: "notochord --home new init --name Spine --dictionary dictionary.csv --investigator a=ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo= --approver b=ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
        says: "notochord: invalid value 'Spine' for '--name <NAME>': `Spine` is not a network name: lower-case letters, digits and `-`, a letter or digit first, at most 63 characters; --help says more",
    },
    Case {
        edits: &[],
        line: "notochord --home new init --name spine --dictionary dictionary.csv --investigator a --approver b=ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
        says: "notochord: invalid value 'a' for '--investigator <INVESTIGATORS>': write NAME=ed25519:…; --help says more",
    },
    Case {
        edits: &[],
        line: "notochord --home new init --name spine --dictionary dictionary.csv --investigator a=ed25519:AAAA --approver b=ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
        says: "notochord: invalid value 'a=ed25519:AAAA' for '--investigator <INVESTIGATORS>': a public key is `ed25519:` and the base64 of 32 bytes that are a point of the curve; --help says more",
    },
    Case {
        edits: &[],
        line: "notochord --home new init --name spine --dictionary dictionary.csv --investigator a=ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo= --approver b=ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo= --approver c=ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
        says: "notochord: approvers: `c` is in it twice, or shares a key with another",
    },
    Case {
        edits: &[],
        line: "notochord --home new init --name spine --dictionary dictionary.csv --investigator a=ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo= --approver b=ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo= --approvals 2",
        says: "notochord: approvers: the threshold is 2 with 1 keys; it must be from 1 to the number of keys",
    },
    Case {
        edits: &[],
        line: "notochord --home new init --name spine --dictionary dictionary.csv --investigator a=ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo= --approver b=ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo= --listen 7470",
        says: "notochord: invalid value '7470' for '--listen <LISTEN>': `7470` is not a host:port: write it like registry.example.org:7470, with a port up to 65535; --help says more",
    },
    Case {
        edits: &[Put("dictionary.csv", "radio", "rado")],
        line: "notochord --home new init --name spine --dictionary dictionary.csv --investigator a=ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo= --approver b=ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
        says: "notochord: dictionary.csv:4 (Field Type): unknown field type `rado`; did you mean `radio`?",
    },
    Case {
        edits: &[],
        line: "notochord --home new init --name spine --dictionary nope.csv --investigator a=ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo= --approver b=ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
        says: "notochord: nope.csv: there is no such file",
    },
];

const SANDBOXES: &[Case] = &[
    Case {
        edits: &[],
        line: "notochord-sandbox run --dictionary dictionary.csv --study study.toml --data data.csv",
        says: "notochord-sandbox: --data data.csv: write SITE=FILE, or name the site column with --site-column",
    },
    Case {
        edits: &[],
        line: "notochord-sandbox run --dictionary dictionary.csv --study study.toml --data nope.csv --site-column sex",
        says: "notochord-sandbox: nope.csv: there is no such file",
    },
    Case {
        edits: &[],
        line: "notochord-sandbox run --dictionary dictionary.csv --study study.toml --data data.csv --site-column site",
        says: "notochord-sandbox: data.csv: there is no column `site`; the columns are record_id, surname, sex, age, weight, diabetes, complications___1, complications___2, remarks",
    },
    Case {
        edits: &[],
        line: "notochord-sandbox run --dictionary dictionary.csv --study study.toml --data data.csv --sites 0",
        says: "notochord-sandbox: invalid value '0' for '--sites <SITES>': 0 is not in 1..=50; --help says more",
    },
    Case {
        edits: &[],
        line: "notochord-sandbox run --dictionary dictionary.csv --study study.toml --data data.csv --data faulty.csv --sites 3",
        says: "notochord-sandbox: --site-column and --sites go with one --data FILE",
    },
    Case {
        edits: &[],
        line: "notochord-sandbox run --dictionary dictionary.csv --study study.toml --data A=data.csv --data B=nope.csv",
        says: "notochord-sandbox: nope.csv: there is no such file",
    },
    Case {
        edits: &[],
        line: "notochord-sandbox run --dictionary dictionary.csv --study study.toml --data A=data.csv --data a=data.csv",
        says: "notochord-sandbox: the site `a`: another has the same letters and digits in its name",
    },
    Case {
        edits: &[],
        line: "notochord-sandbox run --dictionary dictionary.csv --study study.toml --data =data.csv",
        says: "notochord-sandbox: the site ``: its name needs a letter or a digit",
    },
    Case {
        edits: &[],
        line: "notochord-sandbox run --dictionary dictionary.csv --study study.toml --data data.csv --sites 3 --minimum 0",
        says: "notochord-sandbox: invalid value '0' for '--minimum <K>': 0 is not in 1..=4294967295; --help says more",
    },
    Case {
        edits: &[],
        line: "notochord-sandbox run --dictionary dictionary.csv --study study.toml --data data.csv --sites 3 --events events.csv",
        says: "notochord-sandbox: longitudinal registries (--events) are not offered by this version",
    },
    Case {
        edits: &[],
        line: "notochord-sandbox run --dictionary dictionary.csv --study study.toml --data faulty.csv --sites 3",
        says: "notochord-sandbox: faulty.csv:8: has 4 cells under 10 headings; put cells with commas in double quotes",
    },
    Case {
        edits: &[Put("data.csv", "sex", "age")],
        line: "notochord-sandbox run --dictionary dictionary.csv --study study.toml --data data.csv --sites 3",
        says: "notochord-sandbox: the rows of `S1`:1: two columns are named `age`; a name may stand once",
    },
    Case {
        edits: &[Put("data.csv", "sex", "age")],
        line: "notochord-sandbox run --dictionary dictionary.csv --study study.toml --data A=data.csv",
        says: "notochord-sandbox: data.csv:1: two columns are named `age`; a name may stand once",
    },
    Case {
        edits: &[Write("data.csv", b"site,x\nA,1\n")],
        line: "notochord-sandbox run --dictionary dictionary.csv --study study.toml --data data.csv --site-column site",
        says: "notochord-sandbox: the rows of `A`:1: no column is in the dictionary; the first row must name the columns",
    },
    Case {
        edits: &[Put("dictionary.csv", "radio", "rado")],
        line: "notochord-sandbox run --dictionary dictionary.csv --study study.toml --data data.csv --sites 3",
        says: "notochord-sandbox: dictionary.csv:4 (Field Type): unknown field type `rado`; did you mean `radio`?",
    },
    Case {
        edits: &[Put("study.toml", "kind = \"table\"", "kind = \"tabel\"")],
        line: "notochord-sandbox run --dictionary dictionary.csv --study study.toml --data data.csv --sites 3",
        says: "notochord-sandbox: study.toml:44 (kind): unknown kind `tabel`; did you mean `table`?",
    },
    Case {
        edits: &[Put("study.toml", "age >= 30", "agee >= 30")],
        line: "notochord-sandbox run --dictionary dictionary.csv --study study.toml --data data.csv --sites 3",
        says: "notochord-sandbox: study.toml:28 (where): unknown variable `agee`; did you mean `age`?",
    },
    Case {
        edits: &[],
        line: "notochord-sandbox run --dictionary dictionary.csv --study study.toml --study nope.toml --data data.csv --sites 3",
        says: "notochord-sandbox: nope.toml: there is no such file",
    },
];
