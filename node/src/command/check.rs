use std::env;
use std::path::{Path, PathBuf};

use clap::Args;
use notochord_engine::import::Importer;
use notochord_engine::record_key::RecordKey;
use notochord_engine::snapshot::Snapshots;
use notochord_link::dictionary_directory;
use notochord_program::failure::Failure;
use notochord_proto::dictionary::Dictionary;
use time::OffsetDateTime;

use super::reading::{Reports, failure, putting_together, read};
use crate::home::Home;

const EXAMPLE: &str = "Examples:
  notochord-node --home node check export.csv
  notochord-node check export.csv --dictionary registry/ --out report";

/// Say what an import of these files would keep, and what is wrong with them
///
/// Rows, patients, completeness of each field at each event, values out of bounds, unknown codes, duplicates,
/// contradictions, and the change against the newest snapshot. Nothing is kept but the report: `report.json`,
/// `report.html` and `quarantine.csv`, which quote bad cells and stay here.
#[derive(Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct Check {
    /// Exports, CSV or Parquet, with the names of the columns
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Check against this dictionary, a directory or REDCap's CSV, instead of the network's; no node is needed
    #[arg(long, requires = "out")]
    dictionary: Option<PathBuf>,
    /// A new directory for the report; by default one below the node's `reports`
    #[arg(long)]
    out: Option<PathBuf>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// What files are checked against.
struct Yardstick {
    dictionary: Dictionary,
    key: RecordKey,
    /// The node's snapshots, for the change and for those who withdrew.
    snapshots: Option<Snapshots>,
    scratch: PathBuf,
}

impl Check {
    pub(super) fn run(self, path: &Path) -> Result<(), Failure> {
        let now = OffsetDateTime::now_utc();
        let (yardstick, parent) = match &self.dictionary {
            Some(dictionary) => (Yardstick::of_dictionary(dictionary)?, None),
            None => {
                let home = Home::open(path)?;
                (Yardstick::of_node(&home)?, Some(home.path("reports")))
            }
        };
        let reports = match (&self.out, parent) {
            (Some(out), _) => Reports::in_directory(out.clone())?,
            (None, Some(parent)) => Reports::at(&parent, now)?,
            (None, None) => return Err(Failure::usage("name a directory for the report with --out")),
        };
        let checked = self.check(&yardstick, &reports, now);
        if checked.is_err() {
            reports.discard();
        }
        checked
    }

    fn check(&self, yardstick: &Yardstick, reports: &Reports, now: OffsetDateTime) -> Result<(), Failure> {
        let list = reports.quarantine()?;
        let mut importer = Importer::new(&yardstick.dictionary, &yardstick.key, &yardstick.scratch)
            .and_then(|importer| importer.list_findings(list))
            .map_err(failure)?;
        if let Some(snapshots) = &yardstick.snapshots {
            importer = importer.leave_out(snapshots.erased().map_err(Failure::failed)?);
        }
        read(&mut importer, &self.files)?;
        let progress = putting_together();
        let checked = importer.check(yardstick.snapshots.as_ref(), now).map_err(failure);
        progress.finish_and_clear();
        let quality = checked?.quality;
        let place = reports.write(&quality)?.display();
        if self.json {
            println!("{}", serde_json::to_string_pretty(&quality).map_err(Failure::failed)?);
            return Ok(());
        }
        quality.in_words().iter().for_each(|line| println!("{line}"));
        println!("The whole report, and every row that would be put aside: {place}");
        println!("Nothing was kept.");
        Ok(())
    }
}

impl Yardstick {
    fn of_node(home: &Home) -> Result<Self, Failure> {
        let snapshots = home.snapshots()?;
        Ok(Self {
            dictionary: home.dictionary()?,
            key: home.record_key()?,
            scratch: snapshots.directory().to_owned(),
            snapshots: Some(snapshots),
        })
    }

    fn of_dictionary(path: &Path) -> Result<Self, Failure> {
        let (_, dictionary) = dictionary_directory::open(path)?;
        // Nothing is kept, so the key behind the patients' hashes needs no secret.
        let key = RecordKey::from_bytes([0; 32]);
        Ok(Self { dictionary, key, snapshots: None, scratch: env::temp_dir() })
    }
}
