//! The coordinator's calls at a node, each twice, late, or with its reply lost (which is the call made again).

use std::sync::Arc;

use notochord::authority::Authority;
use notochord::home::Home as Office;
use notochord_link::identity::Identity;
use notochord_node::respond::Responder;
use notochord_proto::acceptance::Acceptance;
use notochord_proto::digest::Digest;
use notochord_proto::envelope::Envelope;
use notochord_proto::keys::SecretKey;
use notochord_proto::name::{NetworkName, SiteId};
use notochord_proto::root::{RELEASE_TYPE, ROUND_TYPE};
use notochord_proto::wire::{
    CapabilitiesRequest, CheckpointOffer, ContributeRequest, CosignRequest, Decision, Growth, RecallRequest,
    ReleaseRecord, RemindRequest, RootsRequest, Round, Seat, Step, TestifyRequest, TrustRequest,
};
use prost::Message as _;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use time::{Duration, OffsetDateTime};
use tokio::runtime::Runtime;

use crate::other_release::{OtherRelease, ours};
use crate::stage::{C, Stage};

/// Centre C's node in this process, with a study accepted by all.
struct Bench {
    stage: Stage,
    node: OtherRelease,
    sealed: Vec<u8>,
    coordinator: SecretKey,
}

impl Bench {
    fn set() -> Self {
        let mut stage = Stage::with_a_study();
        let sealed = std::fs::read(stage.network.directory().join("ages.toml.sealed.json")).unwrap();
        stage.end_node(C);
        let node = OtherRelease::of(&stage, ours(), &[]);
        let coordinator = Office::open(&stage.network.coordinator_home()).unwrap().coordinator_key().unwrap();
        Self { stage, node, sealed, coordinator }
    }

    fn node(&self) -> &Arc<Responder> {
        &self.node.responder
    }

    fn news(&self, held: u32) -> TrustRequest {
        let news = Runtime::new().unwrap().block_on(async {
            let (mut desk, _gone) = self.stage.desk().await;
            desk.roots(RootsRequest { held }).await.unwrap().into_inner()
        });
        TrustRequest {
            sealed_roots: news.sealed_roots,
            dictionary: news.dictionary,
            sealed_status: news.sealed_status,
        }
    }

    fn round(&self) -> Round {
        let seat = |label: &str, snapshot: Vec<u8>| Seat {
            site: label.to_lowercase(),
            label: label.into(),
            snapshot,
        };
        let reply = self.node().announce(&self.sealed);
        let acceptance = Envelope::from_json(&reply.sealed_acceptance).unwrap();
        let acceptance: Acceptance = serde_json::from_slice(acceptance.payload_for_reading()).unwrap();
        let step = |analysis: &str| Step { analysis: analysis.into(), ..Step::default() };
        Round {
            network: "reference".into(),
            run: "copies".into(),
            idempotency_key: vec![3; 16],
            study: acceptance.study.as_bytes().to_vec(),
            expires_unix_s: OffsetDateTime::now_utc().unix_timestamp() + 60,
            roster: vec![
                seat("A", vec![1; 32]),
                seat("B", vec![2; 32]),
                seat("C", acceptance.snapshot.as_bytes().to_vec()),
            ],
            steps: vec![step("age"), step("arms")],
            ..Round::default()
        }
    }
}

#[test]
fn capabilities_and_a_farewell_may_come_as_often_as_they_like() {
    let bench = Bench::set();
    let request = CapabilitiesRequest { software: "0.1.0".into(), offered: ours().to_wire() };
    let before = bench.stage.entries(C, "study_received");
    assert_eq!(bench.node().meet(&request), bench.node().meet(&request));
    bench.node().part();
    bench.node().part();
    assert_eq!(bench.stage.entries(C, "study_received"), before);
    assert_eq!(bench.stage.run().0, ["contributed"; 3]);
}

#[test]
fn a_study_that_is_announced_again_is_taken_in_once_and_answered_alike() {
    let bench = Bench::set();
    let first = bench.node().announce(&bench.sealed);
    assert_eq!(first.decision(), Decision::Accepted);
    assert_eq!(bench.node().announce(&bench.sealed), first);
    assert_eq!(bench.stage.entries(C, "study_received"), 1);
}

#[test]
fn a_round_and_its_record_count_once_and_a_late_round_not_at_all() {
    let bench = Bench::set();
    let round = bench.round();
    let sealed = Envelope::seal(ROUND_TYPE, round.encode_to_vec(), &bench.coordinator).to_json();
    let asked = ContributeRequest { sealed_round: sealed.into_bytes(), preceding: None };
    let first = bench.node().contribute(&asked);
    assert!(!first.sealed_answer.is_empty());
    assert_eq!(bench.node().contribute(&asked), first);
    assert_eq!((bench.stage.entries(C, "intent"), bench.stage.entries(C, "released")), (1, 1));

    let record = ReleaseRecord {
        network: round.network.clone(),
        run: round.run.clone(),
        study: round.study.clone(),
        rounds: vec![Digest::of(&round.encode_to_vec()).as_bytes().to_vec()],
        ..Default::default()
    };
    let record = Envelope::seal(RELEASE_TYPE, record.encode_to_vec(), &bench.coordinator).to_json();
    bench.node().close(record.as_bytes());
    bench.node().close(record.as_bytes());
    assert_eq!(bench.stage.entries(C, "run_closed"), 1);
    assert!(bench.node().contribute(&asked).sealed_answer.is_empty(), "it came late");
    assert_eq!(bench.stage.entries(C, "released"), 1);
}

#[test]
fn news_that_come_again_change_nothing_and_late_ones_take_nothing_back() {
    let bench = Bench::set();
    let old = bench.news(0);
    let held = bench.node().hear(&old);
    let heard = bench.stage.entries(C, "status_heard");
    assert_eq!(bench.node().hear(&old), held);
    assert_eq!(bench.stage.entries(C, "status_heard"), heard);

    let key = bench.stage.network.key("investigator").display().to_string();
    bench.stage.network.coordinator_command(["study", "withdraw", "ages", "--key", &key]).unwrap();
    let newer = bench.node().hear(&bench.news(0));
    assert!(newer.status_version > held.status_version);
    let late = bench.node().hear(&old);
    assert_eq!(late.status_version, newer.status_version, "the late list takes nothing back");
}

#[test]
fn a_renewal_may_lose_any_reply_and_a_late_certificate_does_no_harm() {
    let bench = Bench::set();
    let (node, office) = (bench.node(), bench.stage.network.coordinator_home());
    let lost = node.request_certificate().unwrap();
    let request = node.request_certificate().unwrap();
    let office = Office::open(&office).unwrap();
    let certificate = CertificateDer::from_pem_file(office.path("authority.pem")).unwrap();
    let authority = Authority::load(certificate, office.tls_key("keys/authority.key").unwrap()).unwrap();
    let identity = Identity::site(NetworkName::new("reference").unwrap(), SiteId::new("c").unwrap());
    let certified = |request: &[u8]| -> Vec<Vec<u8>> {
        let now = OffsetDateTime::now_utc();
        let chain = authority.certify_for(Duration::DAY, request, &identity, now).unwrap();
        chain.iter().map(|one| one.to_vec()).collect()
    };
    let (late, own) = (certified(&lost), certified(&request));
    assert!(!node.install_certificate(&late), "it is for a key that was given up");
    assert!(node.install_certificate(&own), "the late one did not take this one's place");
    assert!(node.install_certificate(&own), "a second copy is in use already");
    assert!(!node.install_certificate(&late));
    assert_eq!(node.membership().unwrap().certificate(), own[0]);
    assert_eq!(bench.stage.entries(C, "certificate_renewed"), 1);
}

#[test]
fn what_witnesses_are_asked_may_be_asked_again() {
    let bench = Bench::set();
    let node = bench.node();
    let verifier = |home: &std::path::Path| {
        notochord_node::home::Home::open(home).unwrap().checkpoint_key().unwrap().verifier().to_string()
    };
    let shown = || node.testify(&TestifyRequest::default());
    assert_eq!(shown().checkpoint, shown().checkpoint);

    // A ledger's checkpoints, as its own node shows them.
    let (other, log) = (bench.stage.home(0), verifier(bench.stage.home(0)));
    let mut ledger = notochord_node::home::Home::open(other).unwrap().ledger().unwrap();
    let checkpoint = ledger.testify(&[], |_| false).unwrap().checkpoint;
    let offer = |since: u64| CosignRequest {
        offers: vec![CheckpointOffer {
            verifier: log.clone(),
            checkpoint: checkpoint.clone().into(),
            growth: Some(Growth { since, proof: Vec::new() }),
        }],
    };
    let known = RecallRequest { origins: vec![log.split('+').next().unwrap().to_owned()] };
    let first = node.cosign(offer(0)).cosignatures;
    let recalled = node.recall(known.clone()).checkpoints;
    assert_eq!((first[0].is_empty(), recalled.len()), (false, 1));
    assert!(!node.cosign(offer(0)).cosignatures[0].is_empty(), "the reply was lost: it is cosigned again");
    assert_eq!(node.recall(known.clone()).checkpoints, recalled);

    let own = shown().checkpoint;
    let remembered = RemindRequest { checkpoints: vec![own] };
    node.remind(&remembered);
    node.remind(&remembered);
    assert_eq!(bench.stage.run().0, ["contributed"; 3]);
    node.remind(&remembered);
    assert_eq!(bench.stage.entries(C, "witness_refused"), 0);
    assert_eq!(bench.stage.run().0, ["contributed"; 3], "an older memory of its own ledger locks nothing");
}
