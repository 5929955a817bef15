//! A network of real processes in which things go wrong: three nodes, each behind a proxy of its own and the relay,
//! and their coordinator.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread;
use std::time::Duration;

use notochord_sandbox::network::{Network, Plan};
use notochord_sandbox::process::{Program, wait_for};
use tempfile::TempDir;

use super::relay::{Hold, KEEPALIVE, Relay};
use super::schedule::{Fault, Moment, Party, SITES, Schedule};
use crate::middlebox::Middlebox;

/// How long anything is waited for that must happen.
const PATIENCE: Duration = Duration::from_secs(60);
/// How much time a run has, in which most faults are over.
const DEADLINE: &str = "4s";
/// How often a file is looked at for a step.
const GLANCE: Duration = Duration::from_millis(1);
/// How many of the patients each site has: enough for the rules, few enough for speed.
const PATIENTS: usize = 120;

const PROGRAM: &str = env!("CARGO_BIN_EXE_notochord-tests");

pub(super) struct World {
    network: Mutex<Network>,
    pub(super) relay: Relay,
    proxies: Vec<Mutex<Middlebox>>,
    pub(super) directory: TempDir,
    /// How often each kind of moment came.
    pub(super) came: Mutex<BTreeMap<String, usize>>,
    /// How many acceptances each steward was told to have made.
    pub(super) accepted: Mutex<[usize; SITES]>,
}

/// What is waited for.
enum Armed {
    Time(Duration),
    Message(Hold),
    /// The log, and how long it was before.
    Entry {
        ledger: PathBuf,
        from: u64,
        kind: &'static str,
        parks: Parks,
    },
}

/// Whether a ledger's owner is kept from writing on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Parks {
    No,
    Yes,
}

/// What keeps a process where it is.
enum Grip {
    Free,
    /// It could not be kept where it was.
    Late,
    Message(#[expect(dead_code, reason = "dropping it lets the message go")] Hold),
    Ledger(#[expect(dead_code, reason = "dropping it frees the ledger's lock")] File),
}

impl World {
    pub(super) fn start() -> Self {
        let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("reference/colon_death");
        let directory = tempfile::tempdir().unwrap();
        let plan = Plan {
            name: "reference",
            dictionary: &reference.join("dictionary.csv"),
            events: None,
            throwaway_minimum: Some(5),
            approvers: 1,
        };
        let place = directory.path().join("network");
        let mut network = Network::start(Program::new(PROGRAM), &place, &plan).unwrap();
        quick_keepalive(&network.coordinator_home(), "");
        let relay = Relay::start(place.clone());
        let (listen, _) = network.addresses().unwrap();
        let lead = format!("{listen}={}", relay.address);
        let proxies: Vec<Middlebox> = (0..SITES).map(|_| Middlebox::start(&["--lead", &lead])).collect();
        let data = fs::read_to_string(reference.join("data.csv")).unwrap();
        let mut rows = data.lines();
        let header = rows.next().unwrap();
        let rows: Vec<&str> = rows.collect();
        let mut centres = Vec::new();
        for (number, proxy) in proxies.iter().enumerate() {
            let home = place.join(format!("site-{}", number + 1));
            quick_keepalive(&home, &format!("proxy = \"http://{}\"\n", proxy.address));
            let file = directory.path().join(format!("{number}.csv"));
            let own = rows[number * PATIENTS..(number + 1) * PATIENTS].join("\n");
            fs::write(&file, format!("{header}\n{own}\n")).unwrap();
            centres.push((format!("Centre {}", number + 1), vec![file]));
        }
        network.kill_coordinator().unwrap();
        network.start_coordinator().unwrap();
        network.add_sites(&centres).unwrap();
        network.wait_for_sites(SITES).unwrap();
        let study = directory.path().join("ages.toml");
        // One site may fail and the others are released all the same.
        fs::write(&study, include_str!("../ages.toml").replace("minimum = 3", "minimum = 2")).unwrap();
        network.submit(&study, 1).unwrap();
        network.accept_everywhere("ages").unwrap();
        Self {
            network: Mutex::new(network),
            relay,
            proxies: proxies.into_iter().map(Mutex::new).collect(),
            directory,
            came: Mutex::default(),
            accepted: Mutex::new([1; SITES]),
        }
    }

    pub(super) fn network(&self) -> MutexGuard<'_, Network> {
        self.network.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The directory of a party.
    pub(super) fn home(&self, party: Party) -> PathBuf {
        let place = self.directory.path().join("network");
        match party {
            Party::Coordinator => place.join("coordinator"),
            Party::Node(number) => place.join(format!("site-{}", number + 1)),
        }
    }

    /// One run in which all of a schedule goes wrong; afterwards everything works again.
    pub(super) fn play(&self, schedule: &Schedule) {
        schedule.tricks.iter().for_each(|(number, trick)| self.relay.play(&site(*number), *trick));
        let armed: Vec<Armed> = schedule.faults.iter().map(|(moment, _)| self.arm(*moment)).collect();
        let coordinator = self.home(Party::Coordinator).join("ledger/ledger.log");
        let from = length(&coordinator);
        let (run, is_over) = (Mutex::new(self.ask_for_a_run()), AtomicBool::new(false));
        thread::scope(|scope| {
            for ((moment, fault), armed) in schedule.faults.iter().zip(armed) {
                let (run, is_over) = (&run, &is_over);
                scope.spawn(move || {
                    let Some(grip) = self.wait_until_it_comes(armed, is_over) else { return };
                    self.count(*moment, &grip);
                    self.go_wrong(*fault, grip, run);
                });
            }
            let ended = wait_for(PATIENCE, || lock(&run).try_wait().unwrap().map(|_| ()));
            // Where only its caller has gone, the run goes on.
            let _ = wait_for(Duration::from_millis(1500), || {
                let text = since(&coordinator, from);
                let count = |kind: &str| text.matches(&format!("\"kind\":\"{kind}\"")).count();
                (count("run_began") > 0 && count("run_began") == count("run_ended")).then_some(())
            });
            is_over.store(true, SeqCst);
            assert!(ended.is_some(), "the command that runs the study does not end");
        });
        let unplayed = self.relay.forget_plans();
        for (_, trick) in &schedule.tricks {
            if !unplayed.iter().any(|(_, other)| other == trick) {
                *lock(&self.came).entry(format!("{trick:?}")).or_default() += 1;
            }
        }
        self.wait_until_all_are_linked();
    }

    /// A run in which nothing goes wrong; its result is in the directory `calm`.
    pub(super) fn run_calmly(&self) -> PathBuf {
        let out = self.directory.path().join("calm");
        self.network().run("ages", &out, &["--deadline", "30s"]).unwrap();
        out
    }

    fn wait_until_all_are_linked(&self) {
        let all = || (0..SITES).all(|number| self.relay.is_linked(&site(number))).then_some(());
        wait_for(PATIENCE, all).unwrap_or_else(|| {
            let network = self.network();
            let logs: Vec<String> = (0..SITES).map(|number| tail(&network.node_log(number))).collect();
            panic!("not every site comes back\n{}\n{}", tail(&network.coordinator_log()), logs.join("\n"))
        });
    }

    fn ask_for_a_run(&self) -> Child {
        let out = self.directory.path().join("results");
        let mut command = Command::new(PROGRAM);
        command.arg("role-coordinator").arg("--home").arg(self.home(Party::Coordinator));
        command.args(["run", "ages", "--deadline", DEADLINE, "--out"]).arg(out);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    fn arm(&self, moment: Moment) -> Armed {
        let entry = |party, kind, parks| {
            let ledger = self.home(party).join("ledger");
            Armed::Entry { from: length(&ledger.join("ledger.log")), ledger, kind, parks }
        };
        match moment {
            Moment::After(ms) => Armed::Time(Duration::from_millis(ms)),
            Moment::Passing(number, passage) => Armed::Message(self.relay.hold(&site(number), passage)),
            Moment::Writing(party, kind) => entry(party, kind, Parks::No),
            Moment::Written(party, kind) => entry(party, kind, Parks::Yes),
        }
    }

    /// Waits for a moment; nothing if the run is over before it comes.
    fn wait_until_it_comes(&self, armed: Armed, is_over: &AtomicBool) -> Option<Grip> {
        match armed {
            Armed::Time(time) => {
                thread::sleep(time);
                Some(Grip::Free)
            }
            Armed::Message(hold) => {
                until(is_over, || hold.has_arrived().then_some(()))?;
                Some(Grip::Message(hold))
            }
            Armed::Entry { ledger, from, kind, parks } => {
                let (log, wanted) = (ledger.join("ledger.log"), format!("\"kind\":\"{kind}\""));
                until(is_over, || since(&log, from).contains(&wanted).then_some(()))?;
                if parks == Parks::No {
                    return Some(Grip::Free);
                }
                let file = File::options().write(true).open(ledger.join("lock")).unwrap();
                let locked = wait_for(Duration::from_millis(500), || file.try_lock().ok());
                // Its owner may have been faster.
                let is_last = since(&log, from).lines().last().is_some_and(|line| line.contains(&wanted));
                Some(if locked.is_some() && is_last { Grip::Ledger(file) } else { Grip::Late })
            }
        }
    }

    fn count(&self, moment: Moment, grip: &Grip) {
        let kind = match moment {
            Moment::Written(_, kind) if matches!(grip, Grip::Late) => format!("Too late after {kind}"),
            Moment::After(_) => "After".to_owned(),
            Moment::Passing(_, passage) => format!("Passing {passage:?}"),
            Moment::Writing(_, kind) => format!("Writing {kind}"),
            Moment::Written(_, kind) => format!("Written {kind}"),
        };
        *lock(&self.came).entry(kind).or_default() += 1;
    }

    /// Does what a fault is, lets go of what was held for it, and after a while makes it good.
    fn go_wrong(&self, fault: Fault, grip: Grip, run: &Mutex<Child>) {
        let after = |ms| thread::sleep(Duration::from_millis(ms));
        let tell = |number: usize, command: &str| lock(&self.proxies[number]).tell(command);
        match fault {
            Fault::Kill(party, ms) => {
                let grip = self.with_network(grip, |network| kill(network, party));
                drop(grip);
                after(ms);
                let mut network = self.network();
                // Another fault may have started it in the meantime.
                kill(&mut network, party);
                match party {
                    Party::Coordinator => network.start_coordinator().unwrap(),
                    Party::Node(number) => network.start_node(number).unwrap(),
                }
            }
            Fault::Stop(party, ms) => {
                let mut stopped = None;
                let grip = self.with_network(grip, |network| stopped = process(network, party));
                stopped.iter().for_each(|id| signal(*id, "-STOP"));
                drop(grip);
                after(ms);
                stopped.iter().for_each(|id| signal(*id, "-CONT"));
            }
            Fault::Cut(number, ms) => {
                tell(number, "cut");
                drop(grip);
                after(ms);
                tell(number, "open");
            }
            Fault::Lose(number, ms) => {
                tell(number, "lose");
                drop(grip);
                after(ms);
                tell(number, "find");
            }
            Fault::Sever(number) => {
                self.relay.cut(&site(number));
                drop(grip);
            }
            Fault::Slow(number, ms) => {
                tell(number, "delay 30");
                drop(grip);
                after(ms);
                tell(number, "delay 0");
            }
            Fault::Leave => {
                // A command that has ended needs no killing.
                let _ = lock(run).kill();
                drop(grip);
            }
            Fault::Accept(number, ms) => {
                drop(grip);
                let mut command = Command::new(PROGRAM);
                command.arg("role-node").arg("--home").arg(self.home(Party::Node(number)));
                command.args(["study", "accept", "ages"]).stdin(Stdio::null()).stdout(Stdio::null());
                let mut steward = command.stderr(Stdio::null()).spawn().unwrap();
                after(ms);
                let done = steward.try_wait().unwrap();
                // One that has ended already needs no killing.
                let _ = (steward.kill(), steward.wait());
                if done.is_some_and(|status| status.success()) {
                    lock(&self.accepted)[number] += 1;
                }
            }
        }
    }

    /// Does something with the network. Who holds a ledger's lock must not wait long for it: another fault may be
    /// waiting for a process that wants that lock.
    fn with_network(&self, grip: Grip, act: impl FnOnce(&mut Network)) -> Grip {
        let soon = || match self.network.try_lock() {
            Ok(network) => Some(network),
            Err(TryLockError::Poisoned(network)) => Some(network.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        };
        match wait_for(Duration::from_millis(300), soon) {
            Some(mut network) => {
                act(&mut network);
                grip
            }
            None => {
                drop(grip);
                act(&mut self.network());
                Grip::Free
            }
        }
    }
}

/// The id of a site by its number.
pub(super) fn site(number: usize) -> String {
    format!("centre-{}", number + 1)
}

fn quick_keepalive(home: &Path, further: &str) {
    fs::create_dir_all(home).unwrap();
    let (interval, timeout) = (KEEPALIVE.interval.as_secs(), KEEPALIVE.timeout.as_secs());
    let text = format!("{further}keepalive_interval_s = {interval}\nkeepalive_timeout_s = {timeout}\n");
    fs::write(home.join("link.toml"), text).unwrap();
}

fn kill(network: &mut Network, party: Party) {
    match party {
        Party::Coordinator => network.kill_coordinator().unwrap(),
        Party::Node(number) => network.kill_node(number).unwrap(),
    }
}

fn process(network: &Network, party: Party) -> Option<u32> {
    match party {
        Party::Coordinator => network.coordinator_process(),
        Party::Node(number) => network.node_process(number),
    }
}

fn signal(process: u32, name: &str) {
    // A process that was killed in the meantime is not there to be stopped.
    let _ = Command::new("kill").args([name, &process.to_string()]).stderr(Stdio::null()).status().unwrap();
}

/// Looks again and again until something is there or the run is over.
fn until<T>(is_over: &AtomicBool, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    loop {
        if let Some(found) = look() {
            return Some(found);
        }
        if is_over.load(SeqCst) {
            return None;
        }
        thread::sleep(GLANCE);
    }
}

fn length(file: &Path) -> u64 {
    fs::metadata(file).map_or(0, |metadata| metadata.len())
}

/// What a file has grown by since it had a length.
fn since(file: &Path, from: u64) -> String {
    let mut bytes = Vec::new();
    if length(file) > from
        && let Ok(mut file) = File::open(file)
    {
        // What cannot be read now is read at the next glance.
        let _ = file.seek(SeekFrom::Start(from)).and_then(|_| file.read_to_end(&mut bytes));
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(30)..].join("\n")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
