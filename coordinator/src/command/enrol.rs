use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use notochord_link::invitation::Invitation;
use notochord_link::membership::Membership;
use notochord_link::settings::LinkSettings;
use notochord_program::failure::Failure;
use time::OffsetDateTime;

use crate::client::membership_failure;

/// Enrol yourself with an invitation
#[derive(Args)]
#[command(after_help = "Example: notochord --home me enrol a-investigator.invitation.toml")]
pub(super) struct Enrol {
    /// The invitation file
    invitation: PathBuf,
}

impl Enrol {
    pub(super) async fn run(self, home: &Path) -> Result<(), Failure> {
        let file = self.invitation.display().to_string();
        let text = fs::read_to_string(&self.invitation)
            .map_err(|error| Failure::unreadable(&self.invitation, &error))?;
        let invitation = Invitation::parse(&file, &text)?;
        if home.join("member.toml").exists() || home.join("network.toml").exists() {
            return Err(Failure::usage(format!(
                "{} is in use; name another directory with --home",
                home.display()
            )));
        }
        let (way_out, now) = (LinkSettings::load(home)?.way_out, OffsetDateTime::now_utc());
        let membership =
            Membership::enrol(home, &invitation, None, &way_out, now).await.map_err(membership_failure)?;
        println!("{} is a member of the network `{}`.", membership.label, membership.network());
        Ok(())
    }
}
