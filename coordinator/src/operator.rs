//! The coordinator's own first person, who may invite and run: a member like any other, certified without an
//! invitation, anew at each start of the coordinator.

use std::sync::PoisonError;

use notochord_link::identity::Identity;
use notochord_link::membership::write_directly;
use notochord_link::tls::signing_request;
use notochord_program::failure::Failure;
use notochord_proto::digest::Digest;
use notochord_proto::name::SiteId;
use time::OffsetDateTime;

use crate::directory::{Office, Person, Upcoming, enrol_person, person};
use crate::home::Home;
use crate::in_force::InForce;
use crate::office::Office as Serving;
use crate::renewal::remember;

pub(crate) const NAME: &str = "coordinator";

/// The same for an office at work, whose first person's certificate ends or whose root document is new.
pub(crate) fn renew(office: &Serving) -> Result<(), Failure> {
    let _alone = office.registering.lock().unwrap_or_else(PoisonError::into_inner);
    renew_alone(office)
}

/// The same for somebody who holds the enrolment log already.
pub(crate) fn renew_alone(office: &Serving) -> Result<(), Failure> {
    let in_force = office.in_force();
    let addresses = &office.addresses;
    let connect = addresses.public_listen.as_ref().unwrap_or(&addresses.listen);
    certify(&office.home, &in_force, connect, office.now())
}

/// Certifies the key in `operator/` and writes the membership beside it; `connect` is where the desk is.
pub(crate) fn certify(
    home: &Home,
    in_force: &InForce,
    connect: &str,
    now: OffsetDateTime,
) -> Result<(), Failure> {
    let id = SiteId::new(NAME).map_err(Failure::failed)?;
    let request = signing_request(&home.tls_key("operator/tls.key")?).map_err(Failure::failed)?;
    let identity = Identity::person(in_force.root.network.clone(), id.clone());
    let life = in_force.member_life;
    let chain = in_force.authority.certify_for(life, &request, &identity, now).map_err(Failure::failed)?;
    let certificate =
        chain.first().map(|leaf| Digest::of(leaf)).ok_or_else(|| Failure::failed("no certificate"))?;
    let person = match person(home, &id)? {
        // A command that is on its way may still show the certificate before.
        Some(mut known) => {
            remember(&mut known.upcoming, Upcoming { certificate, expires: now + life });
            known
        }
        None => Person {
            id,
            label: NAME.to_owned(),
            certificate,
            certificate_expires: Some(now + life),
            upcoming: Vec::new(),
            revoked: None,
            office: Office::Coordinator,
            enrolled: now,
        },
    };
    enrol_person(home, &person)?;
    let (root, dictionary) = (home.read("root.json")?, home.dictionary_files()?);
    write_directly(&home.path("operator"), NAME, connect, &chain, &root, &dictionary).map_err(Failure::failed)
}
