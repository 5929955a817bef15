use std::path::Path;
use std::sync::Arc;

use clap::Args;
use notochord_program::failure::Failure;
use notochord_program::server::{log_to_stderr, stop_signal};
use notochord_proto::name::Address;
use time::OffsetDateTime;
use tokio::net::TcpListener;
use tracing::{info, warn};

use crate::centre::Centre;
use crate::home::Home;
use crate::respond::Responder;
use crate::serve::{dial, listen};
use crate::upkeep;

/// Serve the network until stopped
#[derive(Args)]
#[command(after_help = "Example: notochord-node --home node serve")]
pub(super) struct Serve {
    /// Listen here (host:port) instead of dialling out; the coordinator must have been told where
    #[arg(long)]
    listen: Option<Address>,
}

impl Serve {
    pub(super) fn run(self, path: &Path) -> Result<(), Failure> {
        let home = Home::open(path)?;
        log_to_stderr();
        let membership = Arc::new(home.membership()?);
        let centre = Centre::open(home, Arc::new(OffsetDateTime::now_utc)).map_err(Failure::failed)?;
        let responder = Arc::new(Responder::new(centre).map_err(Failure::failed)?);
        for recovery in responder.recoveries() {
            warn!(%recovery, "the ledger was repaired");
        }
        info!(identity = %membership.identity, "serving");
        if membership.root.throwaway_minimum.is_some() {
            warn!("this is a throw-away network: its thresholds protect nobody");
        }
        tokio::runtime::Runtime::new().map_err(Failure::failed)?.block_on(async {
            tokio::spawn(upkeep::watch(responder.clone()));
            let serving = async {
                match &self.listen {
                    None => {
                        dial(&membership, responder).await;
                        Ok(())
                    }
                    Some(address) => {
                        let failed = |error: std::io::Error| Failure::failed(format!("{address}: {error}"));
                        let listener = TcpListener::bind(address.as_str()).await.map_err(failed)?;
                        listen(listener, membership, responder).await.map_err(failed)
                    }
                }
            };
            tokio::select! {
                served = serving => served,
                stopped = stop_signal() => stopped.map_err(Failure::failed),
            }
        })
    }
}
