use std::path::Path;

use clap::Subcommand;
use notochord_program::failure::Failure;
use notochord_proto::wire::{PeopleRequest, PersonSummary, RevokeRequest, revoke_request};
use notochord_stats::outcome::{Cell, Table};
use serde_json::json;

use super::sites::ending;
use crate::client::{connect, status_failure};
use crate::printing::grid;

/// List the enrolled people, or revoke a certificate
#[derive(Subcommand)]
pub(super) enum PeopleCommand {
    /// List the people who are enrolled
    #[command(after_help = "Example: notochord --home network people list")]
    List {
        /// For programs
        #[arg(long)]
        json: bool,
    },
    /// Let a person in no more, and cut the connections at once
    #[command(after_help = "Example: notochord --home network people revoke a-investigator")]
    Revoke {
        /// The person's id
        id: String,
    },
}

impl PeopleCommand {
    pub(super) async fn run(self, home: &Path) -> Result<(), Failure> {
        match self {
            Self::List { json } => list(home, json).await,
            Self::Revoke { id } => revoke(home, revoke_request::Member::Person(id)).await,
        }
    }
}

/// Revokes a member's certificate.
pub(super) async fn revoke(home: &Path, member: revoke_request::Member) -> Result<(), Failure> {
    let id = match &member {
        revoke_request::Member::Person(id) | revoke_request::Member::Site(id) => id.clone(),
    };
    let mut client = connect(home).await?;
    let request = RevokeRequest { member: Some(member) };
    let reply = client.desk.revoke(request).await.map_err(status_failure)?.into_inner();
    println!("`{id}` is let in no more; status list {} says so.", reply.status_version);
    eprintln!("To let it in again, invite it anew.");
    Ok(())
}

async fn list(home: &Path, as_json: bool) -> Result<(), Failure> {
    let mut client = connect(home).await?;
    let people = client.desk.people(PeopleRequest {}).await.map_err(status_failure)?.into_inner().people;
    if as_json {
        let lines = people.iter().map(|person| {
            json!({
                "id": person.id, "label": person.label, "certificate_expires": person.certificate_expires,
                "revoked": person.revoked, "concern": person.concern,
            })
        });
        println!("{}", serde_json::Value::from_iter(lines));
        return Ok(());
    }
    let columns = ["person", "name", "certificate ends", "revoked"].map(str::to_owned).into();
    let row = |one: &PersonSummary| {
        let ends = ending(&one.certificate_expires, &one.concern);
        [&one.id, &one.label, &ends, &one.revoked].map(|text| Cell::Text(text.clone())).into()
    };
    let table = Table { title: String::new(), columns, rows: people.iter().map(row).collect() };
    println!("{}", grid(&table));
    Ok(())
}
