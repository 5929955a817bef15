//! Becoming a member: an invitation is exchanged for a certificate, and everything that comes back is checked against
//! the invitation before anything is written.

use std::fs;
use std::path::Path;
use std::time::Duration;

use notochord_proto::dictionary::DictionaryFiles;
use notochord_proto::envelope::Envelope;
use notochord_proto::root::Root;
use notochord_proto::trust::MOST_ROOTS;
use notochord_proto::wire::enrolment_client::EnrolmentClient;
use notochord_proto::wire::{EnrolReply, EnrolRequest};
use rcgen::KeyPair;
use rustls::pki_types::CertificateDer;
use time::OffsetDateTime;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tonic::Code;
use zeroize::Zeroizing;

use super::{
    Connection, Membership, MembershipError, SiteKeys, file_error, handshake, open, unreachable,
    write_directly,
};
use crate::backoff::{Backoff, jitter};
use crate::credentials;
use crate::dial::CONNECT_TIMEOUT;
use crate::dictionary_directory;
use crate::identity::Identity;
use crate::invitation::Invitation;
use crate::private_file::{create_private_directory, replace};
use crate::socket::call_over;
use crate::tls;
use crate::way_out::{WayOut, Wire};

/// How often a newcomer asks.
const ATTEMPTS: u32 = 4;

impl Membership {
    /// Takes the place of an earlier enrolment of the same member, in its directory: with the certificate, the key and
    /// the root document that `fresh` was given elsewhere.
    pub fn rejoin(self, fresh: Self, now: OffsetDateTime) -> Result<Self, MembershipError> {
        let put = |name: &str| {
            let bytes = fs::read(fresh.directory.join(name));
            let (bytes, path) =
                (bytes.map_err(|source| file_error(&fresh.directory, source))?, self.directory.join(name));
            replace(&path, &bytes).map_err(|source| file_error(&path, source))
        };
        let key = Zeroizing::new(tls::read_key(&fresh.directory.join("tls.key"))?);
        dictionary_directory::keep(&self.directory, &fresh.dictionary)?;
        put("root.json")?;
        put("member.toml")?;
        // One rename switches key and certificate.
        credentials::renew(&self.directory, &fresh.identity, &fresh.root, &key, fresh.chain.clone(), now)?;
        Ok(Self::load(&self.directory)?.leaving_by(self.way_out))
    }

    /// Enrols with an invitation: makes a key here, has it certified, checks what comes back against the
    /// invitation, and writes everything into `directory`, which must not be enrolled yet. Who was a member before
    /// names the root document `held`: the new one must be it, or one to which it leads.
    pub async fn enrol(
        directory: &Path,
        invitation: &Invitation,
        site: Option<SiteKeys>,
        way_out: &WayOut,
        held: Option<&Root>,
        now: OffsetDateTime,
    ) -> Result<Self, MembershipError> {
        if now >= invitation.expires {
            return Err(MembershipError::InvitationExpired(invitation.expires_text()));
        }
        create_private_directory(directory).map_err(|source| file_error(directory, source))?;
        let key_path = directory.join("tls.key");
        // A key left by an attempt that failed is used again: it was never certified.
        let key = if key_path.exists() { tls::read_key(&key_path)? } else { tls::create_key(&key_path)? };
        let key = Zeroizing::new(key);
        let request = EnrolRequest {
            token: invitation.token.bytes().to_vec(),
            request: tls::signing_request(&key)?,
            node_key: site.map(|keys| keys.node.to_bytes().to_vec()).unwrap_or_default(),
            steward_key: site.map(|keys| keys.steward.to_bytes().to_vec()).unwrap_or_default(),
        };
        let reply = ask_until_heard(invitation, request, way_out).await?;
        check(&reply, invitation, site.is_some(), &key, now).map_err(MembershipError::Impostor)?;
        held.map_or(Ok(()), |held| succeeds(held, &reply)).map_err(MembershipError::Impostor)?;
        write(directory, invitation, &reply)?;
        Ok(Self::load(directory)?.leaving_by(way_out.clone()))
    }
}

/// Has whoever answers prove to be of the network that an invitation names, while the caller stays unknown.
pub async fn greet_unknown(
    invitation: &Invitation,
    wire: Box<dyn Wire>,
    address: &str,
) -> Result<Connection, MembershipError> {
    let config = tls::enrolment_client_config(invitation.authority)?;
    let name = tls::coordinator_server_name(&invitation.network)?;
    handshake(TlsConnector::from(config), wire, name, address).await
}

/// Asks again where the reply was lost: the coordinator says the same to the same keys.
async fn ask_until_heard(
    invitation: &Invitation,
    request: EnrolRequest,
    way_out: &WayOut,
) -> Result<EnrolReply, MembershipError> {
    let mut backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(1));
    for _ in 1..ATTEMPTS {
        match ask(invitation, request.clone(), way_out).await {
            Err(MembershipError::Lost { .. }) => tokio::time::sleep(backoff.next(jitter())).await,
            heard => return heard,
        }
    }
    ask(invitation, request, way_out).await
}

async fn ask(
    invitation: &Invitation,
    request: EnrolRequest,
    way_out: &WayOut,
) -> Result<EnrolReply, MembershipError> {
    let wire = open(way_out, &invitation.enrol).await?;
    let stream = greet_unknown(invitation, wire, &invitation.enrol).await?;
    let (channel, _gone) = call_over(stream).await.map_err(|error| unreachable(&invitation.enrol, error))?;
    let lost = || MembershipError::Lost { address: invitation.enrol.clone() };
    let reply =
        timeout(CONNECT_TIMEOUT, EnrolmentClient::new(channel).enrol(request)).await.map_err(|_| lost())?;
    match reply {
        Ok(reply) => Ok(reply.into_inner()),
        Err(status) if matches!(status.code(), Code::Unavailable | Code::Cancelled | Code::Unknown) => {
            Err(lost())
        }
        Err(status) if status.code() == Code::Unimplemented => Err(MembershipError::Refused(format!(
            "it is older than this program, {}, and does not know enrolment as it is done now; have it updated",
            env!("CARGO_PKG_VERSION")
        ))),
        Err(status) => Err(MembershipError::Refused(status.message().to_owned())),
    }
}

/// Whether the coordinator's answer is of the network, and for the name, that the invitation says.
fn check(
    reply: &EnrolReply,
    invitation: &Invitation,
    as_site: bool,
    key: &KeyPair,
    now: OffsetDateTime,
) -> Result<(), String> {
    let envelope = Envelope::from_json(&reply.sealed_root).map_err(|error| error.to_string())?;
    if envelope.payload_digest() != invitation.root {
        return Err("its root document is another one".into());
    }
    let root = Root::open(&envelope).map_err(|error| error.to_string())?;
    if root.authority != invitation.authority || root.network != invitation.network {
        return Err("its root document names another authority or network".into());
    }
    let dictionary = dictionary(reply)?;
    if dictionary.digest() != root.dictionary {
        return Err("its dictionary is not the one its root document names".into());
    }
    let expected = match as_site {
        true => Identity::site(invitation.network.clone(), invitation.id.clone()),
        false => Identity::person(invitation.network.clone(), invitation.id.clone()),
    };
    let leaf = reply.certificates.first().ok_or("it sent no certificate")?;
    let named = Identity::of_certificate(leaf).map_err(|error| error.to_string())?;
    if named != expected {
        return Err(format!("it certified {named}, not {expected}"));
    }
    let chain: Vec<_> = reply.certificates.iter().map(|der| CertificateDer::from(der.as_slice())).collect();
    credentials::fits(&expected, &root, key, &chain, now).map_err(|why| format!("its certificate: {why}"))
}

/// Whether the root document of a reply is the one held by somebody who was a member before, or one to which that leads.
fn succeeds(held: &Root, reply: &EnrolReply) -> Result<(), String> {
    if reply.earlier_roots.len() > MOST_ROOTS {
        return Err("it sent more than 1000 root documents".into());
    }
    let (mut last, mut reached) = (held.clone(), false);
    for bytes in reply.earlier_roots.iter().chain([&reply.sealed_root]) {
        let envelope = Envelope::from_json(bytes).map_err(|error| error.to_string())?;
        match last.successor(&envelope) {
            Ok(next) => last = next,
            // One that is held already leads nowhere; it need not be believed.
            Err(error) => {
                let says = Root::parse(envelope.payload_for_reading()).map_err(|error| error.to_string())?;
                if says.version > last.version {
                    return Err(error.to_string());
                }
            }
        }
        let bytes = envelope.payload_for_reading();
        reached = Root::parse(bytes).is_ok_and(|named| named == last);
    }
    match reached {
        true => Ok(()),
        false => Err("the root document you trust does not lead to the one it sent".into()),
    }
}

/// The dictionary's files in a reply.
fn dictionary(reply: &EnrolReply) -> Result<DictionaryFiles, String> {
    let files = reply.dictionary.iter().map(|file| (file.name.clone(), file.content.clone()));
    DictionaryFiles::new(files).map_err(|problem| problem.to_string())
}

fn write(directory: &Path, invitation: &Invitation, reply: &EnrolReply) -> Result<(), MembershipError> {
    let dictionary = dictionary(reply).map_err(MembershipError::Impostor)?;
    let chain: Vec<_> = reply.certificates.iter().map(|der| CertificateDer::from(der.as_slice())).collect();
    let Invitation { label, connect, .. } = invitation;
    write_directly(directory, label, connect, &chain, &reply.sealed_root, &dictionary)
}
