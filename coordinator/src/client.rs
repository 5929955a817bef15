//! How a command reaches the coordinator: as the person whose membership the directory holds.

use std::path::{Path, PathBuf};

use notochord_link::credentials::{self, CredentialsError, Remaining};
use notochord_link::membership::{Membership, MembershipError};
use notochord_link::settings::LinkSettings;
use notochord_link::socket::{Gone, MOST_MESSAGE_BYTES, call_over_with};
use notochord_link::tls::signing_request;
use notochord_link::trust_store::{News, NewsError};
use notochord_program::failure::Failure;
use notochord_proto::wire::network_client::NetworkClient;
use notochord_proto::wire::{RenewRequest, RootsRequest, TrustRequest};
use rcgen::KeyPair;
use time::OffsetDateTime;
use tonic::transport::Channel;
use tonic::{Code, Status};
use zeroize::Zeroizing;

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
    let settings = LinkSettings::load(home)?;
    let mut membership = membership(home)?.leaving_by(settings.way_out);
    if !home.join("operator").exists() {
        still_counts(&membership, OffsetDateTime::now_utc())?;
    }
    let stream = membership.dial().await.map_err(membership_failure)?;
    let (channel, gone) = call_over_with(stream, settings.keepalive).await.map_err(Failure::failed)?;
    let desk = NetworkClient::new(channel)
        .max_decoding_message_size(MOST_MESSAGE_BYTES)
        .max_encoding_message_size(MOST_MESSAGE_BYTES);
    let mut client = Client { desk, _gone: gone };
    keep_up(&mut membership, &mut client.desk).await?;
    // The coordinator renews its own person's certificate itself.
    if !home.join("operator").exists() {
        renew(&mut membership, &mut client.desk).await;
    }
    Ok(client)
}

/// A person whose certificate has ended learns what to do, instead of how a handshake fails.
fn still_counts(membership: &Membership, now: OffsetDateTime) -> Result<(), Failure> {
    match Remaining::of_certificate(membership.certificate(), now) {
        Some(Remaining::Nothing) => Err(Failure::refused(format!(
            "your certificate has ended: a command within its seven days would have renewed it. Ask the coordinator \
             for a new invitation (`notochord invite \"{}\" --person`), and run `notochord enrol` with it in this \
             directory; nothing is lost",
            membership.label
        ))),
        _ => Ok(()),
    }
}

/// Takes the root documents and the status list that the person has missed.
async fn keep_up(membership: &mut Membership, desk: &mut NetworkClient<Channel>) -> Result<(), Failure> {
    let request = RootsRequest { held: membership.root.version };
    let news = match desk.roots(request).await {
        Ok(reply) => reply.into_inner(),
        // A coordinator of an earlier version has none.
        Err(status) if status.code() == Code::Unimplemented => return Ok(()),
        Err(status) => return Err(status_failure(status)),
    };
    let sent = TrustRequest {
        sealed_roots: news.sealed_roots,
        dictionary: news.dictionary,
        sealed_status: news.sealed_status,
    };
    let mut news = News::default();
    membership.hear(&sent, OffsetDateTime::now_utc(), &mut news).map_err(membership_failure)
}

/// Renews the person's certificate once half of its life is over. Whatever goes wrong, the command goes on.
#[allow(clippy::print_stderr, reason = "commands speak to people")]
async fn renew(membership: &mut Membership, desk: &mut NetworkClient<Channel>) {
    let now = OffsetDateTime::now_utc();
    if credentials::half_life(membership.certificate()).is_none_or(|middle| now < middle) {
        return;
    }
    let renewed = async {
        let key = Zeroizing::new(KeyPair::generate().map_err(Failure::failed)?);
        let request = RenewRequest { request: signing_request(&key).map_err(Failure::failed)? };
        let chain = desk.renew(request).await.map_err(status_failure)?.into_inner().certificates;
        membership.renew(&key, &chain, now).map_err(membership_failure)
    };
    if let Err(failure) = renewed.await {
        eprintln!("note: your certificate could not be renewed: {failure}");
        if let Some(message) = credentials::warning(membership.certificate(), now) {
            eprintln!("note: {message}");
        }
    }
}

/// What a status means to a person.
pub(crate) fn status_failure(status: Status) -> Failure {
    match status.code() {
        Code::InvalidArgument | Code::NotFound | Code::AlreadyExists => Failure::usage(status.message()),
        Code::PermissionDenied | Code::FailedPrecondition => Failure::refused(status.message()),
        Code::Unimplemented => Failure::failed(format!(
            "the coordinator is older than this program, {}, and does not know this command; have it updated",
            env!("CARGO_PKG_VERSION")
        )),
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
        MembershipError::Credentials(CredentialsError::Damaged { .. })
        | MembershipError::Problem(_)
        | MembershipError::NotEnrolled(_) => Failure::usage(error),
        MembershipError::InvitationExpired(_)
        | MembershipError::Refused(_)
        | MembershipError::Impostor(_)
        | MembershipError::Intercepted { .. }
        | MembershipError::News(NewsError::Root(_) | NewsError::Status(_))
        | MembershipError::Unproven { .. }
        | MembershipError::Update(_) => Failure::refused(error),
        MembershipError::Credentials(_)
        | MembershipError::News(_)
        | MembershipError::File { .. }
        | MembershipError::Lost { .. }
        | MembershipError::Tls(_)
        | MembershipError::Unreachable { .. }
        | MembershipError::WayOut(_) => Failure::failed(error),
    }
}
