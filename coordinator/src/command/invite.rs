use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use notochord_link::private_file::create_private;
use notochord_program::failure::Failure;
use notochord_proto::name::{Address, SiteId};
use notochord_proto::wire::{InviteRequest, invite_request};

use crate::client::{connect, status_failure};

/// Invite a site, or a person
#[derive(Args)]
#[command(after_help = "Example: notochord --home network invite \"University Hospital Toronto\"")]
pub(super) struct Invite {
    /// The site's name, as reports print it (or the person's, with --person)
    name: String,
    /// The id in certificates and messages; by default made of the name's Latin letters and digits
    #[arg(long)]
    id: Option<SiteId>,
    /// Invite a person, who may submit studies and read results
    #[arg(long, conflicts_with = "dial")]
    person: bool,
    /// How long the invitation is valid
    #[arg(long, default_value = "24h", value_parser = humantime::parse_duration)]
    valid: Duration,
    /// Where the site's node listens (host:port), if it does not dial out
    #[arg(long)]
    dial: Option<Address>,
    /// Where to write the invitation; by default ID.invitation.toml
    #[arg(long)]
    out: Option<PathBuf>,
}

impl Invite {
    pub(super) async fn run(self, home: &Path) -> Result<(), Failure> {
        let mut client = connect(home).await?;
        let invited = match self.person {
            true => invite_request::Invited::Person(self.name.clone()),
            false => invite_request::Invited::SiteLabel(self.name.clone()),
        };
        let request = InviteRequest {
            invited: Some(invited),
            valid_s: self.valid.as_secs(),
            dial: self.dial.map(String::from).unwrap_or_default(),
            id: self.id.map(String::from).unwrap_or_default(),
        };
        let reply = client.desk.invite(request).await.map_err(status_failure)?.into_inner();
        let file = self.out.unwrap_or_else(|| PathBuf::from(format!("{}.invitation.toml", reply.id)));
        create_private(&file, reply.invitation.as_bytes())
            .map_err(|error| Failure::unwritable(&file, &error))?;
        println!("{}", file.display());
        let valid = humantime::format_duration(self.valid);
        eprintln!("Give this file to {} as you would a key. It works once, for {valid}.", self.name);
        Ok(())
    }
}
