use std::path::{Path, PathBuf};

use clap::Args;
use notochord_engine::import::Importer;
use notochord_engine::snapshot::Written;
use notochord_ledger::Record as _;
use notochord_program::failure::Failure;
use time::OffsetDateTime;

use super::reading::{Reports, failure, putting_together, read};
use crate::entry;
use crate::home::Home;

/// Import exports of the registry into a new snapshot
///
/// Together the files are the whole registry: the new snapshot holds nothing of the one before. `check` does the same
/// and keeps nothing.
#[derive(Args)]
#[command(after_help = "Example: notochord-node --home node import patients.csv visits.csv")]
pub(super) struct Import {
    /// Exports, CSV or Parquet, with the names of the columns
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

impl Import {
    pub(super) fn run(self, path: &Path) -> Result<(), Failure> {
        let home = Home::open(path)?;
        let now = OffsetDateTime::now_utc();
        let reports = Reports::at(&home.path("reports"), now)?;
        let kept = self.keep(&home, &reports, now);
        if kept.is_err() {
            reports.discard();
        }
        kept
    }

    fn keep(&self, home: &Home, reports: &Reports, now: OffsetDateTime) -> Result<(), Failure> {
        let (dictionary, key, snapshots) = (home.dictionary()?, home.record_key()?, home.snapshots()?);
        let reserved = snapshots.reserve().map_err(Failure::failed)?;
        let list = reports.quarantine()?;
        let mut importer = Importer::new(&dictionary, &key, snapshots.directory())
            .and_then(|importer| importer.list_findings(list))
            .map_err(failure)?
            .leave_out(snapshots.erased().map_err(Failure::failed)?);
        read(&mut importer, &self.files)?;
        let progress = putting_together();
        let imported = importer.keep(&reserved, now, env!("CARGO_PKG_VERSION")).map_err(failure);
        progress.finish_and_clear();
        let imported = imported?;
        let manifest = imported.written.manifest();
        if let Written::New(_) = &imported.written {
            let record =
                entry::Imported { snapshot: manifest.content, dictionary: manifest.layout.dictionary };
            record.write(&mut home.ledger()?, now).map_err(Failure::failed)?;
        }
        let place = reports.write(&imported.quality)?.display();
        if self.json {
            println!("{}", serde_json::to_string_pretty(&imported.quality).map_err(Failure::failed)?);
            return Ok(());
        }
        imported.quality.in_words().iter().for_each(|line| println!("{line}"));
        println!("The whole report, and every row that was put aside: {place}");
        let what = match imported.written {
            Written::New(_) => "kept as snapshot",
            Written::AlreadyThere(_) => "the same content is there already, as snapshot",
        };
        println!("{what} {}", manifest.content);
        Ok(())
    }
}
