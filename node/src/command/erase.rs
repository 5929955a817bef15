use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use clap::Args;
use notochord_engine::snapshot::Replaced;
use notochord_ledger::Record as _;
use notochord_program::failure::Failure;
use serde_json::json;
use time::OffsetDateTime;

use super::study::arrived;
use crate::decision::Decision;
use crate::entry;
use crate::home::Home;

/// The longest record id that is read, in bytes.
const LONGEST_ID: u64 = 4096;

/// Erase a patient who withdrew consent from every snapshot, for good
///
/// Every snapshot that holds the patient is written again without them, the old files are overwritten and removed, and
/// later imports leave the patient out. The ledger says which snapshots took which place, and nothing of the patient.
/// Reports of earlier imports are removed too: they may quote the patient. Copies elsewhere are not reached: the registry's
/// own, backups, and what a disk keeps beyond the file system.
#[derive(Args)]
#[command(after_help = "Example: notochord-node --home node erase - < record-id.txt")]
pub(super) struct Erase {
    /// The record id as exports write it; `-` reads it from standard input, which no other user of the machine sees
    record: String,
    /// For programs
    #[arg(long)]
    json: bool,
}

impl Erase {
    pub(super) fn run(self, path: &Path) -> Result<(), Failure> {
        let home = Home::open(path)?;
        let record = match self.record.as_str() {
            "-" => from_standard_input()?,
            record => record.to_owned(),
        };
        if record.trim().is_empty() {
            return Err(Failure::usage("name a record id, or write it to standard input and say `-`"));
        }
        let now = OffsetDateTime::now_utc();
        let erasure = home.snapshots()?.erase(&home.record_key()?, &record, now).map_err(Failure::failed)?;
        let replaced = erasure.replaced.clone();
        entry::PatientErased { replaced: replaced.clone() }
            .write(&mut home.ledger()?, now)
            .map_err(Failure::failed)?;
        erasure.recorded().map_err(Failure::failed)?;
        remove_reports(&home)?;
        let unanswered = accepted_for(&home, &replaced)?;
        if self.json {
            println!("{}", json!({ "replaced": replaced, "studies_to_accept_again": unanswered }));
            return Ok(());
        }
        if replaced.is_empty() {
            println!("No snapshot holds this record. Later imports will leave it out.");
        }
        for Replaced { snapshot, by } in &replaced {
            match by {
                Some(by) => println!("{} is now {} without the patient", snapshot.short(), by.short()),
                None => println!("{} is gone", snapshot.short()),
            }
        }
        for study in unanswered {
            println!(
                "`{study}` was accepted for a snapshot that is gone: show it again, and accept or refuse it"
            );
        }
        Ok(())
    }
}

fn from_standard_input() -> Result<String, Failure> {
    let mut record = String::new();
    io::stdin().take(LONGEST_ID).read_to_string(&mut record).map_err(Failure::failed)?;
    Ok(record.trim_end_matches(['\r', '\n']).to_owned())
}

fn remove_reports(home: &Home) -> Result<(), Failure> {
    match fs::remove_dir_all(home.path("reports")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Failure::failed(error)),
        _ => Ok(()),
    }
}

/// The studies that were accepted for one of the snapshots that are gone.
fn accepted_for(home: &Home, replaced: &[Replaced]) -> Result<Vec<String>, Failure> {
    let gone = |decision: &Decision| match decision {
        Decision::Accepted(accepted) => replaced.iter().any(|one| one.snapshot == accepted.snapshot),
        Decision::Pending | Decision::Refused { .. } => false,
    };
    let studies = arrived(home)?.into_iter().filter(|one| gone(&one.decision));
    Ok(studies.map(|one| format!("{}@{}", one.study.id, one.study.version)).collect())
}
