use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use notochord_ledger::Record as _;
use notochord_link::invitation::Invitation;
use notochord_link::membership::Membership;
use notochord_program::failure::Failure;
use time::OffsetDateTime;

use crate::entry::{Enrolled, EnrolmentRefused, Reason};
use crate::home::{Home, HomeError};

/// Join a network with an invitation
#[derive(Args)]
#[command(after_help = "Example: notochord-node --home node enrol toronto.invitation.toml")]
pub(super) struct Enrol {
    /// The invitation file
    invitation: PathBuf,
    /// Join a throw-away network, in which thresholds do not protect anybody. Never with patients' data
    #[arg(long)]
    throwaway: bool,
}

impl Enrol {
    pub(super) fn run(self, path: &Path) -> Result<(), Failure> {
        let home = Home::open(path)?;
        let file = self.invitation.display().to_string();
        let text = fs::read_to_string(&self.invitation)
            .map_err(|error| Failure::unreadable(&self.invitation, &error))?;
        let invitation = Invitation::parse(&file, &text)?;
        let before = home.membership().ok();
        if let Some(membership) = &before
            && (membership.id(), membership.network()) != (&invitation.id, &invitation.network)
        {
            return Err(Failure::usage(format!(
                "this node is enrolled already, as {}; make another with `notochord-node init`",
                membership.identity
            )));
        }
        let membership = self
            .join(&home, &invitation, before)
            .or_else(|failure| write_down(&home, &invitation, failure))?;
        let record = Enrolled {
            network: membership.network().to_string(),
            site: membership.id().to_string(),
            root: membership.root_digest,
        };
        record.write(&mut home.ledger()?, OffsetDateTime::now_utc()).map_err(Failure::failed)?;
        println!("{} is a site of the network `{}`.", membership.label, membership.network());
        trust(&membership).iter().for_each(|line| println!("{line}"));
        println!("Next: notochord-node --home {} import FILE", path.display());
        Ok(())
    }

    fn join(
        &self,
        home: &Home,
        invitation: &Invitation,
        before: Option<Membership>,
    ) -> Result<Membership, Failure> {
        // Beside the present membership, which a site that is invited again keeps until the new one is complete. What
        // an attempt that was cut off left there is used again: the coordinator may have certified its key already.
        let directory = home.path("network.new");
        let (keys, settings) = (home.site_keys()?, home.link_settings()?);
        let now = OffsetDateTime::now_utc();
        let held = before.as_ref().map(|before| &before.root);
        let enrolled = Membership::enrol(&directory, invitation, Some(keys), &settings.way_out, held, now);
        let membership = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(Failure::failed)?
            .block_on(enrolled)
            .map_err(HomeError::from)?;
        if membership.root.throwaway_minimum.is_some() && !self.throwaway {
            remove(&directory)?;
            return Err(Failure::refused(
                "this is a throw-away network, whose thresholds protect nobody; join it with --throwaway and never \
                 with patients' data",
            ));
        }
        let place = home.network_directory();
        // The newest status list that was heard stays: an older one is not believed under a new certificate either.
        match fs::copy(place.join("status.json"), directory.join("status.json")) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Failure::failed(format!("{}: {error}", place.display())));
            }
            _ => {}
        }
        remove(&place)?;
        fs::rename(&directory, &place)
            .map_err(|error| Failure::failed(format!("{}: {error}", place.display())))?;
        Ok(home.membership()?)
    }
}

fn remove(directory: &Path) -> Result<(), Failure> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Failure::failed(format!("{}: {error}", directory.display())))
        }
        _ => Ok(()),
    }
}

/// Whose signatures this node will trust: the coordinator says so, and only people can check it.
pub(super) fn trust(membership: &Membership) -> Vec<String> {
    let root = &membership.root;
    let mut lines = vec![
        format!("Root document {}, valid until {}.", membership.root_digest, root.expires),
        "Compare these keys with their holders in another way than through the coordinator:".to_owned(),
    ];
    for role in [&root.investigators, &root.approvers] {
        lines.push(format!("  {}, {} must sign:", role.name(), role.threshold()));
        lines.extend(role.keys().iter().map(|named| format!("    {}  {}", named.key, named.name)));
    }
    lines
}

/// A refusal, on whichever side, belongs into the ledger; a coordinator that cannot be reached does not.
fn write_down(home: &Home, invitation: &Invitation, failure: Failure) -> Result<Membership, Failure> {
    if let Failure::Refused(reason) = &failure {
        let record = EnrolmentRefused {
            network: invitation.network.to_string(),
            site: invitation.id.to_string(),
            reason: Reason::of(reason),
        };
        record.write(&mut home.ledger()?, OffsetDateTime::now_utc()).map_err(Failure::failed)?;
    }
    Err(failure)
}
