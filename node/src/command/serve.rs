use std::path::Path;
use std::sync::Arc;

use clap::Args;
use notochord_link::membership::Membership;
use notochord_program::failure::Failure;
use notochord_program::server::{log_to_stderr, reload_signals, stop_signal};
use notochord_proto::name::Address;
use time::OffsetDateTime;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tracing::{info, warn};

use crate::centre::Centre;
use crate::home::Home;
use crate::respond::Responder;
use crate::serve::{dial, listen};

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
        let keepalive = home.link_settings()?.keepalive;
        let centre = Centre::open(home, Arc::new(OffsetDateTime::now_utc)).map_err(Failure::failed)?;
        let responder = Arc::new(Responder::new(centre).map_err(Failure::failed)?);
        for recovery in responder.recoveries() {
            warn!(%recovery, "the ledger was repaired");
        }
        info!(identity = %membership.identity, "serving");
        if let Ok(coordinator) = membership.connect.parse()
            && let Ok(Some(proxy)) = membership.way_out().proxy_to(&coordinator)
        {
            info!(%proxy, "the coordinator is reached through a proxy");
        }
        if membership.root.throwaway_minimum.is_some() {
            warn!("this is a throw-away network: its thresholds protect nobody");
        }
        tokio::runtime::Runtime::new().map_err(Failure::failed)?.block_on(async {
            let serving = async {
                match &self.listen {
                    None => {
                        let (renewed, memberships) = watch::channel(membership);
                        tokio::select! {
                            () = dial(memberships, keepalive, responder) => Ok(()),
                            ended = renew_when_told(path, &renewed) => ended,
                        }
                    }
                    Some(address) => {
                        let failed = |error: std::io::Error| Failure::failed(format!("{address}: {error}"));
                        let listener = TcpListener::bind(address.as_str()).await.map_err(failed)?;
                        listen(listener, membership, keepalive, responder).await.map_err(failed)
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

/// On a hang-up signal (`systemctl reload`) reads `link.toml` and the membership anew, and has a new link take over
/// from the one that is open, without a lost call.
async fn renew_when_told(path: &Path, memberships: &watch::Sender<Arc<Membership>>) -> Result<(), Failure> {
    let mut told = reload_signals().map_err(Failure::failed)?;
    while told.recv().await.is_some() {
        match Home::open(path).and_then(|home| home.membership()) {
            Ok(membership) => drop(memberships.send_replace(Arc::new(membership))),
            Err(error) => warn!(%error, "not reloaded; the link stays as it was"),
        }
    }
    std::future::pending().await
}
