use std::path::Path;
use std::sync::{Arc, Mutex, RwLock};

use clap::Args;
use notochord_ledger::Ledger;
use notochord_link::private_file::replace;
use notochord_program::failure::Failure;
use notochord_program::server::{log_to_stderr, stop_signal};
use time::OffsetDateTime;
use tracing::{info, warn};

use crate::authority::MEMBER_LIFE;
use crate::connections::Connections;
use crate::home::{Addresses, Home};
use crate::hub::Hub;
use crate::in_force::InForce;
use crate::interruption::end_interrupted_runs;
use crate::logbook::Logbook;
use crate::office::Office;
use crate::operator;
use crate::readiness;
use crate::serve::{listen, serve};
use crate::status_board::StatusBoard;
use crate::store::Store;
use crate::succession;

/// Serve sites and people until stopped
#[derive(Args)]
#[command(after_help = "Example: notochord --home network serve")]
pub(super) struct Serve {}

impl Serve {
    pub(super) fn run(self, path: &Path) -> Result<(), Failure> {
        let home = Home::open(path)?;
        log_to_stderr();
        tokio::runtime::Runtime::new().map_err(Failure::failed)?.block_on(until_stopped(home))
    }
}

async fn until_stopped(home: Home) -> Result<(), Failure> {
    let addresses = home.addresses()?;
    let links = listen(&addresses.listen).await.map_err(Failure::failed)?;
    let door = listen(&addresses.enrol).await.map_err(Failure::failed)?;
    let bound = |listener: &tokio::net::TcpListener| {
        listener.local_addr().map(|address| address.to_string()).map_err(Failure::failed)
    };
    let addresses = Addresses { listen: bound(&links)?, enrol: bound(&door)?, ..addresses };
    let now = OffsetDateTime::now_utc();
    if let Some(version) = succession::settle(&home, now).map_err(Failure::failed)? {
        info!(version, "a root document with another key of the coordinator came into force");
    }
    let life = home.certificate_life()?.unwrap_or(MEMBER_LIFE);
    let (in_force, key) = (InForce::load(&home)?.with_member_life(life), home.coordinator_key()?);
    let ledger = Ledger::open(home.ledger_storage()?, home.checkpoint_key()?).map_err(Failure::failed)?;
    for recovery in ledger.recoveries() {
        warn!(%recovery, "the ledger was repaired");
    }
    let store = Store::open(&home.path("state")).map_err(Failure::failed)?;
    let connect = addresses.public_listen.as_ref().unwrap_or(&addresses.listen);
    operator::certify(&home, &in_force, connect, now)?;
    let (hub, sites_to_dial) = Hub::new();
    let office = Arc::new(Office {
        addresses: addresses.clone(),
        key,
        in_force: RwLock::new(in_force),
        logbook: Logbook::new(ledger),
        store,
        hub,
        status: StatusBoard::new(),
        connections: Connections::default(),
        feeds: Mutex::default(),
        submitting: Mutex::default(),
        registering: Mutex::default(),
        witnessing: tokio::sync::Mutex::default(),
        clock: Arc::new(OffsetDateTime::now_utc),
        home: home.clone(),
    });
    for run in end_interrupted_runs(&office).map_err(Failure::failed)? {
        info!(%run, "a run that was interrupted is reported broken");
    }
    let serving = home.path("serving");
    let text = format!("{}\n{}\n", addresses.listen, addresses.enrol);
    replace(&serving, text.as_bytes()).map_err(Failure::failed)?;
    info!(listen = %addresses.listen, enrol = %addresses.enrol, network = %office.root().network, "serving");
    let ended = tokio::select! {
        served = serve(office.clone(), links, door, sites_to_dial) => served.map_err(Failure::failed),
        stopped = stop_signal() => stopped.map_err(Failure::failed),
    };
    info!("stopping; the sites are told");
    readiness::farewell(&office).await;
    // A file that is gone already needs no removing.
    let _ = std::fs::remove_file(&serving);
    ended
}
