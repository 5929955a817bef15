//! Renewing certificates: which are due, and how the enrolment log holds a member's old certificate and the new one
//! side by side until the new one was seen in use. So a renewal may be cut off anywhere and begun again.

use std::sync::PoisonError;
use std::time::Duration as StdDuration;

use notochord_link::identity::{Identity, certificate_end};
use notochord_link::tls::TlsError;
use notochord_proto::digest::Digest;
use notochord_proto::name::SiteId;
use time::{Duration, OffsetDateTime};

use crate::authority::SERVER_LIFE;
use crate::directory::{self, Upcoming};
use crate::home::HomeError;
use crate::logbook::CertificateRenewed;
use crate::office::Office;

/// The most certificates of one member that were issued and not yet seen in use.
const MOST_UPCOMING: usize = 8;

/// Why a certificate is not renewed.
#[derive(Debug, thiserror::Error)]
pub enum RenewalError {
    /// Not enrolled, or revoked.
    #[error("`{0}` is not enrolled, or its certificate was revoked")]
    Unknown(SiteId),
    /// The request.
    #[error("the signing request cannot be read")]
    Request(#[source] TlsError),
    /// The certificate that was made.
    #[error("the certificate cannot be made")]
    Certificate,
    /// The directory.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] notochord_ledger::LedgerError),
}

/// Whether a certificate that ends then is due: half of its life is over.
pub fn is_due(office: &Office, ends: OffsetDateTime) -> bool {
    ends - office.now() <= office.in_force().member_life / 2
}

/// How long the coordinator's own certificates live.
pub fn own_life(office: &Office) -> Duration {
    SERVER_LIFE.min(office.in_force().member_life)
}

/// How long may be waited before looking again whether something is due.
pub fn pause(office: &Office) -> StdDuration {
    let life = StdDuration::try_from(office.in_force().member_life).unwrap_or_default();
    (life / 16).max(StdDuration::from_millis(200))
}

/// Certifies a site's next key; from now on the enrolment log knows both certificates.
pub fn certify_site(office: &Office, id: &SiteId, request: &[u8]) -> Result<Vec<Vec<u8>>, RenewalError> {
    let _alone = office.registering.lock().unwrap_or_else(PoisonError::into_inner);
    let unknown = || RenewalError::Unknown(id.clone());
    let mut site = directory::site(&office.home, id)?.ok_or_else(unknown)?;
    if site.revoked.is_some() {
        return Err(unknown());
    }
    let identity = Identity::site(office.root().network.clone(), id.clone());
    let (chain, upcoming) = certify(office, &identity, request)?;
    remember(&mut site.upcoming, upcoming);
    directory::enrol_site(&office.home, &site)?;
    Ok(chain)
}

/// Certifies a person's next key.
pub fn certify_person(office: &Office, id: &SiteId, request: &[u8]) -> Result<Vec<Vec<u8>>, RenewalError> {
    let _alone = office.registering.lock().unwrap_or_else(PoisonError::into_inner);
    let unknown = || RenewalError::Unknown(id.clone());
    let mut person = directory::person(&office.home, id)?.ok_or_else(unknown)?;
    if person.revoked.is_some() {
        return Err(unknown());
    }
    let identity = Identity::person(office.root().network.clone(), id.clone());
    let (chain, upcoming) = certify(office, &identity, request)?;
    remember(&mut person.upcoming, upcoming);
    directory::enrol_person(&office.home, &person)?;
    Ok(chain)
}

/// A member that was cut off again and again may hold any of the last few: none of them is forgotten at once.
pub(crate) fn remember(upcoming: &mut Vec<Upcoming>, newest: Upcoming) {
    upcoming.push(newest);
    let over = upcoming.len().saturating_sub(MOST_UPCOMING);
    upcoming.drain(..over);
}

fn certify(
    office: &Office,
    identity: &Identity,
    request: &[u8],
) -> Result<(Vec<Vec<u8>>, Upcoming), RenewalError> {
    let in_force = office.in_force();
    let certified = in_force.authority.certify_for(in_force.member_life, request, identity, office.now());
    let chain = certified.map_err(RenewalError::Request)?;
    let leaf = chain.first().ok_or(RenewalError::Certificate)?;
    let end = certificate_end(leaf).map_err(|_| RenewalError::Certificate)?;
    let expires = OffsetDateTime::from_unix_timestamp(end).map_err(|_| RenewalError::Certificate)?;
    let certificate = Digest::of(leaf);
    let entry = CertificateRenewed { identity: identity.to_string(), certificate };
    office.logbook.write(&entry, office.now())?;
    let chain = chain.iter().map(|certificate| certificate.to_vec()).collect();
    Ok((chain, Upcoming { certificate, expires }))
}
