//! Callers of the coordinator who are not whom they would like to be taken for.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use notochord::authority::MEMBER_LIFE;
use notochord::home::Home;
use notochord_link::identity::Identity;
use notochord_link::membership::Membership;
use notochord_link::socket::call_over;
use notochord_link::tls::{self, Credentials, client_config, coordinator_server_name, signing_request};
use notochord_proto::digest::Digest;
use notochord_proto::name::SiteId;
use notochord_proto::wire::SitesRequest;
use notochord_proto::wire::network_client::NetworkClient;
use notochord_sandbox::role::Role;
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, Issuer, KeyPair, SanType};
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use time::OffsetDateTime;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio_rustls::TlsConnector;

use crate::attacker::{authority, certifier, network_name};
use crate::stage::{A, Stage, assert_refused, program};

const UNKNOWN_TO_THE_LOG: &str = "a certificate that the enrolment log does not hold was turned away";
const UNKNOWN_TO_TLS: &str = "a caller without a certificate of this network was turned away";

/// The network with centre A's node stopped, so that its place is free.
fn stage_without_a() -> Stage {
    let mut stage = Stage::set();
    stage.kill(A);
    stage
}

/// Whether the coordinator begins to speak as it does to a centre's node: as the HTTP/2 client, which speaks first.
async fn is_taken_for_a_node(mut stream: impl AsyncRead + Unpin) -> bool {
    let mut first = [0; 3];
    stream.read_exact(&mut first).await.is_ok() && first == *b"PRI"
}

/// Calls the coordinator of `stage`; what goes wrong on the way is a refusal too.
fn is_let_in(stage: &Stage, config: Arc<ClientConfig>) -> bool {
    let (address, _) = stage.network.addresses().unwrap();
    Runtime::new().unwrap().block_on(async {
        let socket = TcpStream::connect(address).await.unwrap();
        let name = coordinator_server_name(&network_name()).unwrap();
        match TlsConnector::from(config).connect(name, socket).await {
            Ok(stream) => is_taken_for_a_node(stream).await,
            Err(_) => false,
        }
    })
}

/// A caller who trusts this network's authority and shows this chain.
fn caller(home: &Home, chain: Vec<CertificateDer<'static>>, key: &KeyPair) -> Arc<ClientConfig> {
    client_config(&authority(home), Credentials { chain, key: tls::private_key(key) }).unwrap()
}

/// A caller with a genuine certificate of this network's authority, made at `time`.
fn certified(home: &Home, identity: &Identity, time: OffsetDateTime) -> Arc<ClientConfig> {
    let key = KeyPair::generate().unwrap();
    let chain = certifier(home).certify(&signing_request(&key).unwrap(), identity, time).unwrap();
    caller(home, chain, &key)
}

fn coordinator_home(stage: &Stage) -> Home {
    Home::open(&stage.network.coordinator_home()).unwrap()
}

fn site(id: &str) -> Identity {
    Identity::site(network_name(), SiteId::new(id).unwrap())
}

fn membership(home: &Path) -> Membership {
    Membership::load(&home.join("network")).unwrap()
}

#[test]
fn only_the_certificate_of_the_enrolment_log_is_taken_for_a_centre() {
    let mut stage = stage_without_a();
    let home = coordinator_home(&stage);
    let now = OffsetDateTime::now_utc();

    assert!(!is_let_in(&stage, certified(&home, &site("toronto"), now)), "never enrolled");
    stage.wait_for_the_coordinator_to_say(UNKNOWN_TO_THE_LOG, 1);
    assert!(
        !is_let_in(&stage, certified(&home, &site("a"), now)),
        "a second certificate of an enrolled centre"
    );
    stage.wait_for_the_coordinator_to_say(UNKNOWN_TO_THE_LOG, 2);
    let stranger = Identity::person(network_name(), SiteId::new("a").unwrap());
    assert!(!is_let_in(&stage, certified(&home, &stranger, now)), "a person of a centre's name");
    stage.wait_for_the_coordinator_to_say(UNKNOWN_TO_THE_LOG, 3);
    let elsewhere = "spiffe://other/site/a".parse().unwrap();
    assert!(!is_let_in(&stage, certified(&home, &elsewhere, now)), "a centre of another network");
    stage.wait_for_the_coordinator_to_say("a caller of another network was turned away", 1);
    let old = now - MEMBER_LIFE - time::Duration::days(1);
    assert!(!is_let_in(&stage, certified(&home, &site("a"), old)), "expired");
    stage.wait_for_the_coordinator_to_say(UNKNOWN_TO_TLS, 1);
    assert_eq!(stage.connected(), ["B", "C"]);

    // The centre's own certificate is what is looked for: with it, the same call gets through.
    let own = membership(stage.home(A));
    let taken =
        Runtime::new().unwrap().block_on(async { is_taken_for_a_node(own.dial().await.unwrap()).await });
    assert!(taken);
    stage.network.start_node(A).unwrap();
    stage.network.wait_for_sites(3).unwrap();
    stage.assert_an_honest_run_works();
}

#[test]
fn a_certificate_that_the_network_did_not_issue_or_that_names_two_holders_is_nobodys() {
    let stage = stage_without_a();
    let home = coordinator_home(&stage);
    let name = |uri: &str| SanType::URI(uri.try_into().unwrap());
    let mut parameters = CertificateParams::default();
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    parameters.subject_alt_names = vec![name("spiffe://reference/site/a")];
    let key = KeyPair::generate().unwrap();

    let nobody = tls::enrolment_client_config(Digest::of(&authority(&home))).unwrap();
    assert!(!is_let_in(&stage, nobody), "without a certificate");
    stage.wait_for_the_coordinator_to_say(UNKNOWN_TO_TLS, 1);
    let own_word = parameters.self_signed(&key).unwrap().der().clone();
    assert!(!is_let_in(&stage, caller(&home, vec![own_word.clone()], &key)), "self-signed");
    stage.wait_for_the_coordinator_to_say(UNKNOWN_TO_TLS, 2);
    let in_company = vec![own_word, authority(&home)];
    assert!(!is_let_in(&stage, caller(&home, in_company, &key)), "self-signed, in good company");
    stage.wait_for_the_coordinator_to_say(UNKNOWN_TO_TLS, 3);

    let issuer =
        Issuer::from_ca_cert_der(&authority(&home), home.tls_key("keys/authority.key").unwrap()).unwrap();
    for (count, further) in [
        (1, vec![name("spiffe://reference/site/b")]),
        (2, vec![SanType::DnsName("a.example".try_into().unwrap())]),
    ] {
        let mut two = parameters.clone();
        two.subject_alt_names.extend(further);
        let chain = vec![two.signed_by(&key, &issuer).unwrap().der().clone(), authority(&home)];
        assert!(!is_let_in(&stage, caller(&home, chain, &key)));
        stage.wait_for_the_coordinator_to_say("it carries 2", count);
    }
    // A server's certificate is no member's, whatever name is on it.
    let mut server = parameters.clone();
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let chain = vec![server.signed_by(&key, &issuer).unwrap().der().clone(), authority(&home)];
    assert!(!is_let_in(&stage, caller(&home, chain, &key)), "for a server");
    stage.wait_for_the_coordinator_to_say(UNKNOWN_TO_TLS, 4);
    parameters.subject_alt_names.clear();
    parameters.distinguished_name.push(DnType::CommonName, "spiffe://reference/site/a");
    let nameless = vec![parameters.signed_by(&key, &issuer).unwrap().der().clone(), authority(&home)];
    assert!(!is_let_in(&stage, caller(&home, nameless, &key)));
    stage.wait_for_the_coordinator_to_say("it carries 0", 1);
    assert_eq!(stage.connected(), ["B", "C"]);
}

#[test]
fn a_person_who_is_called_like_a_centre_is_served_as_a_person_and_not_asked_for_contributions() {
    let stage = stage_without_a();
    let member = stage.directory.path().join("member");
    let invitation = stage.network.invite("A", &["--person"]).unwrap();
    let arguments = ["enrol".as_ref(), invitation.as_os_str()];
    assert!(program().command(Role::Coordinator, &member, arguments).unwrap().status.success());
    let sites = Runtime::new().unwrap().block_on(async {
        let stream = Membership::load(&member).unwrap().dial().await.unwrap();
        let (channel, _gone) = call_over(stream).await.unwrap();
        NetworkClient::new(channel).sites(SitesRequest {}).await.unwrap().into_inner().sites
    });
    let connected: Vec<_> = sites.iter().map(|site| (site.label.as_str(), site.connected)).collect();
    assert_eq!(connected, [("A", false), ("B", true), ("C", true)]);
}

#[test]
fn a_centre_of_another_network_is_let_in_by_neither_side_though_both_have_one_name() {
    let (mut stage, other) = (stage_without_a(), Stage::without_centres());
    let before = stage.ledger(stage.home(A)).len();
    let own = stage.home(A).join("network/member.toml");
    let text = fs::read_to_string(&own).unwrap();
    let (there, _) = other.network.addresses().unwrap();
    let (here, _) = stage.network.addresses().unwrap();
    fs::write(&own, text.replace(&here, &there)).unwrap();

    // The node does not take that coordinator for its own, and writes it down once, however often it tries.
    stage.network.start_node(A).unwrap();
    stage.wait_for_the_node_to_say(
        A,
        "is not the network's coordinator: its certificate is of another authority",
        3,
    );
    let written = stage.ledger(stage.home(A)).split_off(before);
    assert_refused(&written, "link_refused", "its certificate is of another authority");
    stage.network.kill_node(A).unwrap();
    let turned_away = other.network.coordinator_log().matches(UNKNOWN_TO_TLS).count();

    // Nor does that coordinator take the node for one of its centres, were the node to trust it.
    let chain = chain_of(stage.home(A));
    let key = tls::read_key(&stage.home(A).join("network/tls.key")).unwrap();
    assert!(!is_let_in(&other, caller(&coordinator_home(&other), chain, &key)));
    other.wait_for_the_coordinator_to_say(UNKNOWN_TO_TLS, turned_away + 1);

    fs::write(&own, text).unwrap();
    stage.network.start_node(A).unwrap();
    stage.network.wait_for_sites(3).unwrap();
    stage.assert_an_honest_run_works();
}

/// The chain that a centre's node shows.
fn chain_of(home: &Path) -> Vec<CertificateDer<'static>> {
    let file = home.join("network/certificate.pem");
    CertificateDer::pem_file_iter(file).unwrap().map(Result::unwrap).collect()
}

/// Whether somebody who calls as a person is served: whether a question is answered.
fn is_served(stage: &Stage, config: Arc<ClientConfig>) -> bool {
    let (address, _) = stage.network.addresses().unwrap();
    Runtime::new().unwrap().block_on(async {
        let socket = TcpStream::connect(address).await.unwrap();
        let name = coordinator_server_name(&network_name()).unwrap();
        let Ok(stream) = TlsConnector::from(config).connect(name, socket).await else { return false };
        let Ok((channel, _gone)) = call_over(stream).await else { return false };
        NetworkClient::new(channel).sites(SitesRequest {}).await.is_ok()
    })
}

#[test]
fn a_persons_certificate_with_two_names_none_the_wrong_purpose_or_another_authority_is_nobodys() {
    let stage = stage_without_a();
    let home = coordinator_home(&stage);
    let member = stage.directory.path().join("member");
    let invitation = stage.network.invite("A. Investigator", &["--person"]).unwrap();
    let arguments = ["enrol".as_ref(), invitation.as_os_str()];
    assert!(program().command(Role::Coordinator, &member, arguments).unwrap().status.success());
    let own = || {
        let chain = CertificateDer::pem_file_iter(member.join("certificate.pem")).unwrap();
        let key = tls::read_key(&member.join("tls.key")).unwrap();
        caller(&home, chain.map(Result::unwrap).collect(), &key)
    };
    assert!(is_served(&stage, own()), "with the certificate that the enrolment log holds");

    const PERSON: &str = "spiffe://reference/person/a-investigator";
    let name = |uri: &str| SanType::URI(uri.try_into().unwrap());
    let key = KeyPair::generate().unwrap();
    let issuer =
        Issuer::from_ca_cert_der(&authority(&home), home.tls_key("keys/authority.key").unwrap()).unwrap();
    let certified = |names: &[&str], purpose: ExtendedKeyUsagePurpose, common_name: &str| {
        let mut parameters = CertificateParams::default();
        parameters.extended_key_usages = vec![purpose];
        parameters.subject_alt_names = names.iter().map(|one| name(one)).collect();
        parameters.distinguished_name.push(DnType::CommonName, common_name);
        let chain = vec![parameters.signed_by(&key, &issuer).unwrap().der().clone(), authority(&home)];
        caller(&home, chain, &key)
    };
    use ExtendedKeyUsagePurpose::{ClientAuth, ServerAuth};
    let two = [PERSON, "spiffe://reference/person/coordinator"];
    assert!(!is_served(&stage, certified(&two, ClientAuth, "")), "two names");
    stage.wait_for_the_coordinator_to_say("it carries 2", 1);
    assert!(!is_served(&stage, certified(&[], ClientAuth, PERSON)), "a common name only");
    stage.wait_for_the_coordinator_to_say("it carries 0", 1);
    assert!(!is_served(&stage, certified(&[PERSON], ServerAuth, "")), "for a server");
    stage.wait_for_the_coordinator_to_say(UNKNOWN_TO_TLS, 1);
    assert!(!is_served(&stage, certified(&[PERSON], ClientAuth, "")), "another one than was issued");
    stage.wait_for_the_coordinator_to_say(UNKNOWN_TO_THE_LOG, 1);
    let other = notochord::authority::Authority::create(
        &network_name(),
        KeyPair::generate().unwrap(),
        OffsetDateTime::now_utc(),
    )
    .unwrap();
    let person = PERSON.parse().unwrap();
    let chain = other.certify(&signing_request(&key).unwrap(), &person, OffsetDateTime::now_utc()).unwrap();
    assert!(!is_served(&stage, caller(&home, chain, &key)), "of another authority");
    stage.wait_for_the_coordinator_to_say(UNKNOWN_TO_TLS, 2);
}
