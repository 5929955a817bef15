//! The status list as the coordinator issues it: anew when something is revoked or withdrawn, and long before the last
//! one ends. Who waits for a change is woken.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use notochord_proto::envelope::Envelope;
use notochord_proto::status_list::{LONGEST_LIFE, Member, Revoked, STATUS_TYPE, StatusList, Withdrawn};
use time::Duration;
use tokio::sync::watch;

use crate::directory;
use crate::home::HomeError;
use crate::office::Office;
use crate::statements::{self, StatementsError};
use crate::supersession;

/// How long before its end a list is replaced.
const BEFORE_THE_END: Duration = Duration::hours(18);
const FILE: &str = "status.json";

/// The list in force, and who waits for the next.
pub struct StatusBoard {
    held: Mutex<Option<Issued>>,
    changed: watch::Sender<u64>,
}

/// A list that was issued.
#[derive(Clone)]
pub struct Issued {
    /// What it says.
    pub list: Arc<StatusList>,
    /// The list as it travels.
    pub sealed: Arc<Vec<u8>>,
}

/// Why no list can be issued.
#[derive(Debug, thiserror::Error)]
pub enum StatusBoardError {
    /// The directory.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The statements.
    #[error(transparent)]
    Statements(#[from] StatementsError),
}

impl StatusBoard {
    /// An empty board.
    pub fn new() -> Self {
        Self { held: Mutex::default(), changed: watch::channel(0).0 }
    }

    /// Tells when a list has been issued; the value is its version.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    fn held(&self) -> MutexGuard<'_, Option<Issued>> {
        // What it holds is replaced whole.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for StatusBoard {
    fn default() -> Self {
        Self::new()
    }
}

/// The status list in force; a new one if anything has changed, or the last one ends soon.
pub fn current(office: &Office) -> Result<Issued, StatusBoardError> {
    let mut held = office.status.held();
    let (now, in_force) = (office.now(), office.in_force());
    let (revoked, withdrawn) = (revoked(office)?, withdrawn(office)?);
    let (superseded, recused) = (supersession::all(&office.home)?, statements::recusals(&office.home)?);
    if let Some(issued) = &*held {
        let list = &issued.list;
        let is_same = list.root == in_force.reference()
            && list.revoked == revoked
            && list.withdrawn == withdrawn
            && list.superseded == superseded
            && list.recused == recused;
        if is_same && list.issued <= now && list.expires - now > BEFORE_THE_END {
            return Ok(issued.clone());
        }
    }
    // Counted by the clock, so that a coordinator restored from an older copy does not count again what its
    // sites have heard already; and never downwards, should the clock be turned back.
    let last = held.as_ref().map(|issued| issued.list.version).or_else(|| last_version(office));
    let version =
        last.unwrap_or_default().saturating_add(1).max(u64::try_from(now.unix_timestamp()).unwrap_or(1));
    let list = StatusList {
        network: in_force.root.network.clone(),
        version,
        issued: now,
        expires: now + LONGEST_LIFE,
        root: in_force.reference(),
        revoked,
        withdrawn,
        superseded,
        recused,
    };
    let sealed = Envelope::seal(STATUS_TYPE, list.to_bytes(), &office.key).to_json().into_bytes();
    office.home.write(FILE, &sealed)?;
    let issued = Issued { list: Arc::new(list), sealed: Arc::new(sealed) };
    *held = Some(issued.clone());
    drop(held);
    office.status.changed.send_replace(version);
    Ok(issued)
}

/// The version of the list that was written down last, by this coordinator or an earlier start of it.
fn last_version(office: &Office) -> Option<u64> {
    let envelope = Envelope::from_json(&office.home.read(FILE).ok()?).ok()?;
    let list: StatusList = serde_json::from_slice(envelope.payload_for_reading()).ok()?;
    Some(list.version)
}

fn revoked(office: &Office) -> Result<Vec<Revoked>, HomeError> {
    let sites = directory::sites(&office.home)?.into_iter().filter_map(|site| {
        let (member, since) = (Member::Site(site.id), site.revoked?);
        Some(Revoked { member, certificate: site.certificate, since })
    });
    let people = directory::people(&office.home)?.into_iter().filter_map(|person| {
        let (member, since) = (Member::Person(person.id), person.revoked?);
        Some(Revoked { member, certificate: person.certificate, since })
    });
    Ok(sites.chain(people).collect())
}

fn withdrawn(office: &Office) -> Result<Vec<Withdrawn>, StatementsError> {
    Ok(statements::withdrawals(&office.home)?)
}

#[cfg(test)]
mod tests;
