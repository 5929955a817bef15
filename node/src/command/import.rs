use std::env;
use std::fs;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use notochord_engine::import::{ImportError, Importer};
use notochord_engine::quality::Quality;
use notochord_engine::record_key::RecordKey;
use notochord_engine::snapshot::Written;
use notochord_ledger::Record as _;
use notochord_program::failure::Failure;
use notochord_proto::dictionary::Dictionary;
use time::OffsetDateTime;

use crate::entry;
use crate::home::Home;

/// Import exports of the registry into a new snapshot
#[derive(Args)]
#[command(after_help = "Example: notochord-node --home node import patients.csv visits.csv")]
pub(super) struct Import {
    /// Exports, CSV or Parquet, with a header row; together they are the whole registry
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Try the files against this dictionary: everything is checked, nothing is kept
    #[arg(long)]
    dictionary: Option<PathBuf>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

impl Import {
    pub(super) fn run(self, path: &Path) -> Result<(), Failure> {
        match &self.dictionary {
            Some(dictionary) => self.try_out(dictionary),
            None => self.keep(&Home::open(path)?),
        }
    }

    fn try_out(&self, dictionary: &Path) -> Result<(), Failure> {
        let name = dictionary.display().to_string();
        let bytes = fs::read(dictionary).map_err(|error| Failure::unreadable(dictionary, &error))?;
        let dictionary = Dictionary::parse(&name, &bytes)?;
        // Nothing is kept, so the key behind the patients' hashes needs no secret.
        let key = RecordKey::from_bytes([0; 32]);
        let mut importer = Importer::new(&dictionary, &key, &env::temp_dir()).map_err(failure)?;
        self.read(&mut importer)?;
        let checked = importer.check(None, OffsetDateTime::now_utc()).map_err(failure)?;
        self.report(&checked.quality)?;
        if !self.json {
            println!("This was a trial: nothing was kept.");
        }
        Ok(())
    }

    fn keep(&self, home: &Home) -> Result<(), Failure> {
        let (dictionary, key, snapshots) = (home.dictionary()?, home.record_key()?, home.snapshots()?);
        let reserved = snapshots.reserve().map_err(Failure::failed)?;
        let erased = snapshots.erased().map_err(Failure::failed)?;
        let mut importer =
            Importer::new(&dictionary, &key, snapshots.directory()).map_err(failure)?.leave_out(erased);
        self.read(&mut importer)?;
        let now = OffsetDateTime::now_utc();
        let imported = importer.keep(&reserved, now, env!("CARGO_PKG_VERSION")).map_err(failure)?;
        let manifest = imported.written.manifest();
        if let Written::New(_) = &imported.written {
            let record =
                entry::Imported { snapshot: manifest.content, dictionary: manifest.layout.dictionary };
            record.write(&mut home.ledger()?, now).map_err(Failure::failed)?;
        }
        self.report(&imported.quality)?;
        if !self.json {
            let what = match imported.written {
                Written::New(_) => "kept as snapshot",
                Written::AlreadyThere(_) => "the same content is there already, as snapshot",
            };
            println!("{what} {}", manifest.content);
        }
        Ok(())
    }

    fn read(&self, importer: &mut Importer<'_>) -> Result<(), Failure> {
        for file in &self.files {
            let metadata = fs::metadata(file).map_err(|error| Failure::unreadable(file, &error))?;
            let progress = progress(metadata.len());
            let read = importer.read_file(file, |bytes| progress.set_position(bytes));
            progress.finish_and_clear();
            read.map_err(|error| match error {
                ImportError::Read { source, .. } => Failure::unreadable(file, &source),
                other => failure(other),
            })?;
        }
        Ok(())
    }

    fn report(&self, quality: &Quality) -> Result<(), Failure> {
        match self.json {
            true => println!("{}", serde_json::to_string_pretty(quality).map_err(Failure::failed)?),
            false => quality.in_words().iter().for_each(|line| println!("{line}")),
        }
        Ok(())
    }
}

fn failure(error: ImportError) -> Failure {
    match error {
        ImportError::Sort(_) | ImportError::List(_) | ImportError::Snapshot(_) => Failure::failed(error),
        other => Failure::usage(other),
    }
}

/// A bar over a file's bytes, where a person watches.
fn progress(length: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    // A fixed template that is known to parse.
    let style = ProgressStyle::with_template("reading {wide_bar} {bytes}/{total_bytes}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(length).with_style(style)
}
