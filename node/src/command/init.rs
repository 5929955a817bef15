use std::path::Path;

use clap::Args;
use notochord_ledger::Record as _;
use notochord_program::failure::Failure;
use time::OffsetDateTime;

use crate::entry::Initialised;
use crate::home::Home;

/// Make a node: keys, policy and an empty ledger
#[derive(Args)]
#[command(after_help = "Example: notochord-node --home node init")]
pub(super) struct Init {}

impl Init {
    pub(super) fn run(self, path: &Path) -> Result<(), Failure> {
        let home = Home::create(path)?;
        let record = Initialised { software: env!("CARGO_PKG_VERSION") };
        record.write(&mut home.ledger()?, OffsetDateTime::now_utc()).map_err(Failure::failed)?;
        println!("The node is in {}. Its keys never leave it.", path.display());
        println!("Next: notochord-node --home {} enrol INVITATION", path.display());
        Ok(())
    }
}
