//! People's calls at the coordinator, each twice, late, or with its reply lost.

use std::fs;

use notochord_link::tls::signing_request;
use notochord_proto::envelope::Envelope;
use notochord_proto::keys::SecretKey;
use notochord_proto::name::NetworkName;
use notochord_proto::statement::{Says, Statement};
use notochord_proto::wire::run_event::Event;
use notochord_proto::wire::{
    InviteRequest, PublishRequest, RenewRequest, RevokeRequest, RunFinished, RunRequest, StateRequest,
    SubmitRequest, invite_request, revoke_request,
};
use rcgen::KeyPair;
use serde_json::Value;
use time::OffsetDateTime;
use tokio::runtime::Runtime;

use crate::stage::Stage;

fn runs(stage: &Stage) -> Vec<Value> {
    let printed = stage.network.coordinator_command(["runs", "--json"]).unwrap();
    serde_json::from_slice::<Value>(&printed.stdout).unwrap().as_array().unwrap().clone()
}

/// Asks for a run and listens to its end: how many events came, and the last.
async fn listen(stage: &Stage, request: &RunRequest) -> (usize, RunFinished) {
    let (mut desk, _gone) = stage.desk().await;
    let mut events = desk.run(request.clone()).await.unwrap().into_inner();
    let mut heard = 0;
    while let Some(event) = events.message().await.unwrap() {
        heard += 1;
        if let Some(Event::Finished(finished)) = event.event {
            return (heard, finished);
        }
    }
    panic!("the run has no end");
}

#[test]
fn a_study_that_is_handed_in_again_is_recorded_once() {
    let stage = Stage::set();
    let sealed_study = fs::read(stage.submit()).unwrap();
    let handed_in = stage.coordinators_entries("study_submitted");
    Runtime::new().unwrap().block_on(async {
        let (mut desk, _gone) = stage.desk().await;
        let copy = SubmitRequest { sealed_study };
        let first = desk.submit(copy.clone()).await.unwrap().into_inner();
        assert_eq!(desk.submit(copy.clone()).await.unwrap().into_inner(), first);
    });
    assert_eq!(stage.coordinators_entries("study_submitted"), handed_in);
}

#[test]
fn a_run_that_is_asked_for_again_is_the_same_run_also_after_a_restart() {
    let mut stage = Stage::with_a_study();
    let runtime = Runtime::new().unwrap();
    let request = RunRequest { study: "ages".into(), deadline_s: 20, idempotency_key: vec![5; 16] };
    let (events, first) = runtime.block_on(async {
        // The first reply is lost: nobody listens to it.
        let (mut desk, gone) = stage.desk().await;
        drop(desk.run(request.clone()).await.unwrap());
        drop((desk, gone));
        let (one, other) = tokio::join!(listen(&stage, &request), listen(&stage, &request));
        assert_eq!(one, other);
        one
    });
    assert_eq!(first.status, "released");
    assert_eq!(events, 9, "a beginning, a round, two words of each centre, an end");
    assert_eq!(runtime.block_on(listen(&stage, &request)), (events, first.clone()), "late");
    stage.network.kill_coordinator().unwrap();
    stage.network.start_coordinator().unwrap();
    assert_eq!(runtime.block_on(listen(&stage, &request)).1, first);
    assert_eq!(runs(&stage).len(), 1);
    assert_eq!(stage.coordinators_entries("run_began"), 1);

    stage.network.wait_for_sites(3).unwrap();
    let another = RunRequest { idempotency_key: vec![6; 16], ..request };
    assert_ne!(runtime.block_on(listen(&stage, &another)).1.run, first.run);
}

#[test]
fn a_statement_that_comes_again_is_recorded_once() {
    let stage = Stage::with_a_study();
    let key =
        SecretKey::from_file_text(&fs::read_to_string(stage.network.key("investigator")).unwrap()).unwrap();
    let study = Envelope::from_json(&fs::read(stage.submit()).unwrap()).unwrap().payload_digest();
    let statement = Statement {
        network: NetworkName::new("reference").unwrap(),
        study,
        says: Says::Withdraw,
        reason: String::new(),
        made_at: OffsetDateTime::now_utc(),
    };
    let sealed_statement = statement.seal(&key).to_json().into_bytes();
    Runtime::new().unwrap().block_on(async {
        let (mut desk, _gone) = stage.desk().await;
        let copy = StateRequest { sealed_statement };
        let first = desk.state(copy.clone()).await.unwrap().into_inner();
        assert_eq!(desk.state(copy.clone()).await.unwrap().into_inner(), first);
    });
    assert_eq!(stage.coordinators_entries("study_stated"), 1);
}

#[test]
fn a_root_document_that_is_published_again_is_in_force_already() {
    let stage = Stage::set();
    let file = stage.directory.path().join("root-2.json");
    let (path, key) = (file.display().to_string(), stage.network.coordinator_home().join("keys/root.key"));
    stage.network.coordinator_command(["root", "draft", "--out", &path]).unwrap();
    stage.network.coordinator_command(["root", "sign", &path, "--key", &key.display().to_string()]).unwrap();
    let sealed_root = fs::read(file).unwrap();
    Runtime::new().unwrap().block_on(async {
        let (mut desk, _gone) = stage.desk().await;
        let copy = PublishRequest { sealed_root };
        assert_eq!(desk.publish(copy.clone()).await.unwrap().into_inner().version, 2);
        assert_eq!(desk.publish(copy.clone()).await.unwrap().into_inner().version, 2);
    });
    assert_eq!(stage.coordinators_entries("root_published"), 1);
}

#[test]
fn a_revocation_that_is_asked_for_again_is_recorded_once() {
    let stage = Stage::set();
    Runtime::new().unwrap().block_on(async {
        let (mut desk, _gone) = stage.desk().await;
        let member = Some(revoke_request::Member::Site("c".into()));
        let copy = RevokeRequest { member };
        let first = desk.revoke(copy.clone()).await.unwrap().into_inner();
        assert_eq!(
            desk.revoke(copy.clone()).await.unwrap().into_inner(),
            first,
            "no newer list says the same"
        );
    });
    assert_eq!(stage.coordinators_entries("certificate_revoked"), 1);
}

#[test]
fn a_renewal_whose_reply_was_lost_is_asked_for_again_and_the_old_certificate_works_until_then() {
    let stage = Stage::set();
    Runtime::new().unwrap().block_on(async {
        let (mut desk, _gone) = stage.desk().await;
        let request = signing_request(&KeyPair::generate().unwrap()).unwrap();
        let copy = RenewRequest { request };
        let lost = desk.renew(copy.clone()).await.unwrap().into_inner().certificates;
        let again = desk.renew(copy.clone()).await.unwrap().into_inner().certificates;
        assert_eq!((lost.len(), again.len()), (2, 2));
        // Neither has been seen: who connects with the old one is let in.
        let (mut desk, _gone) = stage.desk().await;
        desk.studies(notochord_proto::wire::StudiesRequest {}).await.unwrap();
    });
}

#[test]
fn an_invitation_that_is_asked_for_again_is_another_one_for_the_same_name() {
    let stage = Stage::set();
    Runtime::new().unwrap().block_on(async {
        let (mut desk, _gone) = stage.desk().await;
        let invite = InviteRequest {
            id: String::new(),
            invited: Some(invite_request::Invited::SiteLabel("Oslo".into())),
            valid_s: 600,
            dial: String::new(),
        };
        let lost = desk.invite(invite.clone()).await.unwrap().into_inner();
        let again = desk.invite(invite).await.unwrap().into_inner();
        assert_eq!(lost.id, again.id);
        assert_ne!(lost.invitation, again.invitation, "whoever finds the lost one holds another token");
    });
}
