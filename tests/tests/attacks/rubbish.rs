//! A centre's node that has turned against the network: with the centre's own keys and certificate, it answers what
//! is no answer.

use std::fs;
use std::sync::{Arc, Mutex};

use notochord_link::socket::{MOST_MESSAGE_BYTES, serve_on, server};
use notochord_node::centre::Centre;
use notochord_node::home::Home;
use notochord_node::respond::Responder;
use notochord_proto::acceptance::ACCEPTANCE_TYPE;
use notochord_proto::envelope::Envelope;
use notochord_proto::keys::SecretKey;
use notochord_proto::root::{ANSWER_TYPE, ROUND_TYPE};
use notochord_proto::wire::node_server::{Node, NodeServer};
use notochord_proto::wire::{
    AnnounceReply, AnnounceRequest, Answer, CapabilitiesReply, CapabilitiesRequest, ContributeReply,
    ContributeRequest, Contribution, CosignReply, CosignRequest, DeliverReply, DeliverRequest, FarewellReply,
    FarewellRequest, HealthReply, HealthRequest, InstallCertificateReply, InstallCertificateRequest,
    RecallReply, RecallRequest, RemindReply, RemindRequest, RequestCertificateReply,
    RequestCertificateRequest, TestifyReply, TestifyRequest, TrustReply, TrustRequest,
};
use prost::Message as _;
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio::runtime::Runtime;
use tonic::{Request, Response, Status};

use crate::attacker::{key, strangers_key};
use crate::stage::{A, C, Stage, statuses};

/// What is done to the sealed answer that the centre would have given.
type Lie = Box<dyn Fn(Vec<u8>) -> Result<Vec<u8>, Status> + Send>;
/// What is done to the decision that the centre would have told.
type Claim = fn(AnnounceReply) -> AnnounceReply;

/// The node of a centre that knows the truth and says something else.
#[derive(Clone)]
struct Liar {
    responder: Arc<Responder>,
    lie: Arc<Mutex<Lie>>,
    claim: Arc<Mutex<Claim>>,
}

#[tonic::async_trait]
impl Node for Liar {
    async fn capabilities(
        &self,
        request: Request<CapabilitiesRequest>,
    ) -> Result<Response<CapabilitiesReply>, Status> {
        Ok(Response::new(self.responder.meet(&request.into_inner())))
    }

    async fn farewell(&self, _: Request<FarewellRequest>) -> Result<Response<FarewellReply>, Status> {
        Ok(Response::new(FarewellReply {}))
    }

    async fn announce(&self, request: Request<AnnounceRequest>) -> Result<Response<AnnounceReply>, Status> {
        let honest = self.responder.announce(&request.into_inner().sealed_study);
        Ok(Response::new((self.claim.lock().unwrap())(honest)))
    }

    async fn contribute(
        &self,
        request: Request<ContributeRequest>,
    ) -> Result<Response<ContributeReply>, Status> {
        let honest = self.responder.contribute(&request.into_inner());
        let sealed_answer = (self.lie.lock().unwrap())(honest.sealed_answer)?;
        Ok(Response::new(ContributeReply { sealed_answer }))
    }

    async fn deliver(&self, _: Request<DeliverRequest>) -> Result<Response<DeliverReply>, Status> {
        Ok(Response::new(DeliverReply {}))
    }

    async fn trust(&self, request: Request<TrustRequest>) -> Result<Response<TrustReply>, Status> {
        Ok(Response::new(self.responder.hear(&request.into_inner())))
    }

    async fn request_certificate(
        &self,
        _: Request<RequestCertificateRequest>,
    ) -> Result<Response<RequestCertificateReply>, Status> {
        Ok(Response::new(RequestCertificateReply { request: b"no request".to_vec() }))
    }

    async fn install_certificate(
        &self,
        _: Request<InstallCertificateRequest>,
    ) -> Result<Response<InstallCertificateReply>, Status> {
        Ok(Response::new(InstallCertificateReply { installed: true }))
    }

    async fn health(&self, _: Request<HealthRequest>) -> Result<Response<HealthReply>, Status> {
        Ok(Response::new(HealthReply {}))
    }

    async fn testify(&self, _: Request<TestifyRequest>) -> Result<Response<TestifyReply>, Status> {
        Err(Status::unimplemented("as nodes of the version before witnesses say"))
    }

    async fn recall(&self, _: Request<RecallRequest>) -> Result<Response<RecallReply>, Status> {
        Err(Status::unimplemented("as nodes of the version before witnesses say"))
    }

    async fn cosign(&self, _: Request<CosignRequest>) -> Result<Response<CosignReply>, Status> {
        Err(Status::unimplemented("as nodes of the version before witnesses say"))
    }

    async fn remind(&self, _: Request<RemindRequest>) -> Result<Response<RemindReply>, Status> {
        Err(Status::unimplemented("as nodes of the version before witnesses say"))
    }
}

/// A network in which centre C lies.
struct Theatre {
    stage: Stage,
    liar: Liar,
    key: Arc<SecretKey>,
    /// What A and B say without C.
    truth: Value,
    _runtime: Runtime,
}

impl Theatre {
    fn set() -> Self {
        let mut stage = Stage::throw_away();
        stage.kill(C);
        let without = stage.run(&["--deadline", "1s"]);
        assert_eq!(statuses(&without), ["contributed", "contributed", "unreachable"]);

        let home = Home::open(stage.home(C)).unwrap();
        let (membership, key) = (home.membership().unwrap(), Arc::new(home.node_key().unwrap()));
        let centre = Centre::open(home, Arc::new(OffsetDateTime::now_utc)).unwrap();
        let liar = Liar {
            responder: Arc::new(Responder::new(centre).unwrap()),
            lie: Arc::new(Mutex::new(Box::new(Ok))),
            claim: Arc::new(Mutex::new(|honest| honest)),
        };
        let runtime = Runtime::new().unwrap();
        let service = NodeServer::new(liar.clone()).max_encoding_message_size(2 * MOST_MESSAGE_BYTES);
        runtime.spawn(async move {
            loop {
                // The coordinator is killed before the liar when the test ends.
                let Ok(stream) = membership.dial().await else { return };
                let _ = serve_on(stream, server().add_service(service.clone())).await;
            }
        });
        stage.network.wait_for_sites(3).unwrap();
        Self { stage, liar, key, truth: without["analyses"].clone(), _runtime: runtime }
    }

    /// A run in which C lies so: it ends, says what C did, and the result is what A and B say.
    fn assert_seen_through(&self, what: &str, status: &str) {
        let result = self.stage.run(&["--deadline", "2s"]);
        assert_eq!(statuses(&result), ["contributed", "contributed", status], "{what}");
        assert_eq!(result["analyses"], self.truth, "{what}");
    }

    fn answer(&self, what: &str, lie: impl Fn(Vec<u8>) -> Result<Vec<u8>, Status> + Send + 'static) {
        *self.liar.lie.lock().unwrap() = Box::new(lie);
        self.assert_seen_through(what, "broken_answer");
    }

    /// The true answer, changed and sealed again with the centre's own key.
    fn change(&self, what: &str, change: fn(&mut Answer)) {
        let key = self.key.clone();
        self.answer(what, move |honest| {
            let mut answer = opened(&honest);
            change(&mut answer);
            Ok(sealed(ANSWER_TYPE, &answer, &key))
        });
    }

    /// The first contribution of the true answer, changed.
    fn change_numbers(&self, what: &str, change: fn(&mut Contribution)) {
        let key = self.key.clone();
        self.answer(what, move |honest| {
            let mut answer = opened(&honest);
            change(answer.steps[0].contribution.as_mut().unwrap());
            Ok(sealed(ANSWER_TYPE, &answer, &key))
        });
    }

    fn assert_believed_again(&self) {
        *self.liar.lie.lock().unwrap() = Box::new(Ok);
        self.stage.assert_an_honest_run_works();
    }
}

fn opened(sealed: &[u8]) -> Answer {
    let envelope = Envelope::from_json(sealed).unwrap();
    Answer::decode(envelope.payload_for_reading()).unwrap()
}

fn sealed(payload_type: &str, answer: &Answer, key: &SecretKey) -> Vec<u8> {
    Envelope::seal(payload_type, answer.encode_to_vec(), key).to_json().into_bytes()
}

/// Puts a number into a contribution's vector; the first integers are counts, the last ones sums.
fn put(contribution: &mut Contribution, at: usize, value: i128) {
    contribution.values[at * 16..(at + 1) * 16].copy_from_slice(&value.to_le_bytes());
}

#[test]
fn bytes_that_are_no_answer_are_a_broken_answer_and_the_others_result_stands() {
    let theatre = Theatre::set();
    theatre.answer("noise", |_| Ok(vec![0xff; 1000]));
    theatre.answer("half an answer", |honest| Ok(honest[..honest.len() / 2].to_vec()));
    theatre.answer("more than a message may hold", |_| Ok(vec![b' '; MOST_MESSAGE_BYTES + 1]));
    theatre.answer("an error", |_| Err(Status::permission_denied("<b>no</b>")));
    let steward = key(&theatre.stage.home(C).join("keys/steward.key"));
    let another = key(&theatre.stage.home(A).join("keys/node.key"));
    for (what, other) in
        [("a stranger", strangers_key()), ("the steward", steward), ("another node", another)]
    {
        let what = format!("sealed by {what}");
        theatre.answer(&what, move |honest| Ok(sealed(ANSWER_TYPE, &opened(&honest), &other)));
    }
    theatre.answer("unsealed", |honest| {
        let payload = opened(&honest).encode_to_vec();
        Ok(Envelope::new(ANSWER_TYPE, payload).to_json().into_bytes())
    });
    let own = theatre.key.clone();
    theatre.answer("sealed as something else", move |honest| Ok(sealed(ROUND_TYPE, &opened(&honest), &own)));
    let own = theatre.key.clone();
    theatre.answer("a seal on noise", move |_| {
        Ok(Envelope::seal(ANSWER_TYPE, vec![0xff; 9], &own).to_json().into_bytes())
    });
    *theatre.liar.lie.lock().unwrap() = Box::new(|_| Ok(Vec::new()));
    theatre.assert_seen_through("a refusal", "refused");
    // A link that is said to be lost is waited for, but not longer than the deadline.
    *theatre.liar.lie.lock().unwrap() = Box::new(|_| Err(Status::unavailable("gone")));
    theatre.assert_seen_through("a lost link", "unreachable");
    theatre.assert_believed_again();
}

#[test]
fn an_answer_to_another_question_is_a_broken_answer_and_the_others_result_stands() {
    let theatre = Theatre::set();
    theatre.change("another round", |answer| answer.round = vec![7; 32]);
    theatre.change("another site", |answer| answer.site = "a".into());
    theatre.change("another snapshot", |answer| answer.snapshot = vec![7; 32]);
    theatre.change("a step too few", |answer| drop(answer.steps.pop()));
    theatre.change("a step too many", |answer| answer.steps.push(answer.steps[0].clone()));
    theatre.change("steps out of order", |answer| answer.steps.reverse());
    theatre.change("another iteration", |answer| answer.steps[0].step.as_mut().unwrap().iteration = 1);
    theatre.change("no step", |answer| answer.steps[1].step = None);
    theatre.assert_believed_again();
}

#[test]
fn numbers_that_no_data_could_give_are_a_broken_answer_and_the_others_result_stands() {
    let theatre = Theatre::set();
    theatre.change_numbers("another layout", |numbers| numbers.layout = vec![7; 32]);
    theatre.change_numbers("a vector too short", |numbers| numbers.values.truncate(16));
    theatre.change_numbers("a broken integer", |numbers| numbers.values.truncate(17));
    theatre.change_numbers("a vector too long", |numbers| numbers.values.extend([0; 16]));
    theatre.change_numbers("withheld bits too few", |numbers| numbers.withheld.clear());
    theatre.change_numbers("a negative count", |numbers| put(numbers, 0, -1));
    theatre.change_numbers("a count beyond belief", |numbers| put(numbers, 0, 1 << 40));
    theatre.change_numbers("the greatest integer", |numbers| put(numbers, 0, i128::MAX));
    theatre.change_numbers("a sum beyond its patients", |numbers| {
        put(numbers, numbers.values.len() / 16 - 1, i128::MAX);
    });
    theatre.change_numbers("a sum below its patients", |numbers| {
        put(numbers, numbers.values.len() / 16 - 1, i128::MIN);
    });
    theatre.assert_believed_again();
}

#[test]
fn an_acceptance_that_the_centres_steward_did_not_seal_gives_no_seat() {
    let theatre = Theatre::set();
    let claims: [(&str, Claim); 4] = [
        ("no acceptance", |reply| AnnounceReply { sealed_acceptance: Vec::new(), ..reply }),
        ("no countersignature", |reply| AnnounceReply { countersigned_study: Vec::new(), ..reply }),
        ("a stranger's acceptance", |reply| {
            let acceptance = Envelope::from_json(&reply.sealed_acceptance).unwrap();
            let payload = acceptance.payload_for_reading().to_vec();
            let forged = Envelope::seal(ACCEPTANCE_TYPE, payload, &strangers_key());
            AnnounceReply { sealed_acceptance: forged.to_json().into_bytes(), ..reply }
        }),
        ("an acceptance without its signature", |reply| {
            let mut unsigned: Value = serde_json::from_slice(&reply.sealed_acceptance).unwrap();
            unsigned["signatures"] = json!([]);
            AnnounceReply { sealed_acceptance: unsigned.to_string().into_bytes(), ..reply }
        }),
    ];
    for (what, claim) in claims {
        *theatre.liar.claim.lock().unwrap() = claim;
        theatre.assert_seen_through(what, "broken_answer");
    }
    *theatre.liar.claim.lock().unwrap() = |honest| honest;
    theatre.assert_believed_again();
}

#[test]
fn what_a_node_says_of_itself_is_text_in_the_report_and_nothing_else() {
    let theatre = Theatre::set();
    let key = theatre.key.clone();
    *theatre.liar.lie.lock().unwrap() = Box::new(move |honest| {
        let mut answer = opened(&honest);
        answer.software = "<script>alert(1)</script>\u{1b}[2J and more than forty characters".into();
        let numbers = answer.steps[0].contribution.as_mut().unwrap();
        numbers.rules = vec!["<script>".into(); 1000];
        Ok(sealed(ANSWER_TYPE, &answer, &key))
    });
    let result = theatre.stage.run(&[]);
    assert_eq!(statuses(&result), ["contributed", "contributed", "contributed"]);
    assert_eq!(result["analyses"]["age"]["disclosure"]["rules"], json!([]));
    assert_eq!(result["sites"][2]["software"], "scriptalert1script2Jandmorethanfortychar");
    let report = fs::read_to_string(theatre.stage.directory.path().join("results/report.html")).unwrap();
    assert!(!report.contains("<script"), "{report}");
}
