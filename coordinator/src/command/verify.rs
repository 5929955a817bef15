use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Args;
use notochord_program::failure::Failure;
use notochord_proto::digest::Digest;

use crate::evidence::MOST_BYTES;
use crate::verify::{Exhibit, Found, Known, verify};

/// Check everything behind a result, without asking anybody
#[derive(Args)]
#[command(
    after_help = "Example: notochord verify results --root sha256:…\n\nExit code 3 says that something does not hold; what is missing is named."
)]
pub(super) struct Verify {
    /// The directory that `notochord run --out` or `notochord result --out` wrote
    directory: PathBuf,
    /// The digest of the network's root document, as an invitation carries it
    #[arg(long)]
    root: Option<Digest>,
    /// How many witnesses must have cosigned each ledger
    #[arg(long, default_value_t = 0)]
    witnesses: usize,
    /// For programs
    #[arg(long)]
    json: bool,
}

impl Verify {
    pub(super) fn run(self) -> Result<(), Failure> {
        let exhibit = Exhibit { files: files(&self.directory)? };
        let report = verify(&exhibit, &Known { root: self.root, witnesses: self.witnesses });
        if self.json {
            let text = serde_json::to_string(&report).map_err(Failure::failed)?;
            println!("{text}");
        } else {
            for check in &report.checks {
                let (mark, detail) = match &check.found {
                    Found::Holds(detail) => ("holds  ", detail),
                    Found::Missing(detail) => ("missing", detail),
                    Found::Fails(detail) => ("FAILS  ", detail),
                };
                println!("{mark}  {}: {detail}", check.what);
            }
        }
        let failures: Vec<&str> = report.failures().map(|check| check.what.as_str()).collect();
        let (checks, missing) = (report.checks.len(), report.missing().count());
        if !failures.is_empty() {
            return Err(Failure::refused(format!(
                "the result cannot be believed: {} of {checks} checks fail ({})",
                failures.len(),
                failures.join(", ")
            )));
        }
        if !self.json {
            println!("{} checks hold, {missing} could not be made", checks - missing);
        }
        Ok(())
    }
}

/// The files of a result; others that lie beside them do not matter.
fn files(directory: &Path) -> Result<BTreeMap<String, Vec<u8>>, Failure> {
    let mut files = BTreeMap::new();
    for file in fs::read_dir(directory).map_err(|error| Failure::unreadable(directory, &error))? {
        let path = file.map_err(|error| Failure::unreadable(directory, &error))?.path();
        let is_part =
            path.extension().is_some_and(|end| ["json", "csv", "html"].map(Some).contains(&end.to_str()));
        let (Some(name), true) = (path.file_name().and_then(|name| name.to_str()), is_part && path.is_file())
        else {
            continue;
        };
        let mut bytes = Vec::new();
        let opened = File::open(&path).and_then(|file| file.take(MOST_BYTES).read_to_end(&mut bytes));
        opened.map_err(|error| Failure::unreadable(&path, &error))?;
        files.insert(name.to_owned(), bytes);
    }
    Ok(files)
}
