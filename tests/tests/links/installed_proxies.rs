//! The proxies that hospitals run, squid and tinyproxy, where this machine has them: with a password and an idle
//! limit, on loopback, from a configuration that is thrown away. Where one is not installed its tests say so; what
//! they show is shown everywhere by the small proxy of `proxy.rs`.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use notochord_sandbox::network::NetworkError;
use notochord_sandbox::process::wait_for;
use tempfile::TempDir;

use crate::middlebox::PATIENCE;
use crate::stage::{BEHIND, Stage, WITH_PASSWORD, skipped, write_link_to};

/// No blanks: tinyproxy's configuration takes none.
const PASSWORD: &str = "open-sesame";
/// How long a link is watched, in idle limits.
const LIMITS: u32 = 3;

/// How long a proxy may take to end.
const ENDING: Duration = Duration::from_secs(5);

/// A proxy that is installed here.
#[derive(Debug, Clone, Copy)]
enum Make {
    Squid,
    Tinyproxy,
}

/// One that runs until it is dropped.
struct Installed {
    child: Child,
    address: String,
    directory: TempDir,
}

impl Make {
    fn name(self) -> &'static str {
        match self {
            Self::Squid => "squid",
            Self::Tinyproxy => "tinyproxy",
        }
    }

    /// Where it is; otherwise says that the test is skipped.
    fn find(self) -> Option<PathBuf> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let further = ["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from);
        let found = std::env::split_paths(&path).chain(further).map(|one| one.join(self.name()));
        let found = found.into_iter().find(|file| file.is_file());
        if found.is_none() {
            skipped(&format!("{} is not installed on this machine", self.name()));
        }
        found
    }

    fn configuration(self, port: u16, idle: Duration, directory: &Path) -> String {
        let (idle, directory) = (idle.as_secs(), directory.display());
        match self {
            Self::Squid => format!(
                "http_port 127.0.0.1:{port}\n\
                 auth_param basic program /bin/sh {directory}/ask\n\
                 auth_param basic realm hospital\n\
                 auth_param basic casesensitive on\n\
                 acl known proxy_auth REQUIRED\n\
                 http_access allow CONNECT known\n\
                 http_access deny all\n\
                 read_timeout {idle} seconds\n\
                 max_filedescriptors 1024\n\
                 cache deny all\n\
                 access_log none\n\
                 cache_log /dev/null\n\
                 cache_store_log none\n\
                 netdb_filename none\n\
                 pinger_enable off\n\
                 udp_outgoing_address 127.0.0.1\n\
                 pid_filename none\n\
                 coredump_dir {directory}\n\
                 shutdown_lifetime 0 seconds\n"
            ),
            Self::Tinyproxy => format!(
                "Port {port}\nListen 127.0.0.1\nTimeout {idle}\nAllow 127.0.0.1\nMaxClients 64\n\
                 BasicAuth Aladdin {PASSWORD}\n"
            ),
        }
    }

    fn start(self, program: &Path, idle: Duration) -> Installed {
        let directory = tempfile::tempdir().unwrap();
        // A proxy that was started by root asks for passwords as somebody else.
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let ask = format!(
            "while read -r said; do\n  case \"$said\" in\n    \"Aladdin {PASSWORD}\") echo OK ;;\n    *) echo ERR ;;\n  \
             esac\ndone\n"
        );
        fs::write(directory.path().join("ask"), ask).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let file = directory.path().join("configuration");
        fs::write(&file, self.configuration(port, idle, directory.path())).unwrap();
        // Squids of one name share memory, and one of this machine's own may be running.
        let service = format!("notochord{}p{port}", std::process::id());
        let arguments: &[&str] = match self {
            Self::Squid => &["-N", "-n", &service, "-f"],
            Self::Tinyproxy => &["-d", "-c"],
        };
        let said = fs::File::create(directory.path().join("said")).unwrap();
        let child = Command::new(program)
            .args(arguments)
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(said.try_clone().unwrap())
            .stderr(said)
            .spawn()
            .unwrap();
        let started = Installed { child, address: format!("127.0.0.1:{port}"), directory };
        wait_for(PATIENCE, || TcpStream::connect(&started.address).ok())
            .unwrap_or_else(|| panic!("{} does not listen: {}", self.name(), started.said()));
        started
    }
}

impl Installed {
    fn said(&self) -> String {
        fs::read_to_string(self.directory.path().join("said")).unwrap_or_default()
    }
}

impl Drop for Installed {
    fn drop(&mut self) {
        // Squid gives its shared memory back when it is asked to end; helpers end with their standard input.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let ended = wait_for(ENDING, || self.child.try_wait().ok().flatten());
        if ended.is_none() {
            // One that has ended already needs no killing.
            let _ = (self.child.kill(), self.child.wait());
        }
    }
}

/// A centre enrols through the proxy, stays beyond the idle limit on one link, and answers.
fn completes_a_run(make: Make, idle: Duration, further: &str) {
    let Some(program) = make.find() else { return };
    let proxy = make.start(&program, idle);
    let mut stage = Stage::empty();
    stage.populate(3, 1, |home| {
        write_link_to(home, &proxy.address, PASSWORD, &format!("{WITH_PASSWORD}{further}"));
    });
    let connected = Instant::now();
    let log = stage.network.node_log(BEHIND);
    assert!(log.contains("reached through a proxy"), "{log}");
    wait_for(idle * (LIMITS + 1), || (connected.elapsed() > idle * LIMITS).then_some(())).unwrap();
    assert_eq!(stage.run(), ["contributed"; 3]);
    let log = stage.network.node_log(BEHIND);
    assert_eq!((log.matches(" connected").count(), log.matches("disconnected").count()), (1, 0), "{log}");
    assert!(!log.contains(PASSWORD), "{log}");
    println!("one link through {} for {:?}, idle limit {idle:?}", make.name(), connected.elapsed());
}

/// A wrong password is told from one that is missing.
fn asks_who_is_calling(make: Make) {
    let Some(program) = make.find() else { return };
    let proxy = make.start(&program, Duration::from_secs(60));
    let stage = Stage::empty();
    let invitation = stage.network.invite("Centre 1", &[]).unwrap();
    let home = stage.directory.path().join("node");
    stage.network.node_command(&home, ["init"]).unwrap();
    let enrol = || stage.network.node_command(&home, ["enrol".as_ref(), invitation.as_os_str()]);
    let refusal = || match enrol() {
        Err(NetworkError::Command { code: 1, message }) => message,
        other => panic!("{other:?}"),
    };
    write_link_to(&home, &proxy.address, PASSWORD, "");
    let message = refusal();
    assert!(message.contains("asks who is calling (407), by Basic; name `proxy_user`"), "{message}");
    write_link_to(&home, &proxy.address, "open-barley", WITH_PASSWORD);
    let message = refusal();
    assert!(message.contains("does not take the user and password it was given (40"), "{message}");
    write_link_to(&home, &proxy.address, PASSWORD, WITH_PASSWORD);
    enrol().unwrap();
}

/// A link that is probed less often than the proxy waits is cut, so its limit is real; and it comes back.
fn cuts_what_is_idle(make: Make) {
    let Some(program) = make.find() else { return };
    let proxy = make.start(&program, Duration::from_secs(2));
    let mut stage = Stage::empty();
    // The coordinator probes too.
    stage.network.kill_coordinator().unwrap();
    let seldom = "keepalive_interval_s = 50\n";
    fs::write(stage.network.coordinator_home().join("link.toml"), seldom).unwrap();
    stage.network.start_coordinator().unwrap();
    stage.populate(3, 1, |home| {
        write_link_to(home, &proxy.address, PASSWORD, &format!("{WITH_PASSWORD}{seldom}"));
    });
    stage.wait_for_log("disconnected", 1);
    stage.wait_for_log(" connected", 2);
    stage.wait_until_connected(true);
    assert_eq!(stage.run(), ["contributed"; 3]);
}

const SHORT: Duration = Duration::from_secs(4);
const OFTEN: &str = "keepalive_interval_s = 1\n";
const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn squid_with_a_password_and_an_idle_cut_carries_a_run() {
    completes_a_run(Make::Squid, SHORT, OFTEN);
}

#[test]
fn tinyproxy_with_a_password_and_an_idle_cut_carries_a_run() {
    completes_a_run(Make::Tinyproxy, SHORT, OFTEN);
}

#[test]
fn squid_says_who_it_does_not_let_through() {
    asks_who_is_calling(Make::Squid);
}

#[test]
fn tinyproxy_says_who_it_does_not_let_through() {
    asks_who_is_calling(Make::Tinyproxy);
}

#[test]
fn tinyproxy_cuts_what_is_idle_and_the_link_comes_back_by_itself() {
    cuts_what_is_idle(Make::Tinyproxy);
}

#[test]
fn squid_cuts_what_is_idle_and_the_link_comes_back_by_itself() {
    cuts_what_is_idle(Make::Squid);
}

#[test]
#[ignore = "takes three minutes; run it with --ignored"]
fn squid_that_cuts_what_is_idle_for_a_minute_never_finds_the_link_idle() {
    completes_a_run(Make::Squid, MINUTE, "");
}

#[test]
#[ignore = "takes three minutes; run it with --ignored"]
fn tinyproxy_that_cuts_what_is_idle_for_a_minute_never_finds_the_link_idle() {
    completes_a_run(Make::Tinyproxy, MINUTE, "");
}
