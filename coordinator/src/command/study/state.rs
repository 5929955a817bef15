//! What investigators and approvers state about a study beside signing it.

use std::path::{Path, PathBuf};

use clap::Args;
use notochord_link::private_file::read_signing_key;
use notochord_program::failure::Failure;
use notochord_proto::envelope::Envelope;
use notochord_proto::statement::{LONGEST_REASON, Says, Statement};
use notochord_proto::study::Study;
use notochord_proto::wire::{StateRequest, StudyRequest};
use time::OffsetDateTime;

use crate::client::{connect, membership, status_failure};

/// About which study, with which key, and why.
#[derive(Args)]
pub(in crate::command) struct Stating {
    /// `id`, `id@version`, or the first digits of its digest
    study: String,
    /// The key of the investigator or approver
    #[arg(long)]
    key: PathBuf,
    /// Why; it is kept and shown with the study
    #[arg(long, default_value = "")]
    reason: String,
}

impl Stating {
    /// Seals the statement and hands it in.
    pub(in crate::command) async fn hand_in(self, home: &Path, says: Says) -> Result<(), Failure> {
        if self.reason.chars().count() > LONGEST_REASON {
            return Err(Failure::usage("the reason is longer than 1000 characters"));
        }
        let key = read_signing_key(&self.key)?;
        let network = membership(home)?.root.network;
        let mut client = connect(home).await?;
        let request = StudyRequest { study: self.study };
        let found = client.desk.study(request).await.map_err(status_failure)?.into_inner().sealed_study;
        let envelope = Envelope::from_json(&found).map_err(Failure::failed)?;
        let study = Study::parse("the study", envelope.payload_for_reading())?;
        let made_at = OffsetDateTime::now_utc();
        let (digest, reason) = (envelope.payload_digest(), self.reason);
        let statement = Statement { network, study: digest, says, reason, made_at };
        let sealed_statement = statement.seal(&key).to_json().into_bytes();
        client.desk.state(StateRequest { sealed_statement }).await.map_err(status_failure)?;
        let name = format!("{}@{}", study.id, study.version);
        match says {
            Says::Withdraw => {
                println!("`{name}` is withdrawn; sites that are connected stop within a minute.")
            }
            Says::Reject => println!("Your rejection of `{name}` is recorded."),
            Says::Recuse => println!("You take no part in deciding on `{name}`."),
        }
        Ok(())
    }
}
