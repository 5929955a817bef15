//! Another key for the coordinator itself. Rounds, records, status lists and the ledger's checkpoints are sealed with
//! it, so all of them change hands at one moment: when the coordinator starts. Until then the root document that names
//! the new key waits beside the one in force.
//!
//! Every step can be begun again: whatever interrupts a start, the next one goes on where it stopped.

use std::fs;

use notochord_ledger::{CheckpointKey, DirectoryStorage, Ledger, LedgerError, Origin, Record as _};
use notochord_link::private_file::{create_private_directory, read_signing_key};
use notochord_proto::envelope::{Envelope, EnvelopeError};
use notochord_proto::keys::{PublicKey, SecretKey};
use notochord_proto::problem::Problem;
use notochord_proto::root::{Root, RootError};
use time::OffsetDateTime;

use crate::home::{Home, HomeError, file_error};
use crate::logbook::{LedgerContinued, RootPublished};

/// The sealed root document that waits.
const WAITING: &str = "root.next.json";
/// The key it names.
pub(crate) const NEXT_KEY: &str = "keys/coordinator.next.key";
const KEY: &str = "keys/coordinator.key";
const LEDGER: &str = "ledger";
const NEW_LEDGER: &str = "ledger.new";

/// Why the coordinator's key does not change.
#[derive(Debug, thiserror::Error)]
pub enum SuccessionError {
    /// Not an envelope.
    #[error("{WAITING}: {0}; remove the file, and publish the root document again")]
    Envelope(#[from] EnvelopeError),
    /// Not the next document.
    #[error("{WAITING}: {0}; remove the file, and publish the next root document")]
    Root(#[from] RootError),
    /// The directory.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// A key.
    #[error(transparent)]
    Key(#[from] Problem),
    /// A ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// The public half of the key made for the next root document.
pub(crate) fn next_key(home: &Home) -> Result<Option<PublicKey>, Problem> {
    let path = home.path(NEXT_KEY);
    if !path.exists() {
        return Ok(None);
    }
    Ok(Some(read_signing_key(&path)?.public()))
}

/// Keeps a root document, which names another coordinator's key, until the coordinator starts again.
pub(crate) fn wait(home: &Home, sealed: &Envelope) -> Result<(), HomeError> {
    home.write(WAITING, sealed.to_json().as_bytes())
}

/// Brings the root document that waits into force, with the key it names and a new ledger; gives its version.
pub fn settle(home: &Home, now: OffsetDateTime) -> Result<Option<u32>, SuccessionError> {
    if !home.path(WAITING).exists() {
        return Ok(None);
    }
    let envelope = Envelope::from_json(&home.read(WAITING)?)?;
    let (held_envelope, held) = home.root()?;
    let next = match held_envelope.payload_digest() == envelope.payload_digest() {
        true => held,
        false => held.successor(&envelope)?,
    };
    if home.path(NEXT_KEY).exists() {
        let key = read_signing_key(&home.path(NEXT_KEY))?;
        change_ledgers(home, &envelope, &next, &key, now)?;
        // The old key is gone with this: nothing needs it any more.
        home.rename(NEXT_KEY, KEY)?;
    }
    home.write_root(&envelope, next.version)?;
    let waiting = home.path(WAITING);
    fs::remove_file(&waiting).map_err(|source| file_error(&waiting, source))?;
    Ok(Some(next.version))
}

/// Ends the ledger under the old key, puts it aside, and begins one under the new key that names it.
fn change_ledgers(
    home: &Home,
    envelope: &Envelope,
    next: &Root,
    key: &SecretKey,
    now: OffsetDateTime,
) -> Result<(), SuccessionError> {
    let former = format!("ledger.until-root-{}", next.version);
    if !home.path(&former).exists() {
        let mut ledger = Ledger::open(storage(home, LEDGER)?, home.checkpoint_key()?)?;
        let signers = envelope.signers(&next.root);
        RootPublished { root: envelope.payload_digest(), version: next.version, signers }
            .write(&mut ledger, now)?;
        drop(ledger);
        home.rename(LEDGER, &former)?;
    }
    if home.path(LEDGER).exists() {
        return Ok(());
    }
    let ended = Ledger::open(storage(home, &former)?, home.checkpoint_key()?)?.checkpoint();
    let building = home.path(NEW_LEDGER);
    if building.exists() {
        fs::remove_dir_all(&building).map_err(|source| file_error(&building, source))?;
    }
    create_private_directory(&building).map_err(|source| file_error(&building, source))?;
    let origin = Origin::of_coordinator(&key.public());
    let mut ledger =
        Ledger::create(storage(home, NEW_LEDGER)?, CheckpointKey::new(origin, key.signing_key().clone()))?;
    let entry = LedgerContinued {
        root: envelope.payload_digest(),
        version: next.version,
        before: Origin::of_coordinator(&home.coordinator_key()?.public()).as_str().to_owned(),
        entries: ended.size,
        tree: ended.root,
    };
    entry.write(&mut ledger, now)?;
    drop(ledger);
    Ok(home.rename(NEW_LEDGER, LEDGER)?)
}

fn storage(home: &Home, name: &str) -> Result<DirectoryStorage, HomeError> {
    let path = home.path(name);
    DirectoryStorage::open(&path).map_err(|source| file_error(&path, source))
}

#[cfg(test)]
mod tests;
