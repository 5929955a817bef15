use std::path::PathBuf;

use clap::{Args, Subcommand};
use notochord_link::private_file::create_private;
use notochord_program::failure::Failure;
use notochord_proto::keys::SecretKey;
use zeroize::Zeroizing;

/// Make a signing key
#[derive(Args)]
#[command(after_help = "Example: notochord key new ethics.key")]
pub(super) struct Key {
    #[command(subcommand)]
    command: KeyCommand,
}

#[derive(Subcommand)]
enum KeyCommand {
    /// Make a key; the public half is printed, to be given to the coordinator
    #[command(after_help = "Example: notochord key new ethics.key")]
    New {
        /// Where to write the secret half; an existing file is never replaced
        file: PathBuf,
    },
}

impl Key {
    pub(super) fn run(self) -> Result<(), Failure> {
        let KeyCommand::New { file } = self.command;
        let key = new_secret_key()?;
        create_private(&file, key.to_file_text().as_bytes())
            .map_err(|error| Failure::unwritable(&file, &error))?;
        println!("{}", key.public());
        eprintln!(
            "The secret half is in {}. Keep it; give the line above to the coordinator.",
            file.display()
        );
        Ok(())
    }
}

/// A key from the operating system's randomness.
pub(super) fn new_secret_key() -> Result<SecretKey, Failure> {
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(seed.as_mut_slice()).map_err(Failure::failed)?;
    Ok(SecretKey::from_seed(&seed))
}
