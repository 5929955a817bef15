//! A coordinator that stops on purpose, and how soon its nodes are back.

use std::time::{Duration, Instant};

use notochord_sandbox::process::wait_for;

use crate::stage::{C, PATIENCE, Stage};

/// Waits until a node has said something so many times.
fn wait_for_words(stage: &Stage, centre: usize, what: &str, times: usize) {
    wait_for(PATIENCE, || (stage.network.node_log(centre).matches(what).count() >= times).then_some(()))
        .unwrap_or_else(|| panic!("`{what}` is not {times} times in\n{}", stage.network.node_log(centre)));
}

#[test]
fn nodes_hear_that_the_coordinator_stops_as_planned_and_say_so_when_it_is_back() {
    let mut stage = Stage::with_a_study();
    stage.network.stop_coordinator().unwrap();
    for centre in 0..=C {
        wait_for_words(&stage, centre, "the coordinator stops as planned", 1);
        wait_for_words(&stage, centre, "planned=true", 1);
    }
    stage.network.start_coordinator().unwrap();
    stage.network.wait_for_sites(3).unwrap();
    for centre in 0..=C {
        wait_for_words(&stage, centre, "after_a_planned_stop=true", 1);
    }
    assert_eq!(stage.run().0, ["contributed"; 3]);

    // A crash is no planned stop.
    stage.network.kill_coordinator().unwrap();
    for centre in 0..=C {
        wait_for_words(&stage, centre, "planned=false", 1);
    }
    stage.network.start_coordinator().unwrap();
    stage.network.wait_for_sites(3).unwrap();
    for centre in 0..=C {
        wait_for_words(&stage, centre, "after_a_planned_stop=false", 2);
        assert_eq!(stage.network.node_log(centre).matches("the coordinator stops as planned").count(), 1);
    }
}

/// Prints how long nodes take to come back after the waits have grown to their longest; the numbers are in
/// docs/versions.md. `cargo test -p notochord-tests --test versions -- --ignored --nocapture measured`
#[test]
#[ignore = "a measurement of some minutes"]
#[allow(clippy::print_stdout, reason = "the numbers are for a person")]
fn the_return_of_nodes_is_measured() {
    let mut stage = Stage::set();
    for planned in [true, false] {
        let mut took = Vec::new();
        for _ in 0..10 {
            match planned {
                true => stage.network.stop_coordinator().unwrap(),
                false => stage.network.kill_coordinator().unwrap(),
            }
            // Not a wait for a condition: what is measured begins when the waits have grown.
            std::thread::sleep(Duration::from_secs(15));
            stage.network.start_coordinator().unwrap();
            let back = Instant::now();
            stage.network.wait_for_sites(3).unwrap();
            took.push(back.elapsed().as_millis());
        }
        took.sort_unstable();
        println!("planned {planned}: all three back after {took:?} ms");
    }
}
