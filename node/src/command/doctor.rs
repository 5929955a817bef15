use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use notochord_link::examination::{Finding, of_invitation, of_membership};
use notochord_link::invitation::Invitation;
use notochord_program::failure::Failure;
use serde_json::json;
use time::OffsetDateTime;

use crate::home::Home;

/// Try every step of the way to the coordinator, and say what is wrong with it
#[derive(Args)]
#[command(after_help = "Example: notochord-node --home node doctor")]
pub(super) struct Doctor {
    /// Before enrolment: try the addresses of this invitation, which stays valid
    #[arg(long)]
    invitation: Option<PathBuf>,
    /// For programs
    #[arg(long)]
    json: bool,
}

impl Doctor {
    pub(super) fn run(self, path: &Path) -> Result<(), Failure> {
        let home = Home::open(path)?;
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::failed)?;
        let findings = match &self.invitation {
            Some(file) => {
                let text = fs::read_to_string(file).map_err(|error| Failure::unreadable(file, &error))?;
                let invitation = Invitation::parse(&file.display().to_string(), &text)?;
                let way_out = home.link_settings()?.way_out;
                runtime.block_on(of_invitation(&invitation, &way_out, OffsetDateTime::now_utc()))
            }
            None => runtime.block_on(of_membership(&home.membership()?, &OffsetDateTime::now_utc)),
        };
        match self.json {
            true => println!("{}", findings.iter().map(as_json).collect::<serde_json::Value>()),
            false => findings.iter().for_each(print),
        }
        match findings.iter().filter(|finding| finding.outcome.is_err()).count() {
            0 => Ok(()),
            failed => Err(Failure::failed(format!("{failed} of {} steps failed", findings.len()))),
        }
    }
}

fn as_json(finding: &Finding) -> serde_json::Value {
    let (Ok(detail) | Err(detail)) = &finding.outcome;
    json!({ "step": finding.step, "ok": finding.outcome.is_ok(), "detail": detail })
}

fn print(finding: &Finding) {
    let (verdict, detail) = match &finding.outcome {
        Ok(detail) => ("ok", detail),
        Err(detail) => ("failed", detail),
    };
    println!("{verdict:<7} {:<12} {detail}", finding.step);
}
