//! Revoking a member's certificate: the enrolment log says so, its links are cut, and the status list tells everybody.

use std::sync::PoisonError;

use notochord_proto::digest::Digest;
use notochord_proto::name::SiteId;
use notochord_proto::status_list::Member;

use crate::directory;
use crate::home::HomeError;
use crate::logbook::CertificateRevoked;
use crate::office::Office;
use crate::operator;
use crate::status_board::{self, StatusBoardError};

/// Why nothing is revoked.
#[derive(Debug, thiserror::Error)]
pub enum RevocationError {
    /// Nobody.
    #[error("`{0}` is not enrolled; `notochord sites` and `notochord people list` name who is")]
    Unknown(SiteId),
    /// The last one who could.
    #[error("the coordinator's own person cannot be revoked: nobody could undo it")]
    Ourselves,
    /// The directory.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] notochord_ledger::LedgerError),
    /// The status list.
    #[error(transparent)]
    Status(#[from] StatusBoardError),
}

/// Revokes a member's certificate, and every renewed one; returns the version of the status list that says so. A new
/// invitation lets the member in again.
pub fn revoke(office: &Office, member: &Member) -> Result<u64, RevocationError> {
    mark(office, member)?;
    office.connections.sever(member);
    Ok(status_board::current(office)?.list.version)
}

fn mark(office: &Office, member: &Member) -> Result<(), RevocationError> {
    let _alone = office.registering.lock().unwrap_or_else(PoisonError::into_inner);
    let (home, now) = (&office.home, office.now());
    match member {
        Member::Site(id) => {
            let unknown = || RevocationError::Unknown(id.clone());
            let mut site = directory::site(home, id)?.ok_or_else(unknown)?;
            if site.revoked.is_some() {
                return Ok(());
            }
            write_down(office, &format!("site/{id}"), site.certificate)?;
            site.revoked = Some(now);
            Ok(directory::enrol_site(home, &site)?)
        }
        Member::Person(id) if id.as_str() == operator::NAME => Err(RevocationError::Ourselves),
        Member::Person(id) => {
            let unknown = || RevocationError::Unknown(id.clone());
            let mut person = directory::person(home, id)?.ok_or_else(unknown)?;
            if person.revoked.is_some() {
                return Ok(());
            }
            write_down(office, &format!("person/{id}"), person.certificate)?;
            person.revoked = Some(now);
            Ok(directory::enrol_person(home, &person)?)
        }
    }
}

fn write_down(office: &Office, member: &str, certificate: Digest) -> Result<(), RevocationError> {
    let entry = CertificateRevoked { member: member.to_owned(), certificate };
    Ok(office.logbook.write(&entry, office.now())?)
}
