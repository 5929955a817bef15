//! Who calls: whoever the enrolment log knows by the very certificate that is shown.

use std::sync::PoisonError;

use notochord_link::identity::{Holder, Identity, certificate_end};
use notochord_proto::digest::Digest;
use notochord_proto::status_list::Member;
use time::OffsetDateTime;
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use crate::directory::{self, Person, Site, Standing};
use crate::office::Office;

/// Whom the enrolment log knows by a certificate.
pub(crate) enum Caller {
    Person(Person),
    Site(Box<Site>),
}

/// Who is at the other end and when the certificate ends, or why nobody is let in.
pub(crate) fn caller(
    office: &Office,
    stream: &TlsStream<TcpStream>,
) -> Result<(Caller, OffsetDateTime), String> {
    let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
    let certificate = chain.first().ok_or("a caller without a certificate was turned away")?;
    let identity = Identity::of_certificate(certificate)
        .map_err(|error| format!("a caller was turned away: {error}"))?;
    if identity.network != office.root().network {
        return Err(format!("a caller of another network was turned away: {identity}"));
    }
    let unreadable = |error| format!("the enrolment log cannot be read: {error}");
    let shown = Digest::of(certificate);
    // A renewed certificate that is seen takes the other's place in the enrolment log.
    let _alone = office.registering.lock().unwrap_or_else(PoisonError::into_inner);
    let (standing, caller) = match &identity.holder {
        Holder::Site(id) => match directory::site(&office.home, id).map_err(unreadable)? {
            Some(mut site) => {
                let standing = site.standing(shown);
                if standing == Standing::Renewed {
                    site.promote(shown);
                    directory::enrol_site(&office.home, &site).map_err(unreadable)?;
                }
                (standing, Some(Caller::Site(Box::new(site))))
            }
            None => (Standing::Unknown, None),
        },
        Holder::Person(id) => match directory::person(&office.home, id).map_err(unreadable)? {
            Some(mut person) => {
                let standing = person.standing(shown);
                if standing == Standing::Renewed {
                    person.promote(shown);
                    directory::enrol_person(&office.home, &person).map_err(unreadable)?;
                }
                (standing, Some(Caller::Person(person)))
            }
            None => (Standing::Unknown, None),
        },
    };
    let ends =
        certificate_end(certificate).ok().and_then(|end| OffsetDateTime::from_unix_timestamp(end).ok());
    match (standing, caller, ends) {
        (Standing::Held | Standing::Renewed, Some(caller), Some(ends)) => Ok((caller, ends)),
        (Standing::Revoked, _, _) => {
            Err(format!("a certificate that was revoked was turned away: {identity}"))
        }
        _ => Err(format!("a certificate that the enrolment log does not hold was turned away: {identity}")),
    }
}

/// Whether a member was revoked since the enrolment log let it in: its connection was not there to be cut then.
pub(crate) fn revoked_meanwhile(office: &Office, member: &Member) -> bool {
    let revoked = match member {
        Member::Site(id) => {
            directory::site(&office.home, id).map(|site| site.is_none_or(|one| one.revoked.is_some()))
        }
        Member::Person(id) => {
            directory::person(&office.home, id).map(|person| person.is_none_or(|one| one.revoked.is_some()))
        }
    };
    // What cannot be read lets nobody in.
    revoked.unwrap_or(true)
}
