use std::fs::{self, File};
use std::io::{BufReader, IsTerminal as _};
use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use notochord_engine::import::{ImportError, Imported, read_plain_csv};
use notochord_engine::record_key::RecordKey;
use notochord_engine::snapshot::{Snapshot, SnapshotError, Written};
use notochord_ledger::Record as _;
use notochord_program::failure::Failure;
use notochord_proto::dictionary::Dictionary;
use time::OffsetDateTime;

use crate::entry;
use crate::home::Home;

/// Import a CSV export into a new snapshot
#[derive(Args)]
#[command(after_help = "Example: notochord-node --home node import patients.csv")]
pub(super) struct Import {
    /// A CSV with a header row and one row per patient
    file: PathBuf,
    /// Try the file against this dictionary: everything is checked, nothing is kept
    #[arg(long)]
    dictionary: Option<PathBuf>,
    /// Print the findings as JSON
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
        let imported = self.read(&dictionary, &RecordKey::from_bytes([0; 32]))?;
        self.report(&imported)?;
        if !self.json {
            println!("This was a trial: nothing was kept.");
        }
        Ok(())
    }

    fn keep(&self, home: &Home) -> Result<(), Failure> {
        let imported = self.read(&home.dictionary()?, &home.record_key()?)?;
        let now = OffsetDateTime::now_utc();
        let snapshots = home.path("snapshots");
        let written = Snapshot::write(&snapshots, &imported, now, env!("CARGO_PKG_VERSION"))
            .map_err(|error: SnapshotError| Failure::failed(error))?;
        let manifest = written.manifest();
        if let Written::New(_) = &written {
            let record = entry::Imported { snapshot: manifest.content, dictionary: manifest.dictionary };
            record.write(&mut home.ledger()?, now).map_err(Failure::failed)?;
        }
        self.report(&imported)?;
        if !self.json {
            let what = match written {
                Written::New(_) => "kept as snapshot",
                Written::AlreadyThere(_) => "the same content is there already, as snapshot",
            };
            println!("{what} {}", manifest.content);
        }
        Ok(())
    }

    fn read(&self, dictionary: &Dictionary, key: &RecordKey) -> Result<Imported, Failure> {
        let name = self.file.display().to_string();
        let wrong = |error: std::io::Error| Failure::unreadable(&self.file, &error);
        let file = File::open(&self.file).map_err(wrong)?;
        let length = file.metadata().map_err(wrong)?.len();
        let progress = progress(length);
        let reader = progress.wrap_read(BufReader::new(file));
        let imported = read_plain_csv(&name, reader, dictionary, key);
        progress.finish_and_clear();
        imported.map_err(|error| match error {
            ImportError::Read { source, .. } => wrong(source),
            other => Failure::usage(other),
        })
    }

    fn report(&self, imported: &Imported) -> Result<(), Failure> {
        match self.json {
            true => println!("{}", serde_json::to_string_pretty(&imported.report).map_err(Failure::failed)?),
            false => imported.report.in_words().iter().for_each(|line| println!("{line}")),
        }
        Ok(())
    }
}

/// A bar over the file's bytes, where a person watches.
fn progress(length: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    // A fixed template that is known to parse.
    let style = ProgressStyle::with_template("reading {wide_bar} {bytes}/{total_bytes}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(length).with_style(style)
}
