//! How a command reaches the coordinator: as the person whose membership the directory holds.

use std::path::{Path, PathBuf};

use notochord_link::membership::{Membership, MembershipError};
use notochord_link::settings::LinkSettings;
use notochord_link::socket::{Gone, MOST_MESSAGE_BYTES, call_over_with};
use notochord_program::failure::Failure;
use notochord_proto::wire::network_client::NetworkClient;
use tonic::transport::Channel;
use tonic::{Code, Status};

/// A connection to the coordinator's desk.
pub(crate) struct Client {
    /// The desk.
    pub(crate) desk: NetworkClient<Channel>,
    _gone: Gone,
}

/// The membership in a person's directory, or that of the coordinator's own person.
pub(crate) fn membership(home: &Path) -> Result<Membership, Failure> {
    let operator = home.join("operator");
    let directory: PathBuf = if operator.exists() { operator } else { home.to_owned() };
    let mut membership = Membership::load(&directory).map_err(membership_failure)?;
    // A coordinator that listens where the system put it says so here while it serves.
    if let Ok(serving) = std::fs::read_to_string(home.join("serving"))
        && let Some(listen) = serving.lines().next()
    {
        membership.connect = listen.to_owned();
    }
    Ok(membership)
}

/// Connects as the person of this directory.
pub(crate) async fn connect(home: &Path) -> Result<Client, Failure> {
    let membership = membership(home)?;
    let settings = LinkSettings::load(home)?;
    let membership = membership.leaving_by(settings.way_out);
    let stream = membership.dial().await.map_err(membership_failure)?;
    let (channel, gone) = call_over_with(stream, settings.keepalive).await.map_err(Failure::failed)?;
    let desk = NetworkClient::new(channel)
        .max_decoding_message_size(MOST_MESSAGE_BYTES)
        .max_encoding_message_size(MOST_MESSAGE_BYTES);
    Ok(Client { desk, _gone: gone })
}

/// What a status means to a person.
pub(crate) fn status_failure(status: Status) -> Failure {
    match status.code() {
        Code::InvalidArgument | Code::NotFound | Code::AlreadyExists => Failure::usage(status.message()),
        Code::PermissionDenied | Code::FailedPrecondition => Failure::refused(status.message()),
        Code::Unavailable | Code::Cancelled | Code::Unknown => {
            Failure::failed(format!("the coordinator does not answer: {}", status.message()))
        }
        _ => Failure::failed(status.message()),
    }
}

/// What a membership's error means to a person.
pub(crate) fn membership_failure(error: MembershipError) -> Failure {
    match error {
        MembershipError::Dictionary(error) => error.into(),
        MembershipError::Problem(_) | MembershipError::NotEnrolled(_) => Failure::usage(error),
        MembershipError::InvitationExpired(_)
        | MembershipError::Refused(_)
        | MembershipError::Impostor(_)
        | MembershipError::Intercepted { .. }
        | MembershipError::Unproven { .. }
        | MembershipError::Update(_) => Failure::refused(error),
        MembershipError::File { .. }
        | MembershipError::Tls(_)
        | MembershipError::Unreachable { .. }
        | MembershipError::WayOut(_) => Failure::failed(error),
    }
}
