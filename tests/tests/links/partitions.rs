//! A centre in a network namespace of its own: its wire goes down and up, packets are delayed, lost, doubled and
//! overtake one another, the coordinator moves, and all of it over IPv6 as well.

use std::path::Path;
use std::time::{Duration, Instant};

use notochord_sandbox::process::wait_for;
use serde_json::Value;

use crate::doctor::diagnosis_of;
use crate::middlebox::PATIENCE;
use crate::namespaces::{NOBODY_V6, Namespaces, OFFICE, OFFICE_MOVED, OFFICE_V6};
use crate::stage::{BEHIND, Stage, program, skipped};

/// How soon a node is back once its way is.
const BACK: Duration = Duration::from_secs(5);
/// How soon a link that is open on one side only is found dead.
const FOUND: Duration = Duration::from_secs(10);
/// What asking the coordinator may take.
const ASKING: Duration = Duration::from_secs(2);

/// Centres whose coordinator is found at `public` (and listens at `listen`), the first of them beyond the firewall.
fn beyond_the_firewall(
    namespaces: &Namespaces,
    centres: usize,
    copies: usize,
    [listen, public]: [&str; 2],
) -> Stage {
    let mut stage = Stage::of(namespaces.launch(&program(), "office"));
    stage.move_coordinator("= \"127.0.0.1:", &format!("= \"{listen}:"));
    let (links, enrol) = stage.network.addresses().unwrap();
    let port = |address: &str| address.rsplit_once(':').unwrap().1.to_owned();
    for (key, port) in [("public_listen", port(&links)), ("public_enrol", port(&enrol))] {
        let written = format!("{key} = \"{public}:{port}\"");
        stage.move_coordinator(&format!("# {key} = \"host:port\""), &written);
    }
    stage.populate(centres, copies, |_: &Path| ());
    stage.network.kill_node(BEHIND).unwrap();
    stage.network.start_node_by(BEHIND, &namespaces.launch(&program(), "centre")).unwrap();
    stage.wait_for_log(" connected", 2);
    stage.wait_until_connected(true);
    stage
}

/// A centre is cut off in the middle of a round, found gone within seconds, and back within seconds.
fn is_back_and_accounted_for(namespaces: &Namespaces, office: &str) {
    let stage = beyond_the_firewall(namespaces, 3, 30, [office; 2]);
    std::thread::scope(|scope| {
        let running = scope.spawn(|| stage.run());
        wait_for(PATIENCE, || (stage.entries("intent") == 1).then_some(())).unwrap();
        namespaces.part();
        let parted = Instant::now();
        stage.wait_until_connected(false);
        println!("found gone after {:?}", parted.elapsed());
        assert!(parted.elapsed() < FOUND + ASKING, "{:?}", parted.elapsed());
        // By then the waits between attempts are as long as they get.
        stage.wait_for_log("trying again", 6);
        namespaces.join();
        let joined = Instant::now();
        stage.wait_until_connected(true);
        println!("back after {:?}", joined.elapsed());
        assert!(joined.elapsed() < BACK + ASKING, "{:?}", joined.elapsed());
        assert_eq!(running.join().unwrap(), ["contributed"; 3]);
    });
    assert_eq!((stage.entries("intent"), stage.entries("released")), (1, 1));
    stage.network.node_command(stage.home(), ["ledger", "verify"]).unwrap();
}

#[test]
fn a_centre_whose_wire_is_down_in_a_round_is_back_within_seconds_of_its_return_and_releases_once() {
    let Some(namespaces) = Namespaces::make() else { return };
    is_back_and_accounted_for(&namespaces, OFFICE);
}

#[test]
fn the_same_holds_over_ipv6() {
    let Some(namespaces) = Namespaces::make() else { return };
    is_back_and_accounted_for(&namespaces, &format!("[{OFFICE_V6}]"));
}

#[test]
fn a_run_ends_without_a_centre_that_stays_cut_off_and_says_so() {
    let Some(namespaces) = Namespaces::make() else { return };
    let stage = beyond_the_firewall(&namespaces, 4, 1, [OFFICE; 2]);
    namespaces.part();
    let statuses = stage.run_for("8s");
    assert_eq!(statuses[1..], ["contributed"; 3]);
    // Whether the probe has found the link dead by then is a matter of timing.
    assert!(["too_slow", "unreachable"].contains(&statuses[0].as_str()), "{statuses:?}");
    stage.wait_until_connected(false);
    assert_eq!(stage.run_for("8s"), ["unreachable", "contributed", "contributed", "contributed"]);
    let (code, ill) = diagnosis_of(&namespaces.launch(&program(), "centre"), stage.home());
    assert_eq!(code, Some(1));
    assert!(ill.starts_with("connection: ") && ill.contains("does not answer"), "{ill}");
    namespaces.join();
    stage.wait_until_connected(true);
    assert_eq!(stage.run(), ["contributed"; 4]);
}

/// The rules of a firewall that treats packets as a bad line does. A slow class of each queue holds back a third of
/// them, which the others overtake. (The kernel's own `netem` does as much, where it is built; this needs none.)
const BAD_LINE: &str = r#"
for device in inside outside; do
  tc qdisc add dev $device root handle 1: htb default 10 r2q 100
  tc class add dev $device parent 1: classid 1:10 htb rate 100mbit
  tc class add dev $device parent 1: classid 1:20 htb rate 400kbit burst 1600 cburst 1600
done
nft -f - <<'RULES'
table ip line {
  counter lost {}
  counter doubled {}
  counter held_back {}
  chain doubling {
    type filter hook prerouting priority mangle
    ip daddr 10.77.0.1 numgen random mod 100 < 5 counter name doubled dup to 10.77.0.1 device "inside"
    ip daddr 10.77.1.1 numgen random mod 100 < 5 counter name doubled dup to 10.77.1.1 device "outside"
  }
  chain passing {
    type filter hook forward priority 0
    numgen random mod 100 < 3 counter name lost drop
    numgen random mod 100 < 33 counter name held_back meta priority set 1:20
  }
}
RULES
"#;

/// How often each has happened to packets of the firewall.
fn happened(namespaces: &Namespaces) -> [u64; 3] {
    let listed = namespaces.shell("firewall", "nft -j list counters").unwrap();
    let listed: Value = serde_json::from_str(&listed).unwrap();
    ["lost", "doubled", "held_back"].map(|name| {
        let mut objects = listed["nftables"].as_array().unwrap().iter().map(|object| &object["counter"]);
        objects.find(|counter| counter["name"] == name).unwrap()["packets"].as_u64().unwrap()
    })
}

/// How many segments came before their turn, and how many came twice.
fn out_of_turn(namespaces: &Namespaces, role: &str) -> [u64; 2] {
    let text = namespaces.shell(role, "cat /proc/net/netstat").unwrap();
    let mut lines = text.lines().filter_map(|line| line.strip_prefix("TcpExt: "));
    let (names, values) = (lines.next().unwrap().split(' '), lines.next().unwrap().split(' '));
    let counted: Vec<_> = names.zip(values).collect();
    ["TCPOFOQueue", "TCPDSACKOldSent"].map(|wanted| {
        let (_, value) = counted.iter().find(|(name, _)| *name == wanted).unwrap();
        value.parse().unwrap()
    })
}

#[test]
fn runs_finish_over_a_line_that_delays_loses_doubles_and_reorders_packets() {
    let Some(namespaces) = Namespaces::make() else { return };
    let stage = beyond_the_firewall(&namespaces, 3, 1, [OFFICE; 2]);
    if let Err(reason) = namespaces.shell("firewall", BAD_LINE) {
        skipped(&format!("packets cannot be delayed, lost, doubled and reordered here: {reason}"));
        return;
    }
    let mut runs = 0;
    let both = || ["centre", "office"].map(|role| out_of_turn(&namespaces, role));
    // Until every misfortune has happened a few times.
    while happened(&namespaces).iter().any(|times| *times < 5)
        || both().iter().flatten().sum::<u64>() < 10
        || runs < 5
    {
        assert!(runs < 40, "the line is better than it should be: {:?}", happened(&namespaces));
        assert_eq!(stage.run(), ["contributed"; 3]);
        runs += 1;
    }
    println!(
        "{runs} runs; lost, doubled, held back: {:?}; early, twice: {:?}",
        happened(&namespaces),
        both()
    );
    assert_eq!((stage.entries("intent"), stage.entries("released")), (runs, runs));
    stage.network.node_command(stage.home(), ["ledger", "verify"]).unwrap();
}

#[test]
fn a_coordinator_that_moves_is_found_again_by_its_name() {
    let Some(mut namespaces) = Namespaces::make() else { return };
    let name = "registry.example.org";
    namespaces.resolve(name, &[OFFICE]);
    let mut stage = beyond_the_firewall(&namespaces, 3, 1, [OFFICE, name]);
    assert_eq!(stage.run(), ["contributed"; 3]);
    let moves = format!(
        "ip addr flush dev wire scope global; ip addr add {OFFICE_MOVED}/24 dev wire; \
         ip route add default via 10.77.1.2"
    );
    namespaces.shell("office", &moves).unwrap();
    stage.network.kill_coordinator().unwrap();
    // Nobody is there any more, and the name still says so.
    stage.wait_for_log("trying again", 4);
    let moved = stage.network.coordinator_home().join("network.toml");
    let text = std::fs::read_to_string(&moved).unwrap();
    std::fs::write(&moved, text.replace(OFFICE, OFFICE_MOVED)).unwrap();
    stage.network.start_coordinator().unwrap();
    namespaces.resolve(name, &[OFFICE_MOVED]);
    let told = Instant::now();
    stage.wait_until_connected(true);
    println!("found again after {:?}", told.elapsed());
    assert!(told.elapsed() < BACK + ASKING, "{:?}", told.elapsed());
    stage.network.wait_for_sites(3).unwrap();
    assert_eq!(stage.run(), ["contributed"; 3]);
}

#[test]
fn a_name_whose_first_address_does_not_answer_leads_to_the_one_of_the_other_family() {
    let Some(mut namespaces) = Namespaces::make() else { return };
    let name = "registry.example.org";
    namespaces.resolve(name, &[NOBODY_V6, OFFICE]);
    let stage = beyond_the_firewall(&namespaces, 3, 1, [OFFICE, name]);
    let known = namespaces.shell("centre", &format!("getent ahosts {name}")).unwrap();
    assert!(known.contains(NOBODY_V6) && known.contains(OFFICE), "{known}");
    assert_eq!(stage.run(), ["contributed"; 3]);
}

#[test]
fn a_name_that_nobody_knows_is_named_by_the_doctor() {
    let Some(mut namespaces) = Namespaces::make() else { return };
    let name = "registry.example.org";
    namespaces.resolve(name, &[OFFICE]);
    let stage = beyond_the_firewall(&namespaces, 3, 1, [OFFICE, name]);
    let centre = namespaces.launch(&program(), "centre");
    assert_eq!(diagnosis_of(&centre, stage.home()), (Some(0), String::new()));
    namespaces.resolve("another.example.org", &[OFFICE]);
    let (code, ill) = diagnosis_of(&centre, stage.home());
    assert!(code == Some(1) && ill.starts_with(&format!("name: `{name}` is not found in DNS")), "{ill}");
    // A name that leads elsewhere: nobody listens there.
    namespaces.resolve(name, &[OFFICE_MOVED]);
    let (_, ill) = diagnosis_of(&centre, stage.home());
    assert!(ill.starts_with("connection: ") && ill.contains(OFFICE_MOVED), "{ill}");
}
