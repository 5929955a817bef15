//! Ways to the coordinator that need no rights on this machine: IPv6, and a proxy within TLS that the hospital's
//! own authority has certified.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use notochord_sandbox::network::NetworkError;
use notochord_sandbox::role::Role;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection};

use crate::middlebox::Middlebox;
use crate::stage::{BEHIND, Stage, program, skipped};

#[test]
fn a_network_works_over_ipv6_alone() {
    if TcpListener::bind("[::1]:0").is_err() {
        skipped("this machine has no IPv6");
        return;
    }
    let mut stage = Stage::empty();
    stage.move_coordinator("= \"127.0.0.1:", "= \"[::1]:");
    let (listen, _) = stage.network.addresses().unwrap();
    assert!(listen.starts_with("[::1]:"), "{listen}");
    stage.populate(3, 1, |_: &Path| ());
    assert!(
        stage.network.node_log(BEHIND).contains("coordinator=[::1]:"),
        "{}",
        stage.network.node_log(BEHIND)
    );
    assert_eq!(stage.run(), ["contributed"; 3]);
}

/// Speaks TLS in front of a proxy, certified by an authority whose certificate it writes into the file; its address.
fn within_tls(proxy: &Middlebox, authority_file: &Path) -> String {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.distinguished_name.push(DnType::CommonName, "Hospital Proxies");
    let authority_key = KeyPair::generate().unwrap();
    std::fs::write(authority_file, authority.self_signed(&authority_key).unwrap().pem()).unwrap();
    let issuer = Issuer::new(authority, authority_key);
    let key = KeyPair::generate().unwrap();
    let shown = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![shown.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .unwrap();
    let (config, listener) = (Arc::new(config), TcpListener::bind("127.0.0.1:0").unwrap());
    let (address, behind) = (listener.local_addr().unwrap().to_string(), proxy.address.clone());
    thread::spawn(move || {
        for socket in listener.incoming().take(64).flatten() {
            let (config, behind) = (config.clone(), behind.clone());
            // A caller that does not trust it hangs up, and so may either end.
            thread::spawn(move || carry(ServerConnection::new(config).unwrap(), socket, &behind));
        }
    });
    address
}

/// Carries what comes within TLS on, and what comes back, until either end is closed.
fn carry(mut tls: ServerConnection, mut caller: TcpStream, behind: &str) -> std::io::Result<()> {
    tls.complete_io(&mut caller)?;
    let mut proxy = TcpStream::connect(behind)?;
    for socket in [&caller, &proxy] {
        socket.set_read_timeout(Some(Duration::from_millis(5)))?;
    }
    let is_silence = |error: &std::io::Error| {
        matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)
    };
    let mut part = [0; 16 << 10];
    loop {
        match rustls::Stream::new(&mut tls, &mut caller).read(&mut part) {
            Ok(0) => break,
            Ok(read) => proxy.write_all(&part[..read])?,
            Err(error) if is_silence(&error) => {}
            Err(error) => return Err(error),
        }
        match proxy.read(&mut part) {
            Ok(0) => break,
            Ok(read) => rustls::Stream::new(&mut tls, &mut caller).write_all(&part[..read])?,
            Err(error) if is_silence(&error) => {}
            Err(error) => return Err(error),
        }
    }
    caller.shutdown(Shutdown::Both)
}

#[test]
fn a_proxy_within_tls_is_trusted_by_the_file_that_the_settings_name_and_by_no_other() {
    let proxy = Middlebox::start(&[]);
    let mut stage = Stage::empty();
    let files = ["right.pem", "wrong.pem"].map(|name| stage.directory.path().join(name));
    let [address, _] = [&files[0], &files[1]].map(|file| within_tls(&proxy, file));
    let settings =
        |file: &Path| format!("proxy = \"https://{address}\"\nproxy_authorities = \"{}\"\n", file.display());
    let invitation = stage.network.invite("Centre 9", &[]).unwrap();
    let home = stage.directory.path().join("node");
    stage.network.node_command(&home, ["init"]).unwrap();
    std::fs::write(home.join("link.toml"), settings(&files[1])).unwrap();
    let enrolled = stage.network.node_command(&home, ["enrol".as_ref(), invitation.as_os_str()]);
    let Err(NetworkError::Command { code: 1, message }) = enrolled else { panic!("{enrolled:?}") };
    assert!(message.contains("does not prove itself: its certificate is of another authority"), "{message}");
    let option = ["doctor", "--invitation", invitation.to_str().unwrap()];
    let examined = program().command(Role::Node, &home, option).unwrap();
    let examined = String::from_utf8_lossy(&examined.stdout).into_owned();
    let failed = examined.lines().find(|line| line.starts_with("failed")).unwrap();
    assert!(
        failed.contains("connection") && failed.contains("issued by `CN=Hospital Proxies`"),
        "{examined}"
    );
    assert_eq!(proxy.count("CONNECT"), 0);
    stage.populate(3, 1, |home| std::fs::write(home.join("link.toml"), settings(&files[0])).unwrap());
    assert_eq!(stage.run(), ["contributed"; 3]);
    let (listen, _) = stage.network.addresses().unwrap();
    assert!(proxy.count(&format!("CONNECT {listen} 200")) > 0);
}
