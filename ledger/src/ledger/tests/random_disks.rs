//! Random schedules of questions, crashes, power cuts and failing disks. A node's order of work (intent, answer,
//! release) goes on over a disk that tears what is written, loses what was not synced and keeps it in any order; what
//! left must have its durable intent, and what was acknowledged must be there.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;

use super::*;
use crate::storage::{Document, Storage};

/// How many bytes reach the disk together.
const SECTOR: usize = 32;

/// How the disk treats one operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Health {
    Works,
    /// It fails, and nothing has happened.
    FailsBefore,
    /// It fails, and what was asked may have happened.
    FailsAfter,
    /// The power goes.
    PowerCut,
}

/// A write to the log that was not synced.
#[derive(Debug, Clone)]
enum Pending {
    Write { at: usize, bytes: Vec<u8> },
    Cut(usize),
}

#[derive(Debug, Default)]
struct State {
    log: Vec<u8>,
    documents: BTreeMap<Document, Vec<u8>>,
    durable_log: Vec<u8>,
    durable_documents: BTreeMap<Document, Vec<u8>>,
    pending: Vec<Pending>,
    /// What happens to the next operations; when it is used up the disk works.
    healths: Vec<Health>,
    powerless: bool,
}

/// A disk in memory. Clones are handles of the same disk, as several processes have.
#[derive(Debug, Clone, Default)]
struct Disk(Rc<RefCell<State>>);

impl Disk {
    /// What the disk holds when the power is back: of each sector that was not synced what `chance` says.
    fn after_power_cut(&self, mut chance: impl FnMut() -> bool) -> Self {
        let state = self.0.borrow();
        let mut log = state.durable_log.clone();
        for pending in &state.pending {
            match pending {
                Pending::Cut(length) => {
                    if chance() {
                        log.truncate(*length);
                    }
                }
                Pending::Write { at, bytes } => {
                    for (number, sector) in bytes.chunks(SECTOR).enumerate() {
                        let start = at + number * SECTOR;
                        // The file's length may reach the disk without the bytes.
                        if chance() && log.len() < start + sector.len() {
                            log.resize(start + sector.len(), 0);
                        }
                        if chance() && log.len() >= start + sector.len() {
                            log[start..start + sector.len()].copy_from_slice(sector);
                        }
                    }
                }
            }
        }
        let mut documents = state.durable_documents.clone();
        for (document, bytes) in &state.documents {
            if chance() {
                documents.insert(*document, bytes.clone());
            }
        }
        let (durable_log, durable_documents) = (log.clone(), documents.clone());
        let state = State { log, documents, durable_log, durable_documents, ..State::default() };
        Self(Rc::new(RefCell::new(state)))
    }
}

impl State {
    /// Does something as the disk's health lets it.
    fn act(&mut self, act: impl FnOnce(&mut Self)) -> io::Result<()> {
        if self.powerless {
            return Err(io::Error::other("the power is gone"));
        }
        let health = self.healths.pop().unwrap_or(Health::Works);
        if health != Health::FailsBefore {
            act(self);
        }
        self.powerless = health == Health::PowerCut;
        if health == Health::Works { Ok(()) } else { Err(io::Error::other(format!("{health:?}"))) }
    }
}

impl Storage for Disk {
    type Lock = ();

    fn lock(&self) -> io::Result<()> {
        Ok(())
    }

    fn log_length(&self) -> io::Result<u64> {
        Ok(self.0.borrow().log.len() as u64)
    }

    fn read_log(&self, from: u64) -> io::Result<Vec<u8>> {
        Ok(self.0.borrow().log[from as usize..].to_vec())
    }

    fn append_log(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.borrow_mut().act(|state| {
            state.pending.push(Pending::Write { at: state.log.len(), bytes: bytes.to_vec() });
            state.log.extend(bytes);
        })
    }

    fn sync_log(&mut self) -> io::Result<()> {
        let mut state = self.0.borrow_mut();
        // A sync that fails has synced nothing for certain.
        let before = (state.durable_log.clone(), state.pending.clone());
        let synced = state.act(|state| {
            state.durable_log = state.log.clone();
            state.pending.clear();
        });
        if synced.is_err() {
            (state.durable_log, state.pending) = before;
        }
        synced
    }

    fn truncate_log(&mut self, length: u64) -> io::Result<()> {
        let mut state = self.0.borrow_mut();
        let cut = state.act(|state| {
            state.log.truncate(length as usize);
            state.pending.push(Pending::Cut(length as usize));
        });
        if cut.is_ok() {
            state.durable_log = state.log.clone();
            state.pending.clear();
        }
        cut
    }

    fn read(&self, document: Document) -> io::Result<Option<Vec<u8>>> {
        Ok(self.0.borrow().documents.get(&document).cloned())
    }

    fn replace(&mut self, document: Document, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.0.borrow_mut();
        // The file is synced before it gets its name; the name may be there and not last.
        state.act(|state| drop(state.documents.insert(document, bytes.to_vec())))?;
        state.durable_documents.insert(document, bytes.to_vec());
        Ok(())
    }

    fn sync_documents(&mut self) -> io::Result<()> {
        let mut state = self.0.borrow_mut();
        state.act(|_| ())?;
        state.durable_documents = state.documents.clone();
        Ok(())
    }
}

/// A step of a schedule.
#[derive(Debug, Clone)]
enum Step {
    /// One of two processes is asked a question.
    Ask { process: usize, question: u64 },
    /// A process is killed and started again; the disk goes on.
    Restart { process: usize },
    /// How the next operations of the disk go.
    Trouble(Vec<Health>),
    /// The power goes and comes back; the bits say what of the unsynced is kept.
    PowerCut(Vec<bool>),
}

fn health() -> impl Strategy<Value = Health> {
    prop_oneof![
        5 => Just(Health::Works),
        1 => Just(Health::FailsBefore),
        1 => Just(Health::FailsAfter),
        2 => Just(Health::PowerCut),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0usize..2, 0u64..12).prop_map(|(process, question)| Step::Ask { process, question }),
        1 => (0usize..2).prop_map(|process| Step::Restart { process }),
        3 => prop::collection::vec(health(), 1..10).prop_map(Step::Trouble),
        2 => prop::collection::vec(any::<bool>(), 1..40).prop_map(Step::PowerCut),
    ]
}

fn holds<S: Storage>(ledger: &Ledger<S>, kind: &str, question: u64) -> bool {
    ledger.entries().iter().any(|entry| entry.kind == kind && entry.body["question"] == question)
}

/// A node's order of work; what it gives has left.
fn answer(ledger: &mut Ledger<Disk>, question: u64) -> Result<u64, LedgerError> {
    ledger.refresh()?;
    if !holds(ledger, "released", question) {
        ledger.append(NOW, "intent", &json!({"question": question}))?;
        ledger.append(NOW, "released", &json!({"question": question}))?;
    }
    Ok(question)
}

/// Plays a schedule; what left, and the disk as it is found after a last power cut.
fn play(steps: &[Step], last: &[bool]) -> (Vec<u64>, Disk) {
    let mut disk = Disk::default();
    Ledger::create(disk.clone(), key()).unwrap();
    let open = |disk: &Disk| Ledger::open(disk.clone(), key());
    let mut processes = [open(&disk).ok(), open(&disk).ok()];
    let mut left = Vec::new();
    let cut = |disk: &Disk, bits: &[bool]| {
        let mut bits = bits.iter().copied().cycle();
        disk.after_power_cut(|| bits.next().unwrap_or_default())
    };
    for step in steps {
        match step {
            Step::Ask { process, question } => {
                let ledger = processes[*process].as_mut();
                left.extend(ledger.and_then(|ledger| answer(ledger, *question).ok()));
            }
            Step::Restart { process } => processes[*process] = open(&disk).ok(),
            Step::Trouble(healths) => disk.0.borrow_mut().healths = healths.clone(),
            Step::PowerCut(bits) => {
                disk = cut(&disk, bits);
                processes = [open(&disk).ok(), open(&disk).ok()];
            }
        }
    }
    (left, cut(&disk, last))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_left_lacks_its_durable_intent_whatever_the_disk_does(
        steps in prop::collection::vec(step(), 1..40),
        last in prop::collection::vec(any::<bool>(), 1..40),
    ) {
        let (left, disk) = play(&steps, &last);
        let ledger = Ledger::open(disk.clone(), key()).unwrap();
        for question in left {
            prop_assert!(holds(&ledger, "intent", question), "{question} left without a durable intent");
            prop_assert!(holds(&ledger, "released", question), "{question} left without a durable release");
        }
        for (number, entry) in ledger.entries().iter().enumerate() {
            let intended = ledger.entries()[..number].iter().any(|before| {
                before.kind == "intent" && before.body["question"] == entry.body["question"]
            });
            prop_assert!(entry.kind == "intent" || intended, "a release stands before its intent");
        }
        prop_assert!(verify(&disk, &key().verifier()).unwrap().is_sound());
    }
}

/// How many schedules: a thousand, or what `NOTOCHORD_LEDGER_SCHEDULES` says.
fn cases() -> u32 {
    std::env::var("NOTOCHORD_LEDGER_SCHEDULES").ok().and_then(|text| text.parse().ok()).unwrap_or(1000)
}
