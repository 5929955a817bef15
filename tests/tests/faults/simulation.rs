//! Random schedules of faults over networks of real processes, and what must hold after each of them.
//!
//! `NOTOCHORD_FAULT_SEED` repeats the schedules from that seed on, `NOTOCHORD_FAULT_SCHEDULES` says how many (300
//! where it is not set), `NOTOCHORD_FAULT_NETWORKS` over how many networks side by side. A schedule's seed decides what
//! is planned; what real processes then do is theirs.

mod chance;
mod promises;
mod relay;
mod schedule;
mod world;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread;
use std::time::{Instant, SystemTime};

use serde_json::Value;

use self::promises::{Promises, wait_until_every_round_is_closed};
use self::schedule::Schedule;
use self::world::World;

/// How many schedules a run of the tests plays.
const SCHEDULES: u64 = 300;
/// Over how many networks at once: they mostly wait.
const NETWORKS: u64 = 8;

/// A number of the environment.
fn asked(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

/// Says something also where tests are kept quiet.
fn say(line: &str) {
    let mut stderr = std::io::stderr().lock();
    writeln!(stderr, "{line}").unwrap();
}

#[test]
fn fault_after_whatever_schedule_of_faults_nothing_is_released_twice_or_lost_and_every_run_has_ended() {
    let clock = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let seed = asked("NOTOCHORD_FAULT_SEED").unwrap_or(clock.as_secs() % 1_000_000 * 1000);
    let schedules = asked("NOTOCHORD_FAULT_SCHEDULES").unwrap_or(SCHEDULES);
    let networks = asked("NOTOCHORD_FAULT_NETWORKS").unwrap_or(NETWORKS).clamp(1, schedules.max(1));
    say(&format!("{schedules} schedules of faults from NOTOCHORD_FAULT_SEED={seed} on {networks} networks"));
    let (began, next) = (Instant::now(), AtomicU64::new(0));
    let came = thread::scope(|scope| {
        let worlds: Vec<_> = (0..networks)
            .map(|_| {
                scope.spawn(|| live(|| Some(next.fetch_add(1, SeqCst)).filter(|n| *n < schedules), seed))
            })
            .collect();
        let mut came: BTreeMap<String, usize> = BTreeMap::new();
        for world in worlds {
            for (moment, count) in world.join().expect("what is said above not to happen") {
                *came.entry(moment).or_default() += count;
            }
        }
        came
    });
    say(&format!("{schedules} schedules in {} s; what came: {came:?}", began.elapsed().as_secs()));
    if schedules >= SCHEDULES {
        // A simulation that never gets to a step proves nothing about it.
        for moment in STEPS {
            assert!(came.contains_key(*moment), "nothing ever went wrong at `{moment}`");
        }
    }
}

/// The steps at which something must have gone wrong, and the messages that must have come again.
const STEPS: &[&str] = &[
    "Passing Announcement",
    "Passing Round",
    "Passing Answer",
    "Passing Record",
    "Passing Receipt",
    "Passing Cosignatures",
    "Writing intent",
    "Written intent",
    "Writing released",
    "Written released",
    "Writing run_closed",
    "Writing run_began",
    "Written run_began",
    "Writing result_released",
    "Written result_released",
    "RoundTwice",
    "OlderRoundBefore",
    "OlderRoundAfter",
    "RoundAfterRecord",
    "RecordTwice",
    "OlderRecord",
    "AnnouncementThrice",
];

/// The life of one network; gives what came how often.
fn live(mut next: impl FnMut() -> Option<u64>, seed: u64) -> BTreeMap<String, usize> {
    let (world, mut promises) = (World::start(), Promises::default());
    while let Some(number) = next() {
        let seed = seed.wrapping_add(number);
        let schedule = Schedule::of(seed);
        let played = catch_unwind(AssertUnwindSafe(|| {
            world.play(&schedule);
            promises.hold_in(&world);
        }));
        if let Err(panic) = played {
            say(&format!("NOTOCHORD_FAULT_SEED={seed} NOTOCHORD_FAULT_SCHEDULES=1 plays {schedule:?}"));
            std::panic::resume_unwind(panic);
        }
    }
    let out = world.run_calmly();
    let result: Value = serde_json::from_slice(&fs::read(out.join("result.json")).unwrap()).unwrap();
    let sites = result["sites"].as_array().unwrap();
    assert!(sites.iter().all(|site| site["status"] == "contributed"), "a calm run: {sites:?}");
    promises.hold_in(&world);
    wait_until_every_round_is_closed(&world);
    let listed = world.network().coordinator_command(["runs", "--json"]).unwrap();
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    let ends = promises.ends();
    for run in listed.as_array().unwrap() {
        // The index follows the ledger.
        assert_eq!(run["status"].as_str(), ends.get(run["run"].as_str().unwrap()).copied(), "{run}");
    }
    let out = out.to_str().unwrap();
    world.network().coordinator_command(["verify", out, "--witnesses", "2"]).unwrap();
    let came = world.came.lock().unwrap();
    came.clone()
}
