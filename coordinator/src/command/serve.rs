use std::path::Path;
use std::sync::{Arc, Mutex};

use clap::Args;
use notochord_ledger::Ledger;
use notochord_link::private_file::replace;
use notochord_program::failure::Failure;
use notochord_program::server::{log_to_stderr, stop_signal};
use rustls::pki_types::CertificateDer;
use time::OffsetDateTime;
use tracing::{info, warn};

use crate::authority::Authority;
use crate::home::{Addresses, Home};
use crate::hub::Hub;
use crate::logbook::Logbook;
use crate::office::Office;
use crate::operator;
use crate::serve::{listen, serve};
use crate::store::Store;

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
    let (sealed_root, root) = home.root()?;
    let (dictionary, key) = (home.dictionary()?, home.coordinator_key()?);
    let certificate = pem::parse(home.read("authority.pem")?)
        .map_err(|error| Failure::usage(format!("authority.pem: {error}; restore the file")))?;
    let authority_key = home.tls_key("keys/authority.key")?;
    let authority = Authority::load(CertificateDer::from(certificate.into_contents()), authority_key)
        .map_err(Failure::failed)?;
    let ledger = Ledger::open(home.ledger_storage()?, home.checkpoint_key()?).map_err(Failure::failed)?;
    for recovery in ledger.recoveries() {
        warn!(%recovery, "the ledger was repaired");
    }
    let store = Store::open(&home.path("state")).map_err(Failure::failed)?;
    let now = OffsetDateTime::now_utc();
    let connect = addresses.public_listen.as_ref().unwrap_or(&addresses.listen);
    operator::certify(&home, &authority, &root.network, connect, now)?;
    for run in store.close_interrupted_runs(now).map_err(Failure::failed)? {
        info!(%run, "a run that was interrupted is reported broken");
    }
    let (hub, sites_to_dial) = Hub::new();
    let office = Arc::new(Office {
        addresses: addresses.clone(),
        dictionary,
        key,
        root,
        sealed_root,
        authority,
        logbook: Logbook::new(ledger),
        store,
        hub,
        submitting: Mutex::default(),
        witnessing: tokio::sync::Mutex::default(),
        clock: Arc::new(OffsetDateTime::now_utc),
        home: home.clone(),
    });
    let serving = home.path("serving");
    let text = format!("{}\n{}\n", addresses.listen, addresses.enrol);
    replace(&serving, text.as_bytes()).map_err(Failure::failed)?;
    info!(listen = %addresses.listen, enrol = %addresses.enrol, network = %office.root.network, "serving");
    let ended = tokio::select! {
        served = serve(office, links, door, sites_to_dial) => served.map_err(Failure::failed),
        stopped = stop_signal() => stopped.map_err(Failure::failed),
    };
    // A file that is gone already needs no removing.
    let _ = std::fs::remove_file(&serving);
    ended
}
