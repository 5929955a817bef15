use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use notochord_link::invitation::Invitation;
use notochord_link::membership::{Membership, MembershipError};
use notochord_link::settings::LinkSettings;
use notochord_link::way_out::WayOut;
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
        let settings = LinkSettings::load(home)?;
        let (way_out, now) = (settings.way_out, OffsetDateTime::now_utc());
        // Whoever is invited again under the same name, because the certificate has ended, goes on in the directory.
        let before = match home.join("member.toml").exists() {
            true => Some(Membership::load(home).map_err(membership_failure)?),
            false => None,
        };
        let is_same =
            |before: &Membership| (before.id(), before.network()) == (&invitation.id, &invitation.network);
        if home.join("network.toml").exists() || !before.as_ref().is_none_or(is_same) {
            return Err(Failure::usage(format!(
                "{} is in use; name another directory with --home",
                home.display()
            )));
        }
        let membership = match before {
            None => Membership::enrol(home, &invitation, None, &way_out, None, now).await,
            Some(before) => again(home, before, &invitation, &way_out, now).await,
        };
        let membership = membership.map_err(membership_failure)?;
        println!("{} is a member of the network `{}`.", membership.label, membership.network());
        Ok(())
    }
}

/// Enrols beside the directory's files and then switches to what came.
async fn again(
    home: &Path,
    before: Membership,
    invitation: &Invitation,
    way_out: &WayOut,
    now: OffsetDateTime,
) -> Result<Membership, MembershipError> {
    let beside = home.join("enrolment.new");
    // Left by an attempt that was interrupted, with a key that was never used.
    let _ = fs::remove_dir_all(&beside);
    let fresh = Membership::enrol(&beside, invitation, None, way_out, Some(&before.root), now).await?;
    let membership = before.rejoin(fresh, now)?;
    // What is left there does no harm: the files are private, and are removed before the next attempt.
    let _ = fs::remove_dir_all(&beside);
    Ok(membership)
}
