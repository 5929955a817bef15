//! The door for newcomers: a one-time token buys one certificate, for the name it was issued for.

use std::sync::{Arc, Mutex, PoisonError};

use notochord_link::identity::{Identity, certificate_end};
use notochord_proto::dictionary::DictionaryFiles;
use notochord_proto::digest::Digest;
use notochord_proto::keys::PublicKey;
use notochord_proto::wire::enrolment_server::Enrolment;
use notochord_proto::wire::{DictionaryFile, EnrolReply, EnrolRequest};
use rustls::pki_types::CertificateDer;
use time::OffsetDateTime;
use tonic::{Request, Response, Status};
use tracing::{info, warn};

use crate::directory::{self, Office as PersonOffice, Person, Site};
use crate::logbook::Enrolled;
use crate::office::Office;
use crate::store::{Invitee, OpenInvitation};

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
    let invitation = take(office, &request.token)?;
    let in_force = office.in_force();
    let network = in_force.root.network.clone();
    let identity = match invitation.invitee {
        Invitee::Person => Identity::person(network, invitation.id.clone()),
        Invitee::Site { .. } => Identity::site(network, invitation.id.clone()),
    };
    let chain = in_force
        .authority
        .certify_for(in_force.member_life, &request.request, &identity, office.now())
        .map_err(|_| {
            Status::invalid_argument("the signing request cannot be read; ask for a new invitation")
        })?;
    record(office, &invitation, request, &chain)?;
    let certificate = chain.first().map(|leaf| Digest::of(leaf)).ok_or_else(|| internal("no certificate"))?;
    let entry = Enrolled { identity: identity.to_string(), certificate };
    office.logbook.write(&entry, office.now()).map_err(internal)?;
    info!(who = %identity, "enrolled");
    Ok(EnrolReply {
        certificates: chain.iter().map(|certificate| certificate.to_vec()).collect(),
        sealed_root: in_force.sealed_root.to_json().into_bytes(),
        dictionary: files(&office.home.dictionary_files_of(&in_force.root.dictionary).map_err(internal)?),
        id: invitation.id.to_string(),
        label: invitation.label,
        earlier_roots: office.home.roots_before(in_force.root.version).map_err(internal)?,
    })
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
            warn!("{reason}");
            office.logbook.turn_away(reason, office.now());
            Err(Status::permission_denied(
                "this invitation is not valid (any more); ask the coordinator for a new one",
            ))
        }
    }
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
