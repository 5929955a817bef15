//! A schedule: what goes wrong in a run, and at which steps.

use super::chance::Chance;
use super::relay::{Passage, Trick};

/// How many sites there are.
pub(super) const SITES: usize = 3;

/// Who keeps a ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Party {
    Coordinator,
    Node(usize),
}

/// When something goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// So many milliseconds after the run was asked for.
    After(u64),
    /// While a message of a site is under way: it is held until the fault has begun.
    Passing(usize, Passage),
    /// While an entry of this kind is being written: its line is there, perhaps not its signature.
    Writing(Party, &'static str),
    /// After an entry of this kind, before the next: the ledger's lock is held until the fault has begun.
    Written(Party, &'static str),
}

/// What goes wrong. Times are in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// `kill -9`, and started again after a while.
    Kill(Party, u64),
    /// Stopped, and continued after a while.
    Stop(Party, u64),
    /// A site's connections end, and a while no new one passes.
    Cut(usize, u64),
    /// A site's connections swallow everything from now on; new ones pass after a while.
    Lose(usize, u64),
    /// Both halves of a site's link end, and what was under way with them.
    Sever(usize),
    /// Every part of every message of a site takes so long, for a while.
    Slow(usize, u64),
    /// Whoever asked for the run is killed.
    Leave,
    /// The data steward accepts the study once more, and is killed after a while.
    Accept(usize, u64),
}

/// What goes wrong in a run.
#[derive(Debug, Clone)]
pub(super) struct Schedule {
    pub(super) faults: Vec<(Moment, Fault)>,
    pub(super) tricks: Vec<(usize, Trick)>,
}

impl Schedule {
    /// The schedule of a seed.
    pub(super) fn of(seed: u64) -> Self {
        let chance = &mut Chance::new(seed);
        let faults = (0..1 + chance.below(3)).map(|_| (moment(chance), fault(chance))).collect();
        let tricks = (0..chance.below(3)).map(|_| (site(chance), chance.pick(&TRICKS))).collect();
        Self { faults, tricks }
    }
}

const TRICKS: [Trick; 7] = [
    Trick::RoundTwice,
    Trick::OlderRoundBefore,
    Trick::OlderRoundAfter,
    Trick::RoundAfterRecord,
    Trick::RecordTwice,
    Trick::OlderRecord,
    Trick::AnnouncementThrice,
];

const PASSAGES: [Passage; 6] = [
    Passage::Announcement,
    Passage::Round,
    Passage::Answer,
    Passage::Record,
    Passage::Receipt,
    Passage::Cosignatures,
];

fn site(chance: &mut Chance) -> usize {
    chance.below(SITES as u64) as usize
}

fn party(chance: &mut Chance) -> Party {
    match chance.below(3) {
        0 => Party::Coordinator,
        _ => Party::Node(site(chance)),
    }
}

/// An entry that a run makes a party write.
fn entry(chance: &mut Chance) -> (Party, &'static str) {
    match party(chance) {
        Party::Coordinator => {
            (Party::Coordinator, chance.pick(&["run_began", "result_released", "run_ended"]))
        }
        node => (node, chance.pick(&["intent", "released", "run_closed"])),
    }
}

fn moment(chance: &mut Chance) -> Moment {
    match chance.below(8) {
        0 => Moment::After(chance.below(800)),
        1..=4 => Moment::Passing(site(chance), chance.pick(&PASSAGES)),
        5 => {
            let (party, kind) = entry(chance);
            Moment::Writing(party, kind)
        }
        _ => {
            let (party, kind) = entry(chance);
            Moment::Written(party, kind)
        }
    }
}

fn fault(chance: &mut Chance) -> Fault {
    match chance.below(16) {
        0..=4 => Fault::Kill(party(chance), chance.below(200)),
        5..=7 => Fault::Stop(party(chance), 20 + chance.below(500)),
        8..=9 => Fault::Cut(site(chance), chance.below(300)),
        10 => Fault::Lose(site(chance), chance.below(300)),
        11..=12 => Fault::Sever(site(chance)),
        13 => Fault::Slow(site(chance), 200 + chance.below(600)),
        14 => Fault::Leave,
        _ => Fault::Accept(site(chance), chance.below(150)),
    }
}
