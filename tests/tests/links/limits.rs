//! How much one caller may ask for, and that it is refused to nobody else.

use notochord_link::membership::Membership;
use notochord_link::socket::call_over;
use notochord_proto::wire::StudiesRequest;
use notochord_proto::wire::network_client::NetworkClient;
use notochord_sandbox::role::Role;
use tokio::io::AsyncReadExt as _;
use tokio::runtime::Runtime;
use tonic::Code;

use crate::middlebox::Middlebox;
use crate::stage::{Stage, program};

/// More than anybody may at once.
const MANY: usize = 400;

#[test]
fn a_person_who_calls_too_often_is_refused_and_others_are_not() {
    let stage = Stage::empty();
    let member = stage.directory.path().join("member");
    let invitation = stage.network.invite("A. Investigator", &["--person"]).unwrap();
    let enrolled =
        program().command(Role::Coordinator, &member, ["enrol".as_ref(), invitation.as_os_str()]).unwrap();
    assert!(enrolled.status.success());
    let refused = Runtime::new().unwrap().block_on(async {
        let stream = Membership::load(&member).unwrap().dial().await.unwrap();
        let (channel, _gone) = call_over(stream).await.unwrap();
        let mut desk = NetworkClient::new(channel);
        let mut refused = Vec::new();
        for _ in 0..MANY {
            refused.extend(desk.studies(StudiesRequest {}).await.err());
        }
        refused
    });
    assert!(!refused.is_empty() && refused.len() < MANY - 100, "{}", refused.len());
    for status in refused {
        assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
        assert_eq!(status.message(), "too many calls; wait a little and try again");
    }
    stage.network.coordinator_command(["study", "list"]).unwrap();
}

#[test]
fn a_site_that_connects_too_often_is_turned_away_and_is_back_when_it_behaves() {
    let proxy = Middlebox::start(&[]);
    let stage = Stage::behind(&proxy, "");
    let membership = Membership::load(&stage.network.nodes()[2].home.join("network")).unwrap();
    let runtime = Runtime::new().unwrap();
    let turned_away = runtime.block_on(async {
        let mut open = Vec::new();
        for _ in 0..30 {
            // A coordinator that is busy turning it away may do so in the handshake.
            open.extend(membership.dial().await);
        }
        let mut turned_away = 0;
        for mut stream in open {
            // The coordinator begins a link with a few bytes; whom it turns away it says nothing.
            turned_away += usize::from(stream.read_u8().await.is_err());
        }
        turned_away
    });
    assert!(turned_away > 0);
    assert!(stage.network.coordinator_log().contains("connects too often"));
    stage.network.wait_for_sites(3).unwrap();
    assert_eq!(stage.run(), ["contributed"; 3]);
}
