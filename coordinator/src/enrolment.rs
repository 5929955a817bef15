//! The door for newcomers: a one-time token buys one certificate, for the name it was issued for.

use std::sync::{Arc, Mutex, PoisonError};

use notochord_link::identity::{Identity, certificate_end};
use notochord_link::tls::requested_key;
use notochord_proto::dictionary::DictionaryFiles;
use notochord_proto::digest::Digest;
use notochord_proto::keys::PublicKey;
use notochord_proto::wire::enrolment_server::Enrolment;
use notochord_proto::wire::{DictionaryFile, EnrolReply, EnrolRequest};
use rustls::pki_types::CertificateDer;
use time::OffsetDateTime;
use tonic::{Request, Response, Status};
use tracing::{info, warn};

use crate::directory::{self, Office as PersonOffice, Person, Site, Standing};
use crate::logbook::Enrolled;
use crate::office::Office;
use crate::store::{Admission, Invitee, OpenInvitation};

/// The `Enrolment` service. Newcomers enter one at a time, so that two invitations for one name cannot both be
/// used.
pub struct Door {
    office: Arc<Office>,
    entrance: Arc<Mutex<()>>,
}

impl Door {
    /// The door of an office.
    pub fn new(office: Arc<Office>) -> Self {
        Self { office, entrance: Arc::default() }
    }
}

#[tonic::async_trait]
impl Enrolment for Door {
    async fn enrol(&self, request: Request<EnrolRequest>) -> Result<Response<EnrolReply>, Status> {
        let (office, entrance) = (self.office.clone(), self.entrance.clone());
        // Files are written and synced: not on the threads that keep the links alive.
        let entered = tokio::task::spawn_blocking(move || {
            let _alone = entrance.lock().unwrap_or_else(PoisonError::into_inner);
            enrol(&office, &request.into_inner())
        });
        entered
            .await
            .map_err(|_| Status::internal("enrolment failed; ask the coordinator"))?
            .map(Response::new)
    }
}

fn enrol(office: &Office, request: &EnrolRequest) -> Result<EnrolReply, Status> {
    let (token, keys) = (Digest::of(&request.token), keys_of(request)?);
    // The reply to whoever asks again with the same keys may have been lost; what was certified is said again.
    let known = office.store.admission(token).map_err(internal)?.filter(|known| known.keys == keys);
    let mut admission = match known {
        Some(known) if office.now() < known.invitation.expires => known,
        _ => certify(office, request, keys)?,
    };
    let chain = chain_of(&admission).ok_or_else(|| internal("an admission is damaged"))?;
    let certificate = chain.first().map(|leaf| Digest::of(leaf)).ok_or_else(|| internal("no certificate"))?;
    if admission.recorded {
        still_stands(office, &admission.invitation, certificate)?;
    } else {
        record(office, &admission.invitation, request, &chain)?;
        let identity = identity(office, &admission.invitation);
        let entry = Enrolled { identity: identity.to_string(), certificate };
        office.logbook.write(&entry, office.now()).map_err(internal)?;
        info!(who = %identity, "enrolled");
        admission.recorded = true;
        office.store.admit(token, &admission, office.now()).map_err(internal)?;
    }
    let in_force = office.in_force();
    Ok(EnrolReply {
        certificates: chain.iter().map(|certificate| certificate.to_vec()).collect(),
        sealed_root: in_force.sealed_root.to_json().into_bytes(),
        dictionary: files(&office.home.dictionary_files_of(&in_force.root.dictionary).map_err(internal)?),
        id: admission.invitation.id.to_string(),
        label: admission.invitation.label,
        earlier_roots: office.home.roots_before(in_force.root.version).map_err(internal)?,
    })
}

/// Takes the invitation and certifies its bearer. What was certified is kept before anything is recorded.
fn certify(office: &Office, request: &EnrolRequest, keys: Digest) -> Result<Admission, Status> {
    let invitation = take(office, &request.token)?;
    let (in_force, identity) = (office.in_force(), identity(office, &invitation));
    let chain = in_force
        .authority
        .certify_for(in_force.member_life, &request.request, &identity, office.now())
        .map_err(|_| unreadable())?;
    let chain = chain.iter().map(hex::encode).collect();
    let admission = Admission { invitation, keys, chain, recorded: false };
    office.store.admit(Digest::of(&request.token), &admission, office.now()).map_err(internal)?;
    Ok(admission)
}

fn identity(office: &Office, invitation: &OpenInvitation) -> Identity {
    let network = office.root().network.clone();
    match invitation.invitee {
        Invitee::Person => Identity::person(network, invitation.id.clone()),
        Invitee::Site { .. } => Identity::site(network, invitation.id.clone()),
    }
}

/// SHA-256 over every public key of a newcomer. The signing request itself differs each time it is made.
fn keys_of(request: &EnrolRequest) -> Result<Digest, Status> {
    let mut keys = requested_key(&request.request).map_err(|_| unreadable())?;
    for key in [&request.node_key, &request.steward_key] {
        // No two lists of keys are the same bytes.
        keys.extend((key.len() as u64).to_le_bytes());
        keys.extend(key);
    }
    Ok(Digest::of(&keys))
}

fn chain_of(admission: &Admission) -> Option<Vec<CertificateDer<'static>>> {
    admission.chain.iter().map(|der| Some(CertificateDer::from(hex::decode(der).ok()?))).collect()
}

/// Whether the enrolment log still holds the newcomer by this very certificate: neither revoked nor renewed.
fn still_stands(office: &Office, invitation: &OpenInvitation, certificate: Digest) -> Result<(), Status> {
    let standing = match invitation.invitee {
        Invitee::Site { .. } => directory::site(&office.home, &invitation.id)
            .map_err(internal)?
            .map(|site| site.standing(certificate)),
        Invitee::Person => directory::person(&office.home, &invitation.id)
            .map_err(internal)?
            .map(|person| person.standing(certificate)),
    };
    match standing {
        Some(Standing::Held) => Ok(()),
        _ => Err(turned_away(office, "an invitation that is unknown or was used was refused".to_owned())),
    }
}

fn unreadable() -> Status {
    Status::invalid_argument("the signing request cannot be read; ask for a new invitation")
}

/// The dictionary's files as they travel.
pub(crate) fn files(dictionary: &DictionaryFiles) -> Vec<DictionaryFile> {
    let file = |(name, content): (&str, &[u8])| DictionaryFile { name: name.into(), content: content.into() };
    dictionary.iter().map(file).collect()
}

/// The invitation of a token. Whether a token never was, is used or is over, the bearer hears the same.
fn take(office: &Office, token: &[u8]) -> Result<OpenInvitation, Status> {
    // The token is looked up by its digest, so no comparison of secrets can leak where they differ.
    let invitation = office.store.take_invitation(Digest::of(token)).map_err(internal)?;
    match invitation {
        Some(invitation) if office.now() < invitation.expires && !is_enrolled(office, &invitation)? => {
            Ok(invitation)
        }
        found => {
            let reason = match found {
                Some(invitation) => format!("an invitation of {} that is over was refused", invitation.id),
                None => "an invitation that is unknown or was used was refused".to_owned(),
            };
            Err(turned_away(office, reason))
        }
    }
}

fn turned_away(office: &Office, reason: String) -> Status {
    warn!("{reason}");
    office.logbook.turn_away(reason, office.now());
    Status::permission_denied("this invitation is not valid (any more); ask the coordinator for a new one")
}

/// Whether the name is taken by now. Nobody takes an enrolled site's place with a second invitation.
fn is_enrolled(office: &Office, invitation: &OpenInvitation) -> Result<bool, Status> {
    let label = &invitation.label;
    let is_site = invitation.is_for_a_site();
    let taken = is_site && office.label_is_taken(&invitation.id, label).map_err(internal)?;
    Ok(taken || office.is_enrolled(&invitation.id, &invitation.invitee).map_err(internal)?)
}

fn record(
    office: &Office,
    invitation: &OpenInvitation,
    request: &EnrolRequest,
    chain: &[CertificateDer<'_>],
) -> Result<(), Status> {
    let (id, label) = (invitation.id.clone(), invitation.label.clone());
    let leaf = chain.first().ok_or_else(|| Status::internal("no certificate"))?;
    let (certificate, enrolled) = (Digest::of(leaf), office.now());
    let end = certificate_end(leaf).map_err(internal)?;
    let certificate_expires = OffsetDateTime::from_unix_timestamp(end).map_err(internal)?;
    let _alone = office.registering.lock().unwrap_or_else(PoisonError::into_inner);
    match &invitation.invitee {
        Invitee::Person => {
            let office_held = PersonOffice::Member;
            let person = Person {
                id,
                label,
                certificate,
                certificate_expires: Some(certificate_expires),
                upcoming: Vec::new(),
                revoked: None,
                office: office_held,
                enrolled,
            };
            directory::enrol_person(&office.home, &person).map_err(internal)
        }
        Invitee::Site { dial } => {
            let key = |bytes: &[u8]| {
                PublicKey::from_bytes(bytes).map_err(|error| Status::invalid_argument(error.to_string()))
            };
            let site = Site {
                id,
                label,
                node: key(&request.node_key)?,
                steward: key(&request.steward_key)?,
                certificate,
                certificate_expires,
                upcoming: Vec::new(),
                revoked: None,
                dial: dial.clone(),
                enrolled,
            };
            directory::enrol_site(&office.home, &site).map_err(internal)?;
            office.hub.watch(&site);
            Ok(())
        }
    }
}

fn internal(error: impl std::fmt::Display) -> Status {
    warn!(%error, "enrolment failed");
    Status::internal("enrolment failed at the coordinator; it can see the reason in its log")
}
