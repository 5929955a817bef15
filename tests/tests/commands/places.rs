//! Directories, keys, invitations and configuration with mistakes in them.

use crate::bench::Bench;
use crate::case::Edit::{Add, Cut, Put, Remove, Share, Write};
use crate::case::{Case, hold};

#[test]
fn a_node_whose_files_are_damaged_says_which_and_what_to_do() {
    hold(&Bench::of_network(), NODES);
}

#[test]
fn a_mistake_in_an_invitation_is_named_and_nobody_is_enrolled() {
    hold(&Bench::of_network(), INVITATIONS);
}

#[test]
fn a_coordinator_with_a_mistake_in_its_configuration_does_not_serve() {
    hold(&Bench::of_network(), OFFICES);
}

const POLICY: &str = "node/policy.toml";
const SHOW_POLICY: &str = "notochord-node --home node policy show";
const IMPORT: &str = "notochord-node --home node import data.csv";
const MEMBER: &str = "node/network/member.toml";
const STATUS: &str = "notochord-node --home node status";
const INVITATION: &str = "invitation.toml";
const ENROL: &str = "notochord-node --home fresh enrol invitation.toml";
const OFFICE: &str = "office/network.toml";
const SERVE: &str = "notochord --home office serve";

const NODES: &[Case] = &[
    Case {
        edits: &[Write(POLICY, b"minimum = 3\n")],
        line: SHOW_POLICY,
        says: "notochord-node: node/policy.toml:1 (minimum): a node's smallest count is at least 5, not 3",
    },
    Case {
        edits: &[Write(POLICY, b"minimum = \"five\"\n")],
        line: SHOW_POLICY,
        says: "notochord-node: node/policy.toml:1 (minimum): expected a whole number, found a text",
    },
    Case {
        edits: &[Write(POLICY, b"\nminimm = 10\n")],
        line: SHOW_POLICY,
        says: "notochord-node: node/policy.toml:2: unknown key `minimm`; did you mean `minimum`?",
    },
    Case {
        edits: &[Write(POLICY, b"allow_open = 1\n")],
        line: SHOW_POLICY,
        says: "notochord-node: node/policy.toml:1 (allow_open): expected true or false, found a whole number",
    },
    Case {
        edits: &[Write(POLICY, b"kinds = [\"treatment_effect\"]\n")],
        line: SHOW_POLICY,
        says: "notochord-node: node/policy.toml:1 (kinds): there is no kind `treatment_effect`; there are describe, histogram, table, compare, correlate, linear, logistic, negative_binomial, poisson, glm, meta, cox, kaplan_meier, cumulative_incidence, mixed, gee, roc, calibration, reclassification, agreement, transition",
    },
    Case {
        edits: &[Add(POLICY, b"\xff")],
        line: SHOW_POLICY,
        says: "notochord-node: node/policy.toml:11: is not UTF-8; save the file as UTF-8",
    },
    Case {
        edits: &[Add(POLICY, b"minimum = 7\n")],
        line: SHOW_POLICY,
        says: "notochord-node: node/policy.toml:11: `minimum` stands here a second time; keep one",
    },
    Case {
        edits: &[Put(MEMBER, "label", "lable")],
        line: STATUS,
        says: "notochord-node: node/network/member.toml:2: the document lacks the key `label`; is `lable` meant to be it?",
    },
    Case {
        edits: &[Put(MEMBER, "connect = \"127.0.0.1:", "connect = \"registry\" # \"")],
        line: STATUS,
        says: "notochord-node: node/network/member.toml:3 (connect): `registry` is not a host:port: write it like registry.example.org:7470, with a port up to 65535",
    },
    Case {
        edits: &[Remove(MEMBER)],
        line: STATUS,
        says: "notochord-node: node/network holds no membership; enrol with an invitation first",
    },
    Case {
        edits: &[Remove("node/network/certificate.pem")],
        line: STATUS,
        says: "notochord-node: node/network/certificate.pem: it is missing; restore the file, or enrol again with a new invitation",
    },
    Case {
        edits: &[Cut("node/network/certificate.pem", "-----END")],
        line: STATUS,
        says: "notochord-node: node/network/certificate.pem: it holds no certificate; restore the file, or enrol again with a new invitation",
    },
    Case {
        edits: &[Write("node/network/root.json", b"{}")],
        line: STATUS,
        says: "notochord-node: node/network/root.json: not a sealed document (DSSE envelope): missing field `payload` at line 1 column 2; restore the file, or enrol again with a new invitation",
    },
    Case {
        edits: &[Add(
            "node/network/dictionaries/409599834c8bb8a0a0ac80499b1b620d1840e0d88342acd01fef29a80989bdf7/dictionary.csv",
            b"x",
        )],
        line: STATUS,
        says: "notochord-node: node/network/dictionaries/409599834c8bb8a0a0ac80499b1b620d1840e0d88342acd01fef29a80989bdf7: is not the dictionary the root document names; restore its files",
    },
    Case {
        edits: &[Remove("node/keys")],
        line: STATUS,
        says: "notochord-node: node is no node's directory; run `notochord-node init` first, or name the right one with --home",
    },
    Case {
        edits: &[Remove("node/studies")],
        line: STATUS,
        says: "notochord-node: node/studies is missing; restore it, or make a new node",
    },
    Case {
        edits: &[Share("node/keys/record.key")],
        line: IMPORT,
        says: "notochord-node: node/keys/record.key: others may read it; run `chmod 600 node/keys/record.key`",
    },
    Case {
        edits: &[Remove("node/keys/record.key")],
        line: IMPORT,
        says: "notochord-node: node/keys/record.key: there is no such key file; restore it, or name another",
    },
    Case {
        edits: &[],
        line: "notochord-node --home nowhere status",
        says: "notochord-node: nowhere is no node's directory; run `notochord-node init` first, or name the right one with --home",
    },
    Case {
        edits: &[],
        line: "notochord-node --home data.csv status",
        says: "notochord-node: data.csv is no node's directory; run `notochord-node init` first, or name the right one with --home",
    },
    Case {
        edits: &[],
        line: "notochord-node --home fresh status",
        says: "notochord-node: fresh/network holds no membership; enrol with an invitation first",
    },
    Case {
        edits: &[],
        line: "notochord-node --home node init",
        says: "notochord-node: node holds a node already",
    },
    Case {
        edits: &[],
        line: "notochord-node --home node study show nope",
        says: "notochord-node: no study `nope` has arrived; `notochord-node study list` names them",
    },
    Case {
        edits: &[],
        line: "notochord-node --home node study accept nope",
        says: "notochord-node: no study `nope` has arrived; `notochord-node study list` names them",
    },
    Case {
        edits: &[],
        line: "notochord-node --home node study preview spine-baseline --snapshot 00000000",
        says: "notochord-node: there is no snapshot 00000000; `notochord-node snapshots list` lists them",
    },
];

const INVITATIONS: &[Case] = &[
    Case {
        edits: &[Write(INVITATION, b"")],
        line: ENROL,
        says: "notochord-node: invitation.toml: the document lacks the key `token`",
    },
    Case {
        edits: &[Add(INVITATION, b"\xff")],
        line: ENROL,
        says: "notochord-node: invitation.toml: not UTF-8; save it as UTF-8",
    },
    Case {
        edits: &[Put(INVITATION, "\ntoken", "\ntokn")],
        line: ENROL,
        says: "notochord-node: invitation.toml:11: the document lacks the key `token`; is `tokn` meant to be it?",
    },
    Case {
        edits: &[Put(INVITATION, "token = \"", "token = \"A")],
        line: ENROL,
        says: "notochord-node: invitation.toml:11 (token): the token is damaged; ask the coordinator for a new invitation",
    },
    Case {
        edits: &[Put(INVITATION, "authority = \"sha256:", "authority = \"sha25:")],
        line: ENROL,
        says: "notochord-node: invitation.toml:8 (authority): a digest is `sha256:` and 64 hexadecimal digits",
    },
    Case {
        edits: &[Put(INVITATION, "root = \"sha256:", "root = \"sha256:0")],
        line: ENROL,
        says: "notochord-node: invitation.toml:9 (root): a digest is `sha256:` and 64 hexadecimal digits",
    },
    Case {
        edits: &[Put(INVITATION, "enrol = \"127.0.0.1:", "enrol = \"registry\" # \"")],
        line: ENROL,
        says: "notochord-node: invitation.toml:6 (enrol): `registry` is not a host:port: write it like registry.example.org:7470, with a port up to 65535",
    },
    Case {
        edits: &[Put(INVITATION, "expires = \"20", "expires = \"tomorrow 20")],
        line: ENROL,
        says: "notochord-node: invitation.toml:10 (expires): is not a time such as 2027-01-31T12:00:00Z",
    },
    Case {
        edits: &[Put(INVITATION, "network = \"spine\"", "network = \"Spine\"")],
        line: ENROL,
        says: "notochord-node: invitation.toml:3 (network): `Spine` is not a network name: lower-case letters, digits and `-`, a letter or digit first, at most 63 characters",
    },
    Case {
        edits: &[Add(INVITATION, b"site = \"x\"\n")],
        line: ENROL,
        says: "notochord-node: invitation.toml:12: unknown key `site`",
    },
    Case {
        edits: &[Put(INVITATION, "expires = \"", "expires = \"2020-01-01T00:00:00Z\" # \"")],
        line: ENROL,
        says: "notochord-node: refused: the invitation ended on 2020-01-01T00:00:00Z; ask the coordinator for a new one",
    },
    Case {
        edits: &[],
        line: "notochord-node --home fresh enrol nope.toml",
        says: "notochord-node: nope.toml: there is no such file",
    },
    Case {
        edits: &[],
        line: "notochord-node --home nowhere enrol invitation.toml",
        says: "notochord-node: nowhere is no node's directory; run `notochord-node init` first, or name the right one with --home",
    },
    Case {
        edits: &[],
        line: "notochord-node --home node enrol invitation.toml",
        says: "notochord-node: this node is enrolled already, as spiffe://spine/site/site-one; make another with `notochord-node init`",
    },
    Case {
        edits: &[],
        line: "notochord --home me enrol invitation.toml",
        says: "notochord: me is in use; name another directory with --home",
    },
];

const OFFICES: &[Case] = &[
    Case {
        edits: &[Put(OFFICE, "listen", "lissen")],
        line: SERVE,
        says: "notochord: office/network.toml:5: the document lacks the key `listen`; is `lissen` meant to be it?",
    },
    Case {
        edits: &[Put(OFFICE, "listen = \"127.0.0.1:0\"", "listen = \"127.0.0.1\"")],
        line: SERVE,
        says: "notochord: office/network.toml:5 (listen): `127.0.0.1` is not a host:port: write it like registry.example.org:7470, with a port up to 65535",
    },
    Case {
        edits: &[Put(OFFICE, "enrol = \"127.0.0.1:0\"", "enrol = 7471")],
        line: SERVE,
        says: "notochord: office/network.toml:7 (enrol): expected a text in quotes, found a whole number",
    },
    Case {
        edits: &[Put(OFFICE, "label = ", "label ")],
        line: SERVE,
        says: "notochord: office/network.toml:2: key with no value, expected `=`",
    },
    Case {
        edits: &[Add(OFFICE, b"lable = \"x\"\n")],
        line: SERVE,
        says: "notochord: office/network.toml:13: unknown key `lable`; did you mean `label`?",
    },
    Case {
        edits: &[Add(OFFICE, b"\xff")],
        line: SERVE,
        says: "notochord: office/network.toml:13: is not UTF-8; save the file as UTF-8",
    },
    Case {
        edits: &[Remove("office/root.json")],
        line: SERVE,
        says: "notochord: office/root.json is missing; restore it",
    },
    Case {
        edits: &[Write("office/root.json", b"{}")],
        line: SERVE,
        says: "notochord: root.json: not a sealed document (DSSE envelope): missing field `payload` at line 1 column 2; restore the file",
    },
    Case {
        edits: &[Write(
            "office/dictionaries/409599834c8bb8a0a0ac80499b1b620d1840e0d88342acd01fef29a80989bdf7/dictionary.csv",
            b"",
        )],
        line: SERVE,
        says: "notochord: office/dictionaries/409599834c8bb8a0a0ac80499b1b620d1840e0d88342acd01fef29a80989bdf7: is not the dictionary the root document names; restore its files",
    },
    Case {
        edits: &[Share("office/keys/coordinator.key")],
        line: SERVE,
        says: "notochord: office/keys/coordinator.key: others may read it; run `chmod 600 office/keys/coordinator.key`",
    },
    Case {
        edits: &[],
        line: "notochord --home nowhere serve",
        says: "notochord: nowhere is no coordinator's directory; run `notochord init` first, or name the right one with --home",
    },
    Case {
        edits: &[],
        line: "notochord --home nowhere sites",
        says: "notochord: nowhere holds no membership; enrol with an invitation first",
    },
];
