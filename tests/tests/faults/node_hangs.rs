use crate::stage::{Stage, signal};

#[test]
fn a_site_that_hangs_is_too_slow_and_the_run_ends_at_its_deadline_without_it() {
    let stage = Stage::set(4, 1);
    signal(&stage.network, 3, "-STOP");
    let ran = stage.run("4s");
    signal(&stage.network, 3, "-CONT");
    ran.unwrap();
    let statuses = stage.statuses();
    assert_eq!(statuses[..3], ["contributed", "contributed", "contributed"]);
    // Whether the keepalive has found the link dead by then is a matter of timing.
    assert!(["too_slow", "unreachable"].contains(&statuses[3].as_str()), "{statuses:?}");
    stage.network.wait_for_sites(4).unwrap();
    stage.run("30s").unwrap();
    assert_eq!(stage.statuses(), ["contributed"; 4]);
    stage.assert_ledgers_tell_the_truth();
}
