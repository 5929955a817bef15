use std::path::Path;

use clap::{Args, Subcommand};
use notochord_program::failure::Failure;

use crate::home::Home;
use crate::policy::Policy;

/// Say in plain words what this centre allows
#[derive(Args)]
#[command(after_help = "Example: notochord-node --home node policy show")]
pub(super) struct PolicyArguments {
    #[command(subcommand)]
    command: PolicyCommand,
}

#[derive(Subcommand)]
enum PolicyCommand {
    /// Print the policy in plain words
    #[command(after_help = "Example: notochord-node --home node policy show")]
    Show,
}

impl PolicyArguments {
    pub(super) fn run(self, path: &Path) -> Result<(), Failure> {
        let PolicyCommand::Show = self.command;
        let home = Home::open(path)?;
        Policy::load(&home)?.in_words().iter().for_each(|line| println!("{line}"));
        if let Ok(membership) = home.membership()
            && let Some(minimum) = membership.root.throwaway_minimum
        {
            println!(
                "BUT this node is in a throw-away network: there the smallest count that leaves is {minimum}."
            );
        }
        println!("Change it in {}.", home.path("policy.toml").display());
        Ok(())
    }
}
