//! The commands on a ledger, the same at every node and at the coordinator.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "commands speak to people")]

use clap::Subcommand;
use notochord_ledger::{CheckpointKey, DirectoryStorage, Ledger};
use serde_json::json;
use time::format_description::well_known::Rfc3339;

use crate::failure::Failure;

/// A command on a ledger.
#[derive(Subcommand)]
pub enum LedgerCommand {
    /// Print the ledger, oldest entry first
    #[command(
        after_help = "Example: notochord-node --home node ledger show --last 20 (at the coordinator: notochord --home network …)"
    )]
    Show {
        /// Only the last entries
        #[arg(long)]
        last: Option<usize>,
        /// One JSON object per entry
        #[arg(long)]
        json: bool,
    },
    /// Check every byte of the ledger against its chain and its signed checkpoint
    #[command(
        after_help = "Example: notochord-node --home node ledger verify (at the coordinator: notochord --home network …)"
    )]
    Verify {
        /// For programs
        #[arg(long)]
        json: bool,
    },
}

impl LedgerCommand {
    /// Runs it on the ledger in `storage`, whose checkpoints `key` signs.
    pub fn run(self, storage: DirectoryStorage, key: CheckpointKey) -> Result<(), Failure> {
        match self {
            Self::Show { last, json } => show(storage, key, last.unwrap_or(usize::MAX), json),
            Self::Verify { json } => verify(&storage, &key, json),
        }
    }
}

fn show(storage: DirectoryStorage, key: CheckpointKey, last: usize, as_json: bool) -> Result<(), Failure> {
    let ledger = Ledger::open(storage, key).map_err(Failure::failed)?;
    ledger.recoveries().iter().for_each(|recovery| eprintln!("{recovery}"));
    let entries = ledger.entries();
    for entry in &entries[entries.len().saturating_sub(last)..] {
        // A time that can be held can be written.
        let time = entry.time.format(&Rfc3339).unwrap_or_default();
        let body = serde_json::Value::from(entry.body.clone());
        match as_json {
            true => println!(
                "{}",
                json!({ "index": entry.index, "time": time, "kind": entry.kind, "body": body })
            ),
            false => println!("{:>5}  {time}  {:<18} {body}", entry.index, entry.kind),
        }
    }
    Ok(())
}

fn verify(storage: &DirectoryStorage, key: &CheckpointKey, as_json: bool) -> Result<(), Failure> {
    let found = notochord_ledger::verify(storage, &key.verifier())
        .map_err(|error| Failure::failed(format!("the ledger cannot be read: {error}")))?;
    if as_json {
        let fault = found.fault.as_ref().map(ToString::to_string);
        println!("{}", json!({ "size": found.size, "root": found.root, "fault": fault }));
    } else if found.is_sound() {
        println!("{found}. Root {}", found.root);
    }
    match found.is_sound() {
        true => Ok(()),
        false => Err(Failure::failed(found)),
    }
}
