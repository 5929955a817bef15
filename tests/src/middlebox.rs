//! What stands between a centre and the world: an HTTP CONNECT proxy that asks for a password, cuts what is idle or
//! what has been open for too long, and can be told to delay, lose, cut and double what passes.
//!
//! Started as `role-middlebox [--authorization VALUE] [--idle-ms N] [--life-ms N] [--lead HOST:PORT=ADDRESS]`, it
//! prints its address and then a line for everything that happens. Its standard input is one command a line: `lose`, `find`, `cut`
//! (and let nobody in), `open`, `delay MS`, `double`, `forbid`; its end is the proxy's end.
#![allow(clippy::print_stdout, reason = "its parent reads what it prints")]

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How often a silent connection is looked at.
const GLANCE: Duration = Duration::from_millis(20);
/// The most connections at a time.
const MOST: u64 = 256;
/// The longest a connection that is lost is kept open.
const LONGEST: Duration = Duration::from_secs(120);
/// The most bytes of a request.
const LONGEST_REQUEST: usize = 4096;

#[derive(Default)]
struct Middlebox {
    /// What `Proxy-Authorization` must say.
    authorization: Option<String>,
    idle_ms: Option<u64>,
    /// How long a connection may be open, whatever passes it.
    life_ms: Option<u64>,
    leads: HashMap<String, String>,
    /// Whether connections are forgotten, as by a firewall that starts anew: nothing passes them ever again.
    loses: AtomicBool,
    cut: AtomicBool,
    doubles: AtomicBool,
    forbids: AtomicBool,
    delay_ms: AtomicU64,
    open: AtomicU64,
    streams: Mutex<Vec<TcpStream>>,
}

pub(crate) fn main(arguments: impl Iterator<Item = String>) -> ExitCode {
    match serve(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn serve(mut arguments: impl Iterator<Item = String>) -> io::Result<()> {
    let mut middlebox = Middlebox::default();
    while let (Some(option), Some(value)) = (arguments.next(), arguments.next()) {
        match option.as_str() {
            "--authorization" => middlebox.authorization = Some(value),
            "--idle-ms" => middlebox.idle_ms = value.parse().ok(),
            "--life-ms" => middlebox.life_ms = value.parse().ok(),
            "--lead" => {
                let (from, to) = value.split_once('=').ok_or(io::ErrorKind::InvalidInput)?;
                middlebox.leads.insert(from.to_owned(), to.to_owned());
            }
            _ => return Err(io::ErrorKind::InvalidInput.into()),
        }
    }
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?);
    let middlebox = Arc::new(middlebox);
    let obeying = middlebox.clone();
    thread::spawn(move || {
        for command in io::stdin().lines() {
            let Ok(command) = command else { break };
            obeying.obey(&command);
            println!("{command}");
        }
        // Its parent is gone.
        std::process::exit(0);
    });
    for socket in listener.incoming() {
        let (Ok(socket), middlebox) = (socket, middlebox.clone()) else { continue };
        if middlebox.cut.load(SeqCst) || middlebox.open.load(SeqCst) >= MOST {
            continue;
        }
        thread::spawn(move || {
            middlebox.open.fetch_add(1, SeqCst);
            // Whoever hangs up has had enough.
            let _ = middlebox.tunnel(socket);
            middlebox.open.fetch_sub(1, SeqCst);
        });
    }
    Ok(())
}

impl Middlebox {
    fn obey(&self, command: &str) {
        match command.split_once(' ').unwrap_or((command, "")) {
            ("lose", _) => self.loses.store(true, SeqCst),
            ("find", _) => self.loses.store(false, SeqCst),
            ("open", _) => self.cut.store(false, SeqCst),
            ("double", _) => self.doubles.store(true, SeqCst),
            ("forbid", _) => self.forbids.store(true, SeqCst),
            ("delay", ms) => self.delay_ms.store(ms.parse().unwrap_or_default(), SeqCst),
            ("cut", _) => {
                self.cut.store(true, SeqCst);
                for stream in self.streams.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
                    // One that is closed already needs no cutting.
                    let _ = stream.shutdown(Shutdown::Both);
                }
            }
            _ => {}
        }
    }

    fn tunnel(self: &Arc<Self>, mut caller: TcpStream) -> io::Result<()> {
        let head = request(&mut caller)?;
        let mut lines = head.lines();
        let asked = lines.next().unwrap_or_default().split(' ').nth(1).unwrap_or_default().to_owned();
        let authorization = lines.find_map(|line| line.strip_prefix("Proxy-Authorization: "));
        let (code, words) = match &self.authorization {
            Some(expected) if authorization != Some(expected) => {
                ("407", "407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"hospital\"")
            }
            _ if self.forbids.load(SeqCst) => ("403", "403 Forbidden"),
            _ => ("200", "200 Connection established"),
        };
        println!("CONNECT {asked} {code}");
        if code != "200" {
            return caller.write_all(format!("HTTP/1.1 {words}\r\n\r\n").as_bytes());
        }
        let lead = self.leads.get(&asked).unwrap_or(&asked);
        let Ok(target) = TcpStream::connect(lead) else {
            return caller.write_all(b"HTTP/1.1 502 Bad Gateway\r\n\r\n");
        };
        // A second connection that gets every byte of the first, and whose answers nobody hears.
        let double = self.doubles.load(SeqCst).then(|| TcpStream::connect(lead)).transpose()?;
        caller.write_all(format!("HTTP/1.1 {words}\r\n\r\n").as_bytes())?;
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        streams.extend([caller.try_clone()?, target.try_clone()?]);
        drop(streams);
        let line = Arc::new(Line {
            began: Instant::now(),
            last_ms: AtomicU64::new(0),
            is_lost: AtomicBool::new(false),
            asked,
        });
        let (middlebox, back) = (self.clone(), line.clone());
        let (from, to) = (target.try_clone()?, caller.try_clone()?);
        let answering = thread::spawn(move || middlebox.pump(from, to, None, &back));
        self.pump(caller, target, double, &line);
        // A thread that failed has ended too.
        let _ = answering.join();
        Ok(())
    }

    /// Carries bytes one way until either end is closed, or both ways are idle for too long.
    fn pump(&self, mut from: TcpStream, mut to: TcpStream, mut double: Option<TcpStream>, line: &Line) {
        let mut part = [0; 16 << 10];
        let mut outlived = false;
        let _ = from.set_read_timeout(Some(GLANCE));
        loop {
            if self.loses.load(SeqCst) {
                line.is_lost.store(true, SeqCst);
            }
            if line.is_lost.load(SeqCst) && line.began.elapsed() < LONGEST {
                thread::sleep(GLANCE);
                continue;
            }
            if self.life_ms.is_some_and(|most| line.age_ms() > most) {
                println!("AGED {}", line.asked);
                break;
            }
            match from.read(&mut part) {
                Ok(0) => break,
                Ok(read) => {
                    line.last_ms.store(line.age_ms(), SeqCst);
                    thread::sleep(Duration::from_millis(self.delay_ms.load(SeqCst)));
                    if let Some(double) = &mut double {
                        let _ = double.write_all(&part[..read]);
                    }
                    if to.write_all(&part[..read]).is_err() {
                        break;
                    }
                }
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                    let silent = line.age_ms().saturating_sub(line.last_ms.load(SeqCst));
                    if self.idle_ms.is_some_and(|most| silent > most) {
                        println!("IDLE {}", line.asked);
                        break;
                    }
                }
                Err(_) => break,
            }
            if !outlived && self.idle_ms.is_some_and(|most| line.age_ms() > 3 * most) {
                outlived = true;
                println!("OUTLIVED {}", line.asked);
            }
        }
        // What is closed already needs no closing.
        let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
    }
}

/// A tunnel's two ways together.
struct Line {
    began: Instant,
    last_ms: AtomicU64,
    is_lost: AtomicBool,
    asked: String,
}

impl Line {
    fn age_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// The head of a request, up to its empty line.
fn request(caller: &mut TcpStream) -> io::Result<String> {
    caller.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && head.len() < LONGEST_REQUEST {
        caller.read_exact(&mut byte)?;
        head.extend(byte);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}
