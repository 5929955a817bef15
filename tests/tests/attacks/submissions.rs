//! Studies that the coordinator does not take.

use std::fs;

use notochord_sandbox::network::NetworkError;

use crate::stage::{Stage, TRACKER};

#[test]
fn a_study_that_may_never_run_in_this_network_is_refused_when_it_is_handed_in() {
    let stage = Stage::without_centres();
    for (name, change, reason) in [
        (
            "network-release.toml",
            ("release = \"site\"", "release = \"network\""),
            "refused: the study asks for `network` release, which this version does not offer yet; write `release \
             = \"site\"` in [disclosure]",
        ),
        (
            "both.toml",
            ("release = \"site\"", "release = \"both\""),
            "refused: the study asks for `both` release, which this version does not offer yet",
        ),
        (
            "two-sites.toml",
            ("minimum = 3", "minimum = 2"),
            "refused: the study would run with 2 sites; [sites] minimum must be at least 3",
        ),
        ("expired.toml", ("2090-12-31", "2020-12-31"), "refused: the study expired on 2020-12-31"),
        ("elsewhere.toml", ("\"reference\"", "\"other\""), "refused: the study is for the network `other`"),
        (
            "tracker.toml",
            TRACKER,
            "refused: age adds up `burden`, which the study defines; that could single out a patient",
        ),
    ] {
        let submitted = stage.network.submit(&stage.study(name, &[change]), 2);
        let Err(NetworkError::Command { code, message }) = submitted else { panic!("{name} was taken") };
        assert!(message.contains(reason), "`{message}` is not `{reason}`");
        assert_eq!(code, 3, "{message}");
    }
    assert_eq!(held(&stage), 0);
}

#[test]
fn a_study_that_no_investigator_has_signed_is_refused_when_it_is_handed_in() {
    let stage = Stage::without_centres();
    let approver = stage.network.key("approver-1").display().to_string();
    let study = stage.study("ages.toml", &[]).display().to_string();
    let sealed = stage.directory.path().join("sealed.json").display().to_string();
    stage
        .network
        .coordinator_command(["study", "sign", &study, "--key", &approver, "--out", &sealed])
        .unwrap();
    let submitted = stage.network.coordinator_command(["study", "submit", &sealed]);
    let Err(NetworkError::Command { code: 3, message }) = submitted else { panic!("it was taken") };
    assert!(message.contains("lacks an investigator's signature"), "{message}");
    assert_eq!(held(&stage), 0);
}

/// How many studies the coordinator holds.
fn held(stage: &Stage) -> usize {
    fs::read_dir(stage.network.coordinator_home().join("studies")).map_or(0, |studies| studies.count())
}
