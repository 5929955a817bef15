//! A node one release behind, and one ahead.

use notochord_proto::capability::Versions;
use notochord_sandbox::process::wait_for;

use crate::other_release::{OtherRelease, ours};
use crate::stage::{C, PATIENCE, Stage};

#[test]
fn a_node_one_release_behind_is_told_what_it_lacks_and_the_others_go_on_until_it_is_updated() {
    let mut stage = Stage::set();
    stage.end_node(C);
    let behind = ours().as_software("0.0.9").changed("statistic/table", None).changed("farewell", None);
    let node = OtherRelease::of(&stage, behind, &["Farewell"]);
    stage.submit();
    for centre in 0..C {
        stage.network.wait_for_study(centre, "ages").unwrap();
        stage.network.node_command(stage.home(centre), ["study", "accept", "ages"]).unwrap();
    }
    stage.network.wait_for_study(C, "ages").unwrap();

    let needed = "needs `table` version 1; this node, 0.0.9, offers `agreement` 1";
    let lacks = stage.lacks("C");
    assert!(lacks.iter().any(|lack| lack.starts_with(&format!("`ages@1` {needed}"))), "{lacks:?}");
    assert!(lacks.iter().any(|lack| lack.contains("it is not told when the coordinator stops")), "{lacks:?}");
    assert_eq!(stage.lacks("A"), [""; 0]);
    let (statuses, detail) = stage.run();
    assert_eq!(statuses, ["contributed", "contributed", "lacking"]);
    assert!(detail.starts_with(needed) && detail.ends_with("update the node"), "{detail}");

    // The update: this release's node on the same directory. The study has waited there.
    drop(node);
    stage.network.start_node(C).unwrap();
    wait_for(PATIENCE, || stage.lacks("C").is_empty().then_some(())).unwrap();
    stage.network.node_command(stage.home(C), ["study", "accept", "ages"]).unwrap();
    stage.network.wait_for_sites(3).unwrap();
    assert_eq!(stage.run().0, ["contributed"; 3]);
}

#[test]
fn a_node_one_release_ahead_works() {
    let mut stage = Stage::with_a_study();
    stage.end_node(C);
    let ahead = ours()
        .as_software("9.0.0")
        .changed("statistic/describe", Versions::between(1, 2))
        .changed("statistic/neural", Versions::between(1, 1))
        .changed("round", Versions::between(1, 3))
        .changed("weather", Versions::between(4, 4));
    let _node = OtherRelease::of(&stage, ahead, &[]);
    assert_eq!(stage.site("C")["software"], "9.0.0");
    assert_eq!(stage.lacks("C"), [""; 0]);
    assert_eq!(stage.run(), (vec!["contributed".to_owned(); 3], String::new()));
}

#[test]
fn a_node_so_far_ahead_that_it_left_this_release_behind_has_the_coordinator_updated() {
    let mut stage = Stage::with_a_study();
    stage.end_node(C);
    let ahead = ours().as_software("9.0.0").changed("round", Versions::between(2, 3));
    let _node = OtherRelease::of(&stage, ahead, &[]);
    let (statuses, detail) = stage.run();
    assert_eq!(statuses, ["contributed", "contributed", "lacking"]);
    assert_eq!(
        detail,
        "needs `round` version 1; this node, 9.0.0, offers version 2 to 3; update the coordinator"
    );
}
