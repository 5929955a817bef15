//! Servers at the coordinator's address that are not the coordinator, and callers of a node that listens.

use std::fs;
use std::sync::Arc;

use notochord::authority::Authority;
use notochord::home::Home;
use notochord_link::tls::{self, Credentials, coordinator_name};
use notochord_sandbox::process::wait_for;
use notochord_sandbox::role::Role;
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, Issuer, KeyPair, SanType};
use rustls::ServerConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use time::{Duration, OffsetDateTime};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;

use crate::attacker::{authority, certifier, coordinator_credentials, network_name};
use crate::stage::{A, C, Entry, PATIENCE, Stage, assert_refused, program};

/// What is shown in the coordinator's place, and what the node writes down about it.
struct Impostor {
    shows: Credentials,
    reason: &'static str,
}

/// Everybody who has some certificate, but not the coordinator's.
fn impostors(stage: &Stage) -> Vec<Impostor> {
    let home = Home::open(&stage.network.coordinator_home()).unwrap();
    let (now, key) = (OffsetDateTime::now_utc(), || KeyPair::generate().unwrap());
    let own_key = key();
    let mut own_word = CertificateParams::new([coordinator_name(&network_name())]).unwrap();
    own_word.not_after = now + Duration::days(1);
    let own_word = own_word.self_signed(&own_key).unwrap().der().clone();
    let other_authority = Authority::create(&network_name(), key(), now).unwrap();
    let other_network = "other".parse().unwrap();
    let old = now - Duration::days(365);
    let of_centre_c = stage.home(C).join("network");
    let centres_chain = CertificateDer::pem_file_iter(of_centre_c.join("certificate.pem")).unwrap();
    let centres_key = tls::read_key(&of_centre_c.join("tls.key")).unwrap();
    // Under the right authority, but for a member's purpose, and with the name where nobody looks.
    let issuer =
        Issuer::from_ca_cert_der(&authority(&home), home.tls_key("keys/authority.key").unwrap()).unwrap();
    let certified = |change: &dyn Fn(&mut CertificateParams)| {
        let (own, mut parameters) = (key(), CertificateParams::default());
        parameters.not_after = now + Duration::days(1);
        change(&mut parameters);
        let chain = vec![parameters.signed_by(&own, &issuer).unwrap().der().clone(), authority(&home)];
        Credentials { chain, key: tls::private_key(&own) }
    };
    let name = coordinator_name(&network_name());
    let for_clients = certified(&|parameters| {
        parameters.subject_alt_names = vec![SanType::DnsName(name.as_str().try_into().unwrap())];
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    });
    let common_name_only = certified(&|parameters| {
        parameters.distinguished_name.push(DnType::CommonName, name.as_str());
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    });
    vec![
        Impostor { shows: for_clients, reason: "its certificate does not hold" },
        Impostor { shows: common_name_only, reason: "its certificate is for another name" },
        Impostor {
            shows: Credentials { chain: vec![own_word, authority(&home)], key: tls::private_key(&own_key) },
            reason: "its certificate is of another authority",
        },
        Impostor {
            shows: other_authority.server(&network_name(), &key(), now).unwrap(),
            reason: "its certificate is of another authority",
        },
        Impostor {
            shows: certifier(&home).server(&other_network, &key(), now).unwrap(),
            reason: "its certificate is for another name",
        },
        Impostor {
            shows: certifier(&home).server(&network_name(), &key(), old).unwrap(),
            reason: "its certificate has expired",
        },
        Impostor {
            shows: Credentials {
                chain: centres_chain.map(Result::unwrap).collect(),
                key: tls::private_key(&centres_key),
            },
            reason: "its certificate does not hold",
        },
    ]
}

fn server(stage: &Stage, shows: Credentials) -> Arc<ServerConfig> {
    let home = Home::open(&stage.network.coordinator_home()).unwrap();
    tls::server_config(&authority(&home), shows).unwrap()
}

#[test]
fn a_node_serves_nobody_at_the_coordinators_address_but_the_coordinator() {
    let mut stage = Stage::set();
    let impostors = impostors(&stage);
    let (address, _) = stage.network.addresses().unwrap();
    stage.network.kill_coordinator().unwrap();
    let ledgers = || (0..3).map(|centre| stage.ledger(stage.home(centre)));
    let before: Vec<usize> = ledgers().map(|ledger| ledger.len()).collect();
    let written = || -> Vec<Entry> {
        ledgers().zip(&before).flat_map(|(mut ledger, before)| ledger.split_off(*before)).collect()
    };
    let runtime = Runtime::new().unwrap();
    let listener = runtime.block_on(TcpListener::bind(&address)).unwrap();
    for Impostor { shows, reason } in impostors {
        let acceptor = TlsAcceptor::from(server(&stage, shows));
        let served = runtime.block_on(async {
            let (socket, _) = listener.accept().await.unwrap();
            acceptor.accept(socket).await.is_ok()
        });
        assert!(!served, "{reason}");
        // It was one of the three nodes that called.
        let found = || written().iter().any(|entry| entry.reason == reason);
        wait_for(PATIENCE, || found().then_some(()))
            .unwrap_or_else(|| panic!("no `{reason}` in {:#?}", written()));
    }
    let written = written();
    assert!(written.iter().all(|entry| entry.kind == "link_refused"), "{written:#?}");
    drop(listener);
    stage.network.start_coordinator().unwrap();
    stage.network.wait_for_sites(3).unwrap();
    stage.assert_an_honest_run_works();
}

#[test]
fn a_node_that_listens_serves_no_caller_but_the_coordinator() {
    let mut stage = Stage::set();
    let impostors = impostors(&stage);
    let genuine = coordinator_credentials(&Home::open(&stage.network.coordinator_home()).unwrap());
    stage.network.kill_node(A).unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let log = stage.directory.path().join("listening.log");
    let _listening = program().serve(Role::Node, stage.home(A), ["--listen", &free], &log).unwrap();
    let runtime = Runtime::new().unwrap();
    let call = |shows: Credentials| {
        let socket = wait_for(PATIENCE, || runtime.block_on(TcpStream::connect(&free)).ok()).unwrap();
        runtime.block_on(TlsAcceptor::from(server(&stage, shows)).accept(socket)).is_ok()
    };
    let mut known = Vec::new();
    for Impostor { shows, reason } in impostors {
        let (served, written) = stage.written_during(A, || {
            let before =
                fs::read_to_string(&log).unwrap_or_default().matches("is not the coordinator").count();
            let served = call(shows);
            let noted =
                || fs::read_to_string(&log).unwrap().matches("is not the coordinator").count() > before;
            wait_for(PATIENCE, || noted().then_some(())).unwrap();
            served
        });
        assert!(!served, "{reason}");
        // A reason is written down once; a stranger who comes again does not fill the ledger.
        match known.contains(&reason) {
            true => assert_eq!(written, []),
            false => assert_refused(&written, "link_refused", reason),
        }
        known.push(reason);
    }
    assert!(call(genuine));
}

#[test]
fn a_persons_command_speaks_to_nobody_but_the_coordinator() {
    let mut stage = Stage::set();
    let member = stage.directory.path().join("member");
    let invitation = stage.network.invite("A. Investigator", &["--person"]).unwrap();
    let enrol = ["enrol".as_ref(), invitation.as_os_str()];
    assert!(program().command(Role::Coordinator, &member, enrol).unwrap().status.success());
    let impostors = impostors(&stage);
    let (address, _) = stage.network.addresses().unwrap();
    (0..3).for_each(|centre| stage.network.kill_node(centre).unwrap());
    stage.network.kill_coordinator().unwrap();
    let runtime = Runtime::new().unwrap();
    let listener = runtime.block_on(TcpListener::bind(&address)).unwrap();
    for Impostor { shows, reason } in impostors {
        let acceptor = TlsAcceptor::from(server(&stage, shows));
        let said = std::thread::scope(|scope| {
            let commanding = scope.spawn(|| program().command(Role::Coordinator, &member, ["study", "list"]));
            let served = runtime.block_on(async {
                let (socket, _) = listener.accept().await.unwrap();
                acceptor.accept(socket).await.is_ok()
            });
            assert!(!served, "{reason}");
            commanding.join().unwrap().unwrap()
        });
        assert_eq!(said.status.code(), Some(3), "{reason}");
        let said = String::from_utf8_lossy(&said.stderr).into_owned();
        assert!(said.contains("is not the network's coordinator: its certificate"), "{said}");
    }
}
