//! A firewall that inspects TLS: it answers in the coordinator's place with a certificate of its own authority.

use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use notochord_sandbox::network::NetworkError;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection};

use crate::middlebox::Middlebox;
use crate::stage::{BEHIND, Stage, write_link};

/// Shows everybody a certificate for whatever name they ask for, issued by the hospital; returns its address.
pub(crate) fn firewall() -> String {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.distinguished_name.push(DnType::OrganizationName, "Example Hospital");
    authority.distinguished_name.push(DnType::CommonName, "TLS Inspection");
    let issuer = Issuer::new(authority, KeyPair::generate().unwrap());
    let key = KeyPair::generate().unwrap();
    let names = ["coordinator.reference.notochord.internal".to_owned()];
    let shown = CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![shown.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .unwrap();
    let (config, listener) = (Arc::new(config), TcpListener::bind("127.0.0.1:0").unwrap());
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for mut socket in listener.incoming().take(64).flatten() {
            let mut connection = ServerConnection::new(config.clone()).unwrap();
            // The node hangs up.
            let _ = connection.complete_io(&mut socket);
        }
    });
    address
}

#[test]
fn an_inspecting_firewall_is_named_with_its_issuer_and_what_to_ask_for() {
    let stage = Stage::empty();
    let (listen, enrol) = stage.network.addresses().unwrap();
    let firewall = firewall();
    let leads = [format!("{listen}={firewall}"), format!("{enrol}={firewall}")];
    let inspecting = Middlebox::start(&["--lead", &leads[0], "--lead", &leads[1]]);
    let invitation = stage.network.invite("Centre 1", &[]).unwrap();
    let home = stage.directory.path().join("node");
    stage.network.node_command(&home, ["init"]).unwrap();
    write_link(&home, &inspecting, "");
    let enrolled = stage.network.node_command(&home, ["enrol".as_ref(), invitation.as_os_str()]);
    let Err(NetworkError::Command { code: 3, message }) = enrolled else { panic!("{enrolled:?}") };
    for part in
        ["O=Example Hospital", "CN=TLS Inspection", &format!("ask IT to exempt {enrol} from inspection")]
    {
        assert!(message.contains(part), "{message}");
    }
    std::fs::remove_file(home.join("link.toml")).unwrap();
    stage.network.node_command(&home, ["enrol".as_ref(), invitation.as_os_str()]).unwrap();
}

#[test]
fn a_link_that_is_inspected_from_now_on_is_named_in_the_log_and_the_ledger() {
    let straight = Middlebox::start(&[]);
    let mut stage = Stage::behind(&straight, "");
    let (listen, _) = stage.network.addresses().unwrap();
    let inspecting = Middlebox::start(&["--lead", &format!("{listen}={}", firewall())]);
    stage.network.kill_node(BEHIND).unwrap();
    write_link(stage.home(), &inspecting, "");
    stage.network.start_node(BEHIND).unwrap();
    stage.wait_for_log(&format!("ask IT to exempt {listen} from inspection"), 1);
    let shown = stage.network.node_command(stage.home(), ["ledger", "show", "--last", "1"]).unwrap();
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.contains("its certificate is of another authority"), "{shown}");
    assert!(!shown.contains("Inspection"), "the ledger holds none of the other side's words: {shown}");
}
