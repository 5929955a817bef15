//! The commands on a ledger, the same at every node and at the coordinator.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "commands speak to people")]

use std::path::PathBuf;

use clap::Subcommand;
use notochord_ledger::{Audit, DirectoryStorage, Entry, Export, VerifierKey};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::failure::Failure;

/// A command on a ledger.
#[derive(Subcommand)]
#[expect(clippy::large_enum_variant, reason = "there is one, for as long as a command runs")]
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
    /// Check every byte of the ledger against its chain, its signed checkpoint and its witnesses' cosignatures
    #[command(
        after_help = "Example: notochord-node --home node ledger verify (at the coordinator: notochord --home network …)"
    )]
    Verify {
        /// Check what `ledger export` wrote here, without the node
        #[arg(long, value_name = "DIR")]
        export: Option<PathBuf>,
        /// The verifier key that the exported ledger must have
        #[arg(long, requires = "export")]
        key: Option<VerifierKey>,
        /// For programs
        #[arg(long)]
        json: bool,
    },
    /// Write a copy of the ledger for an auditor, with all that is needed to check it
    #[command(
        after_help = "Example: notochord-node --home node ledger export audit (at the coordinator: notochord --home network …)"
    )]
    Export {
        /// A directory that is made; nothing in it is replaced
        directory: PathBuf,
    },
}

/// A ledger where it lies.
pub struct Place {
    /// Its files.
    pub storage: DirectoryStorage,
    /// The key its checkpoints are verified with.
    pub verifier: VerifierKey,
    /// The keys of its witnesses.
    pub witnesses: Vec<VerifierKey>,
}

impl LedgerCommand {
    /// Runs it on the ledger at `place`, or on an exported one, for which no place is needed.
    pub fn run(self, place: impl FnOnce() -> Result<Place, Failure>) -> Result<(), Failure> {
        let here = || {
            let Place { storage, verifier, witnesses } = place()?;
            Export::of(&storage, verifier, witnesses)
                .map_err(|error| Failure::failed(format!("the ledger cannot be read: {error}")))
        };
        match self {
            Self::Show { last, json } => show(&here()?, last.unwrap_or(usize::MAX), json),
            Self::Verify { export: None, json, .. } => verify(&here()?, json),
            Self::Verify { export: Some(directory), key, json } => {
                let export = Export::read(&directory).map_err(Failure::usage)?;
                if let Some(key) = key.filter(|key| *key != export.verifier) {
                    return Err(Failure::refused(format!(
                        "it is the ledger of {}, not of the {key} that you named",
                        export.verifier
                    )));
                }
                verify(&export, json)
            }
            Self::Export { directory } => {
                for path in here()?.write(&directory).map_err(Failure::usage)? {
                    println!("{}", path.display());
                }
                Ok(())
            }
        }
    }
}

/// Prints what there is, also of a ledger that is locked or at fault.
fn show(ledger: &Export, last: usize, as_json: bool) -> Result<(), Failure> {
    let entries = ledger.entries();
    for Entry { index, time, kind, body } in &entries[entries.len().saturating_sub(last)..] {
        let (time, body) = (rfc3339(*time), Value::from(body.clone()));
        match as_json {
            true => println!("{}", json!({ "index": index, "time": time, "kind": kind, "body": body })),
            false => println!("{index:>5}  {time}  {kind:<18} {body}"),
        }
    }
    first_fault(&ledger.audit()).map_or(Ok(()), |fault| Err(Failure::failed(fault)))
}

fn verify(ledger: &Export, as_json: bool) -> Result<(), Failure> {
    let audit = ledger.audit();
    let found = &audit.verification;
    let cosigned = audit.cosigned.as_ref().and_then(|part| part.as_ref().ok());
    let fault = first_fault(&audit);
    if as_json {
        let by = |one: &notochord_ledger::Cosigned| json!({ "witness": one.witness.as_str(), "time": rfc3339(one.time) });
        let cosigned = cosigned
            .map(|part| json!({ "size": part.size, "by": part.by.iter().map(by).collect::<Vec<_>>() }));
        println!(
            "{}",
            json!({
                "size": found.size, "root": found.root, "key": ledger.verifier.to_string(),
                "cosigned": cosigned, "fault": fault,
            })
        );
    } else if fault.is_none() {
        println!("{found}. Root {}", found.root);
        println!("key {}", ledger.verifier);
        match cosigned {
            None => println!("no witness has cosigned it yet"),
            Some(part) => {
                let by =
                    part.by.iter().map(|one| format!("{} at {}", one.witness.as_str(), rfc3339(one.time)));
                println!("{} entries are cosigned by {}", part.size, by.collect::<Vec<_>>().join(", "));
            }
        }
    }
    fault.map_or(Ok(()), |fault| Err(Failure::failed(fault)))
}

/// The first thing wrong with a ledger.
fn first_fault(audit: &Audit) -> Option<String> {
    if let Some(why) = &audit.locked {
        return Some(format!("the ledger is locked: {why}"));
    }
    if !audit.verification.is_sound() {
        return Some(audit.verification.to_string());
    }
    audit.cosigned.as_ref().and_then(|part| part.as_ref().err()).map(ToString::to_string)
}

fn rfc3339(time: OffsetDateTime) -> String {
    // A time that can be held can be written.
    time.format(&Rfc3339).unwrap_or_default()
}
