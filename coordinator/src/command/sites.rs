use std::path::Path;

use clap::{Args, Subcommand};
use notochord_program::failure::Failure;
use notochord_proto::wire::{SiteSummary, SitesRequest, revoke_request};
use notochord_stats::outcome::{Cell, Table};
use serde_json::json;

use super::people::revoke;
use crate::client::{connect, status_failure};
use crate::printing::grid;

/// List the sites and whether they are connected, or revoke a site's certificate
#[derive(Args)]
#[command(
    after_help = "Example: notochord --home network sites --json",
    args_conflicts_with_subcommands = true
)]
pub(super) struct Sites {
    #[command(subcommand)]
    command: Option<SitesCommand>,
    /// For programs
    #[arg(long)]
    json: bool,
}

#[derive(Subcommand)]
enum SitesCommand {
    /// Let a site in no more, and cut its links at once
    #[command(after_help = "Example: notochord --home network sites revoke toronto")]
    Revoke {
        /// The site's id
        id: String,
    },
}

impl Sites {
    pub(super) async fn run(self, home: &Path) -> Result<(), Failure> {
        if let Some(SitesCommand::Revoke { id }) = self.command {
            return revoke(home, revoke_request::Member::Site(id)).await;
        }
        let mut client = connect(home).await?;
        let sites = client.desk.sites(SitesRequest {}).await.map_err(status_failure)?.into_inner().sites;
        match self.json {
            true => println!("{}", serde_json::Value::from_iter(sites.iter().map(as_json))),
            false => {
                println!("{}", grid(&as_table(&sites)));
                for site in &sites {
                    site.lacks.iter().for_each(|lack| println!("{}: {lack}", site.label));
                }
            }
        }
        Ok(())
    }
}

/// When a certificate ends, and what is to be said about that.
pub(super) fn ending(expires: &str, concern: &str) -> String {
    match concern.is_empty() {
        true => expires.to_owned(),
        false => format!("{expires} {concern}"),
    }
}

fn as_json(site: &SiteSummary) -> serde_json::Value {
    json!({
        "id": site.id, "label": site.label, "connected": site.connected, "software": site.software,
        "certificate_expires": site.certificate_expires, "revoked": site.revoked, "concern": site.concern,
        "lacks": site.lacks,
    })
}

fn as_table(sites: &[SiteSummary]) -> Table {
    let columns = ["site", "name", "connected", "software", "certificate ends"].map(str::to_owned).into();
    let rows = sites
        .iter()
        .map(|site| {
            let connected = match (site.connected, site.revoked.is_empty()) {
                (_, false) => "revoked",
                (true, _) => "yes",
                (false, _) => "no",
            };
            let ends = ending(&site.certificate_expires, &site.concern);
            [&site.id, &site.label, connected, &site.software, &ends]
                .map(|text: &str| Cell::Text(text.to_owned()))
                .into()
        })
        .collect();
    Table { title: String::new(), columns, rows }
}
