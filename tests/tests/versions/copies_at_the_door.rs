//! Enrolment, twice, late, or with its reply lost.

use std::fs;
use std::path::Path;

use notochord_link::invitation::Invitation;
use notochord_link::membership::greet_unknown;
use notochord_link::socket::call_over;
use notochord_link::tls::signing_request;
use notochord_link::way_out::WayOut;
use notochord_node::home::Home;
use notochord_proto::wire::enrolment_client::EnrolmentClient;
use notochord_proto::wire::{EnrolReply, EnrolRequest};
use rcgen::KeyPair;
use tokio::runtime::Runtime;
use tonic::Status;

use crate::stage::Stage;

fn invitation(stage: &Stage) -> (Invitation, std::path::PathBuf) {
    let file = stage.network.invite("Oslo", &[]).unwrap();
    let text = fs::read_to_string(&file).unwrap();
    (Invitation::parse("invitation", &text).unwrap(), file)
}

fn request(invitation: &Invitation, home: &Path, key: &KeyPair) -> EnrolRequest {
    let keys = Home::open(home).unwrap().site_keys().unwrap();
    EnrolRequest {
        token: invitation.token.bytes().to_vec(),
        request: signing_request(key).unwrap(),
        node_key: keys.node.to_bytes().to_vec(),
        steward_key: keys.steward.to_bytes().to_vec(),
    }
}

fn enrol(invitation: &Invitation, request: EnrolRequest) -> Result<EnrolReply, Status> {
    Runtime::new().unwrap().block_on(async {
        let wire = WayOut::default().open(&invitation.enrol.parse().unwrap()).await.unwrap();
        let stream = greet_unknown(invitation, wire, &invitation.enrol).await.unwrap();
        let (channel, _gone) = call_over(stream).await.unwrap();
        EnrolmentClient::new(channel).enrol(request).await.map(tonic::Response::into_inner)
    })
}

#[test]
fn whoever_lost_the_reply_hears_it_again_and_nobody_else_does() {
    let stage = Stage::set();
    let home = stage.directory.path().join("oslo");
    stage.network.node_command(&home, ["init"]).unwrap();
    let ((invitation, _), key) = (invitation(&stage), KeyPair::generate().unwrap());
    let enrolled = stage.coordinators_entries("enrolled");
    let first = enrol(&invitation, request(&invitation, &home, &key)).unwrap();
    // Made anew: the request is not the same bytes, and its key is the same.
    assert_eq!(enrol(&invitation, request(&invitation, &home, &key)).unwrap(), first);
    assert_eq!(stage.coordinators_entries("enrolled"), enrolled + 1);

    let stranger = KeyPair::generate().unwrap();
    let refused = enrol(&invitation, request(&invitation, &home, &stranger)).unwrap_err();
    assert_eq!(refused.code(), tonic::Code::PermissionDenied);
    let mut other_keys = request(&invitation, &home, &key);
    other_keys.node_key = vec![7; 32];
    assert_eq!(enrol(&invitation, other_keys).unwrap_err().code(), tonic::Code::PermissionDenied);

    stage.network.coordinator_command(["sites", "revoke", "oslo"]).unwrap();
    let late = enrol(&invitation, request(&invitation, &home, &key)).unwrap_err();
    assert_eq!(late.code(), tonic::Code::PermissionDenied, "a late copy undoes no revocation");
}

#[test]
fn a_node_that_was_cut_off_while_it_enrolled_enrols_by_the_same_command() {
    let mut stage = Stage::set();
    let home = stage.directory.path().join("oslo");
    stage.network.node_command(&home, ["init"]).unwrap();
    let (invitation, file) = invitation(&stage);
    // It made its key and asked; it ended before the reply came.
    let cut_off = home.join("network.new");
    fs::create_dir(&cut_off).unwrap();
    let key = notochord_link::tls::create_key(&cut_off.join("tls.key")).unwrap();
    enrol(&invitation, request(&invitation, &home, &key)).unwrap();

    // The coordinator restarts in between.
    stage.network.kill_coordinator().unwrap();
    stage.network.start_coordinator().unwrap();
    let file = file.display().to_string();
    stage.network.node_command(&home, ["enrol", &file, "--throwaway"]).unwrap();
    let index = stage.network.adopt_node("Oslo", &home);
    stage.network.start_node(index).unwrap();
    stage.network.wait_for_sites(4).unwrap();
    assert_eq!(stage.site("Oslo")["connected"], true);
}
