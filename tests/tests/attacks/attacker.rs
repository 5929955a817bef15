//! Whoever has taken the coordinator's place: with every key of its directory, at its address.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use notochord::authority::Authority;
use notochord::home::Home;
use notochord_link::identity::{Holder, Identity};
use notochord_link::socket::call_over;
use notochord_link::tls::{self, Credentials};
use notochord_proto::acceptance::Acceptance;
use notochord_proto::digest::Digest;
use notochord_proto::envelope::Envelope;
use notochord_proto::keys::SecretKey;
use notochord_proto::name::NetworkName;
use notochord_proto::root::{RELEASE_TYPE, ROUND_TYPE};
use notochord_proto::wire::node_client::NodeClient;
use notochord_proto::wire::{
    AnnounceReply, AnnounceRequest, ContributeReply, ContributeRequest, DeliverRequest, ReleaseRecord, Round,
    Seat, Step, TrustReply, TrustRequest,
};
use notochord_sandbox::process::wait_for;
use prost::Message as _;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use time::OffsetDateTime;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;
use tonic::transport::Channel;
use zeroize::Zeroizing;

use crate::stage::{PATIENCE, Stage};

/// The centres' links, by their ids.
type Links = Arc<Mutex<BTreeMap<String, NodeClient<Channel>>>>;

pub(crate) struct Attacker {
    runtime: Runtime,
    links: Links,
    pub(crate) roster: Vec<Seat>,
    study: Digest,
    rounds: AtomicU64,
    pub(crate) coordinator: SecretKey,
}

impl Attacker {
    /// Ends the coordinator, and waits at its address until all three centres have come.
    pub(crate) fn in_place_of_the_coordinator(stage: &mut Stage) -> Self {
        let (address, _) = stage.network.addresses().unwrap();
        let home = Home::open(&stage.network.coordinator_home()).unwrap();
        stage.network.kill_coordinator().unwrap();
        let runtime = Runtime::new().unwrap();
        let links = Links::default();
        runtime.spawn(welcome(address, coordinator_credentials(&home), authority(&home), links.clone()));
        let mut attacker = Self {
            runtime,
            links,
            roster: Vec::new(),
            study: Envelope::from_json(&stage.accepted_study()).unwrap().payload_digest(),
            rounds: AtomicU64::new(0),
            coordinator: home.coordinator_key().unwrap(),
        };
        let roster = ["A", "B", "C"].map(|label| attacker.seat(label, &stage.accepted_study()));
        attacker.roster = roster.into();
        attacker
    }

    /// A centre's seat: its acceptance says from which snapshot it answers.
    fn seat(&self, label: &str, study: &[u8]) -> Seat {
        let site = label.to_lowercase();
        let reply = self.announce(&site, study.to_vec());
        let acceptance = Envelope::from_json(&reply.sealed_acceptance).unwrap();
        let acceptance: Acceptance = serde_json::from_slice(acceptance.payload_for_reading()).unwrap();
        Seat { site, label: label.to_owned(), snapshot: acceptance.snapshot.as_bytes().to_vec() }
    }

    fn node(&self, site: &str) -> NodeClient<Channel> {
        wait_for(PATIENCE, || self.links.lock().unwrap().get(site).cloned()).expect("the node to come")
    }

    /// Forgets the link of a node that was killed.
    pub(crate) fn forget(&self, site: &str) {
        self.links.lock().unwrap().remove(site);
    }

    pub(crate) fn announce(&self, site: &str, sealed_study: Vec<u8>) -> AnnounceReply {
        let mut node = self.node(site);
        self.runtime.block_on(node.announce(AnnounceRequest { sealed_study })).unwrap().into_inner()
    }

    pub(crate) fn contribute(&self, site: &str, sealed_round: Vec<u8>) -> ContributeReply {
        let mut node = self.node(site);
        let asked = ContributeRequest { sealed_round, preceding: None };
        self.runtime.block_on(node.contribute(asked)).unwrap().into_inner()
    }

    /// A later round, with what it builds upon.
    pub(crate) fn contribute_later(&self, site: &str, asked: ContributeRequest) -> ContributeReply {
        let mut node = self.node(site);
        self.runtime.block_on(node.contribute(asked)).unwrap().into_inner()
    }

    /// The same round, asked so many times at once.
    pub(crate) fn contribute_at_once(&self, site: &str, sealed: &[u8], times: usize) -> Vec<ContributeReply> {
        let node = self.node(site);
        let asked: Vec<_> = (0..times)
            .map(|_| {
                let mut node = node.clone();
                let asked = ContributeRequest { sealed_round: sealed.to_vec(), preceding: None };
                self.runtime.spawn(async move { node.contribute(asked).await })
            })
            .collect();
        asked.into_iter().map(|one| self.runtime.block_on(one).unwrap().unwrap().into_inner()).collect()
    }

    /// Hands over the record that a round's run is over.
    pub(crate) fn deliver(&self, site: &str, round: &Round, key: &SecretKey) {
        let record = ReleaseRecord {
            network: round.network.clone(),
            run: round.run.clone(),
            study: round.study.clone(),
            rounds: vec![Digest::of(&round.encode_to_vec()).as_bytes().to_vec()],
            ..Default::default()
        };
        let sealed_record = Envelope::seal(RELEASE_TYPE, record.encode_to_vec(), key).to_json().into_bytes();
        let mut node = self.node(site);
        self.runtime.block_on(node.deliver(DeliverRequest { sealed_record })).unwrap();
    }

    /// Brings root documents and a status list.
    pub(crate) fn bring(&self, site: &str, sent: TrustRequest) -> TrustReply {
        let mut node = self.node(site);
        self.runtime.block_on(node.trust(sent)).unwrap().into_inner()
    }

    /// A round in which nothing is wrong, of a run of its own.
    pub(crate) fn round(&self) -> Round {
        let number = self.rounds.fetch_add(1, Ordering::Relaxed);
        Round {
            network: "reference".into(),
            run: format!("attack-{number}"),
            idempotency_key: u128::from(number).to_le_bytes().to_vec(),
            study: self.study.as_bytes().to_vec(),
            expires_unix_s: OffsetDateTime::now_utc().unix_timestamp() + 60,
            roster: self.roster.clone(),
            steps: ["age", "arms"].map(first_step).into(),
            ..Default::default()
        }
    }

    /// A round as the coordinator seals it.
    pub(crate) fn seal(&self, round: &Round) -> Vec<u8> {
        Envelope::seal(ROUND_TYPE, round.encode_to_vec(), &self.coordinator).to_json().into_bytes()
    }

    /// The node still answers what it should, which also tells that an attack failed for its own reason.
    pub(crate) fn assert_answers_an_honest_round(&self, stage: &Stage, centre: usize, site: &str) {
        let sealed = self.seal(&self.round());
        let (reply, written) = stage.written_during(centre, || self.contribute(site, sealed));
        assert!(!reply.sealed_answer.is_empty(), "{written:?}");
        let kinds: Vec<_> = written.iter().map(|entry| entry.kind.as_str()).collect();
        assert_eq!(kinds, ["intent", "released"]);
    }

    /// Gives the address back, and starts the real coordinator there.
    pub(crate) fn give_way(self, stage: &mut Stage) {
        drop(self);
        stage.network.start_coordinator().unwrap();
        stage.network.wait_for_sites(3).unwrap();
    }
}

/// The first step of an analysis.
pub(crate) fn first_step(analysis: &str) -> Step {
    Step { analysis: analysis.into(), ..Default::default() }
}

/// Takes every caller's connection for the link of the site that its certificate names.
async fn welcome(address: String, own: Credentials, authority: CertificateDer<'static>, links: Links) {
    let acceptor = TlsAcceptor::from(tls::server_config(&authority, own).unwrap());
    let listener = TcpListener::bind(address).await.unwrap();
    loop {
        let (socket, _) = listener.accept().await.unwrap();
        // A node that is killed in its handshake comes again.
        let Ok(stream) = acceptor.accept(socket).await else { continue };
        let identity = Identity::of_certificate(&stream.get_ref().1.peer_certificates().unwrap()[0]).unwrap();
        let Holder::Site(site) = identity.holder else { panic!("{identity} is no site") };
        let (channel, _) = call_over(stream).await.unwrap();
        links.lock().unwrap().insert(site.to_string(), NodeClient::new(channel));
    }
}

/// The certificate authority of a coordinator's directory.
pub(crate) fn authority(home: &Home) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(home.path("authority.pem")).unwrap()
}

/// The right to certify whomever one likes.
pub(crate) fn certifier(home: &Home) -> Authority {
    Authority::load(authority(home), home.tls_key("keys/authority.key").unwrap()).unwrap()
}

/// What the coordinator's server proves itself with.
pub(crate) fn coordinator_credentials(home: &Home) -> Credentials {
    let key = rcgen::KeyPair::generate().unwrap();
    certifier(home).server(&network_name(), &key, OffsetDateTime::now_utc()).unwrap()
}

pub(crate) fn network_name() -> NetworkName {
    NetworkName::new("reference").unwrap()
}

/// The key in a file of the harness.
pub(crate) fn key(file: &Path) -> SecretKey {
    SecretKey::from_file_text(&fs::read_to_string(file).unwrap()).unwrap()
}

/// A key that nobody in the network knows.
pub(crate) fn strangers_key() -> SecretKey {
    SecretKey::from_seed(&Zeroizing::new([66; 32]))
}
