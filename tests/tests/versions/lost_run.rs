//! The command that runs a study, when it loses the coordinator in mid-run.

use std::fs;
use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};

use notochord_sandbox::process::wait_for;
use notochord_sandbox::role::Role;

use crate::stage::{C, PATIENCE, Stage, program, text};

/// Passes connections on to `address`; those that are open can be cut.
#[derive(Clone, Default)]
struct Relay(Arc<Mutex<Vec<TcpStream>>>);

impl Relay {
    /// A relay, and where it listens. Its threads end with their connections, the last one with the test.
    fn to(address: String) -> (Self, String) {
        let (relay, listener) = (Self::default(), TcpListener::bind("127.0.0.1:0").unwrap());
        let (open, listens) = (relay.0.clone(), listener.local_addr().unwrap().to_string());
        std::thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                let Ok(far) = TcpStream::connect(&address) else { continue };
                for (mut from, mut to) in [(&near, &far), (&far, &near)].map(|(a, b)| (copy(a), copy(b))) {
                    std::thread::spawn(move || {
                        let _ = io::copy(&mut from, &mut to);
                        let _ = to.shutdown(Shutdown::Both);
                    });
                }
                open.lock().unwrap().push(near);
            }
        });
        (relay, listens)
    }

    fn cut(&self) {
        for connection in self.0.lock().unwrap().drain(..) {
            connection.shutdown(Shutdown::Both).unwrap();
        }
    }
}

fn copy(stream: &TcpStream) -> TcpStream {
    stream.try_clone().unwrap()
}

#[test]
fn a_command_that_lost_the_coordinator_in_mid_run_hears_the_end_of_the_same_run() {
    let stage = Stage::with_a_study();
    let (address, _) = stage.network.addresses().unwrap();
    let (relay, listens) = Relay::to(address.clone());
    // Where the coordinator's own person finds it.
    let serving = stage.network.coordinator_home().join("serving");
    let told = fs::read_to_string(&serving).unwrap();
    fs::write(&serving, told.replace(&address, &listens)).unwrap();

    let node = stage.network.node_process(C).unwrap().to_string();
    let signal = |name: &str| assert!(Command::new("kill").args([name, &node]).status().unwrap().success());
    signal("-STOP");
    let home = stage.network.coordinator_home();
    let run = std::thread::spawn(move || {
        program().command(Role::Coordinator, &home, ["run", "ages", "--deadline", "30s"]).unwrap()
    });
    let ledger = stage.network.coordinator_home().join("ledger/ledger.log");
    let began = || fs::read_to_string(&ledger).unwrap().matches("\"run_began\"").count();
    wait_for(PATIENCE, || (began() == 1).then_some(())).expect("the run to begin");
    relay.cut();
    signal("-CONT");
    let ended = run.join().unwrap();
    assert!(ended.status.success(), "{}", text(&ended));
    assert!(text(&ended).contains("it is asked again about this same run"), "{}", text(&ended));
    assert_eq!(began(), 1);
}
